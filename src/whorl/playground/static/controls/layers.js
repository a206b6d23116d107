/** The layers above their columns of the drawing: units, activation, order; and a dialog with the rest of a block. */

import { blocksOf, hiddenBlock, layersOf, layersOfBlocks, moved, nameOf, MOST_LAYERS } from "../blocks.js";
import { ACTIVATIONS, INITIALIZERS, compose, known, valuesOf } from "../catalogue.js";
import { h, replaceChildren } from "../dom.js";
import { Form, asText, check, choice, line, number } from "../fields.js";
import { setIcon } from "../icons.js";
import { call, isCall, read, write } from "../notation.js";
import { theoryLinks } from "../theory.js";

export class LayerCards {
  /** `change(configuration)` is called with a new configuration. */
  constructor(session, container, change) {
    Object.assign(this, { session, change });
    this.list = container.querySelector(".blocks");
    this.columns = container.querySelector(".columns");
    this.add = container.querySelector(".add");
    this.add.addEventListener("click", () => this.insert());
  }

  show() {
    const { configuration } = this.session;
    const blocks = blocksOf(configuration.layers);
    const inputs = this.session.configured?.inputs ?? configuration.features;
    this.columns.style.width = `${Math.max(1, (blocks.length + 1) * 7.2)}rem`;
    this.add.disabled = configuration.layers.length + 2 > MOST_LAYERS;
    const first = h("li", { class: "block" }, h("span", { class: "name", text: "Inputs" }), h("span", { class: "soft", text: inputs.length > 4 ? `${inputs.length} of them` : inputs.join(", ") }));
    replaceChildren(this.list, [first, ...blocks.map((block, index) => this.#card(block, index, blocks))]);
  }

  insert() {
    const blocks = blocksOf(this.session.configuration.layers);
    const before = blocks.at(-2);
    const block = before && before.text === undefined ? { ...hiddenBlock(before.units), activation: before.activation } : hiddenBlock();
    this.#write([...blocks.slice(0, -1), block, ...blocks.slice(-1)]);
  }

  #write(blocks) {
    this.change({ ...this.session.configuration, layers: layersOfBlocks(blocks) });
  }

  #replace(blocks, index, block) {
    this.#write(blocks.map((each, place) => (place === index ? block : each)));
  }

  #card(block, index, blocks) {
    const last = index === blocks.length - 1;
    const title = last ? "Output" : `Layer ${index + 1}`;
    const key = (name) => `${index}-${name}`;
    const tool = (name, text, action, disabled = false) => {
      const button = h("button", { type: "button", class: "icon small", title: text, disabled, "data-key": key(name), onclick: action }, h("span", { class: "label", text: `${text}: ${title}` }));
      setIcon(button, name);
      return button;
    };
    const tools = h(
      "div",
      { class: "tools" },
      last ? null : tool("left", "Move left", () => this.#write(moved(blocks, index, -1)), index === 0),
      last ? null : tool("right", "Move right", () => this.#write(moved(blocks, index, 1)), index >= blocks.length - 2),
      tool("more", "Settings", () => openLayer(this, blocks, index, title)),
      last ? null : tool("remove", "Remove", () => this.#write(blocks.filter((_, place) => place !== index))),
    );
    if (block.text !== undefined) return h("li", { class: "block" }, h("span", { class: "name", text: title }), h("span", { class: "text", text: block.text, title: block.text }), tools);
    const units = (value) => this.#replace(blocks, index, { ...block, units: Math.min(256, Math.max(1, Math.round(value))) });
    const input = h("input", { type: "number", min: 1, max: 256, value: block.units, "aria-label": `Units: ${title}`, "data-key": key("units"), disabled: last });
    input.addEventListener("change", () => (input.checkValidity() ? units(Number(input.value)) : input.reportValidity()));
    const stepper = h("div", { class: "stepper" }, tool("minus", "One unit less", () => units(block.units - 1), last || block.units < 2), input, tool("plus", "One unit more", () => units(block.units + 1), last || block.units > 255));
    return h("li", { class: "block" }, h("span", { class: "name", text: title }), stepper, this.#activation(blocks, index, title, key("activation")), h("div", { class: "extras" }, ...extrasOf(block).map((text) => h("span", { text }))), tools);
  }

  #activation(blocks, index, title, key) {
    const block = blocks[index];
    const names = [["", "linear"], ...Object.keys(ACTIVATIONS).map((name) => [name, name])];
    const select = h("select", { "aria-label": `Activation: ${title}`, "data-key": key }, ...names.map(([value, text]) => h("option", { value, text })));
    select.value = block.activation?.name ?? "";
    select.addEventListener("change", () => this.#replace(blocks, index, { ...block, activation: select.value ? call(select.value) : null }));
    return select;
  }

  /** Replace a block, from the dialog. */
  replace(index, block) {
    const blocks = blocksOf(this.session.configuration.layers);
    this.#replace(blocks, index, block);
  }
}

/** What a block has besides units and activation, in a word each. */
function extrasOf({ norm, dropout, weight_l1, weight_l2, more }) {
  const initializer = more.initializer?.name;
  return [norm && (norm.name === "BatchNorm" ? "batch norm" : "layer norm"), dropout !== null && `dropout ${dropout}`, weight_l1 && `L1 ${weight_l1}`, weight_l2 && `L2 ${weight_l2}`, initializer].filter(Boolean);
}

const lens = (name) => ({ get: (block) => block[name], set: (block, value) => ({ ...block, [name]: value }) });

/** Open the dialog with a block's settings. */
function openLayer(cards, blocks, index, title) {
  const dialog = document.getElementById("layer-dialog");
  const body = h("div", { class: "fields", id: "layer-form" });
  const close = h("button", { type: "button", class: "button primary", text: "Done", onclick: () => dialog.close() });
  dialog.replaceChildren(h("div", { class: "head" }, h("h2", { id: "layer-title", text: `${title}: ${nameOf(blocks[index])}` })), body, h("footer", {}, close));
  const form = new Form(body, {
    signature: (block) => [block.text === undefined, block.activation?.name, initializerOf(block).name].join(),
    build: (block, self) => (block.text === undefined ? blockFields(block, self) : [line(self, { label: "Layer", ...lens("text") })]),
    change: (block) => {
      cards.replace(index, block);
      form.show(blocksOf(cards.session.configuration.layers)[index] ?? block);
    },
  });
  form.show(blocks[index]);
  dialog.onclose = () => cards.list.querySelector(`[data-key="${index}-more"]`)?.focus();
  dialog.showModal();
}

const initializerOf = (block) => block.more?.initializer ?? call("HeNormal");

function withInitializer(block, initializer) {
  const { initializer: _, ...more } = block.more;
  return { ...block, more: write(initializer) === "HeNormal()" ? more : { ...more, initializer } };
}

function blockFields(block, form) {
  const fields = [
    number(form, { label: "Dropout rate", min: 0, max: 0.95, empty: null, placeholder: "none", get: (each) => each.dropout, set: (each, value) => ({ ...each, dropout: value || null }) }),
    choice(form, { label: "Normalization", options: [["", "none"], ["BatchNorm", "batch norm"], ["LayerNorm", "layer norm"]], get: (each) => each.norm?.name ?? "", set: (each, name) => ({ ...each, norm: name ? call(name) : null }) }),
    number(form, { label: "L1 penalty of the weights", min: 0, ...lens("weight_l1") }),
    number(form, { label: "L2 penalty of the weights", min: 0, ...lens("weight_l2") }),
    choice(form, { label: "Initial weights", options: Object.keys(INITIALIZERS), get: (each) => initializerOf(each).name, set: (each, name) => withInitializer(each, compose(name, INITIALIZERS[name], {})) }),
    ...parameterFields(form, INITIALIZERS, initializerOf(block), initializerOf, withInitializer),
  ];
  if (block.activation) fields.push(...parameterFields(form, ACTIVATIONS, block.activation, (each) => each.activation, (each, activation) => ({ ...each, activation })));
  fields.push(theoryLinks([["layers.md", "dropout"], ["normalization.md", "normalization"], ["penalties.md", "penalties"], ["initialization.md", "initial weights"], ["activations.md", "activations"]]));
  fields.push(asText(form, { label: "Layers in whorl's notation", get: (each) => layersOf(each).join(", "), set: textSetter }));
  return fields;
}

/** Return the block that a text describes; the same one if it cannot be read. */
function textSetter(block, text) {
  try {
    const layers = read(`(${text},)`);
    const blocks = layers.every(isCall) ? blocksOf(layers.map(write)) : [];
    return blocks.length === 1 ? blocks[0] : { text };
  } catch {
    return { text };
  }
}

/** Return fields for the parameters of a call inside of a value. */
export function parameterFields(form, kinds, description, get, set) {
  if (!known(description, kinds, isCall)) return [];
  const parameters = kinds[description.name];
  return parameters
    .filter((each) => each.name !== "learning_rate")
    .map((each) => {
      const field = typeof each.initial === "boolean" ? check : number;
      return field(form, {
        label: each.name.replaceAll("_", " "), min: each.min, max: each.max, step: each.whole ? 1 : "any",
        get: (value) => valuesOf(get(value), parameters)?.[each.name] ?? each.initial,
        set: (value, shown) => set(value, compose(description.name, parameters, { ...valuesOf(get(value), parameters), [each.name]: shown })),
      });
    });
}
