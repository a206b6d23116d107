"""Files of each format that was ever released load for good: those in `files` are never written again.

`format-3.npz` is a checkpoint after step 6, in the middle of the second of four epochs.
"""

from pathlib import Path

import numpy as np
import pytest

from whorl import Adam, Averaged, Checkpoint, Clipped, Cosine, CrossEntropy, EarlyStopping, load

FILES = Path(__file__).parent / "files"
X, Y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30) % 3


def test_a_model_of_format_3_predicts_what_it_did():
    model = load(FILES / "format-3.npz")
    expected = [[0.3919653131543237, 0.3607157161842595, 0.2473189706614169]]
    np.testing.assert_allclose(model.predict([[0.5, -1.0, 2.0]]), expected, rtol=1e-9)
    assert model.frozen == {4}
    assert model.dtype == np.float64


def test_a_training_of_format_3_continues_as_it_did():
    model = load(FILES / "format-3.npz")
    history = model.fit(
        X,
        Y,
        loss=CrossEntropy(),
        optimizer=Averaged(Clipped(Adam(Cosine(0.02, epochs=4)), norm=1.0), decay=0.9),
        epochs=4,
        batch_size=8,
        metrics=["accuracy"],
        callbacks=[EarlyStopping("loss"), Checkpoint("unused.npz", every=100)],
        rng=1,
        fast=False,
        resume=FILES / "format-3.npz",
    )
    assert history["loss"] == pytest.approx(
        [1.136581162613824, 1.148287843599585, 1.0571316583534482, 1.0501790398892998], rel=1e-9
    )
    np.testing.assert_allclose(
        model.predict([[0.5, -1.0, 2.0]]), [[0.3930253429226169, 0.361871352057495, 0.24510330501988806]], rtol=1e-9
    )
