"""Sweeps, as Optuna reads them back from their files."""

import os
import sys
import threading
from itertools import pairwise

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import whorl
from whorl import SGD, Adam, Callback, CrossEntropy, Dense, Dropout, ReLU, Stored, Sweep
from whorl.recipes import RECIPES, Recipe
from whorl.sweeps import Range, Trial, importance, space
from whorl.sweeps.reporting import REPORTS
from whorl.sweeps.sampler import STARTUP, WARM_UP

X, Y = whorl.datasets.spiral(30, rng=0)
EPOCHS = 10
RECIPE = Recipe(
    [Dense(16), ReLU(), Dropout(0.05)],
    loss=CrossEntropy(),
    optimizer=Adam(0.02),
    epochs=EPOCHS,
    batch_size=32,
    fast=False,
)
STATES = optuna.trial.TrialState


def run(*, recipe=RECIPE, **options):
    """Run a sweep to its end."""
    sweep = Sweep(recipe, X, Y, **{"trials": 12, "rng": 3, "jobs": 1, **options})
    for _ in sweep:
        pass
    return sweep


def loaded(path):
    """The study of a file, read by Optuna."""
    return optuna.load_study(study_name="whorl", storage=JournalStorage(JournalFileBackend(str(path))))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that has ended, and its file."""
    path = tmp_path_factory.mktemp("sweep") / "study.log"
    return run(study=path), path


def test_optuna_reads_the_trials(whole):
    sweep, path = whole
    study = loaded(path)
    states = [trial.state for trial in study.trials]
    assert len(states) == 12
    assert {STATES.COMPLETE, STATES.PRUNED} == set(states)
    assert [STATES[trial.state.upper()] for trial in sweep.trials] == states
    assert [trial.value for trial in sweep.trials] == [trial.value for trial in study.trials]
    assert (sweep.best.number, sweep.best.value) == (study.best_trial.number, study.best_value)
    assert {name: value.low for name, value in study.trials[0].distributions.items()} == {
        name: limits.low for name, limits in space(RECIPE).items()
    }


def test_the_first_trial_is_the_recipe_itself(whole):
    sweep, path = whole
    own = {"learning_rate": 0.02, "units": 16, "hidden_layers": 1, "dropout": 0.05, "batch_size": 32}
    assert sweep.trials[0].settings == own == loaded(path).trials[0].params
    assert sweep.trial_recipe(sweep.trials[0]) == RECIPE.replace(validation_seed=sweep.seed % 1000)


def test_the_best_trial_can_be_repeated_to_the_bit(whole):
    sweep, path = whole
    _, history = sweep.best_recipe().fit(X, Y, rng=3)
    assert history["val_loss"][-1] == sweep.best.value == loaded(path).best_value
    assert history["val_accuracy"][-1] == sweep.best.scores["val_accuracy"]
    reports = loaded(path).best_trial.intermediate_values
    assert reports == {REPORTS * k // EPOCHS: loss for k, loss in enumerate(history["val_loss"], start=1)}
    assert sum(trial.model is not None for trial in sweep.trials) == 0  # only what is yielded has its model


def test_all_trials_are_validated_with_the_same_samples(whole):
    class Held(Callback):
        def on_train_begin(self, training):
            found.add(np.asarray(training.validation.x).tobytes())

    found = set()
    for trial in whole[0].trials[:4]:
        whole[0].trial_recipe(trial).fit(X, Y, callbacks=[Held()], rng=3)
    assert len(found) == 1


def test_pruned_trials_were_worse_than_the_median_and_stopped_at_once(whole):
    sweep, path = whole
    trials = loaded(path).trials
    for own, trial in zip(sweep.trials, trials, strict=True):
        before = [each for each in trials[: trial.number] if each.state == STATES.COMPLETE]

        def worse(step, trial=trial, before=before):
            values = [value for k, value in trial.intermediate_values.items() if k <= step]
            return min(values) > np.median([each.intermediate_values[step] for each in before])

        judged = [k for k in trial.intermediate_values if k >= WARM_UP and len(before) >= STARTUP and k < REPORTS]
        if trial.state == STATES.PRUNED:
            assert worse(trial.last_step)
            assert own.scores["epochs"] == trial.last_step * EPOCHS // REPORTS < EPOCHS
            judged.remove(trial.last_step)
        else:
            assert own.scores["epochs"] == EPOCHS
        assert not any(map(worse, judged))


def test_same_seed_same_trials_also_if_they_are_continued(whole, tmp_path):
    sweep, _ = whole
    path = tmp_path / "study.log"
    part = run(study=path, trials=4)
    assert settings(part) == settings(sweep)[:4]
    again = run(study=path, trials=12)
    assert settings(again) == settings(sweep)
    assert [each.value for each in again.trials] == [each.value for each in sweep.trials]
    assert settings(run(trials=4, rng=4)) != settings(part)


def settings(sweep):
    return [each.settings for each in sweep.trials]


def test_a_complete_study_is_not_continued(whole):
    sweep, path = whole
    before = path.read_bytes()
    again = Sweep(RECIPE, X, Y, trials=12, rng=3, study=path)
    assert list(again) == []
    assert again.trials == sweep.trials
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": RECIPE.replace(epochs=7)}, "where epochs is 10, got 7"),
        ({"rng": 4}, "where rng is"),
        (
            {"ranges": {"units": Range(2, 4, whole=True)}},
            r"where the range of units is .*, got 'Range\(2.0, 4.0, whole=True\)'",
        ),
        ({"about": {"data": "moons"}}, "where data is None, got 'moons'"),
    ],
)
def test_the_study_of_another_sweep_is_refused(whole, options, message):
    path = whole[1]
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        run(study=path, **options)
    assert path.read_bytes() == before


def test_other_samples_are_refused(whole):
    with pytest.raises(ValueError, match=r"where the SHA-256 of the samples is '.*', got '.*'"):
        list(Sweep(RECIPE, X, Y[::-1].copy(), trials=12, rng=3, study=whole[1]))


def test_samples_in_files_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(TypeError, match=r"X must be in memory, .*, got <Stored array of shape"):
        Sweep(RECIPE, Stored(np.load(tmp_path / "x.npy", mmap_mode="r")), Y)


@pytest.mark.parametrize("content", [b"SQLite format 3\x00\n", b"{}\n", b"[1]\n"])
def test_a_file_that_is_no_study_is_refused(content, tmp_path):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"study must be a file that a sweep has written, a journal of Optuna, got '.*study.db'"
    ):
        run(study=path)
    assert path.read_bytes() == content


def test_a_line_that_a_crash_has_cut_is_removed(whole, tmp_path):
    path = tmp_path / "study.log"
    path.write_bytes(whole[1].read_bytes() + b'{"op_code":4,"worker')
    assert run(study=path, trials=13).trials[:12] == whole[0].trials
    assert len(loaded(path).trials) == 13


def test_trials_of_a_dead_process_are_discarded_and_do_not_count(tmp_path):
    path = tmp_path / "study.log"
    run(study=path, trials=3)
    study = loaded(path)
    study.ask()  # and its process ends
    path.with_name("study.log.writing").touch()  # while it writes
    assert len(run(study=path, trials=5).trials) == 6
    states = [trial.state for trial in loaded(path).trials]
    assert states == [STATES.COMPLETE] * 3 + [STATES.FAIL] + [STATES.COMPLETE] * 2
    assert {each.name for each in tmp_path.iterdir()} == {"study.log"}
    assert settings(run(trials=5))[3:] == settings(run(study=path, trials=5))[4:]  # as if it had not been


def test_trials_that_diverge_do_not_stop_the_sweep(tmp_path):
    wild = RECIPE.replace(optimizer=SGD(1e8, momentum=0.9))
    path = tmp_path / "study.log"
    with pytest.raises(
        ValueError, match="there is no best trial: of 4 none is complete, and 4 diverged; search lower learning rates"
    ):
        run(recipe=wild, study=path, trials=4).best_recipe()
    assert all("became" in trial.user_attrs["failure"] for trial in loaded(path).trials)
    ranges = space(wild) | {"learning_rate": Range(1e-3, 1e12, log=True)}
    sweep = run(recipe=wild, ranges=ranges, trials=8)
    assert {"complete", "diverged"} <= {trial.state for trial in sweep.trials}
    assert sweep.trials[0].state == "diverged"
    diverged = [trial.settings["learning_rate"] for trial in sweep.trials if trial.state == "diverged"]
    assert sweep.best.settings["learning_rate"] < min(diverged)


def test_two_at_a_time_give_as_many_trials(tmp_path):
    path, alive = tmp_path / "study.log", set()

    def watch(sweep):
        for trial in sweep:
            alive.update(each.name for each in threading.enumerate() if each.name.startswith("whorl-sweep"))
            yield trial

    sweep = Sweep(RECIPE, X, Y, trials=9, jobs=2, study=path, rng=3)
    assert sorted(trial.number for trial in watch(sweep)) == list(range(9))
    assert len(alive) == 2
    _, history = sweep.best_recipe().fit(X, Y, rng=3)
    assert history["val_loss"][-1] == loaded(path).best_value
    assert not any(each.name.startswith("whorl-sweep") for each in threading.enumerate())


def test_leaving_the_loop_discards_what_is_under_way(tmp_path):
    path = tmp_path / "study.log"
    sweep = Sweep(RECIPE.replace(epochs=10_000), X, Y, trials=9, jobs=2, study=path)
    timer = threading.Timer(0.3, sweep.stop)
    timer.start()
    assert list(sweep) == []
    timer.join()
    assert {trial.state for trial in sweep.trials} == {"discarded"}
    assert {trial.state for trial in loaded(path).trials} == {STATES.FAIL}
    for _ in (sweep := Sweep(RECIPE, X, Y, trials=9, study=tmp_path / "other.log")):
        break
    assert [trial.state for trial in sweep.trials][:1] == ["complete"]
    assert len(sweep.trials) < 9


def test_ctrl_c_raises_and_the_study_can_be_continued(tmp_path):
    path = tmp_path / "study.log"
    trials = iter(Sweep(RECIPE, X, Y, trials=6, rng=3, study=path))
    assert next(trials).number == 0
    with pytest.raises(KeyboardInterrupt):
        trials.throw(KeyboardInterrupt)
    assert settings(run(trials=6)) == [
        each.settings for each in run(study=path, trials=6).trials if each.state != "discarded"
    ]


def test_no_trial_begins_when_the_time_is_over():
    sweep = Sweep(RECIPE, X, Y, trials=10**4, jobs=1, time=0.2)
    count = len(list(sweep))
    assert 0 < count == len(sweep.trials) < 10**4
    assert sweep.best is not None


def test_an_error_in_a_trial_is_raised(tmp_path):
    path = tmp_path / "study.log"
    with pytest.raises(ValueError, match="y must hold the classes"):
        list(Sweep(RECIPE, X, Y - 5, trials=3, study=path))
    assert [trial.state for trial in loaded(path).trials] == [STATES.FAIL]


def test_optuna_prints_as_before_afterwards(capfd):
    before = optuna.logging.get_verbosity()
    run(trials=2)
    assert optuna.logging.get_verbosity() == before == optuna.logging.INFO
    assert capfd.readouterr() == ("", "")


def test_optuna_prints_again_after_sweeps_that_overlap():
    before = optuna.logging.get_verbosity()
    first, second = (iter(Sweep(RECIPE, *whorl.datasets.spiral(40, rng=1), trials=2, jobs=1, rng=3)) for _ in range(2))
    next(first)
    next(second)
    first.close()
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
    second.close()
    assert optuna.logging.get_verbosity() == before == optuna.logging.INFO


def test_several_networks_are_searched_by_one_and_trained_together():
    several, samples = RECIPE.replace(members=3, folds=3, calibrate=True), whorl.datasets.spiral(40, rng=1)
    sweep = Sweep(several, *samples, trials=3, jobs=1, rng=3)
    assert len(list(sweep)) == 3
    assert [sweep.trial_recipe(each).members for each in sweep.trials] == [1, 1, 1]
    best = sweep.best_recipe()
    assert best == several.replace(
        members=3, layers=best.layers, optimizer=best.optimizer, batch_size=sweep.best.settings["batch_size"]
    )
    _, history = sweep.trial_recipe(sweep.best).fit(*samples, rng=3)
    assert history.held_out["loss"] == sweep.best.value  # calibrated
    assert history.held_out["accuracy"] == sweep.best.scores["val_accuracy"]


def test_a_regression_and_given_validation_samples():
    recipe = Recipe([Dense(4), ReLU()], optimizer=Adam(0.05), epochs=5, batch_size=16, fast=False, keep="best")
    target = X[:, :1] ** 2
    sweep = Sweep(recipe, X, target, validation=(X[:30], target[:30]), trials=3, jobs=1)
    assert len(list(sweep)) == 3
    _, history = sweep.best_recipe().fit(X, target, validation=(X[:30], target[:30]), rng=0)
    best = history.best("val_loss")
    assert (sweep.best.value, sweep.best.scores["val_r2"]) == (best["val_loss"], best["val_r2"])
    assert sweep.best_recipe().validation_seed is None


def test_trials_are_compiled_on_one_core_each_where_that_is_possible(monkeypatch):
    monkeypatch.delenv("WHORL_FAST", raising=False)
    compiled = Sweep(RECIPE.replace(fast=None), X, Y)
    assert compiled.jobs == len(os.sched_getaffinity(0))
    recipe = compiled.trial_recipe(Trial(0, "complete", compiled.first()))
    assert (recipe.fast, recipe.threads) == (True, 1)
    monkeypatch.setenv("WHORL_FAST", "0")
    assert Sweep(RECIPE.replace(fast=None), X, Y).jobs == 1
    assert Sweep(RECIPE, X, Y).jobs == 1


class Halve(whorl.Layer):
    def forward(self, x, p, rng=None):
        return x / 2, lambda dy, g: dy / 2


def test_layers_without_kernels_are_trained_on_numpy():
    sweep = Sweep(RECIPE.replace(fast=None, layers=[Dense(4), Halve()]), X, Y, trials=1)
    assert sweep.jobs == 1
    assert [trial.state for trial in sweep] == ["complete"]


def test_without_optuna_the_error_names_the_extra(monkeypatch):
    for name in [
        name
        for name in sys.modules
        if name.split(".")[0] == "optuna" or name in {"whorl.sweeps.study", "whorl.sweeps.sampler"}
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"a sweep needs Optuna, which the extra whorl\[sweep\] installs"):
        list(Sweep(RECIPE, X, Y))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"trials": 0}, ValueError, "trials must be a whole number of at least 1, got 0"),
        ({"jobs": 1.5}, TypeError, "jobs must be a whole number of at least 1, got 1.5"),
        ({"time": 0}, ValueError, "time must be a finite number above 0, got 0"),
        ({"ranges": {}}, ValueError, "ranges must have a setting to search, got none"),
        ({"ranges": [1]}, TypeError, r"ranges must be a mapping from settings to ranges, got \[1\]"),
        ({"ranges": {"lr": Range(0, 1)}}, ValueError, "got 'lr'; did you mean 'learning_rate'"),
        ({"ranges": {"units": (8, 64)}}, TypeError, r"ranges\['units'\] must be a Range, such as .*, got \(8, 64\)"),
        ({"recipe": RECIPES["moons"]}, TypeError, "recipe must be a Recipe"),
        ({"recipe": RECIPE.replace(time=3)}, ValueError, "recipe must have time=None: .*, got 3.0"),
    ],
)
def test_invalid_arguments(options, error, message):
    with pytest.raises(error, match=message):
        run(**options)


def test_a_setting_that_decides_is_important():
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(60, 2))
    trials = [Trial(k, "complete", {"noise": b, "peak": a}, value=(a - 0.5) ** 2) for k, (a, b) in enumerate(values)]
    shares = importance(trials)
    assert list(shares) == ["peak", "noise"]
    assert shares["peak"] > 0.6
    assert shares["noise"] < 0.1
    assert all(a >= b for a, b in pairwise(shares.values()))
    assert importance(trials[:5]) == {}
    assert importance([Trial(k, "pruned", {"a": k}) for k in range(20)]) == {}
    constant = [Trial(k, "complete", {"a": 1.0}, value=float(k)) for k in range(20)]
    assert importance(constant) == {"a": 0.0}
    pruned = [Trial(k, "pruned" if k % 2 else "complete", {"odd": k % 2}, value=float(k)) for k in range(40)]
    assert importance(pruned)["odd"] > 0.5


def test_the_picture_shows_the_trials_and_the_best(whole):
    sweep, _ = whole
    figure = sweep.plot()
    first, *others = figure.axes
    complete = [trial for trial in sweep.trials if trial.state == "complete"]
    points = first.collections[0].get_offsets()
    assert points.tolist() == [[trial.number, trial.value] for trial in complete]
    assert first.collections[2].get_offsets().tolist() == [[sweep.best.number, sweep.best.value]]
    assert first.lines[0].get_ydata()[-1] == sweep.best.value
    assert len(first.collections[1].get_offsets()) == 12 - len(complete)
    shares = importance(sweep.trials)
    assert [ax.get_xlabel().replace(" ", "_") for ax in others] == list(shares)
    assert [ax.get_title() for ax in others] == [f"explains {100 * share:.0f} %" for share in shares.values()]
    where = next(ax for ax in others if ax.get_xlabel() == "units").collections[2].get_offsets()[0]
    assert where.tolist() == [sweep.best.settings["units"], sweep.best.value]
