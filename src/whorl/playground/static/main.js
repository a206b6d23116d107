/** The page: one or two panes, the controls beside them, the bar above, and the address that restores it all. */

import { setUpAppearance } from "./controls/appearance.js";
import { DataControls } from "./controls/data.js";
import { RunControls } from "./controls/run.js";
import { TrainingControls } from "./controls/training.js";
import { classesOf, complete, fromHash, toHash } from "./configuration.js";
import { h, replaceChildren, throttle } from "./dom.js";
import { setIcons } from "./icons.js";
import { Pane } from "./pane.js";
import { Session } from "./session.js";

/** The modules beside the page's own; without one of them the page goes on. */
const MORE = ["./explain.js", "./lessons.js", "./export.js"];

const find = (id) => document.getElementById(id);

class App {
  constructor() {
    const token = new URLSearchParams(location.search).get("token") ?? "";
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket?token=${encodeURIComponent(token)}`;
    this.panes = [];
    this.table = null;
    this.chosen = 0;
    setIcons(document);
    const restored = fromHash(location.hash)?.panes;
    const wanted = (Array.isArray(restored) && restored.length ? restored : [null]).slice(0, 2).map(complete);
    for (const configuration of wanted) this.#open(configuration);
    this.data = new DataControls(find("data"), this);
    this.training = new TrainingControls(find("training"), this);
    this.run = new RunControls(this);
    this.writeSoon = throttle(() => history.replaceState(null, "", this.link()), 400);
    setUpAppearance(() => this.drawAll());
    find("compare").addEventListener("click", () => this.compare(this.panes.length === 1));
    addEventListener("hashchange", () => this.#restore());
    this.#arrange();
  }

  get sessions() {
    return this.panes.map((pane) => pane.session);
  }

  /** The training that the controls beside the panes belong to. */
  get active() {
    return this.panes[this.chosen].session;
  }

  /** Train the active pane with another configuration. */
  change(configuration) {
    this.active.configure(configuration);
  }

  /** The number of classes of the active training. */
  classes() {
    return classesOf(this.active.configuration.data) ?? this.active.configured?.classes.length ?? 2;
  }

  /** The address that restores the whole page. */
  link() {
    return toHash({ panes: this.sessions.map((session) => session.configuration) });
  }

  /** Show a second configuration beside the first, a copy of it to begin with; or only the active one. */
  compare(wanted) {
    if (wanted && this.panes.length < 2) this.#open(this.active.configuration);
    if (!wanted) this.#keep([this.panes[this.chosen]]);
    this.chosen = wanted ? 1 : 0;
    this.#arrange();
  }

  choose(index) {
    this.chosen = index;
    this.#arrange();
  }

  drawAll() {
    for (const pane of this.panes) pane.drawAll();
    this.data?.drawAll();
    this.training?.redraw?.();
  }

  #open(configuration) {
    const session = new Session(this.address, configuration, this.table?.message);
    const pane = new Pane(session, (changed, value) => {
      this.chosen = this.sessions.indexOf(changed);
      changed.configure(value);
    });
    this.panes.push(pane);
    find("panes").append(pane.element);
    pane.start();
    session.addEventListener("change", () => this.#show());
    session.addEventListener("configured", () => this.#show());
    session.addEventListener("frame", () => session === this.active && this.run.showSoon());
    session.addEventListener("playing", () => this.run.showPlaying());
  }

  #keep(panes) {
    for (const pane of this.panes.filter((each) => !panes.includes(each))) {
      pane.session.close();
      pane.remove();
    }
    this.panes = panes;
  }

  /** Show the panes with their names, which of them is active, and its controls. */
  #arrange() {
    const both = this.panes.length === 2;
    document.documentElement.dataset.panes = this.panes.length;
    find("compare").setAttribute("aria-pressed", both);
    find("which").hidden = !both;
    const names = both ? ["A", "B"] : [""];
    replaceChildren(find("which"), names.map((name, index) => h("button", { type: "button", "data-key": name, "aria-pressed": String(index === this.chosen), text: name, onclick: () => this.choose(index) })));
    this.panes.forEach((pane, index) => {
      pane.setName(names[index]);
      pane.element.classList.toggle("active", both && index === this.chosen);
    });
    this.#show();
  }

  #show() {
    this.data.show(this.active.configuration);
    this.training.show(this.active.configuration);
    this.run.show();
    this.run.showPlaying();
    this.writeSoon();
  }

  #restore() {
    const restored = fromHash(location.hash)?.panes;
    if (!Array.isArray(restored) || location.hash === this.link()) return;
    this.compare(restored.length > 1);
    this.sessions.forEach((session, index) => session.configure(complete(restored[index])));
  }
}

/** The page, for tests and for the browser's console. */
export const app = new App();
app.active.addEventListener("frame", loadMore, { once: true }); // after the first picture

function loadMore() {
  for (const path of MORE) {
    import(path).then(
      (module) => module.start?.(app),
      () => {}, // this part of the page is not there
    );
  }
}
