/** The distributions of weights, activations, gradients and updates, as boxes of their quantiles. */

import { THEMES, css } from "./colours.js";
import { h, sized, themeName, throttle } from "./dom.js";
import { digits } from "./numbers.js";

const NOTE = "Each bar spans all values of an array, the darker the nearer to its median; the thin line is 0. Arrays of one kind have the same scale.";

export class Spread {
  constructor(details, session) {
    this.details = details;
    this.session = session;
    this.body = details.querySelector("div");
    this.canvases = new Map();
    this.showSoon = throttle(() => this.show(), 150);
    details.addEventListener("toggle", () => session.watch({ spread: details.open }));
  }

  show() {
    const { frame } = this.session;
    if (!this.details.open || !frame) return;
    const found = [...frame.arrays].filter(([name]) => name.startsWith("spread/"));
    if (found.map(([name]) => name).join() !== [...this.canvases.keys()].join()) this.#build(found);
    const largest = new Map();
    for (const [name, { values }] of found) {
      const sizes = Array.from(values, Math.abs).filter(Number.isFinite);
      largest.set(kindOf(name), Math.max(largest.get(kindOf(name)) ?? 1e-30, ...sizes));
    }
    for (const [name, { values }] of found) draw(this.canvases.get(name), name, values, largest.get(kindOf(name)));
  }

  #build(found) {
    const groups = new Map();
    this.canvases.clear();
    for (const [name] of found) {
      const canvas = h("canvas", { role: "img" });
      this.canvases.set(name, canvas);
      if (!groups.has(kindOf(name))) groups.set(kindOf(name), []);
      groups.get(kindOf(name)).push(h("tr", {}, h("th", { scope: "row", text: this.#label(name) }), h("td", {}, canvas)));
    }
    const bodies = [...groups].map(([kind, rows]) => h("tbody", {}, h("tr", {}, h("th", { scope: "rowgroup", colspan: 2, class: "kind", text: kind })), ...rows));
    this.body.replaceChildren(h("p", { class: "note", text: NOTE }), h("table", {}, ...bodies));
  }

  /** The name of an array, or for activations the layer. */
  #label(name) {
    const last = name.split("/").at(-1);
    return kindOf(name) === "activations" ? (this.session.configured.layers[last]?.text ?? last) : last;
  }
}

const kindOf = (name) => name.split("/")[1];

function draw(canvas, name, quantiles, largest) {
  const target = sized(canvas);
  if (!target) return;
  const { context, width, height } = target;
  const theme = THEMES[themeName()];
  const at = (value) => width / 2 + (value / largest) * (width / 2 - 2);
  const count = quantiles.length;
  const pairs = Math.floor(count / 2);
  context.clearRect(0, 0, width, height);
  context.fillStyle = css(theme.soft, 0.6);
  context.fillRect(width / 2, 0, 1, height);
  for (let inset = 0; inset < pairs; inset += 1) {
    const [low, high] = [at(quantiles[inset]), at(quantiles[count - 1 - inset])];
    context.fillStyle = css(theme.cool, 0.25 + (0.6 * inset) / Math.max(1, pairs - 1));
    context.fillRect(low, 4, Math.max(1.5, high - low), height - 8);
  }
  context.fillStyle = css(theme.ink);
  context.fillRect(at(quantiles[pairs]) - 1, 2, 2, height - 4);
  canvas.setAttribute("aria-label", `from ${digits(quantiles[0])} to ${digits(quantiles[count - 1])}, median ${digits(quantiles[pairs])}`);
}
