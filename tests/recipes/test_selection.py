"""By how much each kind of network counts: votes, and the weights that they become."""

import dataclasses

import numpy as np
import pytest

from whorl import (
    Adam,
    BinaryCrossEntropy,
    CrossEntropy,
    Dense,
    Dropout,
    Hinge,
    MeanAbsoluteError,
    MeanSquaredError,
    Model,
    ReLU,
    Sigmoid,
    Softmax,
    passes,
)
from whorl.calibration import temperature
from whorl.recipes import Recipe, networks, selection
from whorl.recipes.ensemble import joined, train
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


def test_votes_are_near_the_best_weights():
    """Those of three predictions with independent errors are 1 / variance."""
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


def test_kinds_without_all_samples_keep_equal_weights():
    """The third kind has one of its two folds; what it predicts there is right, but a single network could be so by chance."""
    models = [line(1.0), line(1.0), line(9.0, 0.2), line(9.0, 0.2), line(3.0, rate=0.5)]
    found = selected(several(models, [range(4), range(4, 8)] * 2 + [range(4)]), 3 * X, MeanSquaredError())
    # (a + 9 b) / (a + b) is nearest to 3 for a = 3 b: 15 votes and 5.
    np.testing.assert_allclose(found.weights, [*2 * [0.8 * 15 / 40], *2 * [0.8 * 5 / 40], 0.2])
    apart = several([models[0], models[2]], [range(4), range(4, 8)])
    assert selected(apart, X, MeanSquaredError()) is apart
    few = several(models[1:4], [range(8), range(4), range(4)])
    assert selected(few, X, MeanSquaredError()) is few


def test_many_kinds_have_more_votes():
    models = [line(k - 10.0, rate=k / 30) for k in range(22)]
    found = selected(several(models, [range(8)] * 22), 11 * X, MeanSquaredError())
    assert found.weights[-1] > 0.5


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


def test_of_many_samples_some_decide_whatever_their_order(monkeypatch):
    seen = []

    def watched(loss, prediction, target, last, weight):
        seen.append(tuple(target[:, 0]))
        return error(loss, prediction, target, last, weight)

    error = selection.error
    monkeypatch.setattr(selection, "error", watched)
    monkeypatch.setattr(selection, "SAMPLES", 5)
    selected(several([line(1.0), line(3.0, rate=0.5)], [range(8)] * 2), X, MeanSquaredError())
    (rows,) = set(seen)
    assert len(set(rows)) == 5
    assert {row % 2 for row in rows} == {0, 1}  # not every second one


def test_several_outputs_and_labels_are_averaged_as_they_are_judged():
    """The scores before the last layer, for `Sigmoid` too."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(120, 2))
    y = np.column_stack([x[:, 0] > 0, x[:, 1] > 0]).astype(float)
    usual = Recipe([Dense(8), ReLU(), Dropout(0.1)], optimizer=Adam(0.02), epochs=3, batch_size=32, members=4, folds=2)
    recipe = usual.replace(dropouts=(0.1, 0.5))
    for last, loss in (([Sigmoid()], BinaryCrossEntropy()), ([], MeanSquaredError())):
        trained = train(
            recipe,
            lambda each, rng, last=last: each.network(x, 2, last, rng=rng),
            x,
            y,
            classes=None,
            arguments={"loss": loss},
            rng=np.random.default_rng(0),
        )
        assert len(trained.kinds()) == 2
        model = joined(trained, len(last))
        z = [passes.predict(each, each.samples(x), last=-1 if last else None) for each in trained.models]
        mean = np.tensordot(trained.weights, z, 1)
        np.testing.assert_allclose(model.predict(x), 1 / (1 + np.exp(-mean)) if last else mean, rtol=1e-4, atol=1e-5)
        own = [each[rows] for each, rows in zip(z, trained.folds, strict=True)]
        for predicted, each in zip(trained.predictions, own, strict=True):
            np.testing.assert_allclose(predicted, each, rtol=1e-5, atol=1e-6)


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
