// Lyrics: the line being sung along the upper half of a wide ring, lit letter by letter; the line to come along the lower
// half, both upright. In the middle the cover turns, and the spectrum stands around it like rays. Letters stand still from
// one change of lines to the next: they are easy to read and cost hardly any bits.

// Radii in disc units, outside in. The text's band and `turns` are repeated by the manifest's [lyrics], LABEL by `cover_span`.
const RIM: f32 = 0.972;
const RIM_INNER: f32 = 0.945;
const TEXT_OUTER: f32 = 0.935;
const TEXT_INNER: f32 = 0.745;
const TEXT_TURNS: f32 = 0.46;
const RAYS_OUTER: f32 = 0.725;
const RAYS_INNER: f32 = 0.565;
const LABEL: f32 = 0.540;

const RAYS: f32 = 128.0;

// The parts that move.
const LABEL_PART: u32 = 1u;
const RAYS_PART: u32 = 2u;
const SUNG_PART: u32 = 3u;
const NEXT_PART: u32 = 4u;
const RIM_PART: u32 = 5u;

// How fast a line comes, and how much faster the one before it goes: two lines on top of each other cannot be read.
const COMES_SECS: f32 = 0.20;
const GOES_SECS: f32 = 0.10;
// Half the width of the light's edge, as a part of the row; the light begins and ends further than this beside the text.
const EDGE: f32 = 0.016;
// Grey of what is not sung yet, and of the line to come: text needs 4.5 to 1 on the ground (WCAG 2), also where it waits.
const UNSUNG: f32 = 0.60;
const NEXT: f32 = 0.49;
// What is lit is at least as bright as this, whatever the accent.
const LIT_LUMA: f32 = 0.84;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    let ground = ground_color(at, r);
    if (r < LABEL + 0.5 / px) {
        return middle_still(at, r, px, ground);
    }
    if (r > RAYS_INNER - 1.0 / px && r < RAYS_OUTER + 1.0 / px) {
        return rays_still(ground, r, turns_from_top(at), px);
    }
    if (r > TEXT_INNER && r < TEXT_OUTER) {
        return text_still(ground, at, r);
    }
    if (r > RIM_INNER) {
        let line = bump(r, RIM, 1.3 / px);
        let halo = bump(r, RIM, 0.011) * inside(r, 0.998, px);
        return Still(ground, max(line, halo * 0.45), RIM_PART, vec2f(0.0));
    }
    return Still(ground, 0.0, 0u, vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == LABEL_PART) {
        return middle_color(at, still, frame);
    }
    if (still.part == RAYS_PART) {
        return rays_color(length(at), still, frame);
    }
    if (still.part == SUNG_PART) {
        return sung_color(still, frame);
    }
    if (still.part == NEXT_PART) {
        return next_color(still, frame);
    }
    let light = 0.22 + (0.60 * moments[frame].bass + 0.20 * moments[frame].beat) * params.glow;
    return still.color + params.glow_color.rgb * (still.weight * light);
}

// ---- what never moves

// Nearly black, in the cover's tint; light falls from above and a little of the cover's glow lies around the label.
fn ground_color(at: vec2f, r: f32) -> vec3f {
    let body = linear_from_srgb(look.dark.rgb);
    let above = 0.75 - 0.45 * at.y;
    let around = exp(-max(r - LABEL, 0.0) / 0.11) * 0.030 * params.light;
    // The label casts a soft shadow to where the light does not come from.
    let shadow = exp(-max(length(at - vec2f(0.0, 0.016)) - LABEL, 0.0) / 0.020);
    let color = body * above * params.light + linear_from_srgb(params.glow_color.rgb) * around;
    return srgb_from_linear(color * (1.0 - 0.5 * shadow));
}

fn middle_still(at: vec2f, r: f32, px: f32, ground: vec3f) -> Still {
    let body = inside(r, LABEL, px);
    var light = 0.95 + 0.07 * dot(at / LABEL, vec2f(-0.40, -0.90));
    // A rounded edge: darker towards the rim, with a bright line where the light from above catches it.
    light *= 1.0 - 0.42 * smoothstep(LABEL - 0.030, LABEL, r);
    let facing = max(dot(at / max(r, 0.001), vec2f(-0.40, -0.90)), 0.0);
    let gleam = vec3f(0.34) * bump(r, LABEL - 0.007, 0.005) * facing * facing * params.light;
    return Still((gleam + 0.02) * body + ground * (1.0 - body), min(light, 1.0) * body, LABEL_PART, vec2f(0.0));
}

// `weight` is how much of a ray covers the pixel sideways, `data` its band and how near the pixel is to the label.
fn rays_still(ground: vec3f, r: f32, turns: f32, px: f32) -> Still {
    let ray = turns * RAYS;
    let across = abs(fract(ray) - 0.5) * (TAU * r * px / RAYS);
    // As wide at the tip as at the foot.
    let half_px = TAU * RAYS_INNER * px / RAYS * 0.27;
    let side = clamp(half_px - across + 0.5, 0.0, 1.0);
    // Rays count from the bottom up both sides, low notes first, so that the ring has no seam.
    let band = min(floor(abs(turns - 0.5) * 2.0 * 64.0), 63.0);
    return Still(ground, side, RAYS_PART, vec2f(band, across / px));
}

// `data` is the place in the row: along it and across.
fn text_still(ground: vec3f, at: vec2f, r: f32) -> Still {
    let across = (TEXT_OUTER - r) / (TEXT_OUTER - TEXT_INNER);
    let upper = turns_from_top(vec2f(at.x, -abs(at.y)));
    let along = (fract(upper + 0.5) - 0.5) / TEXT_TURNS + 0.5;
    if (look.lines < 0.5 || along <= 0.0 || along >= 1.0) {
        return Still(ground, 0.0, 0u, vec2f(0.0));
    }
    if (at.y < 0.0) {
        return Still(ground, 1.0, SUNG_PART, vec2f(along, across));
    }
    // Along the bottom the letters' tops point inward.
    return Still(ground, params.next, select(0u, NEXT_PART, params.next > 0.0), vec2f(along, 1.0 - across));
}

// ---- what moves

fn middle_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    return still.color + still.weight * turned_cover(at, LABEL, frame);
}

fn rays_color(r: f32, still: Still, frame: u32) -> vec3f {
    let heard = moments[frame].bands[u32(still.data.x)];
    // Squared in part: what is loud stands out from what is a little less loud.
    let level = heard * (0.25 + 0.75 * heard) * params.ring;
    let px = look.size_px * 0.5;
    // Round tips: the ray is shorter beside its middle.
    let top = RAYS_INNER + level * (RAYS_OUTER - RAYS_INNER) - still.data.y * 0.8;
    let ray = still.weight * clamp((top - r) * px + 0.5, 0.0, 1.0) * clamp((r - RAYS_INNER) * px + 0.5, 0.0, 1.0);
    let hue = mix(params.accent.rgb, params.glow_color.rgb, still.data.x * (1.0 / 63.0));
    return mix(still.color, hue * (0.55 + 0.45 * level), ray);
}

// How much is there of the line before the current one, and of the current one: some of it in its very first frame.
fn change(frame: u32) -> vec2f {
    let age = moments[frame].line_age_secs;
    return clamp(vec2f(1.0 - (age + 0.034) / GOES_SECS, (age + 0.034) / COMES_SECS), vec2f(0.0), vec2f(1.0));
}

fn lit_color() -> vec3f {
    let luma = luma_from_rgb(params.accent.rgb);
    return mix(params.accent.rgb, vec3f(1.0), clamp((LIT_LUMA - luma) / (1.001 - luma), 0.0, 1.0));
}

fn sung_color(still: Still, frame: u32) -> vec3f {
    let line = moments[frame].line;
    let shown = change(frame);
    let before = lyrics_at(line - 1.0, still.data.x, still.data.y) * shown.x;
    let letters = lyrics_at(line, still.data.x, still.data.y) * shown.y;
    let light = clamp((moments[frame].line_sung - still.data.x) * (0.5 / EDGE) + 0.5, 0.0, 1.0);
    let lit = lit_color();
    let color = mix(still.color, lit, before);
    return mix(color, mix(vec3f(UNSUNG), lit, light), letters);
}

fn next_color(still: Still, frame: u32) -> vec3f {
    let line = moments[frame].line;
    let shown = change(frame);
    let before = lyrics_at(line, still.data.x, still.data.y) * shown.x;
    let letters = lyrics_at(line + 1.0, still.data.x, still.data.y) * shown.y;
    return mix(still.color, vec3f(NEXT), max(letters, before) * still.weight);
}
