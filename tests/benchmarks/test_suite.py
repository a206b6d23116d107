"""The benchmark suite: its arithmetic, its tables, its workers and its command lines; nothing here compares times."""

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import __main__ as command
from benchmarks import check, report, worker
from benchmarks.cases import CASES, samples
from benchmarks.peers import ENTRIES, Peer
from benchmarks.peers.ours import Fast, Plain
from benchmarks.rounds import Spread, figures, interleave, ratio
from benchmarks.worker import PeerError, Server, Worker

from whorl import Model

TINY = replace(CASES["spiral"], steps=5)
TIMES = {
    "whorl": [10.0, 20.0, 30.0],
    "straight": [9.0, 19.0, 29.0],
    "torch": [80.0, 200.0, 300.0],
    "jax-scan": [5.0, 8.0, 9.0],
}


def test_the_samples_of_a_case_are_always_the_same_and_float32():
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


def test_each_round_begins_with_another():
    order = []
    contenders = {name: lambda name=name: order.append(name) or float(len(order)) for name in "abc"}
    times = interleave(4, contenders)
    assert "".join(order) == "abcbcacababc"
    assert times == {"a": [1, 6, 8, 10], "b": [2, 4, 9, 11], "c": [3, 5, 7, 12]}


def test_the_page_says_where_a_peer_wins(tmp_path):
    results = {"spiral": TIMES, "table": {"whorl": [1.0, 1.0], "torch": [0.9, 1.2], "matmul": [0.1, 0.1]}}
    paths = report.write(tmp_path / "docs", results, ["Keras on JAX: keras is not installed"], "python -m benchmarks")
    assert [path.name for path in paths] == ["benchmarks.md", "benchmarks.png"]
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    page = paths[0].read_text(encoding="utf-8")
    assert "| PyTorch eager | 10.0 (9.00–10.0) | 1.05 (0.975–1.12) |" in page
    assert "| whorl, NumPy alone | 20.0 | 1.00 |" in page
    assert "| JAX, epoch in one scan | 8.00 | — |" in page
    assert "- **JAX, epoch in one scan** wins on spiral: it takes 0.400 times as long." in page
    assert "- PyTorch eager on table is too close to call: 1.05 (0.975–1.12) times as long." in page
    assert "**straight" not in page  # a yardstick wins nothing
    assert "- Keras on JAX: keras is not installed" in page


def test_the_page_compares_with_each_whorl():
    results = {"spiral": {"whorl": [4.0], "whorl-fast": [2.0], "torch": [8.0]}}
    page = report.page(results, [], "python -m benchmarks", picture=False)
    plain, fast = page.split("## Times as long as ")[1:3]
    assert plain.startswith("whorl, NumPy alone:")
    assert "| PyTorch eager | 2.00 (2.00–2.00) |" in plain
    assert fast.startswith("whorl[fast]:")
    assert "| PyTorch eager | 4.00 (4.00–4.00) |" in fast


def test_the_page_says_so_if_no_peer_wins():
    assert report.verdict({"spiral": {"whorl": [1.0], "torch": [8.0]}}, "whorl") == (
        "No peer was faster than whorl, NumPy alone on any network measured here."
    )


def test_a_worker_trains_and_predicts_in_a_process_of_its_own():
    with Worker(ENTRIES["straight"]) as straight:
        straight.prepare(TINY, 0.001)
        assert straight.measure() > 0
        assert straight.predict(1) > 0
        with pytest.raises(PeerError, match="KeyError: 'fly'"):
            straight.ask("fly")
        assert straight.measure() > 0
    assert straight.process.returncode == 0


def test_who_has_gone_is_missed(monkeypatch):
    monkeypatch.setattr(worker, "REST", 0)
    gone = pytest.raises(PeerError, match="its process ended with code 1")
    with Worker(replace(ENTRIES["straight"], name="nobody")) as nobody, gone:
        nobody.measure()


def test_nobody_is_timed_for_doing_nothing():
    class Idle(Peer):
        def train(self, epochs):
            return [1.0] * epochs

    class Short(Peer):
        def train(self, epochs):
            return [2.0, 1.0, 0.5][: min(epochs, 3)]

    request = ["prepare", {**vars(TINY)}, 0.001]
    assert Server(Idle).answer(request) == {"error": "ValueError: the loss must fall, but went from 1.0000 to 1.0000"}
    server = Server(Short)
    assert server.answer(request) == {"answer": None}
    server.epochs = 4
    assert server.answer(["measure"]) == {"error": "ValueError: asked for 4 epochs, got 3 losses"}


def test_whorl_itself_does_what_the_case_says():
    peer = Plain(CASES["nnfs"], *samples(replace(CASES["nnfs"], steps=2)))
    assert repr(peer.model) == (
        "Model([Dense(512, weight_l2=0.0005, bias_l2=0.0005), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2)"
    )
    losses = peer.train(4)
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert peer.predict(peer.X[:1]).shape == (1, 3)


def test_the_engine_is_chosen_by_an_argument_of_fit(monkeypatch):
    fit, asked = Model.fit, []

    def listening(self, X, y, *, fast=None, **others):
        asked.append(fast)
        return fit(self, X, y, **others)

    monkeypatch.setattr(Model, "fit", listening)
    for peer in (Plain, Fast):
        peer(TINY, *samples(TINY)).train(1)
    assert asked == [False, True]


def test_a_peer_that_is_not_installed_is_named():
    assert replace(ENTRIES["torch"], needs=("json", "no_such_module")).missing() == "no_such_module is not installed"
    assert ENTRIES["whorl"].missing() is None


def test_the_command_measures_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(CASES, "spiral", TINY)
    command.main(
        [
            *[
                "--networks",
                "spiral",
                "--peers",
                "straight",
                "matmul",
                "--sittings",
                "2",
                "--rounds",
                "2",
                "--seconds",
                "0.001",
                "--output",
            ],
            str(tmp_path),
        ]
    )
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert (
        "Written by `python -m benchmarks --networks spiral --peers straight matmul"
        " --sittings 2 --rounds 2 --seconds 0.001`" in page
    )
    assert "| straight-line NumPy | " in page
    printed = capsys.readouterr().out
    assert "spiral: 2-64-3" in printed
    assert f"wrote {tmp_path / 'benchmarks.md'}" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--networks", "huge"], "invalid choice: 'huge'"),
        (["--peers", "abacus"], "invalid choice: 'abacus'"),
        (["--rounds", "0"], "argument --rounds: must be above 0, got 0"),
        (["--rounds", "two"], "invalid int value: 'two'"),
        (["--seconds", "nan"], "argument --seconds: must be above 0, got nan"),
    ],
)
def test_wrong_options_are_refused(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(words)
    assert message in capsys.readouterr().err


def test_a_peer_that_breaks_off_is_left_out_with_its_reason():
    class Broken:
        def __init__(self, at):
            self.at = at

        def prepare(self, case, seconds):
            if self.at == "prepare":
                raise PeerError("no compiler")

        def measure(self):
            if self.at == "measure":
                raise PeerError("out of memory")
            return 1.0

    workers = {"whorl": Broken(None), "torch": Broken("measure"), "torch-compile": Broken("prepare")}
    times, failed = command.race(TINY, workers, rounds=2, seconds=1)
    assert times == {"whorl": [1.0, 1.0]}
    assert failed == {"torch": "out of memory", "torch-compile": "no compiler"}
    with pytest.raises(SystemExit, match="whorl itself failed: no compiler"):
        command.race(TINY, {"whorl": Broken("prepare")}, rounds=1, seconds=1)


def test_the_sittings_come_together_without_who_missed_one():
    first = {"spiral": {"whorl": [1.0], "torch": [8.0]}, "wide": {"whorl": [5.0]}}
    second = {"spiral": {"whorl": [2.0]}, "wide": {"whorl": [6.0], "torch": [6.0]}}
    assert command.together([first, second]) == {"spiral": {"whorl": [1.0, 2.0]}, "wide": {"whorl": [5.0, 6.0]}}


def test_what_is_not_a_matrix_product_is_the_rest_of_the_step():
    results = {"spiral": {"whorl": [4.0, 8.0], "matmul": [1.0, 2.0]}, "wide": {"whorl": [5.0]}}
    assert report.outside(results, ["whorl", "whorl-fast"])[1].splitlines() == [
        "|  | spiral |",
        "| --- | --- |",
        "| whorl, NumPy alone | 75% |",
        "| whorl[fast] | — |",
    ]
    assert report.outside({"wide": {"whorl": [5.0]}}, ["whorl"]) == []


@pytest.mark.parametrize(("limit", "code", "word"), [(math.inf, 0, "ok"), (0.0, 1, "TOO SLOW")])
def test_the_check_fails_over_its_limit(limit, code, word, monkeypatch, capsys):
    monkeypatch.setattr(check, "LIMITS", {"spiral": limit})
    monkeypatch.setitem(CASES, "spiral", TINY)
    assert check.main(["--rounds", "2", "--seconds", "0.001"]) == code
    printed = capsys.readouterr().out
    assert word in printed
    assert ("look at what was changed" in printed) == bool(code)


def test_the_check_has_a_limit_for_each_network_that_is_small():
    assert set(check.LIMITS) == set(CASES) - {"wide"}
