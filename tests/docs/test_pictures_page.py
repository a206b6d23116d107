"""The pictures of pages in `docs/`: each is there, drawn with the code beside it. `docs/pictures.md` has every function."""

import re

from PIL import Image
from tests.docs.pictures import BLOCK, DOCS, PAGE, PAGES

from whorl import plot

TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
LINKS = {page: re.findall(r"!\[[^]]*\]\(([^)]+)\)", text) for page, text in TEXTS.items()}
PICTURES = [path for links in LINKS.values() for path in links]


def test_every_function_is_on_the_page():
    assert [name for name in plot.__all__ if f"plot.{name}" not in TEXTS[PAGE]] == []


def test_every_picture_has_its_code_and_is_there():
    for page, text in TEXTS.items():
        assert [path for _, path in BLOCK.findall(text) if path] == LINKS[page]
    assert sorted(PICTURES) == sorted(f"pictures/{path.name}" for path in (DOCS / "pictures").iterdir())
    for path in PICTURES:
        with Image.open(DOCS / path) as image:
            assert min(image.size) > 200


def test_pictures_are_small_files():
    assert sum((DOCS / path).stat().st_size for path in PICTURES) < 1_000_000
    stored = (DOCS.parent / "tests" / "plot" / "baseline").iterdir()
    assert sum(path.stat().st_size for path in stored) < 600_000
