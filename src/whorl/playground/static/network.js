/** The network as a drawing: a tile for each unit, a curve for each weight. Pointing reads a value, a click selects it. */

import { THEMES, css } from "./colours.js";
import { font, setText, sized, themeName, throttle } from "./dom.js";
import { drawEdge, drawEdges, largest } from "./edges.js";
import { MOST_UNITS, arrange, columnsOf, edgeAt, unitAt } from "./network-layout.js";
import { digits } from "./numbers.js";
import { Tiles, inputTiles } from "./tiles.js";

export class NetworkView {
  constructor(session, container) {
    this.session = session;
    this.tileCanvas = container.querySelector(".tiles");
    this.edgeCanvas = container.querySelector(".edges");
    this.readout = container.querySelector(".readout");
    this.tiles = [];
    this.columns = [];
    this.pointed = null;
    this.selected = null;
    this.drawEdgesSoon = throttle(() => this.drawEdges(), 150);
    this.tileCanvas.addEventListener("pointermove", (event) => this.#point(event.offsetX, event.offsetY));
    this.tileCanvas.addEventListener("pointerleave", () => this.#point(-1, -1));
    this.tileCanvas.addEventListener("click", (event) => {
      this.#point(event.offsetX, event.offsetY);
      if (this.pointed) this.select(this.#named(this.pointed));
    });
  }

  /** Draw another network. */
  show() {
    this.pointed = null;
    this.selected = null;
    setText(this.readout, "");
    this.drawAll();
  }

  /** Draw everything, as in another size or theme. */
  drawAll() {
    const { configured } = this.session;
    if (!configured) return;
    this.columns = columnsOf(configured.inputs, configured.layers);
    this.session.watch({ units: this.columns.map((column) => column.layer).filter((layer) => layer >= 0) });
    this.tiles = this.columns.map((_, index) => this.tiles[index] ?? new Tiles());
    const axes = configured.configuration?.data?.kind === "table" ? configured.configuration.data.axes : null;
    this.tiles[0]?.paint(inputTiles(configured.inputs, configured.bounds, axes), themeName());
    this.#describe();
    this.draw();
    this.drawEdges();
  }

  /** Draw what is new in the last frame. */
  drawFrame() {
    const { frame } = this.session;
    if (!frame || this.columns.some((column) => frame.fresh.has(`units/${column.layer}`))) this.draw();
    if (this.edgeFrame !== frame) this.drawEdgesSoon(); // there is a new frame only if something has changed
    if (this.pointed) this.#tell();
  }

  /** Draw the tiles. */
  draw() {
    const target = sized(this.tileCanvas);
    if (!target || !this.columns.length) return;
    const { context, width, height } = target;
    this.places = arrange(this.columns, width, height);
    context.clearRect(0, 0, width, height);
    const theme = THEMES[themeName()];
    context.imageSmoothingEnabled = true;
    context.lineWidth = 1;
    context.strokeStyle = css(theme.soft, 0.55);
    this.columns.forEach((column, index) => {
      const array = this.session.frame?.arrays.get(`units/${column.layer}`);
      if (array) this.tiles[index].paint(array, themeName());
      const { side, tiles } = this.places[index];
      if (index && !array) return;
      tiles.forEach((tile, unit) => {
        this.tiles[index].draw(context, unit, tile.x, tile.y, side);
        if (side > 9) context.strokeRect(tile.x + 0.5, tile.y + 0.5, side - 1, side - 1);
      });
      this.#write(context, column, this.places[index], theme, height);
    });
    this.#mark(context, theme);
  }

  drawEdges() {
    const target = sized(this.edgeCanvas);
    if (!target || !this.places) return;
    this.edgeFrame = this.session.frame;
    target.context.clearRect(0, 0, target.width, target.height);
    this.columns.forEach((column, index) => {
      const weights = this.session.frame?.arrays.get(column.weights);
      if (weights && index) drawEdges(target.context, this.places[index - 1], this.places[index], weights, THEMES[themeName()]);
    });
  }

  /** Select a value by its array's name and its index there: mark it, and tell the page. */
  select(detail) {
    this.selected = detail;
    this.draw();
    document.dispatchEvent(new CustomEvent("whorl-select", { detail: { ...detail, session: this.session } }));
  }

  /** The names of inputs beside their tiles, and how many units are not drawn. */
  #write(context, column, place, theme, height) {
    context.fillStyle = css(theme.soft);
    context.font = font(12);
    if (column.labels && place.tiles.length <= 12) {
      context.textAlign = "right";
      context.textBaseline = "middle";
      const room = place.left - 6;
      column.labels.forEach((name, unit) => context.fillText(shortened(context, name, room - 4), room, place.tiles[unit].y + place.side / 2));
    }
    if (column.units > MOST_UNITS) {
      context.textAlign = "center";
      context.textBaseline = "bottom";
      context.fillText(`first ${MOST_UNITS} of ${column.units}`, place.centre, height);
    }
  }

  #mark(context, theme) {
    for (const [detail, colour] of [[this.selected, css(theme.ink)], [this.pointed && this.#named(this.pointed), css(theme.ink, 0.7)]]) {
      const found = detail && this.#placeOf(detail);
      if (!found) continue;
      const place = this.places[found.column];
      if (found.unit === undefined) {
        drawEdge(context, this.places[found.column - 1], place, found.from, found.to, colour);
        continue;
      }
      const tile = place.tiles[found.unit];
      if (!tile) continue;
      context.strokeStyle = colour;
      context.lineWidth = 2.5;
      context.strokeRect(tile.x - 1, tile.y - 1, place.side + 2, place.side + 2);
    }
  }

  #point(x, y) {
    if (!this.places) return;
    const strength = (column, from, to) => {
      const weights = this.session.frame?.arrays.get(this.columns[column].weights);
      return weights ? Math.abs(weights.values[from * weights.shape[1] + to]) / (this.scales?.[column] ?? 1) : 1;
    };
    this.scales = this.columns.map((column) => largest(this.session.frame?.arrays.get(column.weights)?.values ?? []));
    const found = unitAt(this.places, x, y) ?? edgeAt(this.places, x, y, 5, strength);
    if (JSON.stringify(found) === JSON.stringify(this.pointed)) return;
    this.pointed = found;
    this.tileCanvas.style.cursor = found ? "pointer" : "default";
    this.draw();
    this.#tell();
  }

  /** Return the name of what is at a place, and its index, as the server has them. */
  #named({ column, unit, from, to }) {
    if (unit === undefined) return { array: this.columns[column].weights, index: [from, to] };
    return column ? { array: `layers[${this.columns[column].layer}]`, index: [unit] } : { array: "x", index: [unit] };
  }

  #placeOf({ array, index }) {
    const column = this.columns.findIndex((each) => [each.weights, each.biases, `layers[${each.layer}]`].includes(array));
    if (column < 0) return array === "x" ? { column: 0, unit: index[0] } : null;
    return array === this.columns[column].weights ? { column, from: index[0], to: index[1] } : { column, unit: index[0] };
  }

  #tell() {
    const { configured, frame } = this.session;
    if (!this.pointed) return setText(this.readout, "");
    const { column, unit, from, to } = this.pointed;
    const { weights, biases, layer } = this.columns[column];
    const read = (name, ...index) => {
      const array = frame?.arrays.get(name);
      return array ? digits(array.values[index.length > 1 ? index[0] * array.shape[1] + index[1] : index[0]], 4) : "–";
    };
    if (unit === undefined) return setText(this.readout, `Weight ${weights}[${from}, ${to}] = ${read(weights, from, to)}`);
    if (!column) return setText(this.readout, `Input ${configured.inputs[unit]}`);
    setText(this.readout, `Unit ${unit} after ${configured.layers[layer].text}${biases ? ` · bias ${biases}[${unit}] = ${read(biases, unit)}` : ""}`);
  }

  #describe() {
    const { inputs } = this.session.configured;
    const sizes = this.columns.slice(1).map((column) => column.units);
    this.tileCanvas.setAttribute("aria-label", `Network with ${inputs.length} inputs (${inputs.slice(0, 9).join(", ")}) and layers of ${sizes.join(", ")} units. Each tile shows what a unit returns at each place of the plane. Weights can be read and set in the form below.`);
  }
}

/** Return a text that is no wider than there is room. */
function shortened(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length - 1;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}
