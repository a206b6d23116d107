/** A pane: one training with its drawing, output, curves and findings. */

import { Drawing } from "./controls/points.js";
import { LayerCards } from "./controls/layers.js";
import { Curves } from "./curves.js";
import { h, setText, throttle } from "./dom.js";
import { Inspector } from "./inspector.js";
import { NetworkView } from "./network.js";
import { whole } from "./numbers.js";
import { Confusion, Findings, Metrics } from "./results.js";
import { Spread } from "./spread.js";
import { Surface } from "./surface.js";

const SLOW = 150; // milliseconds between two changes of what is read, not watched

export class Pane {
  /** `change(session, configuration)` is called when the pane's own controls change its configuration. */
  constructor(session, change) {
    this.session = session;
    this.element = document.getElementById("pane").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.element.querySelector(selector);
    const changed = (configuration) => change(session, configuration);
    this.cards = new LayerCards(session, this.element, changed);
    this.network = new NetworkView(session, find(".network"));
    this.inspector = new Inspector(session, find(".inspector"), (detail) => this.network.select(detail));
    this.surface = new Surface(session, find(".output"));
    this.drawing = new Drawing(session, this.surface, find(".draw"), changed);
    this.curves = new Curves(session, find(".curves"));
    this.metrics = new Metrics(find(".metrics"));
    this.confusion = new Confusion(find(".confusion"));
    this.findings = new Findings(find(".findings"));
    this.spread = new Spread(find(".spread"), session);
    this.problem = find(".problem");
    this.facts = find(".network .facts");
    this.readSoon = throttle(() => this.#read(), SLOW);
    session.addEventListener("change", () => this.#changed());
    session.addEventListener("configured", () => this.#configured());
    session.addEventListener("frame", () => this.#draw());
    session.addEventListener("problem", (event) => this.#show(event.detail));
    this.select = (event) => event.detail.session === session && this.inspector.choose(event.detail);
    document.addEventListener("whorl-select", this.select);
    this.observer = new ResizeObserver(throttle(() => this.drawAll(), 50));
    for (const selector of [".drawing", ".field", ".curves"]) this.observer.observe(find(selector));
  }

  /** Name the pane, as "A" beside "B"; "" if it is alone. */
  setName(name) {
    for (const part of ["network", "output", "curves", "findings"]) {
      const card = this.element.querySelector(`.${part}.card`);
      const title = `${part[0].toUpperCase()}${part.slice(1)} ${name}`.trim();
      card.setAttribute("aria-label", title);
      setText(card.querySelector("h2"), title);
    }
  }

  /** Show what is there already, once the pane stands in the page. */
  start() {
    this.#changed();
    if (this.session.configured) this.#configured();
  }

  /** Draw everything, as in another size or theme. */
  drawAll() {
    if (!this.session.configured) return; // there is nothing to draw, and the page need not be laid out for it yet
    this.network.drawAll();
    this.surface.drawAll();
    this.curves.drawAll();
    this.confusion.show();
    this.spread.show();
  }

  remove() {
    this.observer.disconnect();
    document.removeEventListener("whorl-select", this.select);
    this.element.remove();
  }

  #changed() {
    this.cards.show();
    this.drawing.show();
  }

  #configured() {
    const { parameters, engine, steps_per_epoch: steps } = this.session.configured;
    setText(this.facts, `${whole(parameters)} parameters · ${steps} ${steps === 1 ? "step" : "steps"} an epoch · ${engine.split(":")[0]}`);
    this.#changed();
    this.inspector.show();
    this.network.show();
    this.drawAll();
  }

  #draw() {
    this.surface.drawFrame();
    this.network.drawFrame();
    this.curves.drawSoon();
    this.readSoon();
  }

  #read() {
    const { frame, configured } = this.session;
    if (!frame || !configured) return;
    this.metrics.show(frame.metrics);
    this.confusion.take(frame.confusion, configured.classes, configured.points.validation.some(Boolean));
    this.findings.show(frame.findings, frame.stopped, frame.nan);
    this.spread.showSoon();
    this.inspector.follow();
  }

  #show(error) {
    this.problem.hidden = !error;
    if (!error) return;
    const { session } = this;
    const undo = session.accepted && session.accepted !== session.configuration && !session.connection.closed;
    const button = undo ? h("button", { type: "button", class: "button", text: "Undo the change", onclick: () => session.configure(session.accepted) }) : null;
    this.problem.replaceChildren(h("span", { text: error.message }), ...(button ? [button] : []));
  }
}
