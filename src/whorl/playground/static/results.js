/** What a frame says in numbers and words: metrics, confusion matrix, findings, distributions. */

import { THEMES, css, mix } from "./colours.js";
import { h, setText, sized, themeName, throttle } from "./dom.js";
import { digits, percent } from "./numbers.js";

const METRICS = [
  ["loss", "Loss", digits],
  ["accuracy", "Accuracy", percent],
];

/** The last values of the metrics, of the training data and the validation data. */
export class Metrics {
  constructor(table) {
    const rows = METRICS.map(([name, title, format]) => {
      const cells = [name, `val_${name}`].map((each) => ({ name: each, format, cell: h("td", { "data-metric": each, text: "–" }) }));
      return { cells, row: h("tr", {}, h("th", { scope: "row", text: title }), ...cells.map(({ cell }) => cell)) };
    });
    const head = ["", "Training", "Validation"].map((text) => (text ? h("th", { scope: "col", text }) : h("td")));
    table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows.map(({ row }) => row)));
    this.cells = rows.flatMap(({ cells }) => cells);
  }

  show(metrics) {
    for (const { name, format, cell } of this.cells) {
      const bad = metrics[name] === null; // JSON has no other word for what is not finite
      setText(cell, bad ? "not finite" : format(metrics[name]));
      cell.classList.toggle("bad", bad);
    }
  }
}

/** How often each class is predicted for each true class. */
export class Confusion {
  constructor(details) {
    this.details = details;
    this.body = details.querySelector("div");
    this.showSoon = throttle(() => this.show(), 250);
    details.addEventListener("toggle", () => this.show());
  }

  take(counts, classes, validation) {
    this.data = { counts, classes, validation };
    if (this.details.open) this.showSoon();
  }

  show() {
    if (!this.details.open || !this.data) return;
    const text = JSON.stringify([this.data, themeName()]);
    if (text === this.shown) return;
    this.shown = text;
    const { counts, classes, validation } = this.data;
    if (!counts) return this.body.replaceChildren(h("p", { class: "note", text: "The network's outputs are not finite numbers." }));
    const theme = THEMES[themeName()];
    const head = h("tr", {}, h("th", { scope: "col", text: "true" }), ...classes.map((name) => h("th", { scope: "col", text: name })));
    const rows = counts.map((row, label) => {
      const total = row.reduce((sum, count) => sum + count, 0) || 1;
      const cells = row.map((count, predicted) => {
        const cell = h("td", { text: String(count) });
        cell.style.background = css(mix(theme.neutral, label === predicted ? theme.cool : theme.warm, (0.3 * count) / total));
        return cell;
      });
      return h("tr", {}, h("th", { scope: "row", text: classes[label] }), ...cells);
    });
    const caption = `predicted classes, on ${validation ? "validation" : "training"} data`;
    this.body.replaceChildren(h("table", {}, h("caption", { class: "note", text: caption }), h("thead", {}, head), h("tbody", {}, ...rows)));
  }
}

/** What the doctor finds, as it comes. */
export class Findings {
  constructor(container) {
    this.list = container.querySelector("ul");
    this.facts = container.querySelector(".facts");
  }

  /** Show the findings; numbers that are not finite are one. */
  show(findings, stopped, isNaN) {
    const all = [...(findings ?? [])];
    if (isNaN && !all.some((each) => /nan|finite|diverge/i.test(each.kind))) all.unshift(NOT_FINITE);
    const text = JSON.stringify([all, stopped]);
    if (text === this.shown) return;
    this.shown = text;
    setText(this.facts, stopped ? `Stopped: ${stopped}` : "");
    const items = all.map((each) =>
      h("li", {}, h("b", { text: title(each) }), ...[each.evidence, each.why].filter(Boolean).map((text) => h("p", { text: sentence(text) })), each.remedy ? h("p", {}, "Remedy: ", h("code", { text: each.remedy })) : null, link(each)),
    );
    this.list.replaceChildren(...(items.length ? items : [h("li", { class: "none", text: "Nothing conspicuous in this training so far." })]));
  }
}

const NOT_FINITE = {
  kind: "Numbers that are not finite",
  evidence: "The loss, a weight or an output is infinite or not a number (NaN), so this training cannot go on.",
  why: "This happens when steps are too long, so that the weights grow with each one. Set a smaller learning rate, or clip the gradients.",
};

const sentence = (text) => `${text.replace(/^./, (first) => first.toUpperCase())}${/[.!?]$/.test(text) ? "" : "."}`;

const title = (finding) => (finding.kind ? finding.kind.replaceAll(/[-_]/g, " ").replace(/^./, (first) => first.toUpperCase()) : finding.text);

function link({ link: address }) {
  return address && /^https:\/\//.test(address) ? h("p", {}, h("a", { href: address, target: "_blank", rel: "noopener", text: "More about this" })) : null;
}
