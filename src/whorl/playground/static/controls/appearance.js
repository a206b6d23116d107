/** Dark and light, the view for a projector, and the help. */

import { h } from "../dom.js";
import { theoryLink } from "../theory.js";

const root = document.documentElement;
const find = (id) => document.getElementById(id);

/** Let the theme follow the system until it is chosen; `changed` is called whenever what is drawn must be drawn anew. */
export function setUpAppearance(changed) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  const setTheme = (name) => {
    root.dataset.theme = name;
    find("theme").setAttribute("aria-pressed", name === "dark");
    changed();
  };
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => chosen || setTheme(dark.matches ? "dark" : "light"));
  find("theme").addEventListener("click", () => {
    chosen = true;
    setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  });
  find("projector").addEventListener("click", () => setProjector(root.dataset.view !== "projector"));
  document.addEventListener("fullscreenchange", () => document.fullscreenElement || showProjector(false));
  find("help").addEventListener("click", () => openHelp());
}

async function setProjector(wanted) {
  showProjector(wanted);
  if (!wanted && document.fullscreenElement) await document.exitFullscreen();
  if (wanted) await root.requestFullscreen?.().catch(() => {}); // where it is not allowed, the view alone serves
}

function showProjector(wanted) {
  if (wanted) root.dataset.view = "projector";
  else delete root.dataset.view;
  find("projector").setAttribute("aria-pressed", wanted);
}

const HELP = [
  ["The picture", "Colours show which class the network predicts at each place; pale places are uncertain. Filled markers are training points, outlined ones are validation points, which training never sees."],
  ["The network", "Each tile shows what one unit returns at each place of the plane: orange above 0, blue below. Curves are weights; the wider, the larger within their layer. Click a unit or a weight to have its next training step explained.", "classification.md"],
  ["Back-propagation", "Every step takes a batch of points, computes the loss and its gradient, and moves each weight against it.", "layers.md"],
  ["Activations and initial weights", "Without activations, a network of any depth is a linear function.", "activations.md"],
  ["Optimizers and schedules", "The optimizer decides how far each weight moves; a schedule changes the learning rate over time.", "optimizers.md"],
  ["Dropout, batch norm, L1 and L2", "Means against overfitting, found in each layer's settings.", "penalties.md"],
  ["Best possible", "Where the data are generated, the accuracy and the loss of the best classifier on new data are known.", "spiral.md"],
];

const KEYS = [["k", "play or pause"], [".", "train to the end of the epoch"], [",", "back by an epoch"], ["arrow keys", "on the picture: read the probabilities at a place; Enter adds a point while drawing"]];

function openHelp() {
  const dialog = find("help-dialog");
  const parts = HELP.flatMap(([title, text, page]) => [
    h("h3", { text: title }),
    h("p", {}, `${text} `, page ? theoryLink(page) : null),
  ]);
  const keys = h("ul", {}, ...KEYS.map(([key, text]) => h("li", {}, h("b", { text: key }), `: ${text}`)));
  const close = h("button", { type: "button", class: "button primary", text: "Close", onclick: () => dialog.close() });
  dialog.replaceChildren(h("div", { class: "head" }, h("h2", { id: "help-title", text: "Help" })), ...parts, h("h3", { text: "Keys" }), keys, h("footer", {}, close));
  dialog.onclose = () => find("help").focus();
  dialog.showModal();
}
