// A tonearm seen from above: a straight tube with a bent headshell, as on most turntables. Its pivot lies outside the picture.
// The radius is time: the stylus stands at GROOVES_OUTER when the fragment begins and at GROOVES_INNER when it ends, so what lies under it
// is the groove that is heard. All lengths in disc units, heights above the disc too.

// Pivot, and its distance from the spindle; on real decks (215 mm for a record of 150 mm) it is a little farther away. Then
// the direction from the spindle to it, 40 degrees from the top, and the one a quarter turn clockwise from that.
const ARM_PIVOT: vec2f = vec2f(0.80350, -0.95755);
const ARM_PIVOT_DISTANCE: f32 = 1.25;
const ARM_TO_PIVOT: vec2f = vec2f(0.64280, -0.76604);
const ARM_AROUND: vec2f = vec2f(0.76604, 0.64280);
// From the pivot to the stylus. The overhang of 0.05 and the bend of 21 degrees keep the head along the groove to within 4
// degrees over the whole side, which is what both are for on a real arm.
const ARM_LENGTH: f32 = 1.30;
const ARM_BEND_COS: f32 = 0.9336;
const ARM_BEND_SIN: f32 = 0.3584;

const ARM_TUBE: f32 = 0.0105;        // half the tube's width
const ARM_NECK: f32 = 0.155;         // from the stylus back to where tube and headshell meet
const ARM_NOSE: f32 = 0.015;         // from the stylus to the front of the cartridge
const ARM_HEIGHT: f32 = 0.042;       // of the tube
const ARM_HEAD_HEIGHT: f32 = 0.020;
const ARM_LIFT: f32 = 0.060;         // how much higher it stands when it is lifted
const ARM_LIFT_SECS: f32 = 0.6;      // how long it takes to come down, and to go up again at the end
// Where the shadow of a point one unit high falls, for the light at the upper left.
const ARM_SHADOW: vec2f = vec2f(0.80, 0.86);

// What of the arm a pixel shows: how much light its shadow leaves, its own colour, how much of the pixel it covers.
struct ArmSeen {
    light: f32,
    color: vec3f,
    cover: f32,
}

// Where the stylus stands when it is `r` from the spindle: the far corner of the triangle spindle, pivot, stylus.
fn arm_stylus(r: f32) -> vec2f {
    let c = (ARM_PIVOT_DISTANCE * ARM_PIVOT_DISTANCE + r * r - ARM_LENGTH * ARM_LENGTH) / (2.0 * ARM_PIVOT_DISTANCE * r);
    return r * (c * ARM_TO_PIVOT + sqrt(1.0 - c * c) * ARM_AROUND);
}

// When the arm or its shadow passes over a point, as a span of progress; an empty one (from > to) where it never does. How far
// outside the span of the whole fragment a point lies is in `away`, 0 within it. Angles at the pivot give the arm's place:
// with two sides and the angle between them known, the third side is the stylus's radius.
struct ArmSpan {
    from_progress: f32,
    to_progress: f32,
    away: f32,
}

// `shown` is the theme's switch; a loop has no arm, since what depends on progress must not show there.
fn arm_span(at: vec2f, shown: f32) -> ArmSpan {
    if (shown < 0.5 || look.looped > 0.5) {
        return ArmSpan(2.0, -1.0, 1.0);
    }
    let lift_share = ARM_LIFT_SECS / look.length_secs;
    let q = at - ARM_PIVOT;
    let reach = length(q);
    let angle = atan2(dot(q, ARM_AROUND), -dot(q, ARM_TO_PIVOT));
    // How far it reaches to both sides of the line from pivot to stylus: the head is wider, the shadow falls outwards, and is
    // not to be seen beyond the record.
    let head = smoothstep(1.035, 1.105, reach);
    let shadowed = select(0.0, 1.0, dot(at, at) < RECORD_EDGE * RECORD_EDGE);
    let inwards = mix(0.014, 0.036, head) / reach;
    let outwards = (0.0395 * reach + mix(0.014 + 0.044 * shadowed, 0.088, head)) / reach;
    let lifted = outwards + (0.018 + 0.066 * shadowed) / reach;
    var span = ArmSpan(arm_progress(angle + inwards), arm_progress(angle - outwards), 0.0);
    // Lifted, it is seen farther out and its shadow falls farther away: at both ends the spans are longer.
    let longest = arm_progress(angle - lifted);
    if (longest > 1.0 - lift_share) {
        span.to_progress = longest;
    }
    if (span.to_progress < lift_share && longest > 0.0) {
        span.to_progress = lift_share;
    }
    let beyond = reach - (ARM_LENGTH + ARM_NOSE + 0.085);
    span.away = max(max(-span.to_progress, span.from_progress - 1.0), beyond * 4.0);
    if (span.away > 0.0) {
        return ArmSpan(2.0, -1.0, span.away);
    }
    let margin = 3.0 / look.frames;
    return ArmSpan(span.from_progress - margin, span.to_progress + margin, 0.0);
}

// The progress at which the line from pivot to stylus makes this angle with the one from pivot to spindle.
fn arm_progress(angle: f32) -> f32 {
    let d = ARM_PIVOT_DISTANCE;
    let r = sqrt(d * d + ARM_LENGTH * ARM_LENGTH - 2.0 * d * ARM_LENGTH * cos(max(angle, 0.0)));
    return (GROOVES_OUTER - r) / (GROOVES_OUTER - GROOVES_INNER);
}

// The arm and its shadow over `color`, in the groove that is heard.
fn arm_over(color: vec3f, at: vec2f, frame: u32, accent: vec3f) -> vec3f {
    let arm = arm_seen(at, mix(GROOVES_OUTER, GROOVES_INNER, moments[frame].progress), moments[frame].lift, accent);
    return mix(color * arm.light, arm.color, arm.cover);
}

// The arm with the stylus `r` from the spindle, `lift` 0 to 1; `accent` is the colour of the cartridge.
fn arm_seen(at: vec2f, r: f32, lift: f32, accent: vec3f) -> ArmSeen {
    let px = look.size_px * 0.5;
    let grooved = arm_stylus(r);
    let axis = (grooved - ARM_PIVOT) / ARM_LENGTH;
    let head = vec2f(ARM_BEND_COS * axis.x - ARM_BEND_SIN * axis.y, ARM_BEND_SIN * axis.x + ARM_BEND_COS * axis.y);
    // What is raised is seen farther from the centre, as the eye is above it.
    let stylus = grooved * (1.0 + 0.018 * lift);
    let neck = stylus - head * ARM_NECK;
    let raised = lift * ARM_LIFT;

    // The shadow is softer and fainter the higher the arm. The head's is that of a plain block.
    let tube_shadow = arm_tube(at - ARM_SHADOW * (ARM_HEIGHT + raised), neck).y;
    let head_shadow = arm_box(arm_local(at - ARM_SHADOW * (ARM_HEAD_HEIGHT + raised), stylus, head), 0.0215);
    let soft = vec2f(0.016, 0.009) + 0.030 * lift;
    let dark = clamp(vec2f(0.5) - vec2f(tube_shadow, head_shadow) / soft, vec2f(0.0), vec2f(1.0));
    let eased = dark * dark * (vec2f(3.0) - 2.0 * dark) * (vec2f(0.56, 0.66) - 0.16 * lift);

    let tube = arm_tube(at, neck);
    let local = arm_local(at, stylus, head);
    let shell = arm_shell(local);
    let parts = clamp(0.5 - vec3f(tube.y, arm_box(local, 0.0215), shell) * px, vec3f(0.0), vec3f(1.0));
    var color = mix(arm_metal(tube.x / ARM_TUBE, px), arm_cartridge_color(local, accent, px), parts.y);
    color = mix(color, arm_shell_color(local, shell, px), parts.z);
    return ArmSeen(1.0 - max(eased.x, eased.y), color, max(parts.x, max(parts.y, parts.z)));
}

// Coordinates of the head: x forward from the stylus, y to the side of the spindle.
fn arm_local(at: vec2f, stylus: vec2f, head: vec2f) -> vec2f {
    let q = at - stylus;
    return vec2f(dot(q, head), dot(q, vec2f(-head.y, head.x)));
}

// Offset from the tube's middle line (positive towards the spindle), and distance from its surface.
fn arm_tube(at: vec2f, neck: vec2f) -> vec2f {
    let whole = neck - ARM_PIVOT;
    let along = whole * inverseSqrt(dot(whole, whole));
    let q = at - neck;
    let ahead = dot(q, along);
    let side = dot(q, vec2f(-along.y, along.x));
    return vec2f(side, max(abs(side) - ARM_TUBE, ahead - 0.012));
}

// Distance from the headshell, negative within: it widens towards the front, and has a finger lift on its outer side.
fn arm_shell(p: vec2f) -> f32 {
    let half_width = 0.0150 + 0.0125 * smoothstep(-0.140, -0.070, p.x);
    let d = vec2f(abs(p.x + 0.0745) - 0.0695, abs(p.y) - half_width);
    let finger = p - vec2f(-0.045, -0.024);
    let along = clamp(dot(finger, vec2f(0.545, -0.838)), 0.0, 0.040);
    return min(max(d.x, d.y), length(finger - vec2f(0.545, -0.838) * along) - 0.0046);
}

// Distance from a block around the cartridge.
fn arm_box(p: vec2f, half_width: f32) -> f32 {
    return max(abs(p.x + 0.040) - (0.040 + ARM_NOSE), abs(p.y) - half_width);
}

// A polished tube under a light from the left: across it, -1 to 1, dark edges, a bright line, a faint second one. In a small
// picture the lines are wider than they should be and as much fainter: finer than a pixel, they would break into dots.
fn arm_metal(x: f32, px: f32) -> vec3f {
    let width = max(vec2f(0.333, 0.25), vec2f(1.0 / (ARM_TUBE * px)));
    let off = (vec2f(x) - vec2f(0.30, -0.55)) / width;
    let lines = max(vec2f(1.0) - off * off, vec2f(0.0)) * vec2f(0.333, 0.25) / width;
    let gleams = 0.56 * lines.x * max(1.0 - off.x * off.x, 0.0) + 0.14 * lines.y;
    return vec3f(0.96, 0.98, 1.0) * (0.16 + 0.22 * max(1.0 - x * x, 0.0) + gleams);
}

// Brushed dark metal, a bright chamfer at its edge, two screws.
fn arm_shell_color(p: vec2f, distance: f32, px: f32) -> vec3f {
    let chamfer = clamp(1.0 + distance * px / 1.6, 0.0, 1.0);
    let screw = length(vec2f(p.x + 0.054, abs(p.y) - 0.0125));
    let lit = 0.21 + 2.2 * p.y + 1.1 * (p.x + 0.14) + chamfer * (0.20 + 0.12 * clamp(p.y * 60.0, -1.0, 1.0));
    return vec3f(0.97, 0.98, 1.0) * mix(lit, 0.75, clamp((0.0055 - screw) * px + 0.5, 0.0, 1.0));
}

// A white line at the front marks where the stylus stands.
fn arm_cartridge_color(p: vec2f, accent: vec3f, px: f32) -> vec3f {
    let mark = clamp((0.0026 - abs(p.y)) * px + 0.5, 0.0, 1.0);
    return mix(accent * 0.85, vec3f(0.95), mark);
}
