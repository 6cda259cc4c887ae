// Vinyl: a black record that fills the circle. Everything lit is still, since the lights do not turn: grooves, streaks,
// rim. Only the label, the text etched around it and the ring of light at the edge move, which is also what keeps the
// circle small and quick to make.

// The parts that move.
const LABEL_PART: u32 = 1u;
const TEXT_PART: u32 = 2u;
const RING_PART: u32 = 3u;
const DUST_PART: u32 = 4u;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    if (r < LABEL_EDGE + 0.5 / px) {
        let under = srgb_from_linear(record_linear(at, max(r, LABEL_EDGE), px, params.bands, params.light));
        return label_still(at, r, px, under, params.light, LABEL_PART);
    }
    let color = srgb_from_linear(record_linear(at, r, px, params.bands, params.light));
    let turns = turns_from_top(at);
    if (r > SPECTRUM_REACH) {
        return spectrum_still(color, r, turns, px, RING_PART);
    }
    // Where the text may pass, the pixel moves.
    let across = etched_across(r);
    if (across > 0.0 && across < 1.0 && look.text_turns > 0.0 && params.text > 0.5) {
        return Still(color, 1.0, TEXT_PART, vec2f(turns, across));
    }
    return dust_still(color, r, turns, params.dust, DUST_PART);
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == LABEL_PART) {
        return still.color + still.weight * turned_cover(at, LABEL_EDGE, frame);
    }
    if (still.part == RING_PART) {
        return spectrum_color(length(at), still, frame, Spectrum(params.accent.rgb, params.glow_color.rgb, params.ring, params.glow));
    }
    if (still.part == DUST_PART) {
        return dust_color(still, moments[frame].turn);
    }
    return etched_color(still.color, still.data.x, still.data.y, moments[frame].turn);
}
