"""The commands of the benchmarks and the pages they write. Nothing here compares times."""

import json
import math
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import check, images, page
from benchmarks.__main__ import COMMANDS, main, parse
from benchmarks.cases import CASES
from benchmarks.processes import ROOT
from benchmarks.tables.measure import Split
from benchmarks.tables.registry import TABLES

from whorl import CrossEntropy, Dense, MeanSquaredError, Mish, Model, check_gradients
from whorl.recipes import RECIPES

TINY = replace(CASES["spiral"], steps=5)


def test_writing_a_page_replaces_only_what_was_measured(tmp_path, capsys):
    source = tmp_path / "page.md"
    source.write_text(f"# Title\n\n{page.BEGIN}\n\nold\n\n{page.END}\n\nHow it was measured.\n")
    output = tmp_path / "out"
    output.mkdir()
    page.write(
        source, Namespace(output=output, command="python -m benchmarks it"), "## New", page.table(["a"], [["1"]])
    )
    text = (output / "page.md").read_text(encoding="utf-8")
    assert text.startswith(f"# Title\n\n{page.BEGIN}\n\nWritten by `python -m benchmarks it`. Measured on ")
    assert text.endswith(f"\n\n## New\n\n| a |\n| --- |\n| 1 |\n\n{page.END}\n\nHow it was measured.\n")
    assert "old" not in text
    assert f"wrote {output / 'page.md'}" in capsys.readouterr().out


def test_page_without_its_markers_is_refused(tmp_path):
    (tmp_path / "page.md").write_text("# Title\n")
    with pytest.raises(ValueError, match=r"page\.md must have .*measured.* once"):
        page.write(tmp_path / "page.md", Namespace(output=tmp_path, command=""), "text")
    assert (tmp_path / "page.md").read_text() == "# Title\n"


@pytest.mark.parametrize(
    "name",
    [
        "speed",
        "footprint",
        "threads",
        "many",
        "estimators",
        "spiral",
        "images",
        "tables",
        "realmlp",
        "tabm",
        "serving",
        "playground",
        "doctor",
        "learning_rate",
        "distributed",
        "stored",
    ],
)
def test_recorded_pages_name_the_command_that_writes_them(name):
    folder, page_name = {"speed": ("docs", "benchmarks"), "footprint": ("docs", name)}.get(name, ("benchmarks", name))
    text = (ROOT / folder / f"{page_name}.md").read_text(encoding="utf-8")
    assert (text.count(page.BEGIN), text.count(page.END)) == (1, 1)
    assert f"{page.BEGIN}\n\nWritten by `python -m benchmarks {name}" in text


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_recorded_results_for_images_are_those_on_the_page(data):
    kept = json.loads(images.PAGE.with_suffix(".json").read_text(encoding="utf-8"))
    assert images.table(kept, data) in images.PAGE.read_text(encoding="utf-8")
    settings = {preset: json.loads(json.dumps(recipe.settings())) for preset, recipe in RECIPES[data].items()}
    assert all(found["settings"] == settings[key.split()[1]] for key, found in kept.items() if key.startswith(data))


def test_images_are_measured_again_only_if_the_recipe_has_changed(tmp_path, monkeypatch):
    changed = RECIPES["mnist"]["classic"].replace(epochs=3)
    monkeypatch.setitem(RECIPES, "mnist", {**RECIPES["mnist"], "classic": changed})
    monkeypatch.setattr(images, "by_whorl", lambda recipe, seed: (0.9 + seed / 100, recipe.epochs))
    monkeypatch.setattr(images, "by_torch", lambda recipe, seed: (0.8, 9.96))
    assert main(["images", "--output", str(tmp_path)]) == 0
    before, after = (
        json.loads(path.read_text()) for path in (images.PAGE.with_suffix(".json"), tmp_path / "images.json")
    )
    found = {key: after[key] for key in after if after[key] != before[key]}
    assert set(found) == {"mnist classic whorl", "mnist classic PyTorch"}
    assert found["mnist classic whorl"]["settings"] == json.loads(json.dumps(changed.settings()))
    assert [each["accuracy"] for each in found.values()] == [[0.8, 0.8, 0.8], [0.9, 0.91, 0.92]]
    assert [each["seconds"] for each in found.values()] == [[10, 10, 10], [3, 3, 3]]
    text = (tmp_path / "images.md").read_text(encoding="utf-8")
    assert "| `--preset classic` | 0.9000 | 0.9100 | 0.9200 | **0.9100** | 0.983 | 3 |" in text


def test_spiral_is_measured_on_training_validation_and_new_points(tmp_path, monkeypatch):
    quick = RECIPES["spiral"]["best"].replace(samples=300, epochs=10)
    monkeypatch.setitem(RECIPES, "spiral", {"best": quick})
    assert main(["spiral", "--seeds", "2", "--output", str(tmp_path)]) == 0
    text = (tmp_path / "spiral.md").read_text(encoding="utf-8")
    assert "The best possible accuracy on new data is 0.9098" in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith(("| 0", "| 1", "| **"))]
    assert [row[0] for row in rows] == ["| 0", "| 1", "| **median**", "| **worst**"]
    values = np.array([[float(cell) for cell in row[1:4]] for row in rows])
    assert ((values > 0.4) & (values < 0.95)).all()
    np.testing.assert_allclose(values[2], values[:2].mean(axis=0), atol=1e-4)
    np.testing.assert_array_equal(values[3], values[:2].min(axis=0))


def test_machine_is_described_with_versions():
    text = page.machine()
    assert text.startswith("Measured on 20")
    assert f"numpy {np.__version__}" in text


def test_speed_measures_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(CASES, "spiral", TINY)
    command = "speed --networks spiral --peers straight matmul --sessions 2 --rounds 2 --seconds 0.001"
    assert main([*command.split(), "--output", str(tmp_path / "new")]) == 0
    text = (tmp_path / "new" / "benchmarks.md").read_text(encoding="utf-8")
    assert f"Written by `python -m benchmarks {command}`" in text
    assert "| straight-line NumPy | " in text
    assert "| spiral | 2-64-3" in text
    assert "## What was measured, and how" in text
    assert (tmp_path / "new" / "benchmarks.png").exists()
    assert f"wrote {tmp_path / 'new' / 'benchmarks.md'}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["race"], "invalid choice: 'race'"),
        (["speed", "--networks", "huge"], "invalid choice: 'huge'"),
        (["speed", "--peers", "abacus"], "invalid choice: 'abacus'"),
        (["speed", "--rounds", "0"], "argument --rounds: must be above 0, got 0"),
        (["check", "--rounds", "two"], "invalid int value: 'two'"),
        (["footprint", "--seconds", "nan"], "argument --seconds: must be above 0, got nan"),
        (["footprint", "--parts", "weight"], "invalid choice: 'weight'"),
        (["tables"], "the following arguments are required: FOLDER"),
    ],
)
def test_wrong_options_are_refused(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert message in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"    {name}" in printed for name in COMMANDS)


def test_recorded_command_line_has_numbers_and_choices_but_no_paths():
    assert parse(["footprint", "--output", "/tmp"]).command == "python -m benchmarks footprint --rounds 9 --seconds 0.2"
    assert parse(["footprint", "--parts", "disk", "rows"]).command == (
        "python -m benchmarks footprint --parts disk rows --rounds 9 --seconds 0.2"
    )
    assert parse(["tables", "/home/me/tables"]).command == "python -m benchmarks tables FOLDER --splits 5"
    assert parse(["images", "--again"]).command == "python -m benchmarks images"


@pytest.mark.parametrize(("limit", "code", "word"), [(math.inf, 0, "ok"), (0.0, 1, "TOO SLOW")])
def test_check_fails_over_its_limit(limit, code, word, monkeypatch, capsys):
    monkeypatch.setattr(check, "LIMITS", {"spiral": limit})
    monkeypatch.setitem(CASES, "spiral", TINY)
    assert main(["check", "--rounds", "2", "--seconds", "0.001"]) == code
    printed = capsys.readouterr().out
    assert word in printed
    assert ("second attempt" in printed) == bool(code)
    assert ("fit is slower than its limit on spiral" in printed) == bool(code)


def test_check_has_a_limit_for_each_small_network():
    assert set(check.LIMITS) == set(CASES) - {"wide"}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_realmlp_is_built_of_the_layers_of_its_paper(task):
    from benchmarks.realmlp import recipe

    table = next(each for each in TABLES if each.task == task)
    X = np.random.default_rng(0).normal(size=(30, 4))
    y = np.arange(30) % 3 if task == "classification" else X[:, 0]
    model = recipe(table).model(X, y, rng=0)
    assert [type(layer).__name__ for layer in model.layers[:6]] == [
        *("RobustScale", "PeriodicEmbedding", "Factor", "NTKDense", "Mix", "Dropout"),
    ]
    assert model.outputs == ((3,) if task == "classification" else (1,))


def test_the_layers_of_realmlp_are_those_of_whorl_but_for_what_they_decay_to():
    from benchmarks.realmlp import Factor, Mix

    X = np.random.default_rng(0).normal(size=(30, 4))
    model = Model([Factor(), Mix(Mish()), Dense(1)], inputs=4, rng=0)
    assert max(check_gradients(model, X, X[:, :1], loss=MeanSquaredError()).values()) < 1e-6
    factors, mix = (Model([layer], inputs=4, rng=0) for layer in (Factor(), Mix(Mish())))
    assert factors.predict(X) == pytest.approx(X, rel=1e-6)  # at the start, a factor of 1 and the activation itself
    assert mix.predict(X) == pytest.approx(Model([Mish()], inputs=4).predict(X), rel=1e-5)
    factors.parameters *= 0.5
    mix.parameters *= 0
    assert factors.predict(X) == pytest.approx(X / 2, rel=1e-6)
    assert mix.predict(X) == pytest.approx(X, rel=1e-6)


def test_the_members_of_a_tabm_are_networks_that_share_weights():
    from benchmarks.tabm import Copies, Heads, MeanOverMembers, SharedDense

    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(7, 4)), rng.integers(3, size=7)
    model = Model([Copies(2), SharedDense(5), Mish(), Heads(3)], inputs=4, rng=0, dtype=np.float64)
    cross_entropy, squared = MeanOverMembers(CrossEntropy()), MeanOverMembers(MeanSquaredError())
    assert max(check_gradients(model, X, labels, loss=cross_entropy).values()) < 1e-6
    assert max(check_gradients(model, X, X[:, :3], loss=squared).values()) < 1e-6
    p, members = model.named_parameters(), model.predict(X)
    for k in range(2):  # the factors are a tenth of the parameters, as in NTKDense
        hidden = 0.1 * p["s2"][k] * ((0.1 * p["r2"][k] * 0.1 * p["r1"][k] * X) @ p["w2"]) / 2 + 0.1 * p["b2"][k]
        hidden *= np.tanh(np.log1p(np.exp(hidden)))
        assert members[:, k] == pytest.approx(hidden @ p["w3"][k] / np.sqrt(5) + 0.1 * p["b3"][k], rel=1e-12)
    each = [CrossEntropy().from_scores(members[:, k], labels)[0] for k in range(2)]
    assert cross_entropy(members, labels) == pytest.approx(np.mean(each), rel=1e-12)
    assert squared(members, X[:, :3]) == pytest.approx(np.square(members - X[:, None, :3]).mean(), rel=1e-12)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_tabm_learns_a_table(task, monkeypatch):
    from benchmarks import tabm

    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 300)
    target = np.where(x > 0, "up", "down") if task == "classification" else 10 * x
    table = replace(next(each for each in TABLES if each.task == task), name="line", target="y")
    rows = [
        {"x": x[part].astype(str).tolist(), "y": target[part].astype(str).tolist()}
        for part in (slice(200), slice(200, 300))
    ]
    part = Split(table, *rows, classes=["down", "up"] if task == "classification" else [])
    monkeypatch.setattr(tabm, "RECIPE", tabm.RECIPE.replace(epochs=30))
    for layers in (tabm.with_waves, tabm.plain):
        found = tabm.of_tabm(part, 0, 2, layers)
        assert found["accuracy" if task == "classification" else "r2"] > 0.9
