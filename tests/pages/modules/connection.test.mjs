import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Connection } from "../../../src/whorl/playground/static/connection.js";

/** A web socket without a network: what is sent, and what a test lets it receive. */
class Socket {
  sent = [];
  constructor(address) {
    this.address = address;
    queueMicrotask(() => this.onopen());
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  receive(answer) {
    this.onmessage({ data: JSON.stringify(answer) });
  }
  receiveBinary(header, payload = "") {
    const text = JSON.stringify(header);
    const padded = text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4);
    const bytes = new TextEncoder().encode(`1234${padded}${payload}`);
    new DataView(bytes.buffer).setUint32(0, padded.length, true);
    this.onmessage({ data: bytes.buffer });
  }
}

globalThis.WebSocket = Socket;
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};

let connection;
beforeEach(async () => {
  connection = new Connection("ws://here/socket");
  await connection.open;
});

const sent = () => new Promise(setImmediate);

test("answers belong to the messages in order, frames to whoever looks", async () => {
  const play = connection.ask({ type: "play", speed: 0 });
  const frame = connection.look({ grid: 50 });
  const file = connection.ask({ type: "export", what: "script" });
  await sent();
  assert.deepEqual(connection.socket.sent.map((message) => message.type), ["play", "look", "export"]);
  connection.socket.receiveBinary({ type: "frame", step: 3, arrays: [] });
  connection.socket.receive({ type: "done", of: "play", step: 0 });
  connection.socket.receiveBinary({ type: "file", name: "spiral.py", media: "text/x-python" }, "import whorl");
  assert.equal((await frame).step, 3);
  assert.equal((await play).of, "play");
  assert.equal(await (await file).blob.text(), "import whorl");
});

test("what is refused is an error with the answer", async () => {
  const asked = connection.ask({ type: "configure" });
  await sent();
  connection.socket.receive({ type: "failed", of: "configure", message: "no such layer", field: "$.layers[0]" });
  await assert.rejects(asked, (error) => error.message === "no such layer" && error.answer.field === "$.layers[0]");
});

test("a frame that fails, or is wanted no more, is null", async () => {
  const failed = connection.look({});
  await sent();
  connection.socket.receive({ type: "failed", of: "look", message: "there is no picture" });
  assert.equal(await failed, null);
  const unwanted = connection.look({});
  await sent();
  connection.lookAway();
  assert.equal(await unwanted, null);
});

test("when the connection closes, whoever waits is told, and whoever asks later too", async () => {
  let closed = null;
  connection.addEventListener("closed", (event) => (closed = event.detail));
  const asked = connection.ask({ type: "pause" });
  const frame = connection.look({});
  await sent();
  connection.socket.onclose({ reason: "" });
  await assert.rejects(asked, /closed/);
  assert.equal(await frame, null);
  assert.match(closed.message, /whorl playground/);
  await assert.rejects(connection.ask({ type: "play" }), /closed/);
});
