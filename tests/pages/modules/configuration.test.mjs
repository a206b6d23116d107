import assert from "node:assert/strict";
import { test } from "node:test";

import { blocksOf, hiddenBlock, layersOf, layersOfBlocks, moved, nameOf } from "../../../src/whorl/playground/static/blocks.js";
import {
  DEFAULT, classesOf, complete, fromHash, optimizerParts, optimizerText, toHash, withData, withLoss, withOutputs,
} from "../../../src/whorl/playground/static/configuration.js";
import { write } from "../../../src/whorl/playground/static/notation.js";

const rich = ["Dense(16, weight_l2=0.001, initializer=GlorotNormal())", "BatchNorm()", "Tanh()", "Dropout(0.2)", "Dense(3)", "Softmax()"];

test("layers become blocks and blocks the same layers", () => {
  const blocks = blocksOf(rich);
  assert.deepEqual(blocks.map(nameOf), ["16 Tanh", "3 Softmax"]);
  assert.deepEqual([blocks[0].first, blocks[0].last, blocks[1].first, blocks[1].last], [0, 3, 4, 5]);
  assert.equal(blocks[0].weight_l2, 0.001);
  assert.equal(blocks[0].dropout, 0.2);
  assert.deepEqual(layersOfBlocks(blocks), rich);
});

test("what is not a block stands alone as text", () => {
  const layers = ["Standardize()", "Dense(4)", "ReLU()", "BatchNorm()", "Residual((Dense(4),))", "Dense(x", "Dense(2)", "Softmax()"];
  const blocks = blocksOf(layers);
  assert.deepEqual(blocks.map(nameOf), ["Standardize()", "4 ReLU", "BatchNorm()", "Residual((Dense(4),))", "Dense(x", "2 Softmax"]);
  assert.deepEqual(layersOfBlocks(blocks), layers);
});

test("hidden blocks move, the last one stays", () => {
  const blocks = [hiddenBlock(8), hiddenBlock(4, "Tanh"), hiddenBlock(3, "Softmax")];
  assert.deepEqual(moved(blocks, 0, 1).map(nameOf), ["4 Tanh", "8 ReLU", "3 Softmax"]);
  assert.equal(moved(blocks, 1, 1), blocks);
  assert.equal(moved(blocks, 0, -1), blocks);
  assert.deepEqual(layersOf(blocks[1]), ["Dense(4)", "Tanh()"]);
});

test("the last layer and the loss follow the data", () => {
  const moons = withData(DEFAULT, { kind: "moons", samples: 100, noise: 0.1, seed: 0 });
  assert.deepEqual(moons.layers.slice(-2), ["Dense(2)", "Softmax()"]);
  const binary = withLoss(moons, "BinaryCrossEntropy()", 2);
  assert.deepEqual(binary.layers.slice(-2), ["Dense(1)", "Sigmoid()"]);
  const again = withData(binary, { ...DEFAULT.data, classes: 5 });
  assert.deepEqual([again.loss, ...again.layers.slice(-2)], ["CrossEntropy()", "Dense(5)", "Softmax()"]);
  const number = withOutputs(DEFAULT, 0);
  assert.deepEqual([number.loss, ...number.layers.slice(-2)], ["MeanSquaredError()", "ReLU()", "Dense(1)"]);
  assert.deepEqual(withOutputs(number, 4).layers.slice(-2), ["Dense(4)", "Softmax()"]);
  assert.deepEqual(withLoss(DEFAULT, "Hinge()", 3).layers.slice(-1), ["Dense(3)"]);
  assert.deepEqual(withOutputs({ ...DEFAULT, loss: "CrossEntropy(label_smoothing=0.1)" }, 2).loss, "CrossEntropy(label_smoothing=0.1)");
});

test("points have as many classes as the largest label says, two at least", () => {
  assert.equal(classesOf({ kind: "points", points: [[0, 0, 0], [1, 1, 4]] }), 5);
  assert.equal(classesOf({ kind: "points", points: [[0, 0, 0]] }), 2);
  assert.equal(classesOf({ kind: "table" }), null);
});

test("a link restores the configuration", () => {
  const view = { panes: [{ ...DEFAULT, features: ["x²", "radius"] }], text: "±😀" };
  assert.deepEqual(fromHash(toHash(view)), view);
  assert.match(toHash(view), /^#[\w-]+$/);
  for (const hash of ["", "#", "#%%%", "#bm9uc2Vuc2U"]) assert.equal(fromHash(hash), null);
});

test("what a link lacks is as by default", () => {
  assert.deepEqual(complete({ seed: 4, stop: { epochs: 9 }, unknown: 1 }), { ...DEFAULT, seed: 4, stop: { epochs: 9, accuracy: null, loss: null } });
  assert.equal(complete({ layers: "Dense(3)" }), DEFAULT);
  assert.equal(complete(null), DEFAULT);
});

test("an optimizer is taken apart and put together", () => {
  const text = "Averaged(Clipped(AdamW(Cosine(0.01, epochs=50)), norm=1), decay=0.99)";
  const parts = optimizerParts(text);
  assert.deepEqual([write(parts.optimizer), parts.norm, parts.decay], ["AdamW(Cosine(0.01, epochs=50))", 1, 0.99]);
  assert.equal(optimizerText(parts), text);
  assert.equal(optimizerParts("Adam("), null);
});
