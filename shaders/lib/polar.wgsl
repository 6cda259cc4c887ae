// Angles, rings and boxes.

const TAU: f32 = 6.283185307179586;

// Angle of a point as a part of a turn, 0 to 1: 0 at twelve o'clock, growing clockwise.
fn turns_from_top(at: vec2f) -> f32 {
    return fract(atan2(at.x, -at.y) / TAU + 1.0);
}

// 1 inside `edge`, 0 outside, blurred over one pixel. All in disc units but `px`, pixels per disc unit.
fn inside(r: f32, edge: f32, px: f32) -> f32 {
    return clamp((edge - r) * px + 0.5, 0.0, 1.0);
}

// A smooth bump: 1 at `center`, falling to 1/e at `width` from it.
fn bump(x: f32, center: f32, width: f32) -> f32 {
    let d = (x - center) / width;
    return exp(-d * d);
}

// How far a point is outside a box around the centre with round corners; negative inside.
fn box_distance(at: vec2f, half_size: vec2f, radius: f32) -> f32 {
    let q = abs(at) - half_size + radius;
    return length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0) - radius;
}
