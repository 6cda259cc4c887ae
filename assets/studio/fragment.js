// Which part of the song the circle has: its arithmetic. Times in milliseconds, beats ascending.

export const SHORTEST_MS = 1000;
export const LONGEST_MS = 60_000;
/** How near a beat must be to be meant. */
const SNAP_MS = 400;

const clamp = (x, low, high) => Math.min(Math.max(x, low), Math.max(low, high));

export class Fragment {
  startMs = 0;
  lengthMs = 30_000;

  constructor(songMs) {
    this.songMs = songMs;
    this.beats = [];
    this.lengthMs = Math.min(this.lengthMs, songMs, LONGEST_MS);
  }

  get endMs() {
    return this.startMs + this.lengthMs;
  }

  set(startMs, lengthMs) {
    this.lengthMs = Math.round(clamp(lengthMs, SHORTEST_MS, Math.min(LONGEST_MS, this.songMs)));
    this.startMs = Math.round(clamp(startMs, 0, this.songMs - this.lengthMs));
  }

  /** Moves it as a whole. */
  move(startMs) {
    this.set(this.snapped(startMs), this.lengthMs);
  }

  /** Moves one edge; the other stays where it is. */
  moveStart(startMs) {
    const end = this.endMs;
    const at = clamp(this.snapped(startMs), Math.max(end - LONGEST_MS, 0), end - SHORTEST_MS);
    this.set(at, end - at);
  }

  moveEnd(endMs) {
    const at = clamp(this.snapped(endMs), this.startMs + SHORTEST_MS, this.startMs + LONGEST_MS);
    this.set(this.startMs, Math.min(at, this.songMs) - this.startMs);
  }

  /** The beat that is meant by a time, else the time. */
  snapped(ms) {
    const beat = this.#beatNear(ms);
    return beat !== undefined && Math.abs(beat - ms) <= SNAP_MS ? beat : ms;
  }

  /** One beat on or back from a time; a second where there are none. */
  step(ms, direction) {
    const next =
      direction > 0
        ? this.beats.find((beat) => beat > ms + 20)
        : this.beats.findLast((beat) => beat < ms - 20);
    return next ?? ms + direction * 1000;
  }

  #beatNear(ms) {
    let best;
    for (const beat of this.beats) {
      if (best === undefined || Math.abs(beat - ms) < Math.abs(best - ms)) best = beat;
      if (beat > ms) break;
    }
    return best;
  }
}
