"""Training: data, batches, the loop, its history, and callbacks."""

from whorl.training.callbacks import Callback, StopTraining, fit
from whorl.training.checkpoint import Checkpoint
from whorl.training.data import Samples
from whorl.training.history import Epoch, History, Step
from whorl.training.loop import DivergenceError, Training
from whorl.training.progress import Progress
from whorl.training.stopping import EarlyStopping, StopAt

__all__ = [
    "Callback",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "Epoch",
    "History",
    "Progress",
    "Samples",
    "Step",
    "StopAt",
    "StopTraining",
    "Training",
    "fit",
]
