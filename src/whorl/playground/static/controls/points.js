/** Points drawn by hand: by pointer on the output's picture, or by a form. */

import { CLASSES, css, marker } from "../colours.js";
import { MOST_CLASSES, classesOf, withData } from "../configuration.js";
import { h, sized } from "../dom.js";

const MOST_POINTS = 5000;

/** Return the points that drawing starts with: those of the present data, or some of two classes if these are a table. */
export function firstPoints({ configured, configuration }) {
  if (!configured || configuration.data.kind === "table") return [[-0.6, 0.3, 0], [-0.4, 0.5, 0], [-0.5, 0.1, 0], [0.6, -0.3, 1], [0.4, -0.5, 1], [0.5, -0.1, 1]];
  const { x, y, label } = configured.points;
  return x.slice(0, MOST_POINTS).map((value, index) => [short(value), short(y[index]), label[index]]);
}

const short = (value) => Math.min(100, Math.max(-100, Number(value.toPrecision(4))));

export class Drawing {
  /** `surface` is drawn on; `change(configuration)` is called with new points. */
  constructor(session, surface, container, change) {
    Object.assign(this, { session, surface, container, change });
    this.label = 0;
    this.erasing = false;
    const { canvas } = surface;
    canvas.addEventListener("pointerdown", (event) => this.#start(event));
    canvas.addEventListener("pointermove", (event) => this.down && this.#stroke(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.#end());
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.active && surface.probe) this.#add(...surface.pointOf(surface.probe.across, surface.probe.down));
    });
    this.#build();
  }

  get active() {
    return this.session.configuration.data.kind === "points";
  }

  /** Show the tools if points are drawn. */
  show() {
    this.container.hidden = !this.active;
    if (!this.active) {
      this.points = null;
      this.surface.points = null;
      return;
    }
    if (this.session.configuration.data.points !== this.sent) {
      this.sent = this.session.configuration.data.points;
      this.points = [...this.sent];
    }
    const used = classesOf({ kind: "points", points: [[0, 0, 0], ...this.points] });
    this.classes.querySelectorAll("label:not(.eraser)").forEach((label, index) => (label.hidden = index > Math.min(used, MOST_CLASSES - 1)));
    this.#drawMarkers();
    this.#showPoints();
  }

  #build() {
    const tool = (label, name, canvas) => {
      const input = h("input", { type: "radio", name: `tool-${this.container.id}` });
      input.checked = label === 0;
      input.addEventListener("change", () => ([this.label, this.erasing] = label === null ? [this.label, true] : [label, false]));
      return h("label", { class: "chip" }, input, canvas ?? "", name);
    };
    this.container.id = `draw-${document.querySelectorAll(".pane").length}`;
    const classes = CLASSES.slice(0, MOST_CLASSES).map((_, label) => tool(label, `class ${label}`, h("canvas", { width: 14, height: 14, "aria-hidden": "true" })));
    const eraser = tool(null, "erase");
    eraser.classList.add("eraser");
    this.classes = h("div", { class: "chips", role: "radiogroup", "aria-label": "Draw" }, ...classes, eraser);
    const x = h("input", { type: "number", step: "any", min: -100, max: 100, required: true });
    const y = h("input", { type: "number", step: "any", min: -100, max: 100, required: true });
    const add = h("button", { type: "submit", class: "button", text: "Add point" });
    const form = h("form", {}, h("label", { class: "control" }, h("span", { text: "x" }), x), h("label", { class: "control" }, h("span", { text: "y" }), y), add);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add(Number(x.value), Number(y.value));
      x.select();
    });
    this.note = h("p", { class: "note" });
    const clear = h("button", { type: "button", class: "chip", text: "Remove all", onclick: () => this.#set([]) });
    this.classes.append(clear);
    this.container.replaceChildren(this.classes, form, this.note);
  }

  #drawMarkers() {
    this.classes.querySelectorAll("canvas").forEach((canvas, label) => {
      canvas.style.cssText = "width: 14px; height: 14px";
      const target = sized(canvas);
      if (!target) return;
      target.context.fillStyle = css(CLASSES[label]);
      target.context.strokeStyle = "#fff";
      target.context.beginPath();
      marker(target.context, label, 7, 7, 4.5);
      target.context.fill();
      target.context.stroke();
    });
  }

  #start(event) {
    if (!this.active || event.button) return;
    this.surface.canvas.setPointerCapture(event.pointerId);
    this.down = true;
    this.last = null;
    this.#stroke(event);
  }

  #stroke(event) {
    const { canvas } = this.surface;
    const place = [event.offsetX, event.offsetY];
    if (this.last && Math.hypot(place[0] - this.last[0], place[1] - this.last[1]) < 10) return;
    this.last = place;
    const [x, y] = this.surface.pointOf(place[0] / canvas.clientWidth, place[1] / canvas.clientHeight);
    if (this.erasing) this.points = this.points.filter((point) => !this.#near(point, place));
    else if (this.points.length < MOST_POINTS) this.points.push([short(x), short(y), this.label]);
    this.#showPoints();
  }

  #near([x, y], [across, down]) {
    const { canvas } = this.surface;
    const [left, top] = this.surface.placeOf(x, y);
    return Math.hypot(left * canvas.clientWidth - across, top * canvas.clientHeight - down) < 12;
  }

  #end() {
    if (!this.down) return;
    this.down = false;
    this.#set(this.points);
  }

  #add(x, y) {
    this.#set([...this.points, [short(x), short(y), this.label]]);
  }

  /** Take points; the training follows as soon as there are enough. */
  #set(points) {
    this.points = points;
    const labels = new Set(points.map((point) => point[2]));
    const enough = points.length >= 4 && labels.size >= 2;
    this.note.textContent = enough ? "" : "There must be at least 4 points, of at least two classes.";
    if (enough) {
      this.sent = points;
      this.change(withData(this.session.configuration, { kind: "points", points }));
    }
    this.#showPoints();
  }

  /** Show the points that are not yet the server's. */
  #showPoints() {
    if (!this.session.configured) return;
    const same = this.session.accepted?.data.points === this.points && !this.down;
    this.surface.points = same ? null : { x: this.points.map((point) => point[0]), y: this.points.map((point) => point[1]), label: this.points.map((point) => point[2]) };
    this.surface.drawPoints();
  }
}
