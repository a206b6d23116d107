"""Training: options, state, loop, step, history and callbacks."""

from whorl._core.hints import hint_missing_names
from whorl.training.callbacks import Callback, Run, StopTraining
from whorl.training.checkpoint import Checkpoint
from whorl.training.chunk import Chunk
from whorl.training.data import RowView, Samples
from whorl.training.group import SINGLE, Group
from whorl.training.guard import DivergenceError
from whorl.training.history import Epoch, History, Step
from whorl.training.loop import Training
from whorl.training.options import Options, options, takes_options
from whorl.training.preparing import checked_samples, inputs
from whorl.training.progress import Progress
from whorl.training.sources import Stored, is_stored
from whorl.training.state import EpochState, TrainingState
from whorl.training.step import Engine, NumPySteps
from whorl.training.stopping import EarlyStopping, StopAt, TimeLimit

__all__ = [
    "SINGLE",
    "Callback",
    "Checkpoint",
    "Chunk",
    "DivergenceError",
    "EarlyStopping",
    "Engine",
    "Epoch",
    "EpochState",
    "Group",
    "History",
    "NumPySteps",
    "Options",
    "Progress",
    "RowView",
    "Run",
    "Samples",
    "Step",
    "StopAt",
    "StopTraining",
    "Stored",
    "TimeLimit",
    "Training",
    "TrainingState",
    "checked_samples",
    "inputs",
    "is_stored",
    "options",
    "takes_options",
]

hint_missing_names(__name__)
