"""Explanations of the next training step: of a weight, of a unit, and of backpropagation through the network.

The steps are those of `whorl.trace`, taken on a copy; formulas and numbers are written by its own code, which escapes them. An
operand is a button whose `data-array` says what it is in the drawing: ``"x"``, a unit of ``"layers[2]"``, or a parameter such as ``"w1"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from whorl._core.validation import integer
from whorl.glassbox.tracing import Section, Trace, TracedArray, heat_maps, trace
from whorl.glassbox.tracing.elements import element
from whorl.glassbox.tracing.numerals import number, setting, table
from whorl.glassbox.tracing.page import inline, theory_url
from whorl.glassbox.tracing.rendering import mathml, symbol
from whorl.glassbox.tracing.why import layer_of
from whorl.playground.messages import Explain
from whorl.playground.run import Run

UNIT = re.compile(r"layers\[(\d+)\]")


def explain(run: Run, message: Explain) -> dict[str, Any]:
    """Explain one value in the next training step on some of the samples.

    Parameters
    ----------
    run : Run
    message : Explain
        Its `array` is a parameter, such as ``"w1"``; a layer, such as ``"layers[2]"``, whose `index` is one unit; or ``"x"``, the
        inputs. Its `samples` are numbers of points.

    Returns
    -------
    dict
        The array, the index, a title, and HTML.

    Raises
    ------
    ValueError
        If there is no such array, element or sample.
    """
    array, place, samples = message.array, tuple(message.index), message.samples
    traced = step_of(run, samples)
    if array in traced.step.model.trained:
        layer = layer_of(traced.step, array)
        title = f"{symbol(array)}[{', '.join(map(str, place))}]: parameter of layers[{layer}], {traced.step.model.layers[layer]}"
        parts = _parameter(traced, array, place, samples)
    else:
        name = _output(traced, array)
        units = traced.arrays[name].shape[1:]
        if len(place) != len(units) or any(not 0 <= i < size for i, size in zip(place, units, strict=True)):
            raise ValueError(f"index must be one of {array}, whose units have the shape {units}, got {list(place)}")
        owner = f"{array}, {traced.step.model.layers[int(array[7:-1])]}" if array != "x" else "the input"
        title = f"{symbol(name)}[{', '.join(map(str, place))}]: unit {place[-1]} of {owner}"
        parts = _unit(traced, name, place, samples)
    return {"array": array, "index": list(place), "title": title, "html": "".join(parts)}


def backpropagate(run: Run, sample: int = 0) -> list[dict[str, Any]]:
    """Return the steps of backpropagation for one sample: the loss, then each layer from the last to the first.

    Each has the number of its layer, a title, a formula and HTML; `units` are the gradients that it passes on, by layer, and `weights`
    those by its parameters. The first has the predictions as `units`.
    """
    traced = step_of(run, [sample])
    return [_step(traced, section) for section in traced.sections if section.stage in ("loss", "backward")]


def step_of(run: Run, samples: Sequence[int]) -> Trace:
    """Return the trace of the next step of a training, on these samples; the training is not changed."""
    problem, state = run.problem, run.training.state
    count = len(problem.X)
    rows = [integer("samples", each, minimum=0) for each in samples]
    if any(each >= count for each in rows):
        raise ValueError(f"samples must be below {count}, the number of points, got {list(samples)}")
    return trace(
        run.model_at(state),
        problem.X[rows],
        problem.y[rows],
        loss=problem.loss,
        optimizer=problem.optimizer,
        state=state if state.step else None,
    )


def _output(traced: Trace, array: str) -> str:
    """Return the name in the trace of what a layer computes."""
    found = UNIT.fullmatch(array)
    count = len(traced.step.model.layers)
    if array == "x":
        return "x"
    if found is None or int(found[1]) >= count:
        raise ValueError(f"array must be x, one of layers[0] to layers[{count - 1}], or a parameter, got {array!r}")
    return traced.outputs[int(found[1])] if int(found[1]) < len(traced.outputs) else "p"


def _drawn(traced: Trace, name: str) -> str:
    """Return what an array of the trace is in the drawing, without the d of a gradient; or ""."""
    plain = name if name in traced.step.model.trained else name.removeprefix("g_").removeprefix("d")
    if plain in ("x", *traced.step.model.trained):
        return plain
    if plain in traced.outputs:
        return f"layers[{traced.outputs.index(plain)}]"
    return f"layers[{len(traced.step.model.layers) - 1}]" if plain == "p" and traced.step.fused else ""


def _parameter(traced: Trace, name: str, place: tuple[int, ...], samples: Sequence[int]) -> Iterator[str]:
    """Yield the parts of the explanation of a weight or bias."""
    why = traced.why(name, place)
    use = next(each for each in traced.traced.values() if name in each.operands)
    gradient = _formula(traced, traced[f"d{name}"], place)
    if why.penalty:
        gradient += _formula(traced, traced[f"g_{name}"], place)
    update = "".join(f'<p class="numbers">{escape(line)}</p>' for line in why.update)
    alone = f"sample {samples[0]}" if len(samples) == 1 else f"samples {', '.join(map(str, samples))}"
    rows = why.rows()
    rows[1:-1] = [[f"sample {s}", *cells] for s, (_, *cells) in zip(samples, rows[1:-1], strict=True)]
    yield f"<p><strong>{escape(why.heading)}</strong> if the next step is on {alone} alone.</p>"
    yield _part("What it is used for", _formula(traced, use))
    yield _part("Its gradient: how the loss changes with it", gradient)
    yield _part("Which samples push it, and on which paths", _table(rows))
    yield _part("What the optimizer makes of it", update)


def _unit(traced: Trace, name: str, place: tuple[int, ...], samples: Sequence[int]) -> Iterator[str]:
    """Yield the parts of the explanation of a unit: its value and its gradient for each sample."""
    gradient = f"d{name}"
    for s, sample in enumerate(samples):
        value = number(traced.arrays[name][(s, *place)]).replace("-", "−")
        yield _part(f"Sample {sample}: the value is {value}", _formula(traced, traced[name], (s, *place)))
        if gradient in traced.traced:
            slope = traced.arrays[gradient][(s, *place)]
            words = f": the loss falls if the unit {'falls' if slope > 0 else 'rises'}" if slope else ""
            title = f"Its gradient is {number(slope).replace('-', '−')}{words}"
            yield _part(title, _formula(traced, traced[gradient], (s, *place)))


def _part(title: str, content: str) -> str:
    return f'<div class="part"><h3>{escape(title)}</h3>{content}</div>'


def _formula(traced: Trace, array: TracedArray, place: tuple[int, ...] | None = None) -> str:
    """Return the formula of an array, that of one element with its numbers, its operands, and a link to the derivation."""
    if not array.formula:
        return f"<p>{inline(array.name)}: {escape(array.note)}</p>"
    lines = [f'<div class="formula">{mathml(array.name, array.formula)}</div>']
    if place is not None:
        operands = {**traced.arrays, **array.settings}
        value = number(array.values[place], 6).replace("-", "−")
        indexed = f"{symbol(array.name)}[{', '.join(map(str, place))}]"
        lines.append(
            f'<p class="numbers">{escape(f"{indexed} = {element(array.formula, operands, place)} = {value}")}</p>'
        )
    given = [f"{inline(key)} = {escape(setting(value))}" for key, value in array.settings.items()]
    links = [f"with {', '.join(given)}"] if given else []
    links.append(f"from {', '.join(_operand(traced, name) for name in array.operands)}")
    page = next((each.page for each in traced.sections if array.name in each.names), "")
    links += [f'<a class="theory" href="{escape(theory_url() + page)}">derivation</a>'] if page else []
    return "".join([*lines, f'<p class="links">{"; ".join(links)}</p>'])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as a table, the first of them the heading; the page's style sheet aligns them."""
    lines = [
        "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
        for tag, row in zip(["th", *["td"] * (len(rows) - 1)], rows, strict=True)
    ]
    return f'<div class="scroll"><table>{"".join(f"<tr>{each}</tr>" for each in lines)}</table></div>'


def _operand(traced: Trace, name: str) -> str:
    """Return a button that shows where an operand is."""
    drawn = _drawn(traced, name)
    if not drawn:
        return inline(name)
    return f'<button type="button" class="operand" data-array="{escape(drawn)}" aria-label="{escape(symbol(name))}">{inline(name)}</button>'


def _step(traced: Trace, section: Section) -> dict[str, Any]:
    """Return one step of backpropagation."""
    found = UNIT.match(section.title)
    model, parameters = traced.step.model, traced.step.model.trained
    arrays = [traced[name] for name in section.names]
    units, weights = {}, {}
    for array in arrays:
        drawn = _drawn(traced, array.name)
        gradient = array.name.startswith(("d", "g_"))
        if drawn in parameters and gradient:
            weights[drawn] = _numbers(array.values)
        elif drawn and (gradient or section.stage == "loss"):
            units[drawn] = _numbers(array.values[0])
    if section.stage == "loss" and not traced.step.fused:
        units = {f"layers[{len(model.layers) - 1}]": _numbers(traced.step.prediction[0])}
    place = next((i for i, each in enumerate(model.places) if set(weights) & set(each.names)), len(model.layers) - 1)
    return {
        "layer": int(found[1]) if found else place,
        "title": f"{'Loss' if section.stage == 'loss' else 'Gradient'}: {section.title}",
        "formula": "; ".join(array.heading for array in arrays if array.formula),
        "html": "".join(
            f'<div class="part">{_formula(traced, each)}{heat_maps.table(each.values, table(each.values))}</div>'
            for each in arrays
        ),
        "units": units,
        "weights": weights,
    }


def _numbers(values: Any) -> Any:
    """Return numbers as JSON can hold them, with five digits; what is not finite is null."""
    array = np.asarray(values, float)
    short = [float(f"{each:.5g}") if np.isfinite(each) else None for each in array.ravel().tolist()]
    return np.array(short, object).reshape(array.shape).tolist()
