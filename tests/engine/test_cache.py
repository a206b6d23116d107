"""The compiled kernels on disk: written once, read by later processes, and not used when they are damaged or old."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import whorl
from whorl.engine import compiling
from whorl.engine.store import Store

LIMIT = 120
"""Seconds after which a process that hangs fails."""

TRAIN = """
import hashlib, warnings
import numpy as np
from whorl import SGD, Dense, MeanSquaredError, Model

def train(fast):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 2)), rng.standard_normal((50, 1))
    model = Model([Dense(1)], inputs=2, rng=0, dtype=np.float64)
    options = {"threads": 1, "fast": True} if fast else {"fast": False}
    model.fit(X, y, loss=MeanSquaredError(), optimizer=SGD(0.1), epochs=3, rng=0, **options)
    return model.parameters

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    found = train(True)
print(hashlib.sha256(found.tobytes()).hexdigest())
print(np.abs(found - train(False)).max() < 1e-10)
for each in caught:
    print(each.category.__name__, each.message)
"""


def start(directory, **environment):
    """Start a process that trains a small model, with its cache in a directory."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", TRAIN],
        env=os.environ | {"NUMBA_CACHE_DIR": str(directory)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(*processes):
    """Return for each process the bits that it has learned, whether they are right, its warnings and messages."""
    outputs = [each.communicate(timeout=LIMIT) for each in processes]
    assert [each.returncode for each in processes] == [0] * len(processes), outputs
    lines = [output.splitlines() for output, _ in outputs]
    return [(bits, right, caught, errors) for (bits, right, *caught), (_, errors) in zip(lines, outputs, strict=True)]


def files(directory):
    """Return the files below a directory, with their contents and times."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    """A cache that two processes have written at the same time, and their results."""
    directory = tmp_path_factory.mktemp("cache")
    return directory, results(start(directory), start(directory))


def test_processes_that_compile_at_once_agree(at_once):
    directory, (one, two) = at_once
    assert one[:3] == two[:3] == (one[0], "True", [])
    assert any("compiling kernels" in errors for *_, errors in (one, two))
    assert not [path for path in files(directory) if "tmp" in path.name]


def test_later_processes_load_what_is_there_and_say_nothing(at_once):
    directory, ((bits, *_), _) = at_once
    before = files(directory)
    assert results(start(directory)) == [(bits, "True", [], "")]
    assert files(directory) == before


def flipped(content):
    """Flip a bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


DAMAGES = [
    lambda content: b"",
    lambda content: content[: len(content) // 2],
    lambda content: b"garbage" * 100,
    flipped,
]


def test_damaged_files_are_compiled_again_and_replaced(at_once, tmp_path):
    written, ((bits, *_), _) = at_once
    directory, damaged = tmp_path / "damaged", {}
    shutil.copytree(written, directory)
    whole = files(directory)
    for damage, path in zip(DAMAGES, sorted(whole), strict=False):
        damaged[path] = damage(whole[path][0])
        path.write_bytes(damaged[path])
    assert results(start(directory)) == [(bits, "True", [], "")]
    after = files(directory)
    assert after.keys() == whole.keys()
    for path, content in damaged.items():
        assert len(after[path][0]) > 700
        assert after[path][0] != content


def test_old_and_missing_caches(at_once, tmp_path):
    """Kernels of other sources are compiled, those of the cache are not changed; without a cache there is a warning."""
    written, ((bits, *_), _) = at_once
    before, package = files(written), Path(whorl.__file__).parent
    shutil.copytree(package, tmp_path / "src" / "whorl", ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / "src" / "whorl" / "engine" / "compiling.py"
    helper = "return count * r[WORKER] // r[WORKERS], count * (r[WORKER] + 1) // r[WORKERS]"
    code = changed.read_text(encoding="utf-8")
    assert helper in code
    code = code.replace(helper, "return count - count, count - count")  # no parameters
    changed.write_text(code, encoding="utf-8")
    (tmp_path / "file").write_text("")
    other, nowhere = results(start(written, PYTHONPATH=str(tmp_path / "src")), start(tmp_path / "file" / "sub"))

    assert other[1:3] == ("False", [])
    assert {path: each for path, each in files(written).items() if path in before} == before

    assert nowhere[:2] == (bits, "True")
    start_of_warning = f"RuntimeWarning compiled kernels cannot be kept in {tmp_path / 'file' / 'sub' / 'kernels-'}"
    assert [each[: len(start_of_warning)] for each in nowhere[2]] == [start_of_warning]
    assert (tmp_path / "file").read_text(encoding="utf-8") == ""


def test_the_directory_depends_on_the_version_of_numba(monkeypatch):
    usual = compiling.cache_directory()
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert compiling.cache_directory.__wrapped__() != usual
    monkeypatch.undo()
    assert compiling.cache_directory.__wrapped__() == usual


def test_machine_code_belongs_to_the_file_that_defines_the_function(tmp_path):
    class Processor:
        def magic_tuple(self):
            return ("any",)

    def path():
        spec = importlib.util.spec_from_file_location("defined", tmp_path / "defined.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return Store("directory", module.function).path("int64(int64)", Processor())

    source = tmp_path / "defined.py"
    source.write_text("def helper(x): return x\ndef function(x): return helper(x)\n")
    first = path()
    assert path() == first
    source.write_text("def helper(x): return -x\ndef function(x): return helper(x)\n")  # inlined into the machine code
    assert path() != first
