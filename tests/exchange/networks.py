"""Models to exchange: each layer of the catalogue with parameters and statistics of its own."""

import re
from pathlib import Path

import numpy as np
from tests.catalogue import LAYERS as ALL

from whorl import Average, Dense, Dropout, Embedding, Model, NTKDense, PeriodicEmbedding, Residual, Tanh
from whorl.layers.chain import walk
from whorl.recipes import RECIPES

PAGE = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")

CHANGED = {
    "Dropout(Chain(((1.0, Constant(0.4)), (3.0, Cosine(0.4, epochs=3.0)))))": Dropout(0.4),
    "Dense(3, bias_decay=0.0)": Dense(3),
    "Dense(1, weight_l2=0.1, bias_l2=0.2, initializer=Normal(2.0))": Dense(1),
    "Residual((Dense(4, weight_l1=0.1), Tanh(), Dense(5, max_norm=2.0)))": Residual([Dense(4), Tanh(), Dense(5)]),
    "Average((Dense(4, weight_l2=0.1), Tanh(), Dropout(0.5), Dense(3)))": Average(
        [Dense(4), Tanh(), Dropout(0.5), Dense(3)]
    ),
}
"""What comes back of the layers that have more than a module has."""


def samples(layer, count=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 5))
    if isinstance(layer, Embedding):
        X[:, layer.chosen] = rng.integers(0, 2, (count, len(layer.chosen)))
    return X


def model_with(*layers, dtype="float64", inputs=5, X=None):
    """A model with these layers that has been fitted to samples, and has random parameters and running means."""
    model, rng = Model(layers, inputs=inputs, rng=0, dtype=dtype), np.random.default_rng(1)
    model.adapt(samples(layers[0]) if X is None else X, rng=0)
    model.parameters += rng.normal(0, 0.3, model.parameters.size)
    for place in walk(model.places):
        for full, name in place.names.items():
            if name == "variance":
                model.named_arrays()[full][...] = rng.uniform(0.5, 2, place.outputs)
    return model


def draws(layer):
    """Whether it draws random numbers in training."""
    return isinstance(layer, Dropout) or any(map(draws, layer.parts))


def everything(dtype="float64"):
    """A model with every kind of layer, and its inputs."""
    X = np.random.default_rng(0).normal(size=(30, 5))
    X[:, [0, 3]] = np.random.default_rng(1).integers(0, 2, (30, 2))
    same = {
        type(layer): layer for layer in ALL if layer.output_shape((5,)) == (5,) and not isinstance(layer, Embedding)
    }
    layers = [
        Embedding([3, 2], 1, columns=[0, 3]),
        *same.values(),
        PeriodicEmbedding(columns=[1]),
        NTKDense(4),
        Dense(4),
    ]
    assert {type(layer) for layer in layers} == {type(layer) for layer in ALL}
    return model_with(*layers, X=X, dtype=dtype), X


def table_model(path):
    """The average of two networks for a table, as `whorl train` makes it, and its inputs for some rows."""
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.3f},{'rgb'[i % 3]},{i % 7}" for i in range(120)]
    path.write_text("\n".join(["size,colour,price", *rows]))
    recipe = RECIPES["table"]["default"].replace(file=str(path), target="price", members=2, folds=2, epochs=2)
    model, *_ = recipe.train(0)
    return model, model.samples({"size": rng.normal(size=9), "colour": [*"rgbrgbrgb"]})


def examples(title):
    """The code under a heading of docs/exchange.md."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
