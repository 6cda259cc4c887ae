// Color: coloured vinyl in the cover's colours: clear with light shining through it, splattered, or marbled. What the wax holds
// turns with the disc, the light on it and through it stands still. A pixel's share of the pattern is baked, so that turning
// it takes a few multiplications and no reading.

// The parts that move.
const LABEL_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RING_PART: u32 = 3u;
const ARM_RING_PART: u32 = 4u;
// The wax, alone and under the tonearm.
const WAX_PART: u32 = 5u;
const ARM_WAX_PART: u32 = 6u;

// Values of the parameter `style`.
const CLEAR: f32 = 0.0;
const SPLATTER: f32 = 1.0;

// The lamp below the disc, and how far from it its light falls to 1/e, squared.
const LAMP: vec2f = vec2f(-0.34, -0.46);
const LAMP_REACH: f32 = 0.75;

// Under text the dead wax is as bright as this at most, and the text so much brighter than on a black record.
const DEAD_WAX_LUMA: f32 = 0.24;
const WAX_ETCHED: f32 = 1.2;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    if (r < LABEL_EDGE + 0.5 / px) {
        let under = wax_still(at, max(r, LABEL_EDGE), px);
        return label_still(at, r, px, under.color + under.weight * wax_color(0.0), params.light, LABEL_PART);
    }
    let wax = wax_still(at, r, px);
    let calm = wax.color + wax.weight * wax_color(0.0);
    let turns = turns_from_top(at);
    let arm = arm_span(at, params.tonearm);
    let armed = arm.to_progress > arm.from_progress;
    if (r > SPECTRUM_REACH) {
        return spectrum_still(calm, r, turns, px, select(RING_PART, ARM_RING_PART, armed));
    }
    // Towards the dead wax and the edge the pattern ends, so that text and ring move over what stands still. Two pixels before
    // it does so, wax and gloss are joined already: what is antialiased across the border is then of one kind.
    let across = etched_across(r);
    if (across > 0.0) {
        let etched = across < 1.0 && look.text_turns > 0.0 && params.text > 0.5;
        return Still(calm, 0.0, select(0u, TEXT_PART, etched), vec2f(turns, across));
    }
    let border = min(r - ETCHED_OUTER, SPECTRUM_REACH - r) * px < 2.0;
    let color = select(wax.color, calm, border);
    let weight = select(wax.weight, 0.0, border);
    let pattern = pattern_at(r, turns * TAU) * pattern_fade(r, px);
    return Still(color, weight, select(WAX_PART, ARM_WAX_PART, armed), vec2f(two_in_one(pattern.xy), two_in_one(pattern.zw)));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let part = still.part;
    if (part == LABEL_PART) {
        return still.color + still.weight * turned_cover(at, LABEL_EDGE, frame);
    }
    if (part == TEXT_PART) {
        return etched_color(still.color, ETCHED_LIGHT * WAX_ETCHED, still.data.x, still.data.y, moments[frame].turn);
    }
    // Each kind's code stands here once: the blocks with several parts are drawn by code that holds all of it.
    var color: vec3f;
    if (part == RING_PART || part == ARM_RING_PART) {
        color = spectrum_color(at, still, frame, ring_look());
    } else {
        color = still.color + still.weight * wax_color(turned_pattern(still, moments[frame].turn));
    }
    if (part == ARM_RING_PART || part == ARM_WAX_PART) {
        color = arm_over(color, at, frame, params.accent.rgb);
    }
    return color;
}

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}

// ---- the wax, baked

// `color` is what lies over the wax (gloss, rim, the dark around it), `weight` how bright the wax itself is.
fn wax_still(at: vec2f, r: f32, px: f32) -> Still {
    var groove = groove_at(r, px, params.bands);
    // No single turns of the groove: what stands still over what moves cannot be predicted by the encoder.
    groove.fine = 0.0;
    let edge = inside(r, RECORD_EDGE, px);
    let gloss = (record_gloss_linear(at, groove) * 0.55 + record_bevel_linear(at, r)) * params.light;
    let over = srgb_from_linear(mix(plinth_linear(r), gloss, edge));
    let side = 0.5 + 0.5 * dot(at / max(r, 0.001), RECORD_LIT);
    var shade = 0.74 + 0.22 * side;
    if (params.style == CLEAR) {
        // The lamp below: bright above it, and the label, which it does not pass, casts a wide shadow away from it.
        let from_lamp = at - LAMP;
        let shadow = exp(-max(length(at + LAMP * 0.16) - LABEL_EDGE, 0.0) / 0.085);
        shade = (0.30 + 0.62 * exp(-dot(from_lamp, from_lamp) / LAMP_REACH)) * (1.0 - 0.62 * shadow);
    }
    // Loud passages, cut wider, are a little duller; uncut wax is a little darker.
    shade *= mix(0.86, 1.06 - 0.26 * groove.loud, groove.cut);
    shade = mix(dead_wax_shade(shade), shade, smoothstep(ETCHED_OUTER, GROOVES_INNER, r));
    // Darker towards the edge, where the pattern moves fastest.
    shade *= 1.0 - 0.30 * smoothstep(0.45, 0.90, r);
    // Light that has travelled in the wax leaves it at the rim.
    shade += (0.10 + 0.16 * side) * smoothstep(RECORD_BEVEL - 0.020, RECORD_EDGE, r);
    shade *= label_shadow(at) * edge * (1.0 - max(over.x, max(over.y, over.z)));
    return Still(over, clamp(shade, 0.0, 1.0), 0u, vec2f(0.0));
}

// Wax is darkened under its text.
fn dead_wax_shade(shade: f32) -> f32 {
    if (look.text_turns <= 0.0 || params.text < 0.5) {
        return shade;
    }
    return min(shade, DEAD_WAX_LUMA / max(luma_from_rgb(wax_color(0.0)), 0.01));
}

// Colour of the wax for a value of the pattern, -1 to 1. Clear: denser and thinner clouds of one colour. Splattered: drops of
// another colour where the value is high. Marbled: two colours that flow into each other, a lighter vein between them.
//
// Edges are soft and the second colours near the first in brightness: sharp drops and veins moved so far in a frame that the
// encoder tore them (SSIM 0.80 to 0.92).
fn wax_color(f: f32) -> vec3f {
    let clear = params.style == CLEAR;
    let splatter = params.style == SPLATTER;
    let thin = params.accent.rgb * 1.30 + params.glow_color.rgb * 0.05;
    let deep = mix(params.glow_color.rgb, look.dark.rgb, 0.40);
    let first = select(params.accent.rgb, params.accent.rgb * 0.70, clear);
    let second = select(select(deep, drop_color(), splatter), thin, clear);
    // Where the second colour begins, and how fast.
    let edge = select(select(vec2f(0.5, 0.64), vec2f(-0.48, 1.65), splatter), vec2f(0.5, 0.6), clear);
    let share = clamp(f * edge.y + edge.x, 0.0, 1.0);
    let flow = mix(first, second, share * share * (3.0 - 2.0 * share));
    let vein = max(1.0 - abs(f + 0.12) * 3.0, 0.0);
    return mix(flow, look.paper.rgb, select(0.16, 0.0, clear || splatter) * vein * vein);
}

// Drops are of the cover's paper, or of a deeper shade of the wax where the two are equally bright.
fn drop_color() -> vec3f {
    let apart = abs(luma_from_rgb(look.paper.rgb) - luma_from_rgb(params.accent.rgb));
    let paper = mix(params.accent.rgb, look.paper.rgb, 0.56);
    return select(mix(params.accent.rgb, look.dark.rgb, 0.42), paper, apart > 0.25);
}

// ---- the pattern

// The pattern is a sum of two waves around the disc whose phases drift with the radius, which bends them into swirls, or, with
// more periods, breaks them into drops. A wave of n periods turned by t is cos(n t) times the wave plus sin(n t) times its
// quarter-period neighbour: these four numbers are baked. Angles clockwise from the top.
fn pattern_at(r: f32, angle: f32) -> vec4f {
    let pressing = u32(look.seed * 16777216.0) * 4u + 77u;
    let n = periods();
    var bend = vec2f(11.0, -16.0) * r;
    bend += vec2f(1.9 * noise_1d(r * 13.0, pressing), 2.6 * noise_1d(r * 10.0, pressing + 1u));
    bend += vec2f(0.25, 0.3) * noise_1d(r * 24.0, pressing + 3u);
    if (params.style == SPLATTER) {
        bend = vec2f(3.4 * noise_1d(r * 12.0, pressing), 4.4 * noise_1d(r * 10.0, pressing + 1u));
    }
    let share = 0.38 + 0.12 * noise_1d(r * 11.0, pressing + 2u);
    let wide = n.x * angle + bend.x;
    let narrow = n.y * angle + bend.y;
    return vec4f((1.0 - share) * vec2f(cos(wide), sin(wide)), share * vec2f(cos(narrow), sin(narrow)));
}

// Periods of the two waves. They are whole numbers, so that a loop closes, and have no common factor, so that nothing repeats.
fn periods() -> vec2f {
    return select(vec2f(1.0, 3.0), vec2f(5.0, 8.0), params.style == SPLATTER);
}

fn pattern_fade(r: f32, px: f32) -> f32 {
    let within = min(r - ETCHED_OUTER, SPECTRUM_REACH - r) - 3.0 / px;
    return smoothstep(0.0, 0.035, within);
}

fn turned_pattern(still: Still, turn: f32) -> f32 {
    let angles = periods() * (turn * TAU);
    let c = cos(angles);
    let s = sin(angles);
    return dot(vec2f(c.x, s.x), one_of_two(still.data.x)) + dot(vec2f(c.y, s.y), one_of_two(still.data.y));
}

// Two numbers of -1 to 1 in one float, 12 bits each: one as its whole part, one as its fraction.
fn two_in_one(v: vec2f) -> f32 {
    return floor(v.x * 2000.0 + 2048.5) + clamp(v.y * 0.49 + 0.5, 0.0, 0.999);
}

fn one_of_two(packed: f32) -> vec2f {
    let whole = floor(packed);
    return vec2f((whole - 2048.0) * 0.0005, (packed - whole - 0.5) * (1.0 / 0.49));
}
