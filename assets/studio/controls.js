// A theme's parameters as sliders, switches, choices and colours.

import { localized, t } from "./texts.js";

const make = (tag, facts = {}) => Object.assign(document.createElement(tag), facts);

export class Controls {
  /** Told the parameter, its value, and the floats the shader holds for it, `null` when only the server knows them. */
  onChange = () => {};
  #root;
  #theme = null;
  #values = {};

  constructor(root) {
    this.#root = root;
  }

  /** Shows a theme's parameters; `values` are those that are not as the theme has them. */
  show(theme, values) {
    this.#theme = theme;
    this.#values = values;
    this.#root.replaceChildren(...theme.parameters.map((parameter) => this.#control(parameter)));
  }

  speak() {
    if (this.#theme) this.show(this.#theme, this.#values);
  }

  #control(parameter) {
    const makers = { number: "range", switch: "switch", choice: "choice", color: "color" };
    const root = make("div", { className: `control ${makers[parameter.kind]}` });
    const id = `parameter-${parameter.name}`;
    const label = make("label", { htmlFor: id, textContent: localized(parameter.title) });
    const value = this.#values[parameter.name] ?? parameter.default;
    const changed = (value, floats) => this.onChange(parameter.name, value, floats);
    const parts = {
      number: () => this.#range(parameter, id, value, changed),
      switch: () => this.#switch(id, value, changed),
      choice: () => this.#choice(parameter, id, value, changed),
      color: () => this.#color(id, value, changed),
    }[parameter.kind]();
    root.append(label, ...parts);
    return root;
  }

  #range({ min, max, step }, id, value, changed) {
    const input = make("input", { type: "range", id, min, max, step: step ?? "any" });
    input.value = value;
    const output = make("output", { htmlFor: id });
    const tell = () => {
      output.textContent = Number(input.value).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 });
      input.style.setProperty("--share", `${((input.value - min) / (max - min)) * 100}%`);
    };
    tell();
    input.addEventListener("input", () => {
      tell();
      changed(Number(input.value), [Number(input.value)]);
    });
    return [output, input];
  }

  #switch(id, value, changed) {
    const input = make("input", { type: "checkbox", id, checked: value === true || value === "on" });
    input.setAttribute("role", "switch");
    // A switch may change how everything moves, not only what the shader is told.
    input.addEventListener("change", () => changed(input.checked, null));
    return [input];
  }

  #choice({ choices }, id, value, changed) {
    const select = make("select", { id });
    for (const choice of choices) {
      const given = choice.value ?? choice;
      select.append(make("option", { value: given, textContent: localized(choice.title ?? String(given)), selected: given === value }));
    }
    select.addEventListener("change", () => changed(select.value, null));
    return [select];
  }

  #color(id, value, changed) {
    const auto = make("button", { type: "button", className: "link", textContent: t("from_cover") });
    const input = make("input", { type: "color", id });
    const show = (value) => {
      const own = /^#[0-9a-f]{6}$/i.test(value);
      if (own) input.value = value;
      input.classList.toggle("auto", !own);
      auto.setAttribute("aria-pressed", String(!own));
    };
    show(value);
    input.addEventListener("input", () => {
      show(input.value);
      const channel = (n) => parseInt(input.value.slice(n, n + 2), 16) / 255;
      changed(input.value, [channel(1), channel(3), channel(5)]);
    });
    auto.addEventListener("click", () => {
      show("auto");
      changed("auto", null);
    });
    return [auto, input];
  }
}

/** A row of choices of which one holds. */
export function pick(fieldset, name, choices, chosen, onChange) {
  for (const old of fieldset.querySelectorAll("label")) old.remove();
  for (const { value, title } of choices) {
    const label = make("label");
    const input = make("input", { type: "radio", name, value, className: "unseen", checked: value === chosen });
    input.addEventListener("change", () => onChange(value));
    label.append(input, make("span", { textContent: title }));
    fieldset.append(label);
  }
}
