/** A web socket of the server: every message has one answer, in order; frames come when there is something new. */

import { decodeFile, decodeFrame, split } from "./protocol.js";

export class Connection extends EventTarget {
  constructor(address) {
    super();
    this.waiting = []; // who asked for an answer, in order
    this.looking = null; // who waits for a frame
    this.closed = null; // the error that says why, once it is closed
    this.open = new Promise((resolve, reject) => {
      this.socket = new WebSocket(address);
      this.socket.binaryType = "arraybuffer";
      this.socket.onopen = resolve;
      this.socket.onmessage = (event) => this.receive(event.data);
      this.socket.onclose = (event) => {
        const error = new Error(event.reason || "The connection to the server is closed. Start whorl playground again and reload this page.");
        reject(error);
        this.closed = error;
        for (const { refuse } of this.waiting.splice(0)) refuse(error);
        this.lookAway();
        this.dispatchEvent(new CustomEvent("closed", { detail: error }));
      };
    });
    this.open.catch(() => {}); // whoever asks is told
  }

  /** Send a message; its answer, or an error with `answer` if it was refused. */
  async ask(message) {
    await this.open;
    if (this.closed) throw this.closed;
    return new Promise((resolve, refuse) => {
      this.waiting.push({ resolve, refuse });
      this.socket.send(JSON.stringify(message));
    });
  }

  /** Ask for one frame. */
  async look(message) {
    await this.open;
    return new Promise((resolve) => {
      this.looking = resolve;
      this.socket.send(JSON.stringify({ type: "look", ...message }));
    });
  }

  /** Ask for no frame any more: whoever waits gets null. */
  lookAway() {
    this.#seen(null);
  }

  close() {
    this.socket.close();
  }

  receive(data) {
    if (typeof data !== "string") {
      const { header } = split(data);
      if (header.type === "frame") return this.#seen(decodeFrame(data));
      return this.waiting.shift()?.resolve(decodeFile(data));
    }
    const answer = JSON.parse(data);
    if (answer.type === "failed" && answer.of === "look") return this.#seen(null);
    const asked = this.waiting.shift();
    if (answer.type !== "failed") return asked?.resolve(answer);
    const error = new Error(answer.message);
    error.answer = answer;
    if (asked) asked.refuse(error);
    else this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }

  #seen(frame) {
    const resolve = this.looking;
    this.looking = null;
    resolve?.(frame);
  }
}
