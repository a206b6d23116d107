"use strict";
// Links each array to its operands, reads numbers in pictures, and shows why a weight changed.
const { arrays, why } = JSON.parse(document.getElementById("data").textContent);
const figure = (name) => document.getElementById(`a-${name}`);
const words = (text) => (text ? text.split(" ") : []);

// --- An array and its operands -------------------------------------------------------------------------------------------------------
const dock = document.getElementById("dock");

function point(at) {
  document.querySelectorAll(".current, .operand, .user").forEach((each) => each.classList.remove("current", "operand", "user"));
  dock.hidden = !at;
  if (!at) return;
  const operands = words(at.dataset.operands).map(figure);
  at.classList.add("current");
  operands.forEach((each) => each.classList.add("operand"));
  words(at.dataset.users).map(figure).forEach((each) => each.classList.contains("operand") || each.classList.add("user"));
  const row = document.createElement("div");
  row.className = "row";
  row.append(at.querySelector("figcaption math").cloneNode(true));
  for (const each of operands) {
    const part = document.createElement("div"), name = each.querySelector("figcaption math > mrow").firstElementChild;
    part.className = "part";
    part.append(document.createElementNS("http://www.w3.org/1998/Math/MathML", "math"));
    part.firstChild.append(name.cloneNode(true));
    const numbers = each.querySelector("svg, table, .scalar");
    if (numbers) part.append(numbers.cloneNode(true));
    row.append(part);
  }
  dock.replaceChildren(row);
}

for (const event of ["mouseover", "focusin"]) {
  document.addEventListener(event, ({ target }) => point(target.closest("figure")));
}
document.addEventListener("keydown", ({ key }) => key === "Escape" && point(null));

// What scrolls sideways can be focused, so that the arrow keys scroll it.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
document.querySelectorAll(".scroll, .formula").forEach((each) => sizes.observe(each));

// --- Numbers in pictures -------------------------------------------------------------------------------------------------------------
const number = (value) => (value === null ? "not a number" : String(Number(value.toPrecision(4)) + 0).replace("-", "−"));

for (const picture of document.querySelectorAll("svg[data-array]")) {
  const array = arrays[picture.dataset.array], reading = picture.nextElementSibling, plain = reading.textContent;
  if (!array) continue;
  const { width, height } = picture.viewBox.baseVal;
  picture.addEventListener("mousemove", (event) => {
    const box = picture.getBoundingClientRect();
    const i = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const j = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const flat = "turned" in picture.dataset ? j * height + i : i * width + j;
    reading.textContent = `[${index(array.shape, flat)}] = ${number(array.values[flat])}`;
  });
  picture.addEventListener("mouseleave", () => { reading.textContent = plain; });
}

function index(shape, flat) {
  const places = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    places.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return places.join(", ");
}

// --- Why a weight changed ------------------------------------------------------------------------------------------------------------
const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
const shade = (value, largest) => {
  const level = largest ? Math.ceil((Math.abs(value) / largest) * 5 - 1e-9) : 0;
  return (value < 0 && level ? "n" : "p") + level;
};
const signed = (value) => (value > 0 ? "+" : "") + number(value);
const sum = (values) => values.reduce((total, value) => total + value, 0);

function start() {
  const place = document.getElementById("why");
  const choice = element("select", { id: "parameter" }, ...Object.keys(why).map((name) => element("option", { value: name }, name)));
  const weights = element("div", { className: "weights" }), reason = element("div", { id: "reason" });
  reason.setAttribute("aria-live", "polite");
  weights.setAttribute("role", "group");
  const show = () => choose(why[choice.value], choice.value, weights, reason);
  choice.addEventListener("change", show);
  place.replaceChildren(
    element("p", {}, element("label", { htmlFor: "parameter" }, "Parameter "), choice,
      " Each square is a weight, its colour the change in this step. Choose one; the arrow keys move."),
    weights, reason);
  if (choice.value) show();
}

function choose(parameter, name, weights, reason) {
  const { elements, columns, change, shape } = parameter, largest = Math.max(...change.map(Math.abs));
  weights.setAttribute("aria-label", `elements of ${name}`);
  weights.style.gridTemplateColumns = `repeat(${columns}, max-content)`;
  const buttons = elements.map((flat, k) => {
    const at = index(shape, flat), label = `${name}[${at}], change ${signed(change[k])}`;
    const button = element("button", { type: "button", className: shade(change[k], largest), title: label, tabIndex: -1 });
    button.textContent = columns <= 8 ? number(change[k]) : "";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => select(k));
    button.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!move) return;
      event.preventDefault();
      const to = k + move;
      if (to >= 0 && to < buttons.length) { select(to); buttons[to].focus(); }
    });
    return button;
  });
  const select = (k) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(i === k));
      button.tabIndex = i === k ? 0 : -1;
    });
    weights.scrollLeft = Math.min(weights.scrollLeft, buttons[k].offsetLeft - weights.offsetLeft);
    weights.scrollLeft = Math.max(weights.scrollLeft, buttons[k].offsetLeft - weights.offsetLeft + buttons[k].offsetWidth - weights.clientWidth + 8);
    reason.replaceChildren(...explain(parameter, name, k));
  };
  weights.replaceChildren(...buttons);
  select(change.map(Math.abs).indexOf(largest));
}

function explain(parameter, name, k) {
  const { shape, elements, change, before, parts, layer, penalty, gradient, update } = parameter, flat = elements[k];
  const moved = change[k] === 0 ? "did not change" : change[k] > 0 ? `rose by ${number(change[k])}` : `fell by ${number(-change[k])}`;
  const rows = parts.map((sample) => sample.map((unit) => unit[k]));
  const totals = rows.length ? rows[0].map((_, j) => sum(rows.map((row) => row[j]))) : [];
  const order = totals.map((_, j) => j).sort((a, b) => Math.abs(totals[b]) - Math.abs(totals[a])).slice(0, 8).sort((a, b) => a - b);
  const rest = (row) => sum(row) - sum(order.map((j) => row[j])), others = totals.length - order.length;
  const largest = Math.max(0, ...rows.flat().map(Math.abs));
  const head = ["", ...order.map((j) => `through ${layer}[:, ${j}]`), ...(others ? [`${others} others`] : []), "sum"];
  const line = (title, row, kind) => element("tr", { className: kind }, element("th", { scope: "row" }, title),
    ...[...order.map((j) => row[j]), ...(others ? [rest(row)] : []), sum(row)].map(
      (value) => element("td", { className: shade(Math.abs(value) > largest ? Math.sign(value) * largest : value, largest) }, signed(value))));
  const table = element("table", {},
    element("thead", {}, element("tr", {}, ...head.map((text, j) => element(j ? "th" : "td", j ? { scope: "col" } : {}, text)))),
    element("tbody", {}, ...rows.map((row, s) => line(`sample ${s}`, row, "")), line("sum", totals, "total")));
  const scrolling = element("div", { className: "scroll" }, table);
  sizes.observe(scrolling);
  const push = gradient[k] ? `: the loss falls if the weight ${gradient[k] > 0 ? "falls" : "rises"}` : "";
  const whole = penalty[k] ? `gradient of the loss ${signed(sum(totals))}, of the penalty ${signed(penalty[k])}, together ` : "gradient ";
  return [
    element("p", {}, element("strong", {}, `${name}[${index(shape, flat)}] ${moved}`), `, from ${number(before[k])} to ${number(before[k] + change[k])}.`),
    element("p", {}, "Its gradient is the sum of these parts, by sample and by the unit through which the weight affects the loss:"),
    scrolling,
    element("p", {}, `${whole}${signed(gradient[k])}${push}.`),
    element("pre", {}, update.map((text) => filled(text, flat)).join("\n")),
  ];
}

// In an update, {w1} stands for the number of this weight in the array w1, as an operand; {=w1} as a result, without parentheses.
function filled(text, flat) {
  return text.replace(/\{(=?)(\w+)\}/g, (whole, result, name) => {
    const array = arrays[name];
    if (!array) return whole;
    const value = number(array.values[array.values.length === 1 ? 0 : flat]);
    return value.startsWith("−") && !result ? `(${value})` : value;
  });
}

start();
