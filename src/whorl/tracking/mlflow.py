"""A callback that records training in MLflow."""

from __future__ import annotations

import os
import re
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY
from typing import Any

from whorl._core.description import Description, argument
from whorl._core.validation import instance, truth
from whorl.tracking.settings import settings
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run

BATCH = 1000
"""The largest number of values that MLflow takes at once."""


class MLflow(Callback, Description):
    """Records a training in MLflow: the layers and options as parameters, and the values of each epoch as metrics.

    It uses the active run of MLflow; if there is none, it starts one, and ends it with the status FINISHED, or FAILED if an error or
    Ctrl-C ended training. Where MLflow keeps its runs is for ``mlflow.set_tracking_uri`` or the environment variable
    ``MLFLOW_TRACKING_URI`` to say. It needs the extra ``whorl[mlflow]``, or the package mlflow.

    A training that is resumed continues its run. MLflow cannot remove values: those of epochs that are repeated with the
    same loss are not recorded again, and others are added.

    If the server cannot be reached during training, a warning says so, and training goes on. At its end, the missing epochs are sent.

    Parameters
    ----------
    experiment : str, optional
        The name of the experiment for a run that is started, made if it does not exist; by default MLflow's current one.
    run_name : str, optional
        The name of a run that is started; by default MLflow makes one up.
    model : bool, optional
        Whether to save the trained model as an artifact of the run, ``model.npz``, for `whorl.load`. It is that which `fit` leaves,
        with the best parameters after `EarlyStopping`.

    Raises
    ------
    ImportError
        Before the first epoch, if MLflow is not installed.
    mlflow.exceptions.MlflowException
        Before the first epoch, if MLflow refuses to start a run, or the parameters.

    Notes
    -----
    MLflow itself tries again several times before it gives up, which takes minutes: ``MLFLOW_HTTP_REQUEST_MAX_RETRIES`` sets the number.

    Examples
    --------
    >>> MLflow("spirals", run_name="wide", model=True)
    MLflow('spirals', run_name='wide', model=True)
    """

    main_process_only = True

    last = True  # when training ends, the model has its final parameters by then

    experiment: str | None = argument(instance, default=None, kind=str, example="'spirals'")
    _: KW_ONLY
    run_name: str | None = argument(instance, default=None, kind=str, example="'wide'")
    model: bool = argument(truth, default=False)

    def on_train_begin(self, training: Run) -> None:
        mlflow, memory = _mlflow(), training.memory(self)
        active, known = mlflow.active_run(), getattr(memory, "run", None)
        memory.failed, memory.open = False, False
        if active is None:
            active = self._start(mlflow, known)
            memory.own = True
        elif active.info.run_id != known:
            memory.own = False
        memory.run, memory.open = active.info.run_id, True
        client = mlflow.MlflowClient()
        if memory.run != known:
            memory.count, memory.later = 0, {}
            client.log_batch(
                memory.run, params=[mlflow.entities.Param(*map(str, each)) for each in settings(training).items()]
            )
        else:  # it may have been interrupted after epochs that are repeated now
            losses = client.get_metric_history(memory.run, "loss")
            memory.later = {str(each.step): each.value for each in losses if each.step > memory.count}

    def _start(self, mlflow: Any, known: str | None) -> Any:
        """Start a run, or continue the one that is known."""
        if known is not None:
            return mlflow.start_run(run_id=known)
        place = None
        if self.experiment is not None:
            found = mlflow.get_experiment_by_name(self.experiment)
            place = mlflow.create_experiment(self.experiment) if found is None else found.experiment_id
        return mlflow.start_run(experiment_id=place, run_name=self.run_name)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        if not training.memory(self).failed:
            with self._as_warning(training, "what it misses is sent at the end of training"):
                self._send(training)

    def on_train_end(self, training: Run, history: History) -> None:
        memory = training.memory(self)
        if not getattr(memory, "open", False):  # no run could be started
            return
        memory.open = False
        complete = training.epoch >= training.epochs or history.stopped is not None
        with self._as_warning(training, "the run is not complete"):
            try:
                self._send(training)
                self._conclude(training, history, model=self.model and complete)
            finally:
                if memory.own:
                    _mlflow().end_run("FINISHED" if complete else "FAILED")

    def _conclude(self, training: Run, history: History, *, model: bool) -> None:
        """Send why training was stopped, and the model."""
        client, run = _mlflow().MlflowClient(), training.memory(self).run
        if history.stopped is not None:
            client.set_tag(run, "stopped", history.stopped)
        if model:
            with tempfile.TemporaryDirectory() as folder:
                training.model.save(path := os.path.join(folder, "model.npz"))
                client.log_artifact(run, path)

    def _send(self, training: Run) -> None:
        """Send the values of the epochs that MLflow does not have."""
        entities, memory, epochs = _mlflow().entities, training.memory(self), training.state.history.epochs
        now, client = int(time.time() * 1000), _mlflow().MlflowClient()
        values = [
            entities.Metric(re.sub(r"[^\w\-. /]", "_", name), value, now, each.number)
            for each in epochs[memory.count :]
            if memory.later.pop(str(each.number), None) != each["loss"]
            for name, value in each.values.items()
        ]
        for start in range(0, len(values), BATCH):
            client.log_batch(memory.run, metrics=values[start : start + BATCH])
        memory.count = len(epochs)

    @contextmanager
    def _as_warning(self, training: Run, consequence: str) -> Iterator[None]:
        """Turn an error of MLflow, its server or its disk into a warning: training goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # there are many kinds of stores, each with errors of its own
            training.memory(self).failed = True
            warnings.warn(f"MLflow failed, so {consequence}: {error}", RuntimeWarning, stacklevel=2)


def _mlflow() -> Any:
    """Return the package mlflow; raise ImportError if it is not installed."""
    try:
        import mlflow
    except ImportError as error:
        raise ImportError("whorl.tracking.MLflow needs MLflow, which the extra whorl[mlflow] installs") from error
    return mlflow
