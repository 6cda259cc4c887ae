// How the service is at this moment: asked every few seconds while somebody looks.

import { ask } from "./api.js";
import { bars, stages } from "./charts.js";
import { bytes, card, el, facts, span, sure, table } from "./dom.js";
import { lines } from "./jobs.js";

const EVERY_MS = 3000;

let timer = 0;
let failed = false;
let look = () => {};
document.addEventListener("visibilitychange", () => look());

export function now(page) {
  look = async () => {
    clearTimeout(timer);
    // Another tab, another window, or nobody signed in any more.
    if (document.hidden || !page.section.checkVisibility()) return;
    const done = await page.tried(async () => show(page, await ask("live"), look));
    if (done && failed) page.say("");
    failed = !done;
    clearTimeout(timer);
    timer = setTimeout(look, EVERY_MS);
  };
  return look;
}

function show(page, live, again) {
  const { record, disk } = live;
  const drain = async () => {
    if (await page.tried(() => ask("drain", "POST", { on: !live.draining }))) await again();
  };
  const [line, question] = live.draining
    ? ["Take jobs again", "Take new jobs again?"]
    : ["Drain", "Take no new job from now on? What is in the line is made and sent; a restart ends this."];
  const draining = el("p", { class: "warning" }, "No new job is taken: the line runs empty.");
  page.section.replaceChildren(
    ...(live.draining ? [draining] : []),
    card(
      "Health",
      el("ul", { class: "parts" }, live.parts.map((part) =>
        el("li", { class: part.ok ? "well" : "bad" }, el("strong", {}, `${part.ok ? "✓" : "✗"} ${part.name}`), el("span", {}, part.detail)))),
      el("p", { class: "aside" }, `version ${live.version}, up for ${span(live.up_ms)}`),
    ),
    card(
      "Line",
      facts([
        ["waiting", record.queue.queued],
        ["longest", span(record.queue.oldest_ms)],
        ["drawn", record.queue.rendering],
        ["sent now", record.queue.sending],
      ]),
      page.may && el("div", { class: "row" }, sure(line, question, drain)),
    ),
    card(
      "Circles a minute, last hour",
      bars(record.minutes, `${sum(record.minutes)} circles in the last hour, at most ${Math.max(...record.minutes)} in one minute`),
      el("p", { class: "aside" }, `${sum(record.minutes)} in the last hour`),
    ),
    card(
      "Time by stage, last day",
      record.stages.length ? stages(record.stages) : el("p", { class: "aside" }, "No circle was drawn yet."),
      record.stages.length > 0 && el("p", { class: "aside" }, "half · 95 of 100 within this time"),
    ),
    card("Workers", live.lanes.map((lane) => workers(lane, live.wanted))),
    card("Disk and cache", facts([
      ["files", `${bytes(disk.used_bytes)} of ${bytes(disk.budget_bytes)}`],
      ["free", bytes(disk.free_bytes)],
      ["database", bytes(record.database_bytes)],
      ["circles kept", `${record.cache.kept}, ${bytes(record.cache.bytes)}`],
      ["there already", thereAlready(record.cache)],
    ])),
    card("Sources", table(
      ["source", "state", "calls", "failed", ""],
      live.sources.map((source) => [source.source, source.state, source.calls ?? `${source.songs} songs`, source.failures, source.last_error ?? ""]),
      "None is configured.",
    )),
    card(
      "What went wrong, last day",
      table(["end", "kind", "jobs"], record.troubles.map((trouble) => [trouble.state, trouble.kind, trouble.count]), "Nothing."),
      record.examples.length > 0 && lines(page, record.examples),
    ),
  );
}

function workers(lane, wanted) {
  const chosen = (asked) => (asked === "auto" ? "the first that works here" : `as set: ${asked}`);
  return el(
    "div",
    { class: lane.up ? "lane" : "lane bad" },
    el("h3", {}, `${lane.lane}: ${lane.up} of ${lane.workers} up`),
    lane.adapter && el("p", {}, `draws with ${lane.adapter} (${chosen(wanted.adapter)})`),
    lane.encoder && el("p", {}, `encodes with ${lane.encoder} (${chosen(wanted.encoder)})`),
    lane.passed_over?.length > 0 && el("p", { class: "aside" }, `not with ${lane.passed_over.join("; ")}`),
    lane.trouble && el("p", { class: "bad" }, lane.trouble),
  );
}

/** How many of the last day's circles needed no drawing. */
function thereAlready({ asked, found }) {
  return asked ? `${found} of ${asked}, ${Math.round((100 * found) / asked)} %` : "none asked for yet";
}

const sum = (values) => values.reduce((all, value) => all + value, 0);
