"""Event files, read with TensorBoard's own reader."""

import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG, parse_session_start_info_plugin_data
from tensorboard.util.tensor_util import make_ndarray
from tracked import Fail, X, Y, fit, network, settings, training

from whorl import SGD, Checkpoint, Cosine, CrossEntropy
from whorl.tracking import TensorBoard


def read(directory):
    """The events of a directory, as scripts read them."""
    return event_accumulator.EventAccumulator(str(directory), {"scalars": 0, "tensors": 0}).Reload()


def points(directory, name):
    """The steps and values of a name, as the server reads them: all are tensors to it."""
    events = plugin_event_accumulator.EventAccumulator(str(directory), {"tensors": 0}).Reload().Tensors(name)
    return [event.step for event in events], [make_ndarray(event.tensor_proto) for event in events]


def check(directory, history):
    """TensorBoard shows exactly the epochs of a history."""
    numbers = [epoch.number for epoch in history.epochs]
    shown = {part: read(directory / part) for part in ("train", "validation")}
    names = {part: found.Tags()["scalars"] for part, found in shown.items()}
    assert names["validation"] == [name[4:] for name in history if name.startswith("val_")]
    assert names["train"] == [name for name in history if not name.startswith("val_")]
    for name, values in history.items():
        part, tag = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
        expected = list(zip(numbers, np.array(values, np.float32).tolist(), strict=True))
        assert [(event.step, event.value) for event in shown[part].Scalars(tag)] == expected
        assert points(directory / part, tag) == (numbers, [value for _, value in expected])


def files(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("events*")}


def test_the_values_of_each_epoch_are_those_of_the_history(tmp_path):
    history = fit(TensorBoard(tmp_path / "new" / "run"), optimizer=SGD(Cosine(0.1, epochs=6)))
    check(tmp_path / "new" / "run", history)
    assert len(files(tmp_path)) == 3


def test_without_validation_there_are_values_of_training_only(tmp_path):
    fit(TensorBoard(tmp_path), validation=None, metrics=[])
    assert read(tmp_path / "train").Tags()["scalars"] == ["loss", "penalty", "learning_rate"]
    assert not (tmp_path / "validation").exists()


def test_the_layers_and_settings_are_there_as_text_and_as_hyperparameters(tmp_path):
    model = network()
    fit(TensorBoard(tmp_path), model=model)
    found = read(tmp_path)
    text = {name: make_ndarray(found.Tensors(name)[0].tensor_proto).item().decode() for name in ("model", "settings")}
    assert str(model.summary()) in text["model"]
    assert "| optimizer | `Adam(0.02)` |" in text["settings"]
    content = found.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    values = parse_session_start_info_plugin_data(content).hparams
    assert values["layers"].string_value == repr(list(model.layers))
    numbers = {name: each.number_value for name, each in values.items() if each.WhichOneof("kind") == "number_value"}
    assert numbers == {
        "learning_rate": 0.02,
        "epochs": 6,
        "batch_size": 16,
        "samples": 45,
        "validation_samples": 15,
    } | {
        "parameters": model.parameters.size,
        "rng": 0,
    }


def test_histograms_are_of_the_parameters_and_their_gradients(tmp_path):
    run = training(TensorBoard(tmp_path, histograms=2))
    expected = {}
    for epoch in run:
        if epoch.number % 2 == 0:
            kept, rng = run.model.gradients.copy(), None
            x, y = np.asarray(run.train.x), run.train.target
            _, gradients = run.model.loss_and_gradients(x, y, loss=CrossEntropy(), rng=rng)
            expected |= {("gradients", name, epoch.number): values.copy() for name, values in gradients.items()}
            run.model.gradients = kept
            arrays = run.model.named_parameters()
            expected |= {("parameters", name, epoch.number): values.copy() for name, values in arrays.items()}
    assert len(expected) == 3 * 8
    for (kind, name, number), values in expected.items():
        steps, found = points(tmp_path / "train", f"{kind}/{name}")
        assert steps == [2, 4, 6]
        left, right, counts = found[steps.index(number)].T
        assert counts.sum() == values.size
        assert (left[0], right[-1]) == (values.min(), values.max())
        inside = [np.sum((values >= a) & (values < b)) for a, b in zip(left[:3], right[:3], strict=True)]
        assert counts[:3].tolist() == inside


def test_a_resumed_training_continues_its_charts(tmp_path):
    board = TensorBoard(tmp_path / "run", histograms=1)
    with pytest.raises(ZeroDivisionError):
        fit(board, Fail(5), Checkpoint(tmp_path / "{epoch}.npz", every=3))
    assert points(tmp_path / "run" / "train", "loss")[0] == [1, 2, 3, 4, 5]
    before = files(tmp_path)
    history = fit(board, model=network(9), resume=tmp_path / "3.npz")
    check(tmp_path / "run", history)
    assert points(tmp_path / "run" / "train", "gradients/w1")[0] == [1, 2, 3, 4, 5, 6]
    after = files(tmp_path)
    assert {name: after[name] for name in before} == before  # nothing that was written is lost


def test_a_training_that_is_restored_in_its_loop_goes_back_in_the_charts(tmp_path):
    run = training(TensorBoard(tmp_path))
    for epoch in run:
        if epoch.number == 2:
            saved = run.state.copy()
        if epoch.number == 4:
            break
    run.restore(saved)
    list(run)
    check(tmp_path, run.state.history)


def test_after_a_record_that_was_cut_short_training_continues_in_a_new_file(tmp_path):
    run = training(TensorBoard(tmp_path))
    for epoch in run:
        if epoch.number == 3:
            (file,) = (tmp_path / "train").iterdir()
            file.write_bytes(file.read_bytes() + file.read_bytes()[:9])
            cut = file.read_bytes()
    assert file.read_bytes() == cut
    check(tmp_path, run.state.history)


def test_an_epoch_that_was_interrupted_is_written_later(tmp_path):
    run = training(Fail(3, KeyboardInterrupt), TensorBoard(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        list(run)
    list(run)
    check(tmp_path, run.state.history)
    assert len(files(tmp_path)) == 3


def test_calls_of_partial_fit_write_the_same_files(tmp_path):
    board, model, state = TensorBoard(tmp_path), network(), None
    given = settings(board)
    del given["epochs"]
    for _ in range(3):
        state = model.partial_fit(X, Y, state=state, **given)
    check(tmp_path, state.history)
    assert len(files(tmp_path)) == 3


def test_each_training_gets_a_directory_of_its_own(tmp_path):
    board = TensorBoard(tmp_path / "{run}")
    histories = [fit(board, rng=seed) for seed in range(2)]
    for run, history in enumerate(histories, start=1):
        check(tmp_path / str(run), history)


def test_the_charts_of_another_training_are_never_changed(tmp_path):
    board = TensorBoard(tmp_path / "run")
    fit(board, Checkpoint(tmp_path / "run.npz"), epochs=3)
    before = files(tmp_path)
    with pytest.raises(FileExistsError, match=r"train is there already"):
        fit(board)
    assert files(tmp_path) == before
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    other = fit(board, rng=5)
    with pytest.raises(FileExistsError, match=r"run is there already"):
        fit(board, resume=tmp_path / "run.npz")
    check(tmp_path / "run", other)
    (tmp_path / "run").rename(tmp_path / "other")
    check(tmp_path / "run", fit(board, resume=tmp_path / "run.npz"))  # written anew, from the first epoch


def test_without_tensorboard_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"needs tensorboard, which the extra whorl\[tensorboard\] installs"):
        fit(TensorBoard(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []
