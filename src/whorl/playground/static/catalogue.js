/** What whorl offers, as far as the page has controls for it: names, parameters and defaults. A test compares it with whorl's signatures. */

import { call, isCall } from "./notation.js";

/** A parameter: `initial` is whorl's default, or where it has none (`required`) what the page starts with. */
const parameter = (name, initial, limits = {}) => ({ name, initial, required: false, keyword: false, min: 0, ...limits });
const keyword = (name, initial, limits) => parameter(name, initial, { keyword: true, ...limits });

const learningRate = (initial) => parameter("learning_rate", initial);
const betas = (second = 0.999) => [keyword("beta1", 0.9, { max: 1 }), keyword("beta2", second, { max: 1 })];
const rate = parameter("learning_rate", 0.01, { required: true });
const epochs = (initial) => keyword("epochs", initial, { required: true });

export const ACTIVATIONS = {
  ReLU: [],
  LeakyReLU: [parameter("slope", 0.01)],
  ELU: [parameter("alpha", 1)],
  SELU: [],
  GELU: [],
  SiLU: [],
  Mish: [],
  Softplus: [],
  Tanh: [],
  Sigmoid: [],
  Softmax: [],
};

export const INITIALIZERS = {
  HeNormal: [],
  HeUniform: [],
  GlorotNormal: [],
  GlorotUniform: [],
  LecunNormal: [],
  Normal: [parameter("std", 0.1, { required: true })],
  Uniform: [parameter("limit", 0.1, { required: true })],
  Full: [parameter("value", 0.1, { required: true, min: undefined })],
  Ones: [],
  Zeros: [],
};

export const LOSSES = {
  CrossEntropy: [keyword("label_smoothing", 0, { max: 1 })],
  BinaryCrossEntropy: [],
  Hinge: [keyword("margin", 1)],
  MeanSquaredError: [],
  MeanAbsoluteError: [],
  Huber: [keyword("delta", 1)],
  Poisson: [],
};

export const OPTIMIZERS = {
  SGD: [learningRate(0.01), keyword("momentum", 0, { max: 1 }), keyword("nesterov", false)],
  Adam: [learningRate(0.001), ...betas(), keyword("epsilon", 1e-8)],
  AdamW: [learningRate(0.001), ...betas(), keyword("epsilon", 1e-8), keyword("weight_decay", 0.01)],
  NAdam: [learningRate(0.002), ...betas(), keyword("epsilon", 1e-8), keyword("momentum_decay", 0.004)],
  Lion: [learningRate(0.0001), ...betas(0.99), keyword("weight_decay", 0)],
  RMSprop: [learningRate(0.01), keyword("alpha", 0.99, { max: 1 }), keyword("momentum", 0, { max: 1 }), keyword("epsilon", 1e-8)],
  Adagrad: [learningRate(0.01), keyword("epsilon", 1e-10)],
  LBFGS: [learningRate(1), keyword("history", 10, { whole: true })],
};

export const SCHEDULES = {
  Constant: [rate],
  Cosine: [rate, epochs(200), keyword("end", 0), keyword("cycles", 1, { whole: true, min: 1 }), keyword("growth", 1)],
  OneCycle: [rate, epochs(200), keyword("warmup", 0.3, { max: 1 })],
  Exponential: [rate, keyword("decay", 0.99, { required: true })],
  InverseTime: [rate, keyword("decay", 0.01, { required: true })],
  Polynomial: [rate, epochs(200), keyword("end", 0), keyword("power", 1)],
  Step: [rate, keyword("factor", 0.1), keyword("every", 50, { required: true })],
  LogCosine: [rate, epochs(200), keyword("cycles", 4, { whole: true, min: 1 })],
  ReduceOnPlateau: [rate, keyword("factor", 0.5, { max: 1 }), keyword("patience", 5, { whole: true }), keyword("minimum", 0)],
};

export const DENSE = [
  parameter("units", 16, { required: true, whole: true, min: 1, max: 512 }),
  keyword("weight_l1", 0),
  keyword("weight_l2", 0),
];

export const DROPOUT = [parameter("rate", 0.1, { required: true, max: 0.95 })];

/** Return the values of a call's parameters, defaults included; null if it has arguments that `parameters` lacks. */
export function valuesOf(description, parameters) {
  const positional = parameters.filter((each) => !each.keyword);
  if (description.args.length > positional.length) return null;
  const values = Object.fromEntries(parameters.map((each) => [each.name, each.initial]));
  description.args.forEach((value, index) => (values[positional[index].name] = value));
  for (const [name, value] of Object.entries(description.options)) {
    if (!Object.hasOwn(values, name)) return null;
    values[name] = value;
  }
  return values;
}

/** Return the call with these values; those that are whorl's defaults are left out. */
export function compose(name, parameters, values) {
  const result = call(name);
  let inOrder = true;
  for (const each of parameters) {
    const value = values[each.name] ?? each.initial;
    if (!each.required && value === each.initial) inOrder = false;
    else if (each.keyword || !inOrder) result.options[each.name] = value;
    else result.args.push(value);
  }
  return result;
}

/** Return whether the page has controls for a value as one of `kinds`, with numbers or the given calls as arguments. */
export function known(value, kinds, nested = () => false) {
  if (!isCall(value) || !Object.hasOwn(kinds, value.name)) return false;
  const values = valuesOf(value, kinds[value.name]);
  return values !== null && Object.values(values).every((each) => ["number", "boolean"].includes(typeof each) || nested(each));
}
