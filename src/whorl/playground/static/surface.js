/** The decision surface with the data: each class in its colour, training points filled, validation points outlined. */

import { CLASSES, THEMES, css, marker, paintSurface } from "./colours.js";
import { h, setText, sized, themeName } from "./dom.js";
import { digits, percent } from "./numbers.js";

export class Surface {
  /** `session` is what is drawn, `container` the pane's output card. */
  constructor(session, container) {
    this.session = session;
    this.container = container;
    this.surface = container.querySelector(".surface");
    this.canvas = container.querySelector(".points");
    this.readout = container.querySelector(".readout");
    this.legend = container.querySelector(".legend");
    this.picture = document.createElement("canvas");
    this.probe = null; // the place that is pointed at, as shares of the width and height
    this.points = null; // drawn instead of the server's, while the user draws
    this.canvas.addEventListener("pointermove", (event) => this.point(event.offsetX / this.canvas.clientWidth, event.offsetY / this.canvas.clientHeight));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("blur", () => this.point(null));
    this.canvas.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Draw everything, as after a new configuration, another size or another theme. */
  drawAll() {
    if (!this.session.configured) return;
    this.#drawLegend();
    this.drawPoints();
    this.drawFrame();
  }

  drawFrame() {
    const array = this.session.frame?.arrays.get("surface");
    const target = sized(this.surface);
    if (!target) return;
    if (!array) return target.context.clearRect(0, 0, target.width, target.height);
    const [height, width] = array.shape;
    if (this.picture.width !== width || this.picture.height !== height || !this.data) {
      this.picture.width = width;
      this.picture.height = height;
      this.data = new ImageData(width, height);
      this.pixels = new Uint32Array(this.data.data.buffer);
    }
    paintSurface(array.values, array.shape, this.pixels, themeName());
    this.picture.getContext("2d").putImageData(this.data, 0, 0);
    target.context.imageSmoothingEnabled = true; // the centres of the outer pixels are on the border
    target.context.drawImage(this.picture, 0.5, 0.5, width - 1, height - 1, 0, 0, target.width, target.height);
    if (this.probe) this.#tellProbe();
  }

  drawPoints() {
    const { configured } = this.session;
    const target = sized(this.canvas);
    if (!configured || !target) return;
    const { context, width, height } = target;
    const points = this.points ?? configured.points;
    const { x, y, label, validation } = points;
    const radius = Math.max(2, Math.min(4.5, 75 / Math.sqrt(x.length))) * (width / 330);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    for (const held of [false, true]) {
      for (let each = 0; each < CLASSES.length; each += 1) {
        context.beginPath();
        for (let index = 0; index < x.length; index += 1) {
          if (label[index] !== each || Boolean(validation?.[index]) !== held) continue;
          const [across, down] = this.placeOf(x[index], y[index]);
          marker(context, each, across * width, down * height, held ? radius * 0.85 : radius);
        }
        context.lineWidth = held ? radius * 0.5 : 1;
        context.fillStyle = held ? "#fff" : css(CLASSES[each]);
        context.strokeStyle = held ? css(CLASSES[each]) : "#fff";
        context.fill();
        context.stroke();
      }
    }
    if (this.probe) this.#drawProbe(target);
    this.#describe(points);
  }

  /** Return the place of a point as shares of the width and height. */
  placeOf(x, y) {
    const [x0, x1, y0, y1] = this.session.configured.bounds;
    return [(x - x0) / (x1 - x0), 1 - (y - y0) / (y1 - y0)];
  }

  /** Return the point at a place. */
  pointOf(across, down) {
    const [x0, x1, y0, y1] = this.session.configured.bounds;
    return [x0 + across * (x1 - x0), y0 + (1 - down) * (y1 - y0)];
  }

  /** Point at a place; null for none. */
  point(across, down) {
    const had = this.probe?.keyboard;
    this.probe = across === null ? null : { across: Math.min(1, Math.max(0, across)), down: Math.min(1, Math.max(0, down)) };
    if (had) this.drawPoints();
    if (this.probe) this.#tellProbe();
    else setText(this.readout, "");
  }

  /** Return the classes with their probabilities at a place, the largest first. */
  probabilities(across, down) {
    const array = this.session.frame?.arrays.get("surface");
    if (!array) return [];
    const [height, width, k] = array.shape;
    const place = (Math.round((1 - down) * (height - 1)) * width + Math.round(across * (width - 1))) * k;
    const shares = k > 1 ? Array.from(array.values.subarray(place, place + k)) : [255 - array.values[place], array.values[place]];
    return shares.map((share, label) => ({ label, share: share / 255 })).sort((a, b) => b.share - a.share);
  }

  #tellProbe() {
    const { across, down } = this.probe;
    const { classes } = this.session.configured;
    const [x, y] = this.pointOf(across, down);
    const shares = this.probabilities(across, down).slice(0, 4).map(({ label, share }) => `class ${classes[label] ?? label}: ${percent(share)}`);
    setText(this.readout, `x ${digits(x)}, y ${digits(y)} · ${shares.join(", ")}`);
  }

  #drawProbe({ context, width, height }) {
    const [x, y] = [this.probe.across * width, this.probe.down * height];
    context.strokeStyle = css(THEMES[themeName()].ink);
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 4 * dx, y + 4 * dy);
      context.lineTo(x + 12 * dx, y + 12 * dy);
    }
    context.stroke();
  }

  /** Move the place that is pointed at by the arrow keys. */
  #move(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.1 : 0.02;
    const { across, down } = this.probe ?? { across: 0.5, down: 0.5 };
    this.point(across + steps[0] * step, down + steps[1] * step);
    this.probe.keyboard = true;
    this.drawPoints();
  }

  #drawLegend() {
    const { classes, points } = this.session.configured;
    const items = classes.map((name, label) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      return h("li", {}, canvas, `class ${name}`);
    });
    if (points.validation.some(Boolean)) items.push(h("li", { class: "soft", text: "filled: training, outlined: validation" }));
    this.legend.replaceChildren(...items);
    this.legend.querySelectorAll("canvas").forEach((canvas, label) => {
      const target = sized(canvas);
      if (!target) return;
      target.context.fillStyle = css(CLASSES[label]);
      target.context.beginPath();
      marker(target.context, label, target.width / 2, target.height / 2, target.width * 0.32);
      target.context.fill();
    });
  }

  #describe({ x, label, validation }) {
    const { classes, inputs } = this.session.configured;
    const held = validation?.filter(Boolean).length ?? 0;
    const counts = classes.map((name, each) => `${label.filter((value) => value === each).length} of class ${name}`);
    const text = `Decision surface over ${inputs.slice(0, 2).join(" and ")} with ${x.length} points: ${counts.join(", ")}; ${held} of them are validation data. Use the arrow keys to read the probabilities at a place.`;
    if (this.canvas.getAttribute("aria-label") !== text) this.canvas.setAttribute("aria-label", text);
  }
}
