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
    beat: f32,           // 1 on a beat, falling to 0 before the next; smaller in quiet passages
    lift: f32,           // the tonearm: 1 up, 0 with the needle in the groove
    spark_age_secs: f32, // since the last hard hit; 1000 when there was none
    spark_power: f32,    // how hard that hit was
    spark_seed: f32,     // 0 to 1, another for every hit
    line: f32,           // the line of the lyrics being sung, as a row of the sheet; -1 before the first
    line_age_secs: f32,  // since it began; 1000 for what was there from the start
    line_sung: f32,      // how far along its row it is sung: to be compared with `along` of `lyrics_at`
    bands: array<f32, 64>,
}

// One circle. Mirrored by `flow::Look`.
struct Look {
    size_px: f32,        // side of the picture
    frames: f32,         // frames in the circle
    text_turns: f32,     // how much of a turn the etched text takes, 0 when there is none
    seed: f32,           // 0 to 1
    has_beat: f32,       // 1 when a steady beat was found
    length_secs: f32,    // of the circle
    looped: f32,         // 1 when the end is the beginning: what depends on `progress` must then not show
    lines: f32,          // rows of the lyrics' sheet, 0 when there are none
    corners: f32,        // 1 when the cover shows in the corners, out of focus; `bake` puts it there, not the theme
    accent: vec4f,       // colours of the cover, made to be seen on black; w is unused
    glow: vec4f,
    ink: vec4f,
    paper: vec4f,
    dark: vec4f,
}

// What a theme bakes for one pixel. What it means is the theme's own affair, but for two rules:
// a pixel of part 0 never moves and shows `color` for ever; pixels of different kinds (a label, a ring) have different parts,
// 1 to 8, because each part is compiled and drawn apart: processors without branch skipping would run every kind's code for
// every pixel.
// In the parts a manifest lists as `timed_parts`, `data` is the span of `progress` (from, to) in which the pixel moves; at all
// other times it shows `color`, and is not drawn anew.
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
@group(0) @binding(7) var lyrics_texture: texture_2d<f32>;

// The cover at `uv`, 0 to 1, y down. It is stored at the size the manifest's `cover_span` says it is drawn in.
fn cover_at(uv: vec2f) -> vec3f {
    return textureSampleLevel(cover_texture, linear_sampler, uv, 0.0).rgb;
}

// How much of the etched text covers the point `along` (0 to 1 of the text's length) and `across` (0 outer, 1 inner edge).
fn text_at(along: f32, across: f32) -> f32 {
    return textureSampleLevel(text_texture, linear_sampler, vec2f(along, across), 0.0).r;
}

// Rows stand in the order of time, some of them empty (a pause), so that the line before and the line to come are beside the
// current one; without lyrics the first row is the title and the second the artist.
// How much of line `line` of the lyrics covers the point `along` (0 to 1 of the row's width, the text in its middle) and
// `across` (0 top, 1 bottom).
fn lyrics_at(line: f32, along: f32, across: f32) -> f32 {
    let inside = along > 0.0 && along < 1.0 && across > 0.0 && across < 1.0 && line >= 0.0 && line < look.lines;
    let row = (clamp(line, 0.0, max(look.lines - 1.0, 0.0)) + clamp(across, 0.0, 1.0)) / max(look.lines, 1.0);
    return select(0.0, textureSampleLevel(lyrics_texture, linear_sampler, vec2f(along, row), 0.0).r, inside);
}

// The fragment's loudness at `s`, 0 its start and 1 its end.
fn envelope_at(s: f32) -> f32 {
    let x = clamp(s, 0.0, 1.0) * 1023.0;
    let i = u32(x);
    return mix(envelope[i], envelope[min(i + 1u, 1023u)], fract(x));
}

// A slow swing from -1 to 1 that takes about `secs`, at 0 in the first frame. A whole number of swings fits into the circle, so
// that its end is its beginning. `shift` is where in the swing it starts, in turns.
fn slow_swing(frame: u32, secs: f32, shift: f32) -> f32 {
    let swings = max(round(look.length_secs / secs), 1.0);
    return sin(TAU * (moments[frame].progress * swings + shift));
}
