"""`trace`: one training step, with every array that it computes, each with its formula."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from html import escape
from types import MappingProxyType
from typing import Any

import numpy as np

from whorl._core import randomness, validation
from whorl._core.files import replacing
from whorl._core.hints import did_you_mean
from whorl._core.randomness import RNG
from whorl._core.types import Array
from whorl.glassbox.tracing import formula as language
from whorl.glassbox.tracing import page, text
from whorl.glassbox.tracing import why as reasons
from whorl.glassbox.tracing.assembly import Passes
from whorl.glassbox.tracing.notebook import Notebook
from whorl.glassbox.tracing.step import Step, take
from whorl.glassbox.tracing.traced_array import Section, TracedArray
from whorl.glassbox.tracing.updates import Updates
from whorl.glassbox.tracing.why import Why
from whorl.losses import Loss, as_loss
from whorl.model import Model
from whorl.optimizers import Optimizer
from whorl.training import TrainingState

GIVEN = "x", "y", "Y", "weight", "L", "D", "R"
"""Names that no array of a layer gets."""

MOST_NAMES = 12
"""The most parameters that an error lists."""


class Trace:
    """One training step: its arrays by name, their formulas, and why each weight changed. `trace` makes it.

    ``trace["z1"]`` is a `TracedArray`; printed, the trace shows all of them. A name with ``_new`` is of a value after the step, and
    that of a gradient begins with d: ``dw1`` is ∂L/∂w1.

    Attributes
    ----------
    arrays : mapping of str to ndarray
        All arrays by name, read-only, in the order in which they are computed.
    sections : list of Section
        The arrays of each layer, of the loss, and of the update of each parameter.
    loss, penalty : float
        The loss before the step, and the penalty part of it.
    loss_after : float
        The loss after the step, on the same samples and with the same dropout masks; NaN if it refuses the new predictions.
    outputs : list of str
        The names of the outputs of the model's layers; without the last one if it is fused with the loss.
    """

    def __init__(self, step: Step) -> None:
        gradients = [f"d{name}" for name in step.model.trained]
        notebook = Notebook([*step.arrays, *gradients, *GIVEN], step.model.dtype)
        passes = Passes(step, notebook)
        passes.write()
        Updates(step, notebook).write()
        self.step = step
        self.outputs: list[str] = [passes.names[call]["y"] for call in step.calls]
        self.traced: Mapping[str, TracedArray] = MappingProxyType(notebook.traced)
        self.arrays: Mapping[str, Array] = MappingProxyType(notebook.arrays)
        self.sections: list[Section] = notebook.sections
        self.loss: float = step.value
        self.penalty: float = step.penalty
        self.loss_after: float = step.value_after

    def __getitem__(self, name: str) -> TracedArray:
        if name not in self.traced:
            raise KeyError(f"there is no array {name!r}{did_you_mean(str(name), self.traced)}")
        return self.traced[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.traced)

    def __len__(self) -> int:
        return len(self.traced)

    def evaluate(self, name: str) -> Array:
        """Return an array computed once more, by its formula from its operands.

        Parameters
        ----------
        name : str
            An array that has a formula.

        Returns
        -------
        ndarray
            Equal to ``trace.arrays[name]``, up to rounding.
        """
        array = self[name]
        if not array.formula:
            raise ValueError(f"{name} has no formula: it is {array.note}")
        value = language.evaluate(array.formula, {**self.arrays, **array.settings})
        return np.asarray(value).reshape(array.values.shape)

    def why(self, name: str, index: int | tuple[int, ...]) -> Why:
        """Return why one element of a parameter changed: by which samples, on which paths, and by what the optimizer did.

        Parameters
        ----------
        name : str
            A parameter, such as ``"w1"``.
        index : int or tuple of int
            The element, such as ``(0, 3)``.

        Raises
        ------
        ValueError, TypeError
            If there is no such parameter or element.
        """
        step = self.step
        if name not in step.model.trained:
            hint = did_you_mean(str(name), step.model.trained)
            names = [*step.model.trained]
            listed = ", ".join(names if len(names) <= MOST_NAMES else [*names[: MOST_NAMES - 1], "…", names[-1]])
            raise ValueError(f"there is no parameter {name!r}{hint}; there are {listed}")
        before, place = self.arrays[name], self._place(name, index)
        flat = int(np.ravel_multi_index(place, before.shape))
        parts = reasons.contributions(step, name, [flat])[:, :, 0]
        data = float(self.arrays[f"d{name}"][place])
        gradient = self.arrays.get(f"g_{name}", self.arrays[f"d{name}"])
        frozen = name in reasons.frozen(step)
        return Why(
            f"{name}[{', '.join(map(str, place))}]",
            float(before[place]),
            float(self.arrays[f"{name}_new"][place]),
            parts,
            self.outputs[reasons.through(step, name)],
            0.0 if frozen else float(gradient[place]) - data,
            float(gradient[place]),
            tuple(reasons.filled(line, self.arrays, place) for line in self.update_of(name)),
        )

    def _place(self, name: str, index: int | tuple[int, ...]) -> tuple[int, ...]:
        """Return the index of an element of a parameter, checked."""
        shape = self.arrays[name].shape
        places = index if isinstance(index, tuple | list) else (index,)
        if len(places) != len(shape):
            raise ValueError(f"index must hold {len(shape)} numbers for {name} of shape {shape}, got {index!r}")
        checked = tuple(validation.integer("index", each, minimum=0) for each in places)
        if any(each >= size for each, size in zip(checked, shape, strict=True)):
            raise ValueError(f"index must be within the shape {shape} of {name}, got {index!r}")
        return checked

    def update_of(self, name: str) -> list[str]:
        """Return the formulas that update a parameter, with a place for the number of an element of each array: ``{w1}``."""
        names = {
            each
            for section in self.sections
            if section.stage == "update" and name in section.names
            for each in section.names
        }
        shape = self.arrays[name].shape
        found = [self[each] for each in self.traced if each in names and self.arrays[each].shape == shape]
        skipped = {name, f"d{name}", f"g_{name}"}
        return [reasons.update_line(each, self.arrays) for each in found if each.formula and each.name not in skipped]

    def __repr__(self) -> str:
        """Return the trace as text."""
        step = self.step
        penalty = f", of which the penalty is {self.penalty:.4g}" if self.penalty else ""
        return (
            f"One training step of {step.model}\non {len(step.samples)} samples, with {step.loss} and {step.optimizer}\n"
            f"loss {self.loss:.6g}{penalty}; after the step, on the same samples, {self.loss_after:.6g}\n"
            f"{text.sections_text(self.sections, self.traced)}"
        )

    def html(self) -> str:
        """Return the trace as a page of HTML that needs nothing else: formulas, heat maps, and why each weight changed."""
        step = self.step
        after = f"<strong>{self.loss:.6g}</strong>; after the step, on the same samples, <strong>{self.loss_after:.6g}</strong>"
        heading = {
            "network": f"<code>{escape(str(step.model))}</code>",
            "step": f"{len(step.samples)} samples, <code>{escape(str(step.loss))}</code>, <code>{escape(str(step.optimizer))}</code>",
            "loss": after + (f" (the penalty is {self.penalty:.4g})" if self.penalty else ""),
        }
        layers = [type(layer).__name__ for layer in step.model.layers]
        path = [("x", ""), *zip(self.outputs, layers, strict=False)]
        path += [("p", layers[-1])] if step.fused else []
        path.append(("L", getattr(step.loss, "function", type(step.loss)).__name__))
        given = reasons.reasons_of(
            step, self.arrays, self.outputs, {name: self.update_of(name) for name in step.model.trained}
        )
        return page.page(self.sections, self.traced, heading, path, given)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page that `html` returns to a file."""
        with replacing(path) as file:
            file.write(self.html().encode())

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        return page.framed(self.html())


def trace(
    model: Model,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Optimizer,
    sample_weight: Any = None,
    state: TrainingState | None = None,
    rng: RNG = 0,
) -> Trace:
    """Take one training step on a copy of a model, and return every array that it computes, with the formula of each.

    The outputs, the gradients, the loss and the new parameters are those of the library's own code; only what lies between, such
    as a mean or a one-hot target, is computed by its formula. So evaluating each formula from its operands (`Trace.evaluate`) checks
    both. Layers, losses and optimizers of your own have no formulas: their results are shown as "computed by Sine.forward".

    Parameters
    ----------
    model : Model
        It is not changed. Layers such as `Standardize` that have not been fitted are fitted to X, as in training.
    X : array_like, shape (n, *inputs)
        The samples of the step; a few.
    y : array_like
        Labels or targets, as for `Model.fit`.
    loss : Loss or callable
        As for `Model.fit`.
    optimizer : Optimizer
        As for `Model.fit`.
    sample_weight : array_like, shape (n,), optional
        As for `Model.fit`.
    state : TrainingState, optional
        Where a training of the model is: its parameters, the memory of its optimizer, and its time; by default, the step is the first
        one. ``training.state`` has it.
    rng : int, Generator or None, optional
        Draws the dropout masks.

    Returns
    -------
    Trace
        Printed, it is a text; `Trace.save` writes a page; `Trace.why` says why a weight changed.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or does not fit the model.

    Notes
    -----
    The formulas are in the notation of docs/theory, where they are derived. The samples are one batch: in training, the batch and the
    dropout masks are drawn with another state of the random generator.

    Examples
    --------
    >>> from whorl import SGD, CrossEntropy, Dense, Model, ReLU, Softmax
    >>> model = Model([Dense(3), ReLU(), Dense(2), Softmax()], inputs=2, rng=0)
    >>> step = trace(model, [[0.5, -1.0], [2.0, 1.0]], [0, 1], loss=CrossEntropy(), optimizer=SGD(0.1))
    >>> step["z2"].formula, step["dw1"].formula, step["w1_new"].formula
    ('a1 @ w2 + b2', 'x.T @ dz1', 'w1 - eta * dw1')
    >>> import numpy as np
    >>> np.allclose(step.evaluate("dw1"), step.arrays["dw1"])
    True
    >>> why = step.why("w1", (0, 2))
    >>> bool(np.isclose(why.by_sample.sum(), step.arrays["dw1"][0, 2]))
    True
    """
    validation.instance("model", model, Model, "Model([Dense(3), Softmax()], inputs=2)")
    validation.instance("optimizer", optimizer, Optimizer, "SGD(0.1)")
    if state is not None:
        validation.instance("state", state, TrainingState, "training.state")
        if state.parameters.shape != model.parameters.shape:
            raise ValueError(
                f"state must be of a training of this model, with {len(model.parameters)} parameters, got {len(state.parameters)}"
            )
    generator = randomness.generator(rng)
    return Trace(
        take(
            model,
            X,
            y,
            loss=as_loss(loss),
            optimizer=optimizer,
            sample_weight=sample_weight,
            state=state,
            rng=generator,
        )
    )
