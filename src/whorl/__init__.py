"""whorl: neural networks that you can read, trained fast on a CPU.

It needs NumPy and nothing else. Start with `Model`, or with the command ``whorl train spiral``.
"""

import ast
from importlib import import_module
from os import path

import numpy  # noqa: F401, ICN001  # everything here needs it, and fails without it at once

__version__ = "0.1.0"

# The public names are listed once, in the stub file beside this one, which type checkers and editors read as well. Each is
# imported when it is first used (PEP 562), so that `import whorl` takes no time (SPEC 1).
_STUB = ast.parse(__spec__.loader.get_data(path.join(__path__[0], "__init__.pyi")))
PUBLIC = {alias.name: node.module for node in _STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names}
"""From each public name to the module to import it from; packages such as `whorl.layers` are imported from `whorl`."""

__all__ = sorted(PUBLIC)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        from whorl._core.hints import missing_attribute

        raise missing_attribute(__name__, name)
    if PUBLIC[name] == __name__:
        return import_module(f"whorl.{name}")
    value = globals()[name] = getattr(import_module(PUBLIC[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
