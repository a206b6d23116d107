import assert from "node:assert/strict";
import { test } from "node:test";

import { CLASSES, THEMES, divergingTable, paintSurface } from "../../../src/whorl/playground/static/colours.js";
import { History } from "../../../src/whorl/playground/static/history.js";
import { arrange, columnsOf, edgeAt, unitAt } from "../../../src/whorl/playground/static/network-layout.js";
import { digits, percent, ticks, whole } from "../../../src/whorl/playground/static/numbers.js";
import { decodeFile, decodeFrame } from "../../../src/whorl/playground/static/protocol.js";

function message(header, payload = new Uint8Array()) {
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4));
  const result = new Uint8Array(4 + bytes.length + payload.length);
  new DataView(result.buffer).setUint32(0, bytes.length, true);
  result.set(bytes, 4);
  result.set(payload, 4 + bytes.length);
  return result.buffer;
}

test("decodes a frame without copying", () => {
  const payload = new Uint8Array(16);
  payload.set([1, 2, 3, 4]);
  new DataView(payload.buffer).setFloat32(8, 1.5, true);
  new DataView(payload.buffer).setFloat32(12, -2, true);
  const arrays = [
    { name: "units/1", dtype: "uint8", shape: [1, 2, 2], offset: 0, low: -1, high: 1 },
    { name: "w1", dtype: "float32", shape: [2, 1], offset: 8 },
  ];
  const buffer = message({ type: "frame", step: 3, arrays }, payload);
  const frame = decodeFrame(buffer);
  assert.equal(frame.step, 3);
  assert.deepEqual([...frame.arrays.get("w1").values], [1.5, -2]);
  assert.equal(frame.arrays.get("w1").values.buffer, buffer);
  assert.deepEqual([...frame.arrays.get("units/1").values], [1, 2, 3, 4]);
  assert.equal(frame.arrays.get("units/1").low, -1);
});

test("refuses frames that are cut short or unknown", () => {
  assert.throws(() => decodeFrame(message({ type: "frame" }).slice(0, 10)), RangeError);
  assert.throws(() => decodeFrame(message({ arrays: [{ name: "a", dtype: "uint8", shape: [9], offset: 0 }] })), RangeError);
  assert.throws(() => decodeFrame(message({ arrays: [{ name: "a", dtype: "int3", shape: [0], offset: 0 }] })), TypeError);
});

test("decodes a file", async () => {
  const file = decodeFile(message({ type: "file", name: "a.py", media: "text/x-python" }, new TextEncoder().encode("import whorl")));
  assert.equal(file.name, "a.py");
  assert.equal(await file.blob.text(), "import whorl");
  assert.equal(file.blob.type, "text/x-python");
});

test("a history takes the new points of a frame, and replaces what it has when told to", () => {
  const history = new History();
  history.take(0, { epoch: [0, 1], loss: [1, 0.5], accuracy: [0.2, 0.4] });
  history.take(2, { epoch: [2], loss: [null], accuracy: [0.8] });
  assert.deepEqual(history.curves.loss, [1, 0.5, NaN]);
  assert.deepEqual(history.curves.val_loss, []);
  history.take(1, { epoch: [4], loss: [0.25], accuracy: [1] });
  assert.deepEqual([history.curves.epoch, history.curves.loss, history.length], [[0, 4], [1, 0.25], 2]);
  history.take(0, { epoch: [0], loss: [3] });
  assert.deepEqual(history.curves.loss, [3]);
});

test("colours are those of the likely class, paler where none is likely", () => {
  const pixels = new Uint32Array(2);
  paintSurface(new Uint8Array([255, 0, 127, 128]), [2, 1, 2], pixels, "light");
  const [unsure, sure] = [...pixels].map((pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]); // rows are turned over
  const far = (a, b) => a.reduce((sum, value, index) => sum + Math.abs(value - b[index]), 0);
  assert.ok(far(sure, CLASSES[0]) < far(unsure, CLASSES[0]));
  assert.ok(far(unsure, THEMES.light.paper) < far(sure, THEMES.light.paper));
});

test("one probability is that of the second class", () => {
  const [one, two] = [new Uint32Array(1), new Uint32Array(1)];
  paintSurface(new Uint8Array([200]), [1, 1, 1], one, "dark");
  paintSurface(new Uint8Array([55, 200]), [1, 1, 2], two, "dark");
  assert.equal(one[0], two[0]);
});

test("a diverging table is neutral at zero", () => {
  const table = divergingTable(THEMES.light, 0, 4);
  const neutral = THEMES.light.neutral;
  assert.equal(table[0] >>> 0, ((255 << 24) | (neutral[2] << 16) | (neutral[1] << 8) | neutral[0]) >>> 0);
  const [red, green, blue] = THEMES.light.warm;
  assert.equal(table[255] >>> 0, ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
});

const layers = [
  { outputs: [64], parameters: { w: "w1", b: "b1" } },
  { outputs: [64], parameters: {} },
  { outputs: [3], parameters: { w: "w2", b: "b2" } },
  { outputs: [3], parameters: {} },
];

test("a column shows the output of the last layer before the next weights", () => {
  const columns = columnsOf(["x", "y"], layers);
  assert.deepEqual(columns.map(({ layer, units, weights }) => [layer, units, weights]), [[-1, 2, null], [1, 64, "w1"], [3, 3, "w2"]]);
});

test("tiles from 1 to 64 units lie within the picture and do not overlap", () => {
  for (let units = 1; units <= 64; units += 1) {
    const columns = columnsOf(["x"], [{ outputs: [units], parameters: { w: "w1", b: "b1" } }]);
    for (const [width, height] of [[600, 400], [300, 320]]) {
      const place = arrange(columns, width, height)[1];
      assert.equal(place.tiles.length, units);
      for (const [index, tile] of place.tiles.entries()) {
        assert.ok(tile.x >= width / 2 && tile.x + place.side <= width && tile.y >= 0 && tile.y + place.side <= height, `${units} units`);
        const next = place.tiles[index + 1];
        if (next) assert.ok(next.x >= tile.x + place.side || next.y >= tile.y + place.side, `${units} units`);
      }
    }
  }
});

test("finds units and weights under the pointer", () => {
  const places = arrange(columnsOf(["x", "y"], layers), 900, 400);
  const tile = places[1].tiles[17];
  assert.deepEqual(unitAt(places, tile.x + 2, tile.y + 2), { column: 1, unit: 17 });
  assert.equal(unitAt(places, 1, 1), null);
  const [from, to] = [places[0].tiles[1], places[1].tiles[60]];
  const middle = (places[0].right + places[1].left) / 2;
  const found = edgeAt(places, middle, (from.anchor + to.anchor) / 2);
  assert.deepEqual(found, { column: 1, from: 1, to: 60 });
  assert.equal(edgeAt(places, places[0].right + 1, 2), null);
});

test("numbers are short", () => {
  assert.deepEqual([0, 0.01234, -12.345, 1.2e-7, NaN, null, Infinity].map((value) => digits(value)), ["0", "0.0123", "−12.3", "1.20e−7", "not a number", "–", "infinite"]);
  assert.equal(percent(0.973), "97.3\u202f%");
  assert.equal(whole(1234567), "1\u202f234\u202f567");
  assert.deepEqual(ticks(0, 1), [0, 0.5, 1]);
  assert.deepEqual(ticks(0, 87, 4), [0, 50]);
});
