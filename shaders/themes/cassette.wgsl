// Cassette: a compact cassette behind the round window of a deck. Shell, label, glass and their light are still; what moves
// is what moves in a deck: the hubs, the edges of the two packs of tape, the rollers, and the lamps around the window.
//
// One disc unit is 46.5 mm: hubs, packs and the distance between them have the proportions of the real thing (IEC 60094-7),
// drawn lower in the shell than there, so that the label above them has room for the cover.

// ---- where everything is, in disc units

const RING_OUTER: f32 = 0.986;
const RING_INNER: f32 = 0.908;
const WINDOW: f32 = 0.886;         // the round window: beyond it lies the deck's bezel
const CHAMFER: f32 = 0.011;        // the bezel's polished inner edge
const GLOW_REACH: f32 = 0.805;

const SHELL_TOP: f32 = -0.815;
const LABEL_TOP: f32 = -0.755;
const LABEL_BOTTOM: f32 = 0.588;
const BAND_TOP: f32 = 0.462;       // the strip of bare paper under the cover, where the title is typed
const TEXT_MIDDLE: f32 = 0.534;
const TEXT_RADIUS: f32 = 0.250;    // the manifest's [text] repeats these two
const TEXT_WIDTH: f32 = 0.082;
const COVER_MIDDLE: f32 = -0.30;   // the cover is as wide as the window

const REEL_X: f32 = 0.457;
const REEL_Y: f32 = 0.195;
const SLOT: f32 = 0.250;           // radius of the opening's round ends
const FRAME: f32 = 0.030;          // width of the moulding around it
const PACK_EMPTY: f32 = 0.237;     // radius of a bare hub
const PACK_FULL: f32 = 0.455;
const HUB_HOLE: f32 = 0.128;
const TOOTH_TIP: f32 = 0.074;
const TOOTH_HALF: f32 = 0.019;
const SPINDLE: f32 = 0.046;

const FOOT_TOP: f32 = 0.640;       // the thicker part of the shell, where the heads reach the tape
const MOUTH: vec2f = vec2f(0.30, 0.052);
const MOUTH_Y: f32 = 0.752;
const SCREW: vec2f = vec2f(0.408, 0.712);
const ROLLER_X: f32 = 0.205;
const ROLLER_Y: f32 = 0.744;
const ROLLER: f32 = 0.040;

// ---- how it moves

// 4.76 cm a second.
const TAPE_SPEED: f32 = 1.02;
// A spin's way up and down, as the disc has it.
const SPIN_UP_SECS: f32 = 0.5;
const RUN_OUT_SECS: f32 = 0.8;

// ---- the parts that move

const TEETH_PART: u32 = 1u;
const HUB_PART: u32 = 2u;
const PACK_PART: u32 = 3u;
const ROLLER_PART: u32 = 4u;
const LAMP_PART: u32 = 5u;
const GLOW_PART: u32 = 6u;

// ---- light and matter

// Towards the one large lamp, over the left shoulder.
const KEY: vec3f = vec3f(-0.46, -0.62, 0.635);
const KEY_FLAT: vec2f = vec2f(-0.596, -0.803);
// The same lamp and a second, weaker one, as what is round and turned sees them.
const LAMP_LEFT: vec3f = vec3f(-0.9, -1.3, 1.5);
const LAMP_RIGHT: vec3f = vec3f(1.5, 0.3, 1.5);
const EYE: vec3f = vec3f(0.0, 0.0, 3.4);
// Ferric tape seen from the side, sRGB, at full light.
const TAPE: vec3f = vec3f(0.62, 0.44, 0.35);
// Hubs and rollers are made of the same off-white.
const IVORY: vec3f = vec3f(0.95, 0.93, 0.88);

// Lamps around the window, and in a row from the inside out.
const LAMPS: f32 = 96.0;
const LAMP_ROWS: f32 = 3.0;

fn theme_still(at: vec2f) -> Still {
    let r = length(at);
    let px = look.size_px * 0.5;
    // Once, and first: software adapters run every branch of what follows for every pixel.
    let under = still_linear(at, px);
    if (r > GLOW_REACH) {
        return rim_still(under, at, r, px);
    }
    let reel = reel_center(at);
    let from_reel = length(at - reel);
    if (slot_distance(at) < 0.0) {
        if (from_reel < PACK_EMPTY) {
            return hub_still(at, reel, from_reel, px);
        }
        return pack_still_at(at, reel, from_reel, px);
    }
    let color = srgb_from_linear(under);
    let roller = vec2f(sign(at.x) * ROLLER_X, ROLLER_Y);
    if (length(at - roller) < ROLLER) {
        return roller_still(color, at, roller, px);
    }
    return Still(color, 0.0, 0u, vec2f(0.0));
}

fn theme_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    if (still.part == TEETH_PART) {
        return teeth_color(at, still, frame);
    }
    if (still.part == HUB_PART) {
        return hub_color(at, still, frame);
    }
    if (still.part == PACK_PART) {
        return pack_color(at, still, frame);
    }
    if (still.part == ROLLER_PART) {
        return roller_color(still, frame);
    }
    if (still.part == LAMP_PART) {
        return lamp_color(still, frame);
    }
    return glow_color(still, frame);
}

// ---- the tape's way from the left reel to the right one

// How much of the tape has been played, 0 to 1. A loop has no beginning: its packs stay half and half.
fn tape_played(frame: u32) -> f32 {
    let length = look.length_secs;
    if (look.looped > 0.5) {
        return 0.5;
    }
    let time = moments[frame].progress * length;
    // The speed rises and falls in straight lines; this is the area under it.
    let up = min(SPIN_UP_SECS, 0.5 * length);
    let down = min(RUN_OUT_SECS, 0.5 * length);
    let rising = min(time, up);
    let falling = max(time - (length - down), 0.0);
    let steady = clamp(time - up, 0.0, length - up - down);
    let spun = rising * rising / (2.0 * up) + steady + falling - falling * falling / (2.0 * down);
    return select(time / length, spun / (length - 0.5 * (up + down)), params.spin > 0.5);
}

// The packs' radii. A pack's area is the tape on it, so that the square of its radius is linear in time.
fn pack_radii(played: f32) -> vec2f {
    let full = PACK_FULL * PACK_FULL;
    let empty = PACK_EMPTY * PACK_EMPTY;
    return sqrt(vec2f(mix(full, empty, played), mix(empty, full, played)));
}

// How far the reel at `x` has turned, in turns, clockwise (a reel turns the other way). Its speed is the tape's speed over its
// pack's radius; with that radius as above the sum over time is this.
fn reel_turns(x: f32, frame: u32) -> f32 {
    let radii = pack_radii(tape_played(frame));
    let rolled = select(radii.y - PACK_EMPTY, PACK_FULL - radii.x, x < 0.0);
    let rate = 2.0 * TAPE_SPEED * look.length_secs / (TAU * (PACK_FULL * PACK_FULL - PACK_EMPTY * PACK_EMPTY));
    return -select(rate * rolled, moments[frame].turn, look.looped > 0.5);
}

fn reel_center(at: vec2f) -> vec2f {
    return vec2f(select(REEL_X, -REEL_X, at.x < 0.0), REEL_Y);
}

// ---- shapes: distances in disc units, negative inside

fn slot_distance(at: vec2f) -> f32 {
    return length(vec2f(max(abs(at.x) - REEL_X, 0.0), at.y - REEL_Y)) - SLOT;
}

fn shell_distance(at: vec2f) -> f32 {
    return box_distance(at - vec2f(0.0, SHELL_TOP + 1.0), vec2f(1.4, 1.0), 0.06);
}

fn label_distance(at: vec2f) -> f32 {
    return box_distance(at - vec2f(0.0, 0.5 * (LABEL_TOP + LABEL_BOTTOM)), vec2f(1.2, 0.5 * (LABEL_BOTTOM - LABEL_TOP)), 0.05);
}

// A trapezium that grows wider downwards.
fn foot_distance(at: vec2f) -> f32 {
    let side = (abs(at.x) - 0.500 - 0.28 * (at.y - FOOT_TOP)) * 0.963;
    return smooth_max(side, FOOT_TOP - at.y, 0.02);
}

fn mouth_distance(at: vec2f) -> f32 {
    return box_distance(at - vec2f(0.0, MOUTH_Y), MOUTH, 0.030);
}

fn smooth_max(a: f32, b: f32, k: f32) -> f32 {
    let h = max(k - abs(a - b), 0.0) / k;
    return max(a, b) + h * h * k * 0.25;
}

// 1 inside a shape, 0 outside, blurred over one pixel.
fn cover_of(distance: f32, px: f32) -> f32 {
    return clamp(0.5 - distance * px, 0.0, 1.0);
}

// 0 inside a shape, 1 at `width` outside it: a rounded edge.
fn slope_of(distance: f32, width: f32) -> f32 {
    return smoothstep(0.0, 1.0, distance / width + 0.5);
}

// ---- the shell

// How high the plastic is, in disc units: what its edges look like follows from this alone.
fn shell_height(at: vec2f) -> f32 {
    var height = 0.030 * (1.0 - slope_of(shell_distance(at), 0.030));
    height += 0.022 * (1.0 - slope_of(foot_distance(at), 0.022));
    // A rounded moulding around the opening, and a recess around the mouth.
    let frame = (slot_distance(at) - 0.5 * FRAME) / (0.5 * FRAME);
    height += 0.013 * sqrt(max(1.0 - frame * frame, 0.0));
    height -= 0.012 * (1.0 - slope_of(mouth_distance(at) - 0.008, 0.014));
    return height;
}

fn shell_normal(at: vec2f, px: f32) -> vec3f {
    let e = 0.8 / px;
    let here = shell_height(at);
    let dx = shell_height(at + vec2f(e, 0.0)) - here;
    let dy = shell_height(at + vec2f(0.0, e)) - here;
    return normalize(vec3f(-dx / e, -dy / e, 1.0));
}

// What a surface of this colour sends to the eye: Lambert's diffuse light, and Blinn's highlight on the gloss.
fn lit_linear(albedo: vec3f, at: vec2f, normal: vec3f, gloss: f32) -> vec3f {
    let to_eye = normalize(EYE - vec3f(at, 0.0));
    let h = normalize(KEY + to_eye);
    let diffuse = 0.30 + 0.95 * max(dot(normal, KEY), 0.0);
    let shine = pow(max(dot(normal, h), 0.0), 70.0) * 0.85 + pow(max(dot(normal, h), 0.0), 9.0) * 0.09;
    let rim = fresnel(max(dot(normal, to_eye), 0.0), 0.03);
    return albedo * diffuse + vec3f(1.0, 0.97, 0.93) * (gloss * params.light * (shine + 0.10 * rim));
}

fn shell_linear(at: vec2f, px: f32) -> vec3f {
    // Tinted, slightly clear plastic: its own colour, deeper where it is thick.
    let tint = linear_from_srgb(params.shell.rgb);
    let thick = mix(0.46, 0.36, cover_of(foot_distance(at), px));
    let albedo = (tint * thick + 0.012) * (1.0 + 0.05 * grain(at, px));
    var color = lit_linear(albedo, at, shell_normal(at, px), 0.50);
    // The foot's shadow falls to the lower right.
    color *= 1.0 - 0.24 * soft_shadow(foot_distance(at - 0.016 * -KEY_FLAT), 0.030) * (1.0 - cover_of(foot_distance(at), px));
    // A window of the room, mirrored in the gloss of what is flat.
    let slant = at.x + 0.55 * at.y;
    let pane = smoothstep(-0.36, -0.28, slant) * (1.0 - smoothstep(0.12, 0.20, slant));
    let mirrored = pane * (1.0 - 0.65 * smoothstep(0.60, 0.95, at.y));
    color += vec3f(0.050 * params.light) * mirrored;
    // The gap between the moulding and the glass.
    color *= 1.0 - 0.92 * bump(slot_distance(at), 0.0, 0.0065);
    return screw_linear(color, at, vec2f(select(SCREW.x, -SCREW.x, at.x < 0.0), SCREW.y), px);
}

// Noise of two pixels and more, -1 to 1, so that flat plastic and paper are not dead.
fn grain(at: vec2f, px: f32) -> f32 {
    let cell = vec2i(floor((at + 1.0) * px * 0.5));
    return unit_from_hash(hash_u32(u32(cell.x) * 4099u + u32(cell.y))) * 2.0 - 1.0;
}

// How dark the shadow of a shape is at this distance outside it.
fn soft_shadow(distance: f32, width: f32) -> f32 {
    return 1.0 - smoothstep(-width, width, distance);
}

fn screw_linear(under: vec3f, at: vec2f, center: vec2f, px: f32) -> vec3f {
    let p = at - center;
    let r = length(p);
    if (r > 0.06) {
        return under;
    }
    // The countersink: its far wall is lit, its near wall dark.
    let wall = bump(r, 0.030, 0.006) * dot(p / max(r, 1e-4), -KEY_FLAT);
    var color = under * (1.0 - 0.75 * cover_of(r - 0.032, px)) + vec3f(0.20) * max(wall, 0.0);
    // The head, with its cross turned by the person who closed it.
    let steel = 0.20 + 0.16 * dot(p / 0.024, KEY_FLAT) + 0.30 * bump(length(p - 0.010 * KEY_FLAT), 0.0, 0.008);
    let turn = 0.6 + 3.0 * center.x;
    let c = cos(turn);
    let s = sin(turn);
    let q = abs(vec2f(c * p.x + s * p.y, c * p.y - s * p.x));
    let cross = max(cover_of(max(q.x - 0.016, q.y - 0.0045), px), cover_of(max(q.y - 0.016, q.x - 0.0045), px));
    let head = vec3f(0.95, 0.97, 1.0) * steel * (1.0 - 0.85 * cross);
    return mix(color, head, cover_of(r - 0.025, px));
}

// ---- everything that never moves

fn still_linear(at: vec2f, px: f32) -> vec3f {
    let shell = shell_distance(at);
    // The dark of the deck, in which the cassette casts a shadow.
    var color = linear_from_srgb(look.dark.rgb) * 0.5 * (1.0 - 0.7 * soft_shadow(shell - 0.03, 0.05));
    color = mix(color, shell_linear(at, px), cover_of(shell, px));
    let label = label_distance(at);
    if (label < 0.03) {
        color *= 1.0 - 0.30 * soft_shadow(label_distance(at + 0.004 * KEY_FLAT), 0.010);
        // The paper ends where the moulding around the opening begins.
        let on_paper = cover_of(label, px) * (1.0 - cover_of(slot_distance(at) - FRAME, px));
        color = mix(color, label_linear(at, px), on_paper);
    }
    if (mouth_distance(at) < 0.02) {
        color = mix(color, mouth_linear(at, px), cover_of(mouth_distance(at), px));
    }
    return color;
}

fn label_linear(at: vec2f, px: f32) -> vec3f {
    let paper = linear_from_srgb(params.paper.rgb);
    let ink = linear_from_srgb(params.ink.rgb);
    let print = linear_from_srgb(cover_at(vec2f(at.x, at.y - COVER_MIDDLE) * (0.5 / WINDOW) + 0.5));
    let band = cover_of(BAND_TOP - at.y, px);
    var color = mix(print, paper, band);
    // A stripe where the cover ends.
    let stripe = max(0.009, 1.0 / px);
    color = mix(color, linear_from_srgb(params.accent.rgb), cover_of(abs(at.y - BAND_TOP) - stripe, px));
    let text_turns = select(0.0, look.text_turns, params.text > 0.5);
    if (text_turns > 0.0) {
        let long = text_turns * TAU * TEXT_RADIUS;
        let along = at.x / long + 0.5;
        let across = (at.y - TEXT_MIDDLE) / TEXT_WIDTH + 0.5;
        if (along > 0.0 && along < 1.0 && across > 0.0 && across < 1.0) {
            color = mix(color, ink, 0.94 * text_at(along, across));
        }
    } else {
        // A line to write on.
        let line = max(abs(at.y - TEXT_MIDDLE - 0.018) - max(0.0025, 1.0 / px), abs(at.x) - 0.5);
        color = mix(color, ink, 0.55 * cover_of(line, px));
    }
    // Paper is matt: a broad, weak sheen, a little grain, a soft edge that catches light.
    let sheen = 0.035 * bump(length(at - vec2f(-0.45, -0.75)), 0.0, 0.75) * params.light;
    color = color * (0.87 + 0.10 * dot(at, KEY_FLAT)) * (1.0 + 0.025 * grain(at, px)) + sheen * (1.0 - color);
    let edge = label_distance(at);
    color += vec3f(0.10) * bump(edge, -0.004, 0.004) * max(dot(vec2f(0.0, sign(at.y)), KEY_FLAT), 0.0);
    // The moulding's shadow.
    return color * (1.0 - 0.55 * soft_shadow(slot_distance(at + 0.014 * KEY_FLAT) - FRAME, 0.018));
}

// The mouth: dark, with the tape stretched below the rollers and the felt that presses it to the head.
fn mouth_linear(at: vec2f, px: f32) -> vec3f {
    let p = at - vec2f(0.0, MOUTH_Y);
    var color = linear_from_srgb(look.dark.rgb) * 0.35 + vec3f(0.003);
    color += vec3f(0.010) * smoothstep(0.0, MOUTH.y, p.y);
    // A copper spring carries the felt.
    let spring = abs(at.y - (ROLLER_Y - 0.004 + 1.2 * at.x * at.x)) - max(0.006, 1.0 / px);
    let copper = vec3f(0.42, 0.22, 0.10) * (0.5 + 0.5 * bump(at.x, -0.05, 0.05));
    color = mix(color, copper, cover_of(max(spring, abs(at.x) - 0.13), px));
    let felt = box_distance(at - vec2f(0.0, ROLLER_Y + 0.016), vec2f(0.040, 0.018), 0.006);
    color = mix(color, vec3f(0.34, 0.31, 0.27) * (0.75 + 0.35 * dot(p / MOUTH, KEY_FLAT)), cover_of(felt, px));
    // The tape, from roller to roller, seen on its shiny back.
    let tape_y = ROLLER_Y + ROLLER + 0.004;
    let tape = abs(at.y - tape_y) - max(0.0075, 1.0 / px);
    let sheen = 0.03 + 0.30 * params.light * (bump(at.x, -0.11, 0.05) + 0.5 * bump(at.x, 0.14, 0.03));
    color = mix(color, linear_from_srgb(TAPE) * sheen, cover_of(tape, px));
    // The upper lip's shadow.
    return color * (1.0 - 0.6 * bump(mouth_distance(at), 0.0, 0.010));
}

// ---- the opening: glass, packs, hubs

// The window's reflection, which lies over all that is behind it: two slanting panes of light, and a bright upper edge.
fn glass(at: vec2f) -> f32 {
    let slant = at.x + 0.62 * (at.y - REEL_Y);
    let panes = smoothstep(-0.64, -0.60, slant) * (1.0 - smoothstep(-0.30, -0.26, slant))
        + 0.55 * smoothstep(-0.20, -0.17, slant) * (1.0 - smoothstep(-0.08, -0.05, slant));
    let up = clamp((REEL_Y - at.y) / SLOT * 0.5 + 0.5, 0.0, 1.0);
    let out = normalize(at - vec2f(clamp(at.x, -REEL_X, REEL_X), REEL_Y) + vec2f(1e-5));
    let edge = bump(slot_distance(at), -0.022, 0.006) * max(dot(out, KEY_FLAT), 0.0);
    return params.light * (0.115 * panes * up + 0.22 * edge);
}

// The moulding's shadow on what lies in the opening. At the edge all is dark, on both sides: there the parts meet.
fn depth(at: vec2f) -> f32 {
    let shade = soft_shadow(-slot_distance(at + 0.040 * KEY_FLAT), 0.045);
    return (1.0 - 0.62 * shade) * smoothstep(0.0, 0.012, -slot_distance(at));
}

// What is behind the packs: the sheet that lines the shell, with a lamp of the deck behind it. How bright, 0 to 1.
fn liner(at: vec2f) -> f32 {
    let lamp = bump(length((at - vec2f(0.0, REEL_Y + 0.05)) * vec2f(0.8, 1.0)), 0.0, 0.34);
    return 0.30 + 0.60 * lamp;
}

// The lamp's colour, and how it follows the bass.
fn lamp_light(bass: f32, beat: f32) -> vec3f {
    return mix(vec3f(1.0), params.glow_color.rgb, 0.82) * (0.80 + params.glow * (0.36 * bass + 0.12 * beat));
}

// Marks on the glass that say how much tape is left: every 0.055, each at least two pixels thick.
fn marks(at: vec2f, px: f32) -> f32 {
    let x = abs(fract(at.x / 0.055 + 0.5) - 0.5) * 0.055;
    let long = abs(at.x) < 0.02;
    let y = at.y - (REEL_Y + SLOT - 0.030);
    let mark = max(x - max(0.003, 1.0 / px), abs(y) - select(0.013, 0.022, long));
    return cover_of(mark, px) * cover_of(abs(at.x) - 0.18, px);
}

// `color` is the tape, `weight` the light where there is none. What moves is what is not tape: it flickers with the lamp.
fn pack_still_at(at: vec2f, reel: vec2f, r: f32, px: f32) -> Still {
    let over = glass(at);
    let printed = marks(at, px);
    // The hub stands out of the windings a little.
    let shade = depth(at) * smoothstep(-0.001, 0.008, r - PACK_EMPTY);
    // The windings lie like grooves: two opposite streaks of light, and rings where the tension changed.
    let p = at - reel;
    let streak = 0.9 * groove_specular(p, LAMP_LEFT, EYE, 0.22, 0.75) + 0.3 * groove_specular(p, LAMP_RIGHT, EYE, 0.16, 0.75);
    let rings = 0.6 * noise_1d(r * px / 2.2, 11u) + 0.4 * noise_1d(r * px / 7.0, 12u);
    let wound = TAPE * ((0.30 + 0.50 * streak * params.light) * (1.0 + 0.20 * rings) * shade);
    let tape = mix(wound, vec3f(0.86), 0.75 * printed) + vec3f(over);
    let bare = clamp(mix(liner(at) * shade, 1.0, 0.75 * printed) + over, 0.0, 1.0);
    let span = select(pack_span(r, at.x < 0.0), vec2f(-1.0, 2.0), look.looped > 0.5);
    return Still(tape, bare, PACK_PART, span);
}

// How far a pack's shadow reaches on what is behind it.
const SHADOW_REACH: f32 = 0.070;

// While the pixel is not covered by tape, in `progress`, with a margin for what a spin changes.
fn pack_span(r: f32, left: bool) -> vec2f {
    let share = (PACK_FULL * PACK_FULL - r * r) / (PACK_FULL * PACK_FULL - PACK_EMPTY * PACK_EMPTY);
    // The pixels of the edge itself, and the thin light on it, move a little longer.
    let margin = 0.012 + 6.0 / look.frames + select(0.0, 0.7 / look.length_secs, params.spin > 0.5);
    return select(vec2f(-1.0, 1.0 - share + margin), vec2f(share - margin, 2.0), left);
}

fn pack_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let radii = pack_radii(tape_played(frame));
    let edge = length(vec2f(abs(at.x) - REEL_X, at.y - REEL_Y)) - select(radii.y, radii.x, at.x < 0.0);
    // A pack's shadow on the sheet fades to the middle, `x` = 0: there one reel's pixels end and the other's begin.
    let middle = min(abs(at.x) * (1.0 / SHADOW_REACH), 1.0);
    let near = clamp(1.0 - edge * (1.0 / SHADOW_REACH), 0.0, 1.0) * middle;
    let bare = lamp_light(moments[frame].bass, moments[frame].beat) * (still.weight * (1.0 - 0.62 * near * near));
    // The last winding catches the light as a thin line.
    let turned = clamp(1.0 - abs(edge + 0.006) * 160.0, 0.0, 1.0) * 0.08;
    return mix(bare, still.color + TAPE * turned, clamp(0.5 - edge * look.size_px * 0.5, 0.0, 1.0));
}

// `weight` is the light on the plastic, `data` angle and radius. `color` is what lies over the plastic, the glass, and in the
// hole what is seen through it. Both go on over the hole's edge, so that the two parts meet without a seam.
fn hub_still(at: vec2f, reel: vec2f, r: f32, px: f32) -> Still {
    let p = at - reel;
    let toward_light = dot(p / max(r, 1e-4), KEY_FLAT);
    // The ring rises from the hole to a rounded shoulder and falls to the windings.
    let shoulder = toward_light * (0.22 * bump(r, PACK_EMPTY - 0.010, 0.018) - 0.26 * bump(r, HUB_HOLE + 0.004, 0.010));
    let worn = groove_specular(p, LAMP_LEFT, EYE, 0.30, 0.6) * 0.20 * params.light;
    let rim = smoothstep(0.0, 0.012, PACK_EMPTY - r);
    let light = clamp((0.66 + 0.10 * dot(p / PACK_EMPTY, KEY_FLAT) + shoulder + worn) * depth(at) * rim, 0.0, 1.0);
    let data = vec2f(turns_from_top(p), r);
    let over = vec3f(glass(at)) * rim;
    if (r > HUB_HOLE + 1.5 / px) {
        return Still(over, light, HUB_PART, data);
    }
    // The deck's spindle: a turned steel tip in a dark hole; the hub's wall shades the side towards the light.
    let wall = 1.0 - 0.6 * smoothstep(0.02, HUB_HOLE, dot(p, KEY_FLAT) + 0.05);
    let steel = 0.42 + 0.34 * dot(p / SPINDLE, KEY_FLAT) + 0.45 * bump(length(p - 0.016 * KEY_FLAT), 0.0, 0.014);
    let hole = mix(vec3f(0.055, 0.055, 0.065) * wall, vec3f(0.93, 0.96, 1.0) * steel, inside(r, SPINDLE, px));
    return Still(mix(over, hole, inside(r, HUB_HOLE, px)), light, TEETH_PART, data);
}

// Six splines that the spindle's fins drive.
fn teeth_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let px = look.size_px * 0.5;
    let r = still.data.y;
    let sixth = fract((still.data.x - reel_turns(at.x, frame)) * 6.0) - 0.5;
    let arc = abs(sixth) * (TAU / 6.0) * r;
    // A spline grows wider towards its root and has a rounded tip.
    let inner = max(TOOTH_TIP + TOOTH_HALF - r, 0.0);
    let out = sqrt(arc * arc + inner * inner) - (TOOTH_HALF + max(r - 0.112, 0.0) * 0.7);
    let tooth = clamp(0.5 - out * px, 0.0, 1.0);
    // Its flanks are rounded: the one towards the lamp is brighter.
    let p = vec2f(at.x - select(REEL_X, -REEL_X, at.x < 0.0), at.y - REEL_Y);
    let flank = clamp(1.0 + out * 90.0, 0.0, 1.0) * sign(sixth) * dot(vec2f(-p.y, p.x), KEY_FLAT) / r;
    let shade = 1.0 - 0.55 * clamp(1.0 - out * 40.0, 0.0, 1.0);
    let ring = clamp((r - HUB_HOLE) * px + 0.5, 0.0, 1.0);
    let plastic = IVORY * ((still.weight + 0.22 * flank * (1.0 - ring)) * max(tooth, ring));
    return still.color * mix(shade * (1.0 - tooth), 1.0, ring) + plastic;
}

// The ring of the hub: the wedge that clamps the tape's end, and three dimples left by the mould.
fn hub_color(at: vec2f, still: Still, frame: u32) -> vec3f {
    let px = look.size_px * 0.5;
    let r = still.data.y;
    let turned = still.data.x - reel_turns(at.x, frame);
    let wedge = abs(fract(turned + 0.5) - 0.5) * TAU * r;
    let gap = abs(max(wedge - 0.034, 0.174 - r)) - max(0.0035, 1.0 / px);
    let third = (fract(turned * 3.0) - 0.5) * (TAU / 3.0) * r;
    let high = r - 0.184;
    let dimple = clamp(0.5 - (sqrt(third * third + high * high) - 0.024) * px * 0.5, 0.0, 1.0);
    // A dimple's far wall is lit, its near wall dark.
    let out = vec2f(at.x - select(REEL_X, -REEL_X, at.x < 0.0), at.y - REEL_Y) / r;
    let wall = dot(vec2f(-out.y, out.x) * third + out * high, KEY_FLAT) * (1.0 / 0.024);
    let dark = 0.60 * clamp(0.5 - gap * px, 0.0, 1.0) + dimple * (0.36 + 0.30 * wall);
    return still.color + IVORY * (still.weight * (1.0 - dark));
}

// ---- the rollers

// `weight` is the light on the roller, `data` the angle and the radius.
fn roller_still(under: vec3f, at: vec2f, center: vec2f, px: f32) -> Still {
    let p = at - center;
    let r = length(p);
    let edge = cover_of(r - ROLLER + 0.5 / px, px);
    let round = 1.0 - 0.45 * smoothstep(0.6, 1.0, r / ROLLER);
    let light = (0.62 + 0.24 * dot(p / ROLLER, KEY_FLAT)) * round * (1.0 - 0.35 * smoothstep(0.0, 0.04, -p.y));
    return Still(under * (1.0 - edge), light * edge, ROLLER_PART, vec2f(turns_from_top(p), r));
}

fn roller_color(still: Still, frame: u32) -> vec3f {
    // A roller is smaller than a pack and would whirl faster than the eye can follow: it shows the slow part of that.
    let fifth = fract((still.data.x + moments[frame].turn * 2.0) * 4.0) - 0.5;
    let arc = abs(fifth) * (TAU / 4.0) * still.data.y;
    let high = still.data.y - 0.023;
    let hole = clamp(0.5 - (sqrt(arc * arc + high * high) - 0.0085) * look.size_px * 0.5, 0.0, 1.0);
    let pin = clamp(0.5 - (still.data.y - 0.007) * look.size_px * 0.5, 0.0, 1.0);
    return still.color + IVORY * (still.weight * (1.0 - 0.75 * max(hole, pin)));
}

// ---- the bezel with its lamps

// The bezel is dark, brushed metal; the shell's outermost strip is lit by the lamps, and so moves, too.
fn rim_still(under: vec3f, at: vec2f, r: f32, px: f32) -> Still {
    let turns = turns_from_top(at);
    // Low notes are at the bottom, and both sides are alike, so that the ring has no seam.
    let half_turn = abs(turns - 0.5) * 2.0;
    let toward_light = dot(at / r, KEY_FLAT);
    // The bezel stands above the shell and shades it, most on the side of the lamp.
    let shadow = smoothstep(-0.055, 0.0, r - WINDOW - 0.025 * (toward_light - 0.6));
    var color = under * (1.0 - 0.80 * shadow);
    let brushed = noise_1d(r * px / 2.4, 21u);
    let left = groove_specular(at, LAMP_LEFT * 1.5, EYE, 0.16, 0.6);
    let right = groove_specular(at, LAMP_RIGHT * 1.4, EYE, 0.12, 0.6);
    let streak = 0.10 * left + 0.035 * right;
    let metal = linear_from_srgb(look.dark.rgb) * 0.55 + (0.006 + streak * params.light) * (1.0 + 0.25 * brushed);
    // The chamfer faces inwards: it is lit on the side away from the lamp.
    let chamfer = bump(r, WINDOW + 0.5 * CHAMFER, 0.5 * CHAMFER);
    let polished = metal + vec3f(chamfer * (0.03 + 0.30 * pow(max(-toward_light, 0.0), 3.0) * params.light));
    color = mix(color, polished, clamp((r - WINDOW) * px + 0.5, 0.0, 1.0));
    // The bezel ends a little before the picture does, with a lit outer edge.
    color += vec3f(0.22 * params.light) * bump(r, 0.992, 0.004) * pow(max(toward_light, 0.0), 3.0);
    let srgb = srgb_from_linear(color) * inside(r, 0.998, px);
    if (r < RING_INNER - 0.006 || r > RING_OUTER + 0.004) {
        let from_ring = (RING_INNER - r) / 0.044;
        // Nothing at either end: where the lamps begin, `weight` means something else.
        let ends = smoothstep(GLOW_REACH, GLOW_REACH + 0.03, r) * (1.0 - smoothstep(RING_INNER - 0.014, RING_INNER - 0.006, r));
        let halo = exp(-from_ring * from_ring) * ends;
        return Still(srgb, halo, GLOW_PART, vec2f(half_turn, chamfer));
    }
    return lamp_still(srgb, r, turns, half_turn, px);
}

// `weight` is how much of a lamp covers the pixel, `data` its band and its row. An unlit lamp is dark glass.
fn lamp_still(under: vec3f, r: f32, turns: f32, half_turn: f32, px: f32) -> Still {
    let row_height = (RING_OUTER - RING_INNER) / LAMP_ROWS;
    let row = clamp(floor((r - RING_INNER) / row_height), 0.0, LAMP_ROWS - 1.0);
    let lamp = turns * LAMPS;
    let p = vec2f((fract(lamp) - 0.5) * TAU * r / LAMPS, r - RING_INNER - (row + 0.5) * row_height);
    let half_size = vec2f(0.355 * TAU * 0.95 / LAMPS, 0.36 * row_height);
    let cover = cover_of(box_distance(p, half_size, 0.005), px);
    let band = min(floor((floor(half_turn * LAMPS * 0.5) + 0.5) * (128.0 / LAMPS)), 63.0);
    let lens = vec3f(0.055) + 0.05 * linear_from_srgb(params.accent.rgb) + 0.05 * clamp(-p.y / row_height, 0.0, 1.0);
    return Still(mix(under, lens, cover), cover, LAMP_PART, vec2f(band, row));
}

fn lamp_color(still: Still, frame: u32) -> vec3f {
    let band = u32(still.data.x);
    // Squared in part: what is loud stands out from what is a little less loud.
    let heard = moments[frame].bands[band];
    let level = heard * (0.70 + 0.42 * heard) * params.ring * LAMP_ROWS;
    let on = clamp((level - still.data.y) * 1.6 - 0.05, 0.0, 1.0);
    let hue = mix(params.accent.rgb, params.glow_color.rgb, clamp(still.data.y - 1.0, 0.0, 1.0));
    // A hard hit makes the lamps near one place flash white.
    let away = abs(still.data.x * (1.0 / 63.0) - moments[frame].spark_seed);
    let fading = clamp(1.0 - moments[frame].spark_age_secs * 4.0, 0.0, 1.0);
    let flash = params.sparks * moments[frame].spark_power * fading * clamp(1.0 - away * 11.0, 0.0, 1.0);
    let spill = params.glow_color.rgb * (params.glow * 0.10 * moments[frame].bass);
    let lit = mix(still.color + spill * (1.0 - still.weight), hue * (0.75 + 0.25 * on), still.weight * on);
    return mix(lit, vec3f(1.0, 0.98, 0.94), still.weight * min(flash, 1.0));
}

// The lamps' light on shell and chamfer, and the gleam that runs up the chamfer on a beat.
fn glow_color(still: Still, frame: u32) -> vec3f {
    let strength = still.weight * params.glow * (0.05 + 0.58 * moments[frame].bass + 0.14 * moments[frame].onset);
    let beat = moments[frame].beat;
    let front = clamp(1.0 - abs(still.data.x - 1.0 + sqrt(beat)) * 5.0, 0.0, 1.0);
    let gleam = still.data.y * params.sweep * 0.85 * beat * front;
    return still.color + params.glow_color.rgb * strength + vec3f(gleam);
}
