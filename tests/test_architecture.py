"""The reader of sources that tests/test_package.py relies on, applied to small packages."""

import textwrap

import pytest
from architecture import Layers, Package, cycles


@pytest.fixture
def package(tmp_path):
    """Write a package "pkg" from the sources of its files."""

    def write(files, public=None):
        for name, source in {"__init__.py": "", **files}.items():
            path = tmp_path / "pkg" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source))
            (path.parent / "__init__.py").touch()
        return Package(tmp_path / "pkg", public)

    return write


@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.b",
        "import os, pkg.b as other",
        "from pkg import b",
        "from pkg.b import thing",
        "from pkg.b import *",
        "from . import b",
        "from .b import thing as other",
        "from pkg import Thing",
        "import pkg\nthing = pkg.b.thing",
        "import pkg\nthing = pkg.Thing(1)",
        "def f():\n    from pkg.b import thing",
        "class A:\n    def f(self):\n        if self:\n            import pkg.b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.b import thing",
        "try:\n    from pkg.b import thing\nexcept ImportError:\n    pass",
    ],
)
def test_every_way_to_import_a_module_is_seen(package, statement):
    found = package({"a.py": statement, "b.py": ""}, public={"Thing": "pkg.b"}).imports()
    assert {(each.importer, each.imported) for each in found} == {("pkg.a", "pkg.b")}


@pytest.mark.parametrize(
    "statement",
    ["import os", "from os import path", "import pkg", "import pkgb", "b = 1", '"""from pkg import b"""', "x.pkg.b"],
)
def test_other_statements_are_not_imports(package, statement):
    assert package({"a.py": statement, "b.py": ""}).imports() == []


def test_imports_from_within_packages(package):
    files = {
        "a/__init__.py": "from pkg.a.one import x\nfrom .two import y",
        "a/one.py": "from ..b import deep",
        "a/two.py": "from .one import x",
        "b/__init__.py": "",
        "b/deep.py": "from pkg import a, Two",
    }
    found = package(files, public={"a": "pkg", "Two": "pkg.a.two"}).imports()
    assert sorted({(each.importer[4:], each.imported[4:]) for each in found}) == [
        ("a", "a.one"),
        ("a", "a.two"),
        ("a.one", "b.deep"),
        ("a.two", "a.one"),
        ("b.deep", "a"),
        ("b.deep", "a.two"),
    ]


def test_an_import_says_where_it_stands(package):
    (found,) = package({"a.py": "\n\nfrom pkg import b", "b.py": ""}).imports()
    assert str(found) == "pkg/a.py:3: pkg.a imports pkg.b"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.py": "import pkg.b", "b.py": "import pkg.c", "c.py": ""}, []),
        ({"a.py": "import pkg.b, pkg.c", "b.py": "import pkg.d", "c.py": "import pkg.d", "d.py": ""}, []),
        ({"a.py": "import pkg.b", "b.py": "import pkg.a"}, ["pkg.a -> pkg.b -> pkg.a"]),
        ({"a.py": "import pkg.b", "b.py": "def f():\n    import pkg.a"}, ["pkg.a -> pkg.b -> pkg.a"]),
        (
            {"a.py": "import pkg.b, pkg.c", "b.py": "import pkg.c", "c.py": "import pkg.d", "d.py": "import pkg.b"},
            ["pkg.b -> pkg.c -> pkg.d -> pkg.b"],
        ),
        (
            {"a.py": "import pkg.b", "b.py": "import pkg.a", "c.py": "import pkg.d", "d.py": "import pkg.a, pkg.c"},
            ["pkg.a -> pkg.b -> pkg.a", "pkg.c -> pkg.d -> pkg.c"],
        ),
        (
            {"a.py": "import pkg.b", "b.py": "import pkg.a, pkg.c", "c.py": "import pkg.d", "d.py": "import pkg.a"},
            ["pkg.a -> pkg.b -> pkg.a", "pkg.c -> pkg.d -> pkg.a -> pkg.b -> pkg.c"],
        ),
        ({"p/__init__.py": "from pkg.p.m import x", "p/m.py": ""}, []),
        ({"p/__init__.py": "from pkg.p.m import x", "p/m.py": "from pkg.p.n import y", "p/n.py": ""}, []),
        ({"p/__init__.py": "from pkg.p.m import x", "p/m.py": "from pkg.p import y"}, ["pkg.p -> pkg.p.m -> pkg.p"]),
        (
            {"p/__init__.py": "from pkg.p.m import x", "p/m.py": "import pkg.q", "q.py": "from pkg.p import x"},
            ["pkg.p -> pkg.p.m -> pkg.q -> pkg.p"],
        ),
    ],
)
def test_circles(package, files, expected):
    assert cycles(package(files).imports()) == expected


LAYERS = Layers("pkg", [["base", "high.low"], ["left", "right"], ["high", "outer"]], independent=["left", "right"])


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("left/m.py", "pkg.base", True),
        ("high.py", "pkg.base", True),
        ("left/m.py", "pkg.left.n", True),
        ("left/m.py", "pkg.right", False),
        ("base.py", "pkg.left", False),
        ("high.py", "pkg.outer", True),
        ("left/m.py", "pkg.high", False),
        ("left/m.py", "pkg.high.low", True),
        ("high/low.py", "pkg.left", False),
        ("high/low.py", "pkg.high.other", False),
    ],
)
def test_layers(package, importer, imported, allowed):
    target = f"{imported.removeprefix('pkg.').replace('.', '/')}/__init__.py"
    sources = package({target: "", importer: f"import {imported}"})
    module = f"pkg.{importer.removesuffix('.py').replace('/', '.')}"
    expected = [] if allowed else [f"pkg/{importer}:1: {module} imports {imported}"]
    assert LAYERS.violations(sources.imports()) == expected


def test_a_module_without_a_place():
    assert LAYERS.unplaced(["pkg", "pkg.left.m", "pkg.leftover", "pkg.base"]) == ["pkg.leftover has no place"]


def test_circles_of_parts_whose_modules_are_in_no_circle(package):
    files = {"high/a.py": "import pkg.outer.b", "outer/b.py": "", "outer/c.py": "import pkg.high.d", "high/d.py": ""}
    imports = package(files).imports()
    assert cycles(imports) == LAYERS.violations(imports) == []
    assert LAYERS.circles(imports) == ["high -> outer -> high"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("self._x", []),
        ("cls._x = 1", []),
        ("super()._x()", []),
        ("type(self)._x", []),
        ("x.y", []),
        ("x.__class__", []),
        ("pair._replace(a=1)", []),
        ("import pkg._core.text\npkg._core.text.align", []),
        ("from pkg._core import text", []),
        ("from __future__ import annotations", []),
        ("getattr(self, '_x')", []),
        ("getattr(x, 'y')", []),
        ("getattr(x, name)", []),
        ("other._x", ["other._x"]),
        ("self.model._x", ["self.model._x"]),
        ("self._model._x", ["self._model._x"]),
        ("models[0]._x += 1", ["models[0]._x"]),
        ("make()._x()", ["make()._x"]),
        ("text._align", ["text._align"]),
        ("from pkg.m import _x, y", ["pkg.m._x"]),
        ("getattr(x, '_y', 1)", ["getattr(x, '_y', 1)"]),
        ("object.__setattr__(x, '_y', 1)", ["object.__setattr__(x, '_y', 1)"]),
        ("object.__setattr__(self, '_y', 1)", []),
    ],
)
def test_private_names_of_others(package, source, found):
    sources = package({"a.py": source, "_core/text.py": "", "m.py": ""})
    assert sources.private_names() == [f"pkg/a.py:{source.count(chr(10)) + 1}: {each}" for each in found]


def test_imports_by_a_computed_name(package):
    sources = package(
        {
            "__init__.py": "from importlib import import_module\nimport_module(name)",
            "a.py": "importlib.import_module('pkg.' + name)\n__import__('pkg.b')\nfind_spec('numba')",
        }
    )
    assert sources.dynamic_imports() == [
        "pkg/a.py:1: importlib.import_module('pkg.' + name)",
        "pkg/a.py:2: __import__('pkg.b')",
    ]
