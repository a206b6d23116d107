"""docs/theory.md: every formula names the code that computes it, and is worked out and compared with it."""

import ast
import doctest
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "theory.md"
COMPUTED = re.compile(r"> computed in: `[^`]+`, `[^`]+`(; `[^`]+`, `[^`]+`)*")
PAIR = re.compile(r"`([^`]+)`, `([^`]+)`")
NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?")
TOPICS = [
    "forward pass",
    "cross-entropy from maximum likelihood",
    "log-sum-exp",
    "softmax jacobian",
    "p − y",
    "weights of samples and classes",
    "backpropagation through a dense layer",
    "relu",
    "inverted dropout",
    "l2: a penalty, a decay, a prior",
    "momentum",
    "adam",
    "learning-rate decay",
    "first values",
    "best possible accuracy on the spiral",
    "finite differences",
    "references",
]


class Block(NamedTuple):
    kind: str  # heading, math, python, computed or text
    text: str
    line: int


def blocks(page):
    """Cut the page into its fenced blocks, and the lines that are not empty between them."""
    found, fence, inside = [], None, []
    for number, line in enumerate(page.splitlines(), start=1):
        if fence is None and line.startswith("```"):
            fence, inside = line.removeprefix("```"), []
        elif line == "```":
            found.append(Block(fence, "\n".join(inside) + "\n", number - len(inside) - 1))
            fence = None
        elif fence is not None:
            inside.append(line)
        elif line.strip():
            kind = "heading" if line.startswith("#") else "computed" if line.startswith("> computed in:") else "text"
            found.append(Block(kind, line, number))
    assert fence is None, f"a block of {fence} is not closed"
    return found


def defined(path):
    """Name the functions, classes and methods of a file, methods as Class.method."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


def compares(example):
    """Whether this example of a doctest compares two things and expects True, or expects a number."""
    want = example.want.strip()
    nodes = list(ast.walk(ast.parse(example.source)))
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    if set(re.findall(r"\w+", want)) == {"True"}:
        return "same" in calls or any(isinstance(node, ast.Compare) for node in nodes)
    return NUMBER.fullmatch(want) is not None


BLOCKS = blocks(PAGE.read_text(encoding="utf-8"))
FORMULAS = [
    pytest.param(block, *BLOCKS[i + 1 : i + 3], id=f"line {block.line}")
    for i, block in enumerate(BLOCKS)
    if block.kind == "math"
]


def test_the_page_has_formulas():
    assert len(FORMULAS) >= 20


@pytest.mark.parametrize(("formula", "computed", "python"), FORMULAS)
def test_a_formula_is_followed_by_its_place_in_the_code_and_by_its_check(formula, computed, python):
    assert computed.kind == "computed"
    assert COMPUTED.fullmatch(computed.text)
    assert python.kind == "python"


@pytest.mark.parametrize(("formula", "computed", "python"), FORMULAS)
def test_what_computes_a_formula_exists(formula, computed, python):
    for file, name in PAIR.findall(computed.text):
        assert (ROOT / file).is_file(), file
        assert name in defined(ROOT / file), f"{name} is not in {file}"


@pytest.mark.parametrize(("formula", "computed", "python"), FORMULAS)
def test_a_check_compares_formula_and_code(formula, computed, python):
    examples = doctest.DocTestParser().get_examples(python.text)
    assert any(compares(example) for example in examples)


def test_a_place_in_the_code_always_belongs_to_a_formula():
    assert all(before.kind == "math" for before, block in pairwise(BLOCKS) if block.kind == "computed")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_its_heading(topic):
    assert any(topic in block.text.lower() for block in BLOCKS if block.kind == "heading")


def test_everything_on_the_page_is_true(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    failed, attempted = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert failed == 0
    assert attempted > 40
