"""The description of the service as an OpenAPI 3.1 document, made from the model."""

from __future__ import annotations

from typing import Any

import whorl
from whorl._core.types import Shape
from whorl.calibration import Sets
from whorl.serving.predictor import Predictor
from whorl.tables import Category, Date, Preparation
from whorl.tables.frame import BOOLEANS
from whorl.tables.kinds import Encoding

REFUSED = {
    400: "The body is not JSON.",
    413: "The body is too large, or has too many rows.",
    415: "The body must be JSON, with the header Content-Type: application/json.",
    422: "A value of the body is not what it must be.",
}
"""What the statuses of errors mean."""


def schema(predictor: Predictor) -> dict[str, Any]:
    """Return the OpenAPI document of a service.

    Examples
    --------
    >>> from whorl import Dense, Model
    >>> document = schema(Predictor(Model([Dense(1)], inputs=2), max_rows=10))
    >>> document["openapi"], document["components"]["schemas"]["Row"]["maxItems"]
    ('3.1.0', 2)
    """
    refused = {str(status): _response(text, _reference("Error")) for status, text in REFUSED.items()}
    predict = {
        "summary": "Predict rows",
        "operationId": "predict",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _reference("Request")}}},
        "responses": {"200": _response("The predictions, in the order of the rows.", _reference("Answer")), **refused},
    }
    text = {"200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Predictions of a whorl model", "version": whorl.__version__},
        "paths": {
            "/predict": {"post": predict},
            "/schema": {"get": _get("This document", _response("An OpenAPI document.", {"type": "object"}))},
            "/healthz": {"get": _get("Whether the service runs", _response("It does.", {"type": "object"}))},
            "/metrics": {"get": {"summary": "Metrics in the text format of Prometheus", "responses": text}},
        },
        "components": {
            "schemas": {**_request(predictor), "Answer": _answer(predictor), "Error": _error()},
        },
    }


def _request(predictor: Predictor) -> dict[str, Any]:
    """Return the schemas of a request and of its rows."""
    preparation, most = predictor.model.preparation, predictor.max_rows
    rows = {"type": "array", "items": _reference("Row"), "minItems": 1, "maxItems": most}
    forms = {"rows": rows}
    schemas = {"Row": _numbers(predictor.model.inputs)}
    if preparation is not None:
        cells = _cells(preparation)
        used = [column.name for column in preparation.columns]
        lists = {
            name: {"type": "array", "items": cell, "minItems": 1, "maxItems": most} for name, cell in cells.items()
        }
        schemas = {"Row": _object(cells, used), "Columns": _object(lists, used)}
        forms["columns"] = _reference("Columns")
    coverage = {"coverage": _coverage()} if predictor.model.uncertainty is not None else {}
    schemas["Request"] = {"oneOf": [_object({form: given, **coverage}, [form]) for form, given in forms.items()]}
    return schemas


def _cells(preparation: Preparation) -> dict[str, Any]:
    """Return the schema of a cell of each column, also of those that are ignored."""
    cells = {column.name: _cell(column) for column in preparation.columns}
    ignored = {column.name: {"description": f"Ignored: {column.reason}."} for column in preparation.excluded}
    if preparation.target is not None:
        ignored[preparation.target.name] = {"description": "Ignored: it is what is predicted."}
    return cells | ignored


def _cell(column: Encoding) -> dict[str, Any]:
    if isinstance(column, Date):
        text = "A date such as 2024-12-31, with or without a time. Null is a missing value."
        return {"type": ["string", "null"], "description": text}
    if not isinstance(column, Category):
        return {"type": ["number", "null"], "description": "A number. Null is a missing value."}
    if BOOLEANS.issuperset(column.categories) and not column.other:
        return {"type": ["boolean", "null"], "description": "True or false. Null is a missing value."}
    text = "A category. Others than those of the training rows are allowed. Null is a missing value."
    return {"type": ["string", "null"], "description": text, "examples": list(column.categories)}


def _answer(predictor: Predictor) -> dict[str, Any]:
    """Return the schema of the answer."""
    classes: list[Any] = predictor.classes
    if classes:
        one = {"enum": classes}
        answer = {
            "predictions": {"type": "array", "items": one, "description": "The most probable class of each row."},
            "probabilities": {"type": "array", "items": _numbers((len(classes),))},
            "classes": {"const": classes, "description": "The classes, in the order of the probabilities."},
        }
    else:
        outputs = predictor.model.outputs
        one = {"enum": [*predictor.model.classes] or [0, 1]}  # of sets, for one probability
        answer = {"predictions": {"type": "array", "items": _numbers(() if outputs == (1,) else outputs)}}
    learned, required = predictor.model.uncertainty, list(answer)
    if isinstance(learned, Sets):
        sets = {"type": "array", "items": {"type": "array", "items": one, "minItems": 1}}
        answer |= {"coverage": _coverage(), "sets": sets}
    elif learned is not None:
        bounds = {name: {"type": "array", "items": {"type": "number"}} for name in ("low", "high")}
        answer |= {"coverage": _coverage(), **bounds}
    return _object(answer, required)


def _coverage() -> dict[str, Any]:
    text = "The probability with which the right value is inside the interval or the set; gives low and high, or sets."
    return {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "description": text}


def _error() -> dict[str, Any]:
    where = {
        "type": "array",
        "items": {"type": ["string", "integer"]},
        "description": "The way to the value of the body, such as rows, 2, age. Rows are counted from 0.",
    }
    return _object({"error": {"type": "string"}, "where": where}, ["error", "where"])


def _numbers(shape: Shape) -> dict[str, Any]:
    """Return the schema of nested lists of numbers."""
    if not shape:
        return {"type": "number"}
    return {"type": "array", "items": _numbers(shape[1:]), "minItems": shape[0], "maxItems": shape[0]}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _response(text: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": content}}}


def _get(summary: str, response: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": response}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
