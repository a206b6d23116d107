"""How often the doctor finds planted mistakes, and is silent without one; whether its advice helps; what it costs.

Each part of the catalogue is trained on NumPy, once; random numbers come from fixed seeds. Writes `benchmarks/doctor.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import page
from benchmarks.doctor import cost
from benchmarks.doctor.advice import helps
from benchmarks.doctor.catalogue import planted
from benchmarks.doctor.healthy import SOUND, healthy
from benchmarks.doctor.trials import train
from benchmarks.processes import ROOT

PAGE = ROOT / "benchmarks" / "doctor.md"
OPTIONS = {"parts": ["catalogue", "advice", "healthy", "cost"], "rounds": 9}
HALVES = "chooses thresholds", "gives the figure"


def run(arguments: argparse.Namespace) -> None:
    """Measure, and write the page."""
    parts: list[str] = []
    if "catalogue" in arguments.parts:
        parts += mistakes(advice="advice" in arguments.parts)
    if "healthy" in arguments.parts:
        parts.append(sound())
    if "cost" in arguments.parts:
        parts.append(cost.measured(arguments.rounds))
    page.write(PAGE, arguments, *parts)


def mistakes(*, advice: bool) -> list[str]:
    """Train with each planted mistake; and, in the second half, again as the first advice says."""
    found: dict[str, list[list[bool]]] = {}
    right: dict[str, list[int]] = {}
    better: dict[str, list[bool]] = {}
    missed, useless = [], []
    for trial in planted():
        outcome = train(trial)
        kinds = [each.kind for each in outcome.findings]
        hit = trial.kind in kinds[:2]
        found.setdefault(trial.kind, [[], []])[trial.half].append(hit)
        if not hit:
            missed.append([trial.kind, trial.name, HALVES[trial.half], ", ".join(kinds[:2]) or "nothing"])
        for kind in kinds[:1] if trial.half == 0 else ():
            counts = right.setdefault(kind, [0, 0])
            counts[0], counts[1] = counts[0] + (kind == trial.kind), counts[1] + 1
        if advice and trial.half == 1:
            result = helps(trial, outcome)
            better.setdefault(trial.kind, []).append(result is not None and result[0])
            if not better[trial.kind][-1]:
                first = outcome.findings[0].remedy if outcome.findings else "no finding"
                useless.append([trial.kind, trial.name, f"`{first[:90]}`", result[1] if result else ""])
    rows = [[kind, share(halves[0]), share(halves[1]), share(better.get(kind, []))] for kind, halves in found.items()]
    totals = [[hit for halves in found.values() for hit in halves[half]] for half in (0, 1)]
    helped = [each for own in better.values() for each in own]
    rows.append(["**all**", share(totals[0]), share(totals[1]), share(helped)])
    grades = ", ".join(f'"{kind}": {(own + 1) / (n + 2):.2f}' for kind, (own, n) in sorted(right.items()))
    print(f"GRADES = {{{grades}}}")
    head = [
        "mistake",
        f"found, half that {HALVES[0]}",
        f"found, half that {HALVES[1]}",
        "first advice improves, second half",
    ]
    return [
        page.section("Planted mistakes", "First or second finding, of so many trainings.", head, rows),
        page.section("Missed", "", ["mistake", "training", "half", "findings"], missed),
        *(
            [
                page.section(
                    "Advice that did not help", "", ["mistake", "training", "first advice", "validation loss"], useless
                )
            ]
            if advice
            else []
        ),
    ]


def sound() -> str:
    """Train without a mistake."""
    alarms, left_out = [], [0, 0]
    silent: list[list[bool]] = [[], []]
    for trial in healthy():
        outcome = train(replace(trial, kind=""))
        if not outcome.error <= SOUND[trial.data.name]:
            left_out[trial.half] += 1
            continue
        silent[trial.half].append(not outcome.findings)
        if outcome.findings:
            alarms.append([trial.name, HALVES[trial.half], "; ".join(map(str, outcome.findings))])
    rows = [[HALVES[half], share(silent[half]), str(left_out[half])] for half in (0, 1)]
    text = "Trainings without a mistake in which the doctor was silent. Those with a larger error on new samples than is good for the data are left out."
    return "\n\n".join(
        [
            page.section("Sound trainings", text, ["half", "silent", "left out"], rows),
            *([page.table(["training", "half", "findings"], alarms)] if alarms else []),
        ]
    )


def share(hits: Sequence[bool]) -> str:
    """Return a count and its share."""
    return f"{sum(hits)} of {len(hits)} ({sum(hits) / len(hits):.1%})" if hits else ""
