"""The rules of the doctor, on signals that are written by hand: what they find, where their limits are, and what they advise."""

from dataclasses import replace

import numpy as np
import pytest

from whorl import (
    GELU,
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Hinge,
    MeanSquaredError,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Standardize,
    Tanh,
)
from whorl.glassbox import Finding
from whorl.glassbox.doctor import remedies, rules_data, rules_history, rules_network, rules_training
from whorl.glassbox.doctor.signals import Facts, Probe, Setup, Signals
from whorl.glassbox.doctor.verdict import RULES, diagnose
from whorl.initializers import GlorotUniform, HeNormal
from whorl.losses import BinaryCrossEntropy

LAYERS = Dense(64), ReLU(), Dense(3), Softmax()
SETUP = Setup(layers=LAYERS, loss=CrossEntropy(), optimizer=Adam(0.01))
NUMBERS = replace(SETUP, layers=(Dense(64), ReLU(), Dense(1)), loss=MeanSquaredError(), outputs=(1,))
EQUAL = np.full(3, 1 / 3)


def setup(*layers, **changes):
    return replace(SETUP, layers=layers or LAYERS, **changes)


def facts(**changes):
    return Facts(
        **{"mean": np.zeros(2), "deviation": np.ones(2), "shares": EQUAL, "chance": 1.1, "neighbours": 0.9} | changes
    )


def numbers(y, **changes):
    return Facts(target=np.asarray(y, float).reshape(-1, 1), **changes)


def alike(start, ratio, count=20):
    return list(start * ratio ** np.arange(count))


def probes(*scores, **numbers):
    return [Probe(epoch=10 * i, score=score, loss=1.0, **numbers) for i, score in enumerate(scores)]


FALLING = alike(1.1, 0.8)
FITTED = probes(0.3, 0.95)
POOR = probes(0.3, 0.5)

CASES = {
    "unscaled inputs": [
        Signals(setup=SETUP, facts=facts(deviation=np.array([1.0, 150.0]), mean=np.array([0.0, 900.0])))
    ],
    "constant inputs": [Signals(facts=facts(raw_mean=np.array([0.0, 7.0]), raw_deviation=np.array([1.0, 0.0])))],
    "unscaled target": [Signals(setup=NUMBERS, facts=numbers(np.linspace(90, 300)))],
    "labels treated as numbers": [Signals(setup=NUMBERS, facts=numbers(np.arange(99) % 3))],
    "numbers treated as classes": [
        Signals(setup=setup(Dense(200), Softmax()), facts=facts(shares=np.full(200, 0.005), rows=400))
    ],
    "outputs without a class": [Signals(setup=SETUP, facts=facts(shares=np.array([0.5, 0.5, 0, 0])))],
    "imbalanced classes": [Signals(setup=SETUP, facts=facts(shares=np.array([0.9, 0.05, 0.05])))],
    "leaked target": [
        Signals(facts=facts(alone=np.array([0.1, 0.99, 0.3]))),
        Signals(facts=facts(alone=np.array([0.1, 1.0, 0.97]), levels=np.array([90, 3, 80]))),
    ],
    "identifier as a feature": [Signals(facts=facts(identifiers=(1,)))],
    "duplicates across the split": [Signals(facts=facts(duplicates=0.1))],
    "validation from another distribution": [
        Signals(setup=setup(validation="given"), facts=facts(val_shares=np.array([0.0, 0.0, 1.0]))),
        Signals(setup=setup(validation="given"), facts=facts(shift=np.array([0.1, -2.0]))),
    ],
    "no probabilities for the loss": [
        Signals(setup=setup(Dense(3))),
        Signals(setup=setup(Dense(3), ReLU())),
        Signals(setup=setup(Dense(1), Tanh(), loss=BinaryCrossEntropy(), outputs=(1,))),
    ],
    "Softmax of one unit": [Signals(setup=setup(Dense(1), Softmax(), loss=BinaryCrossEntropy(), outputs=(1,)))],
    "activation before the output": [Signals(setup=setup(Dense(3), ReLU(), Softmax()))],
    "probabilities for a loss of scores": [Signals(setup=setup(loss=Hinge()))],
    "squared error for classes": [Signals(setup=setup(loss=MeanSquaredError()))],
    "output cannot reach the targets": [
        Signals(setup=replace(NUMBERS, layers=(Dense(1), ReLU())), facts=numbers([-1, 1, -2, 2]))
    ],
    "equal initial weights": [Signals(setup=setup(equal=(0,)))],
    "batch norm with tiny batches": [Signals(setup=setup(Dense(8), BatchNorm(), *LAYERS, batch_size=4))],
    "too much dropout": [Signals(setup=setup(Dense(64), ReLU(), Dropout(0.9), Dense(3), Softmax()))],
    "too many parameters for the rows": [Signals(setup=setup(parameters=600_000), facts=facts(rows=1000))],
    "initial loss far from guessing": [Signals(setup=SETUP, facts=facts(), probes=[Probe(loss=5.0)])],
    "dead units": [Signals(setup=SETUP, facts=facts(), probes=probes(0.3, 0.4, dead={"1": 0.9}))],
    "saturated units": [Signals(setup=SETUP, facts=facts(), probes=probes(0.3, 0.4, saturated={"1": 0.9}))],
    "vanishing gradients": [
        Signals(
            facts=facts(),
            probes=probes(
                0.3, weights=dict.fromkeys("abcd", 1.0), gradients={"a": 1e-5, "b": 1e-3, "c": 0.1, "d": 1.0}
            ),
        )
    ],
    "exploding gradients": [
        Signals(probes=[Probe(weights=dict.fromkeys("abc", 0.1), gradients={"a": 50.0, "b": 9.0, "c": 1.0})])
    ],
    "learning rate too high": [
        Signals(failure="the loss became nan"),
        Signals(curves={"loss": [1.0, 0.4, 1.2, 0.3, 0.9, 0.2, 0.8, 0.4, 1.1]}),
        Signals(curves={"loss": [1.0, 0.9, None, None, None]}),
        Signals(facts=facts(), probes=POOR, curves={"loss": [9.0, 1.2, 1.1, 1.1, 1.1], "penalty": [0.0] * 5}),
    ],
    "learning rate too low": [
        Signals(
            facts=facts(),
            probes=probes(0.3, 0.3, weights={"w1": 1.0}, updates={"w1": 1e-5}),
            curves={"loss": alike(1.2, 0.999), "penalty": [0] * 20},
        )
    ],
    "overfitting": [
        Signals(curves={"loss": FALLING, "val_loss": [*alike(1.0, 0.8, 5), *np.linspace(0.5, 1.2, 15)]}),
        Signals(curves={"loss": alike(1.0, 0.5), "penalty": [0] * 20, "val_loss": [0.8] * 20}),
    ],
    "underfitting": [Signals(setup=SETUP, facts=facts(), probes=POOR)],
    "penalty dominates the loss": [Signals(curves={"loss": alike(2, 0.98), "penalty": alike(1.5, 0.98)})],
    "weights shrink to 0": [
        Signals(
            setup=setup(optimizer=AdamW(0.01, weight_decay=10.0)),
            facts=facts(),
            probes=[Probe(weights={"w1": 1.0}), Probe(epoch=9, weights={"w1": 0.05}, loss=1.0)],
        )
    ],
    "noisy gradient": [
        Signals(
            setup=setup(batch_size=1),
            probes=probes(0.3, 0.4, noise=900.0),
            curves={"loss": [1, 0.8, 1, 0.9, 1, 0.8, 1, 0.7, 0.9]},
        )
    ],
    "stopped too early": [
        Signals(curves={"loss": list(np.linspace(1, 0.4, 10)), "val_loss": list(np.linspace(1, 0.5, 10))})
    ],
    "plateau": [Signals(facts=facts(), curves={"loss": [1.1] * 10})],
}


@pytest.mark.parametrize(("kind", "signals"), [(kind, each) for kind, own in CASES.items() for each in own])
def test_each_kind_is_found_in_its_signals(kind, signals):
    kinds = [each.kind for each in diagnose(signals)]
    assert kind in kinds[:2]


def test_every_rule_is_tested_here():
    found = {each.kind for own in CASES.values() for signals in own for each in diagnose(signals)}
    assert found == set(CASES)
    assert len(CASES) == len(RULES)


def test_sound_signals_have_no_finding():
    curves = {"loss": alike(1.1, 0.7), "val_loss": alike(1.1, 0.75), "learning_rate": [0.1] * 20, "penalty": [0.0] * 20}
    own = probes(
        0.3,
        0.95,
        weights={"w1": 1.0, "w2": 1.0, "w3": 1.0},
        gradients={"w1": 0.1, "w2": 0.1, "w3": 0.2},
        updates={"w1": 1e-3},
    )
    sound = Signals(
        setup=setup(validation="random"), facts=facts(alone=np.array([0.5, 0.6, 0.7])), probes=own, curves=curves
    )
    assert list(diagnose(sound)) == []
    assert repr(diagnose(sound)) == "the doctor found nothing wrong"
    assert list(diagnose(Signals())) == []


@pytest.mark.parametrize(("size", "found"), [(0.02, True), (0.04, False), (1.0, False), (9.5, False), (10.5, True)])
def test_the_limits_of_the_inputs(size, found):
    signals = Signals(setup=SETUP, facts=facts(deviation=np.full(2, size)))
    assert (rules_data.unscaled_inputs(signals) is not None) == found


@pytest.mark.parametrize(("batch_size", "found"), [(7, True), (8, False)])
def test_the_limit_of_batch_norm(batch_size, found):
    signals = Signals(setup=setup(Dense(8), BatchNorm(), Dense(3), Softmax(), batch_size=batch_size))
    assert (rules_network.tiny_batches(signals) is not None) == found


def test_a_network_that_fits_is_left_alone():
    dead = {"dead": {"1": 0.8}, "saturated": {"1": 0.8}}
    fitted = Signals(setup=SETUP, facts=facts(), probes=probes(0.3, 0.95, **dead))
    assert rules_training.dead_units(fitted) is rules_training.saturated_units(fitted) is None
    late = replace(fitted, curves={"val_loss": [0.9]})  # but the validation data is not predicted
    assert rules_training.dead_units(late).kind == "dead units"


def test_early_stopping_makes_overfitting_harmless():
    curves = {"loss": FALLING, "val_loss": [*alike(1.0, 0.8, 5), *np.linspace(0.5, 1.2, 15)]}
    assert rules_history.overfitting(Signals(setup=setup(keeps_best=True), curves=curves)) is None


def test_remedies_are_code_and_settings():
    assert remedies.standardized(SETUP) == (
        "layers=[Standardize(), Dense(64), ReLU(), Dense(3), Softmax()]",
        {"layers": (Standardize(), *LAYERS)},
    )
    assert (
        remedies.rate(setup(optimizer=SGD(Cosine(0.5, epochs=9), momentum=0.9)), 0.1)[0]
        == "optimizer=SGD(Cosine(0.05, epochs=9.0), momentum=0.9)"
    )
    assert remedies.rate(setup(optimizer=Adam(lambda epoch: 0.1)), 0.1)[0] == "optimizer=Adam()"
    assert remedies.longer(setup(epochs=10, optimizer=Adam(Cosine(0.1, epochs=10))), 4)[1] == {
        "epochs": 40,
        "optimizer": Adam(Cosine(0.1, epochs=40.0)),
    }
    assert remedies.without(setup(Dense(3), ReLU(), Softmax()), -2)[1] == {"layers": (Dense(3), Softmax())}
    changed = remedies.initialized(setup(Dense(4), Tanh(), Dense(4), ReLU(), Dense(3), Softmax()))[1]["layers"]
    assert [each.initializer for each in changed[::2]] == [GlorotUniform(), HeNormal(), HeNormal()]
    assert remedies.hidden(setup(Dense(3), Softmax()), 8)[1]["layers"] == (
        Dense(8),
        ReLU(),
        Dense(8),
        ReLU(),
        Dense(3),
        Softmax(),
    )
    assert (
        remedies.activated(setup(Dense(8), Sigmoid(), Dense(3), Softmax()), Sigmoid, ReLU())[1]["layers"][1] == ReLU()
    )


def test_a_finding_does_not_change():
    finding = Finding("dead units", "a", "b", "c", "d", 0.5)
    assert finding == Finding("dead units", "a", "b", "c", "d", 0.5, changes={"epochs": 3})
    with pytest.raises(AttributeError):
        finding.kind = "x"


def test_reports_in_terminals_and_notebooks():
    report = diagnose(CASES["activation before the output"][0])
    assert repr(report).splitlines()[0].startswith("1. activation before the output (confidence ")
    assert max(map(len, repr(report).splitlines())) <= 100
    html = report._repr_html_()
    assert "<code>layers=[Dense(3), Softmax()]</code>" in html
    assert report[0].page in html


def test_few_validation_rows_may_have_other_shares_by_chance():
    half, tenth = np.r_[np.full(5, 0.2), np.zeros(5)], np.full(10, 0.1)
    few, many = (
        Signals(setup=setup(validation="given"), facts=facts(rows=4 * n, val_rows=n, shares=tenth, val_shares=half))
        for n in (24, 2400)
    )
    kinds = [[each.kind for each in diagnose(signals)] for signals in (few, many)]
    assert kinds == [[], ["validation from another distribution"]]


@pytest.mark.parametrize(
    ("activation", "low", "high"),
    [(ReLU(), 0, np.inf), (Sigmoid(), 0, 1), (Tanh(), -1, 1), (SiLU(), -0.278, np.inf), (GELU(), -0.170, np.inf)],
    ids=repr,
)
def test_the_range_of_an_activation_at_the_end(activation, low, high):
    y = np.linspace(low, min(high, 3), 100)
    own = replace(NUMBERS, layers=(Dense(1), activation))
    assert not rules_network.limited_output(Signals(setup=own, facts=numbers(y)))
    assert rules_network.limited_output(Signals(setup=own, facts=numbers(y - 0.1)))
