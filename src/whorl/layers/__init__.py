"""Layers: one concept a file."""

from whorl.layers.activations import ReLU, Softmax
from whorl.layers.dense import Dense
from whorl.layers.dropout import Dropout
from whorl.layers.layer import Layer

__all__ = ["Dense", "Dropout", "Layer", "ReLU", "Softmax"]
