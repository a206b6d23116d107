"""Names from other libraries: errors say what to write instead, and `docs/translation.md` has them all."""

import copy
import json

import numpy as np
import pytest
from tests.docs.translation import PAGE, render
from tests.parity.names_reference import STORED, names

import whorl
from whorl import (
    SGD,
    Adam,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    LeakyReLU,
    Model,
    RMSprop,
    Softmax,
    datasets,
)
from whorl._core.synonyms import SYNONYMS

X, Y = datasets.spiral(10, rng=0)


def model():
    return Model([Dense(3), Softmax()], inputs=2, rng=0)


def fit(**options):
    return model().fit(X, Y, **{"loss": CrossEntropy(), "optimizer": SGD(0.1), "epochs": 1, **options})


CALLS = [
    (lambda: Dense(64, activation="relu"), "an activation is a layer of its own, after this one: [Dense(64), ReLU()]"),
    (lambda: Dense(64, use_bias=False), "every Dense layer has a bias"),
    (lambda: Dense(64, kernel_regularizer=1), "did you mean 'weight_l2'?"),
    (lambda: Dense(64, in_features=2), "give the shape of a sample to the model: Model(layers, inputs=2)"),
    (lambda: Adam(lr=0.1), "did you mean 'learning_rate'?"),
    (lambda: Adam(beta_1=0.1), "did you mean 'beta1'?"),
    (lambda: Adam(betas=(0.9, 0.99)), "did you mean 'beta1'?"),
    (lambda: Adam(eps=0.1), "did you mean 'epsilon'?"),
    (lambda: Adam(weight_decay=0.1), "write AdamW(weight_decay=0.01)"),
    (lambda: Adam(clipnorm=1.0), "wrap the optimizer: Clipped(Adam(), norm=1.0)"),
    (lambda: SGD(nesterovs_momentum=True), "did you mean 'nesterov'?"),
    (lambda: RMSprop(rho=0.9), "did you mean 'alpha'?"),
    (lambda: Dropout(p=0.5), "did you mean 'rate'?"),
    (lambda: LeakyReLU(negative_slope=0.1), "did you mean 'slope'?"),
    (lambda: EarlyStopping(min_delta=0.1), "did you mean 'threshold'?"),
    (lambda: EarlyStopping(mode="min"), "did you mean 'higher_is_better'?"),
    (lambda: EarlyStopping(n_iter_no_change=3), "did you mean 'patience'?"),
    (lambda: fit(validation_split=0.1), "did you mean 'validation'?"),
    (lambda: fit(validation_data=(X, Y)), "did you mean 'validation'?"),
    (lambda: fit(verbose=1), "write callbacks=[Progress()] to print the progress"),
    (lambda: fit(monitor="val_loss"), "give it to a callback: EarlyStopping('val_loss')"),
    (lambda: fit(early_stopping=True), "write callbacks=[EarlyStopping()]"),
    (lambda: fit(shuffle=True), "the samples are shuffled before each epoch"),
    (lambda: fit(random_state=0), "did you mean 'rng'?"),
    (lambda: fit(max_iter=9), "did you mean 'epochs'?"),
    (lambda: fit(n_epoch=9), "did you mean 'epochs'?"),
    (lambda: fit(criterion=CrossEntropy()), "did you mean 'loss'?"),
    (lambda: fit(solver="adam"), "did you mean 'optimizer'?"),
    (lambda: fit(learning_rate=0.1), "give the learning rate to the optimizer: optimizer=Adam(0.01)"),
    (lambda: fit(lr=0.1), "give the learning rate to the optimizer: optimizer=Adam(0.01)"),
    (lambda: fit(batchsize=3), "did you mean 'batch_size'?"),
    (lambda: fit(device="cuda"), "whorl computes on the CPU"),
    (lambda: fit(loss="mse"), "got 'mse'; did you mean MeanSquaredError()?"),
    (lambda: fit(loss="sparse_categorical_crossentropy"), "did you mean CrossEntropy()?"),
    (lambda: fit(optimizer="adam"), "got 'adam'; did you mean Adam()?"),
    (lambda: fit(optimizer="rmsprop"), "did you mean RMSprop()?"),
    (lambda: fit(metrics=["acc"]), "got 'acc'; did you mean 'accuracy'?"),
    (lambda: fit(metrics=["f1_score"]), "did you mean 'f1'?"),
    (lambda: Model([Dense(3), "relu"], inputs=2), "got 'relu'; did you mean ReLU()?"),
    (lambda: Model([Dense(3), "logistic"], inputs=2), "did you mean Sigmoid()?"),
    (lambda: Model([Dense(3)], input_shape=(2,)), "Model has no argument 'input_shape'; give the shape of a sample to the model"),
    (lambda: Model([Dense(3)]), "Model needs the shape of one sample, such as inputs=2, got none"),
    (lambda: Model([Dense(3)], inputs=2, random_state=0), "did you mean 'rng'?"),
    (lambda: whorl.Linear, "did you mean 'Dense'?"),
    (lambda: whorl.Sequential, "did you mean 'Model'?"),
    (lambda: whorl.CrossEntropyLoss, "did you mean 'CrossEntropy'?"),
    (lambda: whorl.MLPClassifier, "from whorl.sklearn import MLPClassifier"),
    (lambda: whorl.StepLR, "write whorl.schedules.Step"),
    (lambda: whorl.SequentialLR, "write whorl.schedules.Chain"),
    (lambda: whorl.compile, "give loss and optimizer to fit"),
    (lambda: whorl.ReduceLROnPlateau, "did you mean 'ReduceOnPlateau'?"),
    (lambda: whorl.ModelCheckpoint, "did you mean 'Checkpoint'?"),
    (lambda: whorl.load_model, "load is a function: whorl.load(path)"),
    (lambda: whorl.EarlyStoping, "did you mean 'EarlyStopping'?"),
    (lambda: model().compile(), "Model has no attribute 'compile'; give loss and optimizer to fit"),
    (lambda: model().forward(X), "did you mean 'predict'?"),
    (lambda: model().predict_proba(X), "did you mean 'predict'?"),
    (lambda: model().score(X, Y), "did you mean 'evaluate'?"),
    (lambda: model().get_weights(), "named_parameters() returns views of all parameters by name"),
    (lambda: model().coefs_, "named_parameters() returns views of all parameters by name"),
    (lambda: model().to("cuda"), "whorl computes on the CPU"),
    (lambda: model().sumary(), "did you mean 'summary'?"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[words[:50] for _, words in CALLS])
def test_a_name_of_another_library_gets_the_right_hint(call, words):
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize("library", ["keras", "torch", "sklearn"])
def test_the_names_are_those_of_the_real_packages(library):
    """As looked up by `names_reference.py`, which fails if a name is nowhere."""
    places = json.loads(STORED.read_text())[library]["places"]
    assert list(places) == names(library)
    assert all(places.values())


def test_what_to_write_exists():
    """The first word of what to write in whorl is a public name, a method, or an argument."""
    known = {*dir(whorl), *dir(Model), *dir(EarlyStopping()), *dir(whorl.Callback), *whorl.metrics.METRICS}
    known |= {name for each in vars(whorl.Options)["__dataclass_fields__"] for name in [each]}
    for module in (whorl.layers, whorl.losses, whorl.optimizers, whorl.schedules):
        for each in vars(module).values():
            known |= set(getattr(each, "__dataclass_fields__", ())) | {getattr(each, "__name__", "")}
    for section in SYNONYMS.values():
        for row in section:
            word = row.whorl.partition("(")[0].partition("=")[0].partition(".")[0]
            assert not row.whorl or word in known or row.whorl.startswith("["), row


def test_the_page_is_written_from_the_table():
    assert PAGE.read_text() == render()


def test_copies_and_pickles_of_a_model_do_not_ask_for_hints():
    one = model()
    assert not hasattr(one, "_no_such")
    assert np.array_equal(copy.deepcopy(one).parameters, one.parameters)
