"""Models whose predictions are compared with those of the files that are written of them."""

import numpy as np
from catalogue import LAYERS

from whorl import Adam, Average, CrossEntropy, Dense, Embedding, Model, ReLU, Softmax, Standardize, datasets
from whorl.tables import table

DTYPES = ["float32", "float64"]


def prepared(layer, dtype, seed=0):
    """A model of one layer, with random parameters and statistics, and samples for it."""
    rng = np.random.default_rng(seed)
    categories = isinstance(layer, Embedding)
    X = rng.integers(0, 2, size=(20, 5)) if categories else rng.normal(size=(20, 5))
    model = Model([layer], inputs=5, rng=seed, dtype=dtype)
    model.adapt(X, rng=0)
    model.parameters[:] = rng.normal(size=model.parameters.shape)
    for name, array in model.named_statistics().items():
        if name.startswith(("mean", "variance")):
            array += rng.uniform(0.1, 1, size=array.shape)
    return model, X.astype(dtype)


def one_of_each_class():
    """A layer of each class."""
    return list({type(layer): layer for layer in LAYERS}.values())


def ensemble():
    """A trained average of two networks for the spiral, and samples for it."""
    X, y = datasets.spiral(30, rng=0)
    model = Model([Average([Dense(8), ReLU(), Dense(3)], 2), Softmax()], inputs=2, rng=0)
    model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=3, rng=0, fast=False)
    return model, X.astype(np.float32)


def columns(n=700):
    """Columns of all kinds, with gaps, rare categories and booleans; the target is about the age."""
    rng = np.random.default_rng(0)

    def some(values):
        return [None if rng.random() < 0.1 else value for value in values]

    age = some(rng.normal(40, 10, n).round(1).tolist())
    start = np.datetime64("2019-12-01T00:00")
    return {
        "age": age,
        "seconds": (1.7e9 + rng.integers(1000, size=n)).tolist(),
        "sex": some(rng.choice(["f", "m"], n).tolist()),
        "member": rng.choice(["true", "false"], n).tolist(),
        "town": [f"z{i}" if i % 97 == 0 else "abc"[i % 3] for i in range(n)],
        "rooms": rng.choice([3.0, 4.0], n).tolist(),
        "sold": some([str(start + minutes) for minutes in rng.integers(900 * 24 * 60, size=n).tolist()]),
        "old": ["no" if (years or 40) < 40 else "yes" for years in age],
    }


def of_a_table(last=(Dense(2), Softmax()), ignore=()):
    """A model of a table with all kinds of columns; its columns; and its features."""
    given = columns()
    learned = table(given, "old", ignore=ignore)
    model = Model([Standardize(), Dense(8), ReLU(), *last], inputs=learned.X.shape[1], rng=0)
    model.adapt(learned.X)
    model.preparation = learned.preparation
    return model, given, learned.X
