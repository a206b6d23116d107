"""Optimizers: rules that update the parameters, given the gradient, as flat vectors.

Letters: p parameters, g gradients, lr learning rate, t the number of the step, from 1.
"""

from whorl._core.hints import hint_missing_names
from whorl.optimizers.adam import Adam, AdamW, NAdam
from whorl.optimizers.adaptive import Adagrad, Lion, RMSprop
from whorl.optimizers.lbfgs import LBFGS
from whorl.optimizers.optimizer import Objective, Optimizer, State
from whorl.optimizers.sgd import SGD
from whorl.optimizers.wrappers import Averaged, Clipped

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Averaged",
    "Clipped",
    "Lion",
    "NAdam",
    "Objective",
    "Optimizer",
    "RMSprop",
    "State",
]

hint_missing_names(__name__)
