// People and circles by day, week and month, and what they like.

import { ask } from "./api.js";
import { bars } from "./charts.js";
import { card, el, table } from "./dom.js";

export function numbers(page) {
  return () =>
    page.tried(async () => {
      const told = await ask("numbers");
      const row = (name, busy) => [name, busy.people, busy.circles, busy.searches];
      page.section.replaceChildren(
        card("Busy", table(["last", "people in chats", "circles", "searches"], [row("day", told.day), row("week", told.week), row("month", told.month)], "")),
        card(
          "By day, UTC",
          told.days.length > 0 && bars(told.days.map((day) => day.circles), `circles by day, the last ${told.days.length} days on which something was done`),
          table(["day", "people in chats", "circles", "searches"], told.days.toReversed().map((day) => [day.date, day.people, day.circles, day.searches]), "Nothing was done yet."),
        ),
        card("Songs, 30 days", top(told.songs)),
        card("Themes, 30 days", top(told.themes)),
      );
    });
}

const top = (named) => table(["", "circles"], named.map((one) => [el("span", {}, one.name), one.circles]), "None yet.");
