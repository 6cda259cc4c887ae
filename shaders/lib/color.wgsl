// Colour, decided once: themes give sRGB-encoded R'G'B' 0 to 1, the encoder gets BT.709 limited range.

fn linear_from_srgb(c: vec3f) -> vec3f {
    return select(pow((c + 0.055) / 1.055, vec3f(2.4)), c / 12.92, c <= vec3f(0.04045));
}

fn srgb_from_linear(c: vec3f) -> vec3f {
    let v = max(c, vec3f(0.0));
    return select(1.055 * pow(v, vec3f(1.0 / 2.4)) - 0.055, v * 12.92, v <= vec3f(0.0031308));
}

// BT.709 luma of R'G'B', 0 to 1. Rec. ITU-R BT.709-6, 3.2.
fn luma_from_rgb(c: vec3f) -> f32 {
    return dot(c, vec3f(0.2126, 0.7152, 0.0722));
}

// 8-bit limited-range Cb, Cr as floats, not yet rounded: 16 to 240.
fn chroma_code(c: vec3f) -> vec2f {
    let y = luma_from_rgb(c);
    return vec2f(128.0) + 224.0 * vec2f((c.b - y) / 1.8556, (c.r - y) / 1.5748);
}
