/** The weights of a network as curves between its columns: as wide and as strong in colour as they are large, warm above 0 and cool below. */

import { css, mix } from "./colours.js";

const STEPS = 6; // of width and colour, each of which is drawn in one stroke

/** Return the largest size of finite numbers, at least a tiny one. */
export function largest(values) {
  let result = 1e-12;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > result && size < Infinity) result = size;
  }
  return result;
}

/** Draw the weights (in, out) between two columns. */
export function drawEdges(context, before, after, { values, shape: [, outputs] }, theme) {
  const scale = largest(values);
  const many = before.tiles.length * after.tiles.length;
  const least = many > 1000 ? 0.12 : many > 200 ? 0.05 : 0; // what could not be seen among so many
  const width = many > 1000 ? 1.5 : many > 200 ? 2.5 : 5;
  const middle = (before.right + after.left) / 2;
  for (let step = 0; step < STEPS; step += 1) {
    for (const sign of [-1, 1]) {
      context.beginPath();
      for (let from = 0; from < before.tiles.length; from += 1) {
        const start = before.tiles[from].anchor;
        for (let to = 0; to < after.tiles.length; to += 1) {
          const share = (sign * values[from * outputs + to]) / scale;
          if (!(share > least) || Math.min(STEPS - 1, Math.floor(share * STEPS)) !== step) continue;
          const end = after.tiles[to].anchor;
          context.moveTo(before.right, start);
          context.bezierCurveTo(middle, start, middle, end, after.left, end);
        }
      }
      const strength = (step + 1) / STEPS;
      context.lineWidth = Math.max(0.5, width * strength);
      context.strokeStyle = css(mix(theme.line, sign > 0 ? theme.warm : theme.cool, 0.25 + 0.75 * strength), many > 1000 ? 0.55 : 0.9);
      context.stroke();
    }
  }
}

/** Draw one weight, marked. */
export function drawEdge(context, before, after, from, to, colour) {
  const [start, end] = [before.tiles[from]?.anchor, after.tiles[to]?.anchor];
  if (start === undefined || end === undefined) return;
  const middle = (before.right + after.left) / 2;
  context.beginPath();
  context.moveTo(before.right, start);
  context.bezierCurveTo(middle, start, middle, end, after.left, end);
  context.lineWidth = 3;
  context.strokeStyle = colour;
  context.stroke();
}
