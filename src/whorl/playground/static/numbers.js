/** Numbers as words and digits, the same everywhere on the page. */

/** Return a number with about three digits: "0.0123", "12.3", "1.2e-7". NaN and infinities in words. */
export function digits(value, precision = 3) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "−infinite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e6 ? value.toExponential(precision - 1) : Number(value.toPrecision(precision)).toString();
  return text.replace("-", "−").replace("e−", "e−").replace("e+", "e");
}

/** Return a share as a percentage: "97.3 %". */
export function percent(value) {
  return value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)}\u202f%`;
}

/** Return a whole number with thin spaces between thousands. */
export function whole(value) {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Return about `count` round numbers that span from `low` to `high`. */
export function ticks(low, high, count = 4) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999);
  const result = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) result.push(Number(value.toPrecision(12)));
  return result;
}
