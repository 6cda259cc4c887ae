// A theme is two functions. Points are in disc units: (0, 0) is the centre, the circle's edge has radius 1, y points down.
// Colours are sRGB values from 0 to 1. What there is to read: look (the circle: size_px, length_secs, looped, colours of the
// cover), moments[frame] (the music in this frame: bass, mid, treble, rms, loudness, onset, beat, spark_age_secs, bands[0..63];
// and turn, progress, time_secs), params (what theme.toml declares), envelope_at(0..1), cover_at(uv), text_at(along, across).

const LABEL: f32 = 0.5;
const RING: f32 = 0.78;

const LABEL_PART: u32 = 1u;
const RING_PART: u32 = 2u;

// What a pixel shows that never moves. A pixel that does move has a part, 1 to 8, and may carry data to `theme_color`.
// This runs once a circle, so it may cost a thousand times what `theme_color` may.
fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    let ground = look.dark.rgb * (1.2 - 0.6 * r);
    if (r < LABEL + 1.0 / px) {
        // The cover: `weight` blurs its edge over one pixel.
        return Still(ground, inside(r, LABEL, px), LABEL_PART, vec2f(0.0));
    }
    let glow = bump(r, RING, 0.09);
    if (glow > 0.004) {
        // How high the note is that lights this pixel, 0 at the bottom to 63 at the top, alike on both sides.
        let note = abs(turns_from_top(at) - 0.5) * 2.0 * 63.0;
        return Still(ground, glow, RING_PART, vec2f(note, r));
    }
    return Still(ground, 0.0, 0u, vec2f(0.0));
}

// What a moving pixel shows in a frame. This runs for every such pixel of every frame: keep it short.
fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == LABEL_PART) {
        let c = moments[frame].turn_cos;
        let s = moments[frame].turn_sin;
        let turned = vec2f(c * at.x + s * at.y, c * at.y - s * at.x);
        return mix(still.color, cover_at(turned * (0.5 / LABEL) + 0.5), still.weight);
    }
    // Between two bands of the spectrum the light is mixed, so that the ring has no steps.
    let band = u32(still.data.x);
    let heard = mix(moments[frame].bands[band], moments[frame].bands[min(band + 1u, 63u)], fract(still.data.x));
    let light = heard * 0.7 + moments[frame].bass * params.pulse;
    return still.color + params.accent.rgb * (still.weight * light);
}
