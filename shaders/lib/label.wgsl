// The label with the cover on it, the spindle in its middle, and the text etched into the dead wax around it.

const LABEL_EDGE: f32 = 0.400;
const SPINDLE_HOLE: f32 = 0.020;
// Where the text runs; a manifest's [text] and `cover_span` repeat it.
const ETCHED_OUTER: f32 = 0.490;
const ETCHED_INNER: f32 = 0.416;

// `color` is what lies over the cover (highlights, the hole), `weight` how much of the cover shows. `under` is the record's
// colour beside the label, which shows through its antialiased edge.
fn label_still(at: vec2f, r: f32, px: f32, under: vec3f, brightness: f32, part: u32) -> Still {
    let body = inside(r, LABEL_EDGE, px);
    let hole = inside(r, SPINDLE_HOLE, px);
    var light = 0.93 + 0.10 * dot(at / LABEL_EDGE, RECORD_LIT);
    light *= 1.0 - 0.38 * smoothstep(LABEL_EDGE - 0.016, LABEL_EDGE, r);
    // A pressed ring, lit on one side and shaded on the other.
    light *= 1.0 + 0.10 * bump(r, 0.135, 0.005) * dot(normalize(at + vec2f(1e-5)), -RECORD_LIT);
    // The hole's soft shadow on the paper.
    light *= 1.0 - 0.50 * exp(-max(r - SPINDLE_HOLE, 0.0) / 0.010);
    let sheen = groove_specular(at, (RECORD_PANES[0] + RECORD_PANES[1]) * 0.5, RECORD_EYE, 0.75, 0.75) * 0.055 * brightness;
    var over = spindle_over(at, r, px, vec3f(sheen) * body);
    over += under * (1.0 - body);
    return Still(over, min(light, 1.0) * body * (1.0 - hole), part, vec2f(0.0));
}

// The spindle: a steel pin that fills most of the hole.
fn spindle_over(at: vec2f, r: f32, px: f32, over: vec3f) -> vec3f {
    let hole = inside(r, SPINDLE_HOLE, px);
    let pin = inside(r, SPINDLE_HOLE * 0.72, px);
    let steel = 0.34 + 0.30 * dot(at / SPINDLE_HOLE, RECORD_LIT) + 0.35 * bump(length(at - vec2f(-0.006, -0.008)), 0.0, 0.005);
    return mix(mix(over, vec3f(0.015), hole), vec3f(0.95, 0.97, 1.0) * steel, pin);
}

// The cover, drawn `radius` wide and turned clockwise with the disc.
fn turned_cover(at: vec2f, radius: f32, frame: u32) -> vec3f {
    let c = moments[frame].turn_cos;
    let s = moments[frame].turn_sin;
    // Turning the picture clockwise is turning the point the other way.
    let p = vec2f(c * at.x + s * at.y, c * at.y - s * at.x);
    return cover_at(p * (0.5 / radius) + 0.5);
}

// How far a radius lies into the band of the text: 0 at its outer edge, 1 at its inner one; beyond that there is none.
fn etched_across(r: f32) -> f32 {
    return (ETCHED_OUTER - r) / (ETCHED_OUTER - ETCHED_INNER);
}

// What etched text adds to dark wax: scratched, it scatters light. A contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).
const ETCHED_LIGHT: vec3f = vec3f(0.47, 0.48, 0.50);

// The text over `color` at the angle `turns` (from the top) and `across`; `ink` is what it adds.
fn etched_color(color: vec3f, ink: vec3f, turns: f32, across: f32, turn: f32) -> vec3f {
    let along = fract(turns - turn + 0.5 * look.text_turns) / look.text_turns;
    if (along >= 1.0) {
        return color;
    }
    return color + ink * text_at(along, across);
}
