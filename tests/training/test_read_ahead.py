"""Samples that are read ahead: by how many threads, each row once, and errors in the step that needs the samples."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from whorl import Stored
from whorl.training import read_ahead, sources
from whorl.training.chunk import Chunk
from whorl.training.read_ahead import MANY, ReadAhead, Reading

X = np.arange(400.0).reshape(200, 2)
ORDER = np.random.default_rng(0).permutation(200)


class Rows:
    """Samples that note which threads read them, and that take a while if they are slow."""

    def __init__(self, wait=0.0):
        self.x, self.target, self.weighted, self.wait = X, np.arange(200), False, wait
        self.readers = []
        self.begun, self.prepared = [], []

    def __len__(self):
        return len(self.x)

    def read(self, rows, x, target, weight, own):
        assert weight is None
        self.readers.append((threading.get_ident(), rows))
        time.sleep(self.wait)
        own = np.ones(len(rows), bool) if own is None else own
        x[own], target[...] = self.x[rows[own]], self.target[rows]

    def begin(self, order, start, stop):
        self.begun.append((start, stop))

    def prepare(self, order, place):
        self.prepared.append(place)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(read_ahead, "AHEAD", 20 * 24)  # a step of 20 samples, each of 24 bytes


def epoch(reader, order=ORDER):
    """Take the steps of an epoch; return the samples and targets, and the threads that have read each chunk."""
    current, found, counts = SimpleNamespace(order=order, samples=0), [], []
    while current.samples < len(order):
        before = len(reader.data.readers)
        chunk = reader.upcoming(current)
        found.extend([each.copy() for each in chunk.batch(places)[:2]] for places in chunk.batches(current, 5, 10))
        current.samples = chunk.stop
        if reader.reading is None:
            counts.append(len(reader.data.readers) - before)
        else:
            reader.reading.join()
            counts.append(len(reader.reading.threads))
    return *(np.concatenate(part) for part in zip(*found, strict=True)), counts


@pytest.mark.parametrize("threads", [1, 3, 16, 500])
def test_each_sample_is_read_once(threads):
    data = Rows()
    arrays = np.zeros((60, 2)), np.zeros(60, int), None
    reading = Reading(data, Chunk(ORDER, 40, 70, 10, arrays), threads)
    assert reading.result().stop == 70
    assert np.array_equal(arrays[0][10:40], X[ORDER[40:70]])
    assert np.array_equal(arrays[1][10:40], ORDER[40:70])
    assert not arrays[0][:10].any()
    assert not arrays[0][40:].any()
    assert len(data.readers) == min(threads, 30)
    assert data.prepared == ([70] if threads == 1 else [])
    assert data.begun == [(40, 70)] * min(threads, 30)


def test_one_thread_reads_beside_the_steps():
    reader = ReadAhead(Rows(), 20)
    x, target, counts = epoch(reader)
    assert np.array_equal(x, X[ORDER])
    assert np.array_equal(target, ORDER)
    assert counts[:-1] == [1] * 9
    assert reader.data.prepared == list(range(20, 200, 20))


def test_as_many_threads_as_the_steps_have_read_while_these_wait(monkeypatch):
    monkeypatch.setattr(Reading, "idle", False)  # however busy the machine is
    reader = ReadAhead(Rows(), 20)
    reader.busy = 3
    x, _, counts = epoch(reader)
    assert np.array_equal(x, X[ORDER])
    assert counts == [3] * 10
    assert reader.reading is None
    assert {each.place for each in [reader.chunk]} == {0}  # one buffer is enough


@pytest.mark.parametrize("busy", [0, 2])
def test_many_threads_wait_for_a_disk(busy, monkeypatch):
    monkeypatch.setattr(read_ahead, "MEASURED", 4)
    data = Rows(wait=0.02)
    reader = ReadAhead(data, 20)
    reader.busy = busy
    x, _, _ = epoch(reader)
    assert np.array_equal(x, X[ORDER])
    assert reader.idle
    sizes = [len(rows) for _, rows in data.readers]
    measured, many = 20 // (busy or 1), 2  # rows of a thread, if 16 share 20 of them: one or two
    assert sum(size == measured for size in sizes) == 3 * (busy or 1)  # readings 1, 5 and 9
    assert sum(size <= many for size in sizes) == 7 * MANY
    data.wait = 0  # the next epoch is in the cache of the system
    epoch(reader)
    assert not reader.idle


@pytest.mark.parametrize("busy", [0, 3])
def test_only_a_share_of_each_batch_is_read(busy):
    reader = ReadAhead(Rows(), 20)
    reader.busy = busy
    reader.share = 10, lambda count: (count // 2, count)
    reader.buffers()[0][...] = -1
    x, target, _ = epoch(reader, ORDER[:187])
    assert np.array_equal(target, ORDER[:187])
    own = np.arange(187) % 10 >= 5
    own[180:] = [False] * 3 + [True] * 4
    assert np.array_equal(x[own], X[ORDER[:187][own]])
    assert not np.isin(x[:40], X[ORDER[:40]]).all(axis=1)[~own[:40]].any()
    reader.share = 10, lambda count: (0, count)
    reader.again()
    assert np.array_equal(reader.chunk.batch(range(reader.chunk.place, reader.chunk.place + 7))[0], X[ORDER[180:187]])


@pytest.mark.parametrize("busy", [0, 2])
def test_an_error_is_raised_in_the_step_that_needs_the_samples(busy):
    reader = ReadAhead(Rows(), 20)
    reader.busy = busy
    order = ORDER.copy()
    current = SimpleNamespace(order=order, samples=0)
    reader.upcoming(current)
    order[45] = 200
    current.samples = 20
    reader.upcoming(current)
    current.samples = 40
    with pytest.raises(IndexError, match="an index is out of range"):
        reader.upcoming(current)
    reader.close()


class Sliceable:
    """An array with slices only, which counts who reads what."""

    def __init__(self, parallel=None):
        self.shape, self.dtype, self.short = X.shape, X.dtype, 0
        self.read, self.now, self.most, self.lock = [], 0, 0, threading.Lock()
        if parallel:
            self.parallel = parallel

    def __getitem__(self, place):
        with self.lock:
            self.read.append(place.start)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return X[place.start : place.stop - self.short]


@pytest.mark.parametrize(("parallel", "most"), [(None, 1), (3, 3)])
def test_of_several_threads_one_reads_a_block(parallel, most):
    array = Sliceable(parallel)
    source = sources.source(Stored(array, block=10, buffer=10))
    found = [None] * 5

    def take(number):
        found[number] = source.take(ORDER[:50])

    threads = [threading.Thread(target=take, args=(k,)) for k in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(np.array_equal(each, X[ORDER[:50]]) for each in found)
    assert sorted(array.read) == sorted({row // 10 * 10 for row in ORDER[:50].tolist()})
    assert array.most == most


def test_more_blocks_than_are_kept():
    array = Sliceable()
    source = sources.source(Stored(array, block=10, buffer=2))
    assert np.array_equal(source.take(ORDER), X[ORDER])
    assert len(source.kept) == 4


def test_an_array_that_has_become_shorter():
    array = Sliceable()
    source = sources.source(Stored(array, block=10, buffer=2))
    array.short = 1
    with pytest.raises(OSError, match=r"has changed: rows 10 to 20 have shape \(9, 2\), not \(10, 2\)"):
        source.take(np.array([12, 13]))
    array.short = 0
    assert np.array_equal(source.take(np.array([12, 13])), X[12:14])


class Known(Rows):
    """Samples whose inputs are known to be elsewhere, which are read if asked for, too."""

    def __init__(self, *, known=True):
        super().__init__()
        self.known, self.file = known, -1

    def locate(self, rows):
        return (-rows - 1, [self.x[rows]]) if self.known else None


@pytest.mark.parametrize("known", [True, False])
def test_inputs_are_not_read_if_it_is_known_where_they_are(monkeypatch, known):
    monkeypatch.setattr(read_ahead, "MEASURED", 4)
    monkeypatch.setattr(Reading, "idle", False)
    reader = ReadAhead(Known(known=known), 20)
    reader.busy, reader.direct = 3, True
    current, chunks = SimpleNamespace(order=ORDER, samples=0), []
    while current.samples < len(ORDER):
        reader.buffers()[0][...] = -1
        chunk = reader.upcoming(current)
        rows, all_places = ORDER[chunk.start : chunk.stop], range(len(chunk))
        assert np.array_equal(chunk.batch(all_places)[1], rows)
        assert chunk.in_place == (len(chunk.held) == 1)
        if chunk.in_place:  # then the steps wait for the next one, and both buffers are free
            assert len(chunk) == min(40, 200 - chunk.start)
            assert (chunk.batch(all_places)[0] == -1).all()
            assert np.array_equal(-chunk.places - 1, rows)
        else:
            assert len(chunk) == 20
            assert np.array_equal(chunk.batch(all_places)[0], X[rows])
            assert (np.diff(chunk.places) == X[0].nbytes).all()
        chunks.append(chunk)
        current.samples = chunk.stop
    assert [each.in_place for each in chunks] == [known and k % 4 != 0 for k in range(len(chunks))]
    assert not any(each.held for each in chunks[:-1])
    reader.again()
    last = chunks[-1]
    assert np.array_equal(reader.chunk.batch(range(len(last)))[0], X[ORDER[last.start :]])


def test_an_error_of_a_helper_does_not_matter():
    helping, done = threading.Event(), []

    def work():
        helping.set()
        raise OSError

    with read_ahead.helped(1, work):
        assert helping.wait(10)
        done.append(True)
    with pytest.raises(IndexError), read_ahead.helped(2, work):
        raise IndexError
    assert done
    assert not any(each.name == "whorl-read" for each in threading.enumerate())


def test_what_was_read_in_advance_is_forgotten_if_other_samples_come(monkeypatch):
    """The targets of inputs that are used in place are written to both buffers."""
    monkeypatch.setattr(Reading, "idle", True)
    reader = ReadAhead(Known(), 20)
    reader.busy, reader.direct = 2, True
    reader.upcoming(SimpleNamespace(order=ORDER, samples=0))
    assert reader.reading.chunk.start == 20
    reader.idle = False
    other = ORDER[::-1].copy()
    assert reader.upcoming(SimpleNamespace(order=other, samples=0)).in_place
    reader.left = 0  # so that the next chunk is read
    chunk = reader.upcoming(SimpleNamespace(order=ORDER, samples=20))
    assert np.array_equal(chunk.batch(range(chunk.place, chunk.place + 20))[1], ORDER[20:40])


def test_a_chunk_is_read_again_if_the_next_one_could_not_be_read(monkeypatch):
    monkeypatch.setattr(Reading, "idle", False)
    reader = ReadAhead(Known(), 20)
    reader.busy, reader.direct = 2, True
    current = SimpleNamespace(order=ORDER, samples=0)
    reader.upcoming(current)
    current.samples = 20
    used = reader.upcoming(current)
    assert len(used.held) == 1
    reader.data.locate = None  # an error
    current.samples = 60
    with pytest.raises(TypeError):
        reader.upcoming(current)
    del reader.data.locate
    current.samples = 20
    chunk = reader.upcoming(current)
    assert chunk is not used
    assert len(chunk.held) == 1


def test_steps_that_wait_for_a_disk_have_their_inputs_read_again(monkeypatch):
    monkeypatch.setattr(Reading, "idle", False)
    reader = ReadAhead(Known(), 20)
    reader.busy, reader.direct = 2, True
    current, threads = SimpleNamespace(order=ORDER, samples=0), []
    for seconds, worked in ((9, 0), (0.5, 0.3), (0.009, 0), (0.2, 0.05), (9, 9), (9, 9)):
        chunk = reader.upcoming(current)
        reader.used(chunk, seconds, worked)
        threads.append((chunk.in_place, reader.idle))
        current.samples = chunk.stop
    # The first one is read, so its steps cannot have waited; those of the fourth have; reading the fifth does not wait.
    assert threads == [(False, False), (True, False), (True, False), (True, True), (False, False), (True, False)]


def test_blocks_that_come_from_a_disk_are_noticed_where_their_rows_are_located(monkeypatch):
    monkeypatch.setattr(Reading, "idle", False)
    reader = ReadAhead(Known(), 20)
    reader.busy, reader.direct = 2, True
    reader.upcoming(SimpleNamespace(order=ORDER, samples=0))
    usual = reader.data.locate
    reader.data.locate = lambda rows: (time.sleep(0.05), usual(rows))[1]
    chunk = reader.upcoming(SimpleNamespace(order=ORDER, samples=20))
    assert chunk.in_place
    assert reader.idle
    assert reader.reading is None  # both buffers may be used by this chunk
    assert not reader.upcoming(SimpleNamespace(order=ORDER, samples=chunk.stop)).in_place
