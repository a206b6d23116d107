"""Suggestions for unknown names: misspelled ones, and names from other libraries."""

from collections.abc import Collection, Iterable


def did_you_mean(name: str, known: Iterable[str], form: str = "{!r}") -> str:
    """Return ``"; did you mean 'Dense'?"`` if the name resembles a known one, or is that of another library; else "".

    If there is no single name to write instead, it returns what to do, such as ``"; give the learning rate to the optimizer"``.

    Parameters
    ----------
    name : str
        The unknown name.
    known : iterable of str
        The names that are possible.
    form : str, optional
        How to write the one that is meant.

    Examples
    --------
    >>> did_you_mean("relu", ["Dense", "ReLU"]), did_you_mean("Linear", ["Dense", "ReLU"]), did_you_mean("x", ["Dense"])
    ("; did you mean 'ReLU'?", "; did you mean 'Dense'?", '')
    >>> did_you_mean("verbose", ["epochs", "loss"])
    '; write callbacks=[Progress()] to print the progress'
    """
    from difflib import get_close_matches  # both are only needed for an error, and this one is slow to import

    from whorl._core.synonyms import elsewhere

    names = list(known)
    synonyms = elsewhere(name)
    for each in synonyms:
        if each.whorl in names and not each.hint:
            return f"; did you mean {form.format(each.whorl)}?"
    for each in synonyms:
        if each.hint and (each.whorl in names or not each.whorl.isidentifier()):
            return f"; {each.hint}"
    plain = {_plain(each): each for each in reversed(names)}
    close = get_close_matches(_plain(name), plain, n=1)
    return f"; did you mean {form.format(plain[close[0]])}?" if close else ""


def check_names(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise TypeError, with a hint, if `what` is given the name of an argument that it does not have."""
    for name in given:
        if name not in known:
            raise TypeError(
                f"{what} has no argument {name!r}{did_you_mean(name, known)}; it has {', '.join(known) or 'none'}"
            )


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
