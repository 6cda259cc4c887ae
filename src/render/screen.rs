//! A [`Scene`] in, one binary out from which a browser draws exactly the frames the renderer draws, with the text of
//! [`Entry::Screen`](super::Entry::Screen). Pure, and no device is needed.
//!
//! ```text
//! 4 bytes   "MCS1"
//! 4 bytes   length of the header, an unsigned little-endian number
//! header    JSON, see [`Header`], then zeros up to a multiple of 16
//! sections  what the bindings of group 0 hold, byte for byte, each from a multiple of 16
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

use super::textures;
use crate::flow::Scene;

const MAGIC: &[u8; 4] = b"MCS1";
const ALIGNMENT: usize = 16;

/// How to read the sections.
#[derive(Debug, Serialize)]
struct Header<'a> {
    theme: &'a str,
    size_px: u32,
    fps: u32,
    frames: u32,
    /// `TIMED_PARTS` of the shader.
    timed_parts: u32,
    /// Where the floats of each parameter begin in the section `params`: three for a colour, one for anything else.
    params: BTreeMap<&'a str, usize>,
    sections: Vec<Section>,
}

#[derive(Debug, Serialize)]
struct Section {
    /// Of the variable in `shaders/lib/moment.wgsl`.
    name: &'static str,
    /// From the start of the first section.
    offset: usize,
    bytes: usize,
    /// Of a texture: `rgba8unorm` or `r8unorm` rows, top to bottom, without padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    texture: Option<TextureFacts>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct TextureFacts {
    format: &'static str,
    width: u32,
    height: u32,
}

/// Packs the scene; `params` says where its theme's parameters lie, see `Theme::param_places`.
pub fn pack_for_screen(scene: &Scene, params: BTreeMap<&str, usize>) -> Vec<u8> {
    let mut body = Body::default();
    body.push("look", bytemuck::bytes_of(&scene.look));
    body.push("params", bytemuck::cast_slice(&scene.params));
    body.push("moments", bytemuck::cast_slice(&scene.moments));
    body.push("envelope", bytemuck::cast_slice(&scene.envelope));
    let cover = textures::fitted_cover(scene);
    body.push_texture("cover_texture", "rgba8unorm", cover.dimensions(), cover.as_raw());
    let text = &scene.text;
    body.push_texture("text_texture", "r8unorm", (text.width, text.height), &text.coverage);
    let lyrics = &scene.lyrics;
    body.push_texture(
        "lyrics_texture",
        "r8unorm",
        (lyrics.width, lyrics.height),
        &lyrics.coverage,
    );
    let header = Header {
        theme: &scene.shader.name,
        size_px: scene.format.size.px(),
        fps: scene.format.fps.get(),
        frames: scene.moments.len() as u32,
        timed_parts: scene.shader.timed_parts,
        params,
        sections: body.sections,
    };
    // Plain numbers and names: nothing in it can fail to become JSON.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let mut packed = Vec::with_capacity(MAGIC.len() + 4 + header.len() + ALIGNMENT + body.bytes.len());
    packed.extend_from_slice(MAGIC);
    packed.extend_from_slice(&(header.len() as u32).to_le_bytes());
    packed.extend_from_slice(&header);
    align(&mut packed);
    packed.extend_from_slice(&body.bytes);
    packed
}

#[derive(Default)]
struct Body {
    sections: Vec<Section>,
    bytes: Vec<u8>,
}

impl Body {
    fn push(&mut self, name: &'static str, bytes: &[u8]) {
        self.add(name, bytes, None);
    }

    fn push_texture(&mut self, name: &'static str, format: &'static str, (width, height): (u32, u32), bytes: &[u8]) {
        let facts = TextureFacts { format, width, height };
        self.add(name, bytes, Some(facts));
    }

    fn add(&mut self, name: &'static str, bytes: &[u8], texture: Option<TextureFacts>) {
        align(&mut self.bytes);
        self.sections.push(Section {
            name,
            offset: self.bytes.len(),
            bytes: bytes.len(),
            texture,
        });
        self.bytes.extend_from_slice(bytes);
    }
}

fn align(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}
