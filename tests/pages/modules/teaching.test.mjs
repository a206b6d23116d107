import assert from "node:assert/strict";
import { test } from "node:test";

import { columnOf } from "../../../src/whorl/playground/static/highlight.js";
import { inWords, reached } from "../../../src/whorl/playground/static/lessons.js";
import { columnsOf } from "../../../src/whorl/playground/static/network-layout.js";
import { read, spans } from "../../../src/whorl/playground/static/prose.js";

const frame = { epoch: 12, metrics: { loss: 0.2, accuracy: 0.97, val_loss: 0.5, val_accuracy: 0.9 }, findings: [{ kind: "overfitting" }] };

test("a goal is about the validation data, if there are any", () => {
  assert.equal(reached({ accuracy: 0.95 }, frame), false);
  assert.equal(reached({ accuracy: 0.9 }, frame), true);
  assert.equal(reached({ accuracy: 0.95 }, { ...frame, metrics: { loss: 0.2, accuracy: 0.97 } }), true);
  assert.equal(reached({ loss: 0.3 }, frame), false);
  assert.equal(reached({ loss: 0.5 }, frame), true);
});

test("a goal is reached when all parts of it are", () => {
  assert.equal(reached({ accuracy: 0.9, epoch: 13 }, frame), false);
  assert.equal(reached({ accuracy: 0.9, epoch: 12, finding: "overfitting" }, frame), true);
  assert.equal(reached({ finding: "dead units" }, frame), false);
});

test("numbers that are missing or not finite reach no goal", () => {
  assert.equal(reached({ loss: 1 }, { ...frame, metrics: { loss: null } }), false);
  assert.equal(reached({ accuracy: 0.1 }, { ...frame, metrics: {} }), false);
});

test("a goal in words", () => {
  assert.equal(inWords({ accuracy: 0.95 }), "Goal: an accuracy of 95 %");
  assert.equal(inWords({ epoch: 100, finding: "overfitting" }), "Goal: epoch 100, and the finding “overfitting”");
});

test("text is read as paragraphs and lists, and nothing in it is HTML", () => {
  assert.deepEqual(read("One\nline.\n\n- first\n- <b>second</b>"), [
    { kind: "p", items: [[{ kind: "text", text: "One line." }]] },
    { kind: "ul", items: [[{ kind: "text", text: "first" }], [{ kind: "text", text: "<b>second</b>" }]] },
  ]);
  assert.deepEqual(spans("a `x*y` and *this*, 2 * 3 * 4"), [
    { kind: "text", text: "a " },
    { kind: "code", text: "x*y" },
    { kind: "text", text: " and " },
    { kind: "em", text: "this" },
    { kind: "text", text: ", 2 * 3 * 4" },
  ]);
});

test("each layer and parameter has its column in the drawing", () => {
  const layer = (outputs, parameters = {}) => ({ outputs: [outputs], parameters });
  const columns = columnsOf(["x", "y"], [layer(2), layer(4, { w: "w2", b: "b2" }), layer(4), layer(3, { w: "w3", b: "b3" }), layer(3)]);
  const places = ["x", "layers[0]", "layers[1]", "layers[2]", "layers[3]", "layers[4]", "w2", "b3", "w9"];
  assert.deepEqual(places.map((name) => columnOf(columns, name)), [0, 0, 1, 1, 2, 2, 1, 2, -1]);
});
