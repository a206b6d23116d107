"""Names from other libraries: errors say what to write instead, and `docs/translation.md` has them all."""

import copy
import importlib.util
import json

import numpy as np
import pytest
from tests.docs.translation import PAGE, render
from tests.parity.names_reference import STORED, names

import whorl
from whorl import (
    SGD,
    Adam,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Embedding,
    LeakyReLU,
    Model,
    OneCycle,
    RMSprop,
    Softmax,
    datasets,
)
from whorl._core.hints import did_you_mean
from whorl._core.synonyms import SYNONYMS
from whorl.tracking import CSVLogger, TensorBoard

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
    (lambda: EarlyStopping(min_delta=0.1), "threshold is the smallest improvement as a fraction of the best value"),
    (lambda: EarlyStopping(mode="min"), "did you mean 'higher_is_better'?"),
    (lambda: EarlyStopping(n_iter_no_change=3), "did you mean 'patience'?"),
    (lambda: fit(validation_split=0.1), "did you mean 'validation'?"),
    (lambda: fit(validation_data=(X, Y)), "did you mean 'validation'?"),
    (lambda: fit(verbose=1), "only fit prints, with callbacks=[Progress()]"),
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
    (lambda: Model([Dense(3)]), "Model needs inputs (the shape of one sample, such as inputs=2); its usage is Model(layers, *, inputs,"),
    (lambda: Model([Dense(3)], inputs=2, random_state=0), "did you mean 'rng'?"),
    (lambda: whorl.Linear, "did you mean 'Dense'?"),
    (lambda: whorl.Sequential, "did you mean 'Model'?"),
    (lambda: whorl.CrossEntropyLoss, "did you mean 'CrossEntropy'?"),
    (lambda: whorl.MLPClassifier, "from whorl.sklearn import MLPClassifier"),
    (lambda: whorl.StepLR, "did you mean 'schedules.Step'?"),
    (lambda: whorl.SequentialLR, "did you mean 'schedules.Chain'?"),
    (lambda: whorl.compile, "give loss and optimizer to fit"),
    (lambda: whorl.ReduceLROnPlateau, "did you mean 'ReduceOnPlateau'?"),
    (lambda: whorl.ModelCheckpoint, "did you mean 'Checkpoint'?"),
    (lambda: whorl.load_model, "load is a function: whorl.load(path)"),
    (lambda: whorl.CSVLogger("log.csv"), "did you mean 'whorl.tracking.CSVLogger'?"),
    (lambda: whorl.SummaryWriter, "did you mean 'tracking.TensorBoard'?"),
    (lambda: TensorBoard(log_dir="runs"), "did you mean 'directory'?"),
    (lambda: TensorBoard("runs", histogram_freq=1), "did you mean 'histograms'?"),
    (lambda: TensorBoard("runs", write_graph=True), "leave it out: the values of each epoch are written"),
    (lambda: CSVLogger("log.csv", append=True), "a training that is resumed continues its file"),
    (lambda: CSVLogger("log.csv", separator=";"), "a comma separates the columns"),
    (lambda: CSVLogger(filename="log.csv"), "did you mean 'path'?"),
    (lambda: Checkpoint(filepath="model.npz"), "did you mean 'path'?"),
    (lambda: model().append(Dense(3)), "give all layers at once"),
    (lambda: whorl.EarlyStoping, "did you mean 'EarlyStopping'?"),
    (lambda: model().compile(), "Model has no attribute 'compile'; give loss and optimizer to fit"),
    (lambda: model().forward(X), "did you mean 'predict'?"),
    (lambda: model().predict_proba(X), "did you mean 'predict'?"),
    (lambda: model().score(X, Y), "did you mean 'evaluate'?"),
    (lambda: model().get_weights(), "named_arrays() returns views of parameters and statistics by name"),
    (lambda: model().coefs_, "named_parameters() returns views of the parameters by name"),
    (lambda: model().to("cuda"), "whorl computes on the CPU"),
    (lambda: model().sumary(), "did you mean 'summary'?"),
    (lambda: Dense(64, from_logits=True), "end the model with Softmax() or Sigmoid()"),
    (lambda: Embedding(input_dim=9), "did you mean 'categories'?"),
    (lambda: OneCycle(max_lr=0.1), "did you mean 'learning_rate'?"),
    (lambda: model().eval(), "fit trains with dropout, and predict and evaluate work without it"),
    (lambda: model().train(), "fit trains with dropout, and predict and evaluate work without it"),
    (lambda: model().zero_grad(), "model.loss_and_gradients returns them"),
    (lambda: model().backward(), "model.loss_and_gradients returns them"),
    (lambda: model().add(Dense(3)), "give all layers at once"),
    (lambda: model().history, "fit returns the history"),
    (lambda: model().optimizer, "give loss and optimizer to fit"),
    (lambda: model().count_params(), "model.parameters.size is the number of parameters"),
    (lambda: model().set_weights([]), "write into the arrays of model.named_arrays(), parameters and statistics"),
    (lambda: model().load_state_dict({}), "write into the arrays of model.named_arrays()"),
    (lambda: model().state_dict(), "; whorl.formats.to_torch(model) has them as in PyTorch"),
    (lambda: model().to_torch(), "Model has no attribute 'to_torch'; whorl.formats has to_torch(model), to_keras(model)"),
    (lambda: model().export("a.onnx"), "whorl.formats has to_torch(model), to_keras(model) and save_safetensors"),
    (lambda: whorl.to_torch, "did you mean 'whorl.formats.to_torch'?"),
    (lambda: whorl.from_keras, "did you mean 'whorl.formats.from_keras'?"),
    (lambda: model().save("a.pth"), "torch.save(whorl.formats.to_torch(model).state_dict(), path) writes such a file"),
    (lambda: model().save("a.h5"), "whorl.formats.to_keras(model).save(path) writes such a file"),
    (lambda: model().cpu(), "whorl computes on the CPU"),
    (lambda: whorl.no_grad, "leave it out: only training computes gradients"),
    (lambda: whorl.save, "save is a method: model.save(path)"),
    (lambda: whorl.manual_seed, "give a seed to the model and to fit"),
    (lambda: whorl.HeNormal, "did you mean 'whorl.initializers.HeNormal'?"),
    (lambda: whorl.Loss, "did you mean 'whorl.losses.Loss'?"),
    (lambda: EarlyStopping("val_acc"), "did you mean val_accuracy?"),
    (lambda: whorl.BCEWithLogitsLoss(pos_weight=2), "did you mean 'BinaryCrossEntropy'?"),
    (lambda: CrossEntropy(weight=[1, 2, 3]), "give it to fit: class_weight="),
    (lambda: whorl.nn, "from whorl import CrossEntropy, Dense, Model"),
    (lambda: whorl.optim, "did you mean 'optimizers'?"),
    (lambda: whorl.LSTM, "whorl has no convolution, recurrence or attention"),
    (lambda: fit(metrics=["mse"]), "the mean squared error is a loss, MeanSquaredError()"),
    (lambda: Model([Dense(3), "linear"], inputs=2), "leave it out: Dense has no activation"),
    (lambda: model().predict(X, batch_size=32), "give it to fit; predictions have no batches"),
    (lambda: model().predict(X, verbose=0), "predict has no argument 'verbose'; only fit prints"),
    (lambda: model().predict_classes(X, verbose=0), "only fit prints"),
    (lambda: model().activations(X, verbose=0), "only fit prints"),
    (lambda: model().adapt(X, batch_size=8), "give it to fit"),
    (lambda: model().evaluate(X, Y, verbose=0, loss=CrossEntropy()), "evaluate has no argument 'verbose'; only fit prints"),
    (lambda: model().evaluate(x=X, y=Y), "evaluate has no argument 'x'; did you mean 'X'?"),
    (lambda: model().evaluate(X, Y), "evaluate needs loss; its usage is evaluate(X, y, *, loss, metrics=(), sample_weight=None)"),
    (lambda: model().loss_and_gradients(X, Y, seed=0, loss=CrossEntropy()), "did you mean 'rng'?"),
    (lambda: model().freeze(layers=0), "freeze: got an unexpected keyword argument 'layers'; its usage is freeze(*layers)"),
    (lambda: model().save("a.npz", overwrite=True), "save has no argument 'overwrite'; it has path, state"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), CALLS, ids=[words[:50] for _, words in CALLS])
def test_a_name_of_another_library_gets_the_right_hint(call, words):
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        call()
    assert words in str(caught.value)


@pytest.mark.parametrize("library", ["keras", "torch", "sklearn"])
def test_the_names_are_those_of_the_real_packages(library):
    """As looked up by `names_reference.py`, which fails if a name is nowhere."""
    places = json.loads(STORED.read_text(encoding="utf-8"))[library]["places"]
    assert list(places) == names(library)
    assert all(places.values())


def test_what_to_write_exists():
    """The first word of what to write in whorl is a public name, a method, or an argument."""
    known = {*dir(whorl), *dir(Model), *dir(EarlyStopping()), *dir(whorl.Callback), *whorl.metrics.METRICS}
    known |= {name for each in vars(whorl.Options)["__dataclass_fields__"] for name in [each]}
    for module in (whorl.layers, whorl.losses, whorl.optimizers, whorl.schedules, whorl.tracking):
        for each in vars(module).values():
            known |= set(getattr(each, "__dataclass_fields__", ())) | {getattr(each, "__name__", "")}
    for section in SYNONYMS.values():
        for row in section:
            word = row.whorl.partition("(")[0].partition("=")[0].partition(".")[0]
            assert not row.whorl or word in known or row.whorl.startswith("["), row
            if "." in row.whorl and not row.hint:
                module, name = row.whorl.split(".")
                assert hasattr(getattr(whorl, module), name), row


# Names that look like one of whorl and mean something else get no suggestion.
UNLIKE = [
    "Concatenate",
    "Lambda",
    "KLDivergence",
    "CTCLoss",
    "utils",
    "applications",
    "Ones",
    "Permute",
    "Reshape",
    "fit",
    "Dataset",
    "Softsign",
]


@pytest.mark.parametrize("name", UNLIKE)
def test_a_name_that_only_looks_alike_is_not_suggested(name):
    with pytest.raises(AttributeError) as caught:
        getattr(whorl, name)
    assert "did you mean" not in str(caught.value) or "initializers.Ones" in str(caught.value)


def test_no_two_rows_are_for_the_same_thing():
    """Apart from those with a hint, which are for other places."""
    for section in SYNONYMS.values():
        plain = [row.whorl.rpartition(".")[2] for row in section if row.whorl and not row.hint]
        assert len(plain) == len(set(plain))


@pytest.mark.parametrize("name", ["name", "history", "axis", "seed", "to", "device"])
def test_names_that_users_choose_get_no_hints_of_other_libraries(name):
    with pytest.raises(ValueError, match=f"'{name}'") as caught:
        whorl.tables.table({"rooms": [1, 2], "y": [0, 1]}, name)
    hint = did_you_mean(name, ["rooms", "y"])
    assert hint
    assert hint not in str(caught.value)


FROM = [
    ("from whorl.layers import Linear", "cannot import name 'Linear' from 'whorl.layers'; did you mean 'Dense'?"),
    ("from whorl.losses import CrossEntropyLoss", "'whorl.losses'; did you mean 'CrossEntropy'?"),
    ("from whorl.layers import Adam", "'whorl.layers'; did you mean 'whorl.Adam'?"),
    ("from whorl.layers import CrossEntropyLoss", "did you mean 'whorl.CrossEntropy'?"),
    ("from whorl import Linear", "cannot import name 'Linear' from 'whorl'; did you mean 'Dense'?"),
    ("from whorl import nn", "from whorl import CrossEntropy, Dense, Model"),
    ("from whorl.optimizers import Adamax", "did you mean 'Adam'?"),
    ("from whorl.datasets import make_moons", "did you mean 'moons'?"),
]


@pytest.mark.parametrize(("code", "words"), FROM, ids=[code for code, _ in FROM])
def test_imports_get_hints(code, words):
    with pytest.raises(ImportError) as caught:
        exec(code)
    assert words in str(caught.value)


def test_imports_without_a_hint_fail_as_usual():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'whorl\.zzz'$"):
        exec("import whorl.zzz")
    with pytest.raises(ImportError, match=r"^cannot import name 'zzz' from 'whorl\.layers'"):
        exec("from whorl.layers import zzz")
    assert importlib.util.find_spec("whorl.zzz") is None


PACKAGES = ["datasets", "initializers", "layers", "losses", "metrics", "optimizers", "recipes", "schedules", "training"]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_has_hints_and_still_answers_hasattr(name):
    package = importlib.import_module(f"whorl.{name}")
    first = package.__all__[0]
    assert not hasattr(package, first[:-1])
    with pytest.raises(AttributeError) as caught:
        getattr(package, first.lower() + "x")
    assert str(caught.value).startswith(f"module 'whorl.{name}' has no attribute '{first.lower()}x'; did you mean '")
    with pytest.raises(AttributeError, match=f"^module 'whorl.{name}' has no attribute '_x'$"):
        package._x  # noqa: B018


def test_the_page_is_written_from_the_table():
    assert PAGE.read_text(encoding="utf-8") == render()


def test_copies_and_pickles_of_a_model_do_not_ask_for_hints():
    one = model()
    assert not hasattr(one, "_no_such")
    assert np.array_equal(copy.deepcopy(one).parameters, one.parameters)
