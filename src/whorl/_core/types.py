"""The few type names that all modules share."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""A NumPy array: of the model's float type, unless it holds labels or row numbers."""

Shape: TypeAlias = tuple[int, ...]
"""The shape of one sample, without the batch: `(784,)`, or `(28, 28)`."""

Backward: TypeAlias = Callable[[Array, Any], Any]
"""Takes dL/dy and views of the gradients to fill, returns dL/dx; it may overwrite the array it is given."""
