"""What loading does, as Python's audit hooks see it: no code of the file is run, nothing is imported, nothing is sent."""

import ast
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
import numpy as np
import whorl
from whorl import Adam, Checkpoint, CrossEntropy, Dense, Model, Softmax
from test_bombs import BOMBS, bomb

folder = Path({directory!r})
X, y = np.zeros((9, 2)) + np.arange(9)[:, None], np.arange(9) % 3
model = Model([Dense(3), Softmax()], inputs=2, rng=0)
options = dict(loss=CrossEntropy(), optimizer=Adam(0.1), rng=0, fast=False)
model.fit(X, y, epochs=1, callbacks=[Checkpoint(folder / "good.npz")], **options)
files = [bomb(folder / f"{{k}}.npz", BOMBS[name]) for k, name in enumerate(BOMBS)]

def look():
    whorl.load(folder / "good.npz")
    model.training(X, y, epochs=2, resume=folder / "good.npz", **options)
    for file in files:
        try:
            whorl.load(file)
        except whorl.ModelFileError:
            pass

look()  # imports what whorl itself needs
events = set()
sys.addaudithook(lambda event, arguments: events.add(event))
look()
print(sorted(events))
"""

HARMLESS = {"builtins.id", "compile", "object.__getattr__", "open"}
"""``compile`` is ``ast.parse``, which makes a tree that is never run; running code is the event ``exec``."""


def test_loading_runs_imports_and_sends_nothing(tmp_path):
    script = SCRIPT.format(folder=str(Path(__file__).parent), directory=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    events = set(ast.literal_eval(done.stdout))
    assert {"open", "compile"} <= events <= HARMLESS
