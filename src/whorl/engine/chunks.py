"""Take the steps of a training run with compiled kernels, on samples that are read from files."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from whorl._core.types import Array
from whorl.engine import reading
from whorl.engine.assembly import Data
from whorl.engine.run import CompiledSteps
from whorl.layers import chain
from whorl.training import Chunk, EpochState, Training
from whorl.training.read_ahead import ReadAhead


class CompiledChunks(CompiledSteps):
    """Compiled steps on what has been read ahead: all steps on it are taken in one call.

    The program gathers its batches from the buffers of `ReadAhead`, where the samples are in the order of the epoch already. If the
    steps use all cores, it gathers the inputs from where they are: from blocks in memory, or from the file itself.
    """

    def __init__(self, training: Training, workers: int, work: float) -> None:
        super().__init__(training, workers, work)
        reading.prepare()  # not in the thread that reads
        assert training.reader is not None
        self.reader: ReadAhead = training.reader
        self.reader.direct = True
        self.chunk: Chunk | None = None

    def _together(self) -> int:
        return 1

    def data(self) -> tuple[Data, int]:
        x, target, weight = self.reader.buffers()
        return Data(x, target, weight, bool(self.training.metrics), self.reader.data.file), len(x)

    def upcoming(self, current: EpochState) -> tuple[int, int]:
        chunk = self.reader.upcoming(current)
        if self.copied is not self.order:
            self.order[0] = np.arange(self.order.shape[1])
            self.copied, self.chunk = self.order, None
        if self.chunk is not chunk:
            self.rows[0, chunk.place : chunk.place + len(chunk)] = chunk.places
            self.chunk = chunk
        return chunk.place + current.samples - chunk.start, chunk.place + len(chunk)

    def call(self, steps: int, begin: int, end: int, after: Callable[[int], None]) -> None:
        begun, worked = time.perf_counter(), time.process_time()
        super().call(steps, begin, end, after)
        assert self.chunk is not None
        self.reader.used(self.chunk, time.perf_counter() - begun, time.process_time() - worked)

    def explain(self) -> None:
        self.reader.again()  # which validates the inputs
        chunk, model = self.reader.chunk, self.training.model
        assert chunk is not None
        chain.predict(model.layers, chunk.arrays[0][chunk.place : chunk.place + len(chunk)], model.p)

    def measure(self, current: EpochState, begin: int, predictions: Array) -> None:
        chunk = self.chunk
        assert chunk is not None
        places = range(chunk.place + begin - chunk.start, chunk.place + current.samples - chunk.start)
        done = predictions[places.start : places.stop].copy()
        current.measure(chunk.targets(places), done, self.training.metrics, self.training.means)
