/** The bar: play, pause, steps, back, reset, speed. It drives all panes at once. */

import { setText, throttle } from "../dom.js";
import { setIcon } from "../icons.js";
import { digits, percent, whole } from "../numbers.js";

const find = (id) => document.getElementById(id);

export class RunControls {
  constructor(app) {
    this.app = app;
    find("play").addEventListener("click", () => this.toggle());
    find("batch").addEventListener("click", () => this.#all((session) => session.advance("batch")));
    find("epoch").addEventListener("click", () => this.#all((session) => session.advance("epoch")));
    find("back").addEventListener("click", () => this.back());
    find("reset").addEventListener("click", () => this.reset());
    find("reseed").addEventListener("click", () => app.sessions.forEach((session) => session.configure({ ...session.configuration, seed: (session.configuration.seed + 1) % 2 ** 32 })));
    find("speed").addEventListener("change", () => this.#all((session) => (session.playing ? session.play(this.speed) : (session.speed = this.speed))));
    this.showSoon = throttle(() => this.show(), 100);
    this.scrub = find("scrub");
    this.scrub.addEventListener("input", () => this.#scrubbing(true));
    this.scrub.addEventListener("change", () => {
      this.#scrubbing(false);
      this.#all((session) => session.back(Math.min(Number(this.scrub.value), session.frame?.step ?? 0)));
    });
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  get speed() {
    return Number(find("speed").value);
  }

  get playing() {
    return this.app.sessions.some((session) => session.playing);
  }

  toggle() {
    const { playing } = this;
    this.#all((session) => (playing ? session.pause() : session.play(this.speed)));
  }

  /** Go back to the end of the last epoch before the current step. */
  back() {
    this.#all((session) => {
      const step = session.frame?.step ?? 0;
      const each = session.configured?.steps_per_epoch ?? 1;
      return step && session.back(Math.max(0, Math.ceil(step / each) * each - each));
    });
  }

  async reset() {
    await this.#all((session) => (session.playing ? session.pause() : null));
    this.#all((session) => session.restart());
  }

  #all(action) {
    return Promise.all(this.app.sessions.map(action));
  }

  #scrubbing(dragged) {
    this.dragged = dragged;
    if (dragged) setText(find("clock-step"), whole(Number(this.scrub.value)));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const action = { k: () => this.toggle(), ",": () => this.back(), ".": () => this.#all((session) => session.advance("epoch")) }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** Show where the active training is. */
  show() {
    const { frame } = this.app.active;
    const step = frame?.step ?? 0;
    setText(find("clock-epoch"), whole(frame?.epoch ?? 0));
    this.scrub.disabled = find("back").disabled = step === 0;
    if (!this.dragged) {
      setText(find("clock-step"), whole(step));
      this.scrub.max = step;
      this.scrub.value = step;
      this.scrub.setAttribute("aria-valuetext", `step ${step}`);
    }
  }

  /** Show whether training goes on, and say so. */
  showPlaying() {
    const { playing } = this;
    const button = find("play");
    if (this.shown === playing) return;
    const first = this.shown === undefined;
    this.shown = playing;
    setIcon(button, playing ? "pause" : "play");
    setText(button.querySelector(".label"), playing ? "Pause" : "Play");
    button.title = `${playing ? "Pause" : "Play"} (k)`;
    if (!first) this.#say(playing);
  }

  #say(playing) {
    const { frame } = this.app.active;
    if (playing || !frame) return setText(find("live"), playing ? "Training." : "");
    const { loss, accuracy } = frame.metrics;
    const why = frame.stopped ? `Training stopped: ${frame.stopped}.` : "Paused";
    setText(find("live"), `${why} after epoch ${frame.epoch}: loss ${digits(loss)}, accuracy ${percent(accuracy)}.`);
  }
}
