// Picture: a picture disc. The cover is printed across the whole record and turns under clear grooves, while the light on
// them stands still: streaks, rim and the shade around the spindle are baked as what is laid over the print and how much of
// it shows. The whole disc moves, so a pixel is one reading of the cover and nothing else.

// The parts that move.
const PRINT_PART: u32 = 1u;
const RING_PART: u32 = 2u;
// The tonearm over the print and over the ring.
const ARM_PART: u32 = 3u;
const ARM_RING_PART: u32 = 4u;

// The print ends where the clear edge of the record begins.
const PRINT_EDGE: f32 = 0.878;
// How strongly single turns of the groove show over the print. What stands still over what moves cannot be predicted by the
// encoder: at full strength they cost 0.013 of SSIM on a busy cover.
const FINE: f32 = 0.18;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    let arm = arm_span(at, params.tonearm);
    let armed = arm.to_progress > arm.from_progress;
    if (r > SPECTRUM_REACH) {
        let rim = srgb_from_linear(clear_rim_linear(at, r, px));
        return spectrum_still(rim, r, turns_from_top(at), px, select(RING_PART, ARM_RING_PART, armed));
    }
    var groove = groove_at(r, px, params.bands);
    groove.fine *= FINE;
    let gloss = record_gloss_linear(at, groove) * params.light * 0.62;
    let edge = inside(r, PRINT_EDGE, px);
    let lit = srgb_from_linear(mix(clear_rim_linear(at, r, px), gloss, edge));
    // What the gloss mirrors hides as much of the print.
    let shown = print_shown(at, r, groove) * (1.0 - max(lit.x, max(lit.y, lit.z)));
    let over = spindle_over(at, r, px, lit);
    let weight = clamp(shown * edge, 0.0, 1.0) * (1.0 - inside(r, SPINDLE_HOLE, px));
    return Still(over, weight, select(PRINT_PART, ARM_PART, armed), vec2f(0.0));
}

// How bright the print is under the wax. It darkens towards the edge, where it moves fastest: 33 pixels a frame at 33 1/3 rpm.
fn print_shown(at: vec2f, r: f32, groove: Groove) -> f32 {
    let shown = 0.92 + 0.06 * dot(at, RECORD_LIT) + 0.07 * groove.fine * groove.cut;
    let hole = 1.0 - 0.50 * exp(-max(r - SPINDLE_HOLE, 0.0) / 0.010);
    return shown * hole * (1.0 - 0.66 * smoothstep(0.25, 0.92, r));
}

// Beyond the print the wax is clear: the dark below, tinted by the light that the print sends outwards in it.
fn clear_rim_linear(at: vec2f, r: f32, px: f32) -> vec3f {
    let tint = mix(linear_from_srgb(look.paper.rgb), linear_from_srgb(look.glow.rgb), 0.6);
    let lit = 0.5 + 0.5 * dot(at / max(r, 0.001), RECORD_LIT);
    let glowing = tint * (0.016 + 0.050 * lit * lit + 0.10 * bump(r, PRINT_EDGE + 0.008, 0.004));
    let wax = glowing + linear_from_srgb(look.dark.rgb) * 0.5;
    return mix(plinth_linear(r), wax + record_bevel_linear(at, r) * params.light, inside(r, RECORD_EDGE, px));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let part = still.part;
    var color: vec3f;
    if (part == RING_PART || part == ARM_RING_PART) {
        color = spectrum_color(at, still, frame, ring_look());
    } else {
        color = still.color + still.weight * turned_cover(at, PRINT_EDGE, frame);
    }
    if (part == ARM_PART || part == ARM_RING_PART) {
        color = arm_over(color, at, frame, params.accent.rgb);
    }
    return color;
}

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}
