/** Marks over the drawing of a network: units by their gradients, and weights; and over its output: the sample. On canvases of their own. */

import { THEMES, css } from "./colours.js";
import { sized, themeName } from "./dom.js";
import { drawEdges, largest } from "./edges.js";

const LAYER = /^layers\[(\d+)\]$/;

/** Return the index of the column that shows a layer, or whose weights lead to it; -1 if there is none. `"x"` is the inputs. */
export function columnOf(columns, name) {
  if (name === "x") return 0;
  const found = LAYER.exec(name);
  if (!found) return columns.findIndex((column) => column.weights === name || column.biases === name);
  const layer = Number(found[1]);
  return columns.findIndex((column, index) => (index ? layer >= column.first && layer <= column.layer : layer <= column.layer));
}

/** Return a new canvas over the content of an element. */
function over(element) {
  const canvas = document.createElement("canvas");
  canvas.className = "highlight";
  canvas.setAttribute("aria-hidden", "true");
  element.append(canvas);
  return canvas;
}

export class Highlight {
  /** `pane` is a pane of the page. */
  constructor(pane) {
    this.pane = pane;
    this.canvas = over(pane.element.querySelector(".drawing"));
    this.spot = over(pane.element.querySelector(".field"));
    this.observer = new ResizeObserver(() => this.draw());
    for (const canvas of [this.canvas, this.spot]) this.observer.observe(canvas);
  }

  /** Mark numbers: `units` of layers and `weights`, each by name; null marks all of them alike. */
  show(units = {}, weights = {}) {
    Object.assign(this, { units, weights });
    this.draw();
  }

  /** Mark all of one array. */
  mark(name) {
    const parameter = this.pane.network.columns.some((column) => column.weights === name || column.biases === name);
    this.show(parameter ? {} : { [name]: null }, parameter ? { [name]: null } : {});
  }

  /** Mark a sample in the output, by its number; null for none. */
  showSample(sample) {
    this.sample = sample;
    this.draw();
  }

  draw() {
    this.#drawSpot();
    const target = sized(this.canvas);
    const { columns, places } = this.pane.network;
    if (!target || !places) return;
    const { context, width, height } = target;
    const theme = THEMES[themeName()];
    context.clearRect(0, 0, width, height);
    if (Object.keys(this.weights ?? {}).length) {
      context.fillStyle = css(theme.paper, 0.75); // so that what is marked stands out against the weights below
      context.fillRect(0, 0, width, height);
    }
    for (const [name, values] of Object.entries(this.weights ?? {})) this.#weights(context, columns, places, columnOf(columns, name), name, values, theme);
    for (const [name, values] of Object.entries(this.units ?? {})) this.#units(context, places[columnOf(columns, name)], values, theme);
  }

  #drawSpot() {
    const target = sized(this.spot);
    if (!target) return;
    const { context, width, height } = target;
    context.clearRect(0, 0, width, height);
    const { points, bounds } = this.pane.session.configured ?? {};
    if (this.sample === null || points?.x[this.sample] === undefined) return;
    const [x0, x1, y0, y1] = bounds;
    context.beginPath();
    context.arc(((points.x[this.sample] - x0) / (x1 - x0)) * width, ((y1 - points.y[this.sample]) / (y1 - y0)) * height, 10, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = css(THEMES[themeName()].ink);
    context.stroke();
  }

  #weights(context, columns, places, index, name, values, theme) {
    if (index < 1) return;
    const [before, after] = [places[index - 1], places[index]];
    if (columns[index].biases === name) return this.#units(context, after, values, theme);
    const inputs = columns[index - 1].units;
    const outputs = columns[index].units;
    const numbers = values ? values.flat() : Array(inputs * outputs).fill(1);
    drawEdges(context, before, after, { values: numbers, shape: [inputs, outputs] }, theme);
  }

  #units(context, place, values, theme) {
    const scale = values ? largest(values) : 1;
    place?.tiles.forEach((tile, unit) => {
      const share = values ? values[unit] / scale : 1;
      context.strokeStyle = css(values ? (share < 0 ? theme.cool : theme.warm) : theme.ink);
      context.lineWidth = 1 + 3 * Math.abs(share);
      if (share) context.strokeRect(tile.x - 2, tile.y - 2, place.side + 4, place.side + 4);
    });
  }

  clear() {
    this.sample = null;
    this.show();
  }

  remove() {
    this.observer.disconnect();
    this.canvas.remove();
    this.spot.remove();
  }
}
