/** How a network is trained: loss, optimizer, schedule, batch size, seed, stop conditions. */

import { LOSSES, OPTIMIZERS, SCHEDULES, compose, known, valuesOf } from "../catalogue.js";
import { THEMES, css } from "../colours.js";
import { lossName, optimizerParts, optimizerText, withLoss } from "../configuration.js";
import { h, sized, themeName } from "../dom.js";
import { Form, asText, check, choice, number, slider } from "../fields.js";
import { call, isCall, read, write } from "../notation.js";
import { digits } from "../numbers.js";
import { theoryLinks } from "../theory.js";
import { parameterFields } from "./layers.js";

const isSchedule = (value) => known(value, SCHEDULES);

export class TrainingControls {
  constructor(container, app) {
    this.app = app;
    container.classList.add("fields");
    this.form = new Form(container, {
      signature: ({ loss, optimizer }) => {
        const parts = optimizerParts(optimizer);
        return [app.classes() === 2, lossName(loss), parts?.optimizer.name, scheduleOf(parts)?.name, readable(parts)].join();
      },
      build: (configuration, form) => this.#build(configuration, form),
      change: (configuration) => app.change(configuration),
    });
  }

  show(configuration) {
    this.form.show(configuration);
  }

  #build({ loss, optimizer }, form) {
    const parts = optimizerParts(optimizer);
    return [
      choice(form, { label: "Loss", options: this.#losses(lossName(loss)), wide: true, get: (each) => lossName(each.loss), set: (each, name) => withLoss(each, `${name}()`, this.app.classes()) }),
      ...parameterFields(form, LOSSES, readOr(loss), (each) => readOr(each.loss), (each, value) => ({ ...each, loss: write(value) })),
      asText(form, { label: "Loss in whorl's notation", get: (each) => each.loss, set: (each, text) => ({ ...each, loss: text }) }),
      h("hr", { class: "divider wide" }),
      choice(form, { label: "Optimizer", options: withOther(OPTIMIZERS, parts?.optimizer.name), wide: true, get: (each) => optimizerParts(each.optimizer)?.optimizer.name ?? "", set: anotherOptimizer }),
      ...(readable(parts) ? this.#optimizerFields(parts, form) : []),
      asText(form, { label: "Optimizer in whorl's notation", get: (each) => each.optimizer, set: (each, text) => ({ ...each, optimizer: text }) }),
      h("hr", { class: "divider wide" }),
      number(form, { label: "Batch size", min: 1, max: 5000, step: 1, get: (each) => each.batch_size, set: (each, value) => ({ ...each, batch_size: value }) }),
      number(form, { label: "Seed of the weights", min: 0, max: 2 ** 32 - 1, step: 1, get: (each) => each.seed, set: (each, value) => ({ ...each, seed: value }) }),
      number(form, { label: "Stop after epochs", min: 1, max: 1000000, step: 1, ...stop("epochs") }),
      number(form, { label: "Stop at accuracy", min: 0.01, max: 1, empty: null, placeholder: "never", ...stop("accuracy") }),
      number(form, { label: "Stop at loss", min: 0, empty: null, placeholder: "never", ...stop("loss") }),
      check(form, { label: "Compiled steps", get: (each) => each.compiled, set: (each, value) => ({ ...each, compiled: value }) }),
      theoryLinks([["losses.md", "losses"], ["optimizers.md", "optimizers"], ["schedules.md", "schedules"], ["clipping-averaging-lbfgs.md", "clipping and averaging"]]),
    ];
  }

  /** The losses for so many classes: `BinaryCrossEntropy` is for two. */
  #losses(used) {
    return withOther(LOSSES, used).filter((name) => name !== "BinaryCrossEntropy" || name === used || this.app.classes() === 2);
  }

  #optimizerFields(parts, form) {
    const schedule = scheduleOf(parts);
    const optimizerOf = (each) => optimizerParts(each.optimizer).optimizer;
    const canvas = h("canvas", { class: "schedule", role: "img" });
    const curve = { element: h("div", { class: "wide" }, canvas), show: () => drawSchedule(canvas, this.app.active?.configured?.learning_rates) };
    this.redraw = curve.show;
    return [
      slider(form, { label: "Learning rate", min: 1e-5, max: 3, log: true, wide: true, format: digits, get: (each) => rateOf(optimizerOf(each)), set: (each, rate) => changed(each, (optimizer) => withRate(optimizer, rate)) }),
      choice(form, { label: "Schedule", options: [["", "constant"], ...Object.keys(SCHEDULES).filter((name) => name !== "Constant")], wide: true, get: () => schedule?.name ?? "", set: anotherSchedule }),
      ...(schedule ? parameterFields(form, SCHEDULES, schedule, (each) => scheduleOf(optimizerParts(each.optimizer)), (each, value) => changed(each, (optimizer) => withFirst(optimizer, value))) : []),
      schedule ? curve : null,
      ...parameterFields(form, OPTIMIZERS, parts.optimizer, optimizerOf, (each, value) => changed(each, () => value)),
      number(form, { label: "Clip gradients to norm", min: 0, empty: 0, placeholder: "off", ...wrapper("norm") }),
      number(form, { label: "Average weights, decay", min: 0, max: 0.99999, empty: 0, placeholder: "off", ...wrapper("decay") }),
    ].filter(Boolean);
  }
}

const stop = (name) => ({ get: (each) => each.stop[name], set: (each, value) => ({ ...each, stop: { ...each.stop, [name]: value } }) });

const wrapper = (name) => ({
  get: (each) => optimizerParts(each.optimizer)[name],
  set: (each, value) => ({ ...each, optimizer: optimizerText({ ...optimizerParts(each.optimizer), [name]: value }) }),
});

const readable = (parts) => parts !== null && known(parts.optimizer, OPTIMIZERS, isSchedule);

/** Return the names of kinds, and the one that is used if it is none of them. */
const withOther = (kinds, name) => (!name || Object.hasOwn(kinds, name) ? Object.keys(kinds) : [...Object.keys(kinds), name]);

function readOr(text) {
  try {
    return read(text);
  } catch {
    return null;
  }
}

/** Return a configuration with its innermost optimizer changed. */
function changed(configuration, change) {
  const parts = optimizerParts(configuration.optimizer);
  return { ...configuration, optimizer: optimizerText({ ...parts, optimizer: change(parts.optimizer) }) };
}

function firstOf(optimizer) {
  return optimizer.args[0] ?? optimizer.options.learning_rate ?? OPTIMIZERS[optimizer.name]?.[0].initial;
}

function withFirst(optimizer, rate) {
  const { learning_rate: _, ...options } = optimizer.options;
  return { ...optimizer, args: [rate, ...optimizer.args.slice(1)], options };
}

function scheduleOf(parts) {
  const rate = parts && firstOf(parts.optimizer);
  return isCall(rate) ? rate : null;
}

function rateOf(optimizer) {
  const rate = firstOf(optimizer);
  return isCall(rate) ? (valuesOf(rate, SCHEDULES[rate.name] ?? [])?.learning_rate ?? 0.01) : rate;
}

function withRate(optimizer, rate) {
  const first = firstOf(optimizer);
  if (!isCall(first)) return withFirst(optimizer, rate);
  return withFirst(optimizer, compose(first.name, SCHEDULES[first.name], { ...valuesOf(first, SCHEDULES[first.name]), learning_rate: rate }));
}

/** Return a configuration with another schedule. One of a certain length ends the training with it. */
function anotherSchedule(configuration, name) {
  const result = changed(configuration, (optimizer) => {
    const rate = rateOf(optimizer);
    return withFirst(optimizer, name ? compose(name, SCHEDULES[name], { learning_rate: rate }) : rate);
  });
  const length = SCHEDULES[name]?.find((each) => each.name === "epochs")?.initial;
  return length ? { ...result, stop: { ...result.stop, epochs: length } } : result;
}

/** Return a configuration with another optimizer, which starts with its own learning rate. */
function anotherOptimizer(configuration, name) {
  if (!Object.hasOwn(OPTIMIZERS, name)) return configuration;
  const parts = optimizerParts(configuration.optimizer) ?? { norm: 0, decay: 0 };
  const rate = { SGD: 0.1, Adam: 0.01, AdamW: 0.01, NAdam: 0.01, Lion: 0.001 }[name] ?? OPTIMIZERS[name][0].initial;
  return { ...configuration, optimizer: optimizerText({ ...parts, optimizer: call(name, [rate]) }) };
}

/** Draw the learning rate over the epochs of a training. */
function drawSchedule(canvas, rates) {
  const target = sized(canvas);
  if (!target) return;
  const { context, width, height } = target;
  const theme = THEMES[themeName()];
  context.clearRect(0, 0, width, height);
  context.fillStyle = css(theme.soft);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  if (!rates) {
    canvas.setAttribute("aria-label", "The learning rate depends on the loss.");
    context.fillText("depends on the loss", 10, height / 2);
    return;
  }
  const highest = Math.max(...rates) || 1;
  context.beginPath();
  rates.forEach((rate, index) => context.lineTo(6 + ((width - 12) * index) / (rates.length - 1), height - 6 - ((height - 12) * rate) / highest));
  context.strokeStyle = css(theme.cool);
  context.lineWidth = 2;
  context.stroke();
  canvas.setAttribute("aria-label", `The learning rate over all epochs: from ${digits(rates[0])} to ${digits(rates.at(-1))}, at most ${digits(highest)}.`);
}
