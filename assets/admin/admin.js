// The page put together: who is signed in decides what is shown; each tab asks for itself when it is opened.

import { access } from "./access.js";
import { ask } from "./api.js";
import { audit } from "./audit.js";
import { jobs } from "./jobs.js";
import { now } from "./now.js";
import { numbers } from "./numbers.js";

const at = (id) => document.getElementById(id);
const TABS = { now, jobs, numbers, access, audit };
// Letters of a code of the bot's; a token has more.
const CODE_LETTERS = 16;

let may = false;
const looks = {};

function say(words) {
  at("note").textContent = words;
}

// Does something that may be refused, and says so; undefined if it was.
async function tried(act) {
  try {
    const done = await act();
    return done ?? true;
  } catch (error) {
    if (error.status === 401) leave();
    say(`${error.message}.`);
    return undefined;
  }
}

function show(name) {
  for (const other of Object.keys(TABS)) {
    const chosen = other === name;
    at(other).hidden = !chosen;
    at(`tab-${other}`).setAttribute("aria-selected", String(chosen));
    at(`tab-${other}`).tabIndex = chosen ? 0 : -1;
  }
}

function open(name) {
  say("");
  show(name);
  looks[name]();
}

function enter(session) {
  may = session.role === "admin";
  at("who").textContent = may ? session.who : `${session.who}, may look`;
  at("sign-in").hidden = true;
  at("inside").hidden = at("sign-out").hidden = false;
  for (const [name, tab] of Object.entries(TABS)) {
    looks[name] = tab({ section: at(name), may, tried, say, show });
  }
  open("now");
}

function leave() {
  at("inside").hidden = at("sign-out").hidden = true;
  at("sign-in").hidden = false;
  at("who").textContent = "";
  at("key").focus();
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = at("key").value.trim();
  const letters = key.replace(/[^0-9a-z]/gi, "");
  say("");
  const session = await tried(() => ask("session", "POST", letters.length === CODE_LETTERS ? { code: key } : { token: key }));
  if (!session) return;
  at("key").value = "";
  enter(session);
});

at("sign-out").addEventListener("click", async () => {
  await tried(() => ask("session", "DELETE"));
  leave();
});

for (const name of Object.keys(TABS)) {
  at(`tab-${name}`).addEventListener("click", () => open(name));
}

document.querySelector(".tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const names = Object.keys(TABS);
  const from = names.findIndex((name) => at(`tab-${name}`) === document.activeElement);
  const name = names[(from + step + names.length) % names.length];
  at(`tab-${name}`).focus();
  open(name);
});

ask("session").then(enter, leave);
