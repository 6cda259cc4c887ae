// Neon: no record, a sign on a brick wall at night. The outer tube is bent by the spectrum, one closed curve without a seam, and
// a second one answers it on the inner side; the small ring swells with the bass and sends a ripple out with every beat; the
// title is written in glass between them. The wall and the light that always lies on it are baked; only the tubes' own light moves.

// Where the tubes run when nothing is heard, in disc units.
const CURVE: f32 = 0.715;
// How far the loudest note bends the outer tube out, and the inner one in.
const CURVE_OUT: f32 = 0.215;
const CURVE_IN: f32 = 0.070;
// Half of the way between the two tubes at rest.
const CURVE_GAP: f32 = 0.016;
const TITLE: f32 = 0.480;
const TITLE_HEIGHT: f32 = 0.110;
const TITLE_REACH: f32 = 0.078;
const HEART: f32 = 0.250;
// Where there is no title, the middle takes its place.
const HEART_ALONE: f32 = 0.340;
// How far the bass widens the ring in the middle, and bends it.
const HEART_SWELL: f32 = 0.020;
const HEART_BEND: f32 = 0.062;
// What moves with the spectrum lies outside of this, what moves with the beat inside.
const CURVE_REACH: f32 = 0.560;
// Half the thickness of a tube.
const TUBE: f32 = 0.0105;
// Beyond this a tube's light on the wall is part of what is baked.
const HALO_REACH: f32 = 0.095;
// Points of the curve on each side, one for every other band of the spectrum: the even ones up the left, the odd ones up the
// right. So every band is seen, no bend is too sharp for glass, and the sides differ a little, as what is bent by hand does.
const POINTS: f32 = 32.0;

// The curve, the title's band, the ripple around the middle, the middle.
const CURVE_PART: u32 = 1u;
const TITLE_PART: u32 = 2u;
const RIPPLE_PART: u32 = 3u;
const HEART_PART: u32 = 4u;

// `color` is the wall in the light that is always there, `weight` how much light the wall gives back.
fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let brick = brick_at(at);
    let color = wall_color(r, brick);
    if (r > CURVE_REACH) {
        let up = (turns_from_top(at) - 0.5) * 2.0 * POINTS;
        return Still(color, brick, CURVE_PART, vec2f(up, 0.0));
    }
    if (has_title() && abs(r - TITLE) < TITLE_REACH) {
        return Still(color, brick, TITLE_PART, title_light(at, r));
    }
    let from_heart = r - heart_rest();
    if (from_heart > HEART_SWELL + HEART_BEND + HALO_REACH) {
        return Still(color, brick, RIPPLE_PART, vec2f(0.0));
    }
    return Still(color, brick, select(HEART_PART, 0u, from_heart < -HEART_BEND - HALO_REACH), vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let r = length(at);
    if (still.part == CURVE_PART) {
        return still.color + curve_light(at, r, still, frame);
    }
    let ground = still.color + ripple_light(r, still.weight, frame);
    if (still.part == HEART_PART) {
        return ground + heart_light(at, r, still.weight, frame);
    }
    if (still.part == RIPPLE_PART) {
        return ground;
    }
    let shine = 0.80 + 0.20 * moments[frame].loudness;
    let tint = first_gas();
    return ground + (tint * (still.data.y * still.weight) + mix(tint, vec3f(1.0), 0.72) * still.data.x) * shine;
}

// ---- tubes

// Gas shines purer than paint: the colour with its grey taken out, as bright as it can be.
fn gas(color: vec3f) -> vec3f {
    let grey = min(color.r, min(color.g, color.b));
    let pure = color - grey * params.purity;
    return pure / max(max(pure.r, max(pure.g, pure.b)), 0.05);
}

fn first_gas() -> vec3f {
    return gas(params.accent.rgb);
}

// A sign wants two colours. Where the cover has but one, the second is driven along the circle of hues.
fn second_gas() -> vec3f {
    let first = first_gas();
    let second = gas(params.glow_color.rgb);
    let other = abs(first - second);
    let alike = clamp(1.0 - 1.6 * max(other.r, max(other.g, other.b)), 0.0, 1.0);
    let glow = params.glow_color.rgb;
    let colored = clamp(3.0 * (max(glow.r, max(glow.g, glow.b)) - min(glow.r, min(glow.g, glow.b))), 0.0, 1.0);
    return gas(mix(second, second.brg, 0.55 * alike * colored * params.apart));
}

// The light at the distances `one` and `other` from the middles of two tubes: glass white with heat in the middle, and the colour
// of the gas around it, falling off as a line of light does. `wall` is how much the wall gives back. Only the nearer tube is
// reckoned: where they meet, one colour goes over into the other.
fn tubes_light(one: f32, other: f32, first: vec3f, second: vec3f, power: f32, wall: f32) -> vec3f {
    let off = min(one, other);
    let tint = mix(second, first, clamp(0.5 + (other - one) * 16.0, 0.0, 1.0));
    let x = off / max(TUBE, 2.6 / look.size_px);
    let window = max(1.0 - off * off * (1.0 / (HALO_REACH * HALO_REACH)), 0.0);
    let halo = window * window / (1.15 + 0.35 * x + 0.25 * x * x);
    let glass = clamp(1.25 - x * x, 0.0, 1.0);
    return tint * (halo * power * max(wall, glass)) + mix(tint, vec3f(1.0), 0.78) * (glass * (0.55 + 0.45 * power));
}

// Both tubes of the spectrum. The points are joined by a quadratic B-spline, which is smooth and never overshoots; its slope
// turns the distance along the radius into the distance from the tube, so that a steep stretch is no thicker than a flat one.
fn curve_light(at: vec2f, r: f32, still: Still, frame: u32) -> vec3f {
    let i = floor(still.data.x);
    let f = still.data.x - i;
    let a = curve_point(i - 1.0, frame);
    let b = curve_point(i, frame);
    let c = curve_point(i + 1.0, frame);
    let level = 0.5 * a * (1.0 - f) * (1.0 - f) + b * (0.5 + f - f * f) + 0.5 * c * f * f;
    let slope = (b - a) * (1.0 - f) + (c - b) * f;
    let calm = 0.45 + 0.55 * moments[frame].loudness;
    let bend = params.ring * calm;
    // One point is half a turn by the number of points.
    let per_length = slope * bend * POINTS / (0.5 * TAU * r);
    let upright = inverseSqrt(vec2f(1.0) + per_length * per_length * vec2f(CURVE_OUT * CURVE_OUT, CURVE_IN * CURVE_IN));
    let out = (r - CURVE - CURVE_GAP - level * bend * CURVE_OUT) * upright.x;
    let inward = (r - CURVE + CURVE_GAP + level * bend * CURVE_IN) * upright.y;
    let power = params.glow * (0.55 + 0.30 * moments[frame].bass + 0.15 * moments[frame].beat);
    let first = first_gas();
    let second = second_gas();
    let tubes = tubes_light(abs(out), abs(inward), first, second, power, still.weight);
    // Between the two the air itself shines, from one colour to the other.
    let between = clamp(-out * 9.0, 0.0, 1.0) * clamp(inward * 9.0, 0.0, 1.0);
    let air_tint = mix(second, first, clamp(0.5 + (out + inward) * 4.0, 0.0, 1.0));
    let air = air_tint * (between * (0.16 + 0.45 * level) * power * still.weight);
    let spark = spark_at(out + SPECTRUM_INNER, abs(still.data.x) * (1.0 / POINTS), at.x < 0.0, frame) * params.sparks * calm;
    return tubes + air + mix(first, vec3f(1.0), 0.7) * spark;
}

// A point of the curve. They are counted from the bottom, up the left from 0 on and up the right from -1 down; bands 0, 1 and 62,
// 63 meet where the sides do, so that the curve is closed. One step beyond the top is the other side's last point.
fn curve_point(index: f32, frame: u32) -> f32 {
    let band = abs(2.0 * index + 0.5) - 0.5;
    let heard = moments[frame].bands[u32(min(band, 4.0 * POINTS - 1.0 - band))];
    return heard * (0.4 + 0.6 * heard);
}

fn heart_rest() -> f32 {
    return select(HEART_ALONE, HEART, has_title());
}

// Two tubes in the middle, bent into three lobes by the bass and turning against each other.
fn heart_light(at: vec2f, r: f32, wall: f32, frame: u32) -> vec3f {
    let bass = moments[frame].bass;
    let swell = heart_rest() + HEART_SWELL * bass;
    let bend = HEART_BEND * (0.2 + 0.8 * bass);
    let round = 1.0 / max(r, 0.01);
    let power = params.glow * (0.35 + 0.45 * bass + 0.35 * moments[frame].beat);
    let c = moments[frame].turn_cos * at.x;
    let s = moments[frame].turn_sin * at.y;
    let one = abs(r - swell - bend * cos_of_three((s - c) * round));
    let other = abs(r - swell - bend * cos_of_three((c + s) * round));
    return tubes_light(one, other, first_gas(), second_gas(), power, wall);
}

// The ripple that runs from the middle with the beat, under the title.
fn ripple_light(r: f32, wall: f32, frame: u32) -> vec3f {
    let front = heart_rest() + (CURVE_REACH - 0.08 - heart_rest()) * moments[frame].beat_phase;
    let wave = (r - front) * 22.0;
    let crest = max(1.0 - wave * wave, 0.0);
    return first_gas() * (crest * crest * 0.42 * params.ripple * moments[frame].beat * wall);
}

// The cosine of three times an angle whose cosine is `c`.
fn cos_of_three(c: f32) -> f32 {
    return c * (4.0 * c * c - 3.0);
}

// ---- the title

fn has_title() -> bool {
    return look.text_turns > 0.0 && params.text > 0.5;
}

// How much glass covers a point, and how much of its light falls there.
fn title_light(at: vec2f, r: f32) -> vec2f {
    let turns = turns_from_top(at);
    let glass = title_at(turns, r);
    var halo = 0.0;
    for (var y = -2; y <= 2; y++) {
        for (var x = -2; x <= 2; x++) {
            let step = vec2f(f32(x), f32(y)) * 0.014;
            halo += title_at(turns + step.x / (TAU * TITLE), r + step.y) / (1.5 + f32(x * x + y * y));
        }
    }
    return vec2f(glass, halo * 0.11 * (1.0 - smoothstep(TITLE_REACH - 0.03, TITLE_REACH, abs(r - TITLE))));
}

fn title_at(turns: f32, r: f32) -> f32 {
    let along = fract(turns + 0.5 * look.text_turns) / max(look.text_turns, 0.001);
    let across = (TITLE - r) / TITLE_HEIGHT + 0.5;
    let on_strip = along < 1.0 && across > 0.0 && across < 1.0;
    return select(0.0, text_at(clamp(along, 0.0, 1.0), clamp(across, 0.0, 1.0)), on_strip);
}

// ---- the wall

// How much light a point of the wall gives back: bricks in a running bond, each burnt a little differently, darker joints.
fn brick_at(at: vec2f) -> f32 {
    let course = at.y / 0.118 + 0.5;
    let row = floor(course);
    let along = at.x / 0.285 + 0.5 * (row - 2.0 * floor(row * 0.5)) + 0.25;
    let edge = min(0.5 - abs(fract(course) - 0.5), (0.5 - abs(fract(along) - 0.5)) * (0.285 / 0.118)) * 0.118;
    let joint = smoothstep(0.004, max(0.011, 0.004 + 2.0 / look.size_px), edge);
    let burnt = unit_from_hash(hash_u32(u32(i32(row) + 100) * 512u + u32(i32(floor(along)) + 100)));
    let rough = noise_1d(at.x * 46.0 + burnt * 90.0, 3u) * noise_1d(at.y * 52.0 + burnt * 70.0, 4u);
    return clamp(mix(0.30, 0.62 + 0.26 * burnt + 0.10 * rough, joint), 0.0, 1.0);
}

fn wall_color(r: f32, brick: f32) -> vec3f {
    let from_curve = (r - CURVE) / 0.16;
    let from_heart = (r - heart_rest()) / 0.14;
    var light = first_gas() * (0.130 / (1.0 + from_curve * from_curve));
    light += second_gas() * (0.110 / (1.0 + from_curve * from_curve) + 0.15 / (1.0 + from_heart * from_heart));
    let rim = 1.0 - smoothstep(0.90, 1.0, r);
    return (vec3f(0.018, 0.017, 0.020) + light * params.wall) * brick * rim;
}
