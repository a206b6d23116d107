"""The kernels: each is one operation of a training step, on flat arrays."""

from whorl.engine.compiling import Kernel
from whorl.engine.kernels import (
    activations,
    batches,
    dense,
    dropout,
    embedding,
    losses,
    normalization,
    periodic,
    products,
    tabular,
    updates,
)

MODULES = [activations, batches, dense, dropout, embedding, losses, normalization, periodic, products, tabular, updates]

KERNELS = [each for module in MODULES for each in vars(module).values() if isinstance(each, Kernel)]
"""All of them."""
