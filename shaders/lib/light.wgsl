// Light on grooves. The disc lies in the plane z = 0, the eye and the lights are above it (z > 0), in disc units.

struct Light {
    position: vec3f,
    color_linear: vec3f,
}

// Anisotropic specular reflection of one light on concentric grooves, after Ward, "Measuring and modeling anisotropic
// reflection" (SIGGRAPH 1992): `along` and `across` are the roughness along the groove's tangent and across it. A record is
// smooth along the groove and very rough across it, which draws the two opposite streaks that do not turn with the disc.
fn groove_specular(at: vec2f, light: vec3f, eye: vec3f, along: f32, across: f32) -> f32 {
    let point = vec3f(at, 0.0);
    let to_light = normalize(light - point);
    let to_eye = normalize(eye - point);
    let h = normalize(to_light + to_eye);
    let r = max(length(at), 1e-4);
    let radial = at / r;
    let tangent = vec2f(-radial.y, radial.x);
    let ht = dot(h.xy, tangent) / along;
    let hr = dot(h.xy, radial) / across;
    let lobe = exp(-(ht * ht + hr * hr) / (h.z * h.z));
    return lobe * sqrt(to_light.z / max(to_eye.z, 0.05));
}

// Schlick's approximation of Fresnel reflection at normal incidence `f0`.
fn fresnel(cos_angle: f32, f0: f32) -> f32 {
    return f0 + (1.0 - f0) * pow(clamp(1.0 - cos_angle, 0.0, 1.0), 5.0);
}
