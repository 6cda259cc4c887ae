// Opened inside Telegram as a Mini App: what it tells the page, and what the page tells it. Telegram's own script does the
// same and more, and would have to come from its server.

/** What Telegram put behind the page's address. */
const launch = new URLSearchParams(location.hash.slice(1));

/** What Telegram signed about the person, for the program to check; empty in a browser. */
export const initData = launch.get("tgWebAppData") ?? "";

export const inTelegram = initData !== "";

/** The language of the person's Telegram; `null` in a browser. Nothing rests on it. */
export function languageCode() {
  try {
    return JSON.parse(new URLSearchParams(initData).get("user")).language_code ?? null;
  } catch {
    return null;
  }
}

function tell(eventType, eventData = {}) {
  const app = window.TelegramWebviewProxy;
  if (app) app.postEvent(eventType, JSON.stringify(eventData));
  else if (parent !== window) parent.postMessage(JSON.stringify({ eventType, eventData }), "https://web.telegram.org");
}

/** The page is there: Telegram takes its own picture of waiting away, and gives it the whole height. */
export function shown() {
  if (!inTelegram) return;
  tell("web_app_ready");
  tell("web_app_expand");
}
