// Vinyl: a black record that fills the circle. Everything lit is still, since the lights do not turn: grooves, streaks,
// rim. Only the label, the text etched around it and the ring of light at the edge move, which is also what keeps the
// circle small and quick to make.

// Radii in disc units, outside in. A real 12-inch side: grooves from 0.97 to about 0.40 of the disc, label 0.33; the label is
// drawn larger here, because it carries the cover and is seen on a phone.
const RING_OUTER: f32 = 0.992;
const RING_INNER: f32 = 0.930;
const RECORD: f32 = 0.918;
const BEVEL: f32 = 0.902;
const GROOVES_OUTER: f32 = 0.888;
const GROOVES_INNER: f32 = 0.500;
// Between label and grooves lies the dead wax, and in it the text; the manifest's [text] and `cover_span` repeat it.
const TEXT_OUTER: f32 = 0.490;
const TEXT_INNER: f32 = 0.416;
const LABEL: f32 = 0.400;
const SPINDLE: f32 = 0.020;
const GLOW_REACH: f32 = 0.872;

// The parts that move.
const LABEL_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RING_PART: u32 = 3u;
const MARK_PART: u32 = 4u;

// Specks of dust, as any played record has: they turn, and light up where the streaks of light stand. Without them the
// grooves would not be seen to turn at all. Radius, place on the disc in turns, length along the groove in disc units.
const MARKS = array<vec3f, 7>(
    vec3f(0.842, 0.08, 0.011), vec3f(0.781, 0.63, 0.008), vec3f(0.733, 0.31, 0.016), vec3f(0.690, 0.87, 0.007),
    vec3f(0.637, 0.49, 0.012), vec3f(0.588, 0.17, 0.008), vec3f(0.545, 0.74, 0.010),
);
const MARK_WIDTH: f32 = 0.0032;

const BARS: f32 = 128.0;
const EYE: vec3f = vec3f(0.0, 0.0, 3.4);

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    if (r < LABEL + 0.5 / px) {
        return label_still(at, r, px);
    }
    let color_linear = record_linear(at, r, px);
    let color = srgb_from_linear(color_linear);
    let turns = turns_from_top(at);
    if (r > GLOW_REACH) {
        return ring_still(color, r, turns, px);
    }
    // The text runs in the dead wax; where it may pass, the pixel moves.
    let across = (TEXT_OUTER - r) / (TEXT_OUTER - TEXT_INNER);
    if (across > 0.0 && across < 1.0 && look.text_turns > 0.0 && params.text > 0.5) {
        return Still(color, 1.0, TEXT_PART, vec2f(turns, across));
    }
    for (var i = 0; i < 7; i++) {
        let across = abs(r - MARKS[i].x) / MARK_WIDTH;
        if (across < 1.6 && params.dust > 0.0) {
            // What a speck adds here: it is a small mirror for the light that stands above it.
            let gleam = (0.10 + 1.6 * luma_from_rgb(color)) * exp(-across * across) * params.dust;
            return Still(color, min(gleam, 1.0), MARK_PART, vec2f(fract(turns - MARKS[i].y), MARKS[i].z / (r * TAU)));
        }
    }
    return Still(color, 0.0, 0u, vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == LABEL_PART) {
        return label_color(at, still, frame);
    }
    if (still.part == RING_PART) {
        return ring_color(length(at), still, frame);
    }
    if (still.part == MARK_PART) {
        let off = abs(fract(still.data.x - moments[frame].turn + 0.5) - 0.5) / still.data.y;
        return still.color + vec3f(still.weight * 0.75 * exp(-off * off));
    }
    let along = fract(still.data.x - moments[frame].turn + 0.5 * look.text_turns) / look.text_turns;
    if (along >= 1.0) {
        return still.color;
    }
    return still.color + vec3f(0.42, 0.43, 0.45) * text_at(along, still.data.y);
}

// ---- the record, baked

fn record_linear(at: vec2f, r: f32, px: f32) -> vec3f {
    let body = linear_from_srgb(look.dark.rgb);
    if (r > RECORD + 0.5 / px) {
        // Beyond the edge: the plinth in the dark, a little lighter towards the record.
        return body * (0.5 + 0.9 * bump(r, RECORD, 0.03)) * 0.6;
    }
    let s = (GROOVES_OUTER - r) / (GROOVES_OUTER - GROOVES_INNER);
    let cut = inside(r, GROOVES_OUTER, px) * (1.0 - inside(r, GROOVES_INNER, px));
    let loud = mix(0.55, envelope_at(s), params.bands) * cut;
    let fine = groove_profile(r * px);

    // Loud passages are cut wider: they scatter more and mirror less.
    let along = mix(0.13, 0.055 + 0.10 * loud, cut);
    let across = mix(0.36, 0.62, cut);
    var lit = vec3f(0.0);
    lit += groove_specular(at, vec3f(-1.25, -1.75, 2.3), EYE, along, across) * vec3f(1.00, 0.97, 0.92) * 0.50;
    lit += groove_specular(at, vec3f(2.05, 0.55, 1.9), EYE, along * 0.8, across) * vec3f(0.80, 0.90, 1.00) * 0.22;
    lit += groove_specular(at, vec3f(-0.35, 2.2, 1.7), EYE, along * 0.7, across) * mix(vec3f(1.0), linear_from_srgb(look.glow.rgb), 0.55) * 0.14;
    lit *= params.light * mix(0.85, (0.62 + 0.55 * fine) * (1.10 - 0.45 * loud), cut);

    let scatter = (0.0045 + 0.030 * loud * loud * (0.75 + 0.5 * fine)) * (0.55 + 0.45 * dot(normalize(at), vec2f(-0.58, -0.81)));
    var color = body * 0.55 + vec3f(0.004) + vec3f(scatter) + lit;
    // Dead wax is smoother and darker between the grooves and the label.
    color *= mix(0.78, 1.0, cut);
    color += bevel_linear(at, r, px);
    // The label lies on the disc: a soft contact shadow around it.
    color *= 1.0 - 0.55 * exp(-max(r - LABEL, 0.0) / 0.016);
    let edge = inside(r, RECORD, px);
    return mix(body * 0.84, color, edge);
}

// Fine rings, -1 to 1, with no detail below two pixels whatever the size of the picture.
fn groove_profile(r_px: f32) -> f32 {
    // No two pressings are alike.
    let pressing = u32(look.seed * 16777216.0) * 4u;
    return 0.50 * noise_1d(r_px / 1.25, pressing + 1u) + 0.32 * noise_1d(r_px / 2.9, pressing + 2u)
        + 0.30 * noise_1d(r_px / 8.0, pressing + 3u);
}

// The rounded edge catches the lights as thin arcs, brighter at a grazing angle.
fn bevel_linear(at: vec2f, r: f32, px: f32) -> vec3f {
    let slope = clamp((r - BEVEL) / (RECORD - BEVEL), 0.0, 1.0);
    if (slope <= 0.0) {
        // A hairline where the lead-in begins.
        return vec3f(0.05) * bump(r, GROOVES_OUTER + 0.004, 0.0022);
    }
    let radial = normalize(at);
    let normal = normalize(vec3f(radial * sin(slope * 1.25), cos(slope * 1.25)));
    var lit = vec3f(0.0);
    let key = normalize(normalize(vec3f(-1.25, -1.75, 1.1)) + vec3f(0.0, 0.0, 1.0));
    let side = normalize(normalize(vec3f(2.05, 0.55, 0.8)) + vec3f(0.0, 0.0, 1.0));
    lit += vec3f(1.00, 0.97, 0.92) * pow(max(dot(normal, key), 0.0), 48.0) * 0.55;
    lit += vec3f(0.80, 0.90, 1.00) * pow(max(dot(normal, side), 0.0), 48.0) * 0.30;
    lit += vec3f(0.9, 0.95, 1.0) * fresnel(normal.z, 0.04) * 0.03;
    return lit * params.light;
}

// ---- the label

// `color` is what lies over the cover (highlights, the hole), `weight` how much of the cover shows.
fn label_still(at: vec2f, r: f32, px: f32) -> Still {
    let body = inside(r, LABEL, px);
    let hole = inside(r, SPINDLE, px);
    var light = 0.93 + 0.10 * dot(at / LABEL, vec2f(-0.58, -0.81));
    light *= 1.0 - 0.38 * smoothstep(LABEL - 0.016, LABEL, r);
    // A pressed ring, lit on one side and shaded on the other.
    light *= 1.0 + 0.10 * bump(r, 0.135, 0.005) * dot(normalize(at + vec2f(1e-5)), vec2f(0.58, 0.81));
    // The hole's soft shadow on the paper.
    light *= 1.0 - 0.50 * exp(-max(r - SPINDLE, 0.0) / 0.010);
    let sheen = groove_specular(at, vec3f(-1.25, -1.75, 2.3), EYE, 0.75, 0.75) * 0.055 * params.light;
    var over = vec3f(sheen) * body;
    // The spindle: a steel pin that fills most of the hole.
    let pin = inside(r, SPINDLE * 0.72, px);
    let steel = 0.34 + 0.30 * dot(at / SPINDLE, vec2f(-0.58, -0.81)) + 0.35 * bump(length(at - vec2f(-0.006, -0.008)), 0.0, 0.005);
    over = mix(over, vec3f(0.015), hole);
    over = mix(over, vec3f(0.95, 0.97, 1.0) * steel, pin);
    // Under the antialiased edge lies the shadowed wax.
    over += srgb_from_linear(record_linear(at, max(r, LABEL), px)) * (1.0 - body);
    return Still(over, min(light, 1.0) * body * (1.0 - hole), LABEL_PART, vec2f(0.0));
}

fn label_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let c = moments[frame].turn_cos;
    let s = moments[frame].turn_sin;
    // Turning the picture clockwise is turning the point the other way.
    let p = vec2f(c * at.x + s * at.y, c * at.y - s * at.x);
    let uv = p * (0.5 / LABEL) + 0.5;
    return still.color + still.weight * cover_at(uv);
}

// ---- the ring of light at the edge

// `weight` is how much of a bar covers the pixel sideways, `data` its band and its share of the glow.
fn ring_still(color: vec3f, r: f32, turns: f32, px: f32) -> Still {
    let bar = turns * BARS;
    // Bars count from the bottom up both sides, low notes first, so that the ring has no seam.
    let across = abs(fract(bar) - 0.5) * (TAU * r * px / BARS);
    let half_px = TAU * 0.96 * px / BARS * 0.31;
    let side = clamp(half_px - across + 0.5, 0.0, 1.0);
    let half_turn = abs(turns - 0.5) * 2.0;
    let band = min(floor(half_turn * 64.0), 63.0);
    let from_edge = r - (RING_INNER - 0.006);
    let glow = select(exp(-from_edge * from_edge / (0.030 * 0.030)), exp(-from_edge * from_edge / (0.022 * 0.022)), from_edge < 0.0);
    let fade = smoothstep(GLOW_REACH, GLOW_REACH + 0.03, r) * inside(r, 0.998, px);
    return Still(color, side * fade, RING_PART, vec2f(band, glow * fade));
}

fn ring_color(r: f32, still: Still, frame: u32) -> vec3f {
    let band = u32(still.data.x);
    // Squared in part: what is loud stands out from what is a little less loud.
    let heard = moments[frame].bands[band];
    let level = heard * (0.3 + 0.7 * heard) * params.ring;
    let px = look.size_px * 0.5;
    let top = RING_INNER + 0.004 + level * (RING_OUTER - RING_INNER - 0.004);
    let bar = still.weight * clamp((top - r) * px + 0.5, 0.0, 1.0) * clamp((r - RING_INNER) * px + 0.5, 0.0, 1.0);
    let hue = mix(params.accent.rgb, params.glow_color.rgb, still.data.x * (1.0 / 63.0));
    let strength = still.data.y * params.glow * (0.06 + 0.50 * moments[frame].bass + 0.16 * moments[frame].onset);
    let lit = still.color + params.glow_color.rgb * strength;
    return mix(lit, hue * (0.62 + 0.38 * level), bar);
}
