"""CSV and JSON Lines during training: each epoch of the history once, whatever happens."""

import csv
import json
import resource

import numpy as np
import pytest
from tracked import Fail, X, Y, fit, network, settings, training, undefined

from whorl import Checkpoint, DivergenceError, fit_many
from whorl.tracking import CSVLogger, JSONLinesLogger, TensorBoard


def table(path):
    """The columns of a CSV file; an empty cell is NaN."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]}


def check(path, history):
    """The file has exactly the epochs of a history."""
    found = table(path)
    assert list(found) == ["epoch", "seconds", *history]
    assert found["epoch"] == [epoch.number for epoch in history.epochs]
    assert found["seconds"] == [epoch.seconds for epoch in history.epochs]
    for name, values in history.items():
        np.testing.assert_array_equal(found[name], values)


def test_the_files_are_the_history(tmp_path):
    log, lines = CSVLogger(tmp_path / "log.csv"), JSONLinesLogger(tmp_path / "log.jsonl")
    history = fit(log, lines, metrics=["accuracy", undefined])
    check(tmp_path / "log.csv", history)
    assert np.isnan(table(tmp_path / "log.csv")["val_undefined"]).all()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    expected = [{"epoch": epoch.number, "seconds": epoch.seconds, **epoch.values} for epoch in history.epochs]
    assert rows == [row | {"undefined": None, "val_undefined": None} for row in expected]
    for ending in ("csv", "jsonl"):
        history.save(tmp_path / f"saved.{ending}")
        assert (tmp_path / f"saved.{ending}").read_bytes() == (tmp_path / f"log.{ending}").read_bytes()


def test_each_line_is_there_when_its_epoch_ends(tmp_path):
    path = tmp_path / "new" / "log.csv"
    for epoch in training(CSVLogger(path)):
        assert len(path.read_text().splitlines()) == 1 + epoch.number


@pytest.mark.parametrize("fast", [False, True])
def test_training_is_the_same_to_the_bit(tmp_path, fast):
    lines = CSVLogger(tmp_path / "log.csv"), JSONLinesLogger(tmp_path / "log.jsonl")
    without, tracked = network(), network()
    expected = fit(model=without, fast=fast, threads=1)
    history = fit(*lines, TensorBoard(tmp_path, histograms=1), model=tracked, fast=fast, threads=1)
    np.testing.assert_array_equal(tracked.parameters, without.parameters)
    np.testing.assert_array_equal(tracked.gradients, without.gradients)
    assert dict(history) == dict(expected)
    assert history.engine.startswith("compiled") == fast
    check(tmp_path / "log.csv", history)


# Trainings that go on, and go back


def test_lines_after_the_checkpoint_are_replaced_when_training_resumes(tmp_path):
    log, lines = CSVLogger(tmp_path / "log.csv"), JSONLinesLogger(tmp_path / "log.jsonl")
    with pytest.raises(ZeroDivisionError):
        fit(log, lines, Fail(5), Checkpoint(tmp_path / "{epoch}.npz", every=3))
    assert table(tmp_path / "log.csv")["epoch"] == [1, 2, 3, 4, 5]
    for epochs in (4, 6):
        history = fit(log, lines, model=network(9), resume=tmp_path / "3.npz", epochs=epochs)
        check(tmp_path / "log.csv", history)
        assert len((tmp_path / "log.jsonl").read_text().splitlines()) == epochs
    assert dict(history) == dict(fit())


@pytest.mark.parametrize("step", [2, 7])
def test_training_resumes_within_an_epoch(tmp_path, step):
    log, save = CSVLogger(tmp_path / "log.csv"), Checkpoint(tmp_path / "run.npz", steps=1)
    run = training(log, save)
    for each in run.steps():  # an epoch has three
        if each.number == step:
            break
    check(tmp_path / "log.csv", fit(log, model=network(9), resume=tmp_path / "run.npz"))


def test_a_logger_that_joins_later_writes_the_whole_history(tmp_path):
    fit(Checkpoint(tmp_path / "run.npz"), epochs=3)
    check(tmp_path / "log.csv", fit(CSVLogger(tmp_path / "log.csv"), resume=tmp_path / "run.npz"))


def test_a_metric_that_joins_later_gets_a_column(tmp_path):
    log = CSVLogger(tmp_path / "log.csv")
    before = fit(log, Checkpoint(tmp_path / "run.npz"), epochs=3, metrics=[])
    history = fit(log, resume=tmp_path / "run.npz")
    found = table(tmp_path / "log.csv")
    assert found["loss"] == history["loss"]
    assert list(found) == ["epoch", "seconds", *before, "accuracy", "val_accuracy"]
    np.testing.assert_array_equal(found["accuracy"], [np.nan] * 3 + [epoch["accuracy"] for epoch in history.epochs[3:]])


def test_a_training_that_is_restored_in_its_loop_replaces_lines(tmp_path):
    run = training(CSVLogger(tmp_path / "log.csv"))
    restored = False
    for epoch in run:
        if epoch.number == 2 and not restored:
            saved = run.state.copy()
        if epoch.number == 4 and not restored:
            run.restore(saved)
            restored = True
    check(tmp_path / "log.csv", run.state.history)
    assert len(run.state.history.epochs) == 6


def test_an_epoch_that_was_interrupted_before_its_line_gets_it_later(tmp_path):
    fail = Fail(3, KeyboardInterrupt)
    run = training(fail, CSVLogger(tmp_path / "log.csv"))
    with pytest.raises(KeyboardInterrupt):
        list(run)
    assert table(tmp_path / "log.csv")["epoch"] == [1, 2]
    list(run)
    check(tmp_path / "log.csv", run.state.history)


def test_calls_of_partial_fit_write_one_file(tmp_path):
    log, model, state = CSVLogger(tmp_path / "log.csv"), network(), None
    given = settings(log)
    del given["epochs"]
    for _ in range(3):
        state = model.partial_fit(X, Y, state=state, **given)
    check(tmp_path / "log.csv", state.history)
    assert len(state.history.epochs) == 3


def test_a_file_that_is_lost_or_cut_is_written_anew(tmp_path):
    path = tmp_path / "log.csv"
    run = training(CSVLogger(path))
    for epoch in run:
        if epoch.number == 2:
            path.unlink()
        if epoch.number == 4:
            check(path, run.state.history)
            path.write_bytes(path.read_bytes()[:90])
    check(path, run.state.history)


@pytest.mark.parametrize("first", [0, 2])
def test_a_full_disk_ends_training_and_the_next_loop_completes_the_file(tmp_path, first):
    path, limits = tmp_path / "log.csv", resource.getrlimit(resource.RLIMIT_FSIZE)
    run = training(CSVLogger(path))
    for _, _ in zip(range(first), run, strict=False):
        pass
    try:
        size = path.stat().st_size if first else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9, limits[1]))
        with pytest.raises(OSError, match="File too large"):
            list(run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    list(run)
    check(path, run.state.history)
    assert len(run.state.history.epochs) == 6


# Files of other trainings


def test_a_file_that_is_there_is_never_changed(tmp_path):
    path, model = tmp_path / "log.csv", network()
    path.write_text("precious")
    before = model.parameters.copy()
    with pytest.raises(FileExistsError, match=r"log.csv is there already, .* give a new path, or .*log-\{run\}.csv'"):
        fit(CSVLogger(path), model=model)
    assert path.read_text() == "precious"
    np.testing.assert_array_equal(model.parameters, before)


def test_each_training_with_one_logger_gets_a_file_of_its_own(tmp_path):
    log = JSONLinesLogger(tmp_path / "log-{run}.jsonl")
    (tmp_path / "log-2.jsonl").write_text("precious")
    histories = [fit(log, rng=seed) for seed in range(2)]
    assert (tmp_path / "log-2.jsonl").read_text() == "precious"
    for name, history in zip(("log-1", "log-3"), histories, strict=True):
        lines = (tmp_path / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line)["loss"] for line in lines] == history["loss"]


@pytest.mark.parametrize("fast", [False, True])
def test_trainings_side_by_side(tmp_path, fast):
    given = settings(CSVLogger(tmp_path / "log-{run}.csv"), fast=fast)
    histories = fit_many([(network(seed), (X, Y)) for seed in range(3)], workers=2, **given)
    found = [table(tmp_path / f"log-{run}.csv")["loss"] for run in (1, 2, 3)]
    assert sorted(found) == sorted(history["loss"] for history in histories)
    with pytest.raises(FileExistsError):
        fit_many(
            [(network(seed), (X, Y)) for seed in range(2)],
            workers=2,
            **settings(CSVLogger(tmp_path / "a.csv"), fast=fast),
        )


def test_a_resumed_training_does_not_take_the_file_of_another(tmp_path):
    log = CSVLogger(tmp_path / "log.csv")
    fit(log, Checkpoint(tmp_path / "run.npz"), epochs=3)
    (tmp_path / "log.csv").unlink()
    other = fit(log, rng=5)
    with pytest.raises(FileExistsError):
        fit(log, resume=tmp_path / "run.npz")
    check(tmp_path / "log.csv", other)


@pytest.mark.parametrize("wrong", [{"run": "../other"}, {"count": 9}, {"count": -1}])
def test_a_state_that_a_logger_has_not_written_is_refused(tmp_path, wrong):
    run = training(log := CSVLogger(tmp_path / "log-{run}.csv"))
    next(iter(run))
    vars(run.memory(log).place).update(wrong)
    with pytest.raises(ValueError, match="state has data of CSVLogger that it does not keep in this form"):
        next(iter(run))
    assert [path.name for path in tmp_path.iterdir()] == ["log-1.csv"]


def test_a_training_that_fails_before_its_first_epoch_ends_leaves_no_file(tmp_path):
    log = CSVLogger(tmp_path / "log.csv")
    with pytest.raises(DivergenceError):
        network().fit(X * 1e37, Y, **settings(log))
    assert list(tmp_path.iterdir()) == []
