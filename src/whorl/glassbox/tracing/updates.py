"""From a recorded step to the update of each parameter: penalties, clipping, the optimizer, constraints, averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing.lbfgs_rule import write_lbfgs
from whorl.glassbox.tracing.notebook import Notebook
from whorl.glassbox.tracing.optimizer_rules import Update, update_of
from whorl.glassbox.tracing.step import Step
from whorl.glassbox.tracing.why import frozen
from whorl.layers import Dense, chain
from whorl.optimizers import LBFGS, Averaged, Clipped, Optimizer, State
from whorl.parameters import views

CLIPPING, AVERAGING = "clipping-averaging-lbfgs.md#clipping", "clipping-averaging-lbfgs.md#averaging"


class Updates:
    """Writes the update of each parameter into a notebook.

    Parameters
    ----------
    step : Step
    notebook : Notebook
        With the forward and the backward pass.
    """

    def __init__(self, step: Step, notebook: Notebook) -> None:
        self.step: Step = step
        self.notebook: Notebook = notebook
        self.gradients: dict[str, str] = {}  # the array that the optimizer takes as the gradient of a parameter
        self.constraints: dict[str, tuple[str, float | None]] = {
            full: (str(place.layer), place.layer.max_norm if type(place.layer) is Dense else None)
            for place in chain.walk(step.model.places)
            if place.layer.constrained
            for full, own in place.names.items()
            if type(place.layer) is not Dense or own == "w"
        }
        self.frozen: set[str] = frozen(step)

    def split(self, vector: Array) -> Mapping[str, Array]:
        """Return the part of a vector for each parameter, by name."""
        return views(vector, self.step.model.trained)

    def write(self) -> None:
        """Write all of it."""
        step = self.step
        self.add_penalties()
        optimizer, before, averaged = step.optimizer, step.before, None
        while isinstance(optimizer, Clipped | Averaged):
            if isinstance(optimizer, Clipped):
                self.clip(optimizer)
            else:
                averaged = optimizer, before
            optimizer, before = optimizer.optimizer, before.inner
        update = update_of(optimizer, before, step.epoch, factors=isinstance(step.model.decay, np.ndarray))
        flat = type(optimizer) is LBFGS and write_lbfgs(step, self.notebook, self.gradients, before)
        memory = {} if update is None else {local: self.split(vector) for local, vector in update.memory.items()}
        for name in step.model.trained:
            page = update.page if update else "clipping-averaging-lbfgs.md" if flat else ""
            self.notebook.open("update", f"{name}: {step.optimizer}", page)
            self.update(
                name, optimizer, update, {local: parts[name] for local, parts in memory.items()}, flat=bool(flat)
            )
            if averaged:
                self.average(name, *averaged)

    def add_penalties(self) -> None:
        """Write the gradients that include the penalties, and those of frozen layers."""
        notebook, totals = self.notebook, self.split(self.step.gradients)
        for name, declared in self.step.model.trained.items():
            known = self.gradients[name] = f"d{name}"
            terms = [(declared.l2, f"2 * lam2 * {name}", "lam2"), (declared.l1, f"lam1 * sign({name})", "lam1")]
            given = {letter: strength for strength, _, letter in terms if strength}
            if name in self.frozen:
                formula, title, given = f"0 * {known}", f"{name} is frozen", {}
            elif given:
                formula = " + ".join([known, *(term for strength, term, _ in terms if strength)])
                title = f"{name} with its penalty"
            else:
                continue
            notebook.open("backward", title, "penalties.md")
            self.gradients[name] = notebook.add(f"g_{name}", totals[name], formula, settings=given)

    def clip(self, optimizer: Clipped) -> None:
        """Write the gradients that are scaled to a norm."""
        notebook, formula = self.notebook, " + ".join(f"sum({each} ** 2)" for each in self.gradients.values())
        notebook.open("update", f"clipping to a norm of {optimizer.norm:g}", CLIPPING)
        norm = notebook.unique("G")
        notebook.apply(f"G = sqrt({formula})", {}, {}, called={"G": norm})
        for name, gradient in self.gradients.items():
            names, called = {"g": gradient, "G": norm}, {"c": notebook.unique(f"clipped_{name}")}
            notebook.apply("c = g * min(1, norm / G)", names, {"norm": optimizer.norm}, called=called)
            self.gradients[name] = names["c"]

    def update(
        self, name: str, optimizer: Optimizer, update: Update | None, memory: Mapping[str, Array], *, flat: bool
    ) -> None:
        """Write what the optimizer makes of one parameter, and then constraints and frozen layers."""
        step, notebook = self.step, self.notebook
        stepped, settled = self.split(step.stepped)[name], self.split(step.settled)[name]
        constrained, frozen = name in self.constraints, name in self.frozen
        target = f"{name}_step" if constrained or frozen else f"{name}_new"
        notebook.include(name)
        notebook.include(self.gradients[name])
        names = {"w": name, "g": self.gradients[name]}
        if update is None and not flat:
            notebook.add(target, stepped, note=f"computed by {type(optimizer).__name__}.step")
        elif update is None:
            start, stop = _place(step, name)
            formula = f"reshape(theta_new[{start}:{stop}], {', '.join(map(str, stepped.shape))})"
            notebook.add(target, stepped, formula)
        else:
            for local, values in memory.items():
                names[local] = notebook.add(f"{local}_{name}", values, note="remembered from the steps before")
            called = {f"{local}_new": f"{local}_{name}_new" for local in memory}
            called |= {f"{local}_hat": f"{local}_{name}_hat" for local in memory} | {"w_new": target}
            settings = {"eta": step.learning_rate, **update.settings, "factor": step.model.trained[name].decay}
            notebook.apply(update.formulas, names, settings, called=called, known={"w_new": stepped})
        if frozen:
            notebook.add(f"{name}_new", settled, f"{name}", note="its layer is frozen")
        elif constrained:
            self.constrain(name, target, settled)

    def constrain(self, name: str, stepped: str, settled: Array) -> None:
        """Write the constraint of a layer."""
        layer, largest = self.constraints[name]
        if largest is None:
            self.notebook.add(f"{name}_new", settled, note=f"computed by the constraint of {layer}")
            return
        formula = f"{stepped} * max_norm / max(sqrt(sum_i({stepped} ** 2)), max_norm)"
        self.notebook.add(f"{name}_new", settled, formula, settings={"max_norm": largest}, note="max-norm")

    def average(self, name: str, optimizer: Averaged, before: State) -> None:
        """Write the average of a parameter that `Averaged` keeps."""
        step, t = self.step, before.t + 1
        assert step.average is not None
        new, decay = f"{name}_new", min(optimizer.decay, (1 + t) / (10 + t))
        after, called = self.split(step.average)[name], {"a": f"average_{name}_new"}
        if before.average is None:
            self.notebook.apply("a = w", {"w": new}, {}, called=called, known={"a": after})
            return
        old = self.notebook.add(
            f"average_{name}", self.split(before.average)[name], note="remembered from the steps before"
        )
        known: dict[str, Any] = {"a": after}
        self.notebook.apply(
            "a = decay * old + (1 - decay) * w", {"w": new, "old": old}, {"decay": decay}, called=called, known=known
        )


def _place(step: Step, name: str) -> tuple[int, int]:
    """Return where a parameter begins and ends in the vector of all."""
    start = 0
    for each, declared in step.model.trained.items():
        if each == name:
            return start, start + declared.size
        start += declared.size
    raise KeyError(name)
