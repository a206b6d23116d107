"""What the tests of serving share: models, requests without a network, and a server in a process of its own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import numpy as np

import whorl
from whorl import Dense, Model, ReLU, Softmax
from whorl.tables import Preparation, Target

ROWS = [
    {"age": 22, "fare": 7.25, "sex": "male", "member": True, "joined": "2024-05-06"},
    {"age": None, "fare": 71.3, "sex": "female", "member": False, "joined": "2021-01-31 12:30:00"},
    {"age": 4.5, "fare": -1e3, "sex": "unknown", "member": None, "joined": None},
]
"""Rows of a table; in the last one, a category that training has not seen."""

TRAINING = {
    "name": [f"passenger {k}" for k in range(30)],
    "age": [None if k % 7 == 0 else k + 1.5 for k in range(30)],
    "fare": [k * k / 10 for k in range(30)],
    "sex": ["male", "female", None] * 10,
    "member": [True, False, True] * 10,
    "joined": [f"2023-{k % 12 + 1:02}-{k % 28 + 1:02}" for k in range(30)],
    "survived": ["yes", "no"] * 15,
}


def of_classes():
    """A model that has learned a table, with two classes."""
    return of_table(Target("survived", "classification", ["no", "yes"]), [Dense(2), Softmax()])


def of_numbers():
    """A model that has learned a table, and predicts a number."""
    return of_table(Target("survived", "regression"), [Dense(1)])


def of_table(target, last):
    preparation = Preparation.learn(TRAINING, target)
    assert [column.name for column in preparation.columns] == ["age", "fare", "sex", "member", "joined"]
    model = Model([Dense(8), ReLU(), *last], inputs=len(preparation.feature_names), rng=0)
    model.preparation = preparation
    return model


def plain(dtype="float32"):
    """A model of two numbers, with three classes."""
    return Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2, rng=0, dtype=dtype)


def calibrated(model, n=100):
    """A copy of a model of two numbers that says how sure it is."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    y = np.arange(n) % 3 if isinstance(model.layers[-1], Softmax) else X.sum(axis=1)
    return whorl.calibrate(model, X, y)


def ask(app, method="POST", path="/predict", **request):
    """The answer of an application, without a network."""

    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://whorl") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


def refusal(response, status=422):
    """The error and the place of an answer that refuses a request."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.json().keys() == {"error", "where"}
    return response.json()["error"], response.json()["where"]


@contextmanager
def server(path, *options, status=0):
    """A process that serves a model file at any free port: give it, with its URL; at the end it must stop by itself, with this status."""
    command = [sys.executable, "-m", "whorl", "serve", str(path), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"serving .+ at (http://\S+)\n", line)
        assert found, line + process.stderr.read()
        yield process, found[1]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == status, process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
