// Bakes what never moves: every pixel's `Still`, and which blocks of 4x2 pixels hold which moving parts.

@group(1) @binding(0) var<storage, read_write> baked: array<vec4u>;
// One word a block, row by row: bit n is set when the block has a pixel of part n.
@group(1) @binding(1) var<storage, read_write> block_parts: array<atomic<u32>>;
// Two words a block: the first and the last frame in which any of its pixels moves. The first counts down from the largest
// number, so that both are maxima.
@group(1) @binding(2) var<storage, read_write> block_spans: array<atomic<u32>>;
// The row of the picture this dispatch begins with: a stranger's theme is baked some rows at a time.
@group(1) @binding(3) var<uniform> first_row: u32;

const AROUND_POINTS: u32 = 64u;
const AROUND_BLUR: f32 = 0.2;   // of the cover's side
const AROUND_SPAN: f32 = 0.4;   // how far to its middle the picture's edge is, where 0.5 is the cover's own: nearer, as behind glass
const AROUND_LIGHT: f32 = 0.85;
const GOLDEN_TURN: f32 = 0.38196601;

@compute @workgroup_size(16, 16)
fn bake(@builtin(global_invocation_id) invocation: vec3u) {
    let side = u32(look.size_px);
    let id = vec2u(invocation.x, invocation.y + first_row);
    if (id.x >= side || id.y >= side) {
        return;
    }
    let radius_px = look.size_px * 0.5;
    let center = (vec2f(id) + 0.5) / radius_px - 1.0;
    // What surrounds the circle: nothing, or the cover, out of focus and in the shadow that the circle throws, so that its rim
    // stays what it is before black. The loop is here because an entry point's loops cost a stranger's theme no fuel.
    var around = vec3f(0.0);
    if (look.corners > 0.5 && length(center) > 0.99) {
        for (var i = 0u; i < AROUND_POINTS; i++) {
            around += around_point(center, i);
        }
        around *= AROUND_LIGHT * smoothstep(1.0, 1.22, length(center)) / f32(AROUND_POINTS);
    }
    // What the pixel is says its centre; its colour is the mean of three samples that share no row and no column. Themes smooth
    // their edges themselves, so five samples gave the same picture (43 dB) for a quarter more of a frame's whole cost. One
    // loop, so that the theme's function stands in the program once: it is most of what a driver compiles.
    var still: Still;
    var color = vec3f(0.0);
    var weight = 0.0;
    for (var i = 0u; i < 3u; i++) {
        let along = f32(i) - 1.0;
        let sample = still_in_circle(center + vec2f(along * 0.33, along * -0.14) / radius_px, around);
        if (i == 1u) {
            still = sample;
        }
        color += sample.color * (1.0 / 3.0);
        weight += sample.weight * (1.0 / 3.0);
    }
    still.color = color;
    still.weight = weight;
    // A pixel with its centre outside is part of the edge at most: it never moves.
    still.part = select(min(still.part, 8u), 0u, length(center) >= 1.0);
    baked[id.y * side + id.x] = pack_still(still);
    if (still.part != 0u) {
        let columns = (side + 3u) / 4u;
        let block = (id.y / 2u) * columns + id.x / 4u;
        atomicOr(&block_parts[block], 1u << still.part);
        let timed = is_timed(still.part);
        // A frame more on both sides, for what rounding may do.
        let span = clamp(still.data, vec2f(0.0), vec2f(1.0)) * look.frames + vec2f(-1.0, 1.0);
        let first = select(0u, u32(max(span.x, 0.0)), timed);
        let last = select(u32(look.frames), u32(max(span.y, 0.0)), timed);
        atomicMax(&block_spans[block * 2u], 0xffffffffu - first);
        atomicMax(&block_spans[block * 2u + 1u], last);
    }
}

// Outside the inscribed circle a theme draws nothing: there is what surrounds it.
fn still_in_circle(at: vec2f, around: vec3f) -> Still {
    if (length(at) >= 1.0) {
        return Still(around, 0.0, 0u, vec2f(0.0));
    }
    return theme_still(at);
}

// One of the points whose mean is the cover out of focus. They lie like a sunflower's seeds, which covers a disc evenly, so that
// no grid shows.
fn around_point(at: vec2f, i: u32) -> vec3f {
    let far = AROUND_BLUR * sqrt((f32(i) + 0.5) / f32(AROUND_POINTS));
    let turn = f32(i) * GOLDEN_TURN * TAU;
    return cover_at(clamp(at * AROUND_SPAN + 0.5 + far * vec2f(cos(turn), sin(turn)), vec2f(0.0), vec2f(1.0)));
}
