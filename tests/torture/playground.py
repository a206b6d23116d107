"""Send random and mutated messages to the playground: each must be answered, and the server must not fail, stop or grow.

``python tests/torture/playground.py 100000`` sends a hundred thousand to a server, and prints the figures.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from hashlib import sha256

from serve import memory
from websockets.sync.client import connect

KINDS = (
    "configure",
    "play",
    "pause",
    "advance",
    "back",
    "edit",
    "look",
    "explain",
    "backpropagate",
    "upload",
    "export",
)

LAYERS = ["Dense(2)", "Dense(3)", "Dense(8)", "ReLU()", "Tanh()", "Softmax()", "Sigmoid()", "Dropout(0.5)", "BatchNorm()", "Standardize()",
          "LayerNorm()", "Residual([Dense(2)])", "Average([Dense(3)], members=3)", "PeriodicEmbedding()", "Embedding([3], 2)", "Flatten()",
          "Dense(10**9)", "Dense(1000000000)", "Dense(-1)", "Dense", "Dense()", "RankScale()", "Dense(3, initializer=Normal(1e30))",
          "__import__('os')", "Dense(2).units", "[Dense(2)]", "Dense(units=2)", "Average([Average([Dense(2)], members=40)], members=40)"]  # fmt: skip
LOSSES = [
    "CrossEntropy()",
    "BinaryCrossEntropy()",
    "MeanSquaredError()",
    "Hinge()",
    "Huber()",
    "Poisson()",
    "Quantile(0.5)",
    "Loss()",
    "x",
]
OPTIMIZERS = ["Adam(0.01)", "SGD(1e30)", "SGD(Cosine(0.1, epochs=3))", "LBFGS()", "Averaged(Adam())", "Clipped(SGD(0.1), norm=1.0)",
              "SGD(ReduceOnPlateau(0.1))", "Adam(-1)", "SGD(1e-300)", "Lion(0.1)", "AdamW(OneCycle(0.1, epochs=5))", "Step()"]  # fmt: skip
TABLES = ["a,b,k\n1,2,x\n2,3,y\n3,1,x\n4,4,y\n5,2,x\n6,1,y\n", "a;k\n1;x\n2;y\n", "k\nx\ny\n", "a,b\n1\n", '"', "a,b,k\n1e308,2,0\n-1e308,3,1\n,,1\n",
          "d,k\n2024-01-01,0\n2024-02-01,1\n2024-03-01,0\n", "\ufeffa,k\r\n1,x\r\n2,y\r\n", "\0,\0\n1,2\n", "a\tk\n1\tx\n2\ty\n", "x" * 1000]  # fmt: skip
VALUES = [None, True, -1, 0, 1, 2**31, 2**63, 10**40, 0.5, 1e308, -1e308, "", "x", "é\u2028", "w1", "\ud800", [], [[]], {}, {"kind": "spiral"},
          [0, 0], "Dense(2)", "0" * 64, "../../etc/passwd"]  # fmt: skip
BYTES = [
    b"NaN",
    b"1e999",
    b"-",
    b"{",
    b"[",
    b"]",
    b"}",
    b",",
    b":",
    b'"',
    b"\xff",
    b"\\ud800",
    b"\\u0000",
    b"\0",
    b"\xef\xbb\xbf",
    b"[" * 5000,
]


def data(chance):
    """Data of a configuration, mostly as they should be."""
    seed = chance.randrange(5)
    return chance.choice(
        [
            {"kind": "spiral", "samples": 10, "classes": chance.choice([2, 3]), "seed": seed},
            {"kind": "moons", "samples": 10, "noise": chance.choice([0, 0.1, 2]), "seed": seed},
            {"kind": "circles", "samples": 10, "factor": 0.5, "seed": seed},
            {"kind": "xor", "samples": 10, "seed": seed},
            {"kind": "blobs", "samples": 10, "classes": 2, "spread": 0},
            {"kind": "points", "points": [[chance.randrange(-100, 101), 0, k % 3] for k in range(9)]},
            {
                "kind": "table",
                "digest": chance.choice(DIGESTS),
                "target": chance.choice("abk"),
                "axes": [0, chance.randrange(2)],
            },
        ]
    )


DIGESTS = ["0" * 64, *(sha256(text.encode()).hexdigest() for text in TABLES[:2])]


def configuration(chance):
    """A configuration: every second one is right, the others may be wrong."""
    given = {"data": data(chance), "optimizer": chance.choice(OPTIMIZERS[:9]), "seed": chance.randrange(3)}
    classes = given["data"].get("classes", 3 if given["data"]["kind"] == "points" else 2)
    first = chance.choice(LAYERS[:-4])
    given["layers"] = [first, f"Dense({chance.choice([1, 4, 8])})", "Tanh()", f"Dense({classes})", "Softmax()"]
    given |= {"batch_size": chance.choice([1, 7, 32, 5000]), "validation": chance.choice([0, 0.2, 0.5])}
    if chance.random() < 0.5:
        return given
    given |= {
        "validation": chance.choice([0.01, 0.2, 0.9]),
        "features": chance.choice([["x", "y"], ["x", "y", "xy", "x²"], ["radius", "angle"], ["x", "x"], ["z"]]),
        "loss": chance.choice(LOSSES),
        "optimizer": chance.choice(OPTIMIZERS),
        "stop": {"epochs": chance.choice([1, 5, 1000]), "accuracy": chance.choice([None, 0.5, 1])},
    }
    if chance.random() < 0.5:
        given["layers"] = chance.choices(LAYERS, k=chance.randrange(1, 6))
    return given


def message(chance):
    """A message, mostly of the right form."""
    kind = chance.choice(KINDS)
    number = chance.choice([0, 1, 2, 5, 50])
    return {"type": kind} | {
        "configure": lambda: {"configuration": configuration(chance)},
        "play": lambda: {"speed": chance.choice([0, 1, 1e6])},
        "pause": dict,
        "advance": lambda: {"unit": chance.choice(["batch", "epoch"])},
        "back": lambda: {"step": number},
        "edit": lambda: {
            "name": chance.choice(["w1", "b1", "w2", "mean1", "v1", "__class__", "x"]),
            "index": chance.choice([[0, 0], [0], [1, 2], [5, 5], [100_000]]),
            "value": chance.choice([0, -1.5, 1e6]),
        },
        "look": lambda: {
            "grid": chance.choice([8, 9, 20]),
            "units": chance.sample(range(60), chance.randrange(4)),
            "spread": chance.random() < 0.2,
        },
        "explain": lambda: {
            "array": chance.choice(["w1", "b1", "layers[0]", "layers[1]", "layers[99]", "loss", "x"]),
            "index": chance.choice([[0, 0], [0], [9, 9]]),
            "samples": chance.choice([[0], [0, 1], [number]]),
        },
        "backpropagate": lambda: {"sample": number},
        "upload": lambda: {"name": chance.choice(["a.csv", "../x", "é"]), "text": chance.choice(TABLES)},
        "export": lambda: {"what": chance.choice(["script", "script", "npz", "csv", "onnx", "x"])},
    }[kind]()


def wrong(chance, value):
    """A value of JSON with a part of it replaced, removed or added."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice([*value])
        if chance.random() < 0.1:
            return {other: each for other, each in value.items() if other != name}
        if chance.random() < 0.1:
            return value | {chance.choice(["x", "type", "kind", ""]): chance.choice(VALUES)}
        return value | {name: wrong(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], wrong(chance, value[place]), *value[place + 1 :]]
    if isinstance(value, str) and value and chance.random() < 0.5:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice(["", "(", ")", "9" * 30, "\0", "é", "**", "'"]) + value[place + 1 :]
    return chance.choice(VALUES)


def content(chance):
    """What is sent: text or binary data."""
    given = message(chance)
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        name = chance.choice([*given, *given][1:])  # less often the type, which is first
        given = given | {name: wrong(chance, given[name])}
    text = json.dumps(given).encode()
    if chance.random() < 0.1:
        place = chance.randrange(len(text))
        text = chance.choice(
            [
                text[:place],
                text[:place] + chance.choice(BYTES) + text[place:],
                chance.randbytes(chance.choice([0, 1, 99])),
            ]
        )
    try:
        return text.decode() if chance.random() < 0.9 else text
    except UnicodeDecodeError:
        return text  # a web socket sends it as binary data


def is_look(text):
    """Whether a message asks for a frame, which may come later."""
    try:
        return json.loads(text).get("type") == "look"
    except (ValueError, AttributeError, RecursionError):
        return False


def described(answer):
    """What an answer is: its type, and what it answers."""
    if isinstance(answer, bytes):
        return json.loads(answer[4 : 4 + int.from_bytes(answer[:4], "little")])["type"]
    found = json.loads(answer)
    assert "the server has failed" not in found.get("message", ""), found
    assert "there is no picture" not in found.get("message", ""), found
    return found["type"]


def run(count, send, receive, seed=0):
    """Send so many messages; return how many answers of each kind came. Each has one answer; that of a look may come later."""
    chance, answers = random.Random(seed), Counter()
    for number in range(count):
        text = content(chance) if number else '{"type": "configure", "configuration": {}}'
        send(text)
        if is_look(text):
            continue
        while True:
            try:
                answer = receive()
            except Exception as error:
                error.add_note(f"message {number} of seed {seed}: {text[:500]!r}")
                raise
            kind = described(answer)
            answers[kind] += 1
            if kind != "frame" and '"of":"look"' not in str(answer):
                break
    return answers


@contextmanager
def server():
    """A server in a process of its own; yields the process and the address of its socket."""
    command = [sys.executable, "-m", "whorl", "playground", "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            host, token = re.search(r"http://(.*)/\?token=(.*)\n", process.stdout.readline()).groups()
            yield process, f"ws://{host}/socket?token={token}", f"http://{host}"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


def torture(count):
    """Send so many messages to a server over connections of a thousand each; print the figures."""
    answers, begun = Counter(), time.monotonic()
    with server() as (process, address, origin):
        for part in range(max(1, count // 1000)):
            with connect(address, origin=origin, max_size=None, compression=None) as page:
                answers += run(min(count, 1000), page.send, lambda page=page: page.recv(timeout=60), seed=part)
            if part == min(9, count // 2000):
                before, opened = memory(process)
        after, opened_after = memory(process)
        assert process.poll() is None
    print(f"{answers.total():,} answers in {time.monotonic() - begun:.0f} s: {dict(answers)}")
    print(
        f"memory {before:.0f} MB after ten thousand messages, {after:.0f} MB at the end; open files {opened} and {opened_after}"
    )


if __name__ == "__main__":
    torture(int(sys.argv[1]))
