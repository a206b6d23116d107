"""Objects that know how they were made: layers, losses, optimizers, schedules, initialisers.

They follow one habit: each constructor argument is kept under its own name. So their arguments can be
read back, printed, and written to a file, without a line of code in any of them.
"""

import inspect
from typing import Any, Self


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
        """Return the constructor's arguments, by name: ``type(self)(**self.config())`` makes a twin."""
        names = list(inspect.signature(type(self)).parameters)
        for name in names:
            if name not in vars(self):
                raise AttributeError(
                    f"{type(self).__name__} must keep its constructor argument {name!r} as self.{name}: that is how"
                    " whorl copies, prints and saves it"
                )
        return {name: vars(self)[name] for name in names}

    def fresh(self) -> Self:
        """Return a twin as the constructor makes it, without anything that was learned or remembered since."""
        return type(self)(**{name: _fresh(value) for name, value in self.config().items()})

    def __repr__(self) -> str:
        """Write the call that makes a twin, without the arguments that have their default value."""
        arguments, by_place, config = [], True, self.config()
        for parameter in inspect.signature(type(self)).parameters.values():
            value = repr(config[parameter.name])
            if value == repr(parameter.default):
                by_place = False  # those after one left out need their names
                continue
            by_place = by_place and parameter.kind is not parameter.KEYWORD_ONLY
            arguments.append(value if by_place else f"{parameter.name}={value}")
        return f"{type(self).__name__}({', '.join(arguments)})"


def _fresh(value: Any) -> Any:
    if isinstance(value, Configured):
        return value.fresh()
    return type(value)(map(_fresh, value)) if type(value) in (list, tuple) else value
