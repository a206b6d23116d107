"""From the bytes of a request to the bytes of its answer, without HTTP."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import orjson

from whorl._core.validation import all_finite, number
from whorl.answers import certainty, classes_of
from whorl.model import Model
from whorl.passes import predict
from whorl.serving.errors import RequestError, invalid
from whorl.serving.rows import Numbers, Table, read

LONG = 10_000_000
"""Multiplications that take some 5 ms."""
READING = 100
"""What reading and encoding a byte of a request costs, in multiplications."""


class Question(NamedTuple):
    """A request for predictions.

    Parameters
    ----------
    form : {"rows", "columns"}
    given : list or dict
        The rows or columns.
    rows : int
        Their number.
    coverage : float or None
    long : bool
        Whether the answer takes so long that others should not wait for it.
    """

    form: str
    given: Any
    rows: int
    coverage: float | None
    long: bool


class Predictor:
    """Answers requests for predictions of a model.

    Parameters
    ----------
    model : Model
    max_rows : int
        The largest number of rows of a request.

    Raises
    ------
    ValueError
        If the preparation or the classes of the model do not fit its layers.

    Examples
    --------
    >>> from whorl import Dense, Softmax
    >>> predictor = Predictor(Model([Dense(2), Softmax()], inputs=3, rng=0), max_rows=10)
    >>> predictor.answer(predictor.question(b'{"rows": [[0, 0, 0]]}'))
    b'{"predictions":[0],"probabilities":[[0.5,0.5]],"classes":[0,1]}'
    """

    def __init__(self, model: Model, max_rows: int) -> None:
        self.model: Model = model
        self.max_rows: int = max_rows
        self.table: Table | Numbers = Numbers(model.inputs, model.dtype)
        if model.preparation is not None:
            features = len(model.preparation.feature_names)
            if model.inputs != (features,):
                raise ValueError(
                    f"the model takes inputs of shape {model.inputs}, but its preparation makes {features} features"
                )
            self.table = Table(model.preparation, model.dtype)
        self.classes: list[str | int] = [*classes_of(model)]
        if self.classes and model.outputs != (len(self.classes),):
            raise ValueError(f"the model has outputs of shape {model.outputs}, but {len(self.classes)} classes")
        self._warm_up()

    def _warm_up(self) -> None:
        """Predict one row, so that the first request does not wait for modules to be loaded."""
        row = dict.fromkeys(self.table.names) if isinstance(self.table, Table) else np.zeros(self.model.inputs).tolist()
        with suppress(RequestError):  # the row may be none that the model can take
            self.answer(Question("rows", [row], 1, None, long=False))

    def question(self, body: bytes) -> Question:
        """Return what the body of a request asks for; raise RequestError if it is not JSON, or not as it must be."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            hint = (
                "; NaN and Infinity are not JSON: null is a missing value" if b"NaN" in body or b"Inf" in body else ""
            )
            raise RequestError(400, f"the body is not JSON: {error}{hint}") from None
        form, given, rows = read(self.table, document, self.max_rows)
        coverage = document.get("coverage")
        if "coverage" in document:
            try:
                coverage = number("coverage", coverage, above=0, below=1)
            except (TypeError, ValueError, RecursionError):
                raise invalid("must be a number above 0 and below 1", ("coverage",)) from None
        long = READING * len(body) + rows * self.model.parameters.size > LONG
        return Question(form, given, rows, coverage, long)

    def answer(self, question: Question) -> bytes:
        """Return the predictions as JSON; raise RequestError if a row is not as it must be."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                y = predict(self.model, self.table.samples(question.form, question.given))
        except (ValueError, ArithmeticError) as error:  # of a layer
            raise invalid(str(error), (question.form,)) from None
        if not all_finite(y):
            raise invalid("the numbers are too large: the predictions are not finite", (question.form,))
        answer = self._answer(y)
        if question.coverage is not None:
            try:
                answer |= {"coverage": question.coverage, **certainty(self.model, y, question.coverage)}
            except ValueError as error:
                raise invalid(str(error), ("coverage",)) from None
        return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)

    def _answer(self, y: Any) -> dict[str, Any]:
        if not self.classes:
            return {"predictions": y[:, 0] if self.model.outputs == (1,) else y}
        chosen = [self.classes[k] for k in y.argmax(axis=1).tolist()]
        return {"predictions": chosen, "probabilities": y, "classes": self.classes}
