"""Types for argparse: text to a checked value, with an error that says what was expected."""

import argparse
from collections.abc import Callable
from typing import Any

from whorl import checks

Commands = argparse._SubParsersAction  # noqa: SLF001  # argparse has no public name for it


def whole(minimum: int) -> Callable[[str], int]:
    """Return a type for whole numbers of at least `minimum`."""

    def parse(text: str) -> int:
        try:
            value: object = int(text)
        except ValueError:
            value = text
        return int(_checked(checks.integer, value, minimum))

    return parse


def real(**bounds: float) -> Callable[[str], float]:
    """Return a type for finite numbers within bounds, as `checks.number` takes them."""

    def parse(text: str) -> float:
        try:
            value: object = float(text)
        except ValueError:
            value = text
        return float(_checked(checks.number, value, **bounds))

    return parse


def _checked(check: Callable[..., Any], value: object, *bounds: Any, **named: Any) -> Any:
    try:
        return check("it", value, *bounds, **named)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("it ")) from None
