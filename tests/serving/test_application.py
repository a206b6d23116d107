"""The application: answers and errors, without a network."""

import asyncio
import json
import re
import threading

import httpx
import numpy as np
import pytest
from services import ROWS, ask, calibrated, of_classes, of_numbers, plain, refusal

import whorl
from whorl import Dense, Embedding, Flatten, Model, Rescale, Sigmoid, Softmax
from whorl.passes import predict
from whorl.serving import app

COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def float32(values):
    return np.array(values, np.float32)


# Answers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classes_of_numbers(dtype):
    model, rows = plain(dtype), [[0.1, 0.2], [-3, 1e5], [0, 7]]
    answer = ask(app(model), json={"rows": rows}).json()
    assert answer.keys() == {"predictions", "probabilities", "classes"}
    np.testing.assert_array_equal(np.array(answer["probabilities"], dtype), model.predict(rows))  # to the bit
    assert answer["predictions"] == model.predict_classes(rows).tolist()
    assert answer["classes"] == [0, 1, 2]


@pytest.mark.parametrize("body", [{"rows": ROWS}, {"columns": COLUMNS}], ids=["rows", "columns"])
def test_classes_of_a_table(body):
    model = of_classes()
    answer = ask(app(model), json=body).json()
    np.testing.assert_array_equal(float32(answer["probabilities"]), model.predict(COLUMNS))
    assert answer["predictions"] == model.predict_classes(COLUMNS).tolist()
    assert answer["classes"] == ["no", "yes"]


@pytest.mark.parametrize("body", [{"rows": ROWS}, {"columns": COLUMNS}], ids=["rows", "columns"])
def test_numbers_of_a_table(body):
    model = of_numbers()
    answer = ask(app(model), json=body).json()
    assert answer.keys() == {"predictions"}
    np.testing.assert_array_equal(float32(answer["predictions"]), model.predict(COLUMNS)[:, 0])


def test_cells_mean_what_they_mean_in_a_file():
    """Text that spells a number, white space, missing values in words, booleans in capital letters."""
    row = {"age": "22", "fare": "?", "sex": " male ", "member": "TRUE", "joined": "2024-05-06"}
    same = {"age": 22, "fare": None, "sex": "male", "member": True, "joined": "2024-05-06"}
    service = app(of_classes())
    assert ask(service, json={"rows": [row]}).json() == ask(service, json={"rows": [same]}).json()


def test_columns_that_training_left_out_and_the_target_are_ignored():
    service, more = app(of_classes()), {"name": "x", "survived": ["anything"]}
    expected = ask(service, json={"rows": ROWS[:1]}).json()
    assert ask(service, json={"rows": [ROWS[0] | more]}).json() == expected
    assert ask(service, json={"columns": {k: [v] for k, v in (ROWS[0] | more).items()}}).json() == expected


@pytest.mark.parametrize(
    ("layers", "inputs"), [([Flatten(), Dense(1)], (2, 3)), ([Dense(4)], 3), ([Rescale(2.0, 0.0)], (2, 2))]
)
def test_inputs_and_outputs_of_any_shape(layers, inputs):
    model = Model(layers, inputs=inputs, rng=0)
    X = np.arange(2 * np.prod(inputs)).reshape(2, *model.inputs)
    found = ask(app(model), json={"rows": X.tolist()}).json()["predictions"]
    expected = model.predict(X)
    np.testing.assert_array_equal(float32(found), expected[:, 0] if model.outputs == (1,) else expected)


def test_intervals_of_numbers():
    model = calibrated(Model([Dense(1)], inputs=2, rng=0))
    X = [[0.5, 0.25], [2, -1]]
    answer = ask(app(model), json={"rows": X, "coverage": 0.8}).json()
    assert answer.keys() == {"predictions", "coverage", "low", "high"}
    for name, expected in zip(("predictions", "low", "high"), model.predict(X, interval=0.8), strict=True):
        np.testing.assert_array_equal(float32(answer[name]), expected[:, 0])
    assert ask(app(model), json={"rows": X}).json().keys() == {"predictions"}


def test_sets_of_classes():
    model, X = calibrated(plain()), np.random.default_rng(1).normal(size=(20, 2)).tolist()
    answer = ask(app(model), json={"rows": X, "coverage": 0.7}).json()
    assert answer["sets"] == [np.flatnonzero(row).tolist() for row in model.predict_sets(X, coverage=0.7)]
    assert answer["coverage"] == 0.7


def test_sets_of_one_probability():
    model = Model([Dense(1), Sigmoid()], inputs=2, rng=0)
    X = np.random.default_rng(0).normal(size=(50, 2))
    model = whorl.calibrate(model, X, X[:, 0] > 0)
    answer = ask(app(model), json={"rows": X.tolist(), "coverage": 0.9}).json()
    np.testing.assert_array_equal(float32(answer["predictions"]), model.predict(X)[:, 0])
    assert answer["sets"] == [np.flatnonzero(row).tolist() for row in model.predict_sets(X, coverage=0.9)]


# Errors in the body


@pytest.mark.parametrize(
    ("body", "message", "where"),
    [
        ([[1, 2]], "the body must be an object with 'rows', got a list of 1", []),
        ({}, "the body must be an object with 'rows', got none", []),
        ({"Rows": [[1, 2]]}, "the body must be an object with 'rows', got 'Rows'; did you mean 'rows'?", []),
        ({"columns": [[1], [2]]}, "the body must be an object with 'rows', got 'columns'", []),
        ({"rows": 1}, "rows: must be a list of rows, got 1", ["rows"]),
        ({"rows": {"a": 1}}, "rows: must be a list of rows, got an object", ["rows"]),
        ({"rows": []}, "rows: must hold at least one row", ["rows"]),
        ({"rows": [1, 2]}, "row 0: must be a list of 2 numbers, got 1", ["rows", 0]),
        ({"rows": [[1, 2], [1, 2, 3]]}, "row 1: must be a list of 2 numbers, got a list of 3", ["rows", 1]),
        ({"rows": [[1, 2], [3, "x"]]}, "row 1, column 1: must be a number, got 'x'", ["rows", 1, 1]),
        ({"rows": [[True, 2]]}, "row 0, column 0: must be a number, got true", ["rows", 0, 0]),
        ({"rows": [[1, None]]}, "row 0, column 1: must be a number, got null", ["rows", 0, 1]),
        ({"rows": [[1, [2]]]}, "row 0, column 1: must be a number, got a list of 1", ["rows", 0, 1]),
        ({"rows": [[1, 1e39]]}, "row 0, column 1: must be a number that float32 can hold, got 1e+39", ["rows", 0, 1]),
        ({"rows": [[1, 2]], "coverage": 1}, "coverage: must be a number above 0 and below 1", ["coverage"]),
        ({"rows": [[1, 2]], "coverage": None}, "coverage: must be a number above 0 and below 1", ["coverage"]),
        ({"rows": [[1, 2]], "coverage": 0.9}, "coverage: the model has not learned how sure its predictions are", ["coverage"]),
        ({"rows": [[3e38, 3e38]]}, "rows: the numbers are too large: the predictions are not finite", ["rows"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_numbers(body, message, where):
    error, place = refusal(ask(app(plain()), json=body))
    assert error.startswith(message)
    assert place == where


ROW = ROWS[0]


@pytest.mark.parametrize(
    ("body", "message", "where"),
    [
        ({}, "the body must be an object with 'rows' or 'columns', got none", []),
        ({"rows": [ROW], "columns": {}}, "the body must be an object with 'rows' or 'columns', got both", []),
        ({"rows": [ROW, [1]]}, "row 1: must be an object with a value for each column, got a list of 1", ["rows", 1]),
        ({"rows": [ROW, {}]}, "row 1: there is no value for the column 'age'; null is a missing value", ["rows", 1]),
        ({"rows": [ROW, ROW | {"sexe": 1}]}, "row 1: there is no column 'sexe'; did you mean 'sex'?", ["rows", 1]),
        ({"rows": [ROW | {"x" * 9999: 1}]}, f"row 0: there is no column '{'x' * 76}...; there are age, fare, sex", ["rows", 0]),
        ({"rows": [ROW, ROW | {"age": "old"}]}, "row 1, column 'age': must be a number, got 'old'", ["rows", 1, "age"]),
        ({"rows": [ROW | {"age": True}]}, "row 0, column 'age': must be a number, got 'true'", ["rows", 0, "age"]),
        ({"rows": [ROW | {"age": "inf"}]}, "row 0, column 'age': must be a finite number, got inf", ["rows", 0, "age"]),
        ({"rows": [ROW | {"fare": 1e300}]}, "row 0, column 'fare': must be a smaller number, got 1e+300", ["rows", 0, "fare"]),
        ({"rows": [ROW | {"member": "maybe"}]}, "row 0, column 'member': must be true or false, got 'maybe'", ["rows", 0, "member"]),
        ({"rows": [ROW | {"joined": "May"}]}, "row 0, column 'joined': must be a date, year-month-day, got 'May'", ["rows", 0, "joined"]),
        ({"rows": [ROW, ROW | {"sex": ["male"]}]}, "row 1, column 'sex': must be a number, text, true, false or null, got a list of 1", ["rows", 1, "sex"]),
        ({"rows": [ROW | {"age": {}}]}, "row 0, column 'age': must be a number, text, true, false or null, got an object", ["rows", 0, "age"]),
        ({"columns": []}, "columns: must be an object with a list for each column, got a list of 0", ["columns"]),
        ({"columns": {}}, "columns: must hold at least one row", ["columns"]),
        ({"columns": {"age": []}}, "columns: must hold at least one row", ["columns"]),
        ({"columns": {"age": [1]}}, "columns: there is no value for the column 'fare'", ["columns"]),
        ({"columns": COLUMNS | {"age": 1}}, "columns: column 'age' must be a list, got 1", ["columns"]),
        ({"columns": COLUMNS | {"age": [1]}}, "columns: must be lists of equal length, got from 1 to 3 values", ["columns"]),
        ({"columns": COLUMNS | {"ages": [1, 2, 3]}}, "columns: there is no column 'ages'; did you mean 'age'?", ["columns"]),
        ({"columns": COLUMNS | {"age": [1, 2, "x"]}}, "row 2, column 'age': must be a number, got 'x'", ["columns", "age", 2]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_tables(body, message, where):
    error, place = refusal(ask(app(of_classes()), json=body))
    assert error.startswith(message)
    assert place == where


def test_values_that_a_layer_refuses():
    model = Model([Embedding([3], dimension=2), Dense(1)], inputs=2, rng=0)
    error, where = refusal(ask(app(model), json={"rows": [[7, 1]]}))
    assert "must hold whole numbers from 0 to 2" in error
    assert where == ["rows"]


@pytest.mark.parametrize("text", ["", "{", '{"rows": [[1, 2]', "[1,]", "nul", "{} {}", "'", "\0", '"\\ud800"', "9" * 400, "[" * 2000 + "]" * 2000])  # fmt: skip
def test_what_is_not_json(text):
    error, where = refusal(ask(app(plain()), content=text, headers={"content-type": "application/json"}), 400)
    assert error.startswith("the body is not JSON: ")
    assert where == []


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_not_json(word):
    body = f'{{"rows": [[1, {word}]]}}'
    error, _ = refusal(ask(app(plain()), content=body, headers={"content-type": "application/json"}), 400)
    assert error.endswith("NaN and Infinity are not JSON: null is a missing value")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_text_must_be_utf_8(encoding):
    body = json.dumps({"rows": [ROW | {"sex": "é"}]}, ensure_ascii=False).encode(encoding)
    refusal(ask(app(of_classes()), content=body, headers={"content-type": "application/json"}), 400)


@pytest.mark.parametrize("depth", [3, 900])
@pytest.mark.parametrize("model", [plain(), of_classes()], ids=["numbers", "table"])
@pytest.mark.parametrize("key", ["rows", "columns", "coverage", "other"])
def test_nesting(depth, model, key):
    """Python cannot show what is nested so deeply."""
    nested = "[" * depth + "]" * depth
    bodies = [
        f'{{"rows": [[1, 2]], "{key}": {nested}}}',
        f'{{"{key}": [{{"age": {nested}}}]}}',
        f'{{"{key}": {{"age": {nested}}}}}',
    ]
    row = {**ROW, "age": "?"}
    bodies.append(json.dumps({key: [row]}).replace('"?"', nested))
    for body in bodies:
        refusal(ask(app(model), content=body, headers={"content-type": "application/json"}))


# Limits, paths and methods


def test_limits():
    service = app(plain(), max_body=100, max_rows=3)
    assert ask(service, json={"rows": [[1, 2]] * 3}).status_code == 200
    error, where = refusal(ask(service, json={"rows": [[1, 2]] * 4}), 413)
    assert (error, where) == ("there are 4 rows; at most 3 are allowed", ["rows"])
    error, _ = refusal(ask(service, content=b" " * 101, headers={"content-type": "application/json"}), 413)
    assert error == "the body is too large: at most 100 bytes are allowed"


def in_parts(count, read):
    async def parts():
        for i in range(count):
            read.append(i)
            yield b" " * 10

    return parts()


def test_a_body_without_a_length_is_not_read_beyond_the_limit():
    read = []
    headers = {"content-type": "application/json"}
    refusal(ask(app(plain(), max_body=100), content=in_parts(10**6, read), headers=headers), 413)
    assert len(read) == 11


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "Application/JSON; charset=utf-8"}, 200),
        ({}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/jsonx"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": "application/json", "content-length": "9" * 5000}, 413),
        ({"content-type": "application/json", "content-length": "many"}, 400),
    ],
)
def test_headers(headers, status):
    response = ask(app(plain()), content=b'{"rows": [[1, 2]]}', headers=headers)
    assert response.status_code == status
    if status != 200:
        refusal(response, status)


@pytest.mark.parametrize(
    "path", ["/", "/predict/", "/predictions", "//predict", "/docs", "/%00", "/é", "/" + "x" * 5000]
)
def test_unknown_paths(path):
    error, _ = refusal(ask(app(plain()), "GET", path), 404)
    assert error == "there is no such path; there are /predict, /schema, /healthz, /metrics"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("DELETE", "/predict", "POST"),
        ("OPTIONS", "/predict", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PUT", "/metrics", "GET, HEAD"),
    ],
)
def test_methods(method, path, allowed):
    response = ask(app(plain()), method, path)
    assert refusal(response, 405)[0] == f"this path takes only {allowed}"
    assert response.headers["allow"] == allowed
    assert "access-control-allow-origin" not in response.headers


def test_health():
    assert ask(app(plain()), "GET", "/healthz").json() == {"status": "ok"}


# Metrics


def metrics(service):
    """The figures, with labels, by name."""
    text = ask(service, "GET", "/metrics").text
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+) (\S+)$", text, re.MULTILINE)}


def test_metrics():
    service = app(plain())
    ask(service, json={"rows": [[1, 2]] * 3})
    ask(service, json={"rows": [[1, 2]] * 2})
    ask(service, json={"rows": [[1]]})
    for path in ("/a", "/b"):
        ask(service, "GET", path)
    found = metrics(service)
    assert found["whorl_rows_predicted_total"] == 5
    assert found['whorl_requests_total{path="/predict",status="200"}'] == 2
    assert found['whorl_requests_total{path="/predict",status="422"}'] == 1
    assert found['whorl_requests_total{path="other",status="404"}'] == 2
    assert found['whorl_request_seconds_bucket{le="+Inf",path="/predict"}'] == 3
    assert found['whorl_request_seconds_count{path="other"}'] == 2
    assert 0 < found['whorl_request_seconds_sum{path="/predict"}'] < 10
    assert found["whorl_requests_in_flight"] == 1  # this one
    response = ask(service, "GET", "/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_paths_that_do_not_exist_do_not_make_metrics_grow():
    service = app(plain())
    sizes = []
    for k in range(50):
        ask(service, "GET", f"/{k}")
        sizes.append(len(metrics(service)))
    assert sizes[1] == sizes[-1]  # in the first, there are none of /metrics yet


# What a service needs


def test_a_model_that_does_not_fit_its_preparation_is_refused():
    model = of_classes()
    other = Model([Dense(2), Softmax()], inputs=3)
    other.preparation = model.preparation
    with pytest.raises(
        ValueError, match=r"the model takes inputs of shape \(3,\), but its preparation makes \d+ features"
    ):
        app(other)
    other = Model([Dense(3), Softmax()], inputs=model.inputs)
    other.preparation = model.preparation
    with pytest.raises(ValueError, match=r"the model has outputs of shape \(3,\), but 2 classes"):
        app(other)


@pytest.mark.parametrize("limit", [{"max_body": 0}, {"max_rows": 0}, {"max_rows": "many"}])
def test_arguments(limit):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(limit))} must be a whole number of at least 1"):
        app(plain(), **limit)
    with pytest.raises(TypeError, match="model must be a Model"):
        app("model.npz")


def test_a_failure_of_the_model_is_an_error_in_json(monkeypatch):
    service = app(plain())

    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr("whorl.serving.predictor.predict", fail)

    async def send():
        transport = httpx.ASGITransport(service, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://whorl") as client:
            return await client.post("/predict", json={"rows": [[1, 2]]})

    error, _ = refusal(asyncio.run(send()), 500)
    assert error == "the server has failed; its log says why"
    assert metrics(service)['whorl_requests_total{path="/predict",status="500"}'] == 1


def test_long_answers_are_computed_in_threads_and_short_ones_at_once(monkeypatch):
    model, threads = plain(), []
    service = app(model)

    def noted(model, x):
        threads.append(threading.current_thread() is threading.main_thread())
        return predict(model, x)

    monkeypatch.setattr("whorl.serving.predictor.predict", noted)
    rows = np.random.default_rng(0).normal(size=(9000, 2)).tolist()
    answer = ask(service, json={"rows": rows}).json()
    ask(service, json={"rows": rows[:1]})
    assert threads == [False, True]
    np.testing.assert_array_equal(float32(answer["probabilities"]), model.predict(rows))
