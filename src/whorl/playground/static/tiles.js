/** The outputs of a layer's units over the plane, as pictures side by side in one canvas, from which tiles are drawn. */

import { THEMES, divergingTable } from "./colours.js";

export class Tiles {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.table = new Uint32Array(256);
    this.units = 0;
  }

  /** Paint values (units, g, g), as bytes that stand for `low` to `high`. */
  paint({ values, shape: [units, height, width], low = 0, high = 1 }, theme) {
    if (units !== this.units || width !== this.width || height !== this.height) {
      Object.assign(this, { units, width, height });
      this.canvas.width = width * units;
      this.canvas.height = height;
      this.data = new ImageData(width * units, height);
      this.pixels = new Uint32Array(this.data.data.buffer);
      this.context = this.canvas.getContext("2d");
    }
    const table = divergingTable(THEMES[theme], low, high, this.table);
    const across = width * units;
    let index = 0;
    for (let unit = 0; unit < units; unit += 1) {
      for (let row = height - 1; row >= 0; row -= 1) {
        const start = row * across + unit * width;
        for (let column = 0; column < width; column += 1) this.pixels[start + column] = table[values[index++]];
      }
    }
    this.context.putImageData(this.data, 0, 0);
  }

  /** Draw the picture of a unit. */
  draw(context, unit, x, y, side) {
    if (unit < this.units) context.drawImage(this.canvas, unit * this.width, 0, this.width, this.height, x, y, side, side);
  }
}

const FEATURES = {
  x: (x) => x,
  y: (_, y) => y,
  "x²": (x) => x * x,
  "y²": (_, y) => y * y,
  xy: (x, y) => x * y,
  "sin x": Math.sin,
  "sin y": (_, y) => Math.sin(y),
  radius: Math.hypot,
  angle: (x, y) => Math.atan2(y, x),
};

/** Return the inputs over the plane as `Tiles.paint` takes them. What is no function of the plane, such as a column of a table, is 0. */
export function inputTiles(inputs, [x0, x1, y0, y1], axes = null, g = 25) {
  const values = new Uint8Array(inputs.length * g * g).fill(128);
  inputs.forEach((name, unit) => {
    const compute = axes ? [(x) => x, (_, y) => y][axes.indexOf(unit)] : FEATURES[name];
    if (!compute) return;
    const at = (index) => compute(x0 + ((x1 - x0) * (index % g)) / (g - 1), y0 + ((y1 - y0) * Math.floor(index / g)) / (g - 1));
    let largest = 0;
    for (let index = 0; index < g * g; index += 1) largest = Math.max(largest, Math.abs(at(index)));
    for (let index = 0; index < g * g; index += 1) values[unit * g * g + index] = 127.5 + (127.5 * at(index)) / (largest || 1);
  });
  return { values, shape: [inputs.length, g, g], low: -1, high: 1 };
}
