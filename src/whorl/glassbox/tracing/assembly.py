"""From a recorded step to its arrays with their formulas: forward through the layers, the loss, backward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from whorl._core.types import Array
from whorl.glassbox.tracing import layer_rules, loss_rules
from whorl.glassbox.tracing.notebook import Notebook, number_of
from whorl.glassbox.tracing.recording import CONTAINERS, Call
from whorl.glassbox.tracing.rules import Rule
from whorl.glassbox.tracing.step import Step
from whorl.layers import Average, Parametric, Residual
from whorl.layers.chain import Place
from whorl.parameters import Views

PAGES = {"Residual": "layers.md#residual-connections", "Average": "layers.md#averages-of-networks"}
PAGES |= {"Parametric": "tables.md#learned-activations"}

LETTERS: Mapping[type, str] = {Residual: "r", Average: "m", Parametric: "a"}


def arrays_of(place: Place, views: Views) -> Iterator[tuple[str, Array]]:
    """Yield the arrays in the views of a layer and of the layers inside it, by their names in the model."""
    for full, own in place.names.items():
        if hasattr(views, own):
            yield full, getattr(views, own)
    for part, inner in zip(place.parts, views.parts, strict=True):
        yield from arrays_of(part, inner)


class Passes:
    """Writes the forward and the backward pass of a step into a notebook.

    Parameters
    ----------
    step : Step
    notebook : Notebook
    """

    def __init__(self, step: Step, notebook: Notebook) -> None:
        self.step: Step = step
        self.notebook: Notebook = notebook
        self.names: dict[Call, dict[str, str]] = {}  # what the formulas of a layer name
        self.rules: dict[Call, Rule | None] = {}
        self.titles: dict[Call, str] = {}
        self.number: str = "0"

    def write(self) -> None:
        """Write both passes, and the loss between them."""
        step, places = self.step, self.step.model.places
        self.notebook.open("forward", f"the input, {_samples(len(step.samples))}")
        x = self.notebook.add("x", np.asarray(step.samples.x), note="given: a row for each sample")
        output = self.forward(step.calls, places, x, "layers")
        gradient = self.loss(output)
        self.backward(step.calls, places, gradient, "dx")
        for call in step.calls:
            self.after(call)

    def forward(self, calls: Sequence[Call], places: Sequence[Place], x: str, title: str) -> str:
        """Write layers in a row; return the name of their output."""
        for i, (call, place) in enumerate(zip(calls, places, strict=False)):
            x = self.layer_forward(call, place, x, f"{title}[{i}]")
        return x

    def layer_forward(self, call: Call, place: Place, x: str, title: str) -> str:
        """Write the forward pass of a layer; return the name of its output."""
        notebook, names = self.notebook, {"x": x}
        self.number = number = number_of(next(iter(place.names), self.number))
        self.names[call], self.titles[call] = names, title
        if type(call.layer) in CONTAINERS:
            return self.container_forward(call, place, title)
        rule = self.rules[call] = layer_rules.rule_of(call)
        notebook.open("forward", f"{title}  {call.layer}", rule.page if rule else "")
        self.parameters(call, place)
        if rule is None:
            names["y"] = notebook.add(
                notebook.unique(f"z{number}"), call.y, note=f"computed by {_method(call, 'forward')}"
            )
            return names["y"]
        for name, (values, note) in rule.given.items():
            names[name] = notebook.add(notebook.unique(f"{name}{number}"), values, note=note)
        settings, called = layer_rules.settings_of(call, rule), {"y": notebook.unique(f"{rule.letter}{number}")}
        notebook.apply(rule.forward, names, settings, number=number, called=called, known={"y": call.y})
        return names["y"]

    def parameters(self, call: Call, place: Place) -> None:
        """Write the arrays of a layer, which the step starts from."""
        rule = self.rules.get(call)
        used = None if rule is None else f"{rule.forward}\n{rule.backward}\n{rule.after}"
        for full, own in place.names.items():
            if used is not None and own == "count":  # how many samples it was fitted to: no formula has it
                continue
            trained = place.declared[full].trained
            self.notebook.add(
                full, self.step.arrays[full], note="parameter" if trained else "fitted to data, not trained"
            )
            self.names[call][own] = full

    def container_forward(self, call: Call, place: Place, title: str) -> str:
        """Write the layers inside a layer, and how it combines their outputs."""
        notebook, names, x = self.notebook, self.names[call], self.names[call]["x"]
        rows, parts = self.rows(call, place)
        outputs = []
        for k, (row, inner) in enumerate(zip(rows, parts, strict=True)):
            inside = f"{title}.member[{k}].layers" if len(rows) > 1 else f"{title}.layers"
            outputs.append(self.forward(row, inner, x, inside))
        names |= {f"f{k}": name for k, name in enumerate(outputs)}
        notebook.open("forward", f"{title}  {call.layer}", PAGES[type(call.layer).__name__])
        self.parameters(call, place)
        formula = "x + f0"
        if isinstance(call.layer, Average):
            formula = f"({' + '.join(f'f{k}' for k in range(len(rows)))}) / members"
        elif isinstance(call.layer, Parametric):
            formula = "x + (1 + multiple * a) * (f0 - x)"
        number = number_of(next(iter(place.names), self.number))
        called, settings = {"y": notebook.unique(f"{LETTERS[type(call.layer)]}{number}")}, vars(call.layer)
        notebook.apply(f"y = {formula}", names, settings, called=called, known={"y": call.y})
        return names["y"]

    @staticmethod
    def rows(call: Call, place: Place) -> tuple[list[Sequence[Call]], list[Sequence[Place]]]:
        """Return the calls inside a layer in rows, of which each starts from its input, and their places."""
        count = len(call.inner) // call.layer.members if isinstance(call.layer, Average) else len(call.inner)
        starts = range(0, len(call.inner), count)
        return [call.inner[i : i + count] for i in starts], [place.parts[i : i + count] for i in starts]

    def loss(self, output: str) -> str:
        """Write the loss and the penalties; return the name of the gradient by what the loss gets."""
        step, notebook = self.step, self.notebook
        scores = step.calls[-1].y if step.calls else np.asarray(step.samples.x)
        weight = step.samples.weight
        call = loss_rules.LossCall(step.loss, scores, step.samples.target, weight is not None, step.fused)
        rule = loss_rules.rule_of(call)
        fused = f"{step.model.layers[-1]} and " if step.fused else ""
        notebook.open("loss", f"{fused}{step.loss}", rule.page if rule else "")
        names = {"x": output, "y": notebook.add("y", step.samples.target, note="given: the labels or targets")}
        if weight is not None:
            shaped = weight.reshape(-1, *[1] * (scores.ndim - 1))
            names["weight"] = notebook.add("weight", shaped, note="given: the weight of each sample, of mean 1")
        value, called = "D" if step.penalty else "L", {"dx": f"d{output}" if output != "x" else "dx"}
        if rule is None:
            words = f"computed by {getattr(step.loss, 'function', type(step.loss)).__name__}"
            notebook.add(value, step.value - step.penalty, note=words)
        else:
            settings = loss_rules.settings_of(call, rule)
            known = {"D": step.value - step.penalty} | ({"p": step.prediction} if step.fused else {})
            plain = {name: name for name in ("Y", "T", "u", "l", "d", "h", "p") if name not in notebook.traced} | {
                "D": value
            }
            notebook.apply(rule.forward, names, settings, called=plain, known=known, number="_L")
        self.penalties()
        notebook.open("backward", f"{fused}{step.loss}", rule.page if rule else "")
        if rule is None:
            return notebook.add(called["dx"], step.slope, note=words)
        notebook.apply(rule.backward, names, settings, called=called, known={"dx": step.slope})
        return names["dx"]

    def penalties(self) -> None:
        """Write the penalties of the parameters, and the loss that includes them."""
        step, notebook = self.step, self.notebook
        if not step.penalty:
            return
        terms, settings = [], {}
        for name, declared in step.model.trained.items():
            for strength, letter, size in (
                (declared.l1, f"lam1_{name}", f"sum(abs({name}))"),
                (declared.l2, f"lam2_{name}", f"sum({name} ** 2)"),
            ):
                if strength:
                    terms.append(f"{letter} * {size}")
                    settings[letter] = strength
        notebook.open("loss", "penalties", "penalties.md")
        notebook.add("R", step.penalty, " + ".join(terms), settings=settings)
        notebook.add("L", step.value, "D + R")

    def backward(self, calls: Sequence[Call], places: Sequence[Place], dy: str, first: str) -> str:
        """Write the backward pass of layers in a row, the last one first; return the name of the gradient by their input."""
        for i in range(len(calls) - 1, -1, -1):
            called = first if i == 0 else f"d{self.names[calls[i]]['x']}"
            if dy:
                dy = self.layer_backward(calls[i], places[i], dy, called)
        return dy

    def layer_backward(self, call: Call, place: Place, dy: str, called: str) -> str:
        """Write the backward pass of a layer; return the name of dx, or "" if there is none."""
        notebook, names, rule = self.notebook, self.names[call], self.rules.get(call)
        names["dy"] = dy
        if type(call.layer) in CONTAINERS:
            return self.container_backward(call, place, called)
        notebook.open("backward", f"{self.titles[call]}  {call.layer}", rule.page if rule else "")
        gradients = dict(arrays_of(place, call.gradients))
        if rule is None:
            note = f"computed by {_method(call, 'backward')}"
            for full, values in gradients.items():
                notebook.add(f"d{full}", values, note=note)
            return "" if call.dx is None else notebook.add(notebook.unique(called), call.dx, note=note)
        own = {f"d{own}": full for full, own in place.names.items() if full in gradients}
        targets = {local: f"d{full}" for local, full in own.items()} | {"dx": notebook.unique(called)}
        known: dict[str, Any] = {local: gradients[full] for local, full in own.items()} | {"dx": call.dx}
        settings = layer_rules.settings_of(call, rule)
        notebook.apply(rule.backward, names, settings, number=self.suffix(call), called=targets, known=known)
        return names["dx"]

    def container_backward(self, call: Call, place: Place, called: str) -> str:
        """Write the backward pass of a layer made of others."""
        notebook, names, title = self.notebook, self.names[call], f"{self.titles[call]}  {call.layer}"
        page, settings = PAGES[type(call.layer).__name__], vars(call.layer)
        rows, parts = self.rows(call, place)
        after = "dx = dy + t0"
        if isinstance(call.layer, Average):
            notebook.open("backward", title, page)
            after = f"dx = {' + '.join(f't{k}' for k in range(len(rows)))}"
        elif isinstance(call.layer, Parametric):
            notebook.open("backward", title, page)
            after = "da = multiple * sum_s(dy * (f0 - x))\ndx = t0 - multiple * a * dy"
        for k, row in enumerate(rows):
            if isinstance(call.layer, Average):
                self.share(call, k, "dy / members", row[-1].dy)
            elif isinstance(call.layer, Parametric):
                self.share(call, k, "(1 + multiple * a) * dy", row[-1].dy)
            else:
                names[f"g{k}"] = names["dy"]
        for k, (row, inner) in enumerate(zip(rows, parts, strict=True)):
            names[f"t{k}"] = self.backward(row, inner, names[f"g{k}"], notebook.unique(f"{called}_by{k}"))
        notebook.open("backward", title, page)
        own = {f"d{own}": full for full, own in place.names.items()}
        known = {local: getattr(call.gradients, local[1:]) for local in own} | {"dx": call.dx}
        targets = {local: f"d{full}" for local, full in own.items()} | {"dx": notebook.unique(called)}
        notebook.apply(after, names, settings, called=targets, known=known)
        return names["dx"]

    def share(self, call: Call, k: int, formula: str, values: Array) -> None:
        """Write the part of dy that goes to one row of the layers inside."""
        names = self.names[call]
        target = {f"g{k}": self.notebook.unique(f"d{names[f'f{k}']}")}
        self.notebook.apply(f"g{k} = {formula}", names, vars(call.layer), called=target, known={f"g{k}": values})

    def suffix(self, call: Call) -> str:
        """Return the number of the layer, for what its backward pass computes on the way."""
        return number_of(self.names[call]["y"].partition("_")[0])

    def after(self, call: Call) -> None:
        """Write what a layer remembers after the backward pass."""
        for inner in call.inner:
            self.after(inner)
        rule = self.rules.get(call)
        if rule is None or not rule.after:
            return
        self.notebook.open("update", f"{self.titles[call]}  {call.layer}: running statistics", rule.page)
        names = dict(self.names[call])
        for own in ("mean", "variance"):
            full = self.names[call][own]
            text = next(line for line in rule.after.splitlines() if line.strip().startswith(f"{own} ="))
            known, called = {own: self.step.statistics[full]}, {own: f"{full}_new"}
            self.notebook.apply(text, names, layer_rules.settings_of(call, rule), called=called, known=known)
            names[own] = full


def _method(call: Call, name: str) -> str:
    return f"{type(call.layer).__name__}.{name}"


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"
