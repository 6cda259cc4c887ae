// Which part of the song: the waveform with everything around it, the best fragments and the usual lengths.

import * as api from "./api.js";
import { pick } from "./controls.js";
import { Fragment } from "./fragment.js";
import { clock, t } from "./texts.js";
import { Wave } from "./wave.js";

const LENGTHS_S = [15, 30, 60];
/** What is listened for first: the waveform comes of the same listening. */
const USUAL_MS = 30_000;
const MOST_BEST = 3;

const $ = (id) => document.getElementById(id);

export class Cutting {
  /** Told when another part was chosen; `chosen` when it should be heard at once. */
  onCut = () => {};
  #wave = new Wave($("wave"));
  #song = null;
  #fragment = null;
  #peaks = [];
  #best = [];
  #tempo = null;

  constructor() {
    this.#wave.onMove = (settled) => (settled ? this.#cut() : this.#tellSpan());
  }

  /** `null` before there is a song. */
  get fragment() {
    return this.#fragment;
  }

  /** Another song, of which nothing is known yet but its length. */
  begin({ song, duration_ms }) {
    this.#song = song;
    this.#fragment = new Fragment(duration_ms);
    [this.#peaks, this.#best, this.#tempo] = [[], [], null];
    this.show();
  }

  /** Listens to the whole song and cuts what is asked for, else the best part of it. */
  async listen({ start_ms, length_ms }) {
    const song = this.#song;
    const [drawn, heard] = await Promise.all([api.waveform(song), api.survey(song, USUAL_MS)]);
    if (song !== this.#song) return;
    this.#peaks = drawn.peaks;
    this.#tempo = heard.tempo_bpm;
    this.#fragment.beats = heard.beats_ms;
    this.#best = heard.highlights.slice(0, MOST_BEST);
    const [best] = this.#best;
    if (start_ms !== undefined) this.#fragment.set(start_ms, length_ms ?? this.#fragment.lengthMs);
    else if (best) this.#fragment.set(best.start_ms, best.end_ms - best.start_ms);
    this.show();
  }

  /** Where the sound is, from the start of the fragment. */
  setNeedle(atMs) {
    this.#wave.setNeedle(this.#fragment.startMs + atMs);
  }

  show() {
    if (!this.#fragment) return;
    this.#wave.show(this.#fragment, this.#peaks, this.#best);
    this.#tellSpan();
    $("tempo").textContent = this.#tempo ? t("tempo", { bpm: Math.round(this.#tempo) }) : "";
    $("best").replaceChildren(...this.#best.map((part, n) => this.#bestButton(part, n)));
    const fitting = LENGTHS_S.filter((n) => n * 1000 <= this.#fragment.songMs);
    const titles = fitting.map((n) => ({ value: n, title: t("secs", { n }) }));
    $("lengths").hidden = titles.length === 0;
    const chosen = LENGTHS_S.find((n) => Math.abs(n * 1000 - this.#fragment.lengthMs) < 500);
    pick($("lengths"), "length", titles, chosen, (secs) => this.#setLength(secs));
  }

  #tellSpan() {
    const { startMs, endMs, lengthMs } = this.#fragment;
    const span = { from: clock(startMs), to: clock(endMs), secs: Math.round(lengthMs / 1000) };
    $("span").textContent = t("fragment_span", span);
  }

  #cut(chosen = false) {
    this.show();
    this.onCut(chosen);
  }

  #bestButton({ start_ms, end_ms }, n) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.textContent = `★ ${clock(start_ms)}`;
    button.setAttribute("aria-label", t("best_at", { n: n + 1, time: clock(start_ms) }));
    button.setAttribute("aria-pressed", String(Math.abs(start_ms - this.#fragment.startMs) < 50));
    button.addEventListener("click", () => {
      this.#fragment.set(start_ms, end_ms - start_ms);
      this.#cut(true);
      $("best").children[n]?.focus();
    });
    return button;
  }

  /** Other lengths have other best parts. */
  async #setLength(secs) {
    const { startMs } = this.#fragment;
    this.#fragment.set(startMs, secs * 1000);
    this.#cut();
    $("lengths").querySelector(":checked")?.focus();
    const song = this.#song;
    const heard = await api.survey(song, this.#fragment.lengthMs).catch(() => null);
    if (!heard || song !== this.#song) return;
    this.#best = heard.highlights.slice(0, MOST_BEST);
    this.#wave.show(this.#fragment, this.#peaks, this.#best);
    $("best").replaceChildren(...this.#best.map((part, n) => this.#bestButton(part, n)));
  }
}
