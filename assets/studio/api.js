// The program's own HTTP API, `/api/v1`: one function a row. Everything that goes wrong is a `Refused` with a sentence.

import { inTelegram, initData } from "./telegram.js";

const ROOT = "/api/v1";

/** `about` is what was asked for, the first part of its address; `status` 0: the server was not reached. */
export class Refused extends Error {
  constructor(sentence, path, status = 0, retryAfter = "") {
    super(sentence);
    this.status = status;
    this.about = path.split(/[/?]/)[1];
    this.retrySecs = Number(retryAfter) || 0;
  }
}

/** Inside Telegram: stands for the person in every request. */
let session = "";

/** Shows the program what Telegram signed about the person. */
export async function signIn() {
  session = "";
  ({ session } = await once("/telegram/session", { json: { init_data: initData } }).then((response) => response.json()));
}

const own = () => (session ? { Authorization: `Bearer ${session}` } : {});

let signingIn = null;

/** Where the program was started anew and has forgotten the session, signs in and asks once more. */
async function again(asked) {
  try {
    return await asked();
  } catch (error) {
    if (!inTelegram || error.status !== 401) throw error;
    signingIn ??= signIn().finally(() => (signingIn = null));
    // Too late for that, the page goes on as anybody's, where anybody may.
    await signingIn.catch(() => {});
    return asked();
  }
}

const ask = (path, options) => again(() => once(path, options));

async function once(path, { json, headers, ...options } = {}) {
  if (json !== undefined) {
    options.method ??= "POST";
    options.body = JSON.stringify(json);
    headers = { "Content-Type": "application/json", ...headers };
  }
  let response;
  try {
    response = await fetch(ROOT + path, { ...options, headers: { ...own(), ...headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("", path);
  }
  if (!response.ok) {
    throw new Refused(await sentence(response), path, response.status, response.headers.get("Retry-After"));
  }
  return response;
}

async function sentence(response) {
  try {
    const { detail } = await response.json();
    return typeof detail === "string" ? detail : "";
  } catch {
    return "";
  }
}

const answer = async (path, options) => (await ask(path, options)).json();
const part = encodeURIComponent;

/** `fetch` does not tell how far an upload is. */
const upload = (path, file, onShare) => again(() => uploadOnce(path, file, onShare));

function uploadOnce(path, file, onShare) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", ROOT + path);
    for (const [name, value] of Object.entries(own())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onShare?.(event.loaded / event.total);
    request.onerror = () => reject(new Refused("", path));
    request.onload = () =>
      request.status < 300
        ? resolve(request.response)
        : reject(
            new Refused(request.response?.detail ?? "", path, request.status, request.getResponseHeader("Retry-After")),
          );
    request.send(form);
  });
}

export const themes = async () => (await answer("/themes")).themes;
export const shaderText = async (theme) => (await ask(`/themes/${part(theme)}/screen.wgsl`)).text();
export const search = async (query, signal) =>
  (await answer(`/search?query=${part(query)}&limit=8`, { signal })).tracks;

export const uploadSong = (file, onShare) => upload("/songs", file, onShare);
export const takeTrack = (track) => answer("/songs", { json: { track } });
export const waveform = (song) => answer(`/songs/${part(song)}/waveform?points=800`);
export const survey = (song, lengthMs) => answer(`/songs/${part(song)}/survey?length_ms=${lengthMs}`);
export const audioAddress = (song) => `${ROOT}/songs/${part(song)}/audio`;
export const songCoverAddress = (song) => `${ROOT}/songs/${part(song)}/cover`;

export const uploadCover = (file) => upload("/covers", file);
export const coverAddress = (cover) => `${ROOT}/covers/${part(cover)}`;

export const scene = async (job, signal) => (await ask("/scene", { json: job, signal })).arrayBuffer();
export const still = async (job, atMs, signal) =>
  (await ask("/frames", { json: { ...job, at_ms: atMs }, signal })).blob();

export const startJob = (job) => answer("/jobs", { json: job });
export const jobState = (job) => answer(`/jobs/${part(job)}`);
/** Into the person's chat with the bot: a job of its own. */
export const sendToChat = (job) => answer(`/jobs/${part(job)}/send`, { method: "POST" });
export const cancelJob = (job) => ask(`/jobs/${part(job)}`, { method: "DELETE" });
export const circleAddress = (job) => `${ROOT}/jobs/${part(job)}/circle.mp4`;
