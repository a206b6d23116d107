"""Small experiments, one for each thing in `tests/docs/features` that a name alone does not show. All train 4-8-2 on 200 samples."""

import sys
import tempfile
from contextlib import chdir, suppress
from importlib import metadata
from pathlib import Path

import numpy as np

X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


class Killed(Exception):
    """Raised in the middle of a training."""


def refuses(call, error):
    """Tell whether a call raises an error."""
    try:
        call()
    except error:
        return True
    return False


def same_bits(library):
    """Tell whether two trainings from one seed end with the same parameters."""
    train = globals()[f"{library}_train"]
    return train() == train()


def resumes(library, **options):
    """Tell whether a training that was killed and continued from its last checkpoint ends like one that was not."""
    train = globals()[f"{library}_train"]
    with tempfile.TemporaryDirectory() as folder:
        with suppress(Killed):
            train(folder, killed=True, **options)
        return train(folder, **options) == train(**options)


def runs_pickle(read):
    """Tell whether a call looks up what a pickle names, and so might run anything."""
    seen, reading = [], True

    def watch(event, _):
        if reading and event == "pickle.find_class":
            seen.append(event)

    sys.addaudithook(watch)
    read()
    reading = False
    return bool(seen)


def lines_of(folder):
    """Count the lines of Python in an installed package, without its tests and what is generated; to thousands."""
    from tests.docs.comparison_checks import sources

    return round(sum(len(text.splitlines()) for text in sources(folder).values()), -3)


def is_typed(package):
    """Tell whether a package says that it has type hints."""
    from importlib.util import find_spec

    return (Path(find_spec(package).origin).parent / "py.typed").is_file()


def scripts(distribution):
    """Return the commands that a package installs."""
    return {each.name for each in metadata.distribution(distribution).entry_points if each.group == "console_scripts"}


# whorl


def whorl_model(**options):
    from whorl import Dense, Dropout, Model, ReLU, Softmax

    return Model([Dense(8), ReLU(), Dropout(0.2), Dense(2), Softmax()], inputs=4, rng=0, **options)


def whorl_train(folder=None, *, killed=False, **options):
    from whorl import Adam, Callback, Checkpoint, CrossEntropy

    class Kill(Callback):
        def on_step_end(self, training):
            if training.step == 15:
                raise Killed("now")

    model, callbacks, resume = whorl_model(), [], None
    if folder:
        path = Path(folder, "run.npz")
        callbacks = [Checkpoint(path, steps=4), *([Kill()] if killed else [])]
        resume = path if path.exists() else None
    options = {"loss": CrossEntropy(), "optimizer": Adam(0.01), "epochs": 3, "batch_size": 20, "fast": False, **options}
    model.fit(X, Y, callbacks=callbacks, rng=0, resume=resume, **options)
    return model.parameters.tobytes()


def whorl_names_the_layer():
    from whorl import SGD, CrossEntropy, DivergenceError

    try:
        whorl_model().fit(X, Y, loss=CrossEntropy(), optimizer=SGD(1e30), epochs=2, rng=0, fast=False)
    except DivergenceError as error:
        return "Dense(" in str(error)
    return False


def whorl_reads_without_pickle():
    import whorl

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.npz")
        whorl_model().save(path)
        return not runs_pickle(lambda: whorl.load(path))


def whorl_keeps_float64():
    return whorl_model(dtype="float64").predict(X[:2]).dtype == np.float64


def whorl_members():
    """Return the number of networks that the recipe for tables averages by default."""
    from whorl import recipes

    return recipes.find("table").members


def whorl_core_lines():
    """Count the lines of what trains on NumPy alone, to thousands."""
    from tests.docs.comparison_checks import sources

    files = ("initializers", "model", "network", "parameters", "passes", "regularizers", "stack")
    parts = [*(f"{name}.py" for name in files), "layers", "losses", "optimizers", "schedules", "training"]
    texts = [text for part in parts for text in sources(f"whorl/{part}").values()]
    return round(sum(len(text.splitlines()) for text in texts), -3)


def whorl_columns():
    """Return the kinds of columns that a table with a gap, categories and dates has, and the numbers that are missing in its features."""
    from whorl import tables

    columns = {
        "age": [31.0, None, 47.0, 52.0] * 10,
        "city": ["Bonn", "Ulm", None, "Ulm"] * 10,
        "joined": ["2024-01-05", "2023-11-30", "2024-02-11", "2022-07-19"] * 10,
        "bought": ["yes", "no", "no", "yes"] * 10,
    }
    table = tables.table(columns, target="bought")
    return {type(each).__name__ for each in table.preparation.columns}, int(np.isnan(table.X).sum())


# Keras: the environment variable KERAS_BACKEND chooses the backend


def keras_train(folder=None, *, killed=False, every=4):
    import keras

    class Kill(keras.callbacks.Callback):
        steps = 0

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            if self.steps == 15:
                raise Killed("now")

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.2), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    callbacks = []
    if folder:
        callbacks = [keras.callbacks.BackupAndRestore(folder, save_freq=every), *([Kill()] if killed else [])]
    model.fit(X, Y, epochs=3, batch_size=20, verbose=0, callbacks=callbacks)
    return b"".join(each.tobytes() for each in model.get_weights())


def keras_reads_without_pickle():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        return not runs_pickle(lambda: keras.saving.load_model(path))


def keras_refuses_text():
    """Tell whether a layer that looks up text needs TensorFlow."""
    import keras

    return refuses(lambda: keras.layers.StringLookup(vocabulary=["a"])(np.array(["a"])), ImportError)


def keras_normalizes_gaps():
    """Tell whether a missing number stays missing."""
    import keras

    layer = keras.layers.Normalization()
    layer.adapt(np.array([[1.0], [2.0]]))
    return bool(np.isnan(keras.ops.convert_to_numpy(layer(np.array([[np.nan]])))).any())


def keras_tensorboard_needs_tensorflow():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with tempfile.TemporaryDirectory() as folder:
        callbacks = [keras.callbacks.TensorBoard(folder)]
        return refuses(lambda: model.fit(X, Y, verbose=0, callbacks=callbacks), ModuleNotFoundError)


def keras_stops_at_nan():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X * 1e30, Y, epochs=9, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    return len(history.history["loss"]) < 9


def keras_exports_onnx():
    import keras
    import onnxruntime

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    expected = model(X[:1])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        model.export(path, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path)
        (found,) = session.run(None, {session.get_inputs()[0].name: X[:1]})
        return bool(np.allclose(found, keras.ops.convert_to_numpy(expected), atol=1e-6))


def keras_writes_c():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    return emlearn_writes_c(model)


def emlearn_writes_c(model):
    import emlearn

    with tempfile.TemporaryDirectory() as folder, chdir(folder):  # it compiles in the current directory
        emlearn.convert(model, method="inline").save(file="model.h", name="model")
        return "static const float" in Path("model.h").read_text(encoding="utf-8")


# scikit-learn


def sklearn_mlp(**options):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((8,), **{"max_iter": 5, "random_state": 0, **options})


def sklearn_train():
    return b"".join(each.tobytes() for each in sklearn_mlp().fit(X, Y).coefs_)


def sklearn_table():
    """Return a pipeline with a network that takes a frame with gaps and categories."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = pd.DataFrame({"age": [31.0, None, 47.0, 52.0] * 10, "city": ["Bonn", "Ulm", None, "Ulm"] * 10})
    columns = make_column_transformer((SimpleImputer(), ["age"]), (OneHotEncoder(), ["city"]))
    return make_pipeline(columns, sklearn_mlp()).fit(frame, [0, 1, 1, 0] * 10).predict(frame).shape == (40,)


def sklearn_survives_pickle():
    import pickle

    return bool(
        (pickle.loads(pickle.dumps(sklearn_mlp().fit(X, Y))).predict(X) == sklearn_mlp().fit(X, Y).predict(X)).all()
    )


def sklearn_writes_c():
    return emlearn_writes_c(sklearn_mlp().fit(X, Y))


def sklearn_has_intervals():
    from mapie.regression import SplitConformalRegressor
    from sklearn.neural_network import MLPRegressor

    x, y = X.astype(float), Y.astype(float)
    network = SplitConformalRegressor(MLPRegressor(max_iter=5), confidence_level=0.9, prefit=False)
    return network.fit(x[:100], y[:100]).conformalize(x[100:], y[100:]).predict_interval(x)[1].shape == (200, 2, 1)


def skops_reads_without_pickle():
    from skops import io

    data = io.dumps(sklearn_mlp().fit(X, Y))
    types = io.get_untrusted_types(data=data)
    return not runs_pickle(lambda: io.loads(data, trusted=types))


def skl2onnx_exports():
    import onnxruntime
    import skl2onnx

    network = sklearn_mlp().fit(X, Y)
    data = skl2onnx.to_onnx(network, X[:1], options={"zipmap": False}).SerializeToString()
    session = onnxruntime.InferenceSession(data)
    found = session.run(None, {session.get_inputs()[0].name: X})[1]
    return bool(np.allclose(found, network.predict_proba(X), atol=1e-5))


def skrub_encodes_dates():
    import pandas as pd
    from skrub import TableVectorizer

    frame = pd.DataFrame({"joined": pd.date_range("2024-01-01", periods=80)})
    return "joined_month" in TableVectorizer().fit(frame).get_feature_names_out()


# skorch


def torch_module(dropout=0.2):
    from torch import nn

    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))


def torch_bits(module):
    return b"".join(each.detach().numpy().tobytes() for each in module.parameters())


def skorch_net(kind="NeuralNetClassifier", **options):
    import skorch
    import torch

    torch.manual_seed(0)
    defaults = {"criterion": torch.nn.CrossEntropyLoss, "optimizer": torch.optim.Adam, "lr": 0.01, "max_epochs": 3}
    fixed = {"batch_size": 20, "train_split": None, "iterator_train__shuffle": True, "verbose": 0}
    return getattr(skorch, kind)(torch_module, **{**defaults, **fixed, **options})


def skorch_train(folder=None, *, killed=False):
    """Train; if killed, after the second epoch: a `Checkpoint` of skorch is saved at the end of an epoch."""
    from skorch.callbacks import Callback, Checkpoint, LoadInitState

    class Kill(Callback):
        def on_epoch_begin(self, net, **_):
            if len(net.history) == 3:
                raise Killed("now")

    callbacks, epochs = [], 3
    if folder:
        saved = Checkpoint(dirname=folder, monitor=None)
        continued = Path(folder, "params.pt").exists()
        callbacks = [saved, *([LoadInitState(saved)] if continued else []), *([Kill()] if killed else [])]
        epochs = 1 if continued else 3
    net = skorch_net(callbacks=callbacks, max_epochs=epochs).fit(X, Y)
    return torch_bits(net.module_)


def skorch_trains_with_lbfgs():
    import torch

    loss = skorch_net(optimizer=torch.optim.LBFGS, batch_size=-1, lr=0.1).fit(X, Y).history[:, "train_loss"]
    return bool(loss[-1] < loss[0])


def skorch_weighs_samples():
    """Tell whether an overridden `get_loss` can weigh samples, which are part of X."""
    import skorch
    import torch

    class Weighed(skorch.NeuralNetClassifier):
        def infer(self, x, **_):
            return super().infer(x["data"])

        def get_loss(self, y_pred, y_true, X=None, **_):
            return (X["weight"] * super().get_loss(y_pred, y_true)).mean()

    options = {"train_split": None, "verbose": 0, "max_epochs": 1, "criterion__reduction": "none"}
    net = Weighed(torch_module, criterion=torch.nn.CrossEntropyLoss, **options)
    net.fit({"data": X, "weight": np.ones(200, np.float32)}, Y)
    return bool(np.isfinite(net.history[-1, "train_loss"]))


def skorch_is_calibrated():
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(skorch_net(), cv=2).fit(X, Y).predict_proba(X).shape == (200, 2)


def skorch_has_sets():
    from mapie.classification import SplitConformalClassifier

    net = SplitConformalClassifier(skorch_net(), confidence_level=0.9, prefit=False)
    return net.fit(X[:100], Y[:100]).conformalize(X[100:], Y[100:]).predict_set(X)[1].shape == (200, 2, 1)


# Lightning


def lightning_module(optimizer="Adam", dropout=0.2):
    import lightning
    import torch

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch_module(dropout)

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, _):
            return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

        def configure_optimizers(self):
            return getattr(torch.optim, optimizer)(self.parameters(), 0.01)

    return Module()


def lightning_trainer(callbacks=(), **options):
    import logging

    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    saving = {"enable_checkpointing": bool(callbacks), "callbacks": list(callbacks), "max_epochs": 3}
    return lightning.Trainer(**quiet, **saving, **options)


def lightning_train(folder=None, *, killed=False, stateful=False, dropout=0.2):
    """Train; with the DataLoader of torchdata, which keeps its place in the data, if stateful."""
    import lightning
    import torch
    from lightning.pytorch.callbacks import ModelCheckpoint
    from torch.utils.data import DataLoader, TensorDataset

    if stateful:
        from torchdata.stateful_dataloader import StatefulDataLoader as DataLoader

    class Kill(lightning.Callback):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 15:
                raise Killed("now")

    lightning.seed_everything(0, verbose=False)
    module, path, callbacks = lightning_module(dropout=dropout), None, []
    if folder:
        path = next(iter(sorted(Path(folder).glob("*.ckpt"))), None)
        callbacks = [ModelCheckpoint(folder, every_n_train_steps=4, save_top_k=1), *([Kill()] if killed else [])]
    data = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(Y)), 20, shuffle=True)
    lightning_trainer(callbacks).fit(module, data, ckpt_path=path)
    return torch_bits(module)


def lightning_trains_with_lbfgs():
    import lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    lightning.seed_everything(0, verbose=False)
    module, inputs, labels = lightning_module("LBFGS"), torch.tensor(X), torch.tensor(Y)
    before = float(torch.nn.functional.cross_entropy(module.eval()(inputs), labels))
    lightning_trainer().fit(module.train(), DataLoader(TensorDataset(inputs, labels), 200))
    return float(torch.nn.functional.cross_entropy(module.eval()(inputs), labels)) < before


def lightning_exports_onnx():
    import onnxruntime
    import torch

    module = lightning_module().eval()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        module.to_onnx(path, torch.tensor(X[:1]), verbose=False)
        session = onnxruntime.InferenceSession(path)
        (found,) = session.run(None, {session.get_inputs()[0].name: X[:1]})
    return bool(np.allclose(found, module(torch.tensor(X[:1])).detach().numpy(), atol=1e-6))


# fastai


def fastai_learner(**options):
    import torch
    from fastai.basics import DataLoaders, Learner, set_seed
    from torch.utils.data import TensorDataset

    set_seed(0, reproducible=True)
    data = TensorDataset(torch.tensor(X), torch.tensor(Y))
    loaders = DataLoaders.from_dsets(data, data, bs=20, device="cpu", num_workers=0)
    return Learner(loaders, torch_module(), loss_func=torch.nn.CrossEntropyLoss(), **options)


def fastai_train(folder=None, *, killed=False):
    """Train; if killed, after the second epoch: `SaveModelCallback` saves at the end of an epoch."""
    from fastai.callback.core import Callback
    from fastai.callback.tracker import SaveModelCallback

    class Kill(Callback):
        def before_epoch(self):
            if self.epoch == 2:
                raise Killed("now")

    start, callbacks = 0, []
    learner = fastai_learner(path=folder or ".")
    if folder:
        callbacks = [SaveModelCallback(every_epoch=True, with_opt=True), *([Kill()] if killed else [])]
        if Path(folder, "models", "model_1.pth").exists():
            learner.load("model_1", with_opt=True)
            start = 2
    with learner.no_bar(), learner.no_logging():
        learner.fit(3, cbs=callbacks, start_epoch=start)
    return torch_bits(learner.model)


def fastai_refuses_lbfgs():
    import torch
    from fastai.optimizer import OptimWrapper

    learner = fastai_learner(opt_func=lambda p, lr: OptimWrapper(p, torch.optim.LBFGS))
    with learner.no_bar(), learner.no_logging():
        return refuses(lambda: learner.fit(1), TypeError)


def fastai_table():
    """Train on a table with a gap, categories and dates."""
    import pandas as pd
    from fastai.tabular import all as tabular

    frame = pd.DataFrame(
        {
            "age": [31.0, None, 47.0, 52.0] * 20,
            "city": ["Bonn", "Ulm", None, "Ulm"] * 20,
            "joined": pd.date_range("2024-01-01", periods=80),
            "bought": ["yes", "no"] * 40,
        }
    )
    frame = tabular.add_datepart(frame, "joined")
    steps = [tabular.Categorify, tabular.FillMissing, tabular.Normalize]
    names = {"cat_names": ["city", "joinedDayofweek"], "cont_names": ["age", "joinedElapsed"], "y_names": "bought"}
    loaders = tabular.TabularDataLoaders.from_df(frame, procs=steps, bs=16, **names)
    learner = tabular.tabular_learner(loaders, layers=[8])
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    return learner


def fastai_reads_pickle():
    from fastai.learner import load_learner

    learner = fastai_table()
    with tempfile.TemporaryDirectory() as folder:
        learner.path = Path(folder)
        learner.export()
        return runs_pickle(lambda: load_learner(Path(folder, "export.pkl")))


def onnx2torch_imports():
    import onnx
    import onnx2torch
    import torch

    module, x = torch_module().eval(), torch.tensor(X[:1])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        torch.onnx.export(module, (x,), path, verbose=False)
        return torch.allclose(onnx2torch.convert(onnx.load(path))(x), module(x), atol=1e-6)


# thinc


def thinc_model():
    from thinc.api import Relu, Softmax, chain, fix_random_seed

    fix_random_seed(0)
    model = chain(Relu(8, dropout=0.2), Softmax())
    return model.initialize(X=X, Y=np.eye(2, dtype="f")[Y])


def thinc_train():
    from thinc.api import Adam

    model, optimizer = thinc_model(), Adam(0.01)
    for _ in range(3):
        for x, y in model.ops.multibatch(20, X, np.eye(2, dtype="f")[Y], shuffle=True):
            p, backprop = model.begin_update(x)
            backprop(p - y)
            model.finish_update(optimizer)
    return model.to_bytes()


def thinc_adds_gradients():
    """Tell whether the gradients of two batches are added before the step."""
    from thinc.api import Softmax

    model = Softmax(2).initialize(X=X, Y=np.eye(2, dtype="f")[Y])
    p, backprop = model.begin_update(X)
    backprop(p - np.eye(2, dtype="f")[Y])
    once = model.get_grad("W").copy()
    backprop(p - np.eye(2, dtype="f")[Y])
    return bool(np.allclose(model.get_grad("W"), 2 * once, atol=1e-5))


def thinc_reads_without_pickle():
    data = thinc_model().to_bytes()
    return not runs_pickle(lambda: thinc_model().from_bytes(data))


def thinc_refuses_float64():
    return refuses(lambda: thinc_model().predict(X.astype(float)), ValueError)


# tinygrad: DEV=CPU needs clang


def tinygrad_net():
    from tinygrad import nn

    class Net:
        def __init__(self):
            self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 2)

        def __call__(self, x):
            return self.second(self.first(x).relu().dropout(0.2))

    return Net()


def tinygrad_train():
    from tinygrad import Tensor, TinyJit, nn
    from tinygrad.helpers import Context

    Tensor.manual_seed(0)
    net = tinygrad_net()
    optimizer = nn.optim.Adam(nn.state.get_parameters(net), lr=0.01)

    @TinyJit
    def step(x, y):
        optimizer.zero_grad()
        loss = net(x).sparse_categorical_crossentropy(y).backward()
        optimizer.step()
        return loss.realize()

    with Context(TRAINING=1):
        for _ in range(3):
            for i in range(0, 200, 20):
                step(Tensor(X[i : i + 20]).realize(), Tensor(Y[i : i + 20].astype(np.int32)).realize())
    return b"".join(each.numpy().tobytes() for each in nn.state.get_parameters(net))


def tinygrad_adds_gradients():
    from tinygrad import Tensor

    x = Tensor([3.0])
    (x * x).sum().backward()
    (x * x).sum().backward()
    return float(x.grad.item()) == 12.0


def tinygrad_writes_safetensors():
    from safetensors.numpy import load_file
    from tinygrad import nn

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.safetensors"
        nn.state.safe_save(nn.state.get_state_dict(tinygrad_net()), path)
        return load_file(path)["first.weight"].shape == (8, 4)


def tinygrad_keeps_float64():
    from tinygrad import Tensor, dtypes

    return Tensor([1.0], dtype=dtypes.float64).exp().numpy().dtype == np.float64
