/**
 * One training as the page knows it: the configuration, what the server says of it, and the last frame.
 *
 * Events: `change` (another configuration is wanted), `configured`, `frame`, `problem` (`detail` is an error or null), `playing`.
 */

import { Connection } from "./connection.js";
import { History } from "./history.js";

/** Points of the decision surface on each side, while training goes on and while it rests. */
const [COARSE, FINE] = [40, 100];
/** Milliseconds between two pictures of the units while training goes on: there may be hundreds of them. */
const UNITS_EVERY = 120;

const nextPicture = () => new Promise(requestAnimationFrame);

export class Session extends EventTarget {
  /** `table` is the message with a table that the configuration may name. */
  constructor(address, configuration, table = null) {
    super();
    this.configuration = configuration;
    this.accepted = null; // the last configuration that the server took
    this.configured = null;
    this.frame = null;
    this.history = new History();
    this.playing = false;
    this.speed = 20;
    this.furthest = 0;
    this.view = { grid: COARSE, units: [], spread: false };
    this.unitsAt = -Infinity; // when those were asked for
    this.connection = new Connection(address);
    this.connection.addEventListener("closed", (event) => this.#problem(event.detail));
    this.connection.addEventListener("failed", (event) => this.#problem(event.detail));
    if (table) this.ask(table).catch(() => {}); // before what needs it
    this.configure(configuration);
    this.#watch();
  }

  /** Ask for a training with another configuration. While one is under way only the last one counts. */
  async configure(configuration) {
    this.configuration = configuration;
    this.#tell("change");
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.configuration !== this.sent) {
        this.sent = this.configuration;
        await this.#send(this.sent);
      }
    } finally {
      this.sending = false;
      this.sent = null;
    }
  }

  async #send(configuration) {
    try {
      const configured = await this.connection.ask({ type: "configure", configuration });
      this.configured = configured;
      this.accepted = configuration;
      this.frame = null;
      this.furthest = 0;
      this.history.clear();
      this.#problem(null);
      this.#tell("configured");
      if (this.playing) await this.play(this.speed);
    } catch (error) {
      this.#problem(error);
    }
  }

  /** Start again, with the same weights. */
  restart() {
    return this.configure({ ...this.configuration });
  }

  async play(speed = this.speed) {
    this.speed = speed;
    this.#setPlaying(true);
    if (!(await this.#do({ type: "play", speed }))) this.#setPlaying(false);
  }

  async pause() {
    this.#setPlaying(false);
    await this.#do({ type: "pause" });
  }

  async advance(unit) {
    if (this.playing) await this.pause();
    await this.#do({ type: "advance", unit });
  }

  /** Return to an earlier step. Only the last one that was asked for counts. */
  async back(step) {
    this.wanted = step;
    if (this.returning) return;
    this.returning = true;
    if (this.playing) await this.pause();
    for (let sent = null; sent !== this.wanted; ) {
      sent = this.wanted;
      await this.#do({ type: "back", step: sent });
    }
    this.returning = false;
  }

  edit(name, index, value) {
    return this.#do({ type: "edit", name, index, value });
  }

  /** Ask for other parts of frames, such as {spread: true}, from now on. */
  watch(view) {
    const changed = { ...this.view, ...view };
    if (JSON.stringify(changed) === JSON.stringify(this.view)) return;
    this.view = changed;
    this.unitsAt = -Infinity;
    this.connection.lookAway(); // the frame that is waited for lacks them
  }

  /** Send any message; its answer. */
  ask(message) {
    return this.connection.ask(message);
  }

  close() {
    this.ended = true;
    this.connection.close();
  }

  async #do(message) {
    try {
      await this.connection.ask(message);
      this.#problem(null);
      return true;
    } catch (error) {
      this.#problem(error);
      return false;
    }
  }

  /** Ask for a frame whenever the last one is drawn. A hidden page draws nothing, and so asks for nothing. */
  async #watch() {
    try {
      await this.connection.open;
    } catch {
      return;
    }
    while (!this.ended && !this.connection.closed) {
      const frame = await this.connection.look(this.#wanted());
      if (frame && this.configured) this.#take(frame);
      await nextPicture();
    }
  }

  #wanted() {
    const now = performance.now();
    if (this.playing && now - this.unitsAt < UNITS_EVERY) return { ...this.view, units: [] };
    this.unitsAt = now;
    return this.view;
  }

  #take(frame) {
    frame.fresh = new Set(frame.arrays.keys()); // the others are of the frame before
    for (const [name, array] of this.frame?.arrays ?? []) {
      if (name.startsWith("units/") && !frame.arrays.has(name)) frame.arrays.set(name, array);
    }
    this.frame = frame;
    this.furthest = Math.max(this.furthest, frame.step);
    this.history.take(frame.curve_from, frame.curves);
    this.#setPlaying(frame.playing);
    this.#tell("frame");
  }

  #setPlaying(playing) {
    if (playing === this.playing) return;
    this.playing = playing;
    this.watch({ grid: playing ? COARSE : FINE });
    this.#tell("playing");
  }

  #problem(error) {
    if (error || this.problem) this.#tell("problem", error);
    this.problem = error;
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
