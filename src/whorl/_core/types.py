"""Type aliases that all modules share."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""A NumPy array: of the model's float type, unless it holds labels or indices."""

Shape: TypeAlias = tuple[int, ...]
"""The shape of one sample, without the batch axis: `(784,)`, or `(28, 28)`."""

Backward: TypeAlias = Callable[[Array, Any], Any]
"""``backward(dy, g)``: takes dL/dy, writes gradients into the views g, and returns dL/dx; it may overwrite dy."""
