"""Models to Keras 3, and from it, with any of its backends; with the package keras, the extra ``whorl[keras]``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from whorl._core.validation import show
from whorl.formats.exchange import check_model, float_type, model_of
from whorl.model import Model

if TYPE_CHECKING:
    import keras


def to_keras(model: Model) -> keras.Sequential:
    """Return a model as one of Keras 3 that predicts the same: a ``keras.Sequential`` with one layer for each layer.

    It has copies of the arrays, in Keras's own type ``keras.config.floatx()``, float32 by default, and can be trained further after
    ``compile``. Layers that Keras does not have become those of `whorl.formats.keras_layers`. What is not part of a model of Keras is left
    out: the preparation of a table, calibrated intervals and sets, initializers, ``max_norm``, and factors of weight decay. Of a dropout rate
    that changes with time, the first value is taken.

    Parameters
    ----------
    model : Model

    Returns
    -------
    keras.Sequential
        Frozen layers have ``trainable=False``.

    Raises
    ------
    ImportError
        If Keras is not installed.
    TypeError
        If the model has a layer of your own.
    ValueError
        If a deviation in `Standardize` is too small or too large for Keras.

    Notes
    -----
    ``keras.models.load_model`` reads what the model saves; if there are layers of `whorl.formats.keras_layers`, import that module first. The
    running variance of ``BatchNormalization`` is the biased one. With the backends JAX and PyTorch, Keras 3.15 rounds to float32 within most
    operations, even if the floatx is float64.

    Examples
    --------
    >>> from whorl import Dense, Model, ReLU, Scale
    >>> model = Model([Dense(64), ReLU(), Scale(), Dense(3)], inputs=2, rng=0)
    >>> [type(layer).__name__ for layer in to_keras(model).layers]
    ['Dense', 'Activation', 'Scale', 'Dense']
    """
    keras = _package()
    check_model(model, "Keras")
    from whorl.formats.keras_conversion import sequential

    made = sequential(model.places, model.p, model.inputs, keras.config.floatx())
    for i in model.frozen:
        made.layers[i].trainable = False
    return made


def from_keras(model: keras.Sequential) -> Model:
    """Return a model of Keras 3 as one of whorl that predicts the same.

    Parameters
    ----------
    model : keras.Sequential
        With layers that `to_keras` makes, ``Dense`` with an activation, ``Sequential``, ``ReLU`` and ``Identity``; in float32 or float64. It does
        not change.

    Returns
    -------
    Model
        With copies of the arrays. An activation inside ``Dense`` is a layer of its own here. Layers with ``trainable=False`` are frozen.

    Raises
    ------
    ImportError
        If Keras is not installed.
    TypeError, ValueError
        If something inside cannot be converted; the error names it.

    Notes
    -----
    Layers here always have all their parameters: for ``use_bias=False``, ``center=False`` and ``scale=False`` they are 0 and 1, and training
    changes them. The regularizers ``L1``, ``L2`` and ``L1L2`` of ``Dense`` become penalties; others, and constraints, are left out.

    Examples
    --------
    >>> import keras
    >>> from keras.layers import Dense, Dropout
    >>> from_keras(keras.Sequential([keras.Input((2,)), Dense(64, activation="relu"), Dropout(0.1), Dense(3, activation="softmax")]))
    Model([Dense(64), ReLU(), Dropout(0.1), Dense(3), Softmax()], inputs=2)
    """
    _check(model, _package())
    from whorl.formats.keras_conversion import parts

    if not model.built or None in model.input_shape[1:]:
        raise ValueError("model must know the shape of its inputs: call model.build((None, 2)), for two features")
    numbers = [*model.weights, *(layer.compute_dtype for layer in model.layers)]
    types = {each if isinstance(each, str) else each.dtype for each in numbers}
    conversion = "build the model with such a dtype, and copy the weights: set_weights(model.get_weights())"
    dtype = float_type({each for each in types if "float" in each}, conversion=conversion)
    return model_of(list(parts(model)), inputs=model.input_shape[1:], dtype=dtype)


def _package() -> Any:
    """Return the package keras."""
    try:
        import keras
    except ImportError as error:
        raise ImportError(
            "this needs Keras 3, the package keras, which the extra whorl[keras] installs, and a backend of it: jax, torch or tensorflow"
        ) from error
    return keras


def _check(model: Any, keras: Any) -> None:
    """Raise TypeError, with a hint, unless it is a Sequential model."""
    if isinstance(model, keras.Sequential):
        return
    hint = ""
    if isinstance(model, str | os.PathLike):
        hint = "; load it first: from_keras(keras.models.load_model(path))"
    elif isinstance(model, keras.Model):
        hint = "; if its layers are a chain, write from_keras(keras.Sequential(model.layers))"
    raise TypeError(f"model must be a keras.Sequential, got {show(model)}{hint}")
