/** The user's own CSV file: by file input or drag and drop; its target and the two columns that are drawn. */

import { withData } from "../configuration.js";
import { h } from "../dom.js";
import { choice } from "../fields.js";

const LARGEST = 4_000_000; // characters, as the server takes them

/** Return the fields for a table. `taken` is called when a file has been read. */
export function tableFields(app, form, taken, validation) {
  const fields = [dropArea(app, form, taken)];
  const { table } = app;
  if (app.active.configuration.data.kind !== "table") return fields;
  if (table?.digest !== app.active.configuration.data.digest) return [...fields, h("p", { class: "note wide", text: "This configuration is for a file that is not loaded: choose it again." })];
  const targets = table.columns.filter(isTarget).map((column) => column.name);
  const inputs = app.active.configured?.inputs ?? [];
  const axis = (place, label) =>
    choice(form, {
      label, options: inputs.slice(0, 500).map((name, index) => [index, name]),
      get: (each) => each.data.axes[place],
      set: (each, value) => withAxis(each, place, Number(value)),
    });
  return [
    ...fields,
    choice(form, { label: "Column to predict", options: targets, wide: true, get: (each) => each.data.target, set: (each, target) => forTarget(each, table, target) }),
    axis(0, "Horizontal axis"),
    axis(1, "Vertical axis"),
    validation,
  ];
}

function withAxis(configuration, place, value) {
  const axes = [...configuration.data.axes];
  axes[place] = value;
  return { ...configuration, data: { ...configuration.data, axes } };
}

/** Whether a column can be predicted: it has from 2 to 10 different values. */
const isTarget = ({ values }) => values === undefined || (values >= 2 && values <= 10);

function forTarget(configuration, table, target) {
  const data = { kind: "table", digest: table.digest, target, use: [], axes: [0, 1] };
  return withData(configuration, data, table.columns.find((column) => column.name === target)?.values ?? null);
}

function dropArea(app, form, taken) {
  const input = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", "aria-label": "CSV file" });
  const note = h("p", { class: "note", role: "status" });
  const area = h("div", { class: "drop wide" }, h("span", { text: app.table ? `${app.table.name}: ${app.table.rows} rows` : "Drop a CSV file here, or choose one:" }), input, note);
  const read = async (file) => {
    note.textContent = "Reading …";
    try {
      await upload(app, file);
      taken();
    } catch (error) {
      note.textContent = error.message;
      return;
    }
    form.show(app.active.configuration);
  };
  input.addEventListener("change", () => input.files.length && read(input.files[0]));
  area.addEventListener("dragover", (event) => (event.preventDefault(), area.classList.add("over")));
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    if (event.dataTransfer.files.length) read(event.dataTransfer.files[0]);
  });
  return area;
}

/** Send a file to the server, and train on it: to predict the last column that can be. */
export async function upload(app, file) {
  if (file.size > LARGEST) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; there can be at most ${LARGEST / 1e6}.`);
  const message = { type: "upload", name: file.name.slice(-200), text: await file.text() };
  const [table] = await Promise.all(app.sessions.map((session) => session.ask(message)));
  const target = table.columns.filter(isTarget).at(-1);
  if (!target) throw new Error("No column has from 2 to 10 different values, as a column to predict must have.");
  app.table = { ...table, message };
  app.change(forTarget(app.active.configuration, table, target.name));
}
