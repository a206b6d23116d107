"""Count the code between `Model.fit` and the change of a weight: frames, files, functions and lines.

A small classifier (two Dense layers, ReLU, softmax, cross-entropy, plain SGD) is trained under `sys.setprofile`, and its
parameters are compared at every call and return. A step is what runs from one change of the parameters to the next, an epoch
what runs from the last change of one epoch to the last change of the next; the functions on the stack belong to both.
"""

import argparse
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

import whorl
from benchmarks.page import table
from whorl import SGD, CrossEntropy, Dense, Model, ReLU, Softmax

OPTIONS = {"list": False}
PACKAGE = Path(whorl.__file__).parent
STEPS, EPOCHS, BATCH = 3, 3, 20


class Profiler:
    """A function for `sys.setprofile` that watches the parameters of a model.

    Attributes
    ----------
    stacks : list of list of code
        For each change of the parameters, the functions from `fit` to the one that changed them.
    entered : list of set of code
        For each change, the functions of whorl that were called or resumed since the previous one; last, those after all.
    """

    def __init__(self, model: Model) -> None:
        self.model, self.before = model, model.parameters.tobytes()
        self.stacks: list[list[CodeType]] = []
        self.entered: list[set[CodeType]] = [set()]

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        now = self.model.parameters.tobytes()
        if now != self.before:
            self.before = now
            self.stacks.append(stack(frame.f_back if event == "call" else frame))
            self.entered.append(set())
        if event == "call" and Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
            self.entered[-1].add(frame.f_code)


def stack(frame: FrameType | None) -> list[CodeType]:
    """Return the functions from `Model.fit` to this frame."""
    codes: list[CodeType] = []
    while frame and Model.fit.__code__ not in codes:
        codes.insert(0, frame.f_code)
        frame = frame.f_back
    return codes


def trace() -> Profiler:
    """Train under a profiler: there is one change of the parameters for each step."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((STEPS * BATCH, 2), np.float32), rng.integers(3, size=STEPS * BATCH)
    model = Model([Dense(8), ReLU(), Dense(3), Softmax()], inputs=2, rng=0)
    profiler, previous = Profiler(model), sys.getprofile()
    sys.setprofile(profiler)
    try:
        model.fit(X, y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=EPOCHS, batch_size=BATCH, rng=0)
    finally:
        sys.setprofile(previous)
    if len(profiler.stacks) != STEPS * EPOCHS:
        raise RuntimeError(f"expected {STEPS * EPOCHS} changes of the parameters, got {len(profiler.stacks)}")
    return profiler


def size(codes: Iterable[CodeType]) -> list[int]:
    """Return the number of files, their lines, the number of functions, and their lines.

    The lines of a function include the comprehensions and functions inside it; each line is counted once.
    """
    files = {code.co_filename for code in codes}
    functions = [code for code in codes if not code.co_name.startswith("<")]
    lines = set[tuple[str, int]]()
    for code in functions:
        source, first = inspect.getsourcelines(code)
        lines |= {(code.co_filename, first + i) for i in range(len(source))}
    length = sum(len(Path(file).read_text(encoding="utf-8").splitlines()) for file in files)
    return [len(files), length, len(functions), len(lines)]


def described(code: CodeType) -> str:
    """Return a function's file, line and name."""
    return f"{code.co_filename.removeprefix(f'{PACKAGE.parent}/')}:{code.co_firstlineno} {code.co_qualname}"


def run(arguments: argparse.Namespace) -> None:
    """Trace a training run, and print the stack and the counts."""
    profiler = trace()
    codes, entered = profiler.stacks[STEPS], profiler.entered
    print(f"{len(codes)} frames from Model.fit to the function that changes the parameters:")
    print(*(f"  {described(code)}" for code in codes), sep="\n")
    step = {*codes, *entered[STEPS + 1]}
    rows = {
        "the stack": codes,
        "one step": step,
        "one epoch": {*codes, *set.union(*entered[STEPS : 2 * STEPS])},
        "all of fit": {*codes, *set.union(*entered)},
    }
    head = ["", "files", "lines in them", "functions", "lines in them"]
    print("", table(head, [[name, *map(str, size(each))] for name, each in rows.items()]), sep="\n")
    if arguments.list:
        print("", *sorted(map(described, step)), sep="\n")
