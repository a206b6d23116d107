"""The package as a whole: what it loads, what it names, how the rooms stand to one another."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import whorl

SOURCE = Path(whorl.__file__).parent


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_loads_numpy_and_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import whorl, json;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    assert set(json.loads(fresh(code))) - set(sys.stdlib_module_names) == {"numpy", "whorl"}


def test_import_puts_off_what_is_slow_and_not_always_needed():
    loaded = set(fresh("import sys, whorl; print(*sys.modules)").split())
    assert not loaded & {
        "numpy.random",
        "zipfile",
        "whorl.datasets",
        "whorl.formats",
        "pathlib",
        "argparse",
        "matplotlib",
        "whorl.plot",
        "whorl.cli",
    }
    assert not loaded & {"gzip", "hashlib", "http", "urllib"}


def test_public_names():
    assert sorted(whorl.__all__, key=str.lower) == sorted(
        [
            *["Model", "Layer", "Dense", "Dropout", "ReLU", "Softmax", "CrossEntropy", "SGD", "Adam", "Constant"],
            *["Cosine", "Exponential", "OneCycle", "Polynomial", "ReduceOnPlateau", "WarmUp"],
            *["InverseTime", "Callback", "Progress", "StopTraining", "Epoch", "History", "load", "check_gradients"],
            *["DivergenceError", "ModelFileError", "datasets", "initializers", "layers", "losses", "metrics"],
            *[
                "optimizers",
                "plot",
                "schedules",
                "ELU",
                "GELU",
                "SELU",
                "BatchNorm",
                "Embedding",
                "Flatten",
                "LayerNorm",
            ],
            *[
                "Checkpoint",
                "EarlyStopping",
                "StopAt",
                "LBFGS",
                "RMSprop",
                "Adagrad",
                "AdamW",
                "Averaged",
                "Clipped",
                "Lion",
                "NAdam",
            ],
            *["BinaryCrossEntropy", "Hinge", "Huber", "MeanAbsoluteError", "MeanSquaredError", "Poisson", "Quantile"],
            *["Rescale", "LeakyReLU", "Mish", "Residual", "SiLU", "Sigmoid", "Softplus", "Standardize", "Tanh"],
        ],
        key=str.lower,
    )
    for name in whorl.__all__:
        assert getattr(whorl, name) is not None
    with pytest.raises(AttributeError, match="module 'whorl' has no attribute 'nothing'"):
        _ = whorl.nothing


# Who may import whom: each room may use those named, which all stand before it.
GROUND = {
    "types",
    "checks",
    "randomness",
    "configuration",
    "functions",
    "text",
    "watching",
    "fast",
    "memory",
}
HOUSE = {
    "types": set(),
    "checks": {"types"},
    "randomness": {"types", "checks"},
    "configuration": set(),
    "functions": {"types"},
    "watching": {"types", "checks"},
    "text": set(),
    "fast": {"types", "checks"},
    "memory": {"types"},
    "initializers": GROUND,
    "parameters": GROUND | {"initializers"},
    "regularizers": GROUND,
    "schedules": GROUND,
    "layers": GROUND | {"initializers", "parameters"},
    "losses": GROUND,
    "optimizers": GROUND | {"schedules"},
    "metrics": GROUND | {"losses"},
    "datasets": GROUND,
    "training": GROUND | {"losses", "metrics", "optimizers"},
    "summary": GROUND | {"layers"},
    "network": GROUND | {"layers", "losses", "metrics", "optimizers", "parameters", "regularizers"},
    "model": GROUND | {"losses", "metrics", "network", "optimizers", "summary", "training"},
    "glassbox": GROUND | {"losses", "model", "training"},
    "formats": GROUND | {"datasets", "initializers", "layers", "model"},
    "plot": GROUND | {"losses", "model"},
    "cli": {"types", "checks", "initializers", "layers", "losses", "optimizers", "schedules", "datasets", "training"}
    | {"model", "formats", "plot"},
}


def imports(path):
    """The rooms that a file imports while it is loaded: not those for the type checker, nor those put off."""
    put_off = {
        inner
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
        for inner in map(ast.dump, ast.walk(node))
    }
    for node in ast.walk(ast.parse(path.read_text())):
        if ast.dump(node) in put_off:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("whorl."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("whorl"):
            yield from node.module.split(".")[1:2] or [alias.name for alias in node.names]


def test_imports_run_downwards():
    rooms = {path.stem if path.is_file() else path.name for path in SOURCE.iterdir()}
    assert rooms - {"__init__", "__main__", "__pycache__", "py"} == set(HOUSE)
    for room, allowed in HOUSE.items():
        files = [SOURCE / f"{room}.py"] if (SOURCE / f"{room}.py").exists() else (SOURCE / room).rglob("*.py")
        for file in files:
            assert set(imports(file)) <= allowed | {room}, file


def test_no_room_before_another_in_a_circle():
    placed = set()
    while placed != set(HOUSE):
        next_ones = {room for room, allowed in HOUSE.items() if room not in placed and allowed <= placed}
        assert next_ones
        placed |= next_ones


def test_nothing_that_loads_a_file_uses_pickle_eval_or_import():
    for file in (*(SOURCE / "formats").glob("*.py"), *(SOURCE / "datasets").rglob("*.py")):
        tree = ast.parse(file.read_text())
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not called & {"eval", "exec", "__import__", "compile"}
        assert not modules & {"pickle", "importlib", "marshal", "shelve"}
