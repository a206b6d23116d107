"""MLflow's file store, read back with its client."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from tracked import Fail, X, Y, fit, network, settings, training

import whorl
from whorl import Callback, Checkpoint, EarlyStopping, StopAt, fit_many
from whorl.tracking import MLflow


@pytest.fixture(autouse=True)
def mlflow(tmp_path, monkeypatch):
    """The package, with a store of this test's own, of the kind that needs no database. Importing it takes seconds."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    import mlflow

    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    yield mlflow
    assert mlflow.active_run() is None


@pytest.fixture
def client(mlflow):
    return mlflow.MlflowClient()


def runs(client, experiment="Default"):
    """The runs of an experiment, oldest first."""
    found = client.get_experiment_by_name(experiment).experiment_id
    return client.search_runs([found], order_by=["start_time ASC"])


def check(client, run, history):
    """A run has exactly the epochs of a history."""
    assert run.data.metrics.keys() == history.keys()
    for name, values in history.items():
        found = [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]
        assert found == list(zip([epoch.number for epoch in history.epochs], values, strict=True))


def test_a_run_is_started_and_ended(mlflow, client, tmp_path):
    model = network()
    stop = EarlyStopping("val_accuracy", patience=1)  # returns to an earlier epoch
    history = fit(MLflow("spirals", run_name="first", model=True), stop, model=model, epochs=30)
    (run,) = runs(client, "spirals")
    assert (run.info.status, run.info.run_name) == ("FINISHED", "first")
    check(client, run, history)
    assert run.data.tags["stopped"] == history.stopped
    expected = {"layers": repr(list(model.layers)), "optimizer": "Adam(0.02)", "learning_rate": "0.02", "epochs": "30"}
    assert expected.items() <= run.data.params.items()
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="model.npz", dst_path=str(tmp_path)
    )
    np.testing.assert_array_equal(whorl.load(path).parameters, model.parameters)
    assert history.best("val_accuracy").number < len(history.epochs)


def test_the_active_run_is_used_and_stays_active(mlflow, client):
    with mlflow.start_run() as active:
        history = fit(MLflow())
        assert mlflow.active_run().info.run_id == active.info.run_id
    (run,) = runs(client)
    check(client, run, history)


@pytest.mark.parametrize(
    ("callbacks", "status"),
    [([Fail(3)], "FAILED"), ([Fail(3, KeyboardInterrupt)], "FAILED"), ([StopAt("loss", 9)], "FINISHED")],
)
def test_the_status_says_how_training_ended(client, callbacks, status):
    run = training(MLflow(), *callbacks)
    try:
        list(run)
    except (ZeroDivisionError, KeyboardInterrupt):
        assert status == "FAILED"
    (found,) = runs(client)
    assert found.info.status == status
    check(client, found, run.state.history)


@pytest.mark.parametrize("order", [1, -1])
def test_a_resumed_training_continues_its_run(client, tmp_path, order):
    track, save = MLflow(), Checkpoint(tmp_path / "{epoch}.npz", every=3)
    with pytest.raises(ZeroDivisionError):
        fit(*[track, save][::order], Fail(6))
    history = fit(track, model=network(9), resume=tmp_path / "3.npz")
    (run,) = runs(client)
    check(client, run, history)
    assert run.info.status == "FINISHED"


def test_a_training_that_is_continued_in_another_run_has_all_its_epochs_there(mlflow, client):
    run = training(MLflow())
    with mlflow.start_run():
        next(iter(run))
    with mlflow.start_run():
        list(run)
    first, second = runs(client)
    check(client, second, run.state.history)
    assert len(client.get_metric_history(first.info.run_id, "loss")) == 1


def test_trainings_side_by_side_have_runs_of_their_own(client):
    given = settings(MLflow())
    histories = fit_many([(network(seed), (X, Y)) for seed in range(2)], workers=2, **given)
    found = runs(client)
    assert {run.info.status for run in found} == {"FINISHED"}
    losses = [[each.value for each in client.get_metric_history(run.info.run_id, "loss")] for run in found]
    assert sorted(losses) == sorted(history["loss"] for history in histories)


class Move(Callback):
    """Moves a directory away after an epoch, and back after a later one."""

    def __init__(self, path, *, away, back):
        self.path, self.aside, self.away, self.back = path, path.with_name("aside"), away, back

    def on_epoch_end(self, training, epoch):
        if epoch.number == self.away:
            shutil.move(self.path, self.aside)
        if epoch.number == self.back:
            shutil.rmtree(self.path, ignore_errors=True)
            shutil.move(self.aside, self.path)


def test_training_goes_on_without_the_store_and_what_it_misses_is_sent_at_the_end(client, tmp_path):
    run = training(MLflow(), Move(tmp_path / "store", away=3, back=5))
    with pytest.warns(RuntimeWarning, match="what it misses is sent at the end of training") as told:
        list(run)
    assert len(told) == 1
    (found,) = runs(client)
    check(client, found, run.state.history)


def test_a_store_that_stays_away_does_not_stop_training(client, tmp_path):
    run = training(MLflow(model=True), Move(tmp_path / "store", away=3, back=None))
    with pytest.warns(RuntimeWarning) as told:
        list(run)
    assert len(run.state.history.epochs) == 6
    first, last = (str(each.message) for each in told)
    assert first.startswith("MLflow failed, so what it misses is sent at the end of training: ")
    assert last.startswith("MLflow failed, so the run is not complete: ")


def test_a_server_that_is_not_there_is_an_error_before_training(mlflow):
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    model = network()
    before = model.parameters.copy()
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"127\.0\.0\.1"):
        fit(MLflow(), model=model)
    np.testing.assert_array_equal(model.parameters, before)


def test_without_mlflow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match=r"needs MLflow, which the extra whorl\[mlflow\] installs"):
        fit(MLflow())


def test_the_examples_of_the_page(mlflow, client, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page.partition("## MLflow")[2].partition("\n## ")[0], re.DOTALL)
    monkeypatch.setattr(mlflow, "set_tracking_uri", lambda uri: None)
    options = {name: settings()[name] for name in ("loss", "optimizer", "validation", "metrics", "rng")}
    names = {"new": network, "X": X, "y": Y, "MLflow": MLflow, "training": options}
    for example in examples:
        exec(compile(example, "tracking.md", "exec"), names)
    check(client, runs(client, "spirals")[0], names["history"])
    assert runs(client)[0].info.run_name == "wide"
    assert len(examples) == 2
