"""Calls with wrong arguments: the error says what the class or method takes, and translates calls of other libraries."""

import copy
import pickle

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    BatchNorm,
    Callback,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    LeakyReLU,
    Model,
    Progress,
    ReLU,
    Residual,
    Softmax,
)

X, Y = whorl.datasets.spiral(10, rng=0)


def model():
    return Model([Dense(3), Softmax()], inputs=2, rng=0)


PARAMETERS = "an optimizer gets the model's parameters from fit: write optimizer=Adam(0.01); its usage is "
LISTED = "give the layers as one list, and the shape of a sample by name: Model([Dense(64), ReLU()], inputs=2)"
CALLS = [
    (lambda: Dense(2, 64), "Dense: a layer finds out the size of its inputs by itself: write Dense(64); its usage is Dense(units, *, "),
    (lambda: Dense(64, "relu"), "Dense: an activation is a layer of its own, after this one: [Dense(64), ReLU()]; its usage is Dense("),
    (Dense, "Dense needs units; its usage is Dense(units, *, "),
    (lambda: Dense(64, units=3), "Dense: multiple values for argument 'units'; its usage is"),
    (lambda: Dropout(0.5, True), "Dropout: too many positional arguments; its usage is Dropout(rate)"),  # noqa: FBT003
    (lambda: ReLU(True), "ReLU: too many positional arguments; its usage is ReLU()"),  # noqa: FBT003
    (lambda: LeakyReLU(0.1, True), "LeakyReLU: too many positional arguments; its usage is LeakyReLU(slope=0.01)"),  # noqa: FBT003
    (lambda: BatchNorm(64), "BatchNorm: a layer finds out the size of its inputs by itself: write it without this number"),
    (lambda: Residual(Dense(2), ReLU()), "Residual: give the layers as one list: Residual([Dense(64), ReLU()])"),
    (lambda: CrossEntropy(None), "CrossEntropy: too many positional arguments; its usage is CrossEntropy(*, label_smoothing=0.0)"),
    (lambda: SGD(0.1, 0.9), "SGD: too many positional arguments; its usage is SGD(learning_rate=0.01, *, momentum=0.0, nesterov=False)"),
    (lambda: Cosine(0.1, 50), "Cosine: too many positional arguments; its usage is Cosine(learning_rate, *, epochs, "),
    (lambda: Adam(model().parameters, 0.01), f"Adam: {PARAMETERS}Adam(learning_rate=0.001, *, beta1="),
    (lambda: Adam(model().parameters), f"Adam: {PARAMETERS}"),
    (lambda: Adam(iter([]), lr=0.01), f"Adam: {PARAMETERS}"),
    (lambda: Model(Dense(3), ReLU(), inputs=2), f"Model: {LISTED}; its usage is Model(layers, *, inputs, rng=None, dtype=numpy.float32)"),
    (lambda: Model(Dense(3), ReLU()), f"Model: {LISTED}"),
    (lambda: Model([Dense(3)], 2), f"Model: {LISTED}"),
    (Model, "Model needs layers, inputs (the shape of one sample, such as inputs=2); its usage is"),
    (lambda: model()(X), "a Model is not called as a function: write model.predict(X)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[words[:40] for _, words in CALLS])
def test_the_error_says_what_to_write(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(words)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_errors_inside_a_method_stay_as_they_are():
    def wrong(prediction, target):
        raise TypeError("of the user")

    with pytest.raises(TypeError, match=r"^of the user$"):
        model().loss_and_gradients(X, Y, loss=wrong)
    with pytest.raises(TypeError, match=r"^of the user$"):
        model().fit(X, Y, loss=wrong, optimizer=SGD(0.1), epochs=1)
    with pytest.raises(TypeError, match=r"^units must be a whole number of at least 1, got '64'$"):
        Dense("64")


def test_a_subclass_with_other_arguments_names_itself():
    class Small(Model):
        def __init__(self, inputs):
            super().__init__([Dense(3)], inputs=inputs, rng=0)

    assert Small(2).inputs == (2,)
    for copied in (copy.deepcopy(Small(2)), pickle.loads(pickle.dumps(model()))):
        assert copied.inputs == (2,)
    with pytest.raises(TypeError, match=r"Small\.__init__"):
        Small()

    class Mine(Model):
        """Another name."""

    with pytest.raises(TypeError, match=r"^Mine needs layers, inputs"):
        Mine()


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda m: m.fit(X, Y, loss=m, optimizer=SGD(0.1), epochs=1), "loss must be a Loss"),
        (lambda m: m.evaluate(X, Y, loss=CrossEntropy(), metrics=[m]), "metrics must be names or functions"),
        (Adam, "learning_rate must be a finite number"),
        (lambda m: whorl.WarmUp(m, epochs=3), "schedule must be a schedule"),
    ],
)
def test_a_model_is_no_function_for_the_arguments_that_take_one(use, words):
    with pytest.raises(TypeError) as caught:
        use(model())
    assert words in str(caught.value)


def method(line):
    exec(f"class Loud(Callback):\n    def {line}:\n        self.seen = epoch", {"Callback": Callback})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("on_epoch_end(self, epoch, logs=None)", "must take (self, training, epoch), got (self, epoch, logs=None)"),
        ("on_epoch_end(self, epoch)", "must take (self, training, epoch), got (self, epoch)"),
        ("on_train_begin(self, logs=None)", "must take (self, training), got (self, logs=None)"),
        ("on_train_end(self, logs=None)", "must take (self, training, history), got (self, logs=None)"),
        ("on_step_end(self, training, step)", "must take (self, training), got (self, training, step)"),
        ("on_train_batch_end(self, batch, logs)", "would never be called; did you mean 'on_step_end'?"),
    ],
)
def test_a_callback_with_the_arguments_of_keras_is_refused(line, words):
    with pytest.raises(TypeError) as caught:
        method(line)
    assert str(caught.value).startswith(f"Loud.{line.partition('(')[0]} {words}")


def test_other_names_of_arguments_are_fine():
    method("on_epoch_end(self, run, epoch)")
    method("on_epoch_end(self, *epoch)")
    method("on_epoch_end(self, training, epoch, verbose=True)")


def test_the_model_of_a_callback_of_keras():
    class Loud(Callback):
        def on_epoch_end(self, training, epoch):
            self.model.stop_training = True

    with pytest.raises(AttributeError, match=r"^'Loud' object has no attribute 'model'; the model is training\.model"):
        model().fit(X, Y, loss=CrossEntropy(), optimizer=SGD(0.1), epochs=1, callbacks=[Loud()])
    assert not hasattr(Progress(), "_x")
    assert copy.deepcopy(Progress()) == Progress()
    assert np.all([hasattr(Progress(), name) for name in ("every", "stream", "last")])
