"""Objects that know how they were made: layers, losses, optimizers, schedules, initialisers.

They follow one habit: each constructor argument is kept under its own name. So their arguments can be
read back, printed, and written to a file, without a line of code in any of them.
"""

import inspect
from typing import Any, TypeVar

T = TypeVar("T")


class Configured:
    """Base of everything that is described by its constructor's arguments.

    Examples
    --------
    >>> from whorl import Dense
    >>> Dense(64, weight_l2=1e-4)
    Dense(64, weight_l2=0.0001)
    >>> Dense(64, weight_l2=1e-4).config()["units"]
    64
    """

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, by name: `type(self)(**self.config())` makes a twin."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        """Write the call that makes a twin, without the arguments that have their default value."""
        arguments, by_place = [], True
        for parameter in inspect.signature(type(self)).parameters.values():
            value = repr(getattr(self, parameter.name))
            if value == repr(parameter.default):
                by_place = False  # those after one left out need their names
                continue
            by_place = by_place and parameter.kind is not parameter.KEYWORD_ONLY
            arguments.append(value if by_place else f"{parameter.name}={value}")
        return f"{type(self).__name__}({', '.join(arguments)})"


def fresh(thing: T) -> T:
    """Return `thing` made anew by its constructor, and so are those it was made of: a twin that remembers nothing.

    What is not `Configured` comes back as it is.

    Examples
    --------
    >>> from whorl import ReduceOnPlateau, WarmUp
    >>> used = WarmUp(ReduceOnPlateau(0.1, watch="loss", patience=0), epochs=1)
    >>> for loss in (0.9, 0.7, 0.8):
    ...     used.observe({"loss": loss})
    >>> used(3), fresh(used)(3)
    (0.05, 0.1)
    """
    made: Any = thing
    if isinstance(thing, Configured):
        made = type(thing)(**{name: fresh(value) for name, value in thing.config().items()})
    elif type(thing) in (list, tuple):
        made = type(thing)(fresh(value) for value in made)  # type: ignore[call-arg]
    return made  # type: ignore[no-any-return]
