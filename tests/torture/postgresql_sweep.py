"""Run ``whorl sweep`` in four processes on one study in PostgreSQL; kill them at random instants, and start others.

``python tests/torture/postgresql_sweep.py 20`` kills twenty, and prints the figures. At the end, exactly as many trials must count as were asked
for, none may be under way, and each one that was lost must have been done again once, with its settings.

On two busy cores: "20 processes killed, 0.3 to 115.9 s old: 60 of 60 trials count, {'COMPLETE': 28, 'FAIL': 11, 'PRUNED': 32}; 10 were lost and put
back in the queue, none twice; 240 s". On a fast machine, a second number below 6 (seconds between two kills) lets them come before all trials are done.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import optuna
from optuna.storages import RDBStorage

sys.path.insert(0, str(Path(__file__).parents[1] / "databases"))

from postgresql import MISSING, server

TRIALS, PROCESSES = 60, 4
COMMAND = """
import sys
import whorl.sweeps.database as database
database.BEAT, database.LOOKS = 0.5, 8                   # a process is given up after four seconds
from whorl.cli import main
sys.exit(main(sys.argv[1:]))
"""
COUNTED = {optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED}


def start(address, place):
    arguments = ["sweep", "spiral", "--epochs", "12", "--trials", str(TRIALS), "--jobs", "1", "--quiet"]
    arguments += ["--output", str(place / "model.npz"), "--study", address]
    place.mkdir(exist_ok=True)
    with open(place / "log.txt", "a") as log:
        environment = os.environ | {"WHORL_FAST": "0"}
        return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=log, stderr=log, env=environment)


def torture(address, folder, kills, pause, seed=0):
    """Kill so many processes, about `pause` seconds apart; return how long each had lived."""
    chance, ages = random.Random(seed), []
    places = [Path(folder, str(k)) for k in range(PROCESSES)]
    running = {place: (start(address, place), time.monotonic()) for place in places}
    try:
        while len(ages) < kills:
            time.sleep(chance.expovariate(1 / pause))
            place = chance.choice(places)
            process, begun = running[place]
            if process.poll() is None:
                process.kill()
                ages.append(time.monotonic() - begun)
            else:
                assert process.returncode == 0, (place / "log.txt").read_text()
            process.wait()
            running[place] = start(address, place), time.monotonic()
        for place, (process, _) in running.items():
            assert process.wait(300) == 0, (place / "log.txt").read_text()
    finally:
        for process, _ in running.values():
            process.kill()
            process.wait()
    return ages


def read(address):
    """Return the trials of a study."""
    return optuna.load_study(study_name="whorl", storage=RDBStorage(address.replace("://", "+psycopg://"))).trials


def examine(address):
    """Check the trials of a study; return their number in each state, and how many were lost and put back in the queue."""
    trials = read(address)
    states = Counter(trial.state.name for trial in trials)
    counted = [trial for trial in trials if trial.state in COUNTED]
    assert len(counted) == TRIALS, states
    assert states["RUNNING"] == 0, states
    retries = {trial.number: trial.user_attrs["retry of"] for trial in trials if "retry of" in trial.user_attrs}
    assert len(set(retries.values())) == len(retries), "a lost trial was put back twice"
    for number, origin in retries.items():
        assert trials[origin].state.name == "FAIL", "a trial that had ended was done again"
        assert trials[origin].params.items() <= trials[number].params.items()
    places = Counter(trial.user_attrs["place"] for trial in counted)
    assert len(places) == TRIALS, f"two trials that count have one place: {places.most_common(3)}"
    assert all(trials[number].user_attrs["place"] in places for number in retries), "a lost trial was not done again"
    settings = Counter(tuple(sorted(trial.params.items())) for trial in counted)
    assert len(settings) == TRIALS, "two trials that count have the same settings"
    return states, len(retries)


def run(kills, pause):
    with server() as running, tempfile.TemporaryDirectory() as folder:
        address, begun = running.address(empty=True), time.monotonic()
        ages = torture(address, folder, kills, pause)
        try:
            states, lost = examine(address)
        except AssertionError:
            for trial in read(address):
                print(trial.number, trial.state.name, {k: v for k, v in trial.user_attrs.items() if k != "scores"})
            raise
        print(
            f"{kills} processes killed, {min(ages):.1f} to {max(ages):.1f} s old: {TRIALS} of {TRIALS} trials count, {dict(states)};"
            f" {lost} were lost and put back in the queue, none twice; {time.monotonic() - begun:.0f} s"
        )


if __name__ == "__main__":
    if MISSING:
        sys.exit(f"{' and '.join(MISSING)} not installed")
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 20, float(sys.argv[2]) if len(sys.argv) > 2 else 8)
