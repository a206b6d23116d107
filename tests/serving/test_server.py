"""``whorl serve``: processes of its own, and a client that connects to them."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from services import ROWS, of_classes, plain, refusal, server

import whorl
from whorl.cli import main
from whorl.serving import workers
from whorl.serving.workers import Workers

pytestmark = pytest.mark.posix

COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "model.npz"
    of_classes().save(path)
    return path


@pytest.fixture(scope="module")
def client(path):
    with server(path) as (_, url), httpx.Client(base_url=url) as client:
        yield client


def test_predictions_are_those_of_the_model(path, client):
    model = whorl.load(path)
    for body in ({"rows": ROWS}, {"columns": COLUMNS}):
        answer = client.post("/predict", json=body).json()
        np.testing.assert_array_equal(np.array(answer["probabilities"], np.float32), model.predict(COLUMNS))
        assert answer["predictions"] == model.predict_classes(COLUMNS).tolist()


def test_many_rows_are_predicted_beside_other_requests(path, client):
    table = {name: cells * 1000 for name, cells in COLUMNS.items()}
    expected = whorl.load(path).predict(table)
    answers = []

    def ask():
        answers.append(client.post("/predict", json={"columns": table}, timeout=60).json()["probabilities"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert client.get("/healthz").json() == {"status": "ok"}
    for answer in answers:
        np.testing.assert_array_equal(np.array(answer, np.float32), expected)
    assert len(answers) == 4


def test_a_large_body_is_refused_and_the_connection_is_still_good(client):
    large = b" " * (2**20 + 1)
    for content in (large, iter([large[: 2**19]] * 4)):
        response = client.post("/predict", content=content, headers={"content-type": "application/json"})
        assert refusal(response, 413)[0] == "the body is too large: at most 1048576 bytes are allowed"
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("line", [b"a: b\r\n", b"x"])
def test_headers_without_end_are_refused(line, client):
    with connect(str(client.base_url).rstrip("/")) as connection, connection.makefile("rb") as file:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: whorl\r\n")
        try:
            for _ in range(100):
                connection.sendall(line * (2**17 // len(line)))
            assert file.readline() == b"HTTP/1.1 400 Bad Request\r\n"
        except ConnectionError:  # it has closed the connection
            pass
    assert client.get("/healthz").status_code == 200


def test_the_schema_and_the_metrics(client):
    assert client.get("/schema").json()["openapi"] == "3.1.0"
    assert "whorl_requests_in_flight 1.0" in client.get("/metrics").text
    headers = client.get("/healthz").headers
    assert set(headers) == {"date", "content-length", "content-type"}


def begin_request(url):
    """Send a request but for its last byte."""
    body, connection = b'{"rows": [[1, 2]]}', connect(url)
    connection.sendall(
        b"POST /predict HTTP/1.1\r\nHost: whorl\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body[:-1])
    )
    return connection


def read_answer(connection):
    with connection, connection.makefile("rb") as file:
        return file.read()


def refuses_new_ones(url):
    """Wait until connections are refused."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            connect(url).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    pytest.fail("connections are still accepted")


def connect(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_finishes_the_requests_under_way(number, tmp_path):
    plain().save(tmp_path / "model.npz")
    with server(tmp_path / "model.npz") as (process, url), httpx.Client() as idle:
        assert idle.get(f"{url}/healthz").status_code == 200  # whose connection stays open, and must not delay the end
        connection = begin_request(url)
        time.sleep(0.1)
        process.send_signal(number)
        refuses_new_ones(url)
        assert process.poll() is None
        connection.sendall(b"}")
        answer = read_answer(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"classes":[0,1,2]' in answer
        assert process.wait(20) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


# Several processes


def processes_of(process):
    """The processes that a process has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if children.exists():
        return [int(each) for each in children.read_text().split()]
    command = ["pgrep", "-P", str(process.pid)]  # of macOS
    return [int(each) for each in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()]


def test_several_processes_answer_and_are_replaced_and_count_together(path, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    expected = whorl.load(path).predict_classes(COLUMNS).tolist()
    new = httpx.Client(headers={"connection": "close"}, timeout=20)  # each request has a connection of its own
    with server(path, "--workers", "2") as (process, url), new as client:
        first = processes_of(process)
        assert len(first) == 2

        def counted(number):
            """Wait until so many requests are counted, which comes after the answer; return the lines of the metrics."""
            wanted, end = f'whorl_requests_total{{path="/predict",status="200"}} {number}.0', time.monotonic() + 20
            while wanted not in (lines := client.get(f"{url}/metrics").text.splitlines()):
                assert time.monotonic() < end, lines
            return lines

        for count in range(1, 31):
            if count == 10:
                counted(9)
                os.kill(first[0], signal.SIGKILL)
                while first[0] in processes_of(process):
                    time.sleep(0.01)
            answer = client.post(f"{url}/predict", json={"rows": ROWS})
            assert answer.json()["predictions"] == expected
        lines = counted(30)
        assert "whorl_rows_predicted_total 90.0" in lines
        assert "whorl_requests_in_flight 1.0" in lines
        assert len(processes_of(process)) == 2
        connection = begin_request(url)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        refuses_new_ones(url)
        connection.sendall(b"}")
        assert read_answer(connection).startswith(b"HTTP/1.1 422 ")
        assert process.wait(20) == 0
        assert process.stderr.read() == f"process {first[0]} has ended with -9: another takes its place\n"
    assert list(tmp_path.iterdir()) == []


def test_processes_end_if_the_one_that_began_them_is_killed(path):
    with server(path, "--workers", "3", status=-signal.SIGKILL) as (process, url):
        first = processes_of(process)
        os.kill(first[0], signal.SIGKILL)
        while set(processes_of(process)) <= set(first):  # another takes its place
            time.sleep(0.01)
        connect(url).close()
        process.kill()
        refuses_new_ones(url)  # of all three: they have one port


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_run_until_a_signal_and_are_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PAUSE", 0.01)
    calls, handler = [], signal.getsignal(signal.SIGTERM)

    def work(number):
        Path(tmp_path, f"{number} {os.getpid()}").touch()
        signal.pause()

    def begun(count):
        """Wait until so many processes have begun in all; return their numbers and identifiers."""
        while len(found := sorted(tmp_path.iterdir())) < count:
            time.sleep(0.01)
        return [tuple(map(int, each.name.split())) for each in found]

    def disturb():
        (_, first), _ = begun(2)
        os.kill(first, signal.SIGKILL)
        calls.append(begun(3))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=disturb)
    Workers(2, work).run(thread.start, lambda: calls.append("stopped"), calls.append)
    thread.join()
    killed, processes, stopped, *ended = calls
    assert [number for number, _ in processes] == [0, 0, 1]
    assert stopped == "stopped"
    assert sorted([killed, *ended]) == sorted(process for _, process in processes)
    assert signal.getsignal(signal.SIGTERM) == handler


# In this process


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_the_command(path, capsys):
    port, handlers, answers = free_port(), [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)], []

    def ask():
        for _ in range(1000):
            try:
                answers.append(httpx.post(f"http://127.0.0.1:{port}/predict", json={"rows": ROWS}))
                break
            except httpx.ConnectError:
                time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask)
    thread.start()
    assert main(["serve", str(path), "--port", str(port), "--max-rows", "2", "--access-log"]) == 0
    thread.join()
    assert refusal(answers[0], 413)[0] == "there are 3 rows; at most 2 are allowed"
    printed = capsys.readouterr().out
    assert f"serving {path} at http://127.0.0.1:{port}\n" in printed
    assert '"POST /predict HTTP/1.1" 413' in printed
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers


def refused(capsys, *arguments):
    """The error of a command that cannot serve."""
    assert main(["serve", *arguments]) == 2
    return capsys.readouterr().err.strip()


def test_arguments_that_are_refused(path, capsys):
    for option in ("--max-body", "--max-rows"):
        assert refused(capsys, str(path), option, "0") == (
            f"whorl serve: error: argument {option}: must be a whole number of at least 1, got 0"
        )
    assert "argument --workers: must be a whole number" in refused(capsys, str(path), "--workers", "0")
    assert "argument --port: must be a whole number" in refused(capsys, str(path), "--port", "http")
    assert "argument --port: must be at most 65535, got 99999" in refused(capsys, str(path), "--port", "99999")
    assert "there is no file 'nothing.npz'" in refused(capsys, "nothing.npz")


def test_an_address_that_cannot_be_used(path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = refused(capsys, str(path), "--port", str(port))
    assert error == f"whorl serve: error: cannot listen at 127.0.0.1 port {port}: Address already in use"
    assert "cannot listen at 192.0.2.1 port 0: " in refused(capsys, str(path), "--host", "192.0.2.1", "--port", "0")  # fmt: skip
