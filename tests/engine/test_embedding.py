"""The compiled embedding of categories: the numbers and the errors of NumPy."""

import numpy as np
import pytest
from test_parity import CLASSES, compare

from whorl import (
    SGD,
    Adam,
    AdamW,
    CrossEntropy,
    Dense,
    Embedding,
    Model,
    ReLU,
    Softmax,
)

RNG = np.random.default_rng(0)
X = np.column_stack(
    [RNG.integers(2, size=56), RNG.standard_normal(56), RNG.integers(3, size=56), RNG.standard_normal((56, 2))]
)
FIRST = Embedding([3, 2], 4, columns=[2, 0])


@pytest.mark.parametrize("layer", [FIRST, Embedding([2], 1), Embedding([2, 3], 3, columns=[0, 2])], ids=repr)
@pytest.mark.parametrize("frozen", [(), (0,), (1,)])
@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.01)], ids=repr)
def test_categories_are_embedded_as_by_numpy(layer, frozen, optimizer):
    layers = [layer, Dense(8), ReLU(), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), optimizer, CLASSES, X=X, frozen=frozen, threads=[1, 2, 3])


def test_the_other_columns_get_gradients():
    twice = np.column_stack([X, X[:, 0]])  # the last column is number 4 of what the first layer returns
    layers = [Embedding([2], 2), Embedding([2], 3, columns=[4]), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), SGD(0.1), CLASSES, X=twice, inputs=6, threads=[1, 2])


def test_a_large_table_is_shared_by_rows():
    y = RNG.integers(0, 3, 900)
    codes = RNG.integers(0, 5000, size=(900, 1))
    layers = [Embedding([5000], 7), Dense(3), Softmax()]
    compare(layers, CrossEntropy(), AdamW(0.01), y, X=codes, inputs=1, threads=2, batch_size=256, epochs=3)


@pytest.mark.parametrize("wrong", [3.0, -1.0, 0.4, 2.5])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_wrong_category_is_named(wrong, threads):
    changed = X.copy()
    changed[20, 2] = wrong
    model = Model([FIRST, Dense(3), Softmax()], inputs=5, rng=0)
    before = model.parameters.copy()
    options = {"loss": CrossEntropy(), "optimizer": SGD(), "epochs": 20, "batch_size": 56}
    with pytest.raises(ValueError, match=f"column 2 must hold whole numbers from 0 to 2, but sample 20 has {wrong:g}"):
        model.fit(changed, CLASSES, **options, fast=True, threads=threads)
    np.testing.assert_array_equal(model.parameters, before)
