// Who may do what: keys of the API, and people whose orders are not taken.

import { ask } from "./api.js";
import { card, el, moment, sure, table } from "./dom.js";

export function access(page) {
  async function look() {
    await page.tried(async () => {
      const [{ keys }, { blocked }] = await Promise.all([ask("keys"), ask("blocked")]);
      page.section.replaceChildren(
        card("API keys", el("div", { id: "new-key", role: "status" }), table(
          ["number", "name", "a minute", "people", "made", ""],
          keys.map((key) => [key.key, key.name, key.requests_per_minute, key.people, moment(key.created_ms), state(key)]),
          "There is none.",
        ), page.may && maker()),
        card("Blocked people", table(
          ["user", "since", "why", ""],
          blocked.map((one) => [one.user, moment(one.since_ms), one.why, page.may && sure("Unblock", `Take orders from user ${one.user} again?`, () => change(`blocked/${one.user}`))]),
          "Nobody is. A user is blocked from the story of one of their jobs.",
        )),
      );
    });
  }
  const change = async (path) => {
    if (await page.tried(() => ask(path, "DELETE").then(() => true))) await look();
  };
  const state = (key) => {
    if (key.revoked_ms) return `revoked ${moment(key.revoked_ms)}`;
    return page.may && sure("Revoke", `Have key ${key.key}, ${key.name}, no longer taken?`, () => change(`keys/${key.key}`));
  };
  function maker() {
    const field = (id, label, about) => [el("label", { for: id }, label), el("input", { id, required: true, ...about })];
    return el("form", { class: "maker", onsubmit: make },
      el("h3", {}, "Make a key"),
      field("key-name", "Whose it is", { maxlength: 100 }),
      field("key-often", "Requests a minute", { type: "number", min: 1, max: 1000000, value: 600 }),
      field("key-people", "Counts as people in the line", { type: "number", min: 1, max: 64, value: 1 }),
      el("button", { class: "primary", type: "submit" }, "Make it"));
  }
  async function make(event) {
    event.preventDefault();
    const value = (id) => document.getElementById(id).value;
    const made = await page.tried(() => ask("keys", "POST", {
      name: value("key-name"), requests_per_minute: Number(value("key-often")), people: Number(value("key-people")),
    }));
    if (!made) return;
    await look();
    document.getElementById("new-key").replaceChildren(
      el("p", {}, `Key ${made.key} is shown this once; it is sent as Authorization: Bearer KEY.`),
      el("code", { class: "secret" }, made.secret),
    );
  }
  return look;
}
