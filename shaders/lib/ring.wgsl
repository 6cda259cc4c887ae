// The ring of light at the rim: bars of the spectrum and the glow that follows the bass.

const SPECTRUM_OUTER: f32 = 0.992;
const SPECTRUM_INNER: f32 = 0.930;
// The glow reaches over the edge of the record, this far in.
const SPECTRUM_REACH: f32 = 0.872;
const SPECTRUM_BARS: f32 = 128.0;

// How a theme wants its ring.
struct Spectrum {
    low: vec3f,      // colour of the low notes
    high: vec3f,     // colour of the high notes and of the glow
    length: f32,     // of the bars, 0 to 1
    glow: f32,
}

// `weight` is how much of a bar covers the pixel sideways, `data` its band and its share of the glow.
fn spectrum_still(color: vec3f, r: f32, turns: f32, px: f32, part: u32) -> Still {
    let bar = turns * SPECTRUM_BARS;
    // Bars count from the bottom up both sides, low notes first, so that the ring has no seam.
    let across = abs(fract(bar) - 0.5) * (TAU * r * px / SPECTRUM_BARS);
    let half_px = TAU * 0.96 * px / SPECTRUM_BARS * 0.31;
    let side = clamp(half_px - across + 0.5, 0.0, 1.0);
    let half_turn = abs(turns - 0.5) * 2.0;
    let band = min(floor(half_turn * 64.0), 63.0);
    let from_edge = r - (SPECTRUM_INNER - 0.006);
    let glow = select(exp(-from_edge * from_edge / (0.030 * 0.030)), exp(-from_edge * from_edge / (0.022 * 0.022)), from_edge < 0.0);
    let fade = smoothstep(SPECTRUM_REACH, SPECTRUM_REACH + 0.03, r) * inside(r, 0.998, px);
    return Still(color, side * fade, part, vec2f(band, glow * fade));
}

fn spectrum_color(r: f32, still: Still, frame: u32, ring: Spectrum) -> vec3f {
    let band = u32(still.data.x);
    // Squared in part: what is loud stands out from what is a little less loud.
    let heard = moments[frame].bands[band];
    let level = heard * (0.3 + 0.7 * heard) * ring.length;
    let px = look.size_px * 0.5;
    let top = SPECTRUM_INNER + 0.004 + level * (SPECTRUM_OUTER - SPECTRUM_INNER - 0.004);
    let bar = still.weight * clamp((top - r) * px + 0.5, 0.0, 1.0) * clamp((r - SPECTRUM_INNER) * px + 0.5, 0.0, 1.0);
    let hue = mix(ring.low, ring.high, still.data.x * (1.0 / 63.0));
    let strength = still.data.y * ring.glow * (0.06 + 0.50 * moments[frame].bass + 0.16 * moments[frame].onset);
    let lit = still.color + ring.high * strength;
    return mix(lit, hue * (0.62 + 0.38 * level), bar);
}
