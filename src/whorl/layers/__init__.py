"""Layers."""

from whorl._core.hints import hint_missing_names
from whorl.layers.activations import ReLU, Softmax
from whorl.layers.dense import Dense
from whorl.layers.dropout import Dropout
from whorl.layers.layer import Layer
from whorl.layers.normalization import BatchNorm, LayerNorm
from whorl.layers.rectifiers import ELU, SELU, LeakyReLU
from whorl.layers.scaling import Rescale, Standardize
from whorl.layers.shaping import Embedding, Flatten, Residual
from whorl.layers.smooth import GELU, Mish, Sigmoid, SiLU, Softplus, Tanh

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Mish",
    "ReLU",
    "Rescale",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Standardize",
    "Tanh",
]

hint_missing_names(__name__)
