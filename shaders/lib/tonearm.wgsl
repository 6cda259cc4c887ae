// A tonearm seen from above: a straight tube with a bent headshell, as on most turntables. Its pivot lies outside the picture.
// The radius is time: the stylus stands at `outer` when the fragment begins and at `inner` when it ends, so what lies under it
// is the groove that is heard. All lengths in disc units, heights above the disc too.

// Pivot, and its distance from the spindle; on real decks (215 mm for a record of 150 mm) it is a little farther away.
const ARM_PIVOT: vec2f = vec2f(0.8035, -0.9576);
const ARM_PIVOT_DISTANCE: f32 = 1.25;
// From the pivot to the stylus. The overhang of 0.05 and the bend of 21 degrees keep the head along the groove to within 4
// degrees over the whole side, which is what both are for on a real arm.
const ARM_LENGTH: f32 = 1.30;
const ARM_BEND_COS: f32 = 0.9336;
const ARM_BEND_SIN: f32 = 0.3584;

const ARM_TUBE: f32 = 0.0105;        // half the tube's width
const ARM_NECK: f32 = 0.135;         // from the stylus back to where tube and headshell meet
const ARM_NOSE: f32 = 0.013;         // from the stylus to the front of the cartridge
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
    let to_pivot = ARM_PIVOT / ARM_PIVOT_DISTANCE;
    return r * (c * to_pivot + sqrt(1.0 - c * c) * vec2f(-to_pivot.y, to_pivot.x));
}

// When the arm or its shadow passes over a point, as a span of progress; an empty one (from > to) where it never does. How far
// outside the span of the whole fragment a point lies is in `away`, 0 within it. Angles at the pivot give the arm's place:
// with two sides and the angle between them known, the third side is the stylus's radius.
struct ArmSpan {
    from_progress: f32,
    to_progress: f32,
    away: f32,
}

fn arm_span(at: vec2f, outer: f32, inner: f32, lift_share: f32) -> ArmSpan {
    let q = at - ARM_PIVOT;
    let reach = length(q);
    let to_pivot = ARM_PIVOT / ARM_PIVOT_DISTANCE;
    let angle = atan2(dot(q, vec2f(-to_pivot.y, to_pivot.x)), -dot(q, to_pivot));
    // How far it reaches to both sides of the line from pivot to stylus: the head is wider, the shadow falls outwards.
    let head = smoothstep(ARM_LENGTH - ARM_NECK - 0.10, ARM_LENGTH - ARM_NECK - 0.03, reach);
    let inwards = mix(0.018, 0.040, head) / reach;
    let outwards = (0.0395 * reach + mix(0.075, 0.105, head)) / reach;
    let lifted = outwards + 0.065 / reach;
    var span = ArmSpan(arm_progress(angle + inwards, outer, inner), arm_progress(angle - outwards, outer, inner), 0.0);
    // Lifted, its shadow falls farther away: at both ends the spans are longer.
    let longest = arm_progress(angle - lifted, outer, inner);
    if (longest > 1.0 - lift_share) {
        span.to_progress = longest;
    }
    if (span.to_progress < lift_share) {
        span.to_progress = select(span.to_progress, lift_share, longest > 0.0);
    }
    let beyond = reach - (ARM_LENGTH + ARM_NOSE + 0.115);
    span.away = max(max(-span.to_progress, span.from_progress - 1.0), beyond * 4.0);
    if (span.away > 0.0) {
        return ArmSpan(2.0, -1.0, span.away);
    }
    return ArmSpan(span.from_progress - 0.01, span.to_progress + 0.01, 0.0);
}

// The progress at which the line from pivot to stylus makes this angle with the one from pivot to spindle.
fn arm_progress(angle: f32, outer: f32, inner: f32) -> f32 {
    let d = ARM_PIVOT_DISTANCE;
    let r = sqrt(d * d + ARM_LENGTH * ARM_LENGTH - 2.0 * d * ARM_LENGTH * cos(max(angle, 0.0)));
    return (outer - r) / (outer - inner);
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

    // In the shadow, which is softer and fainter the higher the arm.
    let tube_shadow = arm_tube(at - ARM_SHADOW * (ARM_HEIGHT + raised), neck).y;
    let head_shadow = arm_head(arm_local(at - ARM_SHADOW * (ARM_HEAD_HEIGHT + raised), stylus, head));
    let soft = vec2f(0.016, 0.009) + 0.030 * lift;
    let dark = clamp(vec2f(0.5) - vec2f(tube_shadow, head_shadow) / soft, vec2f(0.0), vec2f(1.0));
    let eased = dark * dark * (vec2f(3.0) - 2.0 * dark) * (vec2f(0.56, 0.66) - 0.16 * lift);
    let light = 1.0 - max(eased.x, eased.y);

    let tube = arm_tube(at, neck);
    let local = arm_local(at, stylus, head);
    let shell = arm_shell(local);
    let cartridge = arm_cartridge(local);
    let finger = arm_finger(local);
    var color = arm_metal(tube.x / ARM_TUBE);
    var cover = clamp(0.5 - tube.y * px, 0.0, 1.0);
    let cartridge_cover = clamp(0.5 - cartridge * px, 0.0, 1.0);
    color = mix(color, arm_cartridge_color(local, accent, px), cartridge_cover);
    let shell_cover = clamp(0.5 - min(shell, finger) * px, 0.0, 1.0);
    color = mix(color, arm_shell_color(local, shell, px), shell_cover);
    cover = max(cover, max(cartridge_cover, shell_cover));
    return ArmSeen(light, color, cover);
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
    // The last bit before the head is a thicker collar.
    let collar = clamp((ahead + 0.052) * 400.0, 0.0, 1.0) * 0.004;
    return vec2f(side, max(abs(side) - ARM_TUBE - collar, ahead - 0.012));
}

// Distances from head parts; negative within.
fn arm_shell(p: vec2f) -> f32 {
    // Widens towards the front, with a rounded outline.
    let half_width = 0.0135 + 0.0105 * smoothstep(-0.125, -0.060, p.x);
    let d = vec2f(abs(p.x + 0.0645) - 0.0595, abs(p.y) - half_width) + 0.006;
    return length(max(d, vec2f(0.0))) + min(max(d.x, d.y), 0.0) - 0.006;
}

fn arm_cartridge(p: vec2f) -> f32 {
    let d = vec2f(abs(p.x + 0.034) - (0.034 + ARM_NOSE), abs(p.y) - 0.0185) + 0.003;
    return length(max(d, vec2f(0.0))) + min(max(d.x, d.y), 0.0) - 0.003;
}

// The finger lift: a thin bent wire on the outer side.
fn arm_finger(p: vec2f) -> f32 {
    let q = p - vec2f(-0.040, -0.020);
    let along = clamp(dot(q, vec2f(0.545, -0.838)) / 0.040, 0.0, 1.0);
    return length(q - vec2f(0.545, -0.838) * 0.040 * along) - 0.0042;
}

fn arm_head(p: vec2f) -> f32 {
    return min(min(arm_shell(p), arm_cartridge(p)), arm_finger(p));
}

// A polished tube under a light from the left: across it, -1 to 1, dark edges, a bright line, a faint second one.
fn arm_metal(x: f32) -> vec3f {
    let bright = max(1.0 - 9.0 * (x - 0.30) * (x - 0.30), 0.0);
    let second = max(1.0 - 16.0 * (x + 0.55) * (x + 0.55), 0.0);
    return vec3f(0.96, 0.98, 1.0) * (0.16 + 0.22 * max(1.0 - x * x, 0.0) + 0.56 * bright * bright + 0.14 * second);
}

fn arm_shell_color(p: vec2f, distance: f32, px: f32) -> vec3f {
    // Brushed dark metal, a bright chamfer at the edge, two screws.
    let chamfer = clamp(1.0 + distance * px / 1.6, 0.0, 1.0);
    let screw = length(vec2f(p.x + 0.046, abs(p.y) - 0.011));
    let body = 0.20 + 0.06 * clamp(p.y * 40.0, -1.0, 1.0) + 0.10 * clamp((p.x + 0.12) * 8.0, 0.0, 1.0);
    let lit = body + 0.30 * chamfer * (0.6 + 0.4 * clamp(p.y * 60.0, -1.0, 1.0));
    return vec3f(0.97, 0.98, 1.0) * mix(lit, 0.72, clamp((0.0048 - screw) * px + 0.5, 0.0, 1.0));
}

fn arm_cartridge_color(p: vec2f, accent: vec3f, px: f32) -> vec3f {
    // A white line at the front marks where the stylus stands.
    let mark = clamp((0.0022 - abs(p.y)) * px + 0.5, 0.0, 1.0);
    let front = clamp((p.x - (ARM_NOSE - 0.004)) * px, 0.0, 1.0);
    return mix(accent * (0.80 - 0.25 * front), vec3f(0.95), mark);
}
