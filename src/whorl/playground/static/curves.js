/** The curves: loss, accuracy and learning rate by epoch, with the best possible value as a line. */

import { THEMES, css } from "./colours.js";
import { font, sized, themeName, throttle } from "./dom.js";
import { digits, percent, ticks } from "./numbers.js";

const CHARTS = [
  { name: "loss", title: "Loss", lines: ["loss", "val_loss"], format: digits },
  { name: "accuracy", title: "Accuracy", lines: ["accuracy", "val_accuracy"], format: percent, range: [0, 1] },
  { name: "rate", title: "Learning rate", lines: ["learning_rate"], format: digits },
];

export class Curves {
  constructor(session, container) {
    this.session = session;
    this.charts = CHARTS.map((chart) => ({ ...chart, canvas: container.querySelector(`.curve.${chart.name}`) }));
    this.log = container.querySelector(".log");
    this.log.addEventListener("change", () => this.drawAll());
    this.drawSoon = throttle(() => this.drawAll(), 300);
  }

  drawAll() {
    for (const chart of this.charts) this.#draw(chart);
  }

  #draw(chart) {
    const target = sized(chart.canvas);
    if (!target) return;
    const { context, width, height } = target;
    const theme = THEMES[themeName()];
    const { curves } = this.session.history;
    const best = this.session.configured?.best_possible?.[chart.name] ?? null;
    const log = this.log.checked && chart.name !== "accuracy";
    const em = parseFloat(font(16).trim()) / 16;
    const box = { left: 44 * em, right: width - 6, top: 26 * em, bottom: height - 18 * em };
    const scale = scales(curves.epoch, chart.lines.map((name) => curves[name]), best, log, chart.range, box);
    context.clearRect(0, 0, width, height);
    context.font = font(11);
    drawAxes(context, scale, box, theme, chart.format);
    chart.lines.forEach((name, index) => drawLine(context, curves.epoch, curves[name], scale, index ? theme.warm : theme.cool, index === 1));
    if (best !== null) drawBest(context, scale.y(best), box, theme, `best possible ${chart.format(best)}`);
    drawTitle(context, chart, curves, box, theme);
    describe(chart, curves, best);
  }
}

/** Return functions from values to places, and the ticks. */
function scales(epochs, lines, best, log, range, box) {
  let [low, high] = range ?? [Infinity, -Infinity];
  if (!range) {
    for (const value of [...lines.flat(), ...(best === null ? [] : [best])]) {
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low > high) [low, high] = [log ? 0.1 : 0, 1];
    if (!log) low = Math.min(0, low);
    if (low === high) high = low + (Math.abs(low) || 1) * (log ? 9 : 0.5);
  }
  const at = log ? Math.log10 : (value) => value;
  const [bottom, top] = [at(low), at(high)];
  const last = Math.max(1, epochs.at(-1) ?? 1);
  return {
    x: (epoch) => box.left + ((box.right - box.left) * epoch) / last,
    y: (value) => (log && value <= 0 ? box.bottom : box.bottom - ((box.bottom - box.top) * (at(value) - bottom)) / (top - bottom)),
    xs: ticks(0, last, Math.max(1, Math.floor((box.right - box.left) / 60))).filter(Number.isInteger),
    ys: log ? decades(low, high) : ticks(low, high, box.bottom - box.top > 60 ? 3 : 1),
  };
}

function decades(low, high) {
  const result = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power += 1) result.push(10 ** power);
  return result.length > 1 ? result : [low, high];
}

function drawAxes(context, scale, box, theme, format) {
  context.lineWidth = 1;
  context.strokeStyle = css(theme.line);
  context.fillStyle = css(theme.soft);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of scale.ys) {
    const y = Math.round(scale.y(value)) + 0.5;
    context.beginPath();
    context.moveTo(box.left, y);
    context.lineTo(box.right, y);
    context.stroke();
    context.fillText(format(value).replace(".0\u202f%", "\u202f%"), box.left - 5, y);
  }
  context.textBaseline = "top";
  const first = box.left + context.measureText("epoch 0").width + 14;
  for (const epoch of scale.xs) {
    if (epoch && scale.x(epoch) < first) continue;
    context.textAlign = epoch === 0 ? "left" : scale.x(epoch) > box.right - 15 ? "right" : "center";
    context.fillText(epoch === 0 ? "epoch 0" : String(epoch), scale.x(epoch), box.bottom + 4);
  }
}

function drawBest(context, y, box, theme, text) {
  context.strokeStyle = css(theme.soft);
  context.lineWidth = 1.25;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(box.left, y);
  context.lineTo(box.right, y);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = css(theme.soft);
  context.textAlign = "left";
  context.textBaseline = y - box.top < 16 ? "top" : "bottom";
  context.lineWidth = 3;
  context.strokeStyle = css(theme.paper);
  context.strokeText(text, box.left + 4, y + (y - box.top < 16 ? 3 : -2)); // readable across the curves
  context.fillText(text, box.left + 4, y + (y - box.top < 16 ? 3 : -2));
}

/** Draw a curve; where there are more points than pixels, one of each. A value that is not finite leaves a gap. */
function drawLine(context, epochs, values, scale, colour, dashed) {
  const every = Math.max(1, Math.floor(epochs.length / 800));
  context.strokeStyle = css(colour);
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.setLineDash(dashed ? [5, 3] : []);
  context.beginPath();
  let pen = false;
  for (let index = 0; index < values.length; index += index + every < values.length ? every : Math.max(1, values.length - 1 - index)) {
    const value = values[index];
    if (Number.isFinite(value)) {
      const [x, y] = [scale.x(epochs[index]), scale.y(value)];
      if (pen) context.lineTo(x, y);
      else context.moveTo(x, y);
      pen = true;
    } else pen = false;
  }
  context.stroke();
  context.setLineDash([]);
}

/** Write the title, and the name and last value of each line with a piece of it. */
function drawTitle(context, chart, curves, box, theme) {
  context.textAlign = "left";
  context.textBaseline = "top";
  context.font = font(12, "600");
  context.fillStyle = css(theme.ink);
  context.fillText(chart.title, 0, 0);
  const room = box.right - context.measureText(chart.title).width - 90; // for the lines' names and values
  context.font = font(11);
  let x = box.right;
  context.textAlign = "right";
  const names = chart.lines.map((name) => (name.startsWith("val_") ? "validation" : "training"));
  const named = chart.lines.length > 1 && context.measureText(names.map((name) => `${name} 0.0000`).join(" ")).width < room;
  [...chart.lines].reverse().forEach((name) => {
    const last = curves[name].at(-1);
    if (last === undefined) return;
    const validation = name.startsWith("val_");
    const text = named ? `${validation ? "validation" : "training"} ${chart.format(last)}` : chart.format(last);
    context.fillStyle = css(theme.soft);
    context.fillText(text, x, 1);
    x -= context.measureText(text).width + 5;
    if (chart.lines.length < 2) return;
    context.strokeStyle = css(validation ? theme.warm : theme.cool);
    context.lineWidth = 2.5;
    context.setLineDash(validation ? [4, 2] : []);
    context.beginPath();
    context.moveTo(x - 16, 7);
    context.lineTo(x, 7);
    context.stroke();
    context.setLineDash([]);
    x -= 26;
  });
}

function describe(chart, curves, best) {
  const last = (name) => chart.format(curves[name].at(-1));
  const parts = chart.lines.filter((name) => curves[name].length).map((name) => `${name.startsWith("val_") ? "validation" : "training"} ${last(name)}`);
  const text = `${chart.title} by epoch, to epoch ${curves.epoch.at(-1) ?? 0}: ${parts.join(", ")}${best === null ? "" : `; best possible on new data: ${chart.format(best)}`}`;
  if (chart.canvas.getAttribute("aria-label") !== text) chart.canvas.setAttribute("aria-label", text);
}
