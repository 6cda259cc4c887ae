// The picture on the stage: drawn live by WebGPU in step with the sound, or stills from the server where that is not to be had.

import * as api from "./api.js";
import { Pace } from "./pace.js";
import { Painter, Shaders, openDevice } from "./painter.js";
import { readScene, sized } from "./scene.js";

/** After the last change before the server is asked: a drag is one change. */
const SETTLE_MS = 200;
/** Frames a second, whatever the circle has: what a screen shows, and twice as smooth. */
const LIVE_FPS = 60;
/** Between two stills while the song plays. */
const STILL_EVERY_MS = 1500;
/** A graphics device that is lost more often is not worth another try. */
const MOST_LOSSES = 2;
/** Where `Look.glow` lies in the section `look`, in floats. */
const GLOW = 16;

export class Preview {
  /** Told `busy`, and an error's value when a picture could not be had. */
  onState = () => {};
  #canvas;
  #player;
  #shaders = null;
  #painter = null;
  #job = null;
  #timer = 0;
  #request = null;
  #drawn = -1;
  #stillAt = -1;
  #losses = 0;
  /** As the server gave it; the painter may have a smaller one. */
  #full = null;
  #taking = 0;
  #pace = new Pace();

  constructor(canvas, player) {
    this.#canvas = canvas;
    this.#player = player;
    this.#pace.onSide = () => this.#take(this.#full).catch((error) => this.onState({ busy: false, error }));
  }

  /** `null` where there is no live preview. */
  get shaders() {
    return this.#shaders;
  }

  get scene() {
    return this.#painter?.scene ?? null;
  }

  async open() {
    await this.#openDevice();
    requestAnimationFrame(() => this.#loop());
  }

  async #openDevice() {
    const device = this.#losses > MOST_LOSSES ? null : await openDevice();
    this.#shaders = device && new Shaders(device);
    this.#painter = device && new Painter(this.#shaders, this.#canvas);
    device?.lost.then(() => this.#reopen());
  }

  /** Shows this job's circle, once no other one has been asked for a moment. */
  show(job) {
    this.#job = job;
    this.onState({ busy: true });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(), SETTLE_MS);
  }

  /** Changes a number or a colour at once, without the server; `false` when that cannot be. */
  setParam(name, values, job) {
    if (!this.#painter?.setParam(name, values)) return false;
    this.#job = job;
    this.#drawn = -1;
    return true;
  }

  /** The colour that glows around the circle, as CSS; `null` before there is a scene. */
  get glow() {
    const look = this.scene?.sections.look.bytes;
    if (!look) return null;
    const floats = new DataView(look.buffer, look.byteOffset, look.byteLength);
    const channel = (n) => Math.round(floats.getFloat32((GLOW + n) * 4, true) * 255);
    return `rgb(${channel(0)} ${channel(1)} ${channel(2)})`;
  }

  async #fetch() {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    try {
      await (this.#painter ? this.#fetchScene(request.signal) : this.#fetchStill(request.signal));
      if (this.#request === request) this.onState({ busy: false });
    } catch (error) {
      if (this.#request === request && error.name !== "AbortError") this.onState({ busy: false, error });
    }
  }

  async #fetchScene(signal) {
    const job = { ...this.#job, fps: LIVE_FPS };
    const scene = { startMs: job.start_ms, ...readScene(await api.scene(job, signal)) };
    if (signal.aborted) return;
    if (scene.theme !== this.#full?.theme) this.#pace.restart();
    await this.#take(scene);
    // Nothing of it is seen yet.
    delete this.#canvas.dataset.frame;
  }

  /** Hands the scene to the painter, as large as it can be drawn in time. */
  async #take(full) {
    const scene = sized(full, this.#pace.side(full.sizePx));
    this.#pace.pause();
    // How long its shader takes to compile, and the frames of the last scene meanwhile, are no measure of it.
    this.#taking += 1;
    try {
      await this.#painter.take(scene, () => api.shaderText(scene.theme));
      this.#full = full;
      this.#drawn = -1;
    } finally {
      this.#taking -= 1;
    }
  }

  async #fetchStill(signal) {
    const atMs = Math.min(Math.floor(this.#player.atMs), this.#job.length_ms - 50);
    const picture = await createImageBitmap(await api.still(this.#job, atMs, signal));
    this.#canvas.width = this.#canvas.height = picture.width;
    this.#canvas.getContext("2d").drawImage(picture, 0, 0);
    this.#stillAt = performance.now();
  }

  #loop() {
    requestAnimationFrame(() => this.#loop());
    if (!this.#job) return;
    const { scene } = this;
    if (scene) {
      // By the scene's own start: until the next one is here, the sound may already be elsewhere.
      const atMs = this.#player.songMs - scene.startMs;
      const frame = Math.min(Math.max(Math.floor((atMs * scene.fps) / 1000), 0), scene.frames - 1);
      const shown = frame === this.#drawn ? null : this.#painter.draw(frame);
      if (!shown) return;
      this.#drawn = frame;
      if (this.#player.playing && this.#taking === 0) this.#pace.drawn(performance.now());
      else this.#pace.pause();
      shown.then(() => (this.#canvas.dataset.frame = frame));
    } else if (!this.#painter && this.#player.playing && this.#stillAt >= 0) {
      if (performance.now() - this.#stillAt < STILL_EVERY_MS) return;
      this.#stillAt = -1;
      this.#fetch();
    }
  }

  /** A lost device takes its canvas with it. */
  async #reopen() {
    this.#losses += 1;
    const fresh = this.#canvas.cloneNode();
    this.#canvas.replaceWith(fresh);
    this.#canvas = fresh;
    await this.#openDevice();
    if (this.#job) this.#fetch();
  }
}
