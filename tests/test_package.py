"""The package as a whole: what importing it loads, its public names, and how its modules depend on each other."""

import ast
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from architecture import Layers, Package, cycles

import whorl

SOURCE = Path(whorl.__file__).parent
PACKAGE = Package(SOURCE, whorl.PUBLIC)

LAYERS = Layers(
    "whorl",
    [
        ["_core"],
        ["functions", "initializers", "parameters", "regularizers", "rows"],
        ["calibration", "layers", "losses", "metrics", "optimizers", "schedules"],
        ["stack"],
        ["header", "passes", "summary"],
        ["training"],
        ["engine", "network"],
        ["distributed"],
        ["model"],
        ["remote"],
        ["answers", "derived", "many"],
        ["datasets", "formats", "glassbox", "plot", "recipes", "tables", "tracking"],
        ["playground", "serving", "sklearn", "sweeps"],
        ["cli"],
        ["__main__"],
    ],
    independent=["calibration", "layers", "losses", "metrics", "optimizers", "schedules"],
)
"""From the lowest to the highest: each may import those below it."""


def check(offenders):
    """Fail with the whole list, if there is any."""
    if offenders:
        pytest.fail(f"{len(offenders)} found:\n" + "\n".join(offenders), pytrace=False)


def test_no_module_imports_itself_by_way_of_others():
    check(cycles(PACKAGE.imports()))


def test_imports_run_downwards():
    check(LAYERS.unplaced(PACKAGE.trees) + LAYERS.violations(PACKAGE.imports()))


def test_parts_of_the_package_do_not_depend_on_each_other_in_a_circle():
    check(LAYERS.circles(PACKAGE.imports()))


def test_private_names_are_used_by_their_owners_only():
    check(PACKAGE.private_names())


def test_imports_are_written_as_imports():
    check(PACKAGE.dynamic_imports())


def fresh(code):
    """Run code in a new process; return what it prints."""
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_import_loads_numpy_and_the_standard_library_only():
    code = """
        import sys; before = set(sys.modules)
        import whorl, json
        print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
    """
    assert set(json.loads(fresh(code))) - set(sys.stdlib_module_names) == {"numpy", "whorl"}


def test_import_does_not_load_what_is_slow_and_not_always_needed():
    loaded = set(fresh("import sys, whorl; print(*sys.modules)").split())
    assert {name for name in loaded if name.startswith("whorl")} == {"whorl"}
    assert not loaded & {"numpy.random", "zipfile", "pathlib", "argparse", "matplotlib", "numba"}
    assert not loaded & {"gzip", "hashlib", "http", "urllib"}


def test_every_public_name_can_be_imported_with_numpy_alone():
    code = """
        import sys

        class Only:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] not in {*sys.stdlib_module_names, "numpy", "whorl"}:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Only())
        import whorl
        assert all(hasattr(whorl, name) for name in whorl.__all__)
        from whorl import *
        print(*(name for name in whorl.__all__ if name in globals()))
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """
    names, loaded = fresh(code).splitlines()
    assert names.split() == whorl.__all__
    assert "matplotlib" not in loaded.split()


PACKAGES = [
    "calibration",
    "datasets",
    "formats",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "plot",
    "recipes",
    "schedules",
    "serving",
    "sweeps",
    "tables",
    "tracking",
]
FUNCTIONS = ["average", "calibrate", "check_gradients", "find_learning_rate", "fit_many", "load", "trace"]
CLASSES = """
    Model Parameter
    Average BatchNorm Clip Dense Dropout ELU Embedding Flatten GELU Layer LayerNorm LeakyReLU Mish NTKDense Parametric
    PeriodicEmbedding RankScale ReLU Rescale Residual RobustScale SELU Scale SiLU Sigmoid Softmax Softplus Standardize Tanh
    BinaryCrossEntropy CrossEntropy Hinge Huber MeanAbsoluteError MeanSquaredError Poisson Quantile
    Adagrad Adam AdamW Averaged Clipped LBFGS Lion NAdam RMSprop SGD
    Constant Cosine Exponential InverseTime LogCosine OneCycle Polynomial ReduceOnPlateau WarmUp
    Callback Checkpoint DivergenceError Doctor EarlyStopping Epoch Finding History ModelFileError Options Progress Recorder StopAt
    StopTraining Stored Sweep TimeLimit Trace Training TrainingState
"""


def test_public_names():
    assert whorl.__all__ == sorted([*PACKAGES, *FUNCTIONS, *CLASSES.split()])
    assert set(whorl.__all__) < set(dir(whorl))


def test_public_names_are_those_of_the_modules_that_define_them():
    for name in PACKAGES:
        assert getattr(whorl, name) is sys.modules[f"whorl.{name}"]
    for name in [*FUNCTIONS, *CLASSES.split()]:
        found, module = getattr(whorl, name), sys.modules[whorl.PUBLIC[name]]
        assert found is getattr(module, name)
        assert name in getattr(module, "__all__", [name])


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Linear", "; did you mean 'Dense'?"), ("dense", "; did you mean 'Dense'?"), ("_x", ""), ("__wrapped__", "")],
)
def test_a_name_that_does_not_exist(name, hint):
    with pytest.raises(AttributeError) as caught:
        getattr(whorl, name)
    assert str(caught.value) == f"module 'whorl' has no attribute {name!r}{hint}"
    assert not hasattr(whorl, name)


def test_nothing_that_reads_files_uses_pickle_eval_or_import():
    for file in (path for part in ("_core", "formats", "datasets", "tables") for path in (SOURCE / part).rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not called & {"eval", "exec", "__import__", "compile"}, file
        assert not modules & {"pickle", "importlib", "marshal", "shelve"}, file


def test_files_are_short_enough_to_read():
    long = {
        path.name: n for path in SOURCE.rglob("*.py") if (n := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert long == {}
