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

const BAKED_WIDTH: u32 = 4096u;   // a power of two: it is divided by

// What is baked, pixel after pixel, in rows of BAKED_WIDTH. A texture and not a buffer: without AVX-512 lavapipe fetches from a
// buffer one number after another, but a texel at once. 60 s took 16.5 s with the buffer and 9.3 s with this (EPYC, 2 cores).
@group(1) @binding(0) var baked: texture_2d<u32>;
// Blocks to draw: column in the low 16 bits, row in the high.
@group(1) @binding(1) var<storage, read> blocks: array<u32>;
@group(1) @binding(2) var<storage, read_write> frames: array<u32>;
@group(1) @binding(3) var<uniform> batch: Batch;

// What a pixel shows. Where the part is known there is no branch: the theme's function is evaluated for the block's still
// pixels too and its result dropped, so that what all pixels read is read once.
fn pixel_color(x: u32, y: u32, side: u32, frame: u32) -> vec3f {
    // The last block of a row may reach beyond an uneven side; the stride leaves room for it.
    let place = y * side + min(x, side - 1u);
    var still = unpack_still(textureLoad(baked, vec2u(place % BAKED_WIDTH, place / BAKED_WIDTH), 0));
    if (PART == 15u) {
        return still.color;
    }
    let at = (vec2f(f32(x), f32(y)) + 0.5) * (2.0 / look.size_px) - 1.0;
    let moves = is_moving(still, select(still.part, PART, PART != 0u), frame);
    if (PART != 0u) {
        still.part = PART;
    }
    let color = clamp(theme_color(at, still, frame), vec3f(0.0), vec3f(1.0));
    return select(still.color, color, moves);
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
    let x = column * 4u;
    let y = row * 2u;
    // Written out: a loop would be bounded, counted and never unrolled by the drivers' compilers.
    let t0 = pixel_color(x, y, side, frame);
    let t1 = pixel_color(x + 1u, y, side, frame);
    let t2 = pixel_color(x + 2u, y, side, frame);
    let t3 = pixel_color(x + 3u, y, side, frame);
    let b0 = pixel_color(x, y + 1u, side, frame);
    let b1 = pixel_color(x + 1u, y + 1u, side, frame);
    let b2 = pixel_color(x + 2u, y + 1u, side, frame);
    let b3 = pixel_color(x + 3u, y + 1u, side, frame);
    let left = chroma_code((t0 + t1 + b0 + b1) * 0.25);
    let right = chroma_code((t2 + t3 + b2 + b3) * 0.25);

    let base = id.y * batch.frame_words;
    let row_words = batch.stride / 4u;
    frames[base + y * row_words + column] = luma_word(t0, t1, t2, t3, x, y);
    frames[base + (y + 1u) * row_words + column] = luma_word(b0, b1, b2, b3, x, y + 1u);
    frames[base + (side + row) * row_words + column] = word(vec4f(left, right) + 0.5);
}

fn luma_word(c0: vec3f, c1: vec3f, c2: vec3f, c3: vec3f, x: u32, y: u32) -> u32 {
    let luma = vec4f(luma_from_rgb(c0), luma_from_rgb(c1), luma_from_rgb(c2), luma_from_rgb(c3));
    // The dither keeps dark gradients from showing steps; flat black stays flat.
    let grain = select(dither(vec4f(vec4u(x, x + 1u, x + 2u, x + 3u)), f32(y)), vec4f(0.0), luma <= vec4f(0.0));
    return word(clamp(16.0 + 219.0 * luma + grain + 0.5, vec4f(16.0), vec4f(235.0)));
}

// Four values of 0 to 255 as the bytes of a word, the first one lowest.
fn word(values: vec4f) -> u32 {
    let bytes = vec4u(values);
    return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}
