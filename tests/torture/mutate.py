"""Change files at random, and read them: either it works, or our own error says what is wrong, quickly and in little memory.

``python tests/torture/mutate.py 1000000`` reads a million changed files, and prints the figures.
"""

import hashlib
import io
import json
import random
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import whorl
from whorl import (
    Adam,
    BatchNorm,
    Checkpoint,
    CrossEntropy,
    Dense,
    Dropout,
    EarlyStopping,
    Model,
    ModelFileError,
    ReLU,
    Softmax,
)
from whorl._core.archive import FOOTER, seal
from whorl.cli import config

X, Y = np.arange(60.0).reshape(30, 2) / 60, np.arange(30) % 3
LAYERS = [Dense(4, weight_l2=0.01), ReLU(), Dropout(0.1), BatchNorm(), Dense(3), Softmax()]
WORDS = ["0", "-1", "1e999", "NaN", "null", "true", '""', "[]", "{}", "[[[[]]]]", str(10**30), str(2**63), '"\\u0000"', '"é"', "1.5", '{"array": "w1"}',
         '{"float": "inf"}', '{"tuple": 3}', '{"namespace": {"a": 1}}', "'", '"', "(", ")", "ReLU()", "Dense(10**9)", "Residual([", ",", "=", "\n", "\0"]  # fmt: skip
"""What a text may be changed to."""


def training(**options):
    """A training that is soon over."""
    model = Model(LAYERS, inputs=2, rng=0)
    options = {
        "loss": CrossEntropy(),
        "optimizer": Adam(0.01),
        "epochs": 2,
        "batch_size": 10,
        "rng": 0,
        "fast": False,
        **options,
    }
    return model.training(X, Y, **options)


def load(path):
    whorl.load(path)


def resume(path):
    """Continue from a checkpoint; a step more shows whether the state can be used."""
    stop = EarlyStopping("loss")
    next(training(resume=path, callbacks=[stop], epochs=9).steps(), None)


def read_table(path):
    whorl.tables.table(path, "kind")


def mutated(data, chance):
    """Return bytes with some changes: of bits, of bytes, of length, of parts."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        if not data:
            break
        place, size = chance.randrange(len(data)), chance.choice([1, 2, 8, 100])
        match chance.randrange(7):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place] = chance.choice([0, 1, 127, 128, 255])
            case 2:
                del data[place:]
            case 3:
                del data[place : place + size]
            case 4:
                data[place:place] = data[chance.randrange(len(data)) :][:size]
            case 5:
                data[place : place + size] = bytes(chance.randrange(256) for _ in range(size))
            case 6:
                data[place:place] = chance.choice(WORDS).encode()
    return bytes(data)


def edited(text, chance):
    """Return a text with words, numbers and brackets exchanged."""
    for _ in range(chance.choice([1, 1, 2, 4])):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 1, 3, 10, 50]))
        text = text[:start] + chance.choice(WORDS) + text[end:]
    return text


def sealed(data):
    """Return an archive with the right checksum, as an attacker would make it."""
    file = io.BytesIO(data[:-FOOTER][:-2] + b"\0\0")
    if len(data) < FOOTER + 22:
        return data
    end = len(file.getvalue())
    file.seek(end - 2)
    file.write(FOOTER.to_bytes(2, "little"))
    digest = hashlib.sha256(file.getvalue()).hexdigest()
    return file.getvalue() + b"whorl sha256 " + digest.encode()


def replaced(tree, chance):
    """Return nested lists and dicts with one value exchanged, anywhere."""
    if isinstance(tree, dict | list) and tree and chance.random() < 0.9:
        key = chance.choice(list(tree)) if isinstance(tree, dict) else chance.randrange(len(tree))
        tree[key] = replaced(tree[key], chance)
        return tree
    return chance.choice(
        [
            None,
            True,
            -1,
            0,
            1,
            2**70,
            0.5,
            -1e300,
            "",
            "w1",
            [],
            [[]],
            {},
            {"array": "w1"},
            {"float": "nan"},
            {"tuple": [1]},
        ]
    )


def rewritten(path, chance):
    """Return a model file whose header is edited, or whose arrays are others."""
    with np.load(path) as archive:
        arrays = dict(archive)
    name = chance.choice(list(arrays))
    if chance.random() < 0.4:
        arrays["whorl"] = np.array(edited(str(arrays["whorl"]), chance))
    elif chance.random() < 0.6:
        arrays["whorl"] = np.array(json.dumps(replaced(json.loads(str(arrays["whorl"])), chance)))
    elif chance.random() < 0.3:
        del arrays[name]
    elif name != "whorl":
        other = [
            arrays[name].astype("f8"),
            arrays[name][:1],
            arrays[name].astype(int),
            np.array(np.nan),
            arrays[name] * 1e30,
        ]
        arrays[name] = chance.choice(other)
    file = io.BytesIO()
    np.savez(file, **arrays)
    seal(file)
    return file.getvalue()


def binary(path, chance):
    return mutated(path.read_bytes(), chance)


def attack(path, chance):
    return sealed(mutated(path.read_bytes(), chance)) if chance.random() < 0.5 else rewritten(path, chance)


def text(path, chance):
    return edited(path.read_text(), chance).encode() if chance.random() < 0.5 else mutated(path.read_bytes(), chance)


def corpus(folder):
    """Write good files; return for each kind the file, the function that reads it, its errors, and how it is changed."""
    model, state, settings, table = (folder / name for name in ("model.npz", "state.npz", "model.toml", "table.csv"))
    Model(LAYERS, inputs=2, rng=0).save(model)
    steps = training(callbacks=[EarlyStopping("loss"), Checkpoint(state, steps=1)]).steps()
    for _ in range(5):
        next(steps)
    config.write(config.start("spiral", None), settings)
    rows = ["size,colour,kind", *(f"{k / 7},{'red' if k % 2 else 'blue'},{'ab'[k % 2]}" for k in range(20))]
    table.write_text("\n".join(rows))

    broken, wrong = (ModelFileError,), (ValueError,)
    return [
        ("models", model, load, broken, binary),
        ("models with the right checksum", model, load, broken, attack),
        ("checkpoints", state, resume, broken, binary),
        ("checkpoints with the right checksum", state, resume, (*wrong, ArithmeticError), attack),
        ("settings", settings, config.read, wrong, text),
        ("tables", table, read_table, wrong, text),
    ]


def run(count, folder, seed=0):
    """Read so many changed files; return for each kind how many were refused, and the longest time."""
    chance = random.Random(seed)
    kinds = corpus(Path(folder))
    refused, longest = dict.fromkeys((kind[0] for kind in kinds), 0), 0.0
    for number in range(count):
        name, path, read, errors, change = kinds[number % len(kinds)]
        data = original = path.read_bytes()
        while data == original:
            data = change(path, chance)
        target = Path(folder, f"changed{path.suffix}")
        target.write_bytes(data)
        before, begun = refused[name], time.perf_counter()
        try:
            read(target)
        except errors:
            refused[name] += 1
        except BaseException:
            print(f"file number {number} of seed {seed}, of {name}")  # the same call makes it again
            raise
        longest = max(longest, time.perf_counter() - begun)
        if change is binary:  # without the right checksum
            assert refused[name] == before + 1, f"a change was not noticed: {data!r}"
    return refused, longest


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as directory:
        run(600, directory)  # warms up
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts, seconds = run(wanted, directory, seed=1)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{wanted} changed files, the longest took {seconds:.3f} s, and the largest memory grew by {(after - before) / 1024:.1f} MB"
    )
    print("refused, with the error of ours:", json.dumps(counts))
