"""Training: data, batches, the loop, its history, and callbacks."""

from whorl.training.callbacks import Callback, StopTraining, fit
from whorl.training.data import Samples
from whorl.training.history import Epoch, History, Step
from whorl.training.loop import DivergenceError, Training
from whorl.training.progress import Progress

__all__ = [
    "Callback",
    "DivergenceError",
    "Epoch",
    "History",
    "Progress",
    "Samples",
    "Step",
    "StopTraining",
    "Training",
    "fit",
]
