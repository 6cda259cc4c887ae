// Elements from values. Text is always text: nothing that comes from the service is read as HTML.

export function el(name, about = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...inside.flat().filter((part) => part != null && part !== false));
  return element;
}

export function card(title, ...inside) {
  return el("section", { class: "card" }, el("h2", {}, title), ...inside);
}

export function table(heads, rows, none) {
  if (!rows.length) return el("p", { class: "aside" }, none);
  // A column of buttons needs no name.
  const head = el("tr", {}, heads.map((text) => (text ? el("th", { scope: "col" }, text) : el("td"))));
  const body = rows.map((cells) => el("tr", {}, cells.map((cell) => el("td", {}, cell ?? "–"))));
  return el("div", { class: "wide" }, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

export const facts = (pairs) =>
  el("dl", {}, pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value ?? "–")]));

export const button = (text, onclick, kind = "secondary") => el("button", { class: kind, type: "button", onclick }, text);

// A button that changes something asks before it does.
export function sure(text, question, act, kind = "secondary") {
  return button(text, () => window.confirm(question) && act(), kind);
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${count < 10 && unit ? count.toFixed(1) : Math.round(count)} ${units[unit]}`;
}

export function span(ms) {
  if (ms == null) return "–";
  if (ms < 10_000) return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.floor(ms / 3_600_000)} h`;
}

export const moment = (ms) => (ms == null ? "–" : new Date(ms).toLocaleString());
