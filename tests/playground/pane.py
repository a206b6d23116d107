"""What the tests of the playground share: configurations, a session without a network, and the reading of binary messages."""

import json
import queue
from contextlib import contextmanager

import numpy as np

from whorl.playground import messages
from whorl.playground.configuration import Configuration, Moons, Spiral
from whorl.playground.session import Session

SMALL = Configuration(data=Spiral(samples=30), layers=("Dense(8)", "ReLU()", "Dropout(0.2)", "Dense(3)", "Softmax()"))
"""90 points, of which 18 are for validation: an epoch has three steps."""

DIVERGING = Configuration(
    data=Moons(samples=20),
    layers=("Dense(8)", "Dense(8)", "Dense(8)", "Dense(1)"),
    loss="MeanSquaredError()",
    optimizer="SGD(10.0)",
)
"""Its loss grows until it is infinite."""


def split(content):
    """The header and the arrays of a binary message; of a file, the header and its content."""
    length = int.from_bytes(content[:4], "little")
    assert (4 + length) % 8 == 0
    header, payload = json.loads(content[4 : 4 + length]), content[4 + length :]
    if header["type"] == "file":
        return header, payload
    arrays = {}
    for entry in header["arrays"]:
        assert entry["offset"] % 8 == 0
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(payload, entry["dtype"], count, entry["offset"])
        arrays[entry["name"]] = values.reshape(entry["shape"])
    return header, arrays


class Pane:
    """A page without a browser."""

    def __init__(self, configuration=None):
        self.answers = queue.SimpleQueue()
        self.session = Session(self.answers.put)
        if configuration is not None:
            self.configured = self.ask(messages.Configure(configuration))
            assert self.configured["type"] == "configured", self.configured

    def ask(self, message):
        self.session.put(message)
        return self.answer()

    def answer(self):
        answer = self.answers.get(timeout=20)
        return json.loads(answer) if isinstance(answer, str) else split(answer)

    def look(self, **wanted):
        return self.ask(messages.Look(**{"grid": 8, **wanted}))

    def play(self, speed=0.0):
        """Train until it stops by itself; return the last frame."""
        assert self.ask(messages.Play(speed))["type"] == "done"
        while True:
            header, arrays = self.look()
            if not header["playing"]:
                return header, arrays

    @property
    def weights(self):
        return self.session.run.model.parameters.copy()


@contextmanager
def pane(configuration=None):
    opened = Pane(configuration)
    try:
        yield opened
    finally:
        opened.session.close()
        assert opened.session.join(5)
