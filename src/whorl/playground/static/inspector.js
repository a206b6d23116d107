/** A form that reads and sets any weight or bias: for the keyboard, and for exact values. */

import { h } from "./dom.js";
import { digits } from "./numbers.js";

export class Inspector {
  constructor(session, form, select) {
    Object.assign(this, { session, form });
    const field = (label, input) => h("label", { class: "control" }, h("span", { text: label }), input);
    this.array = h("select");
    this.row = h("input", { type: "number", min: 0, step: 1, value: 0, required: true });
    this.column = h("input", { type: "number", min: 0, step: 1, value: 0, required: true });
    this.value = h("input", { type: "number", step: "any", min: -1e6, max: 1e6 });
    this.columnField = field("to unit", this.column);
    this.rowField = field("from unit", this.row);
    this.set = h("button", { type: "submit", class: "button primary", text: "Set" });
    const explain = h("button", { type: "button", class: "button", text: "Explain" });
    form.replaceChildren(field("Array", this.array), this.rowField, this.columnField, field("Value", this.value), this.set, explain);
    for (const input of [this.array, this.row, this.column]) input.addEventListener("input", () => this.read());
    this.value.addEventListener("input", () => (this.touched = true));
    explain.addEventListener("click", () => select({ array: this.array.value, index: this.index }));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (this.value.value === "") return;
      this.touched = false;
      await session.edit(this.array.value, this.index, Number(this.value.value));
    });
  }

  get index() {
    const row = Number(this.row.value);
    return this.matrix ? [row, Number(this.column.value)] : [row];
  }

  /** Whether the array has two indices. */
  get matrix() {
    return this.session.frame?.arrays.get(this.array.value)?.shape.length === 2;
  }

  /** Offer the arrays of another network. */
  show() {
    const { layers } = this.session.configured;
    const chosen = this.array.value;
    const parameters = layers.flatMap((layer) => Object.values(layer.parameters ?? {}));
    const names = [...parameters.map((name) => [name, name]), ...layers.map((layer, index) => [`layers[${index}]`, `output of ${layer.text}`])];
    this.array.replaceChildren(...names.map(([value, text]) => h("option", { value, text })));
    if (names.some(([value]) => value === chosen)) this.array.value = chosen;
    this.touched = false;
    this.read();
  }

  /** Choose a value. */
  choose({ array, index }) {
    if (![...this.array.options].some((option) => option.value === array)) return;
    this.array.value = array;
    [this.row.value, this.column.value] = [index[0], index[1] ?? 0];
    this.read();
  }

  /** Read the chosen value. */
  read() {
    this.touched = false;
    this.follow();
  }

  /** Show the chosen value of the last frame, unless one is being typed. */
  follow() {
    const array = this.session.frame?.arrays.get(this.array.value);
    this.columnField.hidden = !this.matrix;
    for (const part of [this.value.parentElement, this.set]) part.hidden = !array; // outputs can be explained, but not set
    this.rowField.firstChild.textContent = this.matrix ? "from unit" : "unit";
    if (!array || this.touched || document.activeElement === this.value) return;
    this.row.max = array.shape[0] - 1;
    this.column.max = (array.shape[1] ?? 1) - 1;
    const place = this.matrix ? Number(this.row.value) * array.shape[1] + Number(this.column.value) : Number(this.row.value);
    const value = array.values[place];
    this.value.value = Number.isFinite(value) ? Number(value.toPrecision(5)) : "";
    this.value.title = digits(value, 5);
  }
}
