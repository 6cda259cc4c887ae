// Jobs found by their number, their user, their state, or the name the API gave them; one job's story, and what can be done.

import { ask } from "./api.js";
import { button, card, el, facts, moment, span, sure, table } from "./dom.js";

const STATES = ["queued", "rendering", "rendered", "sending", "sent", "done", "failed", "set_aside", "cancelled", "refused", "unknown"];

export function jobs(page) {
  const found = el("div");
  const wanted = el("input", { id: "job-query", type: "search", placeholder: "number of a job, user:42, or a name of the API", maxlength: 80 });
  const state = el("select", { id: "job-state" }, el("option", { value: "" }, "any state"), STATES.map((name) => el("option", {}, name)));
  async function look(event) {
    event?.preventDefault();
    const text = wanted.value.trim();
    if (/^\d+$/.test(text)) return open(page, Number(text));
    const query = new URLSearchParams();
    if (/^user:-?\d+$/.test(text)) query.set("user", text.slice(5));
    else if (text) query.set("name", text);
    if (state.value) query.set("state", state.value);
    found.replaceChildren();
    await more(query);
  }
  async function more(query) {
    await page.tried(async () => {
      const { jobs } = await ask(`jobs?${query}`);
      found.append(lines(page, jobs));
      const last = jobs.at(-1);
      if (jobs.length < 50) return;
      query.set("before", last.job);
      const next = button("Older ones", () => {
        next.remove();
        more(query);
      });
      found.append(next);
    });
  }
  state.addEventListener("change", look);
  page.section.replaceChildren(
    el("form", { class: "row search", role: "search", onsubmit: look },
      el("label", { class: "unseen", for: "job-query" }, "Find a job"), wanted,
      el("label", { class: "unseen", for: "job-state" }, "State"), state,
      el("button", { class: "primary", type: "submit" }, "Find")),
    el("div", { id: "story", tabindex: "-1" }),
    card("Jobs", found),
  );
  return look;
}

export function lines(page, jobs) {
  const rows = jobs.map((job) => [
    el("button", { class: "link", type: "button", onclick: () => open(page, job.job) }, String(job.job)),
    job.state,
    [job.artist, job.title].filter(Boolean).join(" – ") || "–",
    job.theme,
    String(job.user),
    [job.kind, job.words].filter(Boolean).join(": "),
    moment(job.changed_ms),
  ]);
  return table(["job", "state", "song", "theme", "user", "why", "changed"], rows, "There is none.");
}

async function open(page, number) {
  page.show("jobs");
  const story = document.getElementById("story");
  await page.tried(async () => {
    const job = await ask(`jobs/${number}`);
    story.replaceChildren(told(page, job, () => open(page, number)));
    story.focus();
    story.scrollIntoView({ block: "start" });
  });
}

function told(page, job, again) {
  const act = async (path, method, body) => {
    const done = await page.tried(() => ask(path, method, body).then((answer) => answer ?? {}));
    if (!done) return;
    if (done.job) page.say(`It is made again as job ${done.job}.`);
    await again();
  };
  const block = () => {
    const why = window.prompt(`Take no orders from user ${job.user} any more? Say why, for the other operators.`);
    if (why !== null) act("blocked", "POST", { user: job.user, why });
  };
  return card(
    `Job ${job.job}: ${job.state}`,
    facts([
      ["user", `${job.user}${job.username ? ` (@${job.username})` : ""}${job.blocked ? ", blocked" : ""}`],
      ["for", job.chat == null ? "whoever fetches it" : `chat ${job.chat}`],
      ["circle", `${job.spec.theme}, ${span(job.spec.length_ms)} from ${span(job.spec.start_ms)}, ${job.spec.size_px} px, ${job.spec.fps} fps`],
      ["song", [job.spec.artist, job.spec.title].filter(Boolean).join(" – ") || "–"],
      ["in the line", job.place == null ? "–" : `${job.place} before it, ${job.wait_s} s`],
      ["why", [job.kind, job.words].filter(Boolean).join(": ") || "–"],
      ["tries", `${job.attempts} failed, ${job.deaths} workers died, ${job.interruptions} restarts`],
      ["delivery", job.delivery],
    ]),
    el("ol", { class: "story" }, [
      ["asked for", job.created_ms],
      ["taken by " + (job.worker ?? "a worker"), job.claimed_ms],
      ["made", job.made_ms],
      [job.state, job.changed_ms],
    ].filter(([, at]) => at != null).map(([what, at]) => el("li", {}, `${what}: ${moment(at)} (+${span(at - job.created_ms)})`))),
    Object.keys(job.stages).length > 0 && facts(Object.entries(job.stages).map(([stage, ms]) => [stage, span(ms)])),
    page.may && el("div", { class: "row" },
      job.can_retry && sure("Make it again", "Make this circle again, as a new job?", () => act(`jobs/${job.job}/retry`, "POST")),
      job.can_cancel && sure("Cancel", "Cancel this job?", () => act(`jobs/${job.job}/cancel`, "POST")),
      job.blocked
        ? sure("Unblock the user", "Take orders from this user again?", () => act(`blocked/${job.user}`, "DELETE"))
        : button("Block the user", block)),
  );
}
