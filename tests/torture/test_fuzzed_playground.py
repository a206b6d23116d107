"""Random and mutated messages to a session of the playground: each has one answer, and none makes it fail."""

import queue

import pytest
from playground import run

from whorl.playground.decoding import read
from whorl.playground.session import NOTHING, Session


@pytest.mark.parametrize("seed", range(3))
def test_messages_at_random(seed):
    answers = queue.SimpleQueue()
    session = Session(lambda answer: answers.put(answer) if answer != NOTHING else None)
    try:
        found = run(700, lambda text: session.put(read(text)), lambda: answers.get(timeout=20), seed)
    finally:
        session.close()
    assert session.join(5)
    assert found.total() > 600
    assert found["failed"] > 200
    assert min(found[kind] for kind in ("configured", "done", "frame", "file", "uploaded", "explained")) > 0
