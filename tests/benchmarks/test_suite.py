"""Arithmetic, tables and workers of the benchmarks. Nothing here compares times."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import rounds, speed, worker
from benchmarks.cases import CASES, samples
from benchmarks.peers import PEERS, Entry, Peer
from benchmarks.peers.ours import Whorl
from benchmarks.processes import fresh
from benchmarks.rounds import Spread, figures, interleave, ratio
from benchmarks.worker import PeerError

TINY = replace(CASES["spiral"], steps=5)
TIMES = {
    "whorl": [10.0, 20.0, 30.0],
    "straight": [9.0, 19.0, 29.0],
    "torch": [80.0, 200.0, 300.0],
    "jax-scan": [5.0, 8.0, 9.0],
}


def measured(results, notes=None, *, picture=False):
    return "\n\n".join(speed.parts(results, notes or {}, picture=picture))


def test_samples_of_a_case_are_reproducible_and_float32():
    X, y = samples(TINY)
    assert (X.shape, X.dtype, y.shape) == ((160, 2), np.float32, (160,))
    assert set(np.unique(y)) == {0, 1, 2}
    np.testing.assert_array_equal(X, samples(TINY)[0])
    assert str(TINY) == "2-64-3, batches of 32, SGD with momentum 0.9, L2 0.0005, dropout 0.1"


def test_ratios_are_taken_round_by_round():
    spread = ratio(TIMES["torch"], TIMES["whorl"])
    assert (spread.low, spread.median, spread.high) == (9, 10, 10)
    assert str(spread) == "10.0 (9.00–10.0)"
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0)
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.04126, "0.0413"), (2.5, "2.50"), (99.94, "99.9"), (47067.2, "47,067")]
)
def test_figures(value, text):
    assert figures(value) == text


def test_each_round_begins_with_another_contender():
    order = []
    contenders = {name: lambda name=name: order.append(name) or float(len(order)) for name in "abc"}
    times = interleave(4, contenders)
    assert "".join(order) == "abcbcacababc"
    assert times == {"a": [1, 6, 8, 10], "b": [2, 4, 9, 11], "c": [3, 5, 7, 12]}


def test_page_says_where_a_peer_is_faster():
    results = {"spiral": TIMES, "table": {"whorl": [1.0, 1.0], "torch": [0.9, 1.2], "matmul": [0.1, 0.1]}}
    text = measured(results, {"Keras on JAX": "keras is not installed"}, picture=True)
    assert "](benchmarks.png)" in text
    assert "| PyTorch eager | 10.0 (9.00–10.0) | 1.05 (0.975–1.12) |" in text
    assert "| whorl, NumPy alone | 20.0 | 1.00 |" in text
    assert "| JAX, epoch in one scan | 8.00 | — |" in text
    assert "- **JAX, epoch in one scan** is faster on spiral: it takes 0.400 times as long." in text
    assert "- PyTorch eager on table is too close to call: 1.05 (0.975–1.12) times as long." in text
    assert "**straight" not in text  # a reference is no competitor
    assert text.endswith("Not measured:\n\n- Keras on JAX: keras is not installed")
    assert "Not measured" not in measured(results)


def test_page_compares_with_each_whorl(monkeypatch):
    monkeypatch.setitem(PEERS, "engine", Entry("engine", "whorl, compiled", "ours:Whorl", role="whorl"))
    text = measured({"spiral": {"whorl": [4.0], "engine": [2.0], "torch": [8.0]}, "wide": {"whorl": [4.0]}})
    plain, compiled = text.split("## Time as a multiple of that of ")[1:3]
    assert plain.startswith("whorl, NumPy alone:")
    assert "| PyTorch eager | 2.00 (2.00–2.00) | — |" in plain
    assert compiled.startswith("whorl, compiled:")
    assert "| PyTorch eager | 4.00 (4.00–4.00) | — |" in compiled
    assert "| whorl, NumPy alone | 2.00 (2.00–2.00) | — |" in compiled


def test_page_says_so_if_no_peer_is_faster():
    assert speed.verdict({"spiral": {"whorl": [1.0], "torch": [8.0]}}, PEERS["whorl"]) == (
        "No peer was faster than whorl, NumPy alone on any network measured here."
    )


def test_picture_is_drawn(tmp_path):
    speed.draw({"spiral": TIMES, "table": {"whorl": [1.0, 1.0], "torch": [0.9, 1.2]}}, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_worker_trains_and_predicts_in_its_own_process():
    with worker.worker("straight") as ask:
        ask("prepare", TINY, 0.001)
        assert ask("measure") > 0
        assert ask("predict", 1) > 0
        with pytest.raises(PeerError, match="AttributeError: 'Contender' object has no attribute 'fly'"):
            ask("fly")
        assert ask("measure") > 0


def test_worker_whose_process_ends_is_reported(monkeypatch):
    processes = []
    monkeypatch.setattr(worker, "fresh", lambda environment: processes.append(fresh(environment)) or processes[-1])
    with worker.worker("straight") as ask:
        ask("prepare", TINY, 0.001)
        processes[0].submit(os._exit, 3)
        with pytest.raises(PeerError, match="its process ended abruptly"):
            ask("measure")


def test_variables_of_a_process_are_set_before_numpy_is_loaded():
    with fresh({"WORD": "hello"}) as process:
        assert process.submit(os.getenv, "WORD").result() == "hello"
        assert process.submit(eval, "'numpy' in __import__('sys').modules").result() is False


def test_peers_that_do_not_learn_are_not_timed():
    class Idle(Peer):
        def train(self, epochs):
            return [1.0] * epochs

    class Short(Peer):
        def train(self, epochs):
            return [2.0, 1.0, 0.5][: min(epochs, limit)]

    X, y = samples(TINY)
    with pytest.raises(ValueError, match=r"the loss must fall, but went from 1\.0000 to 1\.0000"):
        rounds.timed(Idle(TINY, X, y), 0.001)
    limit = 3
    measure = rounds.timed(Short(TINY, X, y), 1e-9)
    assert measure() > 0
    limit = 0
    with pytest.raises(ValueError, match="asked for 1 epochs, got 0 losses"):
        measure()


def test_whorl_trains_the_network_of_the_case():
    peer = Whorl(CASES["nnfs"], *samples(replace(CASES["nnfs"], steps=2)))
    assert repr(peer.model) == (
        "Model([Dense(512, weight_l2=0.0005, bias_l2=0.0005), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2)"
    )
    losses = peer.train(4)
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert peer.predict(peer.X[:1]).shape == (1, 3)


def test_peer_that_is_not_installed_is_named():
    assert replace(PEERS["torch"], needs=("json", "no_such_module")).missing() == "no_such_module is not installed"
    assert PEERS["whorl"].missing() is None


def test_peer_that_fails_is_left_out_with_its_reason():
    def failing(at, reason):
        def ask(method, *arguments):
            if method == at:
                raise PeerError(reason)
            return 1.0

        return ask

    workers = {
        "whorl": failing(None, ""),
        "torch": failing("measure", "out of memory"),
        "torch-compile": failing("prepare", "no compiler"),
    }
    times, failed = speed.measure(TINY, workers, rounds=2, seconds=1)
    assert speed.finished(times) == {"whorl": [1.0, 1.0]}
    assert failed == {"torch": "out of memory", "torch-compile": "no compiler"}
    with pytest.raises(SystemExit, match="whorl itself failed: no compiler"):
        speed.measure(TINY, {"whorl": failing("prepare", "no compiler")}, rounds=1, seconds=1)


def test_peer_that_failed_in_one_session_is_left_out():
    times = {"whorl": [1.0, 2.0], "torch": [8.0, math.nan], "keras": [math.nan, 7.0], "sklearn": [6.0, 6.0]}
    assert speed.finished(times) == {"whorl": [1.0, 2.0], "sklearn": [6.0, 6.0]}


def test_share_outside_the_matrix_products_is_the_rest_of_the_step():
    text = measured({"spiral": {"whorl": [4.0, 8.0], "matmul": [1.0, 2.0]}, "wide": {"whorl": [5.0]}})
    assert "matrix products\n\n|  | spiral | wide |\n| --- | --- | --- |\n| whorl, NumPy alone | 75% | — |" in text
    assert "outside the matrix products" not in measured({"wide": {"whorl": [5.0]}})
