// The bar below and the stage while a circle is made: begun, watched, cancelled, played.

import { circleAddress, sendToChat, startJob } from "./api.js";
import { Making } from "./making.js";
import { wordsFor, wordsForFailure } from "./refusals.js";
import { t } from "./texts.js";

/** What the corners show: nothing, which is a circle, or the cover, which is a square video. */
const [BLACK, COVER] = ["black", "cover"];

const $ = (id) => document.getElementById(id);

export class Bar {
  /** Gives the request to make. */
  onMake = () => null;
  /** Gives the link to the look. */
  recipe = () => "";
  #player;
  /** What the circle is made of, and what came of it by what its corners show. */
  #wanted = null;
  #made = new Map();
  #corners = BLACK;
  #making = new Making();
  #sending = new Making();
  #state = null;

  constructor(stage, player) {
    this.#player = player;
    this.#making.onState = (state) => this.#show(state);
    this.#making.onError = (error) => this.#fail(wordsFor(error));
    this.#sending.onState = (state) => this.#showSending(state);
    this.#sending.onError = (error) => this.#notSent(wordsFor(error));
    $("send").addEventListener("click", () => this.#send());
    $("make").addEventListener("click", () => this.#make());
    $("cancel").addEventListener("click", () => this.#making.cancel());
    $("again").addEventListener("click", () => this.change());
    $("square").addEventListener("click", () => this.#square());
    $("recipe").addEventListener("click", () => this.#copyRecipe());
    $("play").addEventListener("click", () => this.#toggle());
    stage.querySelector("#disc").addEventListener("click", (event) => {
      if (event.target.closest("canvas, video")) this.#toggle();
    });
    const told = () => this.#showPlaying();
    player.onChange = told;
    for (const event of ["play", "pause"]) $("circle").addEventListener(event, told);
  }

  /** The person came from Telegram: circles may go into their chat. */
  offerChat() {
    $("send").hidden = false;
    $("download").className = "secondary";
  }

  /** A song is there: circles may be made. */
  ready() {
    $("bar").hidden = false;
    this.#part("make");
  }

  /** Something was chosen anew: what was made before is no longer what is seen. */
  change() {
    if (this.#state === null) return;
    const focused = $("bar").contains(document.activeElement);
    this.#making.stop();
    this.#sending.stop();
    $("send").disabled = false;
    this.#state = null;
    this.#made.clear();
    $("circle").pause();
    $("circle").hidden = true;
    $("circle").removeAttribute("src");
    $("picture").hidden = false;
    this.#ring(0);
    this.#say("");
    this.#part("make");
    this.#showPlaying();
    // The button that was pressed is gone.
    if (focused) $("make").focus();
  }

  speak() {
    if (this.#state?.state) this.#show(this.#state);
    this.#showPlaying();
  }

  #make() {
    this.#wanted = this.onMake();
    if (this.#wanted) this.#begin(BLACK);
  }

  #begin(corners) {
    this.#corners = corners;
    const wanted = corners === BLACK ? this.#wanted : { ...this.#wanted, corners };
    this.#state = {};
    this.#ring(0);
    this.#say(t("starting"));
    this.#part("making");
    $("cancel").focus();
    this.#making.start(() => startJob(wanted));
  }

  #show(state) {
    this.#state = state;
    const { place, wait_seconds, percent, seconds_left } = state;
    if (state.state === "queued") {
      const wait = wait_seconds ? t("about_wait", { secs: wait_seconds }) : "";
      this.#say(place > 0 ? t("waiting", { place: place + 1 }) : t("waiting_next"), wait);
    } else if (state.state === "rendering") {
      const left = seconds_left ? `, ${t("about_left", { secs: seconds_left })}` : "";
      this.#say(t(this.#corners === COVER ? "making_square" : "making"), `${t("percent", { n: percent ?? 0 })}${left}`);
      this.#ring(percent ?? 0);
    } else if (state.state === "done") {
      this.#made.set(this.#corners, state);
      this.#done(state);
    } else {
      this.#fail(state.state === "cancelled" ? t("cancelled") : wordsForFailure(state));
    }
  }

  #done({ job, result }) {
    const address = typeof result === "string" ? result : circleAddress(job);
    this.#player.pause();
    this.#ring(100);
    this.#say(t(this.#corners === COVER ? "done_square" : "done"));
    this.#part("done");
    this.#showCorners();
    const circle = $("circle");
    if (circle.getAttribute("src") !== address) {
      circle.src = address;
      $("download").href = `${address}?download=1`;
      circle.hidden = false;
      $("picture").hidden = true;
      // A browser may want to be asked by hand first.
      circle.play().catch(() => this.#showPlaying());
      if (this.#made.size === 1) $($("send").hidden ? "download" : "send").focus();
      else $("square").focus();
    }
  }

  #send() {
    const { job } = this.#made.get(BLACK);
    $("send").disabled = true;
    this.#say(t("sending"));
    this.#sending.start(() => sendToChat(job));
  }

  #showSending(state) {
    if (state.state === "done") this.#say(t("sent"));
    else if (state.state === "failed" || state.state === "cancelled") this.#notSent(wordsForFailure(state));
  }

  #notSent(words) {
    $("send").disabled = false;
    this.#say(words);
  }

  #fail(words) {
    const circle = this.#made.get(BLACK);
    // A square video that did not come about leaves the circle.
    if (circle) {
      this.#making.stop();
      this.#turnTo(BLACK, circle);
      $("square").focus();
    } else {
      this.change();
    }
    this.#say(words);
  }

  #toggle() {
    const circle = $("circle");
    if (circle.hidden) return this.#player.toggle();
    return circle.paused ? circle.play() : circle.pause();
  }

  #showPlaying() {
    const circle = $("circle");
    const playing = circle.hidden ? this.#player.playing : !circle.paused;
    $("disc").classList.toggle("playing", playing);
    $("play").setAttribute("aria-label", t(playing ? "pause" : "play"));
  }

  /** The same for places that show the whole picture: made when it is first asked for. */
  #square() {
    const other = this.#corners === COVER ? BLACK : COVER;
    const made = this.#made.get(other);
    if (made) this.#turnTo(other, made);
    else this.#begin(other);
  }

  #turnTo(corners, state) {
    this.#corners = corners;
    this.#show(state);
  }

  #showCorners() {
    const square = this.#corners === COVER;
    $("disc").classList.toggle("square", square);
    $("square").textContent = t(square ? "round" : "square");
  }

  async #copyRecipe() {
    const link = this.recipe();
    try {
      await navigator.clipboard.writeText(link);
      this.#say(t("recipe_copied"));
    } catch {
      this.#say(t("recipe_shown", { link }));
    }
  }

  #part(shown) {
    for (const part of ["make", "making", "done"]) $(`bar-${part}`).hidden = part !== shown;
    document.body.dataset.step = shown === "make" ? "look" : shown;
    // What is being made cannot be changed.
    $("panel").inert = shown !== "make";
    if (shown !== "done") $("disc").classList.remove("square");
  }

  #ring(percent) {
    $("ring").style.strokeDashoffset = String(100 - percent);
  }

  /** Words that matter, and figures that change too often to be read out. */
  #say(words, figures = "") {
    const said = $("progress");
    if (said.dataset.words !== words) {
      said.dataset.words = words;
      said.textContent = words;
    }
    $("figures").textContent = figures;
  }
}
