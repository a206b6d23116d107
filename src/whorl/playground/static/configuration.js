/** Configurations: what a page trains, as `whorl.playground.configuration` describes it. They are never changed, only replaced. */

import { blocksOf, layersOf, layersOfBlocks } from "./blocks.js";
import { call, isCall, read, write } from "./notation.js";

export const FEATURES = ["x", "y", "x²", "y²", "xy", "sin x", "sin y", "radius", "angle"];

export const MOST_CLASSES = 10;

/** The kinds of generated data, and their settings with limits. */
export const DATA = {
  spiral: { samples: 100, classes: 3, noise: 0.2, seed: 0 },
  moons: { samples: 100, noise: 0.1, seed: 0 },
  circles: { samples: 100, noise: 0.1, factor: 0.5, seed: 0 },
  xor: { samples: 100, noise: 0, seed: 0 },
  blobs: { samples: 100, classes: 3, spread: 1, seed: 0 },
};

export const DEFAULT = {
  data: { kind: "spiral", ...DATA.spiral },
  validation: 0.2,
  features: ["x", "y"],
  layers: ["Dense(16)", "ReLU()", "Dense(16)", "ReLU()", "Dense(3)", "Softmax()"],
  loss: "CrossEntropy()",
  optimizer: "Adam(0.01)",
  batch_size: 32,
  seed: 0,
  compiled: false,
  stop: { epochs: 10000, accuracy: null, loss: null },
};

/** Return the number of classes of data; null for a table, whose column the server reads. */
export function classesOf(data) {
  if (data.kind === "points") return Math.max(2, 1 + Math.max(...data.points.map((point) => point[2])));
  return data.kind === "table" ? null : (data.classes ?? 2);
}

/** Return a configuration for other data: features, the last layer and the loss follow. */
export function withData(configuration, data, classes = classesOf(data)) {
  const plane = data.kind !== "table";
  const features = plane ? configuration.features : DEFAULT.features;
  const result = { ...configuration, data, features };
  return classes === null ? result : withOutputs(result, classes);
}

/** Return a configuration for so many classes, or for a number to predict if there are none: its last layer, and if need be its loss. */
export function withOutputs(configuration, classes) {
  const loss = lossName(configuration.loss);
  const regression = ["MeanSquaredError", "MeanAbsoluteError", "Huber", "Poisson"].includes(loss);
  if (classes === 0) return withLoss(configuration, regression ? configuration.loss : "MeanSquaredError()", 0);
  const suits = !regression && (loss !== "BinaryCrossEntropy" || classes === 2);
  return withLoss(configuration, suits ? configuration.loss : "CrossEntropy()", classes);
}

/** Return a configuration with this loss, and the last layer that it takes. */
export function withLoss(configuration, loss, classes) {
  const blocks = blocksOf(configuration.layers);
  const last = blocks.at(-1);
  const name = lossName(loss);
  const activation = { CrossEntropy: "Softmax", BinaryCrossEntropy: "Sigmoid", Poisson: "Softplus" }[name];
  const one = name === "BinaryCrossEntropy" || classes === 0;
  const output = {
    ...(last.text === undefined ? last : { weight_l1: 0, weight_l2: 0, more: {}, norm: null }),
    units: one ? 1 : classes,
    activation: activation ? call(activation) : null,
    dropout: null,
  };
  const others = last.text === undefined ? blocks.slice(0, -1) : blocks;
  return { ...configuration, loss, layers: [...layersOfBlocks(others), ...layersOf(output)] };
}

/** Return the address part for a configuration: base64url of its UTF-8 JSON. What is as by default is left out. */
export function toHash(view) {
  const text = JSON.stringify(view);
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return `#${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** Return what the address part holds; null if there is nothing in it that can be read. */
export function fromHash(hash) {
  try {
    const binary = atob(hash.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const value = JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (each) => each.charCodeAt(0))));
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Return a configuration from parts of one: what it lacks is as by default, what is unknown is left out. */
export function complete(parts) {
  if (!parts || typeof parts !== "object") return DEFAULT;
  const names = Object.keys(DEFAULT).filter((name) => parts[name] !== undefined);
  const result = { ...DEFAULT, ...Object.fromEntries(names.map((name) => [name, parts[name]])) };
  const sound = Array.isArray(result.layers) && Array.isArray(result.features) && typeof result.data?.kind === "string";
  return sound ? { ...result, stop: { ...DEFAULT.stop, ...result.stop } } : DEFAULT;
}

/** Return the parts of an optimizer's text: the optimizer itself, its schedule, and what wraps it. Null if the text is anything else. */
export function optimizerParts(text) {
  try {
    let optimizer = read(text);
    const wrappers = { norm: 0, decay: 0 };
    for (const [name, option] of [["Averaged", "decay"], ["Clipped", "norm"]]) {
      if (!isCall(optimizer) || optimizer.name !== name) continue;
      wrappers[option] = optimizer.options[option] ?? 0.999;
      optimizer = optimizer.args[0];
    }
    return isCall(optimizer) ? { optimizer, ...wrappers } : null;
  } catch {
    return null;
  }
}

/** Return the text of an optimizer, clipped and averaged unless `norm` and `decay` are 0. */
export function optimizerText({ optimizer, norm = 0, decay = 0 }) {
  let result = optimizer;
  if (norm) result = call("Clipped", [result], { norm });
  if (decay) result = call("Averaged", [result], { decay });
  return write(result);
}

/** Return the name of a loss. */
export function lossName(text) {
  return text.match(/\w+/)?.[0] ?? "";
}
