// Noise without state: the same point gives the same value in every frame, on every adapter.

// A well-mixed 32-bit hash (the finaliser of PCG, O'Neill 2014).
fn hash_u32(x: u32) -> u32 {
    let state = x * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

fn unit_from_hash(h: u32) -> f32 {
    return f32(h >> 8u) / 16777216.0;
}

// Smooth noise along a line, -1 to 1, one feature per unit.
fn noise_1d(x: f32, salt: u32) -> f32 {
    let i = floor(x);
    let f = x - i;
    let u = f * f * (3.0 - 2.0 * f);
    let key = bitcast<u32>(i32(i)) + salt * 2654435761u;
    let a = unit_from_hash(hash_u32(key));
    let b = unit_from_hash(hash_u32(key + 1u));
    return mix(a, b, u) * 2.0 - 1.0;
}

// A fixed pattern of -0.5 to 0.5 with little low-frequency energy, for four pixels of a row: interleaved gradient noise
// (Jimenez 2014).
fn dither(x: vec4f, y: f32) -> vec4f {
    return fract(52.9829189 * fract(0.06711056 * x + 0.00583715 * y)) - 0.5;
}
