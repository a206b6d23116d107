"""What a layer, a loss or an optimizer computes, as formulas, with the page of docs/theory that derives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """Formulas with names of their own: x and y for the input and the output of a layer, dx and dy for the gradients.

    Parameters
    ----------
    forward, backward : str
        Lines ``name = formula``. The last result of `forward` is y; `backward` computes dx and the gradients of the parameters.
    page : str
        A file of docs/theory, and the section.
    letter : str, optional
        The name of the output: z1, z2 ….
    settings : mapping, optional
        Numbers and lists of columns in the formulas.
    given : mapping, optional
        Arrays that no formula computes, such as a random mask, each with its values and words for where it comes from.
    after : str, optional
        What the layer remembers after the backward pass, such as running means.
    """

    forward: str
    backward: str
    page: str
    letter: str = "a"
    settings: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    after: str = ""


def lines(text: str) -> list[tuple[str, str]]:
    """Return the names and formulas of lines ``name = formula``.

    Examples
    --------
    >>> lines("y = x @ w")
    [('y', 'x @ w')]
    """
    pairs = [line.partition(" = ") for line in text.strip().splitlines() if line.strip()]
    return [(name.strip(), formula.strip()) for name, _, formula in pairs]
