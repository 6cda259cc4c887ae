// What a person is told when something is refused or fails. The server's sentences are English and know more; in Russian the page
// says itself what to do: by what was asked for and the status it got, and by the kind of a job's failure.

import { currentLanguage, t } from "./texts.js";

const GONE = "Песню или картинку убрали, чтобы освободить место. Выберите её ещё раз.";
const NO_MUSIC = "В этом файле не нашлось музыки. Выберите mp3, m4a, ogg, flac или wav.";
const SOURCE_SILENT = "Музыкальный сервис не отвечает. Попробуйте чуть позже или выберите файл с песней.";
const PICTURE_TOO_LARGE = "Картинка слишком большая. Выберите другую, поменьше.";
const NO_ROOM = "На сервере кончилось место для новых кружков. Попробуйте через несколько минут.";
const NOT_DRAWN = "Не получилось нарисовать кружок, дело не в песне. Попробуйте ещё раз через минуту.";

/** By the first part of the address and the status where that says more, else by the status. */
const REFUSED = {
  "songs 400": "Эту песню не прочитать: файл повреждён, или музыки в нём нет. Выберите другой: mp3, m4a, ogg, flac или wav.",
  "songs 404": "Этой песни здесь больше нет. Найдите её снова или выберите файл.",
  "songs 413": "Песня слишком большая. Выберите файл покороче или в mp3.",
  "songs 502": SOURCE_SILENT,
  "search 404": "Поиск здесь не настроен. Выберите файл с песней.",
  "search 502": SOURCE_SILENT,
  "search 503": SOURCE_SILENT,
  "covers 400": "Эту картинку не открыть. Выберите другую: jpeg, png или webp.",
  "covers 413": PICTURE_TOO_LARGE,
  "jobs 403": "Владелец сервиса не принимает от вас заказов. Спросите его почему.",
  "jobs 404": "Этого кружка здесь больше нет. Сделайте его заново.",
  "jobs 409": "Этот кружок не отправить. Скачайте его или сделайте заново.",
  "jobs 429": "Слишком много кружков или запросов сразу. Дождитесь готового кружка и попробуйте {later}.",
  400: "Из этого кружок не выйдет. Выберите другой фрагмент, вид или файл.",
  401: "Вас здесь не узнали. Откройте студию заново из бота в Telegram.",
  403: "Это здесь не разрешено. Откройте студию из бота в Telegram или спросите владельца сервиса.",
  404: "Песни или картинки здесь больше нет. Выберите её ещё раз.",
  408: "Запрос шёл слишком долго. Проверьте связь и попробуйте ещё раз.",
  409: "Сейчас этого не сделать. Дождитесь готового кружка и попробуйте ещё раз.",
  410: GONE,
  413: "Это слишком много для сервера. Выберите файл поменьше или сократите слова.",
  415: "Такие файлы здесь не подходят. Выберите mp3, m4a, ogg, flac, wav или jpeg, png, webp.",
  422: "Сервер не понял запроса. Обновите страницу и попробуйте ещё раз.",
  429: "Слишком много запросов подряд. Попробуйте {later}.",
  502: "Сервер сейчас не отвечает. Попробуйте {later}.",
  503: "Сервер сейчас занят. Попробуйте {later}.",
  504: "Сервер сейчас не отвечает. Попробуйте {later}.",
};

/** The workers' reasons (`src/worker/failure.rs`), the queue's own kinds, and the states of a job that ended badly. */
const FAILED = {
  file_gone: GONE,
  song_missing: GONE,
  song_unreadable: GONE,
  cover_missing: GONE,
  song_empty: NO_MUSIC,
  not_a_song: NO_MUSIC,
  only_a_cover: NO_MUSIC,
  unknown_codec: "Песня в незнакомом формате. Выберите её в mp3.",
  song_damaged: "Файл с песней повреждён. Выберите другой, лучше в mp3.",
  song_too_short: "Песня слишком короткая для кружка. Выберите другую, подлиннее.",
  start_beyond_end: "Фрагмент начинается там, где песня уже кончилась. Сдвиньте его ближе к началу.",
  too_little_left: "Песня кончается раньше фрагмента. Сдвиньте его ближе к началу или сделайте короче.",
  cover_too_large: PICTURE_TOO_LARGE,
  cover_damaged: "Картинку не открыть. Выберите другую: jpeg, png или webp.",
  lyrics_damaged: "Слова не прочитать. Вставьте их заново в формате LRC.",
  lyrics_without_times: "В словах нет времени. Вставьте их в формате LRC: [00:12.00] перед каждой строкой.",
  look: "Такого вида или настройки здесь нет. Выберите другой вид или нажмите «Сбросить».",
  format: "Такой размер, скорость или длина не подходят. Выберите другие.",
  moment_outside: "Этот момент вне фрагмента. Выберите другой.",
  too_few_bytes: "Кружок выходит слишком большим. Выберите фрагмент покороче.",
  disk_full: NO_ROOM,
  unwritable: NO_ROOM,
  device: NOT_DRAWN,
  encoder: NOT_DRAWN,
  stopped: NOT_DRAWN,
  mistake: NOT_DRAWN,
  failed: NOT_DRAWN,
  timeout: "Кружок рисовался слишком долго. Попробуйте ещё раз или выберите фрагмент покороче.",
  request: "Файл или фрагмент не подошёл. Выберите другой фрагмент или другой файл.",
  set_aside: "На этой песне или картинке рисование ломается. Выберите другую.",
  refused: "Telegram не даёт боту написать вам. Откройте бота, нажмите «Старт» и отправьте кружок ещё раз.",
  unknown: "Возможно, кружок дошёл. Посмотрите в чате с ботом: там его можно отправить ещё раз.",
};

/** What a person is told of an error. */
export function wordsFor(error) {
  // No answer of the server's: what a browser says of a mistake is for programmers.
  if (error?.status === undefined) return t("broken");
  const { status, about, retrySecs, message } = error;
  if (status === 0) return t("offline");
  if (currentLanguage() !== "ru") return asSentence(message) || t(status === 429 ? "too_many" : "broken");
  const words = REFUSED[`${about} ${status}`] ?? REFUSED[status] ?? t("broken");
  return words.replace("{later}", retrySecs ? `через ${retrySecs} с` : "чуть позже");
}

/** What a person is told of a job that failed. */
export const wordsForFailure = ({ kind, detail }) =>
  (currentLanguage() === "ru" ? FAILED[kind] : asSentence(detail)) || t("broken");

/** The server writes for programs: without a capital, and without a full stop. */
function asSentence(words) {
  if (!words) return "";
  const begun = words[0].toUpperCase() + words.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
