"""By how much each kind of network counts: votes, and the weights that they become."""

import dataclasses

import numpy as np
import pytest

from whorl import CrossEntropy, Dense, Dropout, Hinge, MeanAbsoluteError, MeanSquaredError, Model, ReLU, Softmax
from whorl.calibration import temperature
from whorl.recipes import networks, selection
from whorl.recipes.ensemble import joined
from whorl.recipes.networks import Networks
from whorl.recipes.selection import selected, votes
from whorl.training import History

X = np.arange(8.0)[:, None]


def squared(target):
    return lambda mean: float(np.square(mean - target).mean())


def line(slope, rate=0.0):
    """A network that predicts a multiple of x. Networks whose dropout rate differs are of different kinds."""
    model = Model([Dropout(rate), Dense(1)], inputs=1, rng=0, dtype=np.float64)
    model.parameters[:] = slope, 0.0
    return model


def several(models, folds):
    rows = [np.array(each) for each in folds]
    predictions = [model.predict(X[each]) for model, each in zip(models, rows, strict=True)]
    return Networks(models, [History() for _ in models], rows, predictions, networks.equal(len(models)))


def test_votes_by_hand():
    """Targets of 0. One vote each: the mean is 2, 4 of them squared; with another for the first, (2·0 + 4) / 3 and so on, down to 4 / 6."""
    zero, four = np.zeros(3), np.full(3, 4.0)
    np.testing.assert_array_equal(votes([zero, four], squared(0.0), count=6), [5, 1])
    # Of 1 and −1, 0 is the mean; a further vote for either makes it worse.
    np.testing.assert_array_equal(votes([np.ones(3), -np.ones(3)], squared(0.0)), [1, 1])
    # Of 3 and −1: (3 − 1) / 2 = 1, then (3 − 1 − 1) / 3 = 1/3, then (3 − 1 − 1 − 1) / 4 = 0.
    np.testing.assert_array_equal(votes([np.full(3, 3.0), -np.ones(3)], squared(0.0)), [1, 3])
    np.testing.assert_array_equal(votes([four], squared(0.0), count=1), [1])


def test_nothing_is_better_than_the_votes_nearby():
    """Of three predictions with independent errors, the votes are near the weights with the least error, 1 / variance."""
    rng = np.random.default_rng(0)
    each = [scale * rng.normal(size=20_000) for scale in (1.0, 2.0, 4.0)]
    found = votes(each, squared(0.0))
    np.testing.assert_allclose(found / found.sum(), np.array([16, 4, 1]) / 21, atol=0.05)


def test_votes_of_a_kind_are_shared_among_its_networks():
    y = X * 1.0
    models = [line(1.0), line(1.0), line(3.0, rate=0.5), line(3.0, rate=0.5)]
    folds = [range(4), range(4, 8)] * 2
    found = selected(several(models, folds), y, MeanSquaredError())
    np.testing.assert_allclose(found.weights, [19 / 40, 19 / 40, 1 / 40, 1 / 40])
    np.testing.assert_allclose(found.held_out(), (19 * X + 3 * X) / 20)
    assert found.models == models
    one = several(models[:2], folds[:2])
    assert selected(one, y, MeanSquaredError()) is one


def test_only_samples_that_all_kinds_have_held_out_decide():
    """The second kind has one of its two folds: there it is right, elsewhere the first is."""
    y = np.where(X < 4, X, 3 * X)
    models = [line(1.0), line(1.0), line(3.0, rate=0.5)]
    early = selected(several(models, [range(4), range(4, 8), range(4)]), y, MeanSquaredError())
    np.testing.assert_allclose(early.weights, [19 / 40, 19 / 40, 1 / 20])
    late = selected(several(models, [range(4), range(4, 8), range(4, 8)]), y, MeanSquaredError())
    np.testing.assert_allclose(late.weights, [1 / 40, 1 / 40, 19 / 20])
    apart = several([models[0], models[2]], [range(4), range(4, 8)])
    assert selected(apart, y, MeanSquaredError()) is apart


def test_the_loss_is_that_of_training():
    """Half of the targets are 0 and a few very large: the median is 0, the mean far from it."""
    y = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 30.0, 40.0])[:, None]
    models, folds = [line(0.0), line(4.0, rate=0.5)], [range(8), range(8)]
    absolute = selected(several(models, folds), y, MeanAbsoluteError())
    square = selected(several(models, folds), y, MeanSquaredError())
    assert absolute.weights[0] > square.weights[0]


def test_scores_of_classes_are_compared_at_their_best_temperature():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(200, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.array([rng.choice(3, p=row) for row in p])
    loss = selection.error(CrossEntropy(label_smoothing=0.1), 2 * z, y, Softmax())
    assert loss == pytest.approx(selection.error(CrossEntropy(), z, y, Softmax()), rel=1e-5)
    assert loss == pytest.approx(CrossEntropy().from_scores(z / temperature(z, y), y)[0], rel=1e-5)
    assert loss == pytest.approx(selection.error(CrossEntropy(), z, np.eye(3)[y], Softmax()), rel=1e-5)


def test_other_losses_of_classes_are_of_probabilities():
    z, y = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]), np.array([0, 2])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert selection.error(Hinge(), z, y, Softmax()) == pytest.approx(Hinge()(p, y))


def test_samples_count_by_their_weight():
    """As if a sample of weight 3 were there three times."""
    rng = np.random.default_rng(2)
    z, y, weight = rng.normal(size=(50, 3)), rng.integers(0, 3, size=50), rng.integers(1, 4, size=50)
    for loss, own in ((CrossEntropy(), y), (MeanSquaredError(), rng.normal(size=(50, 3)))):
        last = Softmax() if own is y else Dense(3)
        found = selection.error(loss, z, own, last, weight.astype(float))
        often = selection.error(loss, np.repeat(z, weight, axis=0), np.repeat(own, weight, axis=0), last)
        assert found == pytest.approx(
            often, rel=1e-3
        )  # the prior of the temperature is that of another number of samples
    line_1, line_3 = line(1.0), line(3.0, rate=0.5)
    target, early = np.where(X < 4, X, 3 * X), (X[:, 0] < 4).astype(float)
    for weight, best in ((early, 0), (1 - early, 1)):
        trained = several([line_1, line_3], [range(8)] * 2)
        assert selected(trained, target, MeanSquaredError(), weight + 1e-9).weights[best] == 19 / 20


def test_many_samples_are_thinned_out(monkeypatch):
    seen = []

    def watched(loss, prediction, target, last, weight):
        seen.append(target[:, 0].tolist())
        return error(loss, prediction, target, last, weight)

    error = selection.error
    monkeypatch.setattr(selection, "error", watched)
    monkeypatch.setattr(selection, "SAMPLES", 3)
    selected(several([line(1.0), line(3.0, rate=0.5)], [range(8)] * 2), X, MeanSquaredError())
    assert set(map(tuple, seen)) == {(0.0, 3.0, 6.0)}


def test_the_average_of_classes_has_the_weights():
    layers = [Dense(4), ReLU(), Dropout(0.5), Dense(3), Softmax()]
    models = [Model(layers, inputs=1, rng=seed) for seed in range(3)]
    trained = dataclasses.replace(several(models, [range(8)] * 3), weights=np.array([0.5, 0.3, 0.2]))
    found = joined(trained, 1)
    own = [np.log(model.predict(X)) for model in models]
    z = sum(weight * (each - each[:, :1]) for weight, each in zip(trained.weights, own, strict=True))
    scores = np.log(found.predict(X))
    np.testing.assert_allclose(scores - scores[:, :1], z, rtol=1e-4, atol=1e-5)
    for model, seed in zip(models, range(3), strict=True):  # which stay as they are
        np.testing.assert_array_equal(model.parameters, Model(layers, inputs=1, rng=seed).parameters)
