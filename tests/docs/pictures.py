"""The pictures of pages in `docs/`, drawn with the code beside them: ``python tests/docs/pictures.py``."""

import doctest
import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "pictures.md"
PAGES = [PAGE, DOCS / "troubleshooting.md"]
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n!\[[^]]*\]\(([^)]+)\))?", re.DOTALL)
"""Code, and the path of the picture that follows it, if one does."""


def draw(page):
    """Run the code of a page, and save what each block with a picture has drawn: a figure, or axes."""
    names = {}
    for code, path in BLOCK.findall(page.read_text(encoding="utf-8")):
        if path.endswith(".gif"):
            exec(code.replace("spiral.gif", str(DOCS / path)), names)
            continue
        names.pop("figure", None)  # that of the picture before
        for example in doctest.DocTestParser().get_examples(code):
            exec(example.source, names)
        if path:
            save(names["figure"] if "figure" in names else names["ax"].figure, DOCS / path)


def save(figure, path):
    """Save a figure with as few colours as its looks allow, for a small file."""
    figure.savefig(path, dpi=90)
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    for page in PAGES:
        draw(page)
