/** The curves of a training. The server thins them out as they grow, and says in `epoch` which epochs their points are. */

export const CURVES = ["epoch", "loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"];

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.curves = Object.fromEntries(CURVES.map((name) => [name, []]));
  }

  /** Take the new points of a frame: those from `from` on are replaced. */
  take(from, values) {
    for (const [name, curve] of Object.entries(this.curves)) {
      if (from < curve.length) curve.length = from;
      for (const value of values[name] ?? []) curve.push(value ?? NaN);
    }
  }

  get length() {
    return this.curves.epoch.length;
  }
}
