// A circle being made or sent: the job, how far it is, and what came of it.

import * as api from "./api.js";

const OVER = ["done", "failed", "cancelled"];
/** How often to ask where a stream of events cannot be had. */
const ASK_EVERY_MS = 1000;
/** Streams that broke before we ask instead. */
const MOST_BREAKS = 3;

export class Making {
  /** Told every state of the job as the server words it. */
  onState = () => {};
  /** Told what went wrong when the job could not even be begun, or was lost. */
  onError = () => {};
  #job = null;
  #events = null;
  #timer = 0;
  #turn = 0;

  /** `begin` asks for the job and comes back with its first state. */
  async start(begin) {
    this.stop();
    const turn = ++this.#turn;
    try {
      const state = await begin();
      // Stopped meanwhile: the job goes on unwatched.
      if (turn !== this.#turn) return;
      this.#job = state.job;
      this.#told(state);
      if (!OVER.includes(state.state)) this.#listen(state.events);
    } catch (error) {
      if (turn === this.#turn) this.onError(error);
    }
  }

  async cancel() {
    if (!this.#job) return;
    try {
      await api.cancelJob(this.#job);
    } catch (error) {
      this.onError(error);
    }
  }

  /** Listens no longer; the job goes on. */
  stop() {
    this.#events?.close();
    clearTimeout(this.#timer);
    this.#turn++;
    this.#job = null;
  }

  #listen(address) {
    const events = (this.#events = new EventSource(address));
    let breaks = 0;
    events.addEventListener("state", (event) => this.#told(JSON.parse(event.data)));
    // It connects again by itself, unless the server said no.
    events.onerror = () => {
      if (++breaks < MOST_BREAKS && events.readyState !== EventSource.CLOSED) return;
      events.close();
      this.#ask(this.#job);
    };
  }

  async #ask(job) {
    if (!job || job !== this.#job) return;
    try {
      const state = await api.jobState(job);
      this.#told(state);
      if (OVER.includes(state.state)) return;
    } catch (error) {
      if (error.status) return this.onError(error);
    }
    this.#timer = setTimeout(() => this.#ask(job), ASK_EVERY_MS);
  }

  #told(state) {
    if (state.job !== this.#job) return;
    if (OVER.includes(state.state)) {
      this.#events?.close();
      clearTimeout(this.#timer);
    }
    this.onState(state);
  }
}
