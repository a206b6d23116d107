/** Colours and markers: Okabe and Ito's palette, told apart with any colour vision, and a shape per class besides. */

/** The colour of each class as [red, green, blue]. */
export const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a8a", "#f0e442", "#882255", "#44aa99"].map(rgb);

/** Colours of the themes, for canvases; the style sheet has the same. */
export const THEMES = {
  light: { paper: rgb("#ffffff"), ink: rgb("#1c2024"), soft: rgb("#5b6470"), line: rgb("#dfe3e8"), neutral: rgb("#f4f5f7"), warm: rgb("#d55e00"), cool: rgb("#0072b2") },
  dark: { paper: rgb("#1b1f25"), ink: rgb("#eceff3"), soft: rgb("#a9b3bf"), line: rgb("#343b45"), neutral: rgb("#262b33"), warm: rgb("#f08a3c"), cool: rgb("#4aa8e8") },
};

export function rgb(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

export function css([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

export function mix(from, to, share) {
  return from.map((value, index) => Math.round(value + (to[index] - value) * share));
}

const packed = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;

/** Return 256 packed colours for the bytes 0 to 255, which stand for `low` to `high`: cool below 0, warm above; small ones can be seen too. */
export function divergingTable(theme, low, high, table = new Uint32Array(256)) {
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
  for (let byte = 0; byte < 256; byte += 1) {
    const value = (low + ((high - low) * byte) / 255) / largest;
    table[byte] = packed(mix(theme.neutral, value < 0 ? theme.cool : theme.warm, Math.sqrt(Math.abs(value))));
  }
  return table;
}

/** How strong the colours of the surface are: the data must stand out against them. */
const STRENGTH = { light: 0.5, dark: 0.55 };

/**
 * Paint probabilities (height, width, k), as bytes, into packed pixels: the classes' colours mixed by probability, paler where no class
 * is likely. The first row of `values` is the lowest, that of a picture the highest. One probability is that of the second class.
 */
export function paintSurface(values, [height, width, k], pixels, themeName) {
  const theme = THEMES[themeName];
  const strength = STRENGTH[themeName];
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const start = (row * width + column) * k;
      let red = 0, green = 0, blue = 0, total = 0, largest = 0;
      for (let each = 0; each < Math.max(k, 2); each += 1) {
        const share = k > 1 ? values[start + each] : each ? values[start] : 255 - values[start];
        const colour = CLASSES[each];
        red += share * colour[0];
        green += share * colour[1];
        blue += share * colour[2];
        total += share;
        if (share > largest) largest = share;
      }
      total ||= 1;
      const chance = 1 / Math.max(k, 2);
      const sure = strength * (0.25 + 0.75 * Math.max(0, (largest / total - chance) / (1 - chance)));
      const blend = (sum, channel) => theme.paper[channel] + (sum / total - theme.paper[channel]) * sure;
      pixels[(height - 1 - row) * width + column] =
        (255 << 24) | (blend(blue, 2) << 16) | (blend(green, 1) << 8) | blend(red, 0);
    }
  }
}

/** Draw the outline of a class's marker: circle, square, triangle, diamond, … around a point. */
export function marker(context, label, x, y, radius) {
  const shapes = [[0, 0], [4, Math.PI / 4], [3, -Math.PI / 2], [4, 0], [3, Math.PI / 2], [5, -Math.PI / 2], [6, 0], [3, 0], [3, Math.PI], [8, 0]];
  const [corners, turn] = shapes[label % shapes.length];
  if (corners === 0) {
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  const size = radius * (corners === 3 ? 1.35 : 1.2);
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = turn + (2 * Math.PI * corner) / corners;
    const [dx, dy] = [size * Math.cos(angle), size * Math.sin(angle)];
    if (corner) context.lineTo(x + dx, y + dy);
    else context.moveTo(x + dx, y + dy);
  }
  context.closePath();
}
