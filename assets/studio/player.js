// Plays the fragment of a song round and round, and tells how far into it the sound is.

/** Browsers tell the time of a sound in steps; between two of them we count on, but not for longer than this. */
const LONGEST_STEP_MS = 250;

export class Player {
  /** Called when it starts and stops. */
  onChange = () => {};
  /** Called when the browser cannot play this sound. */
  onBlocked = () => {};
  #sound;
  #startMs = 0;
  #lengthMs = 0;
  #told = { secs: -1, at: 0 };
  /** Heard, and not only asked for: a sound takes a moment to begin. */
  #runs = false;

  constructor(sound) {
    this.#sound = sound;
    for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, () => this.onChange());
    sound.addEventListener("playing", () => this.#run(true));
    for (const event of ["pause", "waiting", "seeking", "emptied"]) sound.addEventListener(event, () => this.#run(false));
    sound.addEventListener("error", () => sound.getAttribute("src") && this.onBlocked());
    // Drawing stops in a hidden tab, the sound does not.
    sound.addEventListener("timeupdate", () => this.#turnBack());
    sound.addEventListener("ended", () => this.play(0));
  }

  load(address) {
    this.#sound.src = address;
  }

  unload() {
    this.#sound.pause();
    this.#sound.removeAttribute("src");
  }

  setFragment(startMs, lengthMs) {
    const moved = startMs !== this.#startMs;
    this.#startMs = startMs;
    this.#lengthMs = lengthMs;
    if (moved || this.atMs >= lengthMs) this.seek(0);
  }

  get playing() {
    return !this.#sound.paused;
  }

  /** From the start of the song. */
  get songMs() {
    const secs = this.#sound.currentTime;
    const now = performance.now();
    if (secs !== this.#told.secs) this.#told = { secs, at: now };
    const since = this.#runs ? Math.min(now - this.#told.at, LONGEST_STEP_MS) : 0;
    return secs * 1000 + since;
  }

  /** From the start of the fragment. */
  get atMs() {
    return Math.min(Math.max(this.songMs - this.#startMs, 0), this.#lengthMs);
  }

  seek(atMs) {
    this.#sound.currentTime = (this.#startMs + atMs) / 1000;
  }

  async play(atMs) {
    if (atMs !== undefined) this.seek(atMs);
    this.#turnBack();
    try {
      await this.#sound.play();
    } catch (error) {
      // Stopped again before it began.
      if (error.name !== "AbortError") this.onBlocked();
    }
  }

  pause() {
    this.#sound.pause();
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  #run(runs) {
    this.#runs = runs;
    // Counted on from now.
    this.#told = { secs: -1, at: 0 };
  }

  #turnBack() {
    const atMs = this.#sound.currentTime * 1000 - this.#startMs;
    // A little before the start is where a seek may land.
    if (atMs >= this.#lengthMs || atMs < -500) this.seek(0);
  }
}
