// How large the live picture is where a graphics card cannot keep up with the song: smooth comes before sharp.

/** Sides in pixels that are tried one after another, below the circle's own. */
const SIDES_PX = [480, 384, 240];
/** Frames that are judged together: less than a second of a song when all is well. */
const FRAMES = 45;
/** Between two frames, usually. Sixty a second come every 16.7 ms; with a quarter of them missing, a person sees it stumble. */
const LONGEST_MS = 22;
/** A smaller picture that takes nearly as long was not what took long. */
const WORTH = 0.85;

const half = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

export class Pace {
  /** Called when the side has changed. */
  onSide = () => {};
  #sides = [0];
  #step = 0;
  #before = Infinity;
  #settled = false;
  #last = null;
  #times = [];

  /** The side at which a circle of `px` pixels is drawn. */
  side(px) {
    this.#sides = [px, ...SIDES_PX.filter((side) => side < px)];
    return this.#sides[Math.min(this.#step, this.#sides.length - 1)];
  }

  /** A frame was drawn while the song plays. */
  drawn(nowMs) {
    if (this.#last !== null) this.#times.push(nowMs - this.#last);
    this.#last = nowMs;
    if (this.#times.length === FRAMES) this.#judge();
  }

  /** What comes next is not to be compared with what was: the song stands, or another scene is coming. */
  pause() {
    this.#last = null;
    this.#times = [];
  }

  #judge() {
    const usual = half(this.#times);
    this.pause();
    if (this.#settled) return;
    if (usual > this.#before * WORTH) {
      this.#settled = true;
      this.#turn(this.#step - 1, 0);
    } else if (usual > LONGEST_MS && this.#step + 1 < this.#sides.length) {
      this.#turn(this.#step + 1, usual);
    }
  }

  #turn(step, before) {
    this.#step = step;
    this.#before = before;
    this.onSide();
  }
}
