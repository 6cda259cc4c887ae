// The waveform with the fragment on it: seen, dragged, moved by keys.

import { clock, t } from "./texts.js";

const BAR_PX = 3;
const GAP_PX = 2;
const PAGE_MS = 10_000;

export class Wave {
  /** Told when the fragment moves; `settled` when it has come to rest. */
  onMove = () => {};
  #root;
  #canvas;
  #handles;
  #needle;
  #fragment = null;
  #peaks = [];
  #highlights = [];

  constructor(root) {
    this.#root = root;
    this.#canvas = root.querySelector("canvas");
    this.#needle = root.querySelector("#needle");
    this.#handles = {
      whole: root.querySelector("#window"),
      from: root.querySelector("#from"),
      to: root.querySelector("#to"),
    };
    for (const [part, handle] of Object.entries(this.#handles)) {
      handle.addEventListener("pointerdown", (event) => this.#drag(event, part));
      handle.addEventListener("keydown", (event) => this.#key(event, part));
    }
    root.addEventListener("pointerdown", (event) => this.#jump(event));
    new ResizeObserver(() => this.draw()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(fragment, peaks, highlights) {
    this.#fragment = fragment;
    this.#peaks = peaks;
    this.#highlights = highlights;
    this.draw();
  }

  /** Where the sound is, from the start of the song. */
  setNeedle(ms) {
    if (!this.#fragment) return;
    this.#needle.style.left = `${(ms / this.#fragment.songMs) * 100}%`;
  }

  draw() {
    if (!this.#fragment) return;
    this.#place();
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio;
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    const pen = this.#canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.#root);
    const [lit, dim] = ["--accent", "--wave"].map((name) => style.getPropertyValue(name));
    const { startMs, endMs, songMs } = this.#fragment;
    const bars = Math.floor(width / (BAR_PX + GAP_PX));
    const loudest = Math.max(...this.#peaks, 0.01);
    for (let n = 0; n < bars; n++) {
      const share = (n + 0.5) / bars;
      const at = [n, n + 1].map((n) => Math.floor((n / bars) * this.#peaks.length));
      const peak = Math.max(...this.#peaks.slice(at[0], Math.max(at[1], at[0] + 1)), 0) / loudest;
      const tall = Math.max(peak ** 1.3 * (height - 12), 3);
      pen.fillStyle = share * songMs >= startMs && share * songMs < endMs ? lit : dim;
      pen.beginPath();
      pen.roundRect(n * (BAR_PX + GAP_PX), (height - tall) / 2, BAR_PX, tall, BAR_PX / 2);
      pen.fill();
    }
    pen.fillStyle = lit;
    for (const { start_ms, end_ms } of this.#highlights) {
      const from = (start_ms / songMs) * width;
      pen.beginPath();
      pen.roundRect(from, height - 3, Math.max(((end_ms - start_ms) / songMs) * width, 6), 3, 1.5);
      pen.fill();
    }
  }

  #place() {
    const { startMs, endMs, lengthMs, songMs } = this.#fragment;
    const percent = (ms) => `${(ms / songMs) * 100}%`;
    const { whole, from, to } = this.#handles;
    whole.style.left = from.style.left = percent(startMs);
    whole.style.width = percent(lengthMs);
    to.style.left = percent(endMs);
    const span = t("fragment_span", { from: clock(startMs), to: clock(endMs), secs: Math.round(lengthMs / 1000) });
    const tell = (handle, ms, text) => {
      handle.setAttribute("aria-valuemin", 0);
      handle.setAttribute("aria-valuemax", Math.round(songMs / 1000));
      handle.setAttribute("aria-valuenow", Math.round(ms / 1000));
      handle.setAttribute("aria-valuetext", text);
    };
    tell(whole, startMs, span);
    tell(from, startMs, clock(startMs));
    tell(to, endMs, clock(endMs));
  }

  #moved(settled) {
    this.draw();
    this.onMove(settled);
  }

  #msAt(x) {
    const { left, width } = this.#root.getBoundingClientRect();
    return ((x - left) / width) * this.#fragment.songMs;
  }

  #move(part, ms) {
    const fragment = this.#fragment;
    if (part === "whole") fragment.move(ms);
    else if (part === "from") fragment.moveStart(ms);
    else fragment.moveEnd(ms);
  }

  #drag(event, part) {
    if (!this.#fragment || event.button > 0) return;
    event.stopPropagation();
    const handle = event.currentTarget;
    const held = part === "to" ? this.#fragment.endMs : this.#fragment.startMs;
    const off = held - this.#msAt(event.clientX);
    const move = (event) => {
      this.#move(part, this.#msAt(event.clientX) + off);
      this.#moved(false);
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      this.#moved(true);
    };
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", end, { once: true });
  }

  /** A tap beside the fragment brings its middle there. */
  #jump(event) {
    if (!this.#fragment || event.button > 0) return;
    this.#fragment.move(this.#msAt(event.clientX) - this.#fragment.lengthMs / 2);
    this.#moved(true);
  }

  #key(event, part) {
    const fragment = this.#fragment;
    if (!fragment) return;
    const at = part === "to" ? fragment.endMs : fragment.startMs;
    const targets = {
      ArrowLeft: () => fragment.step(at, -1),
      ArrowDown: () => fragment.step(at, -1),
      ArrowRight: () => fragment.step(at, 1),
      ArrowUp: () => fragment.step(at, 1),
      PageDown: () => at - PAGE_MS,
      PageUp: () => at + PAGE_MS,
      Home: () => 0,
      End: () => fragment.songMs,
    };
    const target = targets[event.key];
    if (!target) return;
    event.preventDefault();
    this.#move(part, target());
    this.#moved(true);
  }
}
