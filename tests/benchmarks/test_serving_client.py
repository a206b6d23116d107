"""The client of the benchmark of serving, beside a server of ours."""

import json
import threading

import pytest
import uvicorn
from benchmarks.client import load
from benchmarks.serving_peers import table

from whorl import Dense, Model, Softmax
from whorl._core.listening import listen, url
from whorl.serving import app

MODEL = Model([Dense(3), Softmax()], inputs=2, rng=0)


@pytest.fixture
def server():
    """The URL of a server in a thread."""
    service = uvicorn.Server(uvicorn.Config(app(MODEL), log_level="error", lifespan="off"))
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(target=service.run, args=(listening,))
    address = url(listening[0])
    thread.start()
    yield address
    service.should_exit = True
    thread.join()


@pytest.mark.parametrize("rows", [1, 5000])  # the longer answer comes in parts
def test_requests_are_counted_and_timed(rows, server):
    found = load(server, json.dumps({"rows": [[1.5, 2.25]] * rows}).encode(), connections=3, seconds=0.2)
    assert len(found.seconds) >= 3
    assert found.rate > 1
    assert found.seconds == sorted(found.seconds)
    assert found.quantile(0) == found.seconds[0] <= found.quantile(0.5) <= found.quantile(1) == found.seconds[-1]
    assert found.busy > 0  # with the time of the server, which is in this process


def test_an_answer_that_is_no_prediction_ends_the_measurement(server):
    with pytest.raises(ValueError, match=r"the server answered b'HTTP/1\.1 422 .*must hold at least one row"):
        load(server, b'{"rows": []}', connections=2, seconds=0.2)


def test_the_table_of_the_benchmark_is_always_the_same():
    (columns, y), again = table(), table()
    assert (columns, y) == again
    assert len(columns) == 14
    assert {len(cells) for cells in columns.values()} == {len(y)} == {2000}
    assert set(y) == {"no", "yes"}
    assert any(cell is None for cell in columns["number 0"])
