// What every entry point knows of a baked pixel: how it is stored, and when it moves.

// Bit n is set when part n is a timed one.
override TIMED_PARTS: u32 = 0u;

// Colours as 16-bit and weights as 12-bit fractions: finer than the eye and the encoder, half the memory of floats.
fn pack_still(s: Still) -> vec4u {
    let blue = u32(clamp(s.color.b, 0.0, 1.0) * 65535.0 + 0.5);
    let weight = u32(clamp(s.weight, 0.0, 1.0) * 4095.0 + 0.5);
    return vec4u(
        pack2x16unorm(s.color.rg),
        blue | (weight << 16u) | (s.part << 28u),
        bitcast<u32>(s.data.x),
        bitcast<u32>(s.data.y),
    );
}

fn unpack_still(v: vec4u) -> Still {
    let rg = unpack2x16unorm(v.x);
    let blue = f32(v.y & 0xffffu) / 65535.0;
    let weight = f32((v.y >> 16u) & 0xfffu) / 4095.0;
    return Still(vec3f(rg, blue), weight, v.y >> 28u, vec2f(bitcast<f32>(v.z), bitcast<f32>(v.w)));
}

fn is_timed(part: u32) -> bool {
    return ((TIMED_PARTS >> part) & 1u) != 0u;
}

// Whether the pixel is anything but its baked colour in this frame; `part` is its own, or the one its block is drawn as.
fn is_moving(still: Still, part: u32, frame: u32) -> bool {
    let now = moments[frame].progress;
    return still.part != 0u && (!is_timed(part) || (now >= still.data.x && now <= still.data.y));
}
