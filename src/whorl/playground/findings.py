"""What the doctor finds while training goes on."""

from __future__ import annotations

import time

from whorl.glassbox.doctor import Examination, Finding, Report
from whorl.glassbox.doctor.finding import ROOT
from whorl.training import Training

FIRST = 10
"""Epochs before the second examination; each later one comes after twice as many."""

SHARE = 0.02
"""The most of the time of training that examinations take."""


class Examiner:
    """Examines a training now and then: before its first step, after 10, 20, 40, … epochs, and when it ends.

    Where epochs are so short that this would take more than a fiftieth of the time of training, it waits longer.

    Parameters
    ----------
    training : Training
        Before its first step.

    Attributes
    ----------
    findings : Report
        The latest ones.
    """

    def __init__(self, training: Training) -> None:
        self.training: Training = training
        self.examination: Examination = Examination(training)
        self.findings: Report = Report()
        self.next: int = FIRST
        self.step: int = 0  # that of the last examination
        self.went_on: bool = True  # whether training was running then
        self.spent: float = 0.0  # seconds that the last examination took
        self.ended: float = 0.0  # the time when it ended
        self.examine()

    @property
    def running(self) -> bool:
        """Whether the training goes on."""
        return self.training.state.history.stopped is None and self.training.epoch < self.training.epochs

    @property
    def due(self) -> bool:
        """Whether it is time to examine the training: it has ended, or returned to an earlier step, or gone on for long enough."""
        step = self.training.step
        if step < self.step or (not self.running and (self.went_on or step > self.step)):
            return True
        return self.training.epoch >= self.next and SHARE * (time.perf_counter() - self.ended) >= self.spent

    def examine(self) -> Report:
        """Measure the training as it is now, between two steps, and return the findings."""
        begun, training = time.perf_counter(), self.training
        stopped = training.state.history.stopped or ""
        self.examination.measure()
        self.findings = self.examination.report(running=self.running, failure=stopped if "became" in stopped else "")
        self.step, self.went_on = training.step, self.running
        self.next = FIRST
        while self.next <= training.epoch:
            self.next *= 2
        self.ended = time.perf_counter()
        self.spent = self.ended - begun
        return self.findings


def described(finding: Finding) -> dict[str, str]:
    """Return a finding as the page shows it.

    Examples
    --------
    >>> finding = Finding("dead units", "60 % are 0", "they have no gradient", "docs/doctor.md", "optimizer=Adam(0.001)")
    >>> described(finding)["text"], described(finding)["link"]
    ('dead units: 60 % are 0; try optimizer=Adam(0.001)', 'https://github.com/whorl/whorl/blob/main/docs/doctor.md')
    """
    names = ("kind", "evidence", "why", "remedy")
    return {name: getattr(finding, name) for name in names} | {"link": f"{ROOT}{finding.page}", "text": str(finding)}
