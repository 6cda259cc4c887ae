// How songs and pictures come in: dropped anywhere, chosen, pasted, or found by search.

import * as api from "./api.js";
import { wordsFor } from "./refusals.js";
import { clock, t } from "./texts.js";

const TYPING_MS = 300;
const PICTURE = /^image\//;
const SONG = /^(audio\/|video\/(mp4|webm|ogg|quicktime|x-matroska))/;
const SONG_NAME = /\.(mp3|m4a|m4b|aac|flac|ogg|oga|opus|wav|aif|aiff|wma|mka|mp4|webm)$/i;

/** What a file is meant as; `null` when it is neither. */
export function meantAs(file) {
  if (PICTURE.test(file.type)) return "picture";
  return SONG.test(file.type) || SONG_NAME.test(file.name) ? "song" : null;
}

/** Calls `take` with every file that is dropped or pasted; `veil` shows while something is held over the page. */
export function watchDrops(veil, take) {
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;
  const held = (now) => {
    depth = now;
    veil.hidden = depth <= 0;
  };
  addEventListener("dragenter", (event) => holdsFiles(event) && held(depth + 1));
  addEventListener("dragleave", (event) => holdsFiles(event) && held(depth - 1));
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    held(0);
    [...event.dataTransfer.files].forEach(take);
  });
  addEventListener("paste", (event) => [...(event.clipboardData?.files ?? [])].forEach(take));
}

/** Calls `take` with the file that is chosen, also when it is the same one again. */
export function watchInput(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    if (file) take(file);
  });
}

export class Search {
  /** Called with the track that was chosen. */
  onChoose = () => {};
  #input;
  #list;
  #count;
  #timer = 0;
  #request = null;
  /** What the list says where it has no songs: asked for again in another language. */
  #told = null;

  constructor(form) {
    this.#input = form.querySelector("#query");
    this.#list = form.querySelector("#found");
    this.#count = form.querySelector("#found-count");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), TYPING_MS);
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.#show(null));
  }

  close() {
    this.#input.value = "";
    this.#show(null);
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const query = this.#input.value.trim();
    if (query.length < 2) return this.#show(null);
    const request = (this.#request = new AbortController());
    try {
      this.#show(await api.search(query, request.signal));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#show(null);
      this.#say(() => wordsFor(error));
    }
  }

  speak() {
    if (this.#told && !this.#list.hidden) this.#say(this.#told);
  }

  #show(tracks) {
    this.#list.hidden = tracks === null;
    this.#list.replaceChildren(...(tracks ?? []).map((track) => this.#row(track)));
    this.#count.textContent = tracks ? t("search_found", { n: tracks.length }) : "";
    if (tracks?.length === 0) this.#say(() => t("search_none"));
  }

  #say(told) {
    this.#told = told;
    const row = document.createElement("li");
    row.className = "found-none";
    row.textContent = told();
    this.#list.replaceChildren(row);
    this.#list.hidden = false;
  }

  #row(track) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const words = (className, text) => {
      const span = document.createElement("span");
      span.className = className;
      span.textContent = text;
      return span;
    };
    button.append(
      words("found-title", track.title),
      words("found-artist", track.artists.join(", ")),
      words("found-length", track.preview_only ? t("preview_only") : clock(track.duration_ms)),
    );
    button.addEventListener("click", () => {
      this.close();
      this.onChoose(track);
    });
    row.append(button);
    return row;
  }
}
