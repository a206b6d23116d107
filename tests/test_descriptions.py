"""Layers, losses, optimizers, schedules and initializers are immutable descriptions, equal if their arguments are."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from catalogue import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES

from whorl import initializers, layers, losses, optimizers, schedules
from whorl._core.description import Description, argument
from whorl._core.notation import concrete, parse
from whorl._core.validation import number

KINDS = {
    "layers": (layers, layers.Layer, LAYERS),
    "losses": (losses, losses.Loss, LOSSES),
    "optimizers": (optimizers, optimizers.Optimizer, OPTIMIZERS),
    "schedules": (schedules, schedules.Schedule, SCHEDULES),
    "initializers": (initializers, initializers.Initializer, INITIALIZERS),
}
EXAMPLES = [example for *_, examples in KINDS.values() for example in examples]
KNOWN = {name: kind for module, base, _ in KINDS.values() for name, kind in concrete(module, base).items()}
COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda example: pickle.loads(pickle.dumps(example)),
    "replace": replace,
    "repr": lambda example: parse(repr(example), KNOWN),
}

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=repr)


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_has_an_example(kind):
    module, base, examples = KINDS[kind]
    assert {type(example) for example in examples} == set(concrete(module, base).values())


@every_example
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_are_equal_and_have_the_same_hash(example, copied):
    same = copied(example)
    assert type(same) is type(example)
    assert same == example
    assert hash(same) == hash(example)
    assert repr(same) == repr(example)


def test_different_arguments_or_classes_are_unequal():
    assert len(set(EXAMPLES)) == len(EXAMPLES)
    for i, example in enumerate(EXAMPLES):
        assert [other == example for other in EXAMPLES] == [i == j for j in range(len(EXAMPLES))]


@every_example
def test_nothing_can_be_assigned_or_deleted(example):
    before = repr(example)
    for name in [*(each.name for each in fields(example)), "something_new"]:
        with pytest.raises(FrozenInstanceError):
            setattr(example, name, 1.0)
        with pytest.raises(FrozenInstanceError):
            delattr(example, name)
    assert repr(example) == before


@every_example
def test_it_holds_its_arguments_and_no_arrays(example):
    assert set(vars(example)) == {each.name for each in fields(example)}
    assert not any(isinstance(value, np.ndarray | list | dict | set) for value in vars(example).values())


def test_numbers_of_numpy_are_kept_as_those_of_python():
    assert repr(layers.Dense(np.int64(4), weight_l2=np.float64(0.5))) == "Dense(4, weight_l2=0.5)"
    assert repr(optimizers.SGD(np.float32(0.5))) == "SGD(0.5)"
    assert optimizers.SGD(1) == optimizers.SGD(1.0)
    assert repr(optimizers.SGD(1)) == "SGD(1.0)"


def test_lists_are_kept_as_tuples():
    given = [3.0, 4.0]
    schedule = schedules.Step(1.0, milestones=given)
    given.append(5.0)
    assert schedule.milestones == (3.0, 4.0)
    assert layers.Embedding([3, 2], 4, columns=[2, 0]) == layers.Embedding((3, 2), 4, columns=(2, 0))
    assert losses.Quantile([0.1, 0.9]).q == (0.1, 0.9)
    assert schedules.Chain([[5, 0.1]]).parts == ((5.0, schedules.Constant(0.1)),)
    assert layers.Residual([layers.ReLU()]).layers == (layers.ReLU(),)


BASES = [layers.Layer, layers.Dense, losses.Loss, optimizers.Optimizer, schedules.Schedule, initializers.Initializer]


@pytest.mark.parametrize("base", BASES)
def test_a_subclass_with_its_own_init_is_refused(base):
    with pytest.raises(
        TypeError,
        match=r"^Mine must declare its arguments as fields, such as `factor: float = 1\.0`, and have no __init__:",
    ):
        type("Mine", (base,), {"__init__": lambda self, factor: None})


class Amplify(layers.Layer):
    """A layer as a user writes it: one argument that is checked, and two that are not."""

    factor: float = argument(number, above=0)
    offset: float = 0.0
    name: str | None = None

    def forward(self, x, p, rng=None):
        return self.factor * x + self.offset, lambda dy, g: self.factor * dy


def test_a_class_of_a_users_own_is_a_description_too():
    layer = Amplify(2, name="twice")
    assert (layer.factor, layer.offset, layer.name) == (2.0, 0.0, "twice")
    assert repr(layer) == "Amplify(2.0, name='twice')"
    assert layer == Amplify(2.0, name="twice") != Amplify(2.0)
    for copied in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), replace):
        assert copied(layer) == layer
    assert parse(repr(layer), {"Amplify": Amplify}) == layer
    with pytest.raises(FrozenInstanceError):
        layer.offset = 1.0
    with pytest.raises(ValueError, match=r"^factor must be a finite number above 0, got 0$"):
        Amplify(0)
    with pytest.raises(
        TypeError, match=r"^Amplify needs factor; its usage is Amplify\(factor, offset=0\.0, name=None\)$"
    ):
        Amplify()


def test_arguments_are_named_in_the_repr_after_one_that_is_left_out():
    class Three(Description):
        a: int = 1
        b: int = 2
        c: int = 3

    assert [repr(Three()), repr(Three(5)), repr(Three(5, 6)), repr(Three(1, 2, 5)), repr(Three(5, 2, 6))] == [
        "Three()",
        "Three(5)",
        "Three(5, 6)",
        "Three(c=5)",
        "Three(5, c=6)",
    ]
    assert repr(Three(1.0)) == "Three(1.0)"  # equal to the default, and of another type
