/** The data: which kind, with how many points and how much noise; what the network sees of them. */

import { CLASSES, THEMES, css } from "../colours.js";
import { DATA, FEATURES, withData } from "../configuration.js";
import { h, sized, themeName } from "../dom.js";
import { Form, number, slider } from "../fields.js";
import { digits, percent, whole } from "../numbers.js";
import { firstPoints } from "./points.js";
import { tableFields } from "./table.js";

const NAMES = { spiral: "spiral", moons: "moons", circles: "circles", xor: "xor", blobs: "blobs", points: "drawn", table: "CSV file" };

const SLIDERS = {
  samples: { label: "Points/class", min: 10, max: 1000, step: 10, format: whole },
  classes: { label: "Classes", min: 2, max: 10, step: 1, format: String },
  noise: { label: "Noise", min: 0, max: 1, step: 0.05, format: digits },
  factor: { label: "Inner radius", min: 0.1, max: 0.9, step: 0.05, format: digits },
  spread: { label: "Spread", min: 0, max: 4, step: 0.1, format: digits },
};

export class DataControls {
  constructor(container, app) {
    this.app = app;
    this.kinds = h("div", { class: "kinds", role: "group", "aria-label": "Kind of data" });
    this.buttons = Object.entries(NAMES).map(([kind, name]) => {
      const button = h("button", { type: "button", "data-kind": kind, onclick: () => this.#choose(kind) }, h("canvas", { "aria-hidden": "true" }), name);
      this.kinds.append(button);
      return button;
    });
    const fields = h("div", { class: "fields", id: "data-fields" });
    container.append(this.kinds, fields);
    this.form = new Form(fields, {
      signature: ({ data }) => [data.kind, data.digest, this.waiting, app.table?.digest, data.kind === "table" && app.active.configured?.inputs].join(),
      build: (configuration, form) => this.#build(configuration, form),
      change: (configuration) => app.change(configuration),
    });
  }

  show(configuration) {
    for (const button of this.buttons) button.setAttribute("aria-pressed", button.dataset.kind === (this.waiting ?? configuration.data.kind));
    this.form.show(configuration);
    requestAnimationFrame(() => this.drawAll());
  }

  drawAll() {
    for (const button of this.buttons) drawIcon(button.querySelector("canvas"), button.dataset.kind);
  }

  #choose(kind) {
    const { configuration } = this.app.active;
    this.waiting = kind === "table" && configuration.data.kind !== "table" ? "table" : null;
    if (this.waiting || kind === configuration.data.kind) return this.show(configuration);
    const data = kind === "points" ? { kind, points: firstPoints(this.app.active) } : { kind, ...DATA[kind] };
    this.app.change(withData(configuration, data));
  }

  #build({ data }, form) {
    if (data.kind === "table" || this.waiting) return tableFields(this.app, this.form, () => (this.waiting = null), validationSlider(form));
    const names = Object.keys(DATA[data.kind] ?? {}).filter((name) => name in SLIDERS);
    const sliders = names.map((name) => slider(form, { ...SLIDERS[name], get: (each) => each.data[name] ?? 0, set: (each, value) => withData(each, { ...each.data, [name]: value }) }));
    const seed = "seed" in data && number(form, { label: "Seed of the data", min: 0, max: 2 ** 32 - 1, step: 1, get: (each) => each.data.seed, set: (each, value) => ({ ...each, data: { ...each.data, seed: value } }) });
    const drawn = data.kind === "points" && h("p", { class: "note wide", text: "Choose a class under the picture and draw points into it." });
    return [...sliders, validationSlider(form), seed, drawn, features(form)].filter(Boolean);
  }
}

function validationSlider(form) {
  return slider(form, { label: "Validation", min: 0, max: 0.9, step: 0.05, format: (share) => percent(share).replace(".0", ""), get: (each) => each.validation, set: (each, validation) => ({ ...each, validation }) });
}

/** The inputs that the network gets, at least one. */
function features(form) {
  const inputs = FEATURES.map((name) => {
    const input = h("input", { type: "checkbox" });
    input.addEventListener("change", () => {
      const chosen = FEATURES.filter((each) => (each === name ? input.checked : form.value.features.includes(each)));
      if (chosen.length) form.change({ ...form.value, features: chosen });
      else input.checked = true;
    });
    return [name, input];
  });
  const element = h("fieldset", { class: "wide" }, h("legend", { text: "Inputs of the network" }), h("div", { class: "chips" }, ...inputs.map(([name, input]) => h("label", { class: "chip" }, input, name))));
  return { element, show: (configuration) => inputs.forEach(([name, input]) => (input.checked = configuration.features.includes(name))) };
}

/** Draw a small picture of a kind of data. */
function drawIcon(canvas, kind) {
  const target = sized(canvas);
  if (!target) return;
  const { context, width, height } = target;
  context.clearRect(0, 0, width, height);
  if (kind === "table") {
    context.strokeStyle = css(THEMES[themeName()].soft);
    for (let line = 0; line < 4; line += 1) {
      context.strokeRect(width * 0.2, height * (0.2 + 0.15 * line), width * 0.6, height * 0.15);
      context.strokeRect(width * 0.2, height * (0.2 + 0.15 * line), width * 0.3, height * 0.15);
    }
    return;
  }
  for (const [x, y, label] of iconPoints(kind)) {
    context.fillStyle = css(CLASSES[label]);
    context.beginPath();
    context.arc(width * (0.5 + 0.42 * x), height * (0.5 - 0.42 * y), width / 24, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A number from −0.5 to 0.5 without any pattern that is seen, the same each time. */
const scatter = (index) => ((Math.abs(Math.sin(12.9898 * (index + 1))) * 43758.5453) % 1) - 0.5;

function iconPoints(kind) {
  const points = [];
  for (let index = 0; index < 14; index += 1) {
    const share = index / 13;
    const turn = share * 2 * Math.PI;
    if (kind === "spiral") for (const label of [0, 1, 2]) points.push([share * Math.cos(4 * share + 2.09 * label), share * Math.sin(4 * share + 2.09 * label), label]);
    else if (kind === "moons") points.push([Math.cos(turn / 2) * 0.65 - 0.3, Math.sin(turn / 2) * 0.8 - 0.2, 0], [0.3 - Math.cos(turn / 2) * 0.65, 0.2 - Math.sin(turn / 2) * 0.8, 1]);
    else if (kind === "circles") points.push([0.95 * Math.cos(turn), 0.95 * Math.sin(turn), 0], [0.45 * Math.cos(turn), 0.45 * Math.sin(turn), 1]);
    else if (kind === "points") points.push([2 * share - 1, 0.35 + 0.4 * Math.sin(5 * share), 0], [2 * share - 1, -0.6 + 0.3 * Math.sin(6 * share), 1]);
    else {
      const [dx, dy] = [scatter(index), scatter(index + 50)];
      if (kind === "xor") points.push([0.55 + 0.7 * dx, 0.55 + 0.7 * dy, index % 2], [(index % 2 ? 0.55 : -0.55) + 0.7 * dx, -0.55 + 0.7 * dy, index % 2 ? 0 : 1], [-0.55 + 0.7 * dx, 0.55 + 0.7 * dy, 1]);
      else points.push([-0.5 + 0.7 * dx, 0.5 + 0.7 * dy, 0], [0.55 + 0.6 * dx, 0.3 + 0.8 * dy, 1], [-0.05 + 0.8 * dx, -0.6 + 0.6 * dy, 2]);
    }
  }
  if (kind === "xor") return points.map(([x, y]) => [x, y, x * y > 0 ? 0 : 1]);
  return points;
}
