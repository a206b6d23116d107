"""What frames show is what the model computes."""

import numpy as np
import pytest
from msgspec.structs import replace
from pane import DIVERGING, SMALL, split

from whorl.glassbox.recorder import LEVELS
from whorl.metrics import confusion_matrix
from whorl.playground.configuration import Configuration, Moons, Spiral
from whorl.playground.frames import Camera
from whorl.playground.messages import Look
from whorl.playground.run import Run


def frame(own, *, camera=None, playing=False, **wanted):
    camera = camera or Camera(own)
    return split(camera.frame(Look(**{"grid": 10, **wanted}), playing=playing, findings=[]))


def trained(configuration=SMALL, epochs=5):
    own = Run(configuration)
    for _ in range(epochs):
        own.advance("epoch")
    return own


def points(own, grid):
    x0, x1, y0, y1 = own.problem.data.bounds
    return np.array([(x, y) for y in np.linspace(y0, y1, grid) for x in np.linspace(x0, x1, grid)])


def test_the_surface_is_the_prediction():
    own = trained()
    _, arrays = frame(own, grid=12)
    expected = own.model.predict(points(own, 12)).reshape(12, 12, 3)
    assert arrays["surface"].dtype == np.uint8
    assert np.abs(arrays["surface"] / 255 - expected).max() <= 0.501 / 255


@pytest.mark.parametrize(
    ("layers", "loss"),
    [(("Dense(4)", "Tanh()", "Dense(1)", "Sigmoid()"), "BinaryCrossEntropy()"), (("Dense(1)",), "Huber()")],
)
def test_the_surface_of_one_output(layers, loss):
    own = trained(Configuration(data=Moons(30), layers=layers, loss=loss, optimizer="Adam(0.1)"))
    header, arrays = frame(own)
    p = own.model.predict(points(own, 10)).clip(0, 1).reshape(10, 10)
    assert np.abs(arrays["surface"][:, :, 1] / 255 - p).max() <= 0.501 / 255
    assert np.abs(arrays["surface"][:, :, 0] / 255 - (1 - p)).max() <= 0.501 / 255
    held_out = own.training.validation
    expected = confusion_matrix(held_out.target, own.model.predict(np.asarray(held_out.x)))
    assert header["confusion"] == expected.tolist()


@pytest.mark.parametrize("loss", ["Hinge()", "MeanSquaredError()"])
def test_the_surface_of_scores(loss):
    own = trained(replace(SMALL, layers=("Dense(8)", "ReLU()", "Dense(3)"), loss=loss))
    header, arrays = frame(own)
    z = own.model.predict(points(own, 10)).astype(float)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert np.abs(arrays["surface"] / 255 - p.reshape(10, 10, 3)).max() <= 0.501 / 255
    held_out = own.training.validation
    expected = confusion_matrix(held_out.target, own.model.predict(np.asarray(held_out.x)))
    assert header["confusion"] == expected.tolist()


def test_the_surfaces_of_units_are_the_activations():
    own = trained()
    content = Camera(own).frame(Look(grid=60, units=tuple(range(5))), playing=False, findings=[])
    header, arrays = split(content)
    entries = {entry["name"]: entry for entry in header["arrays"]}
    for i, values in enumerate(own.model.activations(points(own, 25))):
        entry, array = entries[f"units/{i}"], arrays[f"units/{i}"]
        assert array.shape == (values.shape[1], 25, 25)
        assert entry["low"] == values.min()
        assert entry["high"] == values.max()
        step = (entry["high"] - entry["low"]) / 255
        shown = entry["low"] + step * array.astype(float)
        assert np.abs(shown - values.T.reshape(-1, 25, 25)).max() <= 0.51 * step
    assert arrays["surface"].shape == (60, 60, 3)
    assert not any(name.startswith("units/") for name in frame(own)[1])
    assert [name for name in frame(own, units=(2, 0, 99))[1] if name.startswith("units/")] == ["units/0", "units/2"]


def test_parameters_and_state():
    own = trained()
    own.advance("batch")
    header, arrays = frame(own)
    for name, values in own.model.named_parameters().items():
        assert arrays[name].dtype == np.float32
        assert np.array_equal(arrays[name], values)
    training = own.training
    assert (header["step"], header["epoch"], header["time"]) == (16, 5, training.time)
    assert header["learning_rate"] == 0.01
    assert header["history"]["steps"] == own.states.steps
    assert header["seconds"] == own.seconds > 0
    assert (header["playing"], header["stopped"], header["nan"], header["findings"]) == (False, None, False, [])


def test_metrics_are_measured_while_paused_and_the_last_epochs_while_playing():
    own = trained()
    last = own.training.state.history.epochs[-1].values
    assert frame(own, playing=True)[0]["metrics"] == last
    camera = Camera(own)
    before = frame(own, camera=camera)[0]["metrics"]
    own.advance("batch")
    train, validation = own.training.measure()
    paused = frame(own, camera=camera)[0]["metrics"]
    assert paused["loss"] != before["loss"]
    assert paused == train | {f"val_{name}": value for name, value in validation.items()}
    assert paused["loss"] != last["loss"]


def test_the_confusion_matrix_without_validation_data_is_of_the_training_data():
    own = trained(replace(SMALL, validation=0.0))
    confusion = frame(own)[0]["confusion"]
    assert np.sum(confusion) == 90
    assert confusion == confusion_matrix(own.problem.y, own.model.predict(own.problem.X)).tolist()


def test_before_the_first_step_layers_are_fitted_as_in_that_step():
    own = Run(replace(SMALL, layers=("Standardize()", "Dense(3)", "Softmax()")))
    header, arrays = frame(own)
    fitted = own.problem.model()
    fitted.adapt(np.asarray(own.training.train.x))
    expected = fitted.predict(points(own, 10)).reshape(10, 10, 3)
    assert np.abs(arrays["surface"] / 255 - expected).max() <= 0.501 / 255
    assert (own.model.named_statistics()["mean1"] == 0).all()  # the model itself is as it was
    assert header["metrics"]["loss"] == own.training.measure()[0]["loss"]


def test_only_new_values_of_the_curves_are_sent():
    own = trained(epochs=3)
    camera = Camera(own)
    header, _ = frame(own, camera=camera)
    assert header["curve_from"] == 0
    assert header["curves"]["epoch"] == [1, 2, 3]
    assert header["curves"]["val_accuracy"] == own.curves.values["val_accuracy"]
    own.advance("epoch")
    header, _ = frame(own, camera=camera)
    assert (header["curve_from"], header["curves"]["epoch"]) == (3, [4])
    own.back(6)
    header, _ = frame(own, camera=camera)
    assert (header["curve_from"], header["curves"]["epoch"]) == (0, [1, 2])


def test_spread():
    own = trained(replace(SMALL, optimizer="SGD(0.1)", layers=("Dense(8)", "ReLU()", "Dense(3)", "Softmax()")))
    before = own.model.parameters.copy()
    _, arrays = frame(own, spread=True)
    assert (own.model.parameters == before).all()
    x, target, _ = own.training.train.batch(np.arange(72))
    for i, values in enumerate(own.model.activations(x)):
        assert np.allclose(arrays[f"spread/activations/{i}"], np.quantile(values, LEVELS))
    _, gradients = own.model.loss_and_gradients(x, target, loss=own.problem.loss)
    for name, gradient in gradients.items():
        assert np.allclose(arrays[f"spread/gradients/{name}"], np.quantile(gradient, LEVELS), atol=1e-7)
        assert np.allclose(arrays[f"spread/updates/{name}"], np.quantile(-0.1 * gradient, LEVELS), atol=1e-7)
        assert np.allclose(arrays[f"spread/weights/{name}"], np.quantile(own.model.named_parameters()[name], LEVELS))


def test_numbers_that_are_not_finite_are_no_error():
    own = Run(DIVERGING)
    own.model.parameters[:] = np.nan
    header, arrays = frame(own, spread=True)
    assert header["metrics"]["loss"] is None
    assert header["confusion"] is None
    assert not arrays["surface"].any()
    assert np.isnan(arrays["w1"]).all()
    own.model.parameters[:] = np.inf
    assert frame(own)[0]["type"] == "frame"


def test_the_header_ends_at_a_multiple_of_eight_bytes():
    own = Run(replace(SMALL, data=Spiral(samples=10)))
    for grid in (8, 9, 10, 11):
        content = Camera(own).frame(Look(grid=grid), playing=False, findings=[])
        _, arrays = split(content)  # which looks at each place
        assert 4 + int.from_bytes(content[:4], "little") + sum(
            -(-each.nbytes // 8) * 8 for each in arrays.values()
        ) == len(content)
