"""Errors that answer a request, with a status and a place in the body."""

from __future__ import annotations

from typing import TypeAlias

from whorl._core.validation import show

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value of the body, such as ``("rows", 2, "age")``; rows are counted from 0."""


class RequestError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        The HTTP status, from 400 to 499.
    message : str
    where : tuple of str and int, optional
        The value of the body that is wrong; by default the body as a whole.
    """

    status: int
    message: str
    where: Place

    def __init__(self, status: int, message: str, where: Place = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.where = status, message, where


def invalid(message: str, where: Place = ()) -> RequestError:
    """Return the error for a value of the body that is not what it must be; the message begins with its place.

    Examples
    --------
    >>> invalid("must be a number, got 'x'", ("rows", 2, "age")).message
    "row 2, column 'age': must be a number, got 'x'"
    """
    match where:
        case ("rows", int(row), *column):
            place = f"row {row}"
        case ("columns", name, *rows):
            place, column = (f"row {rows[0]}" if rows else ""), [name]
        case _:
            place, column = ", ".join(map(str, where)), []
    if column:
        place += f"{', ' if place else ''}column {', '.join(map(show, column))}"
    return RequestError(422, f"{place}: {message}" if place else message, where)


def named(value: object) -> str:
    """Name a value of JSON in an error, in a few words however large it is.

    Examples
    --------
    >>> named(None), named(True), named([[1]]), named({"a": 1}), named("x")
    ('null', 'true', 'a list of 1', 'an object', "'x'")
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else show(value)
