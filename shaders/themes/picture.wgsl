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
const PRINT_EDGE: f32 = 0.880;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    let arm = arm_span(at, GROOVES_OUTER, GROOVES_INNER, ARM_LIFT_SECS / look.length_secs);
    let armed = arm.to_progress > arm.from_progress && params.tonearm > 0.5 && look.looped < 0.5;
    if (r > SPECTRUM_REACH) {
        let color = srgb_from_linear(record_linear(at, r, px, params.bands, params.light));
        return spectrum_still(color, r, turns_from_top(at), px, select(RING_PART, ARM_RING_PART, armed));
    }
    let groove = groove_at(r, px, params.bands);
    let gloss = srgb_from_linear(record_gloss_linear(at, groove) * params.light * 0.5);
    // The print lies under wax: a little darker, and darker still towards the edge.
    var shown = 0.90 + 0.06 * dot(at, RECORD_LIT) + 0.07 * groove.fine * groove.cut;
    shown *= 1.0 - 0.45 * smoothstep(0.45, 0.90, r);
    shown *= 1.0 - max(gloss.x, max(gloss.y, gloss.z));
    let edge = inside(r, PRINT_EDGE, px);
    let hole = inside(r, SPINDLE_HOLE, px);
    shown *= 1.0 - 0.50 * exp(-max(r - SPINDLE_HOLE, 0.0) / 0.010);
    var over = spindle_over(at, r, px, gloss);
    return Still(over, clamp(shown * edge * (1.0 - hole), 0.0, 1.0), select(PRINT_PART, ARM_PART, armed), vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == PRINT_PART) {
        return still.color + still.weight * turned_cover(at, PRINT_EDGE, frame);
    }
    if (still.part == RING_PART) {
        return spectrum_color(at, still, frame, ring_look());
    }
    let arm = arm_seen(at, mix(GROOVES_OUTER, GROOVES_INNER, moments[frame].progress), moments[frame].lift, params.accent.rgb);
    if (still.part == ARM_PART) {
        let print = still.color + still.weight * turned_cover(at, PRINT_EDGE, frame);
        return mix(print * arm.light, arm.color, arm.cover);
    }
    var surface = still;
    surface.color *= arm.light;
    return mix(spectrum_color(at, surface, frame, ring_look()), arm.color, arm.cover);
}

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}
