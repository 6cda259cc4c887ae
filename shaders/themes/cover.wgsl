// Cover: the sleeve itself, a square of printed board floating before a wall lit in its own colours. It drifts by a few pixels
// and swells a little with the bass; a lamp behind it and the ring of light at the rim follow the music. The wall and the
// sleeve's shadow on it stand still: they are what the eye takes the depth from, and they cost nothing.

// Half the side of the sleeve; the manifest's `cover_span` repeats it. So large that no corner comes to the ring and no edge to the
// caption, however far it drifts and swells.
const SLEEVE: f32 = 0.545;
const CORNER: f32 = 0.020;
// With a caption below it, the sleeve hangs this much higher.
const RAISED: f32 = 0.035;
// The caption: a straight line of text; the manifest's [text] repeats radius and height.
const CAPTION_RADIUS: f32 = 0.195;
const CAPTION_HEIGHT: f32 = 0.078;
const CAPTION_BELOW: f32 = 0.114;
// How far the sleeve drifts to every side, and how much it swells with the bass and on the beat.
const DRIFT: f32 = 0.016;
const SWELL_BASS: f32 = 0.020;
const SWELL_BEAT: f32 = 0.014;
// How far the light of the lamp behind the sleeve reaches on the wall.
const LAMP_REACH: f32 = 0.110;
// One swing to and fro of the drift; down and up takes a little less, so that the way is no straight line.
const DRIFT_ACROSS_SECS: f32 = 12.0;
const DRIFT_DOWN_SECS: f32 = 8.0;
// The window in the varnish: how wide it is, and how far it slides as the sleeve drifts.
const GLOSS_WIDTH: f32 = 0.24;
const GLOSS_SLIDE: f32 = 0.26;

// The print, its edge, the lamp's light around it, the ring at the rim.
const PRINT_PART: u32 = 1u;
const EDGE_PART: u32 = 2u;
const LAMP_PART: u32 = 3u;
const RING_PART: u32 = 4u;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    let p = at - sleeve_center();
    let off = sleeve_distance(p);
    let stray = edge_stray_in(px);
    if (off < -stray) {
        // `weight` is how much of the print is lit. The edge's part begins where the print is still whole, with the same values, so
        // that the two meet without a line.
        let part = select(EDGE_PART, PRINT_PART, off < -stray - 3.0 / px);
        return Still(vec3f(0.0), print_light(p), part, vec2f(0.0));
    }
    var color = wall(at, p);
    if (r > SPECTRUM_REACH) {
        return spectrum_still(color, r, turns_from_top(at), px, RING_PART);
    }
    let lamp = lamp_light(off) * (1.0 - smoothstep(SPECTRUM_REACH - 0.03, SPECTRUM_REACH, r));
    if (max(abs(p.x), abs(p.y)) < SLEEVE + edge_stray_out(px)) {
        return Still(color, print_light(p), EDGE_PART, vec2f(lamp, 0.0));
    }
    color = captioned(color, at);
    if (off < LAMP_REACH) {
        return Still(color, 1.0, LAMP_PART, vec2f(lamp, 0.0));
    }
    return Still(color, 0.0, 0u, vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == LAMP_PART) {
        return still.color + params.glow_color.rgb * (still.data.x * lamp_strength(frame));
    }
    if (still.part == RING_PART) {
        return spectrum_color(at, still, frame, ring_look());
    }
    let p = on_sleeve(at, frame);
    let print = vec3f(print_gloss(p, frame)) + still.weight * cover_at(p * (0.5 / SLEEVE) + 0.5);
    if (still.part == PRINT_PART) {
        return print;
    }
    let px = look.size_px * 0.5;
    let off = sleeve_distance(p);
    let behind = still.color + params.glow_color.rgb * (still.data.x * lamp_strength(frame));
    // The board's cut edge: a thin line, bright towards the light, dark away from it.
    let line = clamp(1.0 - abs(off * px + 1.3) / 1.3, 0.0, 1.0);
    let gleam = line * dot(p, RECORD_LIT) * (0.5 / SLEEVE);
    let board = print * (1.0 + min(gleam, 0.0)) + vec3f(max(gleam, 0.0) * 0.65);
    return mix(behind, board, clamp(0.5 - off * px, 0.0, 1.0));
}

// ---- what moves

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}

// The point of the sleeve that is seen at a point of the picture.
fn on_sleeve(at: vec2f, frame: u32) -> vec2f {
    let drift = vec2f(slow_swing(frame, DRIFT_ACROSS_SECS, 0.0), slow_swing(frame, DRIFT_DOWN_SECS, 0.25)) * (DRIFT * params.drift);
    let swell = 1.0 - params.pulse * (SWELL_BASS * moments[frame].bass + SWELL_BEAT * moments[frame].beat);
    return (at - sleeve_center() - drift) * swell;
}

fn lamp_strength(frame: u32) -> f32 {
    let calm = 0.45 + 0.55 * moments[frame].loudness;
    return params.glow * calm * (0.12 + 0.62 * moments[frame].bass + 0.20 * moments[frame].beat);
}

// ---- the sleeve

fn has_caption() -> bool {
    return look.text_turns > 0.0 && params.text > 0.5;
}

fn sleeve_center() -> vec2f {
    return vec2f(0.0, select(0.0, -RAISED, has_caption()));
}

// How far in drift may take the sleeve's edge, most at a corner, and two pixels for its softness.
fn edge_stray_in(px: f32) -> f32 {
    return DRIFT * params.drift * 1.5 + 2.0 / px;
}

// How far out drift and swelling may take it, to either side.
fn edge_stray_out(px: f32) -> f32 {
    let swell = (SWELL_BASS + SWELL_BEAT) * params.pulse;
    return DRIFT * params.drift + SLEEVE * swell / (1.0 - swell) + 2.0 / px;
}

// How far a point is outside the sleeve; negative inside.
fn sleeve_distance(p: vec2f) -> f32 {
    return box_distance(p, vec2f(SLEEVE), CORNER);
}

// Board lit from the upper left, and a little darker along the fold at the left.
fn print_light(p: vec2f) -> f32 {
    let light = 0.94 + 0.06 * dot(p, RECORD_LIT) / SLEEVE;
    return min(light * (1.0 - 0.10 * bump(p.x, -SLEEVE + 0.028, 0.007)), 1.0);
}

// The varnish mirrors a window as a soft slanting band, which slides over the print as the sleeve sways.
fn print_gloss(p: vec2f, frame: u32) -> f32 {
    let across = dot(p, vec2f(0.82, 0.57)) + 0.22 - GLOSS_SLIDE * params.drift * slow_swing(frame, DRIFT_ACROSS_SECS, 0.0);
    let x = across * (1.0 / GLOSS_WIDTH);
    let band = 1.0 / (1.0 + x * x);
    return 0.085 * params.light * band * band * clamp(0.55 - 0.55 * p.y, 0.0, 1.0);
}

// ---- the wall

fn wall(at: vec2f, p: vec2f) -> vec3f {
    let light = 0.62 + 0.30 * dot(at, RECORD_LIT);
    let shade = 1.0 - smoothstep(0.40, 0.98, length(at)) * 0.80;
    let haze = haze_linear(at * 0.42 + 0.5);
    // A white sleeve must still stand out from its wall, a black one needs some light behind it.
    let lightness = luma_from_rgb(haze);
    let colored = max(mix(vec3f(lightness), haze, 1.6), vec3f(0.0));
    let wall_linear = colored * (0.26 / (0.40 + lightness)) + linear_from_srgb(look.dark.rgb) * 0.8;
    let shadow = sleeve_distance((p + RECORD_LIT * 0.035) * 1.02);
    let dark = 1.0 - 0.80 * exp(-max(shadow + 0.03, 0.0) / 0.075);
    return srgb_from_linear(wall_linear * light * shade * dark);
}

// The cover as one sees it out of focus: sixty-four of its points, spread out softly.
fn haze_linear(uv: vec2f) -> vec3f {
    let side = vec2f(textureDimensions(cover_texture));
    var sum = vec3f(0.0);
    var weights = 0.0;
    for (var y = 0; y < 8; y++) {
        for (var x = 0; x < 8; x++) {
            let point = (vec2f(f32(x), f32(y)) + 0.5) / 8.0;
            let off = point - uv;
            // Falls like a bell, without an exponential.
            let near = 1.0 / (1.0 + 22.0 * dot(off, off));
            let weight = near * near * near * near;
            let seen = textureLoad(cover_texture, vec2i(point * side), 0).rgb;
            // Squares stand for linear light here: nobody sees the difference in a blur.
            sum += seen * seen * weight;
            weights += weight;
        }
    }
    return sum / weights;
}

// What the lamp behind the sleeve adds to the wall.
fn lamp_light(off: f32) -> f32 {
    let left = clamp(1.0 - max(off, 0.0) / LAMP_REACH, 0.0, 1.0);
    return left * left * left;
}

fn captioned(color: vec3f, at: vec2f) -> vec3f {
    if (!has_caption()) {
        return color;
    }
    let long = look.text_turns * TAU * CAPTION_RADIUS;
    let along = at.x / long + 0.5;
    let across = (at.y + RAISED - SLEEVE - CAPTION_BELOW) / CAPTION_HEIGHT + 0.5;
    if (along <= 0.0 || along >= 1.0 || across <= 0.0 || across >= 1.0) {
        return color;
    }
    return mix(color, vec3f(0.93, 0.92, 0.90), text_at(along, across) * 0.92);
}
