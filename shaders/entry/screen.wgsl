// Draws one frame on a screen: the same functions, numbers and baked pixels as `nv12.wgsl`, but R'G'B' of full range, as screens
// want it. The page runs `bake` once and then, for every frame, one triangle; the picture is `look.size_px` wide and has one
// fragment a pixel, so that nothing is drawn that the circle will not show.

// As `bake` left them.
@group(1) @binding(0) var<storage, read> stills: array<vec4u>;
@group(1) @binding(1) var<uniform> shown_frame: u32;

// One triangle that covers the picture.
@vertex
fn whole_picture(@builtin(vertex_index) corner: u32) -> @builtin(position) vec4f {
    return vec4f(f32(corner & 1u) * 4.0 - 1.0, f32(corner >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn screen(@builtin(position) place: vec4f) -> @location(0) vec4f {
    let side = u32(look.size_px);
    let pixel = min(vec2u(place.xy), vec2u(side - 1u));
    let still = unpack_still(stills[pixel.y * side + pixel.x]);
    var color = still.color;
    // Most pixels of most themes stand still: on a graphics card whole groups of them end here.
    if (is_moving(still, still.part, shown_frame)) {
        let at = (vec2f(pixel) + 0.5) * (2.0 / look.size_px) - 1.0;
        color = clamp(theme_color(at, still, shown_frame), vec3f(0.0), vec3f(1.0));
    }
    // The dither of the circle: dark gradients show no steps, flat black stays flat.
    let grain = dither(vec4f(f32(pixel.x)), f32(pixel.y)).x / 255.0;
    return vec4f(select(color + grain, color, color <= vec3f(0.0)), 1.0);
}
