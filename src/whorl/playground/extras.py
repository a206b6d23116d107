"""Explanations and files, which are made when a page asks for them."""

from __future__ import annotations

from whorl.playground.answers import encoded
from whorl.playground.explanations import backpropagate, explain
from whorl.playground.exports import export
from whorl.playground.frames import binary
from whorl.playground.messages import Backpropagate, Explain, Export, Message
from whorl.playground.run import Run


def answered(run: Run, received: Message) -> str | bytes:
    """Return the answer to a message that asks for an explanation or a file; raise ImportError if a package is missing."""
    match received:
        case Explain():
            return encoded({"type": "explained", **explain(run, received)})
        case Backpropagate(sample):
            return encoded({"type": "backpropagation", "steps": backpropagate(run, sample)})
        case Export(what):
            name, media, content = export(run, what)
            return binary({"type": "file", "name": name, "media": media, "size": len(content)}, [content])
    raise AssertionError(received)
