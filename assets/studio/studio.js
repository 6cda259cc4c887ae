// The page put together: what was chosen, and who hears of a change.

import * as api from "./api.js";
import { Bar } from "./bar.js";
import { Controls, pick } from "./controls.js";
import { Fragment } from "./fragment.js";
import { Gallery } from "./gallery.js";
import { Search, meantAs, watchDrops, watchInput } from "./intake.js";
import { Player } from "./player.js";
import { Preview } from "./preview.js";
import { recipeLink, recipeOf } from "./recipe.js";
import { clock, localized, onLanguage, speak, switchLanguage, t, wordsFor } from "./texts.js";
import { Wave } from "./wave.js";

const SPEEDS = ["33.333", "45", "78", "beat"];
const LENGTHS_S = [15, 30, 60];
const MOST_BEST = 3;

const $ = (id) => document.getElementById(id);

/** Everything that was chosen. */
const look = {
  song: null,
  track: null,
  cover: null,
  theme: null,
  parameters: {},
  speed: SPEEDS[0],
  title: "",
  artist: "",
  lyrics: "",
};
let themes = [];
let fragment = null;
let wave = { peaks: [], highlights: [], tempo: null };

const player = new Player($("sound"));
const preview = new Preview($("picture"), player);
const waveView = new Wave($("wave"));
const gallery = new Gallery($("themes"));
const controls = new Controls($("controls"));
const search = new Search($("search"));
const bar = new Bar($("stage"), player);

/** The request as the API takes it; what was not chosen is left to the program. */
function job() {
  const wanted = {
    song: look.song.song,
    start_ms: fragment.startMs,
    length_ms: fragment.lengthMs,
    theme: look.theme,
    parameters: look.parameters,
    speed: look.speed,
  };
  for (const key of ["cover", "title", "artist", "lyrics"]) if (look[key]) wanted[key] = look[key];
  return wanted;
}

const themeInUse = () => themes.find((theme) => theme.name === look.theme);

function note(words) {
  $("note").textContent = words ?? "";
}

// ---- a song comes in

let arriving = 0;

async function takeSong(fetchSong, track = null) {
  const turn = ++arriving;
  bar.change();
  try {
    const song = await fetchSong();
    if (turn !== arriving) return;
    Object.assign(look, { song, track, cover: null, title: "", artist: "", lyrics: "" });
    fragment = new Fragment(song.duration_ms);
    wave = { peaks: [], highlights: [], tempo: null };
    player.load(api.audioAddress(song.song));
    showSong();
    placeFragment();
    await hear(turn);
  } catch (error) {
    if (turn === arriving) note(wordsFor(error));
  }
}

/** Listens to the whole song: its waveform, its beats, its best fragments. */
async function hear(turn) {
  const { song } = look.song;
  note(t("reading"));
  const [drawn, heard] = await Promise.all([api.waveform(song), api.survey(song, fragment.lengthMs)]);
  if (turn !== arriving) return;
  note("");
  wave = { peaks: drawn.peaks, highlights: heard.highlights.slice(0, MOST_BEST), tempo: heard.tempo_bpm };
  fragment.beats = heard.beats_ms;
  const [best] = wave.highlights;
  if (asked.start_ms !== undefined) fragment.set(asked.start_ms, asked.length_ms ?? fragment.lengthMs);
  else if (best) fragment.set(best.start_ms, best.end_ms - best.start_ms);
  asked = {};
  placeFragment();
  refresh();
  gallery.show(job());
}

function showSong() {
  const { song, title, artist, has_cover } = look.song;
  document.body.dataset.step = "look";
  $("invite").hidden = true;
  $("settings").hidden = $("transport").hidden = $("picture").hidden = false;
  $("song-title").textContent = title || t("song");
  $("song-artist").textContent = artist ?? "";
  $("cover").src = has_cover ? api.songCoverAddress(song) : "icon.svg";
  $("cover-back").hidden = true;
  for (const key of ["title", "artist", "lyrics"]) $(key).value = look[key];
  bar.ready();
}

function takeFile(file) {
  const kind = meantAs(file);
  if (kind === "picture") return takeCover(file);
  if (!kind) return note(t("not_a_song"));
  const told = (share) => note(t("uploading", { percent: Math.round(share * 100) }));
  told(0);
  return takeSong(() => api.uploadSong(file, told));
}

function takeTrack(track) {
  note(t("fetching"));
  return takeSong(() => api.takeTrack(track), track);
}

async function takeCover(file) {
  try {
    const { cover } = await api.uploadCover(file);
    useCover(cover);
  } catch (error) {
    note(wordsFor(error));
  }
}

function useCover(cover) {
  look.cover = cover;
  if (cover) $("cover").src = api.coverAddress(cover);
  else if (look.song) showSong();
  $("cover-back").hidden = !cover;
  if (!look.song) return;
  refresh();
  gallery.show(job());
}

// ---- the fragment

function placeFragment() {
  const { startMs, endMs, lengthMs } = fragment;
  waveView.show(fragment, wave.peaks, wave.highlights);
  player.setFragment(startMs, lengthMs);
  $("span").textContent = t("fragment_span", { from: clock(startMs), to: clock(endMs), secs: Math.round(lengthMs / 1000) });
  $("tempo").textContent = wave.tempo ? t("tempo", { bpm: Math.round(wave.tempo) }) : "";
  $("best").replaceChildren(...wave.highlights.map(bestButton));
  const titles = LENGTHS_S.map((n) => ({ value: n, title: t("secs", { n }) }));
  const chosen = LENGTHS_S.find((n) => Math.abs(n * 1000 - lengthMs) < 500);
  pick($("lengths"), "length", titles, chosen, setLength);
}

function bestButton({ start_ms, end_ms }, n) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.textContent = `★ ${clock(start_ms)}`;
  button.setAttribute("aria-label", t("best_at", { n: n + 1, time: clock(start_ms) }));
  button.setAttribute("aria-pressed", String(Math.abs(start_ms - fragment.startMs) < 50));
  button.addEventListener("click", () => {
    fragment.set(start_ms, end_ms - start_ms);
    placeFragment();
    refresh();
    player.play(0);
  });
  return button;
}

async function setLength(secs) {
  fragment.set(fragment.startMs, secs * 1000);
  placeFragment();
  refresh();
  const turn = arriving;
  const heard = await api.survey(look.song.song, fragment.lengthMs).catch(() => null);
  if (!heard || turn !== arriving) return;
  wave.highlights = heard.highlights.slice(0, MOST_BEST);
  placeFragment();
}

waveView.onMove = (settled) => {
  if (settled) {
    placeFragment();
    refresh();
  } else {
    const { startMs, endMs, lengthMs } = fragment;
    $("span").textContent = t("fragment_span", { from: clock(startMs), to: clock(endMs), secs: Math.round(lengthMs / 1000) });
  }
};

// ---- the look

function refresh() {
  bar.change();
  if (look.song) preview.show(job());
}

function useTheme(name, parameters = {}) {
  look.theme = name;
  look.parameters = parameters;
  showTheme();
  refresh();
}

function showTheme() {
  const theme = themeInUse();
  if (!theme) return;
  gallery.choose(theme.name);
  controls.show(theme, look.parameters);
  $("about").textContent = localized(theme.about);
  $("lyrics-field").hidden = !theme.shows_lyrics;
  const titles = { "33.333": "33⅓", 45: "45", 78: "78", beat: t("speed_beat") };
  const speeds = SPEEDS.map((value) => ({ value, title: titles[value] }));
  pick($("speeds"), "speed", speeds, look.speed, (speed) => {
    look.speed = speed;
    refresh();
  });
}

gallery.onChoose = (name) => useTheme(name);

controls.onChange = (name, value, floats) => {
  look.parameters = { ...look.parameters, [name]: value };
  bar.change();
  if (!look.song) return;
  if (!floats || !preview.setParam(name, floats, job())) preview.show(job());
};

for (const key of ["title", "artist", "lyrics"]) {
  $(key).addEventListener("change", () => {
    look[key] = $(key).value.trim();
    refresh();
  });
}

$("reset").addEventListener("click", () => useTheme(look.theme));

// ---- the stage

preview.onState = ({ busy, error }) => {
  $("disc").ariaBusy = String(Boolean(busy));
  if (error) note(wordsFor(error));
  else if (!busy && preview.glow) $("stage").style.setProperty("--glow", preview.glow);
};

player.onBlocked = () => note(t("sound_blocked"));

function tick() {
  requestAnimationFrame(tick);
  if (!fragment || document.body.dataset.step !== "look") return;
  const atMs = player.atMs;
  waveView.setNeedle(fragment.startMs + atMs);
  const times = `${clock(atMs)} / ${clock(fragment.lengthMs)}`;
  if ($("times").textContent !== times) $("times").textContent = times;
}

bar.onMake = () => job();
bar.recipe = () => recipeLink({ ...look, start_ms: fragment.startMs, length_ms: fragment.lengthMs });

// ---- the page

/** What the page's address asks for. */
let asked = recipeOf(location.hash) ?? {};

watchDrops($("drop"), takeFile);
watchInput($("song-file"), takeFile);
watchInput($("cover-file"), takeCover);
$("cover-back").addEventListener("click", () => useCover(null));
$("other-song").addEventListener("click", () => $("song-file").click());
search.onChoose = (track) => takeTrack(track.id);
$("language").addEventListener("click", switchLanguage);
onLanguage(() => {
  showTheme();
  gallery.speak();
  if (fragment) placeFragment();
  if (look.song) $("song-title").textContent = look.song.title || t("song");
  bar.speak();
});

async function open() {
  speak();
  tick();
  $("detail").open = matchMedia("(min-width: 60rem)").matches;
  try {
    const [listed] = await Promise.all([api.themes(), preview.open()]);
    themes = listed;
  } catch (error) {
    return note(wordsFor(error));
  }
  gallery.open(themes, preview.shaders);
  if (!preview.shaders) note(t("preview_still"));
  const theme = themes.find((theme) => theme.name === asked.theme) ?? themes[0];
  if (asked.speed && SPEEDS.includes(asked.speed)) look.speed = asked.speed;
  useTheme(theme.name, asked.theme === theme.name ? asked.parameters : {});
  if (asked.track) takeTrack(asked.track);
}

open();
