"""A recipe: how to train a network on data of some kind, as one immutable description.

Letters: n samples, k classes.
"""

from __future__ import annotations

import os
from typing import Any

from whorl._core import randomness
from whorl._core.randomness import RNG
from whorl.model import Model
from whorl.recipes import fitting, stored
from whorl.recipes.data import Arrays, Problem, TableFile
from whorl.recipes.networks import Callbacks
from whorl.recipes.settings import Settings
from whorl.training import History, Stored


class Recipe(Settings):
    """How to train a network, or several, on data of some kind; `Settings` describes its arguments.

    Examples
    --------
    >>> from whorl import Adam, Cosine, Dense, ReLU, datasets
    >>> X, y = datasets.moons(100, rng=0)
    >>> recipe = Recipe([Dense(16), ReLU()], optimizer=Adam(Cosine(0.01, epochs=20)), epochs=20, batch_size=32)
    >>> model, history = recipe.fit(X, y, rng=0)
    >>> model.layers
    (Standardize(), Dense(16), ReLU(), Dense(2, initializer=Normal(0.01)), Softmax())
    """

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        validation: Arrays | None = None,
        callbacks: Callbacks = (),
        rng: RNG = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> tuple[Model, History]:
        """Train a network on samples.

        Parameters
        ----------
        X : array-like, shape (n, *inputs)
            The samples.
        y : array-like
            Labels from 0, shape (n,), or one-hot (n, k), for classes; numbers, shape (n,) or (n, 1), for a regression.
        validation : tuple of ndarray, optional
            Samples and targets to validate one network with, whatever `members` is; by default, samples of X and y are held out.
        callbacks : sequence of Callback, or function, optional
            Called while the network trains; for several networks, a function may return those for each of them, from its number.
        rng : int, Generator or None, optional
            Draws the first parameters, the validation samples, and the order of the samples.
        resume : str or path, optional
            As for `Model.fit`.

        Returns
        -------
        model : Model
            In a regression it predicts in the unit of y, although it was trained on standardized targets.
        history : History
            For several networks, the means of their values; its `held_out` are the scores of the predictions for held-out samples.
        """
        found = self.fitted(X, y, validation=validation, callbacks=callbacks, rng=rng, resume=resume)
        return found.model, found.history

    def fitted(
        self,
        X: Any,
        y: Any,
        *,
        validation: Arrays | None = None,
        callbacks: Callbacks = (),
        rng: RNG = None,
        resume: Any = None,
        distributed: bool = False,
    ) -> fitting.Fitted:
        """Train as `fit` does, and return also the networks that the model is made of.

        `resume` may be a function that returns the file, or None, for the network of a number. With `distributed`, all processes that
        mpiexec has started train each network together.
        """
        given: dict[str, Any] = {"callbacks": callbacks, "resume": resume, "distributed": distributed}
        generator = randomness.generator(rng)
        if isinstance(X, Stored):  # of a folder; mapped arrays are read into memory, as networks on folds need them
            return stored.fit(self, X, y, rng=generator, **given)
        return fitting.fit(self, X, y, validation=validation, rng=generator, **given)

    def problem(self, rng: RNG = None) -> Problem:
        """Draw or load the samples of the recipe's data set."""
        if self.data is None:
            raise ValueError("this recipe has no data set of its own: give samples, recipe.fit(X, y)")
        if isinstance(self.data, TableFile) and stored.is_folder(self.data):
            return stored.problem(self.data)
        share = None if self.members > 1 or self.calibrate else self.validation  # which are left to `fit`
        drawing = randomness.generator(rng)
        if isinstance(self.data, TableFile):  # whose rows are there: only those to validate with are drawn
            drawing = self.validation_rng(drawing)
        return self.data.problem(drawing, share)

    def train(
        self,
        rng: RNG = None,
        callbacks: Callbacks = (),
        problem: Problem | None = None,
        *,
        resume: Any = None,
        distributed: bool = False,
    ) -> fitting.Trained:
        """Train on the recipe's data set, or on samples of it that were drawn before."""
        generator = randomness.generator(rng)
        problem = problem or self.problem(generator)
        found = self.fitted(
            problem.X,
            problem.y,
            validation=problem.validation,
            callbacks=callbacks,
            rng=generator,
            resume=resume,
            distributed=distributed,
        )
        found.model.preparation = problem.preparation
        return fitting.Trained(found.model, problem, found.history, found.networks)
