/** The explanation of what is selected in a drawing, and backpropagation through it step by step. */

import { h, setText, throttle } from "./dom.js";
import { Highlight } from "./highlight.js";

const OFTEN = 500; // milliseconds between two explanations while training is stepped

/** Fill the page's explanation; `app` is the page. */
export function start(app) {
  return new Explanation(app, document.getElementById("explanation"));
}

class Explanation {
  constructor(app, section) {
    Object.assign(this, { app, section, selected: null, steps: null, at: 0 });
    section.hidden = false;
    this.title = h("h2", { text: "Explanation", tabindex: -1 });
    this.sample = h("input", { type: "number", min: 0, step: 1, value: 0, oninput: () => this.refresh((this.touched = true)) });
    this.walk = h("button", { type: "button", class: "chip", "aria-pressed": "false", text: "Backpropagation step by step", onclick: () => this.toggle() });
    this.close = h("button", { type: "button", class: "button", text: "Close", hidden: true, onclick: () => this.end() });
    this.body = h("div", { class: "explained" });
    this.previous = h("button", { type: "button", class: "button", text: "Previous", onclick: () => this.go(this.at - 1) });
    this.next = h("button", { type: "button", class: "button", text: "Next", onclick: () => this.go(this.at + 1) });
    this.place = h("span", { class: "facts" });
    this.steering = h("div", { class: "steering", role: "group", "aria-label": "Steps of backpropagation", hidden: true }, this.previous, this.place, this.next);
    this.status = h("p", { class: "unseen", role: "status" });
    section.replaceChildren(h("header", {}, this.title, h("label", { class: "sample" }, h("span", { text: "Sample" }), this.sample), this.walk, this.close), this.steering, this.body, this.status);
    section.addEventListener("keydown", (event) => this.#key(event));
    for (const type of ["pointerover", "focusin", "click"]) this.body.addEventListener(type, (event) => this.#point(event));
    document.addEventListener("whorl-select", (event) => this.select(event.detail));
    this.refreshSoon = throttle(() => this.refresh(), OFTEN);
    this.end();
  }

  /** Explain a value: {array, index, session}. */
  select({ array, index, session }) {
    this.selected = { array, index };
    this.#use(session);
    this.highlight.clear();
    this.steps = null;
    return this.refresh();
  }

  /** Begin or end the walk through backpropagation. */
  toggle() {
    if (this.steps) return this.end();
    this.#use(this.app.active);
    this.steps = [];
    this.at = 0;
    return this.refresh();
  }

  /** Explain nothing any more. */
  end() {
    const within = this.section.contains(document.activeElement);
    this.selected = this.steps = this.asked = null;
    this.highlight?.clear();
    this.#layOut();
    setText(this.title, "Explanation");
    this.body.replaceChildren(h("p", { class: "soft", text: "Click a unit or a weight in the drawing, or choose one under “Read and set a weight”." }));
    if (within) this.walk.focus();
  }

  /** Ask the server again, as after another step or for another sample. */
  async refresh() {
    const { session } = this;
    this.#layOut();
    if (!session || (!this.steps && !this.selected)) return;
    const sample = Math.min(Number(this.sample.value) || 0, Number(this.sample.max) || 0);
    this.highlight.showSample(sample);
    const asked = (this.asked = this.steps ? { type: "backpropagate", sample } : { type: "explain", ...this.selected, samples: [sample] });
    try {
      const answer = await session.ask(asked);
      if (asked !== this.asked) return; // something else has been asked for since
      if (answer.type === "backpropagation") {
        this.steps = answer.steps;
        this.go(Math.min(this.at, answer.steps.length - 1));
      } else this.#show(answer.title, answer.html);
    } catch (error) {
      if (asked === this.asked) this.body.replaceChildren(h("p", { text: error.message }));
    }
  }

  /** Show one step of backpropagation. */
  go(at) {
    if (!this.steps?.length) return;
    this.at = Math.max(0, Math.min(at, this.steps.length - 1));
    const { title, html, units, weights } = this.steps[this.at];
    this.#show(title, html);
    setText(this.place, `${this.at + 1} of ${this.steps.length}`);
    this.previous.setAttribute("aria-disabled", this.at === 0);
    this.next.setAttribute("aria-disabled", this.at === this.steps.length - 1);
    this.highlight?.show(units, weights);
  }

  #show(title, html) {
    setText(this.title, title);
    setText(this.status, title);
    this.body.innerHTML = html; // made by the server, which escapes what it did not write itself
  }

  #layOut() {
    this.steering.hidden = !this.steps;
    this.walk.setAttribute("aria-pressed", Boolean(this.steps));
    const points = this.session?.configured?.points.x.length;
    if (points) this.sample.max = points - 1;
    if (points && !this.touched) this.sample.value = Math.floor(points / 2); // the first one of a spiral is at 0, 0
    const open = Boolean(this.steps || this.selected);
    this.section.classList.toggle("open", open);
    this.close.hidden = !open;
  }

  /** Follow a session: explain again when training has stopped at another step. */
  #use(session) {
    if (this.session === session) return;
    for (const [type, listener] of Object.entries(this.listeners ?? {})) this.session.removeEventListener(type, listener);
    this.highlight?.remove();
    this.session = session;
    this.highlight = new Highlight(this.app.panes.find((pane) => pane.session === session));
    this.listeners = {
      frame: () => {
        if (session.playing || session.frame.step === this.shownStep) return;
        this.shownStep = session.frame.step;
        this.refreshSoon();
      },
      configured: () => {
        this.shownStep = null;
        if (this.steps) this.refresh();
        else this.end(); // what was selected may not be there any more
      },
    };
    for (const [type, listener] of Object.entries(this.listeners)) session.addEventListener(type, listener);
  }

  #key(event) {
    if (event.key === "Escape" && !this.close.hidden) return this.end();
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!this.steps || !move || event.target === this.sample) return;
    event.preventDefault();
    this.go(this.at + move);
  }

  #point(event) {
    const operand = event.target.closest(".operand");
    if (operand) this.highlight?.mark(operand.dataset.array);
    else if (this.steps && event.type === "pointerover") this.highlight?.show(this.steps[this.at]?.units, this.steps[this.at]?.weights);
  }
}
