import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTIVATIONS, OPTIMIZERS, SCHEDULES, compose, known, valuesOf } from "../../../src/whorl/playground/static/catalogue.js";
import { call, read, write } from "../../../src/whorl/playground/static/notation.js";

test("reads calls, nested calls and literals", () => {
  assert.deepEqual(read("Adam(Cosine(0.1, epochs=50), beta1=.95)"), {
    name: "Adam",
    args: [{ name: "Cosine", args: [0.1], options: { epochs: 50 } }],
    options: { beta1: 0.95 },
  });
  assert.deepEqual(read("ReLU"), call("ReLU"));
  assert.deepEqual(read("Rescale(1e-08, (True, None, -2.5), monitor='val_loss')"), call("Rescale", [1e-8, [true, null, -2.5]], { monitor: "val_loss" }));
});

test("writes what it reads", () => {
  for (const text of ["ReLU()", "Dense(16, weight_l2=0.001)", "Embedding((3, 4), 2, columns=(0,))", 'SGD(ReduceOnPlateau(0.1, monitor="loss"), nesterov=True)', "Dense(3, max_norm=None)"]) {
    assert.equal(write(read(text)), text);
  }
});

test("refuses what is not notation", () => {
  for (const text of ["", "Dense(", "Dense(1))", "Dense(1 2)", "a.b()", "Dense(x for x in y)", "Dense(1) Dense(2)", "1 + 1", "Dense(\u200b1)"]) {
    assert.throws(() => read(text), SyntaxError, text);
  }
});

test("composes a call without the defaults", () => {
  assert.equal(write(compose("SGD", OPTIMIZERS.SGD, { learning_rate: 0.01, momentum: 0.9 })), "SGD(momentum=0.9)");
  assert.equal(write(compose("Cosine", SCHEDULES.Cosine, { learning_rate: 0.01, epochs: 50, cycles: 1 })), "Cosine(0.01, epochs=50)");
  assert.equal(write(compose("ELU", ACTIVATIONS.ELU, { alpha: 0.5 })), "ELU(0.5)");
});

test("returns the values of a call, and null for arguments it does not know", () => {
  assert.deepEqual(valuesOf(read("SGD(0.5, nesterov=True)"), OPTIMIZERS.SGD), { learning_rate: 0.5, momentum: 0, nesterov: true });
  assert.equal(valuesOf(read("SGD(0.5, 0.9)"), OPTIMIZERS.SGD), null);
  assert.equal(valuesOf(read("SGD(speed=1)"), OPTIMIZERS.SGD), null);
});

test("knows what there are controls for", () => {
  const schedule = (value) => known(value, SCHEDULES);
  assert.equal(known(read("Adam(Cosine(0.1, epochs=9))"), OPTIMIZERS, schedule), true);
  assert.equal(known(read("Adam(WarmUp(Cosine(0.1, epochs=9), epochs=1))"), OPTIMIZERS, schedule), false);
  assert.equal(known(read("toString()"), OPTIMIZERS), false);
});
