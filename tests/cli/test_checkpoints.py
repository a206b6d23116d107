"""Which files `whorl train` takes for checkpoints of its own: it deletes and overwrites no others."""

from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, checkpoint, flowers, out, refused

from whorl import SGD, Checkpoint, Dense, MeanSquaredError, Model
from whorl.cli import main
from whorl.cli.interrupt import StopOnInterrupt

pytestmark = pytest.mark.usefixtures("own_directory", "no_picture")

ENSEMBLE = ["train", "flowers.csv", "--target", "kind", "--members", "2", "--folds", "2", "--scales", "--epochs", "1"]


def damaged(path):
    """A checkpoint of the command with one bit flipped."""
    checkpoint(path)
    content = bytearray(Path(path).read_bytes())
    content[len(content) // 2] ^= 4
    Path(path).write_bytes(content)


def of_a_script(path):
    """What a callback of the library saves."""
    X, model = np.arange(4.0)[:, None], Model([Dense(1)], inputs=1, rng=0)
    model.fit(X, X, loss=MeanSquaredError(), optimizer=SGD(0.1), epochs=2, callbacks=[Checkpoint(path)], rng=0)


def continued_by_a_script(path):
    """What the library saves of a training that the command began."""
    checkpoint(path)
    X, model = np.arange(4.0)[:, None], Model([Dense(1)], inputs=1, rng=0)
    options = {"loss": MeanSquaredError(), "optimizer": SGD(0.1), "batch_size": 2}
    model.fit(X, X, **options, epochs=4, resume=path, callbacks=[Checkpoint(path)])


def of_a_model(path):
    Model([Dense(1)], inputs=1, rng=0).save(path)


def copied(path):
    """A checkpoint that the command saved under another name, such as a copy to return to."""
    checkpoint("other.checkpoint.npz")
    Path("other.checkpoint.npz").rename(path)


def empty(path):
    Path(path).touch()


def of_numbers(path):
    np.savez(path, w1=np.zeros(3))


def folder(path):
    Path(path).mkdir()


OTHERS = [damaged, of_a_script, continued_by_a_script, of_a_model, copied, empty, of_numbers]


def contents():
    return {path.name: path.read_bytes() for path in Path().glob("*.checkpoint*") if path.is_file()}


@pytest.mark.parametrize("write", OTHERS)
def test_other_files_stay_when_a_training_begins_and_ends(write, capsys):
    write("model.checkpoint-1.npz")  # which an ensemble would use, but not this single network
    before = contents()
    out(capsys, *QUICK)
    assert contents() == before


@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["anew", "resumed"])
@pytest.mark.parametrize("write", [*OTHERS, folder])
def test_a_training_that_would_overwrite_another_file_is_refused(write, resume, capsys):
    write("model.checkpoint.npz")
    before = contents()
    expected = (
        "model.checkpoint.npz is not a checkpoint that whorl train has saved under this name, and would be overwritten:"
        " rename it, or choose another --output"
    )
    assert expected in refused(capsys, *QUICK, *resume)
    assert contents() == before
    assert not Path("model.npz").exists()


def test_each_network_of_an_ensemble_has_a_file_that_may_be_another_one(capsys):
    flowers("flowers.csv", rows=120)
    of_a_script("model.checkpoint-2.npz")
    of_a_script("model.checkpoint-3.npz")  # of no network
    before = contents()
    assert "model.checkpoint-2.npz is not a checkpoint" in refused(capsys, *ENSEMBLE)
    assert contents() == before
    Path("model.checkpoint-2.npz").unlink()
    checkpoint("model.checkpoint-7.npz")
    assert main(ENSEMBLE) == 0
    assert "model.checkpoint-7.npz is of a training that was interrupted" in capsys.readouterr().err
    assert contents() == {"model.checkpoint-3.npz": before["model.checkpoint-3.npz"]}


def test_checkpoints_of_another_model_stay(capsys):
    checkpoint("other.checkpoint.npz")
    checkpoint("model2.checkpoint.npz")
    Path("sub").mkdir()
    checkpoint("sub/model.checkpoint.npz")
    out(capsys, *QUICK)
    assert set(contents()) == {"other.checkpoint.npz", "model2.checkpoint.npz"}
    assert Path("sub/model.checkpoint.npz").exists()


def test_the_checkpoint_of_a_training_that_was_killed_is_its_own(monkeypatch, capsys):
    class Killed(BaseException):
        pass

    def killed(self, training):
        save(self, training)
        raise Killed

    save = StopOnInterrupt._save
    monkeypatch.setattr("whorl.cli.interrupt.SECONDS", -1)  # a checkpoint after each epoch
    with monkeypatch.context() as patch:
        patch.setattr(StopOnInterrupt, "_save", killed)
        with pytest.raises(Killed):
            main(QUICK)
    assert {path.name for path in Path().iterdir()} == {"model.checkpoint.npz"}
    assert main([*QUICK, "--resume"]) == 0
    assert contents() == {}
