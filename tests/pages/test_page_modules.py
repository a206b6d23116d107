"""The modules of the page: their own tests, in node, and whether the page knows whorl's names, parameters and defaults."""

import inspect
import json
import shutil
import subprocess
from pathlib import Path

import pytest

import whorl.playground
from whorl import initializers, layers, losses, optimizers, schedules
from whorl.glassbox.tracing.page import theory_url

STATIC = Path(whorl.playground.__file__).parent / "static"


def node(*arguments):
    return subprocess.run(
        [shutil.which("node"), *arguments], check=False, capture_output=True, text=True, encoding="utf-8", timeout=60
    )


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parent.joinpath("modules").glob("*.test.mjs")), ids=lambda path: path.stem
)
def test_module(path):
    done = node("--test", str(path))
    assert done.returncode == 0, done.stdout
    assert "# skipped 0" in done.stdout
    assert "# tests 0" not in done.stdout


@pytest.fixture(scope="module")
def catalogue():
    """The names and parameters that the page has controls for."""
    address = json.dumps(STATIC.joinpath("catalogue.js").as_uri())
    done = node("--input-type=module", "--eval", f"import * as all from {address}; console.log(JSON.stringify(all))")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("group", "module"),
    [
        ("ACTIVATIONS", layers),
        ("INITIALIZERS", initializers),
        ("LOSSES", losses),
        ("OPTIMIZERS", optimizers),
        ("SCHEDULES", schedules),
    ],
)
def test_catalogue_has_the_parameters_and_defaults_of_whorl(catalogue, group, module):
    for name, parameters in catalogue[group].items():
        compare(getattr(module, name), parameters)


@pytest.mark.parametrize(("constant", "layer"), [("DENSE", layers.Dense), ("DROPOUT", layers.Dropout)])
def test_layers_with_controls_have_the_parameters_of_whorl(catalogue, constant, layer):
    compare(layer, catalogue[constant])


def compare(kind, parameters):
    signature = inspect.signature(kind).parameters
    in_order = [each for each in signature if signature[each].kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [each["name"] for each in parameters if not each["keyword"]] == in_order[: len(parameters)]
    for each in parameters:
        assert each["keyword"] == (each["name"] not in in_order), each
        default = signature[each["name"]].default
        if each["required"]:
            assert default in (inspect.Parameter.empty, None), each
        else:
            assert default == each["initial"], each
    values = {each["name"]: each["initial"] for each in parameters}
    assert kind(**values) == kind(**{name: values[name] for name in values if is_required(parameters, name)})


def is_required(parameters, name):
    return next(each["required"] for each in parameters if each["name"] == name)


def test_activations_are_all_of_whorl(catalogue):
    ours = {"Clip", "Flatten", "RankScale", "Standardize", "BatchNorm", "LayerNorm", "RobustScale", "Scale"}
    simple = set()
    for name in layers.__all__:
        try:
            simple.add(type(getattr(layers, name)()).__name__)
        except TypeError:
            continue
    elementwise = simple - ours - {"PeriodicEmbedding", "Layer"}
    assert set(catalogue["ACTIVATIONS"]) == elementwise


def test_initializers_are_all_of_whorl(catalogue):
    assert set(initializers.__all__) - {"Initializer", "Scaled"} >= set(catalogue["INITIALIZERS"])
    assert len(catalogue["INITIALIZERS"]) == len(set(initializers.__all__) - {"Initializer", "Scaled"})


def test_the_theory_is_where_the_pages_of_traces_look_for_it():
    assert f'const THEORY = "{theory_url()}";' in STATIC.joinpath("theory.js").read_text(encoding="utf-8")
