"""Where Keras, PyTorch and scikit-learn have the names in `whorl._core.synonyms`.

``python tests/parity/names_reference.py`` looks them up in the real packages, and stores the places for where these are absent.
It fails if a name is nowhere.
"""

import inspect
import json
import os
from pathlib import Path

import numpy as np

STORED = Path(__file__).parent / "names.json"


def names(library):
    """Return the names of a library in the table, in order."""
    from whorl._core.synonyms import SYNONYMS

    rows = (getattr(row, library) for section in SYNONYMS.values() for row in section)
    return sorted({name for row in rows for name in row.split()})


def places(modules):
    """Return a place for each public name in some modules: attributes, methods, and arguments."""
    found = {}
    for path, module in modules.items():
        for name in dir(module):
            if name.startswith("_"):
                continue
            value = getattr(module, name)
            found.setdefault(name, f"{path}.{name}")
            for inner in dir(value) if inspect.isclass(value) else ():
                if not inner.startswith("_"):
                    found.setdefault(inner, f"{path}.{name}.{inner}")
                    arguments(getattr(value, inner), f"{path}.{name}.{inner}", found)
            if callable(value):
                arguments(value, f"{path}.{name}", found)
    return found


def arguments(function, path, found):
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    for name in parameters:
        found.setdefault(name, f"{path}({name}=)")


def keras_places():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    modules = {f"keras.{name}": getattr(keras, name) for name in (
        "layers", "losses", "optimizers", "optimizers.schedules", "callbacks", "metrics", "activations", "regularizers", "constraints", "models",
        "initializers", "utils", "datasets",
    ) if "." not in name}  # fmt: skip
    found = places({"keras": keras, **modules, "keras.optimizers.schedules": keras.optimizers.schedules})
    for kind, short in (
        ("losses", "mse mae"),
        ("losses", "mean_squared_error mean_absolute_error"),
        ("losses", "huber poisson categorical_hinge"),
    ):
        for name in short.split():
            assert getattr(keras, kind).get(name)
            found.setdefault(name, f"keras.{kind}.get({name!r})")
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile(loss="mse", metrics=["acc", "accuracy"])
    model.fit(np.zeros((1, 1)), np.zeros((1, 2)), verbose=0)
    found |= {name: f"keras.Model.compile(metrics=[{name!r}])" for name in ("acc", "accuracy")}
    for name in ("built", "history", "stop_training"):
        assert hasattr(model, name)
        found.setdefault(name, f"keras.Model().{name}")
    found["trainable"] = "keras.layers.Layer.trainable"
    found["seed"] = found.get("seed", "keras.utils.set_random_seed(seed=)")
    return keras.__version__, found


def torch_places():
    import torch
    from torch import nn
    from torch.optim import lr_scheduler, swa_utils
    from torch.utils.tensorboard import SummaryWriter

    found = places(
        {
            "torch.nn": nn,
            "torch.optim": torch.optim,
            "torch.optim.lr_scheduler": lr_scheduler,
            "torch.optim.swa_utils": swa_utils,
            "torch.nn.utils": nn.utils,
            "torch.nn.init": nn.init,
            "torch.autograd": torch.autograd,
            "torch": torch,
            "torch.utils.data": torch.utils.data,
        }
    )
    found["criterion"] = "the name of the loss in PyTorch's tutorials"
    found["verbose"] = found.get("verbose", "torch.optim.lr_scheduler (until 2.6)")
    found["SummaryWriter"] = "torch.utils.tensorboard.SummaryWriter"
    arguments(SummaryWriter, found["SummaryWriter"], found)
    return torch.__version__, found


def sklearn_places():
    import sklearn
    from sklearn import datasets, metrics, model_selection, neural_network, pipeline, preprocessing
    from sklearn.neural_network import _base, _stochastic_optimizers

    found = places(
        {
            "sklearn.neural_network": neural_network,
            "sklearn.preprocessing": preprocessing,
            "sklearn.metrics": metrics,
            "sklearn.model_selection": model_selection,
            "sklearn.pipeline": pipeline,
            "sklearn.datasets": datasets,
        }
    )
    for name in _base.ACTIVATIONS:
        found.setdefault(name, f"MLPClassifier(activation={name!r})")
    for name in _base.LOSS_FUNCTIONS:
        found.setdefault(name, f"sklearn.neural_network._base.LOSS_FUNCTIONS[{name!r}]")
    for choice in ("lbfgs", "sgd", "adam"):
        found.setdefault(choice, f"MLPClassifier(solver={choice!r})")
    for choice in ("constant", "invscaling", "adaptive"):
        found.setdefault(choice, f"MLPClassifier(learning_rate={choice!r})")
    fitted = neural_network.MLPClassifier(max_iter=200).fit(np.zeros((2, 1)), [0, 1])
    for name in ("coefs_", "intercepts_", "loss_", "loss_curve_", "best_loss_", "n_iter_"):
        assert hasattr(fitted, name)
        found[name] = f"MLPClassifier().{name}"
    from scipy.optimize import check_grad

    found["check_grad"] = f"scipy.optimize.{check_grad.__name__}"
    assert _stochastic_optimizers
    return sklearn.__version__, found


if __name__ == "__main__":
    stored = {}
    for library, look in (("keras", keras_places), ("torch", torch_places), ("sklearn", sklearn_places)):
        version, found = look()
        missing = [name for name in names(library) if name not in found]
        assert not missing, f"{library} {version} has no {', '.join(missing)}"
        stored[library] = {"version": version, "places": {name: found[name] for name in names(library)}}
    STORED.write_text(json.dumps(stored, indent=1) + "\n")
