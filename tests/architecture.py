"""Reads the sources of a package: what each module imports, wherever the import stands, and which private names it uses.

Nothing is imported. tests/test_package.py applies it to whorl, tests/test_architecture.py to small packages of its own.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Names of named tuples and of the module os, which are public in spite of the underscore."""


class Import(NamedTuple):
    importer: str
    imported: str
    place: str

    def __str__(self):
        return f"{self.place}: {self.importer} imports {self.imported}"


class Package:
    """The modules of a package.

    Parameters
    ----------
    root : Path
        Its folder.
    public : mapping, optional
        For names that the package itself offers lazily: the module from which each is imported.
    """

    def __init__(self, root: Path, public: Mapping[str, str] | None = None):
        self.name, self.root, self.public = root.name, root, public or {}
        self.trees = {}
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.trees[module] = (path, ast.parse(path.read_text(encoding="utf-8")))

    def imports(self) -> list[Import]:
        """Every import of one module of the package by another: at the top, for type checkers, inside functions."""
        return [
            Import(module, imported, self.place(path, node))
            for module, (path, tree) in self.trees.items()
            for node in ast.walk(tree)
            for imported in sorted(self.imported_by(node, module, path))
            if imported != module
        ]

    def imported_by(self, node: ast.AST, module: str, path: Path) -> set[str]:
        if isinstance(node, ast.Import):
            return {name for alias in node.names if (name := self.resolve(alias.name)) and name != self.name}
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
                base = ".".join([*parent[: len(parent) - node.level + 1], *base.split(".")]).rstrip(".")
            return {name for alias in node.names if (name := self.resolve(f"{base}.{alias.name}"))}
        if isinstance(node, ast.Attribute):  # such as whorl.layers.Dense, after `import whorl`
            dotted = ast.unparse(node)
            return {name} if dotted.startswith(f"{self.name}.") and (name := self.resolve(dotted)) else set()
        return set()

    def resolve(self, dotted: str) -> str | None:
        """Return the module that a dotted name is in, or that it is; None if it is not in this package."""
        parts = dotted.split(".")
        if parts[0] != self.name:
            return None
        if len(parts) > 1 and (module := self.public.get(parts[1])):
            parts[:2] = [module, parts[1]] if f"{module}.{parts[1]}" in self.trees else [module]
        while len(parts) > 1 and ".".join(parts) not in self.trees:
            parts.pop()
        return ".".join(parts)

    def private_names(self) -> list[str]:
        """Every use of a name with an underscore that belongs to another object or module."""
        return [
            f"{self.place(path, node)}: {private}"
            for path, tree in self.trees.values()
            for node in ast.walk(tree)
            for private in self.private_in(node)
        ]

    def private_in(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Attribute):
            module = self.resolve(ast.unparse(node))
            own_package = module is not None and module.endswith(f".{node.attr}")
            return [ast.unparse(node)] if is_private(node.attr) and not is_own(node.value) and not own_package else []
        if isinstance(node, ast.ImportFrom):
            return [f"{node.module}.{alias.name}" for alias in node.names if is_private(alias.name)]
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].strip("_") in (
            "getattr",
            "hasattr",
            "setattr",
            "delattr",
        ):
            owner, name = [*node.args, None, None][:2]
            if isinstance(name, ast.Constant) and is_private(str(name.value)) and not is_own(owner):
                return [ast.unparse(node)]
        return []

    def dynamic_imports(self) -> list[str]:
        """Every import by a name that is computed, which cannot be checked; the package's own lazy table is data."""
        return [
            f"{self.place(path, node)}: {ast.unparse(node)}"
            for module, (path, tree) in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
            and module != self.name
        ]

    def place(self, path: Path, node: ast.AST) -> str:
        return f"{path.relative_to(self.root.parent)}:{getattr(node, 'lineno', 0)}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in DOCUMENTED


def is_own(owner: ast.AST | None) -> bool:
    return owner is not None and ast.unparse(owner) in ("self", "cls", "super()", "type(self)")


def cycles(imports: Iterable[Import]) -> list[str]:
    """For every module that imports itself by way of others, a shortest such circle; each circle is listed once."""
    graph: dict[str, list[str]] = {}
    for each in imports:
        graph.setdefault(each.importer, []).append(each.imported)
    found: dict[frozenset[str], list[str]] = {}
    for start in graph:
        path = path_back(graph, start)
        if path:
            found.setdefault(frozenset(path), path)
    return [" -> ".join(path) for path in found.values()]


def path_back(graph: Mapping[str, Sequence[str]], start: str) -> list[str]:
    """Return a shortest path from a module to itself, or an empty list."""
    paths, visited = [[start]], set()
    for path in paths:  # which grows meanwhile: breadth first
        for following in graph.get(path[-1], ()):
            if following == start:
                return [*path, start]
            if following not in visited:
                visited.add(following)
                paths.append([*path, following])
    return []


class Layers:
    """The order of a package's parts, each of which is a module or a package: imports run downwards only.

    Parameters
    ----------
    name : str
        The name of the whole package.
    rows : sequence of sequence of str
        The parts, from the lowest row to the highest, named without the package: ``"layers"``. A longer name, such as
        ``"formats.npz"``, places a module of a part elsewhere.
    independent : iterable of str
        Those that do not import the others of their row.
    """

    def __init__(self, name: str, rows: Sequence[Sequence[str]], independent: Iterable[str] = ()):
        self.name = name
        self.rank = {part: i for i, row in enumerate(rows) for part in row}
        self.independent = set(independent)

    def part(self, module: str) -> str | None:
        """Return the part that a module belongs to, or None."""
        inner = module.removeprefix(f"{self.name}.")
        return max((part for part in self.rank if f"{inner}.".startswith(f"{part}.")), key=len, default=None)

    def unplaced(self, modules: Iterable[str]) -> list[str]:
        return [f"{module} has no place" for module in modules if module != self.name and self.part(module) is None]

    def violations(self, imports: Iterable[Import]) -> list[str]:
        """Every import that does not run downwards."""
        return [str(each) for each in imports if not self.allows(each)]

    def allows(self, each: Import) -> bool:
        importer, imported = self.part(each.importer), self.part(each.imported)
        if importer is None or imported is None or importer == imported:
            return True
        if self.rank[importer] == self.rank[imported]:
            return not {importer, imported} & self.independent
        return self.rank[importer] > self.rank[imported]

    def circles(self, imports: Iterable[Import]) -> list[str]:
        """A circle of imports for every group of parts that import each other."""
        between = [(self.part(each.importer), self.part(each.imported), each.place) for each in imports]
        return cycles(Import(*each) for each in between if None not in each[:2] and each[0] != each[1])
