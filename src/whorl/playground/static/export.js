/** What the page gives to take along: the script, the model, the curves, pictures, and a link. */

import { h, setText, themeName } from "./dom.js";
import { THEMES, css } from "./colours.js";

const FILES = [
  ["npz", "Model (.npz)", "For whorl.load, and numpy.load"],
  ["onnx", "Model (.onnx)", "For other programs"],
  ["csv", "Curves (.csv)", "The values of each epoch"],
  ["gif", "Animation (.gif)", "The output over the steps"],
];

/** Fill the page's part that gives files; `app` is the page. */
export function start(app) {
  return new TakeAlong(app, document.getElementById("take-along"));
}

class TakeAlong {
  constructor(app, container) {
    this.app = app;
    this.changed = () => this.#changed();
    this.status = h("p", { class: "soft", role: "status" });
    const button = (text, title, onclick) => h("button", { type: "button", class: "button", text, title, onclick });
    const files = FILES.map(([what, text, title]) => button(text, title, () => this.#try(() => this.save(what))));
    this.code = h("pre", { tabindex: 0, role: "region", "aria-label": "Python script" });
    const copy = button("Copy", "Copy the script", () => this.#try(() => this.#copy(this.code.textContent, "The script is copied.")));
    const download = button("Download", "Download the script", () => this.#try(() => this.save("script")));
    this.script = h("details", { class: "script" }, h("summary", { text: "Python script" }), h("p", { class: "soft", text: "It trains the same network, with the same steps and edits, to the same bits." }), h("div", { class: "chips" }, copy, download), this.code);
    this.script.addEventListener("toggle", () => this.script.open && this.#try(() => this.show()));
    const picture = button("Picture (.png)", "The network and its output", () => this.#try(() => this.picture()));
    const link = button("Copy the link", "An address that restores all settings", () => this.#try(() => this.link()));
    const chips = h("div", { class: "chips" }, ...files, picture, link);
    container.replaceChildren(h("section", { class: "card", "aria-labelledby": "take-along-title" }, h("h2", { id: "take-along-title", text: "Take along" }), chips, this.script, this.status));
  }

  /** Ask for a file, and save it. */
  async save(what) {
    const { name, blob } = await this.app.active.ask({ type: "export", what });
    download(name, blob);
    return `${name} is saved.`;
  }

  /** Show the script as it is at this step, and again when training has stopped at another one. */
  async show() {
    this.#follow(this.app.active);
    this.shown = [this.session.accepted, this.session.frame?.step];
    const { blob } = await this.app.active.ask({ type: "export", what: "script" });
    setText(this.code, await blob.text());
    return `The script repeats the ${this.app.active.frame?.step ?? 0} steps so far.`;
  }

  #follow(session) {
    if (this.session === session) return;
    this.session?.removeEventListener("frame", this.changed);
    this.session = session;
    session.addEventListener("frame", this.changed);
  }

  #changed() {
    const { session, shown } = this;
    const same = session.accepted === shown[0] && session.frame.step === shown[1];
    if (this.script.open && !session.playing && !same) this.#try(() => this.show());
  }

  async picture() {
    const canvas = drawn(this.app.panes[this.app.chosen].element);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    download("playground.png", blob);
    return "playground.png is saved.";
  }

  link() {
    return this.#copy(new URL(this.app.link(), location.href).href, "The link is copied. It opens this playground while it runs; in a later one, put the part from # behind its address.");
  }

  async #copy(text, done) {
    await navigator.clipboard.writeText(text);
    return done;
  }

  async #try(action) {
    setText(this.status, "…");
    try {
      setText(this.status, await action());
    } catch (error) {
      setText(this.status, error.message);
    }
  }
}

function download(name, blob) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Return a canvas with the network and the output of a pane, side by side. */
export function drawn(pane) {
  const groups = [[".edges", ".tiles"], [".surface", ".points"]].map((names) => names.map((name) => pane.querySelector(`canvas${name}`)).filter((canvas) => canvas?.width));
  const shown = groups.filter((group) => group.length);
  const gap = 24;
  const canvas = document.createElement("canvas");
  canvas.width = shown.reduce((width, [first]) => width + first.width + gap, gap);
  canvas.height = Math.max(...shown.map(([first]) => first.height)) + 2 * gap;
  const context = canvas.getContext("2d");
  context.fillStyle = css(THEMES[themeName()].paper);
  context.fillRect(0, 0, canvas.width, canvas.height);
  let left = gap;
  for (const group of shown) {
    const [{ width, height }] = group;
    for (const each of group) context.drawImage(each, left, gap, width, height);
    left += width + gap;
  }
  return canvas;
}
