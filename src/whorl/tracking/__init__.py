"""Callbacks for the tools in which teams watch training: tables, TensorBoard, MLflow, notebooks.

Each writes the values of `whorl.History` as they come. What training computes is the same, to the bit, with and without them.
"""

from whorl._core.hints import hint_missing_names
from whorl.tracking.lines import CSVLogger, JSONLinesLogger
from whorl.tracking.live_plot import LivePlot
from whorl.tracking.mlflow import MLflow
from whorl.tracking.tensorboard import TensorBoard

__all__ = ["CSVLogger", "JSONLinesLogger", "LivePlot", "MLflow", "TensorBoard"]

hint_missing_names(__name__)
