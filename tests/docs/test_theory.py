"""docs/theory: every formula links to the code that computes it, and is evaluated and compared with that code."""

import ast
import doctest
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from whorl import initializers, layers, losses, optimizers, schedules

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "theory"
INDEX = FOLDER / "README.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX})
LINK = re.compile(r"\[`([^`]+)`\]\(([^)]+)\)")
CODE = re.compile(rf"> Code: {LINK.pattern}(, {LINK.pattern})*")
PAGE_LINK = re.compile(r"\]\(([\w-]*\.md)?(#[\w-]+)?\)")
NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?")
TOPICS = [
    "forward pass",
    "cross-entropy from maximum likelihood",
    "log-sum-exp",
    "softmax jacobian",
    "p − y",
    "label smoothing",
    "weights of samples and classes",
    "backpropagation through a dense layer",
    "relu",
    "inverted dropout",
    "batch normalization",
    "layer normalization",
    "numerical accuracy",
    "l2: a penalty, a decay, a prior",
    "max-norm",
    "momentum",
    "adam",
    "clipping",
    "averaging",
    "l-bfgs",
    "inverse time",
    "he: layers with relu",
    "best possible accuracy",
    "central differences",
    "references",
]


class Block(NamedTuple):
    kind: str  # heading, math, python, code or text
    text: str
    line: int


def blocks(page):
    """Split the page into its fenced blocks, and the lines between them that are not empty."""
    found, fence, inside = [], None, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if fence is None and line.startswith("```"):
            fence, inside = line.removeprefix("```"), []
        elif line == "```":
            found.append(Block(fence, "\n".join(inside) + "\n", number - len(inside) - 1))
            fence = None
        elif fence is not None:
            inside.append(line)
        elif line.strip():
            kind = "heading" if line.startswith("#") else "code" if line.startswith("> Code:") else "text"
            found.append(Block(kind, line, number))
    assert fence is None, f"a block of {fence} is not closed"
    return found


def defined(path):
    """Return the names of the functions, classes and methods of a file, methods as Class.method."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


def compares(example):
    """Whether this example of a doctest compares two values and expects True, or expects a number."""
    want = example.want.strip()
    nodes = list(ast.walk(ast.parse(example.source)))
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    if set(re.findall(r"\w+", want)) == {"True"}:
        return "same" in calls or any(isinstance(node, ast.Compare) for node in nodes)
    return NUMBER.fullmatch(want) is not None


def anchor(heading):
    """Return the anchor that GitHub gives to a heading."""
    return "#" + re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def kernels():
    """Return the names of all public classes that the pages promise to derive."""
    modules = {
        layers: layers.Layer,
        losses: losses.Loss,
        optimizers: optimizers.Optimizer,
        schedules: schedules.Schedule,
        initializers: initializers.Initializer,
    }
    public = [
        name
        for module, base in modules.items()
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
        if not name.startswith("_") and value is not base
    ]
    return sorted(public)


BLOCKS = {page.name: blocks(page) for page in PAGES}
FORMULAS = [
    pytest.param(FOLDER / page, block, *found[i + 1 : i + 3], id=f"{page}:{block.line}")
    for page, found in BLOCKS.items()
    for i, block in enumerate(found)
    if block.kind == "math"
]


def test_the_pages_have_formulas():
    assert len(FORMULAS) >= 50


@pytest.mark.parametrize(("page", "formula", "code", "python"), FORMULAS)
def test_a_formula_is_followed_by_links_to_the_code_and_by_a_check(page, formula, code, python):
    assert code.kind == "code"
    assert CODE.fullmatch(code.text)
    assert python.kind == "python"


@pytest.mark.parametrize(("page", "formula", "code", "python"), FORMULAS)
def test_the_code_of_a_formula_exists(page, formula, code, python):
    for name, path in LINK.findall(code.text):
        file = page.parent / path
        assert file.is_file(), path
        assert name in defined(file), f"{name} is not in {path}"


@pytest.mark.parametrize(("page", "formula", "code", "python"), FORMULAS)
def test_a_check_compares_formula_and_code(page, formula, code, python):
    examples = doctest.DocTestParser().get_examples(python.text)
    assert any(compares(example) for example in examples)


@pytest.mark.parametrize("page", BLOCKS)
def test_links_to_code_always_belong_to_a_formula(page):
    assert all(before.kind == "math" for before, block in pairwise(BLOCKS[page]) if block.kind == "code")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_its_heading(topic):
    headings = [block.text.lower() for found in BLOCKS.values() for block in found if block.kind == "heading"]
    assert any(topic in heading for heading in headings)


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.name)
def test_links_between_the_pages_lead_to_a_page_and_a_heading(page):
    for name, heading in PAGE_LINK.findall(page.read_text(encoding="utf-8")):
        target = FOLDER / name if name else page
        assert target.is_file(), name
        assert not heading or heading in {anchor(block.text) for block in blocks(target) if block.kind == "heading"}


def test_the_index_lists_every_page_once():
    assert sorted(re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", INDEX.read_text(encoding="utf-8"), re.MULTILINE)) == sorted(
        BLOCKS
    )


@pytest.mark.parametrize("name", kernels())
def test_every_public_class_is_listed_in_the_index_and_used_in_a_check_of_that_page(name):
    rows = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \| (.*) \|$", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    (page,) = [page for page, derived in rows if f"`{name}`" in derived]
    checks = [after.text for before, after in pairwise(BLOCKS[page]) if before.kind == "code"]
    assert any(re.search(rf"\b{name}\(", check) for check in checks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_of_a_page_gives_what_it_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    failed, attempted = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert failed == 0
    assert attempted > 10
