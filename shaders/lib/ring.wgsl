// The ring of light at the rim: bars of the spectrum, the glow that follows the bass, a sweep of light on the beat, and
// sparks on the hardest hits. Each is calmer where the song is quiet.

const SPECTRUM_OUTER: f32 = 0.992;
const SPECTRUM_INNER: f32 = 0.930;
// The glow reaches over the edge of the record, this far in.
const SPECTRUM_REACH: f32 = 0.884;
const SPECTRUM_BARS: f32 = 128.0;
const SPECTRUM_BANDS: f32 = 64.0;

const SPARK_SECS: f32 = 0.35;
// Places on each half of the ring from which a spark may fly.
const SPARK_CELLS: f32 = 20.0;

// How a theme wants its ring.
struct Spectrum {
    low: vec3f,      // colour of the low notes
    high: vec3f,     // colour of the high notes and of the glow
    length: f32,     // of the bars, 0 to 1
    glow: f32,
    sparks: f32,
    sweep: f32,
}

// `weight` is how much of a bar covers the pixel sideways, `data` how far it is from the bottom up either side in bands, and its
// share of the glow. Bars count from the bottom up both sides, low notes first, so that the ring has no seam.
fn spectrum_still(color: vec3f, r: f32, turns: f32, px: f32, part: u32) -> Still {
    let bar = turns * SPECTRUM_BARS;
    let across = abs(fract(bar) - 0.5) * (TAU * r * px / SPECTRUM_BARS);
    let half_px = TAU * 0.96 * px / SPECTRUM_BARS * 0.31;
    let side = clamp(half_px - across + 0.5, 0.0, 1.0);
    let up = clamp(abs(turns - 0.5) * 2.0 * SPECTRUM_BANDS, 0.0, SPECTRUM_BANDS - 0.001);
    let from_edge = r - (SPECTRUM_INNER - 0.006);
    let width = select(0.030, 0.022, from_edge < 0.0);
    let glow = exp(-from_edge * from_edge / (width * width));
    let fade = smoothstep(SPECTRUM_REACH, SPECTRUM_REACH + 0.022, r) * inside(r, 0.998, px);
    return Still(color, side * fade, part, vec2f(up, glow * fade));
}

fn spectrum_color(at: vec2f, still: Still, frame: u32, ring: Spectrum) -> vec3f {
    let r = length(at);
    let px = look.size_px * 0.5;
    let calm = 0.45 + 0.55 * moments[frame].loudness;
    // Squared in part: what is loud stands out from what is a little less loud.
    let heard = moments[frame].bands[u32(still.data.x)];
    let level = heard * (0.3 + 0.7 * heard) * ring.length * calm;
    let top = SPECTRUM_INNER + 0.004 + level * (SPECTRUM_OUTER - SPECTRUM_INNER - 0.004);
    // Without length there is no bar at all, not even the stub that stands for silence.
    let shown = still.weight * select(0.0, 1.0, ring.length > 0.0);
    let bar = shown * clamp((top - r) * px + 0.5, 0.0, 1.0) * clamp((r - SPECTRUM_INNER) * px + 0.5, 0.0, 1.0);
    let height = still.data.x * (1.0 / SPECTRUM_BANDS);
    let hue = mix(ring.low, ring.high, height);
    let glow = ring.glow * calm * (0.06 + 0.50 * moments[frame].bass + 0.16 * moments[frame].onset);
    let sweep = spectrum_sweep(height, frame) * ring.sweep;
    let lit = still.color + ring.high * (still.data.y * (glow + 0.55 * sweep));
    let ringed = mix(lit, hue * (0.62 + 0.38 * level) + vec3f(0.45 * sweep), bar);
    return ringed + vec3f(1.00, 0.93, 0.80) * (spark_at(r, height, at.x < 0.0, frame) * ring.sparks * calm);
}

// A soft arc that runs up both sides from the bottom with each beat, sharp ahead and long behind. `height` is 0 at the bottom.
fn spectrum_sweep(height: f32, frame: u32) -> f32 {
    let behind = moments[frame].beat_phase * 1.10 - height;
    let arc = clamp(1.0 - 3.0 * behind, 0.0, 1.0) * clamp(1.0 + 14.0 * behind, 0.0, 1.0);
    return arc * arc * moments[frame].beat;
}

// Bright specks flung along the rim by a hit: each flies within a stretch of the ring of its own, fast at first, and is gone
// after SPARK_SECS.
fn spark_at(r: f32, height: f32, left: bool, frame: u32) -> f32 {
    let left_of_life = clamp(1.0 - moments[frame].spark_age_secs / SPARK_SECS, 0.0, 1.0);
    let flown = 1.0 - left_of_life * left_of_life;
    let cell = height * SPARK_CELLS;
    let salt = u32(moments[frame].spark_seed * 65535.0) * 64u + select(0u, 32u, left);
    let h = hash_u32(u32(cell) + salt);
    let chance = unit_from_hash(h << 24u);
    let speed = unit_from_hash(h << 16u);
    let tilt = unit_from_hash(h << 8u) * 1.5 - 0.5;
    let cell_length = 0.5 * TAU * SPECTRUM_INNER / SPARK_CELLS;
    // Upwards on either side, tilted off the rim.
    let along = (fract(cell) - 0.15 - (0.20 + 0.50 * speed) * flown) * cell_length;
    let off = r - (SPECTRUM_INNER + 0.012 + tilt * (0.030 * flown + 0.5 * along));
    let long = 0.010 + 0.022 * left_of_life;
    let thin = max(0.0055, 1.2 / (look.size_px * 0.5));
    let shape = max(1.0 - along * along / (long * long) - off * off / (thin * thin), 0.0);
    // Hard hits fling more of them.
    let thrown = clamp((moments[frame].spark_power * 0.75 - chance) * 8.0, 0.0, 1.0);
    return shape * left_of_life * thrown * 1.3;
}
