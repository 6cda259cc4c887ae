// A record seen from above: grooves cut from the fragment, the bevelled edge, the dark around it. All of it is baked: the
// lights do not turn, so neither do streaks and sheen. Radii in disc units, outside in.
//
// A real 12-inch side has its grooves from 0.97 to about 0.40 of the disc and a label of 0.33; the label is drawn larger here,
// because it carries the cover and is seen on a phone.

const RECORD_EDGE: f32 = 0.918;
const RECORD_BEVEL: f32 = 0.902;
const GROOVES_OUTER: f32 = 0.888;
const GROOVES_INNER: f32 = 0.530;
const RECORD_EYE: vec3f = vec3f(0.0, 0.0, 3.4);
// A window at the upper left, of two panes, a cool light at the right, a lamp below.
const RECORD_PANES = array<vec3f, 2>(vec3f(-1.62, -1.48, 2.3), vec3f(-0.88, -2.02, 2.3));
const RECORD_COOL: vec3f = vec3f(2.05, 0.55, 1.9);
const RECORD_LAMP: vec3f = vec3f(-0.35, 2.2, 1.7);
const RECORD_WARM_LINEAR: vec3f = vec3f(1.00, 0.97, 0.92);
const RECORD_COOL_LINEAR: vec3f = vec3f(0.80, 0.90, 1.00);
// Where the window's light comes from, on the plane.
const RECORD_LIT: vec2f = vec2f(-0.58, -0.81);
// A pause shorter than this is part of the music.
const PAUSE_SECS: f32 = 0.35;

// What is cut at a radius.
struct Groove {
    cut: f32,     // 1 where there are grooves, 0 on the lead-in, in a pause and on the dead wax
    loud: f32,    // 0 to 1
    fine: f32,    // single turns of the groove as light and dark rings, about -1 to 1
}

// `loud_bands` is how clearly loud and quiet passages show, 0 to 1.
fn groove_at(r: f32, px: f32, loud_bands: f32) -> Groove {
    let span = GROOVES_OUTER - GROOVES_INNER;
    let s = (GROOVES_OUTER - r) / span;
    let pixel = 1.0 / (px * span);
    var cut = inside(r, GROOVES_OUTER, px) * (1.0 - inside(r, GROOVES_INNER, px));
    // A pause is spaced out, as between two songs of a side: it is drawn at least three pixels wide.
    let pause = PAUSE_SECS / look.length_secs;
    let quietest = min(loudness_near(s - pixel, pause), loudness_near(s + pixel, pause));
    cut *= 1.0 - loud_bands * (1.0 - smoothstep(0.02, 0.07, quietest));
    // Passages show as bands: loudness over four pixels, and a little of what each pixel's own stretch has.
    let heard = 0.7 * loudness_near(s, 4.0 * pixel) + 0.3 * loudness_near(s, pixel);
    let loud = mix(0.55, heard, loud_bands) * cut;
    return Groove(cut, loud, groove_profile(r * px, loud));
}

// Mean of the envelope over a stretch of it, from three points.
fn loudness_near(s: f32, width: f32) -> f32 {
    let points = vec3u(clamp(vec3f(s) + vec3f(-0.4, 0.0, 0.4) * width, vec3f(0.0), vec3f(1.0)) * 1023.0 + 0.5);
    return (envelope[points.x] + envelope[points.y] + envelope[points.z]) / 3.0;
}

// Fine rings, -1 to 1, with no detail below two pixels whatever the size of the picture. Loud passages are cut with more
// space between the turns: there the rings are coarser and stronger.
fn groove_profile(r_px: f32, loud: f32) -> f32 {
    // No two pressings are alike.
    let pressing = u32(look.seed * 16777216.0) * 4u;
    return mix(0.42, 0.36, loud) * noise_1d(r_px / 1.3, pressing + 1u) + mix(0.12, 0.46, loud) * noise_1d(r_px / 2.9, pressing + 2u)
        + mix(0.10, 0.34, loud) * noise_1d(r_px / 8.0, pressing + 3u);
}

// Linear colour of a black record and of the plinth around it. `light` is how bright the lights are.
fn record_linear(at: vec2f, r: f32, px: f32, loud_bands: f32, light: f32) -> vec3f {
    let body = linear_from_srgb(look.dark.rgb);
    if (r > RECORD_EDGE + 0.5 / px) {
        return plinth_linear(r);
    }
    let groove = groove_at(r, px, loud_bands);
    // What is cut scatters a little in all directions, more where it is cut deeper.
    let rough = 0.0035 + 0.034 * groove.loud * groove.loud * (0.75 + 0.5 * groove.fine);
    let scatter = rough * (0.55 + 0.45 * dot(at / max(r, 0.001), RECORD_LIT));
    var color = body * 0.55 + vec3f(0.004) + vec3f(scatter) + record_gloss_linear(at, groove) * light;
    // Uncut wax is smoother and darker.
    color *= mix(0.74, 1.0, groove.cut);
    color += record_bevel_linear(at, r) * light;
    color *= label_shadow(at);
    return mix(body * 0.84, color, inside(r, RECORD_EDGE, px));
}

// The plinth beyond the edge, in the dark, a little lighter towards the record.
fn plinth_linear(r: f32) -> vec3f {
    return linear_from_srgb(look.dark.rgb) * (0.5 + 0.9 * bump(r, RECORD_EDGE, 0.03)) * 0.6;
}

// The streaks. Loud passages are rougher: there they are wide and faint, in quiet ones and on uncut wax narrow and bright.
fn record_gloss_linear(at: vec2f, groove: Groove) -> vec3f {
    let along = mix(0.075, 0.050 + 0.11 * groove.loud, groove.cut);
    let across = mix(0.36, 0.62, groove.cut);
    var panes = groove_specular(at, RECORD_PANES[0], RECORD_EYE, along, across);
    panes += groove_specular(at, RECORD_PANES[1], RECORD_EYE, along, across);
    var lit = panes * RECORD_WARM_LINEAR * 0.36;
    lit += groove_specular(at, RECORD_COOL, RECORD_EYE, along * 0.8, across) * RECORD_COOL_LINEAR * 0.22;
    let lamp = mix(vec3f(1.0), linear_from_srgb(look.glow.rgb), 0.55);
    lit += groove_specular(at, RECORD_LAMP, RECORD_EYE, along * 0.7, across) * lamp * 0.14;
    return lit * mix(0.70, (0.62 + 0.55 * groove.fine) * (1.12 - 0.50 * groove.loud), groove.cut);
}

// The label lies on the disc: a soft shadow around it, away from the window.
fn label_shadow(at: vec2f) -> f32 {
    return 1.0 - 0.58 * exp(-max(length(at + RECORD_LIT * 0.006) - LABEL_EDGE, 0.0) / 0.016);
}

// The rounded edge catches the lights as thin arcs, brighter at a grazing angle.
fn record_bevel_linear(at: vec2f, r: f32) -> vec3f {
    let slope = clamp((r - RECORD_BEVEL) / (RECORD_EDGE - RECORD_BEVEL), 0.0, 1.0);
    if (slope <= 0.0) {
        // A hairline where the lead-in begins.
        return vec3f(0.05) * bump(r, GROOVES_OUTER + 0.004, 0.0022);
    }
    let radial = normalize(at);
    let normal = normalize(vec3f(radial * sin(slope * 1.25), cos(slope * 1.25)));
    let window = normalize(normalize(vec3f(-1.25, -1.75, 1.1)) + vec3f(0.0, 0.0, 1.0));
    let cool = normalize(normalize(vec3f(2.05, 0.55, 0.8)) + vec3f(0.0, 0.0, 1.0));
    var lit = RECORD_WARM_LINEAR * pow(max(dot(normal, window), 0.0), 48.0) * 0.55;
    lit += RECORD_COOL_LINEAR * pow(max(dot(normal, cool), 0.0), 48.0) * 0.30;
    // Seen flat, wax mirrors the whole dim room.
    lit += vec3f(0.9, 0.95, 1.0) * fresnel(normal.z, 0.04) * 0.10;
    return lit;
}

// ---- specks of dust

// As any played record has them: they turn, and light up where the streaks of light stand. Without them the grooves would not
// be seen to turn at all. Radius, place on the disc in turns, length along the groove in disc units.
const DUST = array<vec3f, 7>(
    vec3f(0.842, 0.08, 0.011), vec3f(0.781, 0.63, 0.008), vec3f(0.733, 0.31, 0.016), vec3f(0.690, 0.87, 0.007),
    vec3f(0.637, 0.49, 0.012), vec3f(0.588, 0.17, 0.008), vec3f(0.545, 0.74, 0.010),
);
const DUST_WIDTH: f32 = 0.0032;

// The circle of a speck, over the record's `color`, as moving part `part`; part 0 where no speck comes by.
fn dust_still(color: vec3f, r: f32, turns: f32, strength: f32, part: u32) -> Still {
    for (var i = 0; i < 7; i++) {
        let across = abs(r - DUST[i].x) / DUST_WIDTH;
        if (across < 1.6 && strength > 0.0) {
            // What a speck adds here: it is a small mirror for the light that stands above it.
            let gleam = (0.10 + 1.6 * luma_from_rgb(color)) * exp(-across * across) * strength;
            return Still(color, min(gleam, 1.0), part, vec2f(fract(turns - DUST[i].y), DUST[i].z / (r * TAU)));
        }
    }
    return Still(color, 0.0, 0u, vec2f(0.0));
}

fn dust_color(still: Still, turn: f32) -> vec3f {
    let off = abs(fract(still.data.x - turn + 0.5) - 0.5) / still.data.y;
    return still.color + vec3f(still.weight * 0.75 * exp(-off * off));
}
