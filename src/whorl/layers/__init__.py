"""Layers."""

from whorl._core.hints import hint_missing_names
from whorl.layers.activations import ReLU, Softmax
from whorl.layers.averaging import Average, Clip
from whorl.layers.dense import Dense
from whorl.layers.dropout import Dropout
from whorl.layers.layer import Layer
from whorl.layers.normalization import BatchNorm, LayerNorm
from whorl.layers.rectifiers import ELU, SELU, LeakyReLU
from whorl.layers.scaling import RankScale, Rescale, RobustScale, Scale, Standardize
from whorl.layers.shaping import Embedding, Flatten, Residual
from whorl.layers.smooth import GELU, Mish, Sigmoid, SiLU, Softplus, Tanh
from whorl.layers.tabular import NTKDense, Parametric, PeriodicEmbedding

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Average",
    "BatchNorm",
    "Clip",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Mish",
    "NTKDense",
    "Parametric",
    "PeriodicEmbedding",
    "RankScale",
    "ReLU",
    "Rescale",
    "Residual",
    "RobustScale",
    "Scale",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Standardize",
    "Tanh",
]

hint_missing_names(__name__)
