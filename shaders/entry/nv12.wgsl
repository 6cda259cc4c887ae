// Shades frames straight into NV12. One invocation draws one block of 4x2 pixels of one frame, so that it writes whole 32-bit
// words: two of luma and one of chroma. Blocks in which nothing moves are not in the list: they were drawn once for all.

struct Batch {
    first_frame: u32,
    stride: u32,         // bytes from one row to the next, a multiple of 4
    frame_words: u32,    // 32-bit words from one frame to the next
    pad: u32,
}

// The one part the listed blocks have, so that the theme's other code falls away; 0: any; 15: none, only what is still.
override PART: u32 = 0u;

@group(1) @binding(0) var<storage, read> baked: array<vec4u>;
// Blocks to draw: column in the low 16 bits, row in the high.
@group(1) @binding(1) var<storage, read> blocks: array<u32>;
@group(1) @binding(2) var<storage, read_write> frames: array<u32>;
@group(1) @binding(3) var<uniform> batch: Batch;

fn unpack_still(v: vec4u) -> Still {
    let rg = unpack2x16unorm(v.x);
    let blue = f32(v.y & 0xffffu) / 65535.0;
    let weight = f32((v.y >> 16u) & 0xfffu) / 4095.0;
    return Still(vec3f(rg, blue), weight, v.y >> 28u, vec2f(bitcast<f32>(v.z), bitcast<f32>(v.w)));
}

fn pixel_color(x: u32, y: u32, side: u32, frame: u32) -> vec3f {
    // The last block of a row may reach beyond an uneven side; the stride leaves room for it.
    var still = unpack_still(baked[y * side + min(x, side - 1u)]);
    if (PART == 15u || still.part == 0u) {
        return still.color;
    }
    if (PART != 0u) {
        still.part = PART;
    }
    let at = (vec2f(f32(x), f32(y)) + 0.5) * (2.0 / look.size_px) - 1.0;
    return clamp(theme_color(at, still, frame), vec3f(0.0), vec3f(1.0));
}

@compute @workgroup_size(64)
fn nv12(@builtin(global_invocation_id) id: vec3u) {
    if (id.x >= arrayLength(&blocks)) {
        return;
    }
    let block = blocks[id.x];
    let column = block & 0xffffu;
    let row = block >> 16u;
    let side = u32(look.size_px);
    let frame = batch.first_frame + id.y;
    var luma = array<u32, 2>(0u, 0u);
    var chroma_words = 0u;
    for (var pair = 0u; pair < 2u; pair++) {
        var sum = vec3f(0.0);
        for (var i = 0u; i < 4u; i++) {
            let x = column * 4u + pair * 2u + (i & 1u);
            let line = i >> 1u;
            let color = pixel_color(x, row * 2u + line, side, frame);
            sum += color;
            luma[line] |= luma_byte(color, x, row * 2u + line) << ((x & 3u) * 8u);
        }
        let chroma = vec2u(chroma_code(sum * 0.25) + 0.5);
        chroma_words |= (chroma.x | (chroma.y << 8u)) << (pair * 16u);
    }
    let base = id.y * batch.frame_words;
    let row_words = batch.stride / 4u;
    frames[base + row * 2u * row_words + column] = luma[0];
    frames[base + (row * 2u + 1u) * row_words + column] = luma[1];
    frames[base + (side + row) * row_words + column] = chroma_words;
}

// The dither keeps dark gradients from showing steps; flat black stays flat.
fn luma_byte(c: vec3f, x: u32, y: u32) -> u32 {
    let luma = luma_from_rgb(c);
    let grain = select(dither(x, y), 0.0, luma <= 0.0);
    return u32(clamp(luma_code(luma) + grain + 0.5, 16.0, 235.0));
}
