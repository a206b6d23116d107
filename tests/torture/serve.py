"""Send malformed requests to a server: each must be refused with an error in JSON, and the server must not fail, stop or grow.

``python tests/torture/serve.py 10000`` sends ten thousand, and prints the figures.
"""

import json
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from whorl import Dense, Model, ReLU, Softmax
from whorl.tables import Preparation

ROW = {"age": 22, "fare": 7.25, "sex": "male", "member": True, "joined": "2024-05-06"}
TRAINING = {
    "age": [None if k % 7 == 0 else k + 1.5 for k in range(30)],
    "fare": [k * k / 10 for k in range(30)],
    "sex": ["male", "female", None] * 10,
    "member": [True, False, True] * 10,
    "joined": [f"2023-{k % 12 + 1:02}-{k % 28 + 1:02}" for k in range(30)],
}
LIMIT = 20_000
"""The largest body that the server takes."""

WRONG = [[], {}, [[]], [1], {"age": 1}, "x", "inf", "9" * 400, "\0", "é" * 500, True, 1e308, -1e308, 10**30]
"""Values that are wrong in a column of numbers, where most of them are refused."""

WORDS = [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"nul", b"tru", b"'a'", b"{", b"[", b"]", b"}", b",", b":", b'"', b"\xff", b"\xc3", b"\\ud800",
         b"\0", b"//", b"0x10", b"01", b".5", b"+1", b"undefined", b"\xef\xbb\xbf", b'{"rows":', b"9" * 500]  # fmt: skip
"""What is put into JSON."""


# Bodies, each from a random generator


def not_json(chance):
    """JSON with something in it that makes it none; by chance it may still be JSON."""
    text = json.dumps({"rows": [ROW] * chance.choice([1, 3])}).encode()
    place = chance.randrange(len(text))
    return chance.choice(
        [
            text[:place],
            text[:place] + chance.choice(WORDS) + text[place:],
            text[:place] + chance.randbytes(chance.choice([1, 10, 100])) + text[place:],
            chance.randbytes(chance.choice([0, 1, 50, 5000])),
            text.decode().encode(chance.choice(["utf-16", "utf-32"])),
        ]
    )


def nested(chance):
    """Lists or objects in each other, up to as many as the limit allows."""
    depth = chance.choice([2, 50, 500, 1000, 1024, 3000])
    first, last = chance.choice([("[", "]"), ('{"rows":', "}"), ('{"a":', "}")])
    deep = first * depth + "1" + last * depth
    return chance.choice(["%s", '{"rows": %s}', '{"rows": [%s]}', '{"columns": %s}', '{"rows": [{"age": %s}]}']).replace("%s", deep).encode()  # fmt: skip


def wrong_value(chance):
    """A right request with one value that is wrong in a column of numbers."""
    name = chance.choice(["age", "fare"])
    rows = [dict(ROW) for _ in range(chance.choice([1, 2, 20]))]
    chance.choice(rows)[name] = chance.choice(WRONG)
    columns = {key: [row[key] for row in rows] for key in ROW}
    return json.dumps(chance.choice([{"rows": rows}, {"columns": columns}])).encode()


def wrong_columns(chance):
    """Rows with a column too many, too few, or named otherwise."""
    row, name = dict(ROW), chance.choice(list(ROW))
    value = row.pop(name)
    if chance.random() < 0.7:
        row[chance.choice([name.upper(), name + "s", "", "\0", "x" * 3000, "__class__", "é"])] = value
    return json.dumps({"rows": [ROW, row]}).encode()


def wrong_form(chance):
    """Another form than rows or columns."""
    forms = [
        [ROW], ROW, {"row": ROW}, {"instances": [ROW]}, {"rows": ROW}, {"rows": [list(ROW.values())]}, {"rows": []}, {"columns": []},
        {"columns": {"age": [1, 2], "fare": [1]}}, {"rows": None}, {"rows": [None]}, {"rows": [ROW], "columns": {}}, {"rows": [ROW], "x": 1},
        {"rows": [ROW], "coverage": chance.choice([0, 1, "x", None, [], 2e308, 0.9])}, None, 1, "rows",
    ]  # fmt: skip
    return json.dumps(chance.choice(forms)).encode()


def too_large(chance):
    """More bytes, or more rows, than are allowed."""
    return chance.choice([b" " * chance.choice([LIMIT + 1, 300_000]), json.dumps({"rows": [{}] * 60}).encode()])


BODIES = [not_json, not_json, nested, wrong_value, wrong_columns, wrong_form, too_large]
JSON = "Content-Type: application/json\r\n"


def request(body, method="POST", path="/predict", headers=JSON):
    head = f"{method} {path} HTTP/1.1\r\nHost: whorl\r\n{headers}"
    return head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body) + body


# Requests, each from a random generator and a malformed body


def wrong_method(chance, body):
    return request(body, method=chance.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"]))


def wrong_path(chance, body):
    paths = ["/", "/predict/", "/x" * 100, "/%00", "/%ff", "/../predict", "/predict%20", "//", "/nothing?" + "a" * 900, "/" + "%c3" * 50]  # fmt: skip
    return request(body, path=chance.choice(paths))


def wrong_type(chance, body):
    types = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json", "é", "application/json-seq", "x" * 2000]  # fmt: skip
    return request(body, headers=f"Content-Type: {chance.choice(types)}\r\n")


def compressed(chance, body):
    return request(body, headers=f"{JSON}Content-Encoding: {chance.choice(['gzip', 'br', 'é'])}\r\n")


def chunked(chance, body):
    """Without a Content-Length."""
    size = chance.choice([1, 100, 5000])
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return f"POST /predict HTTP/1.1\r\nHost: whorl\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks


def not_http(chance, body):
    """What no application sees: uvicorn refuses it, or waits for more."""
    start = b"POST /predict HTTP/1.1\r\n"
    wrong = [
        b"\r\n\r\n", b"GET\r\n\r\n", b"POST /predict\r\n\r\n", chance.randbytes(300), b"\x16\x03\x01" + chance.randbytes(100),
        b"FOO /predict HTTP/1.1\r\n\r\n", b"POST /predict HTTP/9.9\r\n\r\n", b"POST /pr\xe9dict HTTP/1.1\r\n\r\n", start + b"A B: 1\r\n\r\n",
        start + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", start + b"Content-Length: 9\r\n\r\n{",
        *(start + b"Content-Length: %s\r\n\r\n" % length for length in (b"x", b"-1", b"9" * 30)),
    ]  # fmt: skip
    return chance.choice(wrong)


REQUESTS = [
    *[lambda chance, body: request(body)] * 6,
    chunked,
    wrong_method,
    wrong_path,
    wrong_type,
    compressed,
    not_http,
]


# The server and its client


@contextmanager
def server():
    """Run ``whorl serve`` with a model of a table in a process of its own, and give the process and its port."""
    preparation = Preparation.learn(TRAINING)
    model = Model([Dense(8), ReLU(), Dense(2), Softmax()], inputs=len(preparation.feature_names), rng=0)
    model.preparation = preparation
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        model.save(path)
        options = ["--port", "0", "--max-body", str(LIMIT), "--max-rows", "50"]
        command = [sys.executable, "-m", "whorl", "serve", str(path), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield process, int(re.search(r":(\d+)\n", process.stdout.readline())[1])
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            process.stdout.close()
    assert code == 0, f"the server ended with {code}"


def send(port, data):
    """Send a request on a connection of its own; return the status, the type and the body of the answer, or None if there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it has answered, and closed the connection
            pass
        answer = b""
        while select.select([connection], [], [], 30)[0]:
            try:
                part = connection.recv(1 << 16)
            except ConnectionResetError:
                break
            if not part:
                break
            answer += part
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1.1 (\d{3}) ", head)
    kind = re.search(rb"(?i)content-type: (\S+)", head)
    return int(status[1]) if status else None, kind[1] if kind else None, body


def memory(process):
    """Return the memory of a process in MB, and the number of its open files; nothing where the system has no /proc."""
    if not Path("/proc").exists():
        return 0.0, 0
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def run(count, process, port, seed=0):
    """Send so many requests; return how often each status came. Raise AssertionError at the first wrong answer."""
    chance, statuses = random.Random(seed), Counter()
    for number in range(count):
        kind_of_request = chance.choice(REQUESTS)
        data = kind_of_request(chance, chance.choice(BODIES)(chance))
        status, kind, body = send(port, data)
        what = f"request {number} of seed {seed}: {data[:300]!r} got {status}: {body[:300]!r}"
        assert process.poll() is None, f"the server has ended: {what}"
        if kind_of_request is not not_http:
            assert status is not None, what
            assert status < 500, what
            assert kind == b"application/json", what
            if status >= 400 and body:
                assert json.loads(body).keys() == {"error", "where"}, what
                assert len(body) < 1000, what  # nothing large is sent back
        else:
            assert status is None or status < 500, what
        statuses[status] += 1
    return statuses


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with server() as (served, at):
        run(1000, served, at)  # warms up
        before, opened = memory(served)
        found = run(wanted, served, at, seed=1)
        after, opened_after = memory(served)
    found = {str(status): number for status, number in found.items()}
    print(f"{wanted} malformed requests, by status: {json.dumps(found)}")
    print(f"memory {before:.1f} MB before, {after:.1f} after; open files {opened} before, {opened_after} after")
    assert after < before + 2
    assert opened_after <= opened + 1
