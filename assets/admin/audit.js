// What operators did, newest first. Nobody can change it, not even here.

import { ask } from "./api.js";
import { button, card, el, moment, table } from "./dom.js";

const PAGE = 200;

export function audit(page) {
  return async function look() {
    const rows = el("div");
    page.section.replaceChildren(card("What operators did", rows));
    async function more(before) {
      await page.tried(async () => {
        const { audit } = await ask(before ? `audit?before=${before}` : "audit");
        rows.append(table(["when", "who", "from", "did", "to"], audit.map((one) => [moment(one.at_ms), one.who, one.address, one.action, one.about]), "Nothing yet."));
        if (audit.length < PAGE) return;
        const next = button("Older", () => {
          next.remove();
          more(audit.at(-1).number);
        });
        rows.append(next);
      });
    }
    await more();
  };
}
