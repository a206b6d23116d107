import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from commands import flowers, out, refused

import whorl
from whorl.cli import main
from whorl.cli.presets import SPIRAL, Problem, Spiral

pytestmark = pytest.mark.usefixtures("own_directory")

QUICK = ["train", "spiral", "--samples", "30", "--hidden", "8", "--epochs", "4", "--log-every", "2"]
LINE = r"epoch \d+ \| train acc \d\.\d{3} loss \d+\.\d{3} \| val acc \d\.\d{3} loss \d+\.\d{3} \| lr \d\.\d{5}"


@pytest.fixture
def trained(capsys):
    out(capsys, *QUICK)
    return Path("model.npz")


def test_train_prints_saves_and_draws(capsys):
    lines = out(capsys, *QUICK)
    assert all(re.fullmatch(LINE, line) for line in lines[:3])
    assert [line.split()[1] for line in lines[:3]] == ["0", "2", "4"]
    assert lines[3:] == [
        "saved model.npz",
        "saved model.toml",
        "saved spiral.png",
        "nobody can do better on fresh points of this spiral than acc 0.910 loss 0.213",
    ]
    assert Path("spiral.png").read_bytes().startswith(b"\x89PNG")
    with np.load("model.npz") as archive:
        assert {"w1", "b1", "w2", "b2"} < set(archive.files)


def test_the_form_of_the_default_network():
    assert [type(layer).__name__ for layer in Spiral().model(Problem(None, None), np.random.default_rng(0)).layers] == [
        "Dense",
        "ReLU",
        "Dropout",
        "Dense",
        "Softmax",
    ]
    preset = SPIRAL["classic"]
    assert (preset.learning_rate, preset.decay, preset.epochs) == (0.05, 2.5e-4, 200)
    assert min(preset.momentum, preset.dropout, preset.weight_l2, preset.bias_l2) > 0
    assert f"{preset.solver().rate(200):.5f}" == "0.04762"


def test_the_untrained_network_has_no_opinion(capsys):
    first = out(capsys, "train", "spiral", "--epochs", "1")[0]
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", first)]
    assert losses == [pytest.approx(np.log(3), abs=0.05)] * 2


@pytest.mark.parametrize("preset", SPIRAL)
def test_same_seed_same_bytes(preset, capsys):
    files = []
    for name, seed in [("a", "3"), ("b", "3"), ("c", "4")]:
        out(capsys, *QUICK, "--preset", preset, "--seed", seed, "--output", f"{name}.npz")
        files.append(Path(f"{name}.npz").read_bytes())
    assert files[0] == files[1] != files[2]


def test_every_option_reaches_the_network(capsys, monkeypatch):
    seen = []
    monkeypatch.setattr(Spiral, "problem", lambda self, rng: seen.append((self, rng)) or sys.exit(0))
    arguments = (
        "train spiral --samples 7 --classes 4 --noise 0.1 --hidden 5 6 --dropout 0.3 --weight-l2 0.01 --bias-l2 0.02"
        " --epochs 8 --batch-size 9 --optimizer sgd --learning-rate 0.5 --decay 0.6 --momentum 0.7 --seed 11"
    )
    with pytest.raises(SystemExit):
        main(arguments.split())
    given, rng = seen[0]
    assert rng.bit_generator.state == np.random.default_rng(11).bit_generator.state
    assert given == Spiral(
        samples=7,
        classes=4,
        noise=0.1,
        hidden=(5, 6),
        dropout=0.3,
        weight_l2=0.01,
        bias_l2=0.02,
        epochs=8,
        batch_size=9,
        optimizer="sgd",
        learning_rate=0.5,
        decay=0.6,
        momentum=0.7,
    )
    with pytest.raises(SystemExit):
        main(["train", "spiral", "--preset", "best", "--epochs", "1"])
    best = SPIRAL["best"]
    assert seen[1][0] == Spiral(**{f.name: getattr(best, f.name) for f in fields(Spiral)} | {"epochs": 1})


def test_output_may_be_a_directory_yet_to_be_made_or_a_name(capsys):
    assert "saved runs/one/model.npz" in out(capsys, *QUICK, "--output", "runs/one")
    assert "saved runs/two.npz" in out(capsys, *QUICK, "--output", "runs/two.npz")
    assert {path.name for path in Path("runs").iterdir()} == {"one", "two.png", "two.npz", "two.toml"}


def test_without_matplotlib_the_model_is_saved_all_the_same(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name.startswith("whorl.plot")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(QUICK) == 0
    captured = capsys.readouterr()
    assert "saved model.npz" in captured.out
    assert "no picture: pictures need matplotlib, which is an extra: pip install 'whorl[plot]'" in captured.err


def test_without_noise_there_is_no_limit_to_speak_of(capsys):
    assert out(capsys, *QUICK, "--noise", "0")[-1] == "saved spiral.png"


def test_predict(trained, capsys):
    Path("points.csv").write_text("x,y\n0.5, 0.25\n\n-0.5,1e-1\n")
    lines = out(capsys, "predict", str(trained), "points.csv")
    p = whorl.load(trained).predict([[0.5, 0.25], [-0.5, 0.1]])
    assert lines[0] == "class,p0,p1,p2"
    rows = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    np.testing.assert_array_equal(rows[:, 0], p.argmax(axis=1))
    np.testing.assert_allclose(rows[:, 1:], p, rtol=1e-5)


def test_predict_without_names_and_with_columns_chosen(trained, capsys):
    Path("bare.csv").write_text("0.5,0.25\n")
    Path("named.csv").write_text("\ufeffid,y,x\nseven,0.25,0.5\n", encoding="utf-8")
    bare = out(capsys, "predict", str(trained), "bare.csv")
    assert out(capsys, "predict", str(trained), "named.csv", "--columns", "x", "y") == bare
    Path("late.csv").write_text("measured, in May, by hand\nid,y,x\nseven,0.25,0.5\n")
    assert out(capsys, "predict", str(trained), "late.csv", "--skip", "1", "--columns", "x", "y") == bare
    Path("semicolons.csv").write_text('x;"y"\n0.5; 0.25\n')
    assert out(capsys, "predict", str(trained), "semicolons.csv") == bare


def test_predict_scores_of_a_network_without_softmax(capsys):
    model = whorl.Model([whorl.Dense(2)], inputs=1)
    model.named_parameters()["w1"][:] = [[1, 2]]
    model.save("scores.npz")
    Path("one.csv").write_text("3\n")
    assert out(capsys, "predict", "scores.npz", "one.csv") == ["y0,y1", "3,6"]


def test_inspect(trained, capsys):
    assert "\n".join(out(capsys, "inspect", str(trained))) == str(whorl.load(trained).summary())


# Trouble


CSV = {
    "empty.csv": "",
    "names.csv": "x,y\n",
    "text.csv": "x,y\n1,red\n",
    "nan.csv": "x,y\n1,2\n3,nan\n",
    "short.csv": "x,y\n1,2\n3\n",
    "wide.csv": "x,y,z\n1,2,3\n",
    "bare.csv": "1,2\n",
    "slip.csv": "1,o.5\n1,2\n",
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train", "the following arguments are required: DATA"),
        ("train mnost", "argument DATA: invalid choice: 'mnost'"),
        ("train spiral --samples 0", "argument --samples: must be a whole number of at least 1, got 0"),
        ("train spiral --samples ten", "argument --samples: must be a whole number of at least 1, got 'ten'"),
        ("train spiral --classes 1", "argument --classes: must be a whole number of at least 2, got 1"),
        ("train spiral --noise -1", "argument --noise: must be a finite number at least 0, got -1.0"),
        ("train spiral --hidden 0", "argument --hidden: must be a whole number of at least 1, got 0"),
        ("train spiral --hidden", "argument --hidden: expected at least one argument"),
        (
            "train spiral --dropout 1.0",
            "argument --dropout: must be a finite number at least 0 and below 1, got 1.0",
        ),
        ("train spiral --weight-l2 -1", "argument --weight-l2: must be a finite number at least 0, got -1.0"),
        ("train spiral --bias-l2 nan", "argument --bias-l2: must be a finite number at least 0, got nan"),
        ("train spiral --epochs 0", "argument --epochs: must be a whole number of at least 1, got 0"),
        ("train spiral --batch-size 0", "argument --batch-size: must be a whole number of at least 1, got 0"),
        (
            "train spiral --learning-rate -0.1",
            "argument --learning-rate: must be a finite number at least 0, got -0.1",
        ),
        (
            "train spiral --learning-rate fast",
            "argument --learning-rate: must be a finite number at least 0, got 'fast'",
        ),
        ("train spiral --decay -1", "argument --decay: must be a finite number at least 0, got -1.0"),
        (
            "train spiral --momentum 1",
            "argument --momentum: must be a finite number at least 0 and below 1, got 1.0",
        ),
        ("train spiral --preset best --momentum 0.5", "--momentum is for sgd alone: write it into --optimizer, 'adam'"),
        ("train model.toml", "model.toml is no data: to repeat its training, write whorl train --config model.toml"),
        ("train spiral --seed -1", "argument --seed: must be a whole number of at least 0, got -1"),
        ("train spiral --log-every 0", "argument --log-every: must be a whole number of at least 1, got 0"),
        ("train spiral --preset worst", "argument --preset: invalid choice: 'worst'"),
        ("train spiral --output empty.csv/x", "argument --output: cannot write to 'empty.csv/x': "),
        (
            "train spiral --samples 1 --classes 2",
            "validation must leave samples on both sides, but 0.2 of 2 samples is 0",
        ),
        ("train spiral --samples 30 --epochs 9 --learning-rate 1e30", "the loss became"),
        ("train spiral --output folder.npz", "argument --output: cannot write to 'folder.npz': it is a directory"),
        ("train spiral --output other.npz", "argument --output: cannot write to 'other.toml': it is a directory"),
        ("evaluate nothing.npz spiral", "No such file or directory: 'nothing.npz'"),
        ("evaluate empty.csv spiral", "'empty.csv' is not a model of whorl, or damaged"),
        (
            "evaluate model.npz spiral --classes 4",
            "model.npz has outputs of shape (3,), but spiral has 4 classes",
        ),
        ("evaluate model.npz spiral --samples 0", "argument --samples: must be a whole number"),
        ("predict model.npz nothing.csv", "No such file or directory: 'nothing.csv'"),
        ("predict model.npz .", "Is a directory: '.'"),
        ("predict model.npz empty.csv", "empty.csv is empty"),
        ("predict model.npz names.csv", "names.csv has column names, but no rows"),
        ("predict model.npz text.csv", "text.csv line 2, column 'y': must be a finite number, got 'red'"),
        ("predict model.npz nan.csv", "nan.csv line 3, column 'y': must be a finite number, got 'nan'"),
        ("predict model.npz short.csv", "short.csv line 3 has 1 cells, but the first line has 2"),
        (
            "predict model.npz wide.csv",
            "the network takes 2 inputs, but 3 columns are given: x, y, z; choose with --columns",
        ),
        (
            "predict model.npz wide.csv --columns x w",
            "argument --columns: no column 'w' in wide.csv, which has x, y, z",
        ),
        ("predict model.npz wide.csv --columns x", "the network takes 2 inputs, but 1 columns are given: x"),
        (
            "predict model.npz bare.csv --columns x y",
            "argument --columns: bare.csv has no line of names to find x, y in",
        ),
        ("predict model.npz model.npz", "model.npz is not a CSV file"),
        ("predict model.npz slip.csv", "slip.csv line 1 must be all names or all numbers, got 'o.5' beside numbers"),
        ("train spiral --samples 100000000000000", "Unable to allocate"),
        ("inspect nothing.npz", "No such file or directory: 'nothing.npz'"),
        ("inspect text.csv", "'text.csv' is not a model of whorl, or damaged"),
        ("explain model.npz", "invalid choice: 'explain'"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(arguments, words, capsys):
    for name, text in CSV.items():
        Path(name).write_text(text)
    whorl.Model([whorl.Dense(3), whorl.Softmax()], inputs=2, rng=0).save("model.npz")
    Path("other.toml").mkdir()
    Path("folder.npz").mkdir()
    Path("model.toml").write_text("as it was")
    before = Path("model.npz").read_bytes()
    assert words in refused(capsys, *arguments.split())
    assert Path("model.npz").read_bytes() == before
    assert Path("model.toml").read_text() == "as it was"


def test_help_and_version(capsys):
    for arguments in (
        ["--help"],
        ["train", "--help"],
        ["evaluate", "-h"],
        ["predict", "-h"],
        ["inspect", "-h"],
        ["schedule", "-h"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
        assert "%%" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"whorl {whorl.__version__}\n"


def run(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "whorl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_ctrl_c_stops_after_the_epoch_and_saves_what_there_is():
    with run("train", "spiral", "--epochs", "100000") as process:
        assert process.stdout.readline().startswith("epoch 0 |")
        assert process.stdout.readline().startswith("epoch 20 |")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    lines = rest.splitlines()
    assert process.returncode == 130
    assert "stopping after this epoch" in errors
    assert "Traceback" not in errors
    stopped = next(line for line in lines if line.startswith("stopped after epoch"))
    assert re.fullmatch(r"stopped after epoch \d+: interrupted by Ctrl-C", stopped)
    assert {"saved model.npz", "saved model.toml", "saved spiral.png"} < set(lines)
    epochs = re.search(r"after epoch (\d+)", stopped)[1]
    assert f"interrupted_after_epoch = {epochs}" in Path("model.toml").read_text().splitlines()
    assert whorl.load("model.npz").inputs == (2,)


def test_ctrl_c_twice_stops_at_once_and_loses_nothing_saved(trained):
    before = trained.read_bytes()
    # One epoch that takes long: the second Ctrl-C does not wait for its end.
    with run("train", "spiral", "--epochs", "1", "--samples", "300000", "--batch-size", "1") as process:
        assert process.stdout.readline().startswith("epoch 0 |")
        process.send_signal(signal.SIGINT)
        assert "stopping after this epoch" in process.stderr.readline() + process.stderr.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "whorl train: interrupted; nothing was saved"
    assert trained.read_bytes() == before


def test_a_reader_that_leaves_ends_it_quietly(trained):
    Path("many.csv").write_text("0.1,0.2\n" * 20_000)
    with run("predict", "model.npz", "many.csv") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


def test_the_main_job_learns_the_spiral(capsys):
    lines = out(capsys, "train", "spiral")
    train, validation = map(
        float, re.findall(r"acc (\d\.\d{3})", next(x for x in lines if x.startswith("epoch 200 |")))
    )
    assert train >= 0.85
    assert validation >= 0.82
    assert "lr 0.04762" in lines[10]


def test_ctrl_c_is_pythons_own_again_afterwards(capsys):
    before = signal.getsignal(signal.SIGINT)
    out(capsys, *QUICK)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("closed", ["| true", "> /dev/full"])
def test_a_reader_that_never_reads(closed, trained):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = f"set -o pipefail; {sys.executable} -m whorl inspect model.npz {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 2, 141)
    assert "Exception ignored" not in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_standard_output_it_still_trains():
    command = f"{sys.executable} -m whorl {' '.join(QUICK)} >&-"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    whorl.load("model.npz")


@pytest.mark.parametrize("data", ["moons", "circles", "xor"])
def test_points_of_the_plane_are_learned(data, capsys):
    lines = out(capsys, "train", data, "--samples", "300")
    validation = float(re.findall(r"acc (\d\.\d{3})", lines[-4])[1])
    assert validation >= 0.95
    assert lines[-3:] == ["saved model.npz", "saved model.toml", f"saved {data}.png"]
    assert len(out(capsys, "predict", "model.npz", str(some_points()))) == 3


def some_points():
    Path("points.csv").write_text("a,b\n0.5,0.25\n-0.5,0.1\n")
    return "points.csv"


def test_digits_are_learned(capsys):
    lines = out(capsys, "train", "digits", "--epochs", "20")
    validation = float(re.findall(r"acc (\d\.\d{3})", lines[-4])[1])
    assert validation >= 0.96
    assert Path("digits.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(whorl.load("model.npz").layers[0], whorl.Standardize)


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
def test_images_are_tested_at_the_end(data, capsys, monkeypatch):
    images = np.random.default_rng(0).integers(256, size=(120, 28, 28), dtype=np.uint8)
    labels = np.arange(120) % 10
    made_up = (images, labels), (images[:30], labels[:30])
    monkeypatch.setattr(f"whorl.datasets.{data.replace('-', '_')}", lambda: made_up)
    lines = out(capsys, "train", data, "--hidden", "16", "--epochs", "2", "--batch-size", "10")
    measured = whorl.load("model.npz").evaluate(
        images[:30].reshape(30, 784) / np.float32(255), labels[:30], loss=whorl.CrossEntropy(), metrics=["accuracy"]
    )
    assert lines[-1] == f"30 test images: acc {measured['accuracy']:.4f} loss {measured['loss']:.4f}"


def test_the_help_of_each_data_set_shows_its_own_options(capsys):
    for data, words in [("spiral", "--decay"), ("moons", "--noise"), ("mnist", "--dropout")]:
        with pytest.raises(SystemExit):
            main(["train", data, "--help"])
        assert words in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["train", "mnist", "--noise", "1"])
    assert "unrecognized arguments: --noise 1" in capsys.readouterr().err


def test_a_file_with_classes(capsys):
    flowers("flowers.csv")
    lines = out(capsys, "train", "flowers.csv", "--target", "kind", "--ignore", "price", "--epochs", "40")
    assert lines[0] == "300 rows, classification of kind"
    assert "saved flowers.png" in lines
    assert lines[-3] == "saved model.npz"
    model = whorl.load("model.npz")
    Path("new.csv").write_text("colour,length\nred,3\nwhite,-3\nblue,\n")  # other order, a new category, a gap
    predicted = out(capsys, "predict", "model.npz", "new.csv")
    assert predicted[0] == "kind,lily,rose"
    assert [line.split(",")[0] for line in predicted[1:3]] == ["rose", "lily"]
    assert len(predicted) == 4
    Path("bare.csv").write_text("new ones\nred,3\nwhite,-3\nblue,\n")
    assert out(capsys, "predict", "model.npz", "bare.csv", "--skip", "1", "--columns", "colour", "length") == predicted
    table = whorl.tables.table("flowers.csv", preparation=model.preparation)
    measured = model.evaluate(table.X, table.y, loss=whorl.CrossEntropy(), metrics=["accuracy"])
    assert measured["accuracy"] > 0.9


def test_a_file_with_numbers_is_predicted_in_its_own_unit(capsys):
    flowers("flowers.csv")
    lines = out(
        capsys, "train", "table", "flowers.csv", "--target", "price", "--ignore", "kind", "--output", "price.npz"
    )
    assert lines[0] == "300 rows, regression of price"
    assert re.fullmatch(
        r"epoch 0 \| train r2 -?\d\.\d{3} loss \d\.\d{3} \| val r2 .*",
        lines[1 + lines[1:].index(next(x for x in lines if x.startswith("epoch 0")))],
    )
    Path("new.csv").write_text("length,colour\n1,red\n-1,white\n")
    target, *prices = out(capsys, "predict", "price.npz", "new.csv")
    assert target == "price"
    assert [float(price) for price in prices] == [pytest.approx(1500, abs=100), pytest.approx(700, abs=100)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train flowers.csv", "the following arguments are required: --target"),
        (
            "train flowers.csv --target weight",
            "target must be a column of flowers.csv, which has length, colour, price, kind",
        ),
        ("train nothing.csv --target kind", "No such file or directory: 'nothing.csv'"),
        ("train flowers.csv --target kind --ignore weight", "ignore must name columns of flowers.csv"),
        ("train flowers.csv --target colour --task regression", "must be a number, got 'red'"),
        ("predict flowers.npz flowers.csv --columns length colour", "columns must name the 4 columns of flowers.csv"),
        (
            "predict flowers.npz flowers.csv --columns length colour a b",
            "flowers.csv line 1, column 'length': must be a",
        ),
        ("predict flowers.npz new.csv", "new.csv has no column 'length'; it has colour"),
    ],
)
def test_wrong_commands_about_files(arguments, words, capsys):
    flowers("flowers.csv")
    Path("new.csv").write_text("colour\nred\n")
    table = whorl.tables.table("flowers.csv", "kind", ignore=["price"])
    model = whorl.Model([whorl.Dense(2), whorl.Softmax()], inputs=table.X.shape[1], rng=0)
    model.preparation = table.preparation
    model.save("flowers.npz")
    assert words in refused(capsys, *arguments.split())
