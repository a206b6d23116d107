"""What the doctor says: findings, and the report that lists them."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

WIDTH = 100
"""Width of the printed report, in characters."""

SHOWN = 3
"""Findings that a report explains in full; it names the others. Later ones are often consequences of the first."""

ROOT = "https://github.com/whorl/whorl/blob/main/"
"""Where the pages are that explain findings."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a training.

    Parameters
    ----------
    kind : str
        What it is, in a few words that are the same for every finding of its kind: ``"unscaled inputs"``.
    evidence : str
        The numbers that show it, as a sentence.
    why : str
        Why that is a problem, as a sentence.
    page : str
        The page of whorl's documentation that explains it.
    remedy : str
        What to try first, as a line of code.
    confidence : float
        How sure the finding is, from 0 to 1: how often findings of this kind were right in the half of the doctor's catalogue that
        was used to choose the thresholds.
    changes : mapping of str to object
        The remedy for programs: arguments of `Model` and `Model.fit` by name, ``{"layers": [...]}``; and changes of the data,
        which ``whorl.glassbox.doctor.remedies`` describes. Empty if there is none.

    Examples
    --------
    >>> from whorl import Adam, CrossEntropy, Dense, Doctor, Model, ReLU, Softmax, datasets
    >>> X, y = datasets.spiral(100, rng=0)
    >>> model = Model([Dense(64), ReLU(), Dense(3), ReLU(), Softmax()], inputs=2, rng=0)
    >>> doctor = Doctor(quiet=True)
    >>> history = model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=60, callbacks=[doctor], rng=0)
    >>> doctor.findings[0].kind, doctor.findings[0].remedy
    ('activation before the output', 'layers=[Dense(64), ReLU(), Dense(3), Softmax()]')
    """

    kind: str
    evidence: str
    why: str
    page: str
    remedy: str
    confidence: float = 0.5
    changes: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.evidence}; try {self.remedy}"


def found(kind: str, evidence: str, why: str, page: str, remedy: tuple[str, Mapping[str, Any]]) -> Finding:
    """Return a finding, with its remedy as code and for programs."""
    code, changes = remedy
    return Finding(kind, evidence, why, page, code, changes=changes)


class Report(Sequence[Finding]):
    """Findings, the most important first: causes before what they lead to. As text and in notebooks it explains them.

    Parameters
    ----------
    findings : sequence of Finding
    """

    def __init__(self, findings: Sequence[Finding] = ()) -> None:
        self._findings = tuple(findings)

    @overload
    def __getitem__(self, place: int) -> Finding: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Finding, ...]: ...

    def __getitem__(self, place: int | slice) -> Finding | tuple[Finding, ...]:
        return self._findings[place]

    def __len__(self) -> int:
        return len(self._findings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self[:] == other[:]

    def __hash__(self) -> int:
        return hash(self._findings)

    def __repr__(self) -> str:
        return "\n\n".join(self._paragraphs()) or "the doctor found nothing wrong"

    def _paragraphs(self) -> Iterator[str]:
        for number, each in enumerate(self[:SHOWN], start=1):
            lines = [f"{number}. {each.kind} (confidence {each.confidence:.0%}): {each.evidence}."]
            lines += [f"Why: {each.why}. See {each.page}.", f"Try: {each.remedy}"]
            yield "\n".join(
                textwrap.fill(
                    line, WIDTH, initial_indent="   " * (i > 0), subsequent_indent="   ", break_long_words=False
                )
                for i, line in enumerate(lines)
            )
        if rest := self[SHOWN:]:
            kinds = ", ".join(each.kind for each in rest)
            yield textwrap.fill(f"also found, perhaps as a consequence: {kinds}", WIDTH)

    def _repr_html_(self) -> str:
        """Show the findings in a notebook."""
        items = [
            f"<li><b>{html.escape(each.kind)}</b> (confidence {each.confidence:.0%}): {html.escape(each.evidence)}."
            f"<br>Why: {html.escape(each.why)}. <a href='{ROOT}{html.escape(each.page)}'>{html.escape(each.page)}</a>"
            f"<br>Try: <code>{html.escape(each.remedy)}</code></li>"
            for each in self
        ]
        return f"<ol>{''.join(items)}</ol>" if items else html.escape(repr(self))
