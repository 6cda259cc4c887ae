// CD: a compact disc, printed side up: the cover in the middle, bare aluminium around it. Aluminium over a spiral of pits is a
// mirror and a grating at once. As a mirror it shows the lights as clear streaks, which are baked; as a grating it fans each
// light out into rainbows, which move: the lights swing a little, and the bass tilts the disc by as much as a hand would.

// Radii in disc units; the disc's edge is at RECORD_EDGE, which stands for its 60 mm.
const HOLE: f32 = 0.115;
const PRINT_INNER: f32 = 0.132;
// The ridge on which discs rest on each other in a stack.
const STACKING_RING: f32 = 0.250;
// The manifest's `cover_span` and [text] repeat the print's edge and the place of the text.
const PRINT_OUTER: f32 = 0.440;
// Text on the clear plastic is brighter than on wax: the metal below it shines.
const PLASTIC_ETCHED: f32 = 1.25;
const TEXT_OUTER: f32 = 0.522;
const TEXT_INNER: f32 = 0.448;
const DATA_INNER: f32 = 0.535;
const DATA_OUTER: f32 = 0.880;
const ALUMINIUM: f32 = 0.896;

// The spiral's pitch is 1.6 micrometres: ECMA-130 (the CD-ROM's standard), 11.4.
const PITCH_UM: f32 = 1.6;
// Lights: where they stand around the disc, in turns from the top; how far away; how high; how wide (half of it).
// A low one sends its first rainbow to the near side and pale mixed ones to the far side; a high one a clear streak to the
// near side and its second rainbow to the far side.
const LIGHTS = array<vec4f, 3>(vec4f(0.890, 1.60, 1.20, 0.54), vec4f(0.225, 0.80, 2.40, 0.24), vec4f(0.560, 1.00, 2.00, 0.31));
const MIRRORED_WINDOW: vec3f = vec3f(-0.75, -1.75, 1.9);
// The lights swing by this share of a fan's half width, to and fro in this time.
const SWING: f32 = 0.40;
const SWING_SECS: f32 = 9.0;

// The print, the text around it, the rainbows, the ring at the rim.
const PRINT_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RAINBOW_PART: u32 = 3u;
const RING_PART: u32 = 4u;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    if (r < PRINT_OUTER + 0.5 / px) {
        return print_still(at, r, px);
    }
    let color = srgb_from_linear(disc_linear(at, r, px));
    let turns = turns_from_top(at);
    if (r > SPECTRUM_REACH) {
        return spectrum_still(color, r, turns, px, RING_PART);
    }
    let across = (TEXT_OUTER - r) / (TEXT_OUTER - TEXT_INNER);
    if (across > 0.0 && across < 1.0 && look.text_turns > 0.0 && params.text > 0.5) {
        return Still(color, 1.0, TEXT_PART, vec2f(turns, across));
    }
    let fan = fan_at(at, r);
    if (r > DATA_INNER && abs(fan.x) < 1.0 + SWING * params.swing && params.rainbow > 0.0) {
        let data = smoothstep(DATA_INNER, DATA_INNER + 0.03, r) * (1.0 - smoothstep(SPECTRUM_REACH - 0.012, SPECTRUM_REACH, r));
        return Still(color, data * fan.z, RAINBOW_PART, fan.xy);
    }
    return Still(color, 0.0, 0u, vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == PRINT_PART) {
        return still.color + still.weight * turned_cover(at, PRINT_OUTER, frame);
    }
    if (still.part == RAINBOW_PART) {
        let seen = rainbow(still, frame);
        return still.color + seen - still.color * seen;
    }
    if (still.part == RING_PART) {
        return spectrum_color(at, still, frame, ring_look());
    }
    return etched_color(still.color, ETCHED_LIGHT * PLASTIC_ETCHED, still.data.x, still.data.y, moments[frame].turn);
}

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}

// ---- the rainbow

// Where a point lies in the nearest light's fan: x is -1 to 1 across it, y is the difference in the way of light from two
// neighbouring turns of the spiral, in micrometres, z is 0 where the next fan is as near, so that none ends in an edge.
//
// Turns of the spiral send light from `l` to the eye `e` in step, and so are seen, where they differ by whole waves:
// pitch * (l + e) along the radius = m * wavelength (the grating equation; Stam, "Diffraction Shaders", SIGGRAPH 1999, of which
// this is the case of a grating), and (l + e) along the spiral = 0, as for a mirror. With the eye above the middle `e` has no
// part along the spiral: a point shines where the line from the middle through it meets the light's foot. How far the light is
// cancels out, and fans are wedges.
fn fan_at(at: vec2f, r: f32) -> vec3f {
    let point = vec3f(at, 0.0);
    let radial = at / r;
    let to_eye = normalize(RECORD_EYE - point);
    var nearest = vec2f(9.0, 0.0);
    var next = 9.0;
    for (var i = 0; i < 3; i++) {
        let light = light_position(i);
        let both = normalize(light - point) + to_eye;
        // On the far side of the disc the fan goes the other way when the light swings.
        let side = sign(dot(light.xy, radial));
        let off = dot(light.xy, vec2f(-radial.y, radial.x)) * side / LIGHTS[i].w;
        next = min(next, max(abs(off), abs(nearest.x)));
        if (abs(off) < abs(nearest.x)) {
            nearest = vec2f(off, abs(dot(both.xy, radial)) * PITCH_UM);
        }
    }
    return vec3f(nearest, smoothstep(0.0, 0.35, next - abs(nearest.x)));
}

fn light_position(i: i32) -> vec3f {
    let angle = LIGHTS[i].x * TAU;
    return vec3f(vec2f(sin(angle), -cos(angle)) * LIGHTS[i].y, LIGHTS[i].z);
}

fn rainbow(still: Still, frame: u32) -> vec3f {
    let off = still.data.x + slow_swing(frame, SWING_SECS, 0.0) * (SWING * params.swing);
    let inside_fan = max(1.0 - off * off, 0.0);
    let calm = 0.45 + 0.55 * moments[frame].loudness;
    let pushed = 0.060 * moments[frame].bass + 0.040 * moments[frame].beat;
    let tilt = 0.050 * slow_swing(frame, SWING_SECS * 0.7, 0.25) + calm * pushed;
    let path_um = still.data.y + tilt * params.swing;
    // The first four orders, each fainter than the last.
    var seen = spectrum_rgb(path_um) + 0.80 * spectrum_rgb(path_um * 0.5);
    seen += 0.40 * spectrum_rgb(path_um * (1.0 / 3.0)) + 0.25 * spectrum_rgb(path_um * 0.25);
    return seen * (inside_fan * inside_fan * still.weight * params.rainbow * (0.90 + 0.20 * moments[frame].beat));
}

// The colour of light of one wavelength, black where it cannot be seen: three parabolas (the form is Stam's, GPU Gems 1,
// chapter 8) fitted to the visible spectrum by Alan Zucconi, "Improving the Rainbow", 2017.
fn spectrum_rgb(wave_um: f32) -> vec3f {
    let x = (wave_um - 0.4) / 0.3;
    let y = vec3f(3.54541723, 2.86670055, 2.29421995) * (x - vec3f(0.69548916, 0.49416934, 0.28269708));
    return max(vec3f(0.97679225, 0.84063755, 0.46479979) - y * y, vec3f(0.0));
}

// ---- the disc, baked

fn disc_linear(at: vec2f, r: f32, px: f32) -> vec3f {
    if (r > RECORD_EDGE + 0.5 / px) {
        return plinth_linear(r);
    }
    let data = inside(r, DATA_OUTER, px) * (1.0 - inside(r, DATA_INNER, px));
    // Pits scatter along the radius; bare aluminium is the clearer mirror.
    let across = mix(0.34, 0.80, data);
    var metal = vec3f(0.010, 0.011, 0.013);
    for (var i = 0; i < 3; i++) {
        let light = light_position(i);
        // The light itself, and the lit room around it.
        metal += RECORD_WARM_LINEAR * groove_specular(at, light, RECORD_EYE, LIGHTS[i].w * 0.085, across) * 0.32;
        metal += RECORD_COOL_LINEAR * groove_specular(at, light, RECORD_EYE, LIGHTS[i].w * 0.31, 1.4) * 0.072;
    }
    // A narrow window between the lamps gives the mirror its clear edge.
    metal += RECORD_WARM_LINEAR * groove_specular(at, MIRRORED_WINDOW, RECORD_EYE, 0.030, across) * 0.34;
    metal *= params.light * mix(0.80, 1.0 + 0.06 * noise_1d(r * px / 3.0, 11u), data);
    // Where the spiral begins and ends the metal changes its tone by a hairline.
    metal *= 1.0 - 0.35 * bump(r, DATA_INNER, 0.003) - 0.30 * bump(r, PRINT_OUTER + 0.006, 0.003);
    // Beyond the metal the disc is clear.
    let clear = plinth_linear(r) + record_bevel_linear(at, r) * params.light + vec3f(0.012);
    let color = mix(clear, metal, inside(r, ALUMINIUM, px));
    return mix(plinth_linear(r), color, inside(r, RECORD_EDGE, px));
}

// `color` is what lies over the cover, `weight` how much of it shows.
fn print_still(at: vec2f, r: f32, px: f32) -> Still {
    let printed = inside(r, PRINT_OUTER, px) * (1.0 - inside(r, PRINT_INNER, px));
    let slope = dot(at / max(r, 0.01), RECORD_LIT);
    var light = 0.92 + 0.08 * dot(at / PRINT_OUTER, RECORD_LIT);
    light *= 1.0 - 0.22 * smoothstep(PRINT_OUTER - 0.014, PRINT_OUTER, r);
    // The ridge, lit on one side and shaded on the other.
    light *= 1.0 + 0.30 * slope * (bump(r, STACKING_RING + 0.006, 0.006) - bump(r, STACKING_RING - 0.006, 0.006));
    var over = vec3f(0.10) * max(slope, 0.0) * bump(r, STACKING_RING + 0.004, 0.005) * params.light;
    let glare = groove_specular(at, vec3f(-1.25, -1.75, 2.3), RECORD_EYE, 0.16, 0.8);
    over += vec3f(0.085, 0.083, 0.080) * glare * params.light;
    over *= printed;
    // Within the print the clear plastic's rim, and the hole, through which the plinth is seen.
    let outer_rim = bump(r, PRINT_INNER - 0.006, 0.004) * (0.30 + 0.45 * max(slope, 0.0) + 0.30 * max(-slope, 0.0));
    let rim = outer_rim + bump(r, HOLE + 0.002, 0.003) * (0.18 + 0.35 * max(-slope, 0.0));
    let plastic = vec3f(0.055) + vec3f(0.92, 0.96, 1.0) * rim;
    let plinth = look.dark.rgb * (0.42 + 0.30 * smoothstep(-0.10, 0.10, dot(at, -RECORD_LIT)));
    over += mix(plastic, plinth, inside(r, HOLE, px)) * inside(r, PRINT_INNER, px);
    over += srgb_from_linear(disc_linear(at, max(r, PRINT_OUTER), px)) * (1.0 - inside(r, PRINT_OUTER, px));
    return Still(over, min(light, 1.0) * printed, PRINT_PART, vec2f(0.0));
}
