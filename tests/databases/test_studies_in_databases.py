"""Sweeps that share a study in PostgreSQL."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import optuna
import pytest
from optuna.storages import RDBStorage

import whorl
from whorl import Adam, CrossEntropy, Dense, Dropout, ReLU, Sweep
from whorl.cli import main
from whorl.recipes import Recipe
from whorl.sweeps.address import divided

X, Y = whorl.datasets.spiral(30, rng=0)
RECIPE = Recipe(
    [Dense(16), ReLU(), Dropout(0.05)],
    loss=CrossEntropy(),
    optimizer=Adam(0.02),
    epochs=2,
    batch_size=32,
    fast=False,
)
STATES = optuna.trial.TrialState

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning:(optuna|sqlalchemy|alembic).*")


@pytest.fixture
def quick(monkeypatch):
    """A process that does not show that it lives is given up after a third of a second."""
    monkeypatch.setattr("whorl.sweeps.database.BEAT", 0.1)
    monkeypatch.setattr("whorl.sweeps.database.LOOKS", 3)
    monkeypatch.setattr("whorl.sweeps.database.PAUSE", 0.05)


def run(address, *, trials=3, **options):
    sweep = Sweep(RECIPE, X, Y, trials=trials, study=address, **{"rng": 3, "jobs": 1, **options})
    for _ in sweep:
        pass
    return sweep


class Loaded:
    """The study of an address, read by Optuna."""

    def __init__(self, address):
        url, name = divided(address)
        self.storage = RDBStorage(url)
        self.study = optuna.load_study(study_name=name, storage=self.storage)

    def __enter__(self):
        return self.study

    def __exit__(self, *_):
        self.storage.remove_session()
        self.storage.engine.dispose()


def trials_of(address):
    with Loaded(address) as study:
        return study.trials


def settings(sweep):
    return [each.settings for each in sweep.trials]


def test_trials_are_those_of_a_study_in_memory_also_if_they_are_continued(postgresql):
    address, expected = postgresql.address(), run(None)
    part = run(address, trials=2)
    again = run(address)
    assert settings(part) == settings(expected)[:2]
    assert settings(again) == settings(expected)
    assert [each.value for each in again.trials] == [each.value for each in expected.trials]
    assert [each.value for each in trials_of(address)] == [each.value for each in expected.trials]
    assert (part.others, again.others) == (False, False)
    assert run(address).trials == again.trials


def test_other_settings_need_another_name(postgresql):
    address = postgresql.address()
    run(address, trials=1)
    with pytest.raises(ValueError, match=r"where rng is .*: use the same .* or another name for the study") as caught:
        run(address, rng=4, trials=1)
    assert "ann:***@127" in str(caught.value)
    run(f"{address}#second", rng=4, trials=1)
    assert [len(trials_of(each)) for each in (address, f"{address}#second")] == [1, 1]


def test_the_trial_of_a_dead_process_is_done_again_with_its_settings(postgresql, quick):
    address = postgresql.address()
    run(address, trials=1)
    with Loaded(address) as study:
        dead = study.ask()
        rate, units = (
            dead.suggest_float("learning_rate", 0.002, 0.2, log=True),
            dead.suggest_int("units", 2, 32, log=True),
        )
        dead.set_user_attr("heartbeat", 17)
    run(address, trials=2)
    assert [each.state for each in trials_of(address)] == [STATES.COMPLETE, STATES.FAIL, STATES.COMPLETE]
    again = trials_of(address)[2]
    assert {name: again.user_attrs[name] for name in ("retry of", "retry", "place")} == {
        "retry of": 1,
        "retry": 1,
        "place": 1,
    }
    assert (again.params["learning_rate"], again.params["units"]) == (rate, units)


def test_a_trial_whose_process_has_died_before_it_had_settings_is_done_again(postgresql, quick):
    """And without a heartbeat. As it was the first, it is the recipe itself."""
    address = postgresql.address()
    list(Sweep(RECIPE, X, Y, trials=1, study=address, rng=3, time=1e-9))  # makes the study
    with Loaded(address) as study:
        study.ask()
    sweep = run(address, trials=2)
    assert sorted(each.state for each in sweep.trials) == ["complete", "complete", "discarded"]
    (again,) = (each.number for each in trials_of(address) if each.user_attrs.get("retry of") == 0)
    assert sweep.trial_recipe(sweep.trials[again]) == RECIPE.replace(validation_seed=sweep.seed % 1000)


def test_a_trial_is_not_done_again_for_ever(postgresql, quick, monkeypatch):
    address = postgresql.address()
    run(address, trials=1)
    with Loaded(address) as study:
        dead = study.add_trial(optuna.trial.create_trial(state=STATES.RUNNING, user_attrs={"retry": 3, "place": 1}))
        assert dead is None
    run(address, trials=2)
    assert [each.state for each in trials_of(address)][1:] == [STATES.FAIL, STATES.COMPLETE]
    assert "retry of" not in trials_of(address)[2].user_attrs


def test_a_trial_that_was_replaced_before_it_was_put_back_is_not_done_again(postgresql, quick):
    """As another process may begin one between these two."""
    address = postgresql.address()
    run(address, trials=3)
    with Loaded(address) as study:
        waiting = optuna.trial.create_trial(state=STATES.WAITING, user_attrs={"place": 1, "retry": 1, "retry of": 0})
        study.add_trial(waiting)
    sweep = run(address, trials=4)
    assert [each.state for each in trials_of(address)][3:] == [STATES.FAIL, STATES.COMPLETE]
    assert settings(sweep)[4] == settings(run(None, trials=4))[3]


def test_a_process_that_was_taken_for_dead_goes_on_with_other_trials(postgresql, quick):
    """As one that was suspended: its result comes too late."""
    address, given_up = postgresql.address(), []
    sweep = Sweep(RECIPE, X, Y, trials=3, study=address, rng=3, jobs=1)
    usual = sweep._train

    def late(study, trial):
        if trial.number == 1:
            with Loaded(address) as other:
                other.tell(1, state=STATES.FAIL)
            given_up.append(trial.number)
        return usual(study, trial)

    sweep._train = late
    yielded = [each.state for each in sweep]
    assert given_up == [1]
    assert yielded[1] == "discarded"
    assert Counter(each.state == STATES.FAIL for each in trials_of(address)) == {False: 3, True: 1}


def test_two_sweeps_at_a_time_give_exactly_as_many_trials(postgresql, quick):
    address = postgresql.address(empty=True)
    sweeps = [Sweep(RECIPE, X, Y, trials=5, study=address, rng=3, jobs=2) for _ in range(2)]
    threads = [
        threading.Thread(target=list, args=(each,)) for each in sweeps
    ]  # on an empty database: all make the tables
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = trials_of(address)
    assert Counter(each.state in {STATES.COMPLETE, STATES.PRUNED} for each in found)[True] == 5
    assert {each.state for each in found} <= {STATES.COMPLETE, STATES.PRUNED, STATES.FAIL}
    assert not all(each.others for each in sweeps)


SCRIPT = """
import sys, whorl
from whorl import *
from whorl.recipes import Recipe
X, Y = whorl.datasets.spiral(30, rng=0)
recipe = Recipe([Dense(16), ReLU(), Dropout(0.05)], loss=CrossEntropy(), optimizer=Adam(0.02), epochs=2, batch_size=32, fast=False)
for trial in Sweep(recipe, X, Y, trials=50, study=sys.argv[1], rng=3, jobs=1):
    print("ended", flush=True)
"""


def test_a_process_that_is_killed_loses_no_trial(postgresql, quick):
    address = postgresql.address()
    with subprocess.Popen([sys.executable, "-c", SCRIPT, address], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    before = trials_of(address)
    ended = sum(each.state.is_finished() for each in before)
    assert 1 <= ended < 50
    sweep = run(address, trials=ended + 2)
    found = trials_of(address)
    assert (
        sum(each.state in {STATES.COMPLETE, STATES.PRUNED} for each in found)
        == ended + 2
        == len(sweep.trials) - len(before) + ended
    )
    lost = [each.number for each in before if not each.state.is_finished()]
    assert [each.user_attrs["retry of"] for each in found if "retry of" in each.user_attrs] == lost


def test_the_command_shows_and_writes_no_password(postgresql, tmp_path, capsys, monkeypatch, no_picture):
    monkeypatch.chdir(tmp_path)
    address = postgresql.address()
    command = ["sweep", "spiral", "--epochs", "1", "--trials", "1", "--jobs", "1", "--output", "a", "--study", address]
    assert main(command) == 0
    printed = "".join(capsys.readouterr())
    assert "study: postgresql://ann:***@127.0.0.1" in printed
    written = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert len(written) >= 4
    for text in (printed.encode(), *written):
        assert not re.search(rb"se:cr|se%3Acr", text)
    assert main([*command[:-1], address.replace("se%3A", "se%3Aother")]) != 0
    printed = "".join(capsys.readouterr())
    assert "cannot use postgresql://ann:***@127.0.0.1" in printed
    assert "password authentication failed" in printed
    assert "cr%40et" not in printed
    assert "cr@et" not in printed
    monkeypatch.setenv("PGPASSWORD", "se:cr@et")
    assert run(f"{address.replace(':se%3Acr%40et', '')}#second", trials=1).best


def test_a_database_that_cannot_be_reached():
    begun = time.monotonic()
    with pytest.raises(ConnectionError, match=r"cannot use postgresql://ann:\*\*\*@127.0.0.1:1/x: .*refused"):
        run("postgresql://ann:secret@127.0.0.1:1/x")
    assert time.monotonic() - begun < 5
