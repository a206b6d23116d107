"""What a training was made of, as names and values, for trackers that compare trainings."""

from __future__ import annotations

from typing import Any

from whorl.training.callbacks import Run


def settings(training: Run) -> dict[str, Any]:
    """Return the layers and the options of a training: numbers, and the code that makes the rest.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Cosine, Dense, Model, Softmax, datasets
    >>> X, y = datasets.spiral(50, rng=0)
    >>> model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    >>> found = settings(model.training(X, y, loss=CrossEntropy(), optimizer=Adam(), epochs=9, validation=0.2, rng=0))
    >>> found["layers"], found["optimizer"], found["learning_rate"], found["samples"]
    ('[Dense(3), Softmax()]', 'Adam()', 0.001, 120)
    """
    model, options = training.model, training.options
    rate = options.optimizer.learning_rate
    found = {
        "layers": repr(list(model.layers)),
        "inputs": repr(model.inputs),
        "dtype": model.dtype.name,
        "parameters": model.parameters.size,
        "loss": repr(options.loss),
        "optimizer": repr(options.optimizer),
        "learning_rate": repr(rate) if callable(rate) else rate,
        "epochs": training.epochs,
        "batch_size": training.batch_size * options.accumulate,
        "samples": len(training.train),
        "validation_samples": len(training.validation or ()),
        "engine": training.state.history.engine,
    }
    return found | {"rng": options.rng} if isinstance(options.rng, int) else found
