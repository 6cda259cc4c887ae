// What a theme is told: the moment (one per frame), the scene (one per circle), the cover and the etched text.
//
// Spaces. `at` is a point in disc coordinates: the centre is (0, 0), the picture's inscribed circle has radius 1,
// x points right, y points down. Colours are sRGB-encoded values 0 to 1 unless a name ends in `_linear`.

// One frame. Mirrored by `flow::Moment`; a test compares the offsets.
struct Moment {
    time_secs: f32,      // from the start of the circle
    progress: f32,       // 0 at the first frame, 1 at the end
    turn: f32,           // how far the disc has turned, in whole turns, 0 to 1
    turn_cos: f32,       // the same angle as a rotation, clockwise on screen
    turn_sin: f32,
    rms: f32,            // everything below is 0 to 1, normalised to the fragment's own dynamics
    loudness: f32,
    bass: f32,
    mid: f32,
    treble: f32,
    onset: f32,
    beat_phase: f32,     // 0 on a beat, 1 just before the next
    bands: array<f32, 64>,
}

// One circle. Mirrored by `flow::Look`.
struct Look {
    size_px: f32,        // side of the picture
    frames: f32,         // frames in the circle
    text_turns: f32,     // how much of a turn the etched text takes, 0 when there is none
    seed: f32,           // 0 to 1
    has_beat: f32,       // 1 when a steady beat was found
    pad0: f32,
    pad1: f32,
    pad2: f32,
    accent: vec4f,       // colours of the cover, made to be seen on black; w is unused
    glow: vec4f,
    ink: vec4f,
    paper: vec4f,
    dark: vec4f,
}

// What a theme bakes for one pixel. What it means is the theme's own affair, but for two rules:
// a pixel of part 0 never moves and shows `color` for ever; pixels of different kinds (a label, a ring) have different parts,
// 1 to 4, because each part is compiled and drawn apart: processors without branch skipping would run every kind's code for every pixel.
struct Still {
    color: vec3f,
    weight: f32,         // 0 to 1
    part: u32,
    data: vec2f,
}

@group(0) @binding(0) var<uniform> look: Look;
@group(0) @binding(1) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> moments: array<Moment>;
@group(0) @binding(3) var<storage, read> envelope: array<f32, 1024>;
@group(0) @binding(4) var cover_texture: texture_2d<f32>;
@group(0) @binding(5) var text_texture: texture_2d<f32>;
@group(0) @binding(6) var linear_sampler: sampler;

// The cover at `uv`, 0 to 1, y down. It is stored at the size the manifest's `cover_span` says it is drawn in.
fn cover_at(uv: vec2f) -> vec3f {
    return textureSampleLevel(cover_texture, linear_sampler, uv, 0.0).rgb;
}

// How much of the etched text covers the point `along` (0 to 1 of the text's length) and `across` (0 outer, 1 inner edge).
fn text_at(along: f32, across: f32) -> f32 {
    return textureSampleLevel(text_texture, linear_sampler, vec2f(along, across), 0.0).r;
}

// The fragment's loudness at `s`, 0 its start and 1 its end.
fn envelope_at(s: f32) -> f32 {
    let x = clamp(s, 0.0, 1.0) * 1023.0;
    let i = u32(x);
    return mix(envelope[i], envelope[min(i + 1u, 1023u)], fract(x));
}
