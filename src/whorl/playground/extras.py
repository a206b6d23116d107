"""Explanations and files, which are made when a page asks for them."""

from __future__ import annotations

from whorl.playground.answers import encoded
from whorl.playground.frames import binary
from whorl.playground.messages import Backpropagate, Explain, Export, Message
from whorl.playground.run import Run


def answered(run: Run, received: Message) -> str | bytes:
    """Return the answer to a message that asks for an explanation or a file; raise ImportError if it is not available."""
    match received:
        case Explain():
            from whorl.playground.explanations import explain

            return encoded({"type": "explained", **explain(run, received)})
        case Backpropagate(sample):
            from whorl.playground.explanations import backpropagate

            return encoded({"type": "backpropagation", "steps": backpropagate(run, sample)})
        case Export(what):
            from whorl.playground.exports import export

            name, media, content = export(run, what)
            return binary({"type": "file", "name": name, "media": media, "size": len(content)}, [content])
    raise AssertionError(received)
