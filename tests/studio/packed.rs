//! A scene as a browser gets it: what the renderer uploads, byte for byte, and what the header says of it.

use musiccircles::flow::Scene;
use musiccircles::model::Tags;
use musiccircles::render::pack_for_screen;
use musiccircles::scene::theme;
use serde_json::Value;

use crate::support::stage::{Stage, lively};

fn scene(name: &'static str) -> Scene {
    let tags = Tags {
        title: Some("Проба".into()),
        ..Tags::default()
    };
    Stage {
        theme: name,
        tags,
        ..Stage::new(240, lively(25, 50))
    }
    .build()
}

struct Packed {
    bytes: Vec<u8>,
    header: Value,
    body: usize,
}

impl Packed {
    fn of(scene: &Scene) -> Self {
        let theme = theme::find(&scene.shader.name).unwrap();
        let bytes = pack_for_screen(scene, theme.param_places());
        assert_eq!(&bytes[..4], b"MCS1");
        let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        Self {
            body: (8 + length).next_multiple_of(16),
            bytes,
            header,
        }
    }

    fn facts(&self, name: &str) -> &Value {
        let sections = self.header["sections"].as_array().unwrap();
        sections.iter().find(|section| section["name"] == name).unwrap()
    }

    fn section(&self, name: &str) -> &[u8] {
        let number = |key: &str| self.facts(name)[key].as_u64().unwrap() as usize;
        assert_eq!(number("offset") % 16, 0, "{name}");
        &self.bytes[self.body + number("offset")..][..number("bytes")]
    }
}

#[test]
fn a_browser_gets_what_the_renderer_uploads() {
    for name in ["vinyl", "cassette", "lyrics"] {
        let scene = scene(name);
        let packed = Packed::of(&scene);
        assert!(packed.section("look") == bytemuck::bytes_of(&scene.look));
        assert!(packed.section("params") == bytemuck::cast_slice::<f32, u8>(&scene.params));
        assert!(packed.section("moments") == bytemuck::cast_slice::<_, u8>(&scene.moments));
        assert!(packed.section("envelope") == bytemuck::cast_slice::<f32, u8>(&scene.envelope));
        assert!(packed.section("text_texture") == scene.text.coverage);
        assert!(packed.section("lyrics_texture") == scene.lyrics.coverage);
        let header = &packed.header;
        assert_eq!(
            (&header["theme"], &header["size_px"], &header["fps"]),
            (&name.into(), &240.into(), &25.into())
        );
        assert_eq!(
            (&header["frames"], &header["timed_parts"]),
            (&50.into(), &scene.shader.timed_parts.into())
        );
        for (texture, pixel_bytes) in [("cover_texture", 4), ("text_texture", 1), ("lyrics_texture", 1)] {
            let facts = &packed.facts(texture)["texture"];
            let side = |key: &str| facts[key].as_u64().unwrap() as usize;
            assert_eq!(
                side("width") * side("height") * pixel_bytes,
                packed.section(texture).len(),
                "{texture}"
            );
        }
        assert!(
            packed.bytes == Packed::of(&scene).bytes,
            "the same scene, the same bytes"
        );
    }
}

/// Sliders of a page write where the header says.
#[test]
fn every_parameter_lies_where_the_header_says() {
    for theme in theme::built_in() {
        let places = theme.param_places();
        assert_eq!(places.len(), theme.manifest.params.len());
        for (name, spec) in &theme.manifest.params {
            let setting = match spec.is_color() {
                true => format!("{name}=#ff0000"),
                false if spec.parse(name, "on").is_ok() => format!(
                    "{name}={}",
                    if theme.is_on(&Default::default(), name) {
                        "off"
                    } else {
                        "on"
                    }
                ),
                false => format!("{name}={}", if spec.default_text() == "0" { 1 } else { 0 }),
            };
            let Ok(values) = theme.parse_settings([setting.as_str()]) else {
                panic!("{}: {setting}", theme.name);
            };
            let palette = musiccircles::scene::palette::from_cover(&crate::support::stage::quarters());
            let before = theme.pack_params(&Default::default(), &palette);
            let after = theme.pack_params(&values, &palette);
            let changed = (0..before.len()).find(|&n| before[n] != after[n]);
            let place = places[name.as_str()];
            let floats = if spec.is_color() { 3 } else { 1 };
            assert!(
                changed.is_some_and(|n| (place..place + floats).contains(&n)),
                "{}: {name} {setting}",
                theme.name
            );
        }
    }
}
