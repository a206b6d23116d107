"""The decision boundary over the epochs, read back from the GIF."""

import numpy as np
import pytest
from PIL import Image

import whorl
from whorl import SGD, CrossEntropy, Dense, Model, Softmax
from whorl.plot import BoundaryAnimation

X = np.array([[-1.0, -1], [1, 1], [1, -1], [-1, 1]] * 5)
Y = np.array([0, 1, 1, 0] * 5)


def trained(film, *, epochs, rate=0.1, **more):
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    model.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(rate), epochs=epochs, callbacks=[film], rng=0, **more)


@pytest.mark.parametrize(("epochs", "frames", "expected"), [(3, 50, 4), (9, 4, 4), (1, 2, 2), (7, 3, 3)])
def test_frames_are_spaced_evenly_from_the_untrained_network_to_the_last_epoch(tmp_path, epochs, frames, expected):
    film = BoundaryAnimation(X, Y, tmp_path / "a.gif", frames=frames)
    trained(film, epochs=epochs)
    with Image.open(tmp_path / "a.gif") as image:
        durations = []
        for frame in range(image.n_frames):
            image.seek(frame)
            durations.append(image.info["duration"])
    assert durations == [120] * (expected - 1) + [2500]


def test_each_frame_is_the_network_after_that_epoch(monkeypatch):
    drawn = []
    monkeypatch.setattr(BoundaryAnimation, "_draw", lambda self, training: drawn.append(training.epoch))
    trained(BoundaryAnimation(X, Y, frames=5), epochs=8)
    assert drawn == [0, 2, 4, 6, 8]


def test_frames_differ_as_the_network_learns():
    film = BoundaryAnimation(X, Y, frames=2)
    trained(film, epochs=5, rate=1.0)
    first, last = (np.asarray(image.convert("RGB"), float) for image in film.images)
    assert np.abs(first - last).mean() > 1


def test_a_training_that_ends_early_leaves_its_frames(tmp_path):
    class Stop(whorl.Callback):
        def on_epoch_end(self, training, epoch):
            raise whorl.StopTraining("enough")

    film = BoundaryAnimation(X, Y, tmp_path / "a.gif", frames=9)
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    model.fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=8, callbacks=[film, Stop()], rng=0)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 2
    film.save(tmp_path / "b.gif")
    assert (tmp_path / "b.gif").read_bytes() == (tmp_path / "a.gif").read_bytes()


def test_another_training_begins_anew():
    film = BoundaryAnimation(X, Y, frames=2)
    trained(film, epochs=1)
    trained(film, epochs=1)
    assert len(film.images) == 2


def test_arguments_are_checked_before_the_training():
    with pytest.raises(ValueError, match=r"path must end in \.gif, got 'a\.png'"):
        BoundaryAnimation(X, Y, "a.png")
    with pytest.raises(ValueError, match="frames must be a whole number of at least 2, got 1"):
        BoundaryAnimation(X, Y, frames=1)
    with pytest.raises(ValueError, match="there is no frame to save: give the callback to fit first"):
        BoundaryAnimation(X, Y).save("a.gif")


def test_a_training_that_is_resumed_begins_with_the_network_as_it_continues(tmp_path, monkeypatch):
    saved = tmp_path / "run.npz"
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    given = {"loss": CrossEntropy(), "optimizer": SGD(0.1)}
    model.fit(X, Y, **given, epochs=3, callbacks=[whorl.Checkpoint(saved)], rng=0)
    drawn = []
    monkeypatch.setattr(BoundaryAnimation, "_draw", lambda self, training: drawn.append(training.epoch))
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    callbacks = [BoundaryAnimation(X, Y, frames=50), whorl.Checkpoint(saved)]
    model.fit(X, Y, **given, epochs=6, callbacks=callbacks, resume=saved)
    assert drawn == [3, 4, 5, 6]


def test_frames_show_the_averaged_parameters_and_not_those_that_early_stopping_restores(monkeypatch):
    shown = []
    monkeypatch.setattr(BoundaryAnimation, "_draw", lambda self, run: shown.append(run.model.parameters.copy()))
    averaged = whorl.Averaged(SGD(0.5), decay=0.9)
    callbacks = [BoundaryAnimation(X, Y, frames=50), whorl.EarlyStopping("loss", patience=50)]
    model = Model([Dense(2), Softmax()], inputs=2, rng=0)
    run = model.training(X, Y, loss=CrossEntropy(), optimizer=averaged, epochs=4, callbacks=callbacks, rng=0)
    after = [run.model.parameters.copy() for _ in run]
    np.testing.assert_array_equal(shown[1:], after)
