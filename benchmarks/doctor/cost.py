"""What the doctor costs on the six reference networks."""

from __future__ import annotations

import itertools
import time

import numpy as np

from benchmarks import page
from benchmarks.cases import CASES, MOMENTUM, Case, samples
from whorl import SGD, Adam, CrossEntropy, Dense, Doctor, Dropout, Model, ReLU, Softmax
from whorl.training import Callback, Epoch, History, Run

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


class Timed(Doctor):
    """A doctor that notes how long each of its parts takes, in seconds of process time."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.start, self.halfway, self.end = 0.0, 0.0, 0.0

    def on_train_begin(self, training: Run) -> None:
        begun = time.process_time()
        super().on_train_begin(training)
        self.start = time.process_time() - begun

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        begun = time.process_time()
        super().on_epoch_end(training, epoch)
        self.halfway = max(self.halfway, time.process_time() - begun)  # after the last epoch it measures nothing

    def on_train_end(self, training: Run, history: History) -> None:
        begun = time.process_time()
        super().on_train_end(training, history)
        self.end = time.process_time() - begun


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
    for case, fast in itertools.product(CASES.values(), (False, True)):
        seconds(case, fast=fast, callbacks=[])
        ratios, own, parts = [], [], []
        for _ in range(rounds):
            doctor = Timed()
            own.append(seconds(case, fast=fast, callbacks=[]))
            ratios.append(seconds(case, fast=fast, callbacks=[doctor]) / own[-1] - 1)
            parts.append((doctor.start, doctor.halfway, doctor.end))
        start, halfway, end = np.median(parts, axis=0)
        whole = float(np.median(own))
        rows.append([
            case.name, "compiled" if fast else "NumPy", f"{1e6 * whole / STEPS[case.name]:.0f} µs", f"{whole:.2f} s", f"{halfway / (whole / 2):.1%}",
            f"{1e3 * start:.1f} ms", f"{1e3 * end:.1f} ms", f"{np.median(ratios):+.1%}",
        ])  # fmt: skip
        print(rows[-1], flush=True)
    text = (
        "In process time with one thread. During training: the measurement after half of the epochs, the default interval, beside the steps of half"
        " of them. Before and after: looking at the data with a first measurement, and the last measurement with the verdict; that is the same"
        " however long the training is. Whole: a training with the doctor beside the same without it, medians of rounds that take turns."
    )
    head = ["network", "engine", "step", "training", "during training", "before", "after", "whole"]
    return page.section("Cost", text, head, rows)
