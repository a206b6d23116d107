"""Each system call of a save fails once: the file that was there stays, and the error names it."""

import errno
import io
import os

import numpy as np
import pytest

from whorl import Dense, Model, load
from whorl._core import files


class Failures:
    """Counts calls, and lets one of them fail."""

    def __init__(self, monkeypatch, at, error, *, short=False):
        self.calls, self.at, self.error, self.short = [], at, error, short
        for name in ("fsync", "replace", "chmod"):
            monkeypatch.setattr(files.os, name, self.failing(name, getattr(os, name)))
        failures = self

        class Raw(io.FileIO):
            def write(self, data):
                if failures.count("write"):
                    if failures.short and len(data) > 1:
                        super().write(bytes(data)[: len(data) // 2])
                    raise OSError(error, os.strerror(error))
                return super().write(data)

        def opened(path, mode):
            if failures.count("open"):
                raise OSError(error, os.strerror(error), path)
            return io.BufferedRandom(Raw(path, mode.replace("b", "")))

        monkeypatch.setattr(files, "open", opened, raising=False)

    def count(self, name):
        """Whether this call fails."""
        self.calls.append(name)
        return len(self.calls) - 1 == self.at

    def failing(self, name, usual):
        def call(*arguments):
            if self.count(name):
                raise OSError(self.error, os.strerror(self.error))
            return usual(*arguments)

        return call


def outcome(call):
    """Return the OSError of a call, or None."""
    try:
        call()
    except OSError as error:
        return error
    return None


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failing_call_leaves_the_old_file_and_names_it(error, short, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    old, new = (Model([Dense(300)], inputs=50, rng=seed) for seed in range(2))
    old.save(path)
    before = path.read_bytes()
    made = []
    for at in range(1000):
        with monkeypatch.context() as patch:
            failures = Failures(patch, at, error, short=short)
            raised = outcome(lambda: new.save(path))
        if raised is None:
            made = failures.calls
            break
        assert raised.errno == error
        assert f"cannot write {path}: {os.strerror(error)}" in str(raised)
        if (
            failures.calls[-1] == "fsync" and path.read_bytes() != before
        ):  # of the directory, after the new file has its name
            assert "replace" in failures.calls
            np.testing.assert_array_equal(load(path).parameters, new.parameters)
            old.save(path)
        assert path.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["model.npz"]
    assert made.count("write") > 3
    assert {*made} == {"open", "write", "fsync", "chmod", "replace"}
    assert (load(path).parameters == new.parameters).all()
