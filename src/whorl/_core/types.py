"""The few type names that every room shares."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""A NumPy array: of the model's float type, unless it holds labels or row numbers."""

Shape: TypeAlias = tuple[int, ...]
"""The shape of one sample, without the batch: `(784,)`, or `(28, 28)`."""

Backward: TypeAlias = Callable[[Array], Any]
"""Takes dL/dy, returns dL/dx (`None` where nobody asked for it); it may overwrite the array it is given."""
