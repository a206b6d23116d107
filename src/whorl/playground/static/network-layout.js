/**
 * Where the units of a network are drawn: one column of tiles for the inputs, and one for each layer with weights.
 *
 * A column shows what comes out of the last layer before the next weights: that of `Dense(16), ReLU()` shows the output of `ReLU()`.
 */

/** Most rows of tiles in a column; a larger layer has several tiles in a row. */
const MOST_ROWS = 16;
/** Most units that are drawn of one layer. */
export const MOST_UNITS = 64;

/** Return the columns of a network: the layer whose outputs each one shows, their number, and the names of the weights and biases into them. */
export function columnsOf(inputs, layers) {
  const columns = [{ layer: -1, units: inputs.length, labels: inputs, weights: null, biases: null, from: 0 }];
  layers.forEach((layer, index) => {
    if (layer.parameters?.w) {
      const { w, b } = layer.parameters;
      columns.push({ layer: index, units: size(layer), labels: null, weights: w, biases: b ?? null, first: index });
    } else {
      const column = columns.at(-1);
      if (size(layer) === column.units) column.layer = index;
    }
  });
  return columns;
}

const size = (layer) => layer.outputs.reduce((product, length) => product * length, 1);

/**
 * Return the places of the tiles: for each column {x, width, tiles: [{x, y}], size}. Columns have the same width, so that controls
 * above them stand in the same grid.
 */
export function arrange(columns, width, height, gap = 4) {
  const each = width / columns.length;
  return columns.map((column, index) => {
    const shown = Math.min(column.units, MOST_UNITS);
    const across = Math.ceil(shown / MOST_ROWS);
    const rows = Math.ceil(shown / across);
    const space = across > 1 ? 2 : gap;
    const fit = Math.min((height - 8) / rows - space, (each * 0.62) / across - space, 46);
    const side = Math.max(5, Math.floor(fit));
    const centre = (index + 0.5) * each;
    const left = centre - (across * (side + space) - space) / 2;
    const top = (height - rows * (side + space) + space) / 2;
    const tiles = Array.from({ length: shown }, (_, unit) => ({
      x: left + (unit % across) * (side + space),
      y: top + Math.floor(unit / across) * (side + space),
      anchor: top + Math.floor(unit / across) * (side + space) + (side * ((unit % across) + 0.5)) / across,
    }));
    return { left, right: left + across * (side + space) - space, side, tiles, centre };
  });
}

/** Return the unit of a place at a point, as {column, unit}, or null. */
export function unitAt(places, x, y) {
  for (const [column, place] of places.entries()) {
    if (x < place.left || x > place.right) continue;
    const unit = place.tiles.findIndex((tile) => x >= tile.x && x <= tile.x + place.side && y >= tile.y && y <= tile.y + place.side);
    if (unit >= 0) return { column, unit };
  }
  return null;
}

/** How much of its rise a curve between columns has made after this share of its run: x(t) = 3t/2 − 3t²/2 + t³, y(t) = 3t² − 2t³. */
export function risen(share) {
  let [low, high] = [0, 1];
  for (let step = 0; step < 20; step += 1) {
    const t = (low + high) / 2;
    if (1.5 * t - 1.5 * t * t + t ** 3 < share) low = t;
    else high = t;
  }
  return low * low * (3 - 2 * low);
}

/**
 * Return the weight nearest to a point, within `reach`, as {column, from, to}, or null. Where several are about as near, the strongest one
 * counts, which is the one that is seen; `strengthOf(column, from, to)` is 0 to 1.
 */
export function edgeAt(places, x, y, reach = 4, strengthOf = () => 1) {
  const column = places.findIndex((place, index) => index && x >= places[index - 1].right && x <= place.left);
  if (column < 1) return null;
  const [before, after] = [places[column - 1], places[column]];
  const run = after.left - before.right;
  const share = risen((x - before.right) / run);
  let best = null;
  let least = Infinity;
  before.tiles.forEach((source, from) => {
    after.tiles.forEach((target, to) => {
      const rise = target.anchor - source.anchor;
      const distance = (Math.abs(source.anchor + rise * share - y) * run) / Math.hypot(run, rise);
      if (distance > reach) return;
      const cost = distance - reach * strengthOf(column, from, to);
      if (cost < least) [least, best] = [cost, { column, from, to }];
    });
  });
  return best;
}
