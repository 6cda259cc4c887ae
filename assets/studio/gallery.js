// The themes to choose from, each as a small circle that moves: drawn live from the song itself where that can be, else the
// program's own clip of it.

import * as api from "./api.js";
import { Painter } from "./painter.js";
import { readScene } from "./scene.js";
import { localized } from "./texts.js";

const SMALL = { size_px: 240, fps: 25 };
const LENGTH_MS = 6000;
const FRAME_MS = 1000 / SMALL.fps;

export class Gallery {
  onChoose = () => {};
  #root;
  #shaders = null;
  #cards = new Map();
  #job = null;
  #drawing = false;
  #seen = new Set();
  #watcher;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(root) {
    this.#root = root;
    root.addEventListener("change", (event) => this.onChoose(event.target.value));
    this.#watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        this.#seen[isIntersecting ? "add" : "delete"](target.dataset.theme);
      }
      this.#fill();
      this.#play();
    });
    this.#calm.addEventListener("change", () => this.#play());
  }

  /** `shaders` is null where there is no live preview. */
  open(themes, shaders) {
    this.#shaders = shaders;
    this.#root.replaceChildren(...themes.map((theme) => this.#card(theme)));
    if (shaders) setInterval(() => this.#draw(), FRAME_MS);
    else for (const card of this.#cards.values()) this.#film(card);
  }

  choose(name) {
    const card = this.#cards.get(name);
    if (!card) return;
    card.input.checked = true;
    card.label.scrollIntoView({ block: "nearest", inline: "center" });
  }

  /** Draws the circles from this song and cover. */
  show(job) {
    const { song, cover, start_ms, title, artist, speed } = job;
    this.#job = { song, cover, start_ms, title, artist, speed, ...SMALL, length_ms: Math.min(job.length_ms, LENGTH_MS) };
    for (const card of this.#cards.values()) card.of = null;
    this.#fill();
  }

  speak() {
    for (const { name, theme } of this.#cards.values()) name.textContent = localized(theme.title);
  }

  #card(theme) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "theme", value: theme.name });
    const circle = Object.assign(document.createElement("span"), { className: "theme-circle" });
    const picture = Object.assign(document.createElement("img"), { src: theme.preview, alt: "", loading: "lazy" });
    const name = Object.assign(document.createElement("span"), { className: "theme-name" });
    name.textContent = localized(theme.title);
    input.className = "unseen";
    label.className = "theme";
    label.dataset.theme = theme.name;
    circle.append(picture);
    label.append(input, circle, name);
    this.#cards.set(theme.name, { theme, label, input, circle, name, painter: null, of: null });
    this.#watcher.observe(label);
    return label;
  }

  /** Fetches what is seen and not yet drawn, one after another: the stage comes first. */
  async #fill() {
    if (!this.#shaders || !this.#job || this.#drawing) return;
    const card = [...this.#cards.values()].find((card) => card.of !== this.#job && this.#seen.has(card.theme.name));
    if (!card) return;
    this.#drawing = true;
    const job = this.#job;
    try {
      const scene = readScene(await api.scene({ ...job, theme: card.theme.name }));
      card.painter ??= this.#painter(card);
      await card.painter.take(scene, () => api.shaderText(scene.theme));
      card.painter.draw(0);
      card.frame = 0;
      card.circle.classList.add("live");
    } catch {
      // The picture stays; whatever is wrong with the song is told on the stage.
    }
    card.of = job;
    this.#drawing = false;
    this.#fill();
  }

  #painter(card) {
    const canvas = document.createElement("canvas");
    canvas.ariaHidden = "true";
    card.circle.append(canvas);
    return new Painter(this.#shaders, canvas);
  }

  /** The clip over the picture, fetched when it is first to be seen moving. */
  #film({ theme, circle }) {
    const clip = Object.assign(document.createElement("video"), {
      src: theme.clip, muted: true, loop: true, playsInline: true, preload: "none", ariaHidden: "true",
    });
    clip.dataset.theme = theme.name;
    clip.addEventListener("playing", () => circle.classList.add("live"));
    circle.append(clip);
  }

  /** Clips move while they are seen, unless the person wants it calm. */
  #play() {
    for (const clip of this.#root.querySelectorAll("video")) {
      if (this.#seen.has(clip.dataset.theme) && !this.#calm.matches) clip.play().catch(() => {});
      else clip.pause();
    }
  }

  #draw() {
    // A processor that draws in place of a graphics card has enough to do with the stage.
    if (this.#calm.matches || this.#shaders.device.adapterInfo?.isFallbackAdapter || document.hidden) return;
    const frame = Math.floor(performance.now() / FRAME_MS);
    for (const { theme, painter } of this.#cards.values()) {
      if (painter?.scene && this.#seen.has(theme.name)) painter.draw(frame % painter.scene.frames);
    }
  }
}
