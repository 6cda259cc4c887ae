// A record seen from above: grooves cut from the fragment, the bevelled edge, the dark around it. All of it is baked: the
// lights do not turn, so neither do streaks and sheen. Radii in disc units, outside in.
//
// A real 12-inch side has its grooves from 0.97 to about 0.40 of the disc and a label of 0.33; the label is drawn larger here,
// because it carries the cover and is seen on a phone.

const RECORD_EDGE: f32 = 0.918;
const RECORD_BEVEL: f32 = 0.902;
const GROOVES_OUTER: f32 = 0.888;
const GROOVES_INNER: f32 = 0.500;
const RECORD_EYE: vec3f = vec3f(0.0, 0.0, 3.4);

// Linear colour of the record and of the plinth around it. `loud_bands` is how clearly loud and quiet passages show, `light`
// how bright the lights are.
fn record_linear(at: vec2f, r: f32, px: f32, loud_bands: f32, light: f32) -> vec3f {
    let body = linear_from_srgb(look.dark.rgb);
    if (r > RECORD_EDGE + 0.5 / px) {
        // Beyond the edge: the plinth in the dark, a little lighter towards the record.
        return body * (0.5 + 0.9 * bump(r, RECORD_EDGE, 0.03)) * 0.6;
    }
    let s = (GROOVES_OUTER - r) / (GROOVES_OUTER - GROOVES_INNER);
    let cut = inside(r, GROOVES_OUTER, px) * (1.0 - inside(r, GROOVES_INNER, px));
    let loud = mix(0.55, envelope_at(s), loud_bands) * cut;
    let fine = groove_profile(r * px);

    // Loud passages are cut wider: they scatter more and mirror less.
    let along = mix(0.13, 0.055 + 0.10 * loud, cut);
    let across = mix(0.36, 0.62, cut);
    var lit = vec3f(0.0);
    lit += groove_specular(at, vec3f(-1.25, -1.75, 2.3), RECORD_EYE, along, across) * vec3f(1.00, 0.97, 0.92) * 0.50;
    lit += groove_specular(at, vec3f(2.05, 0.55, 1.9), RECORD_EYE, along * 0.8, across) * vec3f(0.80, 0.90, 1.00) * 0.22;
    lit += groove_specular(at, vec3f(-0.35, 2.2, 1.7), RECORD_EYE, along * 0.7, across) * mix(vec3f(1.0), linear_from_srgb(look.glow.rgb), 0.55) * 0.14;
    lit *= light * mix(0.85, (0.62 + 0.55 * fine) * (1.10 - 0.45 * loud), cut);

    let scatter = (0.0045 + 0.030 * loud * loud * (0.75 + 0.5 * fine)) * (0.55 + 0.45 * dot(normalize(at), vec2f(-0.58, -0.81)));
    var color = body * 0.55 + vec3f(0.004) + vec3f(scatter) + lit;
    // Dead wax is smoother and darker between the grooves and the label.
    color *= mix(0.78, 1.0, cut);
    color += record_bevel_linear(at, r, light);
    // The label lies on the disc: a soft contact shadow around it.
    color *= 1.0 - 0.55 * exp(-max(r - LABEL_EDGE, 0.0) / 0.016);
    let edge = inside(r, RECORD_EDGE, px);
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
fn record_bevel_linear(at: vec2f, r: f32, light: f32) -> vec3f {
    let slope = clamp((r - RECORD_BEVEL) / (RECORD_EDGE - RECORD_BEVEL), 0.0, 1.0);
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
    return lit * light;
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
