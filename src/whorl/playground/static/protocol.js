/** Binary messages of the server: a length, a JSON header, and arrays. A frame's arrays are views of the message: nothing is copied. */

const VIEWS = { uint8: Uint8Array, float32: Float32Array, float64: Float64Array };

/** Return the header of a binary message, and where its payload starts. */
export function split(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength) throw new RangeError(`the header has ${length} bytes, the message ${buffer.byteLength}`);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { header, start: 4 + length };
}

/** Return a frame: its header, in which `arrays` maps each name to {values, shape, low, high}. */
export function decodeFrame(buffer) {
  const { header, start } = split(buffer);
  const arrays = new Map();
  for (const entry of header.arrays ?? []) {
    const View = VIEWS[entry.dtype];
    if (!View) throw new TypeError(`the array ${entry.name} has the unknown type ${entry.dtype}`);
    const size = entry.shape.reduce((product, length) => product * length, 1);
    const values = new View(buffer, start + entry.offset, size);
    arrays.set(entry.name, { values, shape: entry.shape, low: entry.low, high: entry.high });
  }
  return { ...header, arrays };
}

/** Return a file: its header with its content as `blob`. */
export function decodeFile(buffer) {
  const { header, start } = split(buffer);
  return { ...header, blob: new Blob([new Uint8Array(buffer, start)], { type: header.media }) };
}
