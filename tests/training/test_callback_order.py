import pytest
from small import network, settings

from whorl import (
    Callback,
    StopTraining,
)


class Recorder(Callback):
    def __init__(self, stop_at=None):
        self.calls, self.stop_at = [], stop_at

    def on_train_begin(self, training):
        self.calls.append("begin")

    def on_epoch_end(self, training, epoch):
        self.calls.append(epoch.number)
        if epoch.number == self.stop_at:
            raise StopTraining(f"stopped after {epoch.number}")

    def on_train_end(self, training, history):
        self.calls.append(("end", len(history.epochs)))


def test_callbacks_are_called_in_order(spiral_data):
    recorder = Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=[recorder, Callback()]))
    assert recorder.calls == ["begin", 1, 2, 3, ("end", 3)]
    assert history.stopped is None


def test_when_a_callback_stops_training_the_others_are_still_called(spiral_data):
    first, second = Recorder(stop_at=2), Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=[first, second]))
    assert first.calls == second.calls == ["begin", 1, 2, ("end", 2)]
    assert history.stopped == "stopped after 2"
    assert len(history["loss"]) == 2


def test_a_callback_can_stop_training_before_the_first_epoch(spiral_data):
    class StopAtOnce(Recorder):
        def on_train_begin(self, training):
            raise StopTraining("stopped at once")

    stop, recorder = StopAtOnce(), Recorder()
    history = network().fit(*spiral_data, **settings(callbacks=iter([stop, recorder])))
    assert (history.stopped, len(history.epochs)) == ("stopped at once", 0)
    assert recorder.calls == ["begin", ("end", 0)]


def test_the_first_reason_to_stop_is_recorded(spiral_data):
    history = network().fit(*spiral_data, **settings(callbacks=[Recorder(stop_at=1), Recorder(stop_at=1)]))
    assert history.stopped == "stopped after 1"


def test_on_train_end_is_called_after_an_error(spiral_data):
    class Broken(Callback):
        def on_epoch_end(self, training, epoch):
            raise ZeroDivisionError

    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        network().fit(*spiral_data, **settings(callbacks=[recorder, Broken()]))
    assert recorder.calls == ["begin", 1, ("end", 1)]
