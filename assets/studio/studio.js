// The page put together: what was chosen, and who hears of a change.

import * as api from "./api.js";
import { Bar } from "./bar.js";
import { Controls, pick } from "./controls.js";
import { Cutting } from "./cutting.js";
import { Gallery } from "./gallery.js";
import { Search, meantAs, watchDrops, watchInput } from "./intake.js";
import { Player } from "./player.js";
import { Preview } from "./preview.js";
import { recipeLink, recipeOf } from "./recipe.js";
import { wordsFor } from "./refusals.js";
import { inTelegram, shown } from "./telegram.js";
import { clock, localized, onLanguage, speak, switchLanguage, t } from "./texts.js";

const SPEEDS = ["33.333", "45", "78", "beat"];

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

const player = new Player($("sound"));
const preview = new Preview($("picture"), player);
const cutting = new Cutting();
const gallery = new Gallery($("themes"));
const controls = new Controls($("controls"));
const search = new Search($("search"));
const bar = new Bar($("stage"), player);

/** The request as the API takes it; what was not chosen is left to the program. */
function job() {
  const wanted = {
    song: look.song.song,
    start_ms: cutting.fragment.startMs,
    length_ms: cutting.fragment.lengthMs,
    theme: look.theme,
    parameters: look.parameters,
    speed: look.speed,
  };
  for (const key of ["cover", "title", "artist", "lyrics"]) if (look[key]) wanted[key] = look[key];
  return wanted;
}

const themeInUse = () => themes.find((theme) => theme.name === look.theme);

/** Words that are read out once, and figures that change too often for that. */
function note(words, figures = "") {
  if ($("note").textContent !== words) $("note").textContent = words;
  $("note-figures").textContent = figures;
}

// ---- a song comes in

let arriving = 0;

/** `origin` is the `track` it was found as, or the `name` of its file. */
async function takeSong(fetchSong, { track = null, name = "" }) {
  const turn = ++arriving;
  bar.change();
  search.close();
  // A picture goes with its song; one that comes meanwhile, or came before any song, is meant for the new one.
  const old = look.song && look.cover;
  try {
    const song = await fetchSong();
    if (turn !== arriving) return;
    song.title ||= name;
    const cover = look.cover === old ? null : look.cover;
    Object.assign(look, { song, track, cover, title: "", artist: "", lyrics: "" });
    cutting.begin(song);
    player.load(api.audioAddress(song.song));
    showSong();
    note(t("reading"));
    // A song that cannot be listened to may still be looked at.
    const heard = await cutting.listen(asked).then(
      () => "",
      (error) => wordsFor(error),
    );
    if (turn !== arriving) return;
    note(heard);
    asked = {};
    player.setFragment(cutting.fragment.startMs, cutting.fragment.lengthMs);
    refresh();
    gallery.show(job());
  } catch (error) {
    if (turn === arriving) note(wordsFor(error));
  }
}

function showSong() {
  const { title, artist } = look.song;
  document.body.dataset.step = "look";
  $("invite").hidden = true;
  $("settings").hidden = $("transport").hidden = $("picture").hidden = false;
  $("song-title").textContent = title || t("song");
  $("song-artist").textContent = artist ?? "";
  showCover();
  for (const key of ["title", "artist", "lyrics"]) $(key).value = look[key];
  bar.ready();
}

function showCover() {
  const { song, has_cover } = look.song;
  const ofSong = has_cover ? api.songCoverAddress(song) : "icon.svg";
  $("cover").src = look.cover ? api.coverAddress(look.cover) : ofSong;
  $("cover-back").hidden = !look.cover;
}

function takeFile(file) {
  const kind = meantAs(file);
  if (kind === "picture") return takeCover(file);
  if (!kind) return note(t("not_a_song"));
  const told = (share) => note(t("uploading"), t("percent", { n: Math.round(share * 100) }));
  told(0);
  return takeSong(() => api.uploadSong(file, told), { name: file.name.replace(/\.[^.]*$/, "") });
}

function takeTrack(track) {
  note(t("fetching"));
  return takeSong(() => api.takeTrack(track), { track });
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
  if (!look.song) return;
  showCover();
  refresh();
  gallery.show(job());
}

cutting.onCut = (chosen) => {
  player.setFragment(cutting.fragment.startMs, cutting.fragment.lengthMs);
  refresh();
  if (chosen) player.play(0);
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
  if (!cutting.fragment || document.body.dataset.step !== "look") return;
  const atMs = player.atMs;
  cutting.setNeedle(atMs);
  const times = `${clock(atMs)} / ${clock(Math.round(cutting.fragment.lengthMs / 1000) * 1000)}`;
  if ($("times").textContent !== times) $("times").textContent = times;
}

bar.onMake = () => job();
bar.recipe = () => recipeLink({ ...look, start_ms: cutting.fragment.startMs, length_ms: cutting.fragment.lengthMs });

// ---- the page

/** What the page's address asks for. */
let asked = recipeOf(location.hash) ?? {};

/** The look at once; the part of the song when the song is there. */
function takeAsked() {
  const theme = themes.find(({ name }) => name === asked.theme);
  if (SPEEDS.includes(asked.speed)) look.speed = asked.speed;
  if (theme) useTheme(theme.name, asked.parameters);
  else useTheme(look.theme ?? themes[0].name, look.parameters);
  if (asked.track) takeTrack(asked.track);
  // The song that is there is another one: its part stays.
  else if (look.song) asked = {};
}

// A link that is pasted where the page is open already.
addEventListener("hashchange", () => {
  const recipe = recipeOf(location.hash);
  if (!recipe) return;
  asked = recipe;
  if (themes.length > 0) takeAsked();
});

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
  search.speak();
  cutting.show();
  if (look.song) $("song-title").textContent = look.song.title || t("song");
  bar.speak();
});

async function open() {
  speak();
  tick();
  shown();
  $("detail").open = matchMedia("(min-width: 60rem)").matches;
  let refused;
  try {
    if (inTelegram) refused = await api.signIn().then(() => bar.offerChat(), (error) => error);
    const [listed] = await Promise.all([api.themes(), preview.open()]);
    themes = listed;
  } catch (error) {
    return note(wordsFor(error));
  }
  gallery.open(themes, preview.shaders);
  if (!preview.shaders) note(t("preview_still"));
  if (refused) note(wordsFor(refused));
  takeAsked();
}

open();
