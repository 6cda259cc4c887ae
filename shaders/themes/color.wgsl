// Color: coloured vinyl in the cover's colours: clear with light shining through it, splattered, or marbled. What the wax holds
// turns with the disc, the light on it and through it stands still. A pixel's share of the pattern is baked, so that turning
// it takes a few multiplications and no reading.

// The parts that move.
const LABEL_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RING_PART: u32 = 3u;
const ARM_RING_PART: u32 = 4u;
// Wax with swirls in it (clear or marbled), and with drops in it; each alone and under the tonearm.
const SWIRL_PART: u32 = 5u;
const ARM_SWIRL_PART: u32 = 6u;
const DROPS_PART: u32 = 7u;
const ARM_DROPS_PART: u32 = 8u;

// Values of the parameter `style`.
const CLEAR: f32 = 0.0;
const SPLATTER: f32 = 1.0;

// How strongly single turns of the groove show; more costs bits, since they stand still over what moves.
const FINE: f32 = 0.30;
// The lamp below the disc, and how far from it its light falls to 1/e, squared.
const LAMP: vec2f = vec2f(-0.34, -0.46);
const LAMP_REACH: f32 = 0.75;

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
    let arm = arm_span(at, GROOVES_OUTER, GROOVES_INNER, ARM_LIFT_SECS / look.length_secs);
    let armed = arm.to_progress > arm.from_progress && params.tonearm > 0.5 && look.looped < 0.5;
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
    if (params.style == SPLATTER) {
        return Still(color, weight, select(DROPS_PART, ARM_DROPS_PART, armed), vec2f(turns, r));
    }
    let swirl = swirl_at(r, turns * TAU) * pattern_fade(r, px);
    return Still(color, weight, select(SWIRL_PART, ARM_SWIRL_PART, armed), vec2f(two_in_one(swirl.xy), two_in_one(swirl.zw)));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let part = still.part;
    if (part == LABEL_PART) {
        return still.color + still.weight * turned_cover(at, LABEL_EDGE, frame);
    }
    if (part == TEXT_PART) {
        return etched_color(still.color, still.data.x, still.data.y, moments[frame].turn);
    }
    // Each kind's code stands here once: the blocks with several parts are drawn by code that holds all of it.
    var color: vec3f;
    if (part == RING_PART || part == ARM_RING_PART) {
        color = spectrum_color(at, still, frame, ring_look());
    } else if (part == SWIRL_PART || part == ARM_SWIRL_PART) {
        color = still.color + still.weight * wax_color(turned_swirl(still, frame));
    } else {
        color = still.color + still.weight * splattered_color(drops_at(still, frame));
    }
    if (part == ARM_RING_PART || part == ARM_SWIRL_PART || part == ARM_DROPS_PART) {
        let arm = arm_seen(at, mix(GROOVES_OUTER, GROOVES_INNER, moments[frame].progress), moments[frame].lift, params.accent.rgb);
        color = mix(color * arm.light, arm.color, arm.cover);
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
    groove.fine *= FINE;
    let edge = inside(r, RECORD_EDGE, px);
    let gloss = (record_gloss_linear(at, groove) * 0.55 + record_bevel_linear(at, r)) * params.light;
    let over = srgb_from_linear(mix(plinth_linear(r), gloss, edge));
    let side = 0.5 + 0.5 * dot(at / r, RECORD_LIT);
    var shade = 0.74 + 0.22 * side;
    if (params.style == CLEAR) {
        // The lamp below: bright above it, and the label, which it does not pass, casts a wide shadow away from it.
        let from_lamp = at - LAMP;
        let shadow = exp(-max(length(at + LAMP * 0.16) - LABEL_EDGE, 0.0) / 0.085);
        shade = (0.30 + 0.62 * exp(-dot(from_lamp, from_lamp) / LAMP_REACH)) * (1.0 - 0.62 * shadow);
    }
    // Loud passages, cut wider, are a little duller; uncut wax is a little darker.
    shade *= mix(0.86, 1.06 - 0.26 * groove.loud + 0.10 * groove.fine, groove.cut);
    // Light that has travelled in the wax leaves it at the rim.
    shade += (0.10 + 0.16 * side) * smoothstep(RECORD_BEVEL - 0.020, RECORD_EDGE, r);
    shade *= label_shadow(at) * edge * (1.0 - max(over.x, max(over.y, over.z)));
    return Still(over, clamp(shade, 0.0, 1.0), 0u, vec2f(0.0));
}

// Colour of the wax for a value of the pattern, -1 to 1.
fn wax_color(f: f32) -> vec3f {
    if (params.style == CLEAR) {
        // Denser and thinner clouds of one colour.
        return params.accent.rgb * (1.0 + 0.42 * f) + params.glow_color.rgb * max(0.10 * f, 0.0);
    }
    if (params.style == SPLATTER) {
        return splattered_color(0.0);
    }
    // Two colours that flow into each other, with a light vein between them.
    let share = clamp(f * 1.1 + 0.5, 0.0, 1.0);
    let vein = max(1.0 - abs(f + 0.12) * 5.5, 0.0);
    let flow = mix(params.accent.rgb, marble_second(), share * share * (3.0 - 2.0 * share));
    return mix(flow, look.paper.rgb, 0.55 * vein * vein);
}

// The second colour of marble: the glow's, deepened by the cover's dark.
fn marble_second() -> vec3f {
    return mix(params.glow_color.rgb, look.dark.rgb, 0.62);
}

fn splattered_color(drop: f32) -> vec3f {
    return mix(mix(params.accent.rgb, look.dark.rgb, 0.12), look.paper.rgb, drop);
}

// ---- swirls

// The pattern is a sum of two waves around the disc, of 1 and 3 periods, whose phases drift with the radius, which bends them
// into swirls. A wave of n periods turned by t is cos(n t) times the wave plus sin(n t) times its quarter-period neighbour: these
// four numbers are baked. Angles clockwise from the top.
fn swirl_at(r: f32, angle: f32) -> vec4f {
    let pressing = u32(look.seed * 16777216.0) * 4u + 77u;
    let wide = angle + 11.0 * r + 1.9 * noise_1d(r * 13.0, pressing) + 0.5 * noise_1d(r * 34.0, pressing + 3u);
    let narrow = 3.0 * angle - 16.0 * r + 2.6 * noise_1d(r * 10.0, pressing + 1u) + 0.6 * noise_1d(r * 29.0, pressing + 3u);
    let share = 0.46 + 0.16 * noise_1d(r * 11.0, pressing + 2u);
    return vec4f((1.0 - share) * vec2f(cos(wide), sin(wide)), share * vec2f(cos(narrow), sin(narrow)));
}

fn pattern_fade(r: f32, px: f32) -> f32 {
    let within = min(r - ETCHED_OUTER, SPECTRUM_REACH - r) - 3.0 / px;
    return smoothstep(0.0, 0.035, within);
}

fn turned_swirl(still: Still, frame: u32) -> f32 {
    let c = moments[frame].turn_cos;
    let s = moments[frame].turn_sin;
    let two = vec2f(c * c - s * s, 2.0 * c * s);
    let three = vec2f(two.x * c - two.y * s, two.y * c + two.x * s);
    return dot(vec2f(c, s), one_of_two(still.data.x)) + dot(three, one_of_two(still.data.y));
}

// Two numbers of -1 to 1 in one float, 12 bits each: one as its whole part, one as its fraction.
fn two_in_one(v: vec2f) -> f32 {
    return floor(v.x * 2000.0 + 2048.5) + clamp(v.y * 0.49 + 0.5, 0.0, 0.999);
}

fn one_of_two(packed: f32) -> vec2f {
    let whole = floor(packed);
    return vec2f((whole - 2048.0) / 2000.0, (packed - whole - 0.5) / 0.49);
}

// ---- drops

// How much of a drop is at a point, 0 to 1: two layers of drops, one in each cell of a grid around the disc.
fn drops_at(still: Still, frame: u32) -> f32 {
    let turned = fract(still.data.x - moments[frame].turn + 1.0);
    let drops = max(drop_in_cell(turned, still.data.y, 0.078, 3u), drop_in_cell(turned, still.data.y + 0.031, 0.052, 911u));
    return drops;
}

fn drop_in_cell(turned: f32, r: f32, height: f32, salt: u32) -> f32 {
    let row = floor(r / height);
    let radius = (row + 0.5) * height;
    // As many to a row as leave each some 0.22 of length.
    let cells = floor(radius * TAU / 0.22);
    let cell = turned * cells;
    let h = hash_u32(u32(cell) + u32(row) * 64u + salt * 4096u + u32(look.seed * 65535.0));
    let size = height * (0.07 + 0.36 * unit_from_hash(h << 8u) * unit_from_hash(h << 8u));
    // A shutter open for the whole frame draws a drop out along its way: 6.7 degrees at 33 1/3 rpm.
    let way = 0.050 * radius;
    let room = vec2f(0.11 - way - size, height * 0.5 - size);
    let dx = (fract(cell) - 0.5) * (radius * TAU / cells) - (unit_from_hash(h) * 2.0 - 1.0) * max(room.x, 0.0);
    let dy = r - (row + 0.5) * height - (unit_from_hash(h << 16u) * 2.0 - 1.0) * room.y;
    let d = dx * dx / ((way + size) * (way + size)) + dy * dy / (size * size);
    return clamp((1.0 - d) * 1.8, 0.0, 1.0) * 0.92;
}
