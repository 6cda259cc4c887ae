// How large the live picture is where a graphics card cannot keep up with the song: smooth comes before sharp.

/** Sides in pixels that are tried one after another, below the circle's own. */
const SIDES_PX = [480, 384, 240];
/** Frames that are judged together: less than a second of a song when all is well. */
const FRAMES = 45;
/** Where it goes badly, fewer of them are enough, once they have taken this long. */
const FEW = 12;
const LONG_MS = 1500;
/** The slowest of them, one in so many, say nothing: whatever else the page had to do at that moment. */
const SPARED = 9;
/** Between two frames, as a mean. Sixty a second come every 16.7 ms; with a fifth of them missing, a person sees it stumble. */
const LONGEST_MS = 20;
/** A smaller picture that takes nearly as long was not what took long. */
const WORTH = 0.85;

function mean(times) {
  const usual = times.toSorted((a, b) => a - b).slice(0, times.length - Math.ceil(times.length / SPARED));
  return sum(usual) / usual.length;
}

const sum = (times) => times.reduce((all, time) => all + time, 0);

export class Pace {
  /** Called when the side has changed. */
  onSide = () => {};
  #sides = [0];
  #step = 0;
  /** How long a frame took before the side that is on trial; `null` when none is. */
  #before = null;
  #settled = false;
  #last = null;
  #times = [];

  /** Another look is to be drawn, which may be quicker or slower. */
  restart() {
    this.#step = 0;
    this.#before = null;
    this.#settled = false;
    this.pause();
  }

  /** The side at which a circle of `px` pixels is drawn. */
  side(px) {
    this.#sides = [px, ...SIDES_PX.filter((side) => side < px)];
    return this.#sides[Math.min(this.#step, this.#sides.length - 1)];
  }

  /** A frame was drawn while the song plays. */
  drawn(nowMs) {
    if (this.#last !== null) this.#times.push(nowMs - this.#last);
    this.#last = nowMs;
    const count = this.#times.length;
    if (count === FRAMES || (count >= FEW && sum(this.#times) > LONG_MS)) this.#judge();
  }

  /** What comes next is not to be compared with what was: the song stands, or another scene is coming. */
  pause() {
    this.#last = null;
    this.#times = [];
  }

  #judge() {
    const usual = mean(this.#times);
    this.pause();
    if (this.#settled) return;
    if (this.#before !== null && usual > this.#before * WORTH) {
      this.#settled = true;
      this.#turn(this.#step - 1, null);
    } else if (usual > LONGEST_MS && this.#step + 1 < this.#sides.length) {
      this.#turn(this.#step + 1, usual);
    } else {
      this.#before = null;
    }
  }

  #turn(step, before) {
    this.#step = step;
    this.#before = before;
    this.onSide();
  }
}
