"""What the doctor costs on the six reference networks."""

from __future__ import annotations

import time

import numpy as np

from benchmarks import page
from benchmarks.cases import CASES, MOMENTUM, Case, samples
from whorl import SGD, Adam, CrossEntropy, Dense, Doctor, Dropout, Model, ReLU, Softmax
from whorl.training import Callback

STEPS = {"spiral": 9000, "nnfs": 2400, "table": 1200, "mnist": 1280, "mnist-dropout": 640, "wide": 128}
"""Steps of a training: 120, 100, 30, 10, 10 and 8 epochs."""


def model(case: Case) -> Model:
    """Return the network of a case."""
    *hidden, last = case.sizes[1:]
    layers = []
    for i, units in enumerate(hidden):
        layers += [Dense(units, weight_l2=case.l2 * (i == 0), bias_l2=case.l2 * (i == 0)), ReLU()]
        layers += [Dropout(case.dropout)] if case.dropout else []
    return Model([*layers, Dense(last), Softmax()], inputs=case.sizes[0], rng=0)


def seconds(case: Case, *, fast: bool, callbacks: list[Callback]) -> float:
    """Return the process time of a training."""
    X, y = samples(case)
    network = model(case)
    optimizer = SGD(case.learning_rate, momentum=MOMENTUM) if case.optimizer == "sgd" else Adam(case.learning_rate)
    begun = time.process_time()
    network.fit(
        X, y, loss=CrossEntropy(), optimizer=optimizer, epochs=STEPS[case.name] // case.steps, batch_size=case.batch, callbacks=callbacks,
        rng=0, fast=fast, threads=1,
    )  # fmt: skip
    return time.process_time() - begun


def measured(rounds: int) -> str:
    """Return the table of the costs: medians of rounds in which trainings with and without the doctor take turns."""
    rows = []
    for case in CASES.values():
        cells = []
        for fast in (False, True):
            few = rounds if case.name != "wide" else max(1, rounds // 3)
            seconds(case, fast=fast, callbacks=[])
            ratios, own = [], []
            for _ in range(few):
                plain = seconds(case, fast=fast, callbacks=[])
                ratios.append(seconds(case, fast=fast, callbacks=[Doctor(quiet=True)]) / plain - 1)
                own.append(plain)
            cells += [f"{1e6 * np.median(own) / STEPS[case.name]:.0f} µs", f"{np.median(ratios):+.1%}"]
        rows.append([case.name, str(STEPS[case.name] // case.steps), *cells])
        print(rows[-1], flush=True)
    text = (
        "Process time of a whole training with the doctor, beside the same without it: its examination of the data, its measurements and its"
        " verdict are included. Medians of rounds that take turns, with one thread; other processes were at work on the machine."
    )
    head = ["network", "epochs", "step, NumPy", "the doctor adds", "step, compiled", "the doctor adds"]
    return page.section("Cost", text, head, rows)
