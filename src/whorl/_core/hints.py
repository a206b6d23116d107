"""Suggestions for unknown names: misspelled ones, and names from other libraries."""

import sys
from collections.abc import Collection, Iterable
from typing import Never


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
    '; only fit prints, with callbacks=[Progress()]'
    """
    from whorl._core.synonyms import elsewhere  # only needed for an error

    names = list(known)
    synonyms = elsewhere(name)
    for each in synonyms:
        for write in (each.whorl, each.whorl.rpartition(".")[2]):
            if write.partition(".")[0] in names and not each.hint:
                return f"; did you mean {form.format(write)}?"
    for each in sorted(synonyms, key=lambda each: each.whorl not in names):
        if each.hint and (each.whorl in names or not each.whorl.isidentifier()):
            return f"; {each.hint}"
    return similar(name, names, form)


def similar(name: str, known: Iterable[str], form: str = "{!r}") -> str:
    """Return ``"; did you mean 'rooms'?"`` if the name resembles a known one; else "". For names that users choose.

    Examples
    --------
    >>> similar("Rooms", ["street", "rooms"]), similar("verbose", ["street", "rooms"])
    ("; did you mean 'rooms'?", '')
    """
    from difflib import get_close_matches  # slow to import, and only needed for an error

    plain = {_plain(each): each for each in reversed(list(known))}
    likeness = 0.75 if len(name) > 4 else 0.65  # two letters exchanged are much of a short name
    close = get_close_matches(_plain(name), plain, n=1, cutoff=likeness)
    return f"; did you mean {form.format(plain[close[0]])}?" if close else ""


def check_names(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise TypeError, with a hint, if `what` is given the name of an argument that it does not have."""
    if problem := unknown_names(what, given, known):
        raise TypeError(problem)


def unknown_names(what: str, given: Iterable[str], known: Collection[str]) -> str:
    """Return that `what` is given the name of an argument that it does not have, with a hint; "" if it has them all."""
    for name in given:
        if name not in known:
            return f"{what} has no argument {name!r}{did_you_mean(name, known)}; it has {', '.join(known) or 'none'}"
    return ""


def hint_missing_names(module: str) -> None:
    """Give a module a ``__getattr__`` that raises AttributeError with a hint. Type checkers do not see it, and report the name."""

    def __getattr__(name: str) -> Never:  # noqa: N807  # as PEP 562 calls it
        raise missing_attribute(module, name)

    vars(sys.modules[module])["__getattr__"] = __getattr__


def missing_attribute(module: str, name: str) -> AttributeError | ImportError:
    """Return the error for a name that a module of whorl does not have, to be raised by its ``__getattr__``.

    Of ``from whorl.layers import Linear`` Python drops the message of an AttributeError, so there it is an ImportError.
    """
    import inspect  # slow to import, and only needed for an error

    hint = missing_name(module, name)
    frame = inspect.currentframe()
    caller = frame and frame.f_back and frame.f_back.f_back
    if hint and caller and caller.f_code.co_name == "_handle_fromlist":  # of importlib
        return ImportError(f"cannot import name {name!r} from {module!r}{hint}", name=module)
    return AttributeError(f"module {module!r} has no attribute {name!r}{hint}")


def missing_name(module: str, name: str) -> str:
    """Return a hint for a name that a module of whorl does not have: one of its own names, or of those of `whorl`.

    Examples
    --------
    >>> import whorl
    >>> missing_name("whorl.layers", "Linear"), missing_name("whorl.layers", "Adam")
    ("; did you mean 'Dense'?", "; did you mean 'whorl.Adam'?")
    """
    own, public = vars(sys.modules[module]), sys.modules["whorl"].__all__
    if name.startswith("_"):
        return ""
    if name in public:
        return f"; did you mean 'whorl.{name}'?"
    for package, place in sys.modules["whorl"].PUBLIC.items():
        if place == "whorl" and name in getattr(getattr(sys.modules["whorl"], package), "__all__", ()):
            return f"; did you mean 'whorl.{package}.{name}'?"
    known = own.get("__all__") or [each for each in own if not each.startswith("_")]
    return did_you_mean(name, known) or did_you_mean(name, public, "'whorl.{}'")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
