"""``whorl train``: what it prints and writes, and that the options reach the training."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, flowers, out, refused

import whorl
from whorl import SGD, Adam, CrossEntropy, Dense, Dropout, InverseTime, ReLU
from whorl.cli import config, main
from whorl.recipes import RECIPES

pytestmark = pytest.mark.usefixtures("own_directory")

SMALL = ["--samples", "40", "--epochs", "3"]
LINE = r"epoch \d+ \| train acc \d\.\d{3} loss \d+\.\d{3} \| val acc \d\.\d{3} loss \d+\.\d{3} \| lr \d\.\d{5}"


def layers(path="model.npz"):
    return [repr(layer) for layer in whorl.load(path).layers]


def test_it_prints_saves_and_draws(capsys):
    lines = out(capsys, *QUICK)
    assert all(re.fullmatch(LINE, line) for line in lines[:3])
    assert [line.split()[1] for line in lines[:3]] == ["0", "2", "4"]
    assert lines[3:] == [
        "saved model.npz",
        "saved model.toml",
        "saved spiral.png",
        "best possible accuracy on new data: 0.910 (loss 0.213)",
    ]
    assert Path("spiral.png").read_bytes().startswith(b"\x89PNG")
    with np.load("model.npz") as archive:
        assert {"w1", "b1", "w2", "b2"} < set(archive.files)


def test_the_untrained_network_has_no_preference(capsys):
    first = out(capsys, "train", "spiral", "--epochs", "1")[0]
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", first)]
    assert losses == [pytest.approx(np.log(3), abs=0.05)] * 2


@pytest.mark.parametrize("preset", RECIPES["spiral"])
def test_same_seed_same_bytes(preset, capsys, no_picture):
    files = []
    for name, seed in [("a", "3"), ("b", "3"), ("c", "4")]:
        out(capsys, *QUICK, "--preset", preset, "--seed", seed, "--output", f"{name}.npz")
        files.append(Path(f"{name}.npz").read_bytes())
    assert files[0] == files[1] != files[2]


def test_every_option_reaches_the_recipe(capsys, no_picture):
    arguments = (
        "--samples 7 --classes 4 --noise 0.1 --hidden 5 6 --dropout 0.3 --output-layer Dense(3,weight_l2=0.01) --epochs 8"
        " --batch-size 9 --learning-rate 0.5 --validation 0.4 --patience 3 --scaling standardize"
        " --loss CrossEntropy(label_smoothing=0.1) --seed 11"
    )
    out(capsys, "train", "spiral", *arguments.split())
    plan = config.read("model.toml")
    classic = RECIPES["spiral"]["classic"]
    penalties = {"weight_l2": 2e-6, "bias_l2": 2e-6}
    first = Dense(5, **penalties, initializer=classic.layers[0].initializer)
    assert plan.seed == 11
    assert plan.recipe == classic.replace(
        samples=7,
        classes=4,
        noise=0.1,
        layers=[first, ReLU(), Dropout(0.3), Dense(6, **penalties), ReLU(), Dropout(0.3)],
        output_layer=Dense(3, weight_l2=0.01),
        scaling="standardize",
        loss=CrossEntropy(label_smoothing=0.1),
        optimizer=SGD(InverseTime(0.5, decay=2.5e-4), momentum=0.8),
        epochs=8,
        batch_size=9,
        validation=0.4,
        patience=3,
    )


def test_a_preset_is_where_the_options_start_from(capsys, no_picture):
    out(capsys, "train", "spiral", "--preset", "best", "--epochs", "1", "--samples", "30")
    assert config.read("model.toml").recipe == RECIPES["spiral"]["best"].replace(epochs=1, samples=30)


def test_the_schedule_follows_the_epochs(capsys, no_picture):
    lines = out(capsys, "train", "moons", *SMALL)
    assert [line.split()[-1] for line in lines[:4]] == ["0.01000", "0.00750", "0.00250", "0.00000"]
    out(capsys, "train", "--config", "model.toml", "--epochs", "7", "--learning-rate", "0.5")
    assert config.read("model.toml").recipe.optimizer == Adam(whorl.Cosine(0.5, epochs=7))


def test_output_may_be_a_new_directory_or_a_name(capsys, no_picture):
    assert "saved runs/one/model.npz" in out(capsys, *QUICK, "--output", "runs/one")
    assert "saved runs/two.npz" in out(capsys, *QUICK, "--output", "runs/two.npz")
    assert {path.name for path in Path("runs").iterdir()} == {"one", "two.npz", "two.toml"}


def test_the_picture_has_the_name_of_the_model(capsys):
    out(capsys, *QUICK, "--output", "runs/two.npz")
    assert Path("runs/two.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_model_is_saved_all_the_same(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(QUICK) == 0
    captured = capsys.readouterr()
    assert "saved model.npz" in captured.out
    assert "no picture: whorl.plot needs matplotlib, which the extra whorl[plot] installs" in captured.err


def test_without_noise_no_best_possible_accuracy_is_shown(capsys, no_picture):
    assert out(capsys, *QUICK, "--noise", "0")[-1] == "saved model.toml"


@pytest.mark.parametrize("data", ["spiral", "moons", "blobs"])
def test_layers_stand_between_the_first_and_the_last(data, capsys, no_picture):
    out(capsys, "train", data, *SMALL, "--layers", "Dense(8, weight_l2=1e-4), BatchNorm, ReLU(), Dropout(0.1)")
    first = [] if data == "spiral" else ["Standardize()"]
    assert layers()[:-2] == [*first, "Dense(8, weight_l2=0.0001)", "BatchNorm()", "ReLU()", "Dropout(0.1)"]
    assert layers()[-2].startswith(f"Dense({2 if data == 'moons' else 3}, ")
    assert layers()[-1] == "Softmax()"


@pytest.mark.parametrize(
    "optimizer",
    [
        "SGD({})",
        "SGD({}, momentum=0.9, nesterov=True)",
        "Lion({})",
        "Clipped(Averaged(AdamW({})), norm=1.0)",
    ],
)
@pytest.mark.parametrize("data", ["spiral", "moons"])
def test_the_optimizer_and_its_schedule_are_used(data, optimizer, capsys, no_picture):
    text = optimizer.format("WarmUp(Cosine(0.1, epochs=2), epochs=1)")
    lines = out(capsys, "train", data, *SMALL, "--log-every", "1", "--optimizer", text)
    assert [line.split()[-1] for line in lines[:4]] == ["0.00000", "0.10000", "0.05000", "0.00000"]


def test_the_command_saves_what_the_recipe_trains(capsys, no_picture):
    out(capsys, "train", "spiral", *SMALL, "--seed", "3", "--patience", "0")
    model, _, history, _ = RECIPES["spiral"]["classic"].replace(samples=40, epochs=3, patience=0).train(3)
    np.testing.assert_array_equal(whorl.load("model.npz").parameters, model.parameters)
    assert len(history.epochs) <= 3


def test_patience_ends_the_training_and_the_best_parameters_are_saved(capsys, no_picture):
    rates = ["--optimizer", "Adam(Chain([(2, 0.01), (99, 0.5)]))"]  # after two epochs, steps that spoil all
    lines = out(capsys, "train", "moons", "--samples", "200", "--patience", "2", *rates)
    stop = next(
        i for i, line in enumerate(lines) if line.startswith("stopped after epoch 5: val_loss has not improved")
    )
    saved = re.fullmatch(r"saved model.npz, with the parameters of epoch 2: val loss (\d\.\d{3})", lines[stop + 1])
    assert lines[-2].startswith("doctor: learning rate too high: ")
    lines = out(capsys, "train", "moons", "--samples", "200", "--epochs", "2", *rates, "--output", "other.npz")
    assert "saved other.npz" in lines  # without patience there is nothing to add
    second = next(line for line in lines if line.startswith("epoch 2 |"))
    assert float(saved[1]) == float(re.findall(r"loss (\S+)", second)[1])
    np.testing.assert_array_equal(whorl.load("other.npz").parameters, whorl.load("model.npz").parameters)


def test_the_spiral_is_learned(capsys, no_picture):
    lines = out(capsys, "train", "spiral")
    last = next(line for line in lines if line.startswith("epoch 200 |"))
    train, validation = map(float, re.findall(r"acc (\d\.\d{3})", last))
    assert train >= 0.85
    assert validation >= 0.82
    assert "lr 0.04762" in lines[10]


@pytest.mark.parametrize("data", ["moons", "circles", "xor"])
def test_points_of_the_plane_are_learned(data, capsys):
    lines = out(capsys, "train", data, "--samples", "300")
    if data != "xor":  # which has no noise by default
        accuracy, loss = whorl.datasets.best_possible(data, noise=0.1)
        assert lines.pop() == f"best possible accuracy on new data: {accuracy:.3f} (loss {loss:.3f})"
    assert float(re.findall(r"acc (\d\.\d{3})", lines[-4])[1]) >= 0.95
    assert lines[-3:] == ["saved model.npz", "saved model.toml", f"saved {data}.png"]


def test_blobs_are_learned(capsys, no_picture):
    lines = out(capsys, "train", "blobs", "--spread", "1", "--samples", "200", "--epochs", "5")
    assert float(re.findall(r"acc (\d\.\d{3})", lines[-4])[1]) == 1.0


def test_digits_are_learned(capsys):
    lines = out(capsys, "train", "digits", "--epochs", "20")
    assert float(re.findall(r"acc (\d\.\d{3})", lines[-4])[1]) >= 0.96
    assert Path("digits.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(whorl.load("model.npz").layers[0], whorl.Standardize)


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_images_are_tested_at_the_end(data, capsys, monkeypatch, no_picture):
    images = np.random.default_rng(0).integers(256, size=(120, 28, 28), dtype=np.uint8)
    labels = np.arange(120) % 10
    made_up = (images, labels), (images[:30], labels[:30])
    monkeypatch.setattr(f"whorl.datasets.{data.replace('-', '_')}", lambda: made_up)
    lines = out(capsys, "train", data, "--hidden", "16", "--epochs", "2", "--batch-size", "10")
    measured = whorl.load("model.npz").evaluate(
        images[:30].reshape(30, 784) / np.float32(255), labels[:30], loss=CrossEntropy(), metrics=["accuracy"]
    )
    assert lines[-1] == f"30 test images: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}"


def test_a_file_with_classes(capsys):
    flowers("flowers.csv")
    lines = out(
        capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--preset", "fast", "--epochs", "40"
    )
    assert lines[0] == "300 rows, classification of kind"
    assert lines[-4].startswith("saved model.npz, with the parameters of epoch ")
    assert lines[-3] == "saved model.toml"
    assert re.fullmatch(r"held-out samples: acc [01]\.?\d* loss \S+ calibration error \S+", lines[-2])
    assert lines[-1] == "saved flowers.png"
    model = whorl.load("model.npz")
    table = whorl.tables.table("flowers.csv", preparation=model.preparation)
    assert model.evaluate(table.X, table.y, loss=CrossEntropy(), metrics=["accuracy"])["accuracy"] > 0.9


def test_a_file_with_numbers_to_predict(capsys, no_picture):
    flowers("flowers.csv")
    lines = out(
        capsys, "train", "flowers.csv", "--target", "price", "--ignore", "kind", "--preset", "fast", "--epochs", "9"
    )
    assert lines[0] == "300 rows, regression of price"
    first = next(line for line in lines if line.startswith("epoch 0"))
    assert re.match(r"epoch 0 \| train r2 -?\d\.\d{3} loss \d\.\d{3} \| val r2 ", first)
    assert layers()[-2].startswith("Rescale(")
    assert layers()[-1].startswith("Clip(")


def test_layers_for_a_table(capsys, no_picture):
    flowers("flowers.csv")
    words = [
        "train",
        "flowers.csv",
        "--target",
        "price",
        "--epochs",
        "2",
        "--members",
        "2",
        "--scaling",
        "standardize",
        "--no-clip",
        "--layers",
    ]
    out(capsys, *words, "Dense(4), Tanh()")
    average, rescale = whorl.load("model.npz").layers
    assert (average.members, type(rescale)) == (2, whorl.Rescale)
    assert [type(layer).__name__ for layer in average.layers] == ["Standardize", "Dense", "Tanh", "NTKDense"]


def test_a_table_without_a_line_of_names(capsys, no_picture):
    flowers("named.csv")
    flowers("bare.csv", header="# measured by hand\n# in May\n")
    common = ["--target", "kind", "--ignore", "price", "--epochs", "3", "--preset", "fast"]
    out(capsys, "train", "named.csv", *common, "--output", "named.npz")
    out(
        capsys,
        *["train", "bare.csv", *common, "--output", "bare.npz"],
        *["--skip", "2", "--columns", "length", "colour", "price", "kind"],
    )
    assert Path("named.npz").read_bytes() == Path("bare.npz").read_bytes()


@pytest.mark.parametrize(("data", "recipe"), [(data, next(iter(some.values()))) for data, some in RECIPES.items()])
def test_the_help_of_a_data_set_has_an_option_for_each_of_its_settings(data, recipe, capsys):
    with pytest.raises(SystemExit):
        out(capsys, "train", data, "--help")
    words = capsys.readouterr().out.split()
    settings = [name for name in recipe.settings() if name != "file"]
    assert {f"--{name.replace('_', '-')}" for name in [*settings, "hidden", "learning_rate"]} <= {
        w.strip(",") for w in words
    }
    assert "ReduceOnPlateau," in words


def test_the_help_shows_the_settings_of_the_preset(capsys):
    texts = []
    for preset in ("classic", "best"):
        with pytest.raises(SystemExit):
            out(capsys, "train", "spiral", "--preset", preset, "--help")
        texts.append(" ".join(capsys.readouterr().out.split()))
    assert "[SGD(InverseTime(0.05, decay=0.00025), momentum=0.8)]" in texts[0]
    assert "[Adam(InverseTime(0.01, decay=0.1))]" in texts[1]
    assert "points of each class [2000]" in texts[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["moons", "--layers", "Dense(64), Rely()"], "layers: 'Rely' is not known; did you mean 'ReLU'?"),
        (["moons", "--layers", "dense(64) relu"], "layers: 'dense' is not known; did you mean 'Dense'?"),
        (["moons", "--layers", "Dense(0)"], "layers: Dense: units must be a whole number of at least 1, got 0"),
        (
            ["moons", "--layers", "Embedding([2], 2, columns=[5])"],
            "layers[1], Embedding((2,), 2, columns=(5,)), does not fit",
        ),
        (["moons", "--optimizer", "adam(0.1)"], "optimizer: 'adam' is not known; did you mean 'Adam'?"),
        (["moons", "--optimizer", "Constant(1)"], "optimizer: must be one of Adagrad, Adam, "),
        (["moons", "--optimizer", "Adam(Cosine)"], "optimizer: Cosine: missing a required argument"),
        (["moons", "--loss", "Hinge()"], "loss: 'Hinge' is not known; known are CrossEntropy, Huber, "),
        (["moons", "--patience", "-1"], "patience must be a whole number of at least 0, got -1"),
        (["bare.csv", "--target", "kind", "--columns", "a", "b"], "columns must name the 4 columns of bare.csv, got 2"),
        (
            ["bare.csv", "--target", "kind", "--task", "x"],
            "argument --task: invalid choice: 'x' (choose from",
        ),
        (["bare.csv", "--scales", "1", "wide"], "scales[1] must be a finite number above 0, got 'wide'"),
        (["bare.csv", "--scales", "0"], "scales[0] must be a finite number above 0, got 0.0"),
        (["bare.csv", "--members", "0"], "members must be a whole number of at least 1, got 0"),
        (["bare.csv", "--folds", "1"], "folds must be a whole number of at least 2, got 1"),
        (["bare.csv", "--max-steps", "0"], "max_steps must be a whole number of at least 1, got 0"),
        (["bare.csv", "--time", "0"], "time must be a finite number above 0, got 0.0"),
        (["bare.csv", "--keep", "worst"], "argument --keep: invalid choice: 'worst' (choose from"),
        (["bare.csv", "--preset", "classic"], "table has no preset 'classic'; it has default, fast, best"),
        (["bare.csv", "--target", "kind", "--skip", "-1"], "skip must be a whole number of at least 0, got -1"),
        (["table", "--target", "kind"], "the following arguments are required: FILE"),
    ],
)
def test_a_wrong_command_is_refused(arguments, words, capsys):
    flowers("bare.csv", header="")
    assert words in refused(capsys, "train", *arguments)
    assert [path.name for path in Path().iterdir()] == ["bare.csv"]


def test_the_module_can_be_run():
    done = subprocess.run([sys.executable, "-m", "whorl", *QUICK], capture_output=True, text=True, check=True)
    assert "saved model.npz" in done.stdout


@pytest.mark.parametrize("output", ["pic.png", "folder/model.toml", "a.csv", "a.safetensors", "b.ONNX"])
def test_the_model_is_not_given_the_name_of_another_format(output, capsys):
    assert main([*QUICK, "--output", output]) == 2
    assert (
        f"argument --output: must be a directory, or the name of the model, ending in .npz, got {output!r}"
        in capsys.readouterr().err
    )
    assert list(Path().iterdir()) == []


def test_a_training_that_fails_leaves_no_new_directory(capsys):
    Path("there").mkdir()
    for output in "new/deep", "there":
        assert main(["train", "spiral", "--samples", "30", "--learning-rate", "1e30", "--output", output]) == 2
    assert [path.name for path in Path().iterdir()] == ["there"]


def test_a_training_that_has_learned_nothing_says_so(capsys):
    words = "the network is no better than always predicting the most frequent class (0.333 of the samples): try a lower learning rate"
    assert main(["train", "spiral", "--samples", "60", "--epochs", "3", "--learning-rate", "1e-9"]) == 0
    assert words in capsys.readouterr().out
    assert main(["train", "spiral", "--samples", "60", "--epochs", "40"]) == 0
    assert "no better" not in capsys.readouterr().out
    Path("a.csv").write_text("x,y\n" + "".join(f"{i % 7},{(i * 37) % 11}.5\n" for i in range(80)))
    assert main(["train", "a.csv", "--target", "y", "--epochs", "2", "--learning-rate", "1e-9"]) == 0
    assert "the network is no better than always predicting the mean" in capsys.readouterr().out


def test_overfitting_is_said_with_the_remedy(capsys, no_picture):
    words = ["train", "moons", "--samples", "40", "--noise", "0.5", "--epochs", "150", "--quiet"]
    last = out(capsys, *words)[-2]
    assert last.startswith("overfitting: the validation loss was least after epoch ")
    assert last.endswith("; --patience 10 stops in time, and keeps that network")
    for remedy in (["--keep", "best"], ["--patience", "10"]):
        lines = out(capsys, *words, *remedy)
        assert [line for line in lines if not line.startswith(("saved", "best possible"))] == []
        assert lines[0].startswith("saved model.npz, with the parameters of epoch ")


def test_the_learning_rate_is_searched_for(capsys, no_picture):
    lines = out(capsys, "train", "moons", "--samples", "100", "--epochs", "2", "--find-lr", "--quiet")
    rate = float(re.match(r"learning rate (\S+): a fifth of ", lines[0])[1])
    assert f"{rate:g}" in Path("model.toml").read_text().split("optimizer")[1].splitlines()[0]
    out(capsys, "train", "--config", "model.toml", "--output", "again.npz", "--quiet")
    np.testing.assert_array_equal(whorl.load("again.npz").parameters, whorl.load("model.npz").parameters)
    flowers("flowers.csv")
    words = ["--target", "price", "--ignore", "kind", "--epochs", "1", "--members", "1", "--find-lr", "--quiet"]
    one = out(capsys, "train", "flowers.csv", *words)[0]
    assert one.startswith("learning rate ")
    words[words.index("--members") + 1] = "3"
    assert out(capsys, "train", "flowers.csv", *words)[0] == one  # the first network of several is tried
    rate = one.split(":")[0].removeprefix("learning rate ")
    assert rate in Path("model.toml").read_text().split("optimizer")[1].splitlines()[0]
