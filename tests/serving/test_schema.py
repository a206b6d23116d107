"""The OpenAPI document, by a validator, and beside what the service accepts and answers."""

import itertools

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from services import ROWS, ask, calibrated, of_classes, of_numbers, plain

from whorl import Dense, Flatten, Model, Sigmoid, calibrate
from whorl.serving import app


def sigmoid():
    model = Model([Dense(1), Sigmoid()], inputs=2, rng=0)
    X = [[k, 0] for k in range(30)]
    return calibrate(model, X, [k % 2 for k in range(30)])


MODELS = {
    "classes of a table": of_classes(),
    "numbers of a table": of_numbers(),
    "classes": plain(),
    "images": Model([Flatten(), Dense(4)], inputs=(2, 2)),
    "intervals": calibrated(Model([Dense(1)], inputs=2, rng=0)),
    "sets": calibrated(plain()),
    "sets of one probability": sigmoid(),
}


def document(model):
    response = ask(app(model, max_rows=3), "GET", "/schema")
    assert response.headers["content-type"] == "application/json"
    return response.json()


def validator(document, name):
    """A validator for one of the schemas of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_document_is_openapi(model):
    OpenAPIV31SpecValidator(document(model)).validate()


def bodies(model):
    """Bodies that are right, and others that are not."""
    if model.preparation is None:
        rows = [[[1, 2.5], [0, -1]]] if len(model.inputs) == 2 else [[1, 2.5], [0, -1]]
        yield {"rows": rows}
        yield {"rows": rows, "coverage": 0.9}
        yield {"rows": rows, "coverage": 1.0}
        wrong = (1, "x", [1], [[1, 2], [3]], {"a": 1}, [1, None], [True, 1])
        yield from ({"rows": [row]} for row in wrong)
    else:
        columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
        yield from ({"rows": ROWS}, {"rows": [ROWS[0] | {"name": 7}]}, {"columns": columns})
        yield from (
            {"rows": ROWS, "columns": columns},
            {"rows": [{}]},
            {"rows": [ROWS[0] | {"other": 1}]},
            {"columns": {}},
        )
        for row, (name, value) in itertools.product(
            ROWS[:1], {"age": True, "sex": [], "member": {}, "joined": [1]}.items()
        ):
            yield {"rows": [row | {name: value}]}
            yield {"columns": {key: [value if key == name else cell] for key, cell in row.items()}}
    yield from ({"rows": []}, {"rows": None}, {}, [], {"rows": [], "x": 1})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_schema_of_requests_is_what_is_accepted(model):
    described, service = document(model), app(model, max_rows=3)
    request, found = validator(described, "Request"), set()
    for body in bodies(model):
        accepted = ask(service, json=body).status_code == 200
        assert request.is_valid(body) == accepted, body
        found.add(accepted)
    assert found == {True, False}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_schemas_of_answers_and_errors_are_what_is_answered(model):
    described, service = document(model), app(model, max_rows=3)
    answer, error = validator(described, "Answer"), validator(described, "Error")
    for body in bodies(model):
        response = ask(service, json=body)
        (answer if response.status_code == 200 else error).validate(response.json())
        assert str(response.status_code) in described["paths"]["/predict"]["post"]["responses"]


def test_columns_are_described():
    row = document(of_classes())["components"]["schemas"]["Row"]
    assert row["required"] == ["age", "fare", "sex", "member", "joined"]
    assert row["properties"]["age"]["type"] == ["number", "null"]
    assert row["properties"]["sex"]["examples"] == ["female", "male"]
    assert row["properties"]["member"]["type"] == ["boolean", "null"]
    assert row["properties"]["name"]["description"].startswith("Ignored: it looks like an identifier")
