"""The page `docs/pictures.md`: it shows every picture, drawn with the code beside it."""

import re

from PIL import Image
from tests.docs.pictures import BLOCK, PAGE

from whorl import plot

TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT)


def test_every_function_is_on_the_page():
    assert [name for name in plot.__all__ if f"plot.{name}" not in TEXT] == []


def test_every_picture_has_its_code_and_is_there():
    assert [path for _, path in BLOCK.findall(TEXT) if path] == LINKS
    assert sorted(LINKS) == sorted(f"pictures/{path.name}" for path in (PAGE.parent / "pictures").iterdir())
    for path in LINKS:
        with Image.open(PAGE.parent / path) as image:
            assert min(image.size) > 200


def test_pictures_are_small_files():
    assert sum((PAGE.parent / path).stat().st_size for path in LINKS) < 1_000_000
    stored = (PAGE.parents[1] / "tests" / "plot" / "baseline").iterdir()
    assert sum(path.stat().st_size for path in stored) < 600_000
