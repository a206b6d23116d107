"""What `whorl serve` is measured beside: scikit-learn behind FastAPI, as its documentation shows it, and an answer that is always the same.

``python -m benchmarks.serving_peers NAME`` serves one of them with uvicorn at a free port, whose address it prints.
"""

import json
import socket
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import uvicorn

from benchmarks.cases import CASES, Array, samples

NUMBERS, CATEGORIES, ROWS = 8, 6, 2000
"""Columns of the table, and its rows."""
HIDDEN = 64
"""Hidden units, of all networks."""


def table() -> tuple[dict[str, list[Any]], list[str]]:
    """Draw the columns of a table, some numbers missing, and the classes of its rows."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, NUMBERS)).round(4)
    kinds = [rng.integers(3 + 4 * k, size=ROWS) for k in range(CATEGORIES)]
    label = X[:, 0] + X[:, 1] * (kinds[0] == 1) + 0.5 * rng.standard_normal(ROWS) > 0
    gaps = rng.random((ROWS, NUMBERS)) < 0.02
    numbers = {
        f"number {i}": [None if gap else x for x, gap in zip(X[:, i].tolist(), gaps[:, i], strict=True)]
        for i in range(NUMBERS)
    }
    categories = {f"category {k}": [f"kind {value}" for value in kinds[k]] for k in range(CATEGORIES)}
    return numbers | categories, ["yes" if each else "no" for each in label]


def of_numbers() -> Any:
    """FastAPI with an MLPClassifier for the network "spiral", 2-64-3."""
    X, y = samples(CASES["spiral"])
    model = fitted(classifier(), X, y)
    return service(list[float], lambda rows: answer(model, np.array(rows)))


def of_table() -> Any:
    """FastAPI with a pipeline for the table: medians, standardized numbers, one-hot categories, an MLPClassifier."""
    import pandas as pd
    from pydantic import Field, create_model
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns, y = table()
    numbers = [name for name in columns if name.startswith("number")]
    categories = [name for name in columns if name.startswith("category")]
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
    )

    def frame(columns: Any) -> Any:
        return pd.DataFrame(columns).astype(dict.fromkeys(numbers, float))

    model = fitted(make_pipeline(encode, classifier()), frame(columns), y)
    kinds: dict[str, Any] = {name.replace(" ", "_"): (float | None, Field(alias=name)) for name in numbers}
    kinds |= {name.replace(" ", "_"): (str, Field(alias=name)) for name in categories}
    row = create_model("Row", **kinds)
    return service(row, lambda rows: answer(model, frame([each.model_dump(by_alias=True) for each in rows])))


def service(row: Any, respond: Callable[[list[Any]], dict[str, Any]]) -> Any:
    """Return an application of FastAPI that responds to rows of a type."""
    from fastapi import FastAPI
    from pydantic import create_model

    async def predict(request: Any) -> dict[str, Any]:
        return respond(request.rows)

    predict.__annotations__["request"] = create_model("Rows", rows=(list[row], ...))
    app = FastAPI()
    app.post("/predict")(predict)
    return app


def classifier() -> Any:
    """Return a network of scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((HIDDEN,), max_iter=10, random_state=0)


def fitted(model: Any, X: Any, y: Any) -> Any:
    """Fit a model of scikit-learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the epochs are too few to converge
        return model.fit(X, y)


def answer(model: Any, X: Any) -> dict[str, Any]:
    """Return what `whorl serve` returns."""
    p: Array = model.predict_proba(X)
    classes = model.classes_
    return {
        "predictions": classes[p.argmax(axis=1)].tolist(),
        "probabilities": p.tolist(),
        "classes": classes.tolist(),
    }


def constant() -> Any:
    """Uvicorn with an answer of 90 bytes: what the server, the client and the network between them cost."""
    content = json.dumps({"predictions": [0], "padding": "x" * 57}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]

    async def app(_: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


APPS: dict[str, Callable[[], Any]] = {"numbers": of_numbers, "table": of_table, "constant": constant}


def serve(name: str) -> None:
    """Serve until the process is stopped, with the settings that `whorl serve` has."""
    config = partial(uvicorn.Config, access_log=False, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config(APPS[name]()))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"serving {name} at http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        server.run([listening])


if __name__ == "__main__":
    serve(sys.argv[1])
