"""Take the steps of a training run with compiled kernels, on samples that are read from files."""

from __future__ import annotations

import numpy as np

from whorl._core.types import Array
from whorl.engine import reading
from whorl.engine.assembly import Data
from whorl.engine.run import CompiledSteps
from whorl.training import EpochState, Training


class CompiledChunks(CompiledSteps):
    """Compiled steps on what has been read ahead: all steps on it are taken in one call.

    The program gathers its batches from the buffers of `ReadAhead`, where the samples are in the order of the epoch already.
    """

    def __init__(self, training: Training, workers: int, work: float) -> None:
        super().__init__(training, workers, work)
        reading.prepare()  # not in the thread that reads

    def _together(self) -> int:
        return 1

    def data(self) -> tuple[Data, int]:
        reader = self.training.reader
        assert reader is not None
        x, target, weight = reader.buffers()
        return Data(x, target, weight, bool(self.training.metrics)), len(x)

    def upcoming(self, current: EpochState) -> tuple[int, int]:
        reader = self.training.reader
        assert reader is not None
        chunk = reader.upcoming(current)
        if self.copied is not self.order:
            self.order[0] = self.rows[0] = np.arange(self.order.shape[1])
            self.copied = self.order
        return chunk.place + current.samples - chunk.start, chunk.place + len(chunk)

    def measure(self, current: EpochState, begin: int, predictions: Array) -> None:
        reader = self.training.reader
        assert reader is not None
        assert reader.chunk is not None
        chunk = reader.chunk
        places = range(chunk.place + begin - chunk.start, chunk.place + current.samples - chunk.start)
        done = predictions[places.start : places.stop].copy()
        current.measure(chunk.targets(places), done, self.training.metrics, self.training.means)
