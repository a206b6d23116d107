"""Train again and again with the same seed, in new processes, with each engine: the files must be the same, bit for bit.

``python tests/torture/repeat.py 100`` trains a hundred times with each.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ENGINES = ["fast=False", "fast=True, threads=1", "fast=True, threads=2"]

SCRIPT = """
import sys
from whorl import Adam, CrossEntropy, Dense, Dropout, BatchNorm, Model, ReLU, Softmax, datasets
X, y = datasets.spiral(100, rng=0)
model = Model([Dense(64), ReLU(), Dropout(0.1), BatchNorm(), Dense(3), Softmax()], inputs=2, rng=1)
model.fit(X, y, loss=CrossEntropy(), optimizer=Adam(0.01), epochs=5, validation=0.2, rng=2, {engine})
model.save(sys.argv[1])
"""


def checksums(engine, count, folder):
    """Return the different SHA-256 of the files of so many trainings."""
    found = set()
    for _ in range(count):
        path = Path(folder, "model.npz")
        subprocess.run([sys.executable, "-c", SCRIPT.format(engine=engine), str(path)], check=True)
        found.add(hashlib.sha256(path.read_bytes()).hexdigest())
    return found


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as directory:
        for each in ENGINES:
            different = checksums(each, wanted, directory)
            print(f"{each}: {wanted} trainings in processes of their own gave {len(different)} different file(s)")
            assert len(different) == 1
