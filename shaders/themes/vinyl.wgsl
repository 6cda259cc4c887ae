// Vinyl: a black record that fills the circle. Everything lit is still, since the lights do not turn: grooves, streaks,
// rim. Only the label, the text etched around it, the tonearm and the ring of light at the edge move, which is also what keeps
// the circle small and quick to make.

// The parts that move.
const LABEL_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RING_PART: u32 = 3u;
const DUST_PART: u32 = 4u;
// The tonearm over the record, drawn only while it passes, and over the ring, where both move.
const ARM_PART: u32 = 5u;
const ARM_RING_PART: u32 = 6u;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    if (r < LABEL_EDGE + 0.5 / px) {
        let under = srgb_from_linear(record_linear(at, max(r, LABEL_EDGE), px, params.bands, params.light));
        return label_still(at, r, px, under, params.light, LABEL_PART);
    }
    let color = srgb_from_linear(record_linear(at, r, px, params.bands, params.light));
    let turns = turns_from_top(at);
    let arm = arm_span(at, params.tonearm);
    let armed = arm.to_progress > arm.from_progress;
    if (r > SPECTRUM_REACH) {
        return spectrum_still(color, r, turns, px, select(RING_PART, ARM_RING_PART, armed));
    }
    // Where the text may pass, the pixel moves.
    let across = etched_across(r);
    if (across > 0.0 && across < 1.0 && look.text_turns > 0.0 && params.text > 0.5) {
        return Still(color, 1.0, TEXT_PART, vec2f(turns, across));
    }
    if (armed) {
        return Still(color, 1.0, ARM_PART, vec2f(arm.from_progress, arm.to_progress));
    }
    // Specks fade before they come to the arm, which is drawn without them.
    return dust_still(color, r, turns, params.dust * smoothstep(0.0, 0.3, arm.away), DUST_PART);
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let part = still.part;
    if (part == LABEL_PART) {
        return still.color + still.weight * turned_cover(at, LABEL_EDGE, frame);
    }
    if (part == DUST_PART) {
        return dust_color(still, moments[frame].turn);
    }
    if (part == TEXT_PART) {
        return etched_color(still.color, ETCHED_LIGHT, still.data.x, still.data.y, moments[frame].turn);
    }
    // Ring and arm stand here once each: the blocks with several parts are drawn by code that holds all of it.
    var color = still.color;
    if (part == RING_PART || part == ARM_RING_PART) {
        color = spectrum_color(at, still, frame, ring_look());
    }
    if (part == ARM_PART || part == ARM_RING_PART) {
        color = arm_over(color, at, frame, params.accent.rgb);
    }
    return color;
}

fn ring_look() -> Spectrum {
    return Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow, params.sparks, params.sweep);
}
