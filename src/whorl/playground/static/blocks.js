/**
 * The layers of a network as blocks: a dense layer with the normalization, activation and dropout that follow it.
 *
 * A configuration holds layers as whorl does, one text each; the page shows them as blocks and writes them back. What does not fit
 * a block stands alone, as text.
 */

import { ACTIVATIONS, DENSE, DROPOUT, compose, known, valuesOf } from "./catalogue.js";
import { call, isCall, read, write } from "./notation.js";

export const MOST_LAYERS = 24;

/** Return the blocks of a list of layers. `first` is the index of a block's first layer, `last` that of its last one. */
export function blocksOf(layers) {
  const blocks = [];
  let block = null;
  layers.forEach((text, index) => {
    const layer = parsed(text);
    const dense = layer?.name === "Dense" ? denseOf(layer) : null;
    if (dense) {
      block = { ...dense, norm: null, activation: null, dropout: null, first: index, last: index };
      blocks.push(block);
    } else if (block && layer && extend(block, layer)) block.last = index;
    else {
      block = null;
      blocks.push({ text, first: index, last: index });
    }
  });
  return blocks;
}

/** Return the layers of a block. */
export function layersOf(block) {
  if (block.text !== undefined) return [block.text];
  const dense = compose("Dense", DENSE, block);
  Object.assign(dense.options, block.more);
  const layers = [dense, block.norm, block.activation, block.dropout === null ? null : compose("Dropout", DROPOUT, { rate: block.dropout })];
  return layers.filter((layer) => layer !== null).map(write);
}

/** Return the layers of blocks. */
export const layersOfBlocks = (blocks) => blocks.flatMap(layersOf);

/** Return a new hidden block. */
export function hiddenBlock(units = 16, activation = "ReLU") {
  return { units, weight_l1: 0, weight_l2: 0, more: {}, norm: null, activation: call(activation), dropout: null };
}

/** Return blocks with one of them moved by one place; the same blocks if there is no such place. The last block stays last. */
export function moved(blocks, index, by) {
  const target = index + by;
  if (target < 0 || target >= blocks.length - 1 || index >= blocks.length - 1) return blocks;
  const result = [...blocks];
  [result[index], result[target]] = [result[target], result[index]];
  return result;
}

/** Return a short name of a block, such as "16 ReLU". */
export function nameOf(block) {
  if (block.text !== undefined) return block.text;
  return block.activation ? `${block.units} ${block.activation.name}` : `${block.units} linear`;
}

function parsed(text) {
  try {
    const value = read(text);
    return isCall(value) ? value : null;
  } catch {
    return null;
  }
}

/** The units and penalties of a dense layer; its other options, such as the initializer, in `more`. */
function denseOf(layer) {
  const names = DENSE.map((each) => each.name);
  const more = Object.fromEntries(Object.entries(layer.options).filter(([name]) => !names.includes(name)));
  const options = Object.fromEntries(Object.entries(layer.options).filter(([name]) => names.includes(name)));
  const values = valuesOf({ ...layer, options }, DENSE);
  return values && { ...values, more };
}

/** Add a layer to a block if it fits there: normalization, activation and dropout, in this order. */
function extend(block, layer) {
  if (block.dropout !== null) return false;
  if (layer.name === "Dropout") {
    const values = known(layer, { Dropout: DROPOUT }) ? valuesOf(layer, DROPOUT) : null;
    if (values) block.dropout = values.rate;
    return values !== null;
  }
  if (block.activation) return false;
  if (["BatchNorm", "LayerNorm"].includes(layer.name) && !block.norm) block.norm = layer;
  else if (Object.hasOwn(ACTIVATIONS, layer.name)) block.activation = layer;
  else return false;
  return true;
}
