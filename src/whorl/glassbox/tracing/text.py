"""A trace as text, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from whorl.glassbox.tracing.traced_array import Section, TracedArray

STAGES = {
    "forward": "Forward: from the input to the prediction",
    "loss": "Loss: how wrong the prediction is",
    "backward": "Backward: the gradient of the loss, from the prediction to the input",
    "update": "Update: the step that the optimizer takes",
}


def sections_text(sections: Sequence[Section], arrays: Mapping[str, TracedArray]) -> str:
    """Return the sections as text; an array is printed where it is computed."""
    lines, stage, printed = [], "", set[str]()
    for section in sections:
        if section.stage != stage:
            stage = section.stage
            lines += ["", STAGES[stage], "=" * len(STAGES[stage])]
        page = f"docs/theory/{section.page}" if section.page else ""
        lines += ["", f"{section.title}    {page}".rstrip()]
        for name in section.names:
            if name not in printed:
                lines.append(textwrap.indent(repr(arrays[name]), "  "))
            printed.add(name)
    return "\n".join(lines)
