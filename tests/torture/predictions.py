"""Predict with one model from many threads, while others train: every answer must be that of one thread.

``python tests/torture/predictions.py 60`` does so for a minute.
"""

import sys
import threading
import time

import numpy as np

from whorl import Adam, BatchNorm, CrossEntropy, Dense, Dropout, Model, ReLU, Residual, Softmax, Tanh

LAYERS = [Dense(40), ReLU(), Dropout(0.5), BatchNorm(), Residual([Dense(40), Tanh()]), Dense(5), Softmax()]
THREADS = 8


def predict(seconds):
    """Return how many predictions were made, and how many of them were wrong."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3000, 10)), rng.integers(0, 5, 3000)
    model, other = (Model(LAYERS, inputs=10, rng=seed) for seed in range(2))
    sizes = [1, 2, 31, 500, 3000]
    expected = {size: model.predict(X[:size]) for size in sizes}
    end, lock, counts = time.monotonic() + seconds, threading.Lock(), [0, 0]

    def work():
        made = wrong = 0
        while time.monotonic() < end:
            for size in sizes:
                wrong += not np.array_equal(model.predict(X[:size]), expected[size])
                made += 1
        with lock:
            counts[0] += made
            counts[1] += wrong

    def train():
        training = other.training(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=10**9, rng=0)
        for _ in training:
            if time.monotonic() > end:
                break

    threads = [threading.Thread(target=target) for target in (*[work] * THREADS, train)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(counts)


if __name__ == "__main__":
    total, different = predict(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
    print(f"{total} predictions in {THREADS} threads, beside a training: {different} differ from those of one thread")
    assert total
    assert not different
