"""Calls that are read and never run."""

import ast
import contextlib
import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl import LBFGS, AdamW, BatchNorm, Dense, Dropout, LeakyReLU, ReLU, Residual, RMSprop, SiLU, schedules
from whorl.cli import config, expressions, notation, settings
from whorl.cli.expressions import LONGEST, SCHEDULES, by_name, parse, read
from whorl.schedules import Schedule


def test_every_public_schedule_can_be_written():
    kinds = {kind for kind in vars(schedules).values() if inspect.isclass(kind) and issubclass(kind, Schedule)}
    assert set(SCHEDULES.values()) == kinds - {Schedule}
    assert {"inverse_time", "one_cycle", "reduce_on_plateau", "warm_up"} < set(SCHEDULES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("constant(0.1)", "Constant(0.1)"),
        (" inverse_time( 0.05,decay = 2.5e-4 ) ", "InverseTime(0.05, decay=0.00025)"),
        ("exponential(1, decay=0.9)", "Exponential(1.0, decay=0.9)"),
        ("step(0.1, milestones=[30, 60])", "Step(0.1, milestones=[30.0, 60.0])"),
        ("step(0.1, milestones=None, every=3)", "Step(0.1, every=3.0)"),
        ("polynomial(learning_rate=+0.1, epochs=9)", "Polynomial(0.1, epochs=9.0)"),
        ("cosine(0.1, epochs=5, cycles=3, growth=2)", "Cosine(0.1, epochs=5.0, cycles=3, growth=2.0)"),
        ("one_cycle(0.1, epochs=5)", "OneCycle(0.1, epochs=5.0)"),
        ("warm_up(cosine(0.1, epochs=45), epochs=5)", "WarmUp(Cosine(0.1, epochs=45.0), epochs=5.0)"),
        ("chain([(5, 0.1), [9, constant(1)]])", "Chain([(5.0, Constant(0.1)), (9.0, Constant(1.0))])"),
        (
            "reduce_on_plateau(0.1, watch='val_accuracy', higher_is_better=True)",
            "ReduceOnPlateau(0.1, watch='val_accuracy', higher_is_better=True)",
        ),
    ],
)
def test_what_is_written_is_made(text, expected):
    assert repr(parse(text, SCHEDULES)) == expected


def test_a_name_alone_is_a_call_without_arguments():
    known = by_name(ReLU, Residual)
    assert repr(parse("relu", known)) == repr(parse(" relu() ", known)) == "ReLU()"
    assert repr(parse("residual([relu])", known)) == "Residual((ReLU(),))"


def test_what_is_read_is_not_made_yet():
    call = read("warm_up(cosine(-1, epochs=45), 5)", SCHEDULES | {"warm_up": Pair})
    assert (call.name, call.kind, call.arguments["second"]) == ("warm_up", Pair, 5)
    assert call.arguments["first"].arguments == {"learning_rate": -1, "epochs": 45}
    with pytest.raises(ValueError, match="cosine: learning_rate must be a finite number at least 0, got -1"):
        call.make()


class Pair:
    def __init__(self, first, second):
        raise AssertionError("its first argument is made before it")


def test_names_are_those_one_would_guess():
    kinds = [Dense, AdamW, BatchNorm, LeakyReLU, SiLU, LBFGS, RMSprop, schedules.OneCycle]
    assert [*by_name(*kinds)] == [
        *["dense", "adamw", "batch_norm", "leaky_relu", "silu", "lbfgs", "rmsprop", "one_cycle"]
    ]


def test_other_kinds_of_objects_can_be_made_known():
    known = by_name(Dense, Dropout)
    assert repr(parse("dense(64, weight_l2=1e-4)", known)) == "Dense(64, weight_l2=0.0001)"
    with pytest.raises(ValueError, match="'cosine' is not known; There are dense, dropout"):
        parse("cosine(0.1, epochs=3)", known)


WRONG = [
    ("", "cannot be read: invalid syntax, in ''; write a call, such as constant(learning_rate), of constant, inverse"),
    ("cosine(0.1, epochs=5", "cannot be read: '(' was never closed, in 'cosine(0.1, epochs=5'"),
    ("cosine(0.1) cosine(0.1)", "cannot be read: invalid syntax"),
    ("a\0b", "cannot be read: source code string cannot contain null bytes"),
    ("x" * 1001, "must have at most 1000 characters, got 1001"),
    ("cosine", "cosine: missing a required argument: 'learning_rate'; it is written cosine(learning_rate, *, epochs"),
    ("sine", "'sine' is not known; did you mean cosine?"),
    ("0.1", "must be a call, got '0.1'"),
    ("lambda: 1", "must be a call, got 'lambda: 1'"),
    ("[constant(1)]", "must be a call"),
    ("cosin(0.1)", "'cosin' is not known; did you mean cosine? There are constant, inverse_time"),
    ("eval('1')", "'eval' is not known; There are constant"),
    ("__import__('os').system('true')", "\"__import__('os').system\" is not known"),
    ("cosine.mro()", "'cosine.mro' is not known"),
    ("constant(1)(2)", "'constant(1)' is not known"),
    ("(lambda: 1)()", "'lambda: 1' is not known"),
    ("constant(eval('1'))", "'eval' is not known"),
    ("constant(x)", "an argument must be a number, a text in quotes, a list of such, or a call of constant"),
    ("constant(1 + 1)", "got 1 + 1"),
    ("constant(not 1)", "got not 1"),
    ("constant(-'1')", "got -'1'"),
    ("constant(1j)", "got 1j"),
    ("constant(b'1')", "got b'1'"),
    ("constant(...)", "got ..."),
    ("constant({1: 2})", "got {1: 2}"),
    ("constant([i for i in x])", "got [i for i in x]"),
    ("constant(f'{x}')", "got f'{x}'"),
    ("constant((y := 1))", "got (y := 1)"),
    ("constant(*[1])", "got *[1]"),
    ("constant(**{'learning_rate': 1})", "constant: its arguments must be written out, got **{'learning_rate': 1}"),
    ("warm_up(constant, epochs=1)", "constant: missing a required argument: 'learning_rate'; it is written constant("),
    ("warm_up(sine, epochs=1)", "an argument must be a number"),
    ("constant()", "constant: missing a required argument: 'learning_rate'; it is written constant(learning_rate)"),
    ("constant(1, 2)", "constant: too many positional arguments"),
    ("constant(1, learning_rate=2)", "constant: multiple values for argument 'learning_rate'"),
    ("cosine(1, epochs=1, epochs=2)", "cosine: epochs is given twice"),
    ("cosine(1, epoch=1)", "cosine has no argument 'epoch'; it is written cosine(learning_rate, *, epochs, end=0.0"),
    ("cosine(1, epochs=0)", "cosine: epochs must be a finite number above 0, got 0"),
    ("constant(1e999)", "constant: learning_rate must be a finite number at least 0, got inf"),
    ("constant(True)", "constant: learning_rate must be a finite number at least 0, got True"),
    ("warm_up(cosine(1, epochs='5'), epochs=1)", "cosine: epochs must be a finite number above 0, got '5'"),
    ("chain([1])", "chain: parts[0] must be (epochs, schedule), got 1"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[row[0][:30] for row in WRONG])
def test_anything_else_is_refused_in_words(text, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        parse(text, SCHEDULES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["(" * LONGEST, "-" * 980 + "1", "constant(" + "-" * 980 + "1)", "a" + ".a" * 490 + "()"]
)
def test_deep_nesting_is_refused_too(text):
    with pytest.raises(ValueError, match=r"nested|cannot be read|must be a call|is not known"):
        parse(text, SCHEDULES)


@given(st.text(alphabet="constaie_=()[]{}*,.-+1e0'\"\\ :#\n\t", max_size=40) | st.text(max_size=20))
def test_whatever_is_typed_there_is_an_object_or_an_error_in_words(text):
    for written in (text, f"constant({text})"):
        with contextlib.suppress(ValueError):
            assert isinstance(parse(written, SCHEDULES), Schedule)


@pytest.mark.parametrize("module", [expressions, notation, settings, config])
def test_nothing_is_run(module):
    tree = ast.parse(inspect.getsource(module))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__", "globals"}
    assert "getattr" not in called or module is settings  # which reads the fields of its own recipes
