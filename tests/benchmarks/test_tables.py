"""The benchmark on public tables: its registry, files, splits and scores. The tables themselves are not needed."""

import hashlib
import json
import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from benchmarks import tables
from benchmarks.__main__ import main
from benchmarks.tables import fetch, frames, measure, peers, read, registry, results, scores

from whorl import Dense, Model
from whorl.recipes import RECIPES

PENS = "length;color;note;kind\n1;red;a;felt\n?;blue;b;ball\n3;;c;felt\n4;red;d;?\n"


def table(path, text, target="kind", classes=2, **options):
    """Write a table, and return its description."""
    path.write_text(text, encoding="utf-8")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return registry.PublicTable("pens", "Pens", path.name, sha256, target, 60, 3, classes, **options)


def made_up(path, classes, rows=60):
    """Write a table whose target follows from its first column, with gaps in the others."""
    lines = [f"{i % 7},{'' if i % 5 == 0 else 'ab'[i % 2]},{'' if i % 4 == 0 else i / 10}" for i in range(rows)]
    goals = [f"{'low' if i % 7 < 3 else 'high'}" if classes else f"{i % 7 + 0.5}" for i in range(rows)]
    text = "n,letter,x,kind\n" + "".join(f"{line},{goal}\n" for line, goal in zip(lines, goals, strict=True))
    return table(path, text, classes=classes, url="https://example.org/pens.csv")


def test_registry_is_consistent():
    for field in ("name", "title", "file"):
        assert len({getattr(each, field) for each in registry.TABLES}) == len(registry.TABLES)
    for each in registry.TABLES:
        assert re.fullmatch("[a-z-]+", each.name)
        assert re.fullmatch("[0-9a-f]{64}", each.sha256)
        assert each.rows >= 200
        assert each.classes != 1
        assert not each.names or len(each.names) == each.features + 1 + len(each.drop)
        assert bool(each.url) != bool(each.package)
        assert bool(each.package) == bool(each.member)
        assert not each.package or re.fullmatch(r"[a-z-]+==[\d.]+", each.package)
        assert each.delimiter in {",", ";", "space"}
        assert each.target not in each.drop
        assert len(set(each.names)) == len(each.names)
        assert not each.names or {each.target, *each.drop} <= set(each.names)


def test_registry_has_tables_of_both_tasks():
    tasks = [each.task for each in registry.TABLES]
    assert tasks.count("classification") >= 20
    assert tasks.count("regression") >= 10
    rows = [each.rows for each in registry.TABLES]
    counts = f"{tasks.count('classification')} classifications and {tasks.count('regression')} regressions"
    sentence = f"{len(tasks)} public tables, {counts} with {min(rows):,} to {max(rows):,} rows"
    assert sentence in tables.PAGE.read_text(encoding="utf-8")


def test_numbered_names_are_expanded():
    assert registry.expand("x1-x3 class") == ("x1", "x2", "x3", "class")
    assert registry.expand("state x9-x10 capital-gain") == ("state", "x9", "x10", "capital-gain")


def test_table_is_read_without_dropped_columns_and_rows_without_target(tmp_path):
    pens = table(tmp_path / "pens.csv", PENS, delimiter=";", drop=("note",))
    found = read.read(pens, tmp_path)
    assert found == {"length": ["1", "", "3"], "color": ["red", "blue", ""], "kind": ["felt", "ball", "felt"]}
    read.write(found, tmp_path / "written.csv")
    assert (tmp_path / "written.csv").read_text().splitlines() == [
        "length,color,kind",
        "1,red,felt",
        ",blue,ball",
        "3,,felt",
    ]


def test_header_of_a_keel_file_is_skipped(tmp_path):
    pens = table(tmp_path / "pens.dat", "@relation pens\n@data\n1, felt\n2, ball\n", names=("length", "kind"))
    assert read.read(pens, tmp_path) == {"length": ["1", "2"], "kind": ["felt", "ball"]}


def test_white_space_separates_cells(tmp_path):
    pens = table(tmp_path / "pens.txt", "a  1.5\tfelt\nb  2 ball\n", names=("id", "length", "kind"), delimiter="space")
    assert read.read(pens, tmp_path) == {"id": ["a", "b"], "length": ["1.5", "2"], "kind": ["felt", "ball"]}


def test_wrong_checksum_is_an_error(tmp_path):
    pens = table(tmp_path / "pens.csv", PENS, delimiter=";")
    (tmp_path / "pens.csv").write_text("something else")
    with pytest.raises(ValueError, match=rf"pens\.csv must have SHA-256 {pens.sha256}, got .*: delete it"):
        read.read(pens, tmp_path)


def test_missing_tables_are_taken_from_a_package_once(tmp_path, monkeypatch):
    text = "length,kind\n1,felt\n2,ball\n"
    pens = table(tmp_path / "pens.csv", text, package="pens==1.0", member="pens/data/pens.csv")
    other = table(tmp_path / "other.csv", text, package="pens==1.0", member="pens/data/other.csv")
    for each in (pens, other):
        (tmp_path / each.file).unlink()
    commands = []

    def download(command, **_):
        commands.append(command)
        with zipfile.ZipFile(Path(command[-1], "pens-1.0-py3-none-any.whl"), "w") as wheel:
            for each in (pens, other):
                wheel.writestr(each.member, text)

    monkeypatch.setattr(subprocess, "run", download)
    fetch.fetch([pens, other], tmp_path)
    fetch.fetch([pens, other], tmp_path)
    assert len(commands) == 1
    assert "pens==1.0" in commands[0]
    assert read.read(other, tmp_path) == {"length": ["1", "2"], "kind": ["felt", "ball"]}


def test_table_that_cannot_be_fetched_is_reported(tmp_path, monkeypatch, capsys):
    pens = table(tmp_path / "pens.csv", PENS, package="pens==1.0", member="pens.csv")
    (tmp_path / "pens.csv").unlink()

    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    fetch.fetch([pens], tmp_path)
    assert "cannot fetch pens: " in capsys.readouterr().out
    assert not (tmp_path / "pens.csv").exists()


def test_one_address_that_fails_does_not_keep_the_others_from_being_fetched(tmp_path, monkeypatch, capsys):
    here, gone = (
        registry.PublicTable(name, name, f"{name}.csv", "", "kind", 60, 3, url=f"https://example.org/{name}.csv")
        for name in ("here", "gone")
    )

    def download(wanted, folder):
        for each in wanted:
            if each is gone:
                raise ConnectionError("no such host")
            (folder / each.file).write_text("1")

    monkeypatch.setattr(fetch, "from_web", download)
    fetch.fetch([here, gone], tmp_path)
    assert (tmp_path / "here.csv").exists()
    assert capsys.readouterr().out == "cannot fetch gone: no such host\n"


def test_splits_are_disjoint_and_have_a_fifth_of_each_class(tmp_path):
    pens = table(
        tmp_path / "pens.csv", "number,kind\n" + "".join(f"{i},{'abc'[(i > 4) + (i > 34)]}\n" for i in range(65))
    )
    columns = read.read(pens, tmp_path)
    parts = [measure.split(pens, columns, seed) for seed in (10, 10, 11)]
    assert parts[0].test == parts[1].test != parts[2].test
    for part in parts:
        assert sorted(map(int, part.train["number"] + part.test["number"])) == list(range(65))
        assert [part.test["kind"].count(name) for name in "abc"] == [1, 6, 6]
        assert part.truth(part.test).tolist() == ["abc".index(name) for name in part.test["kind"]]


def test_frames_have_categories_of_the_training_rows(tmp_path):
    train = {"a": ["1", "", "2.5"], "b": ["x", "", "1"], "kind": ["u", "v", "u"]}
    test = {"a": ["3"], "b": ["new"], "kind": ["v"]}
    X, X_test = frames.features(train, test, "kind")
    np.testing.assert_array_equal(X["f0"], [1, np.nan, 2.5])
    assert list(X["f1"].cat.categories) == list(X_test["f1"].cat.categories) == ["1", "x"]
    assert X["f1"].isna().tolist() == [False, True, False]
    assert X_test["f1"].isna().all()


def test_area_under_the_curve_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    probabilities = rng.dirichlet(np.ones(4), 200).round(1) + 0.5 * np.eye(4)[labels]  # rounded: with ties
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = roc_auc_score(labels, probabilities, multi_class="ovr")
    assert scores.of_classes(probabilities, labels)["auc"] == pytest.approx(expected)
    two = rng.random(200).round(1)
    assert scores.of_classes(np.stack([1 - two, two], axis=1), labels % 2)["auc"] == pytest.approx(
        roc_auc_score(labels % 2, two)
    )


def test_scores_of_classes_are_those_worked_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.25, 0.75], [0.6, 0.4]])
    found = scores.of_classes(probabilities, np.array([0, 0, 1, 1]))
    assert found["accuracy"] == 0.75
    assert found["auc"] == (1 + 1 + 1 + 0.5) / 4  # of four pairs of a positive and a negative sample, one is tied
    assert found["log loss"] == pytest.approx(-np.log([0.9, 0.6, 0.75, 0.4]).mean())
    # Bins of width 1/15: 0.9 is 0.1 below its accuracy 1, 0.75 is 0.25 below, twice 0.6 is 0.1 above 1/2.
    assert found["ece"] == pytest.approx((0.1 + 0.25 + 2 * 0.1) / 4)


def test_certain_and_wrong_has_a_finite_log_loss():
    assert scores.of_classes(np.array([[1.0, 0.0]] * 2), np.array([0, 1]))["log loss"] < 10


def test_scores_of_numbers_are_those_worked_by_hand():
    found = scores.of_numbers(np.array([1.0, 2.0, 6.0]), np.array([1.0, 3.0, 5.0]))
    assert found == pytest.approx({"rmse": np.sqrt(2 / 3), "r2": 1 - 2 / 8})


def test_coverage_is_the_share_of_the_intervals_that_hold_the_true_number():
    class Certain:
        def predict(self, X, *, interval):
            assert interval == 0.9
            return X, X - 1, X + 1

    X, truth = np.array([[1.0], [3.0], [5.0]]), np.array([1.5, 4.0, 3.9])
    assert measure.interval_coverage(Certain(), X, truth) == pytest.approx(2 / 3)
    without = Model([Dense(1)], inputs=1, rng=0)
    assert measure.interval_coverage(without, X, truth) is None


@pytest.mark.parametrize("classes", [2, 0])
@pytest.mark.parametrize("method", ["sklearn-mlp", "hist-gb"])
def test_pipelines_of_scikit_learn_take_categories_and_missing_values(method, classes, tmp_path):
    pens = made_up(tmp_path / "pens.csv", classes, rows=200)
    found = measure.measure(method, measure.split(pens, read.read(pens, tmp_path), 10), 10)
    assert found["seconds"] > 0
    assert found.get("accuracy", found.get("r2")) > 0.6


def test_titles_of_methods_name_the_presets(monkeypatch):
    monkeypatch.setitem(RECIPES, "table", {"fast": RECIPES["table"]["fast"], "best": RECIPES["table"]["best"]})
    assert list(measure.methods().items())[:2] == [("whorl", "whorl, `fast`"), ("whorl-best", "whorl, `best`")]
    assert set(peers.PEERS) < set(measure.methods())


@pytest.mark.parametrize("classes", [2, 0])
def test_command_measures_what_is_missing(classes, tmp_path, monkeypatch, capsys):
    pens = made_up(tmp_path / "pens.csv", classes)
    gone = registry.PublicTable(
        "gone", "Gone", "gone.csv", "0" * 64, "kind", 60, 3, classes, url="https://example.org/gone.csv"
    )
    default = next(iter(RECIPES["table"]))
    quick = RECIPES["table"][default].replace(epochs=3)
    monkeypatch.setitem(RECIPES, "table", RECIPES["table"] | {default: quick})
    monkeypatch.setattr(tables, "TABLES", (pens, gone))
    monkeypatch.setattr("benchmarks.tables.report.TABLES", (pens, gone))
    monkeypatch.setitem(tables.OPTIONS, "tables", ["pens", "gone"])
    path = tmp_path / "out" / "tables.jsonl"

    def run(*options):
        words = ["tables", str(tmp_path), "--methods", "whorl", "--output", str(path.parent), *options]
        assert main(words) == 0
        return [(line["seed"], line["with"]) for line in results.load(path)]

    path.parent.mkdir()
    path.write_text(
        json.dumps({"table": "pens", "method": "lightgbm", "seed": 10, "with": "lightgbm 4", "seconds": 1}) + "\n"
    )
    first = run("--splits", "2")
    assert [seed for seed, _ in first] == [10, 10, 11]
    assert "gone: " in (printed := capsys.readouterr().out)
    assert "skipped; --fetch downloads it" in printed
    text = (path.parent / "tables.md").read_text(encoding="utf-8")
    assert "Written by `python -m benchmarks tables FOLDER --methods whorl --splits 2`" in text
    assert "| Pens | " in text
    again = run("--splits", "3")
    assert again[:3] == first
    assert len(again) == 4
    monkeypatch.setitem(RECIPES["table"], default, quick.replace(epochs=2))
    changed = run("--splits", "3")
    assert changed[0] == first[0]
    assert {text for _, text in changed[1:]}.isdisjoint({text for _, text in again[1:]})
    assert len(changed) == 4
