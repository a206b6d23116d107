/**
 * Form fields bound to a value by a lens: `get(value)` is what a field shows, `set(value, shown)` the value with a change.
 *
 * A form is built anew when its `signature` changes (another optimizer, another kind of data) and else only shows new values, so that
 * a field keeps the focus and the pointer while it changes the value.
 */

import { h } from "./dom.js";
import { digits } from "./numbers.js";

export class Form {
  /** `build(value)` returns the fields, each {element, show(value)}, or plain elements. `change(value)` is called with a new value. */
  constructor(container, { signature, build, change }) {
    Object.assign(this, { container, signature, build, change });
    this.key = undefined;
    this.opened = new Set(); // the folded parts that are open, by label
  }

  show(value) {
    this.value = value;
    const key = this.signature(value);
    if (key !== this.key) {
      this.key = key;
      this.fields = this.build(value, this).filter(Boolean);
      const focused = this.container.contains(document.activeElement) ? document.activeElement : null;
      const text = focused && typing(focused) ? focused.value : null;
      this.container.replaceChildren(...this.fields.map((field) => field.element ?? field));
      const again = focused?.id ? document.getElementById(focused.id) : null;
      if (again && text !== null) [again.value, again.dataset.typing] = [text, "again"];
      again?.focus({ preventScroll: true });
    }
    for (const field of this.fields) field.show?.(value);
  }

  /** Change the value through a lens. */
  set(lens, shown) {
    const value = lens.set(this.value, shown);
    if (value !== this.value) this.change(value);
  }
}

/** Whether text is being typed into an input; then nothing else is shown there. */
const typing = (input) => "typing" in input.dataset;

/** Return the input, and note when text is typed into it. */
function noted(input) {
  input.addEventListener("input", () => (input.dataset.typing ||= "here"));
  input.addEventListener("change", () => delete input.dataset.typing);
  input.addEventListener("blur", () => {
    if (input.dataset.typing === "again") input.dispatchEvent(new Event("change")); // the browser does so only for what was typed here
    delete input.dataset.typing;
  });
  return input;
}

let count = 0;
/** Return an id: that of the form's container with the field's name, so that it is the same when the form is built anew. */
const idOf = (form, name) => `${(form.container.id ||= `form-${(count += 1)}`)}-${name.replace(/\W+/g, "-").toLowerCase()}`;

/** A slider with its value beside the label. `log` makes equal steps equal factors. */
export function slider(form, { label, min, max, step = 1, log = false, format = digits, wide = false, ...lens }) {
  const id = idOf(form, label);
  const [to, from] = log ? [Math.log10, (position) => Number((10 ** position).toPrecision(2))] : [Number, Number];
  const output = h("output", { for: id });
  const input = h("input", { type: "range", id, min: to(min), max: to(max), step: log ? 0.05 : step });
  input.addEventListener("input", () => {
    output.textContent = format(from(Number(input.value)));
    form.set(lens, from(Number(input.value)));
  });
  const element = h("label", { class: wide ? "control wide" : "control", for: id }, h("span", {}, label, output), input); // else it would be the output's label
  return {
    element,
    show(value) {
      const shown = lens.get(value);
      if (from(Number(input.value)) !== shown) input.value = to(shown);
      input.setAttribute("aria-valuetext", format(shown));
      output.textContent = format(shown);
    },
  };
}

/** A number to type. An empty field is `empty` if it is given. */
export function number(form, { label, min, max, step = "any", wide = false, empty, placeholder, ...lens }) {
  const input = noted(h("input", { type: "number", id: idOf(form, label), min, max, step, placeholder, required: empty === undefined }));
  input.addEventListener("change", () => {
    if (input.value === "" && empty !== undefined) form.set(lens, empty);
    else if (input.value !== "" && input.checkValidity()) form.set(lens, Number(input.value));
    else input.reportValidity();
  });
  const element = h("label", { class: wide ? "control wide" : "control" }, h("span", { text: label }), input);
  return {
    element,
    show(value) {
      const shown = lens.get(value);
      const text = shown === null || shown === empty ? "" : String(shown);
      if (!typing(input) && (document.activeElement !== input || Number(input.value) !== shown)) input.value = text;
    },
  };
}

/** A choice from a list of [value, name], or of names. */
export function choice(form, { label, options, wide = false, ...lens }) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const select = h("select", { id: idOf(form, label) }, ...pairs.map(([value, text]) => h("option", { value, text })));
  select.addEventListener("change", () => form.set(lens, select.value));
  const element = h("label", { class: wide ? "control wide" : "control" }, h("span", { text: label }), select);
  return { element, show: (value) => (select.value = lens.get(value)) };
}

/** A check box. */
export function check(form, { label, wide = false, ...lens }) {
  const input = h("input", { type: "checkbox", id: idOf(form, label) });
  input.addEventListener("change", () => form.set(lens, input.checked));
  return { element: h("label", { class: wide ? "switch wide" : "switch" }, input, label), show: (value) => (input.checked = lens.get(value)) };
}

/** A line of text. */
export function line(form, { label, wide = true, list, ...lens }) {
  const input = noted(h("input", { type: "text", id: idOf(form, label), spellcheck: "false", autocomplete: "off", maxlength: 200, list }));
  input.addEventListener("change", () => {
    if (input.value.trim()) form.set(lens, input.value.trim());
  });
  const element = h("label", { class: wide ? "control wide" : "control" }, h("span", { text: label }), input);
  return {
    element,
    show(value) {
      const shown = lens.get(value);
      if (!typing(input) && input.value !== shown) input.value = shown;
    },
  };
}

/** Text in whorl's notation, folded away. */
export function asText(form, { label, ...lens }) {
  const inner = line(form, { label, ...lens });
  const element = h("details", { class: "astext", open: form.opened.has(label) }, h("summary", { text: "as text" }), inner.element);
  element.addEventListener("toggle", () => (element.open ? form.opened.add(label) : form.opened.delete(label)));
  return { element, show: inner.show };
}
