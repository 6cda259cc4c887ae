// Every word of the page, in Russian and English, and how it gets there: elements say which text is theirs.

import { languageCode } from "./telegram.js";

const TEXTS = {
  en: {
    title: "MusicCircles — a song as a round video",
    skip: "Skip to the settings",
    language: "Русский",
    stage: "Preview of the circle",
    start_title: "Turn a song into a circle",
    start_lead: "Drop a song anywhere on this page, or",
    choose_song: "Choose a song",
    drop_here: "Drop it here",
    search_label: "Search for a song",
    search_hint: "Artist or title",
    search_none: "Nothing found. Try the artist and the title.",
    search_found: "{n} found",
    preview_only: "30 s",
    uploading: "Sending the song…",
    fetching: "Fetching the song…",
    reading: "Listening to the song…",
    song: "Song",
    other_song: "Other song",
    fragment: "Fragment",
    fragment_moves: "Place of the fragment",
    fragment_starts: "Start of the fragment",
    fragment_ends: "End of the fragment",
    fragment_span: "{from} to {to}, {secs} seconds",
    length: "Length",
    secs: "{n} s",
    best: "Best",
    best_at: "Best {n}: {time}",
    tempo: "{bpm} bpm",
    cover: "Cover",
    choose_cover: "Change the picture",
    cover_back: "Use the song's own",
    look: "Look",
    detail: "Fine tuning",
    speed: "Speed",
    speed_beat: "On the beat",
    artist: "Artist",
    track_title: "Title",
    as_tagged: "As in the song",
    lyrics: "Lyrics with times (LRC)",
    lyrics_hint: "[00:12.00] A line and when it begins",
    reset: "Reset",
    from_cover: "From the cover",
    play: "Play",
    pause: "Pause",
    make: "Make the circle",
    making: "Making the circle",
    making_square: "Making the square video",
    waiting: "Number {place} in line",
    waiting_next: "Next in line",
    about_wait: "about {secs} s to wait",
    starting: "Starting…",
    about_left: "about {secs} s left",
    percent: "{n} %",
    cancel: "Cancel",
    cancelled: "Cancelled.",
    done: "Your circle is ready",
    done_square: "Your square video is ready",
    send: "Send to my chat",
    sending: "Sending to your chat…",
    sent: "Sent. It is in your chat with the bot.",
    download: "Download",
    square: "As square video",
    round: "As a circle",
    recipe: "Copy the recipe link",
    recipe_copied: "The link is copied. It opens this page with the same look.",
    recipe_shown: "Copy this link: {link}",
    again: "Change something",
    preview_still: "This browser draws no live preview; stills come from the server.",
    offline: "The server cannot be reached. Check the connection and try again.",
    broken: "Something went wrong. Try again.",
    too_many: "Too many requests just now. Try again in a little while.",
    not_a_song: "This is neither a song nor a picture. Choose an mp3, m4a, flac, ogg, wav, or a jpeg, png, webp.",
    sound_blocked: "The browser cannot play this song's sound; the circle will have it all the same.",
  },
  ru: {
    title: "MusicCircles — песня в круглом видео",
    skip: "К настройкам",
    language: "English",
    stage: "Предпросмотр кружка",
    start_title: "Сделайте из песни кружок",
    start_lead: "Перетащите песню на эту страницу или",
    choose_song: "Выберите песню",
    drop_here: "Отпустите здесь",
    search_label: "Поиск песни",
    search_hint: "Исполнитель или название",
    search_none: "Ничего не нашлось. Попробуйте исполнителя и название.",
    search_found: "Нашлось: {n}",
    preview_only: "30 с",
    uploading: "Отправляем песню…",
    fetching: "Загружаем песню…",
    reading: "Слушаем песню…",
    song: "Песня",
    other_song: "Другая песня",
    fragment: "Фрагмент",
    fragment_moves: "Место фрагмента",
    fragment_starts: "Начало фрагмента",
    fragment_ends: "Конец фрагмента",
    fragment_span: "с {from} до {to}, {secs} с",
    length: "Длина",
    secs: "{n} с",
    best: "Лучшее",
    best_at: "Лучшее {n}: {time}",
    tempo: "{bpm} уд/мин",
    cover: "Обложка",
    choose_cover: "Сменить картинку",
    cover_back: "Вернуть обложку песни",
    look: "Вид",
    detail: "Тонкая настройка",
    speed: "Скорость",
    speed_beat: "В такт",
    artist: "Исполнитель",
    track_title: "Название",
    as_tagged: "Как в песне",
    lyrics: "Слова с временем (LRC)",
    lyrics_hint: "[00:12.00] Строка и когда она начинается",
    reset: "Сбросить",
    from_cover: "С обложки",
    play: "Играть",
    pause: "Пауза",
    make: "Сделать кружок",
    making: "Делаем кружок",
    making_square: "Делаем квадратное видео",
    waiting: "Номер {place} в очереди",
    waiting_next: "Следующий в очереди",
    about_wait: "ждать около {secs} с",
    starting: "Начинаем…",
    about_left: "осталось около {secs} с",
    percent: "{n} %",
    cancel: "Отменить",
    cancelled: "Отменено.",
    done: "Кружок готов",
    done_square: "Квадратное видео готово",
    send: "Отправить в чат",
    sending: "Отправляю в чат…",
    sent: "Готово: кружок в чате с ботом.",
    download: "Скачать",
    square: "Квадратом",
    round: "Кругом",
    recipe: "Скопировать рецепт",
    recipe_copied: "Ссылка скопирована. Она откроет эту страницу с тем же видом.",
    recipe_shown: "Скопируйте ссылку: {link}",
    again: "Изменить",
    preview_still: "Этот браузер не рисует живой предпросмотр; кадры присылает сервер.",
    offline: "Сервер недоступен. Проверьте связь и попробуйте ещё раз.",
    broken: "Что-то пошло не так. Попробуйте ещё раз.",
    too_many: "Слишком много запросов подряд. Попробуйте чуть позже.",
    not_a_song: "Это не песня и не картинка. Подойдут mp3, m4a, flac, ogg, wav и jpeg, png, webp.",
    sound_blocked: "Браузер не может сыграть эту песню; в кружке звук будет.",
  },
};

const REMEMBERED = "musiccircles.language";
const listeners = new Set();
let language = chosen();

function chosen() {
  let remembered = null;
  try {
    remembered = localStorage.getItem(REMEMBERED);
  } catch {
    // Storage may be forbidden; then nothing is remembered.
  }
  const wanted = remembered ?? languageCode() ?? navigator.languages?.[0] ?? navigator.language ?? "en";
  return wanted.toLowerCase().startsWith("ru") ? "ru" : "en";
}

export const currentLanguage = () => language;

/** The text of this key with its places filled. */
export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** One of several languages as the server sends them, or what is the same in all. */
export const localized = (text) => (typeof text === "string" ? text : (text?.[language] ?? text?.en ?? ""));

/** Puts the page's words where `data-t` and `data-t-label` say. */
export function speak(root = document) {
  document.documentElement.lang = language;
  document.title = t("title");
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of root.querySelectorAll("[data-t-hint]")) element.placeholder = t(element.dataset.tHint);
}

/** Called after every change of the language, for what was not said by `data-t`. */
export function onLanguage(listener) {
  listeners.add(listener);
}

export function switchLanguage() {
  language = language === "ru" ? "en" : "ru";
  try {
    localStorage.setItem(REMEMBERED, language);
  } catch {
    // As above.
  }
  speak();
  for (const listener of listeners) listener();
}

export function clock(ms) {
  const secs = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(secs / 60)}:${String(secs % 60).padStart(2, "0")}`;
}
