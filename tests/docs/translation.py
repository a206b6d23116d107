"""The page `docs/translation.md`, from the table of names that the errors use.

``python tests/docs/translation.py`` writes it.
"""

import json
from pathlib import Path

from whorl._core.synonyms import SYNONYMS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "translation.md"
TITLES = {"keras": "Keras", "torch": "PyTorch", "sklearn": "scikit-learn"}
STORED = json.loads((ROOT / "tests/parity/names.json").read_text(encoding="utf-8"))
VERSIONS = {name: f"{title} {STORED[name]['version'].partition('+')[0]}" for name, title in TITLES.items()}


def code(names):
    return ", ".join(f"`{name}`" for name in names.split())


def render():
    """Return the page."""
    lines = [
        "# Names in Keras, PyTorch and scikit-learn",
        "",
        "What to write in whorl. Errors know these names too: `whorl.Linear` and `Adam(lr=0.1)` say what to write instead.",
        "The names are those of {keras}, {torch} and {sklearn}.".format(**VERSIONS),
    ]
    for title, rows in SYNONYMS.items():
        lines += ["", f"## {title}", "", "| whorl | Keras | PyTorch | scikit-learn | |", "|---|---|---|---|---|"]
        for row in (row for row in rows if not row.tried):
            name = f"`{row.whorl}`" if row.whorl else ""
            lines.append(f"| {name} | {code(row.keras)} | {code(row.torch)} | {code(row.sklearn)} | {row.hint} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
