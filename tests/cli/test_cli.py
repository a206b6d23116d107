"""The command as a whole: help, errors, exit codes, interruption."""

import os
import re
import signal
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from commands import QUICK, checkpoint, flowers, out, refused

import whorl
from whorl.cli import COMMANDS, main

pytestmark = pytest.mark.usefixtures("own_directory")


@pytest.fixture
def trained(capsys):
    out(capsys, *QUICK)
    return Path("model.npz")


def help_text(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert stopped.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], *([name, "-h"] for name in COMMANDS), ["train", "moons", "--help"]])
def test_help(arguments, capsys):
    text = help_text(capsys, *arguments)
    assert "%%" not in text
    assert "`" not in text
    assert max(map(len, text.splitlines())) < 200


def test_the_help_names_all_commands(capsys):
    text = help_text(capsys, "--help")
    words = " ".join(text.split())
    assert all(f"{name} {summary}" in words for name, (_, summary) in COMMANDS.items())


def test_version(capsys):
    assert help_text(capsys, "--version") == f"whorl {whorl.__version__}\n"


def test_help_loads_numpy_and_no_other_package():
    """Loading what a command does not need takes most of the time of a short one."""
    code = "import sys; from whorl.cli import main; main([]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    installed = {name for name in packages_distributions() if name in loaded and not name.startswith("_")}
    assert installed - {"whorl"} == {"numpy"}


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
        (
            "quantize model.npz",
            "there is no command 'quantize'; there are train, sweep, compare, evaluate, explain, predict, playground, serve, describe, export",
        ),
        ("trian spiral", "there is no command 'trian'; did you mean 'train'?"),
        ("--verbose", "the following arguments are required: COMMAND"),
        ("train", "the following arguments are required: DATA"),
        ("train mnost", "there is no data set 'mnost'; did you mean 'mnist'?"),
        ("train spiral --noize 3", "unrecognized arguments: --noize 3; did you mean --noise?"),
        ("train spiral --epoch=3", "unrecognized arguments: --epoch=3; did you mean --epochs?"),
        ("train mnist --noise 1", "unrecognized arguments: --noise 1"),
        ("train spiral moons extra", "unrecognized arguments: moons extra"),
        ("train spiral --samples 0", "samples must be a whole number of at least 1, got 0"),
        ("train spiral --samples ten", "samples must be a whole number of at least 1, got 'ten'"),
        ("train spiral --samples 1e3", "samples must be a whole number of at least 1, got '1e3'"),
        ("train spiral --classes 1", "classes must be a whole number of at least 2, got 1"),
        ("train spiral --noise -1", "noise must be a finite number at least 0, got -1.0"),
        ("train spiral --hidden 0", "units must be a whole number of at least 1, got 0"),
        ("train spiral --hidden", "argument --hidden: expected at least one argument"),
        ("train spiral --dropout 1.0", "rate must be a finite number at least 0 and below 1, got 1.0"),
        (
            "train spiral --layers Dense(9,weight_l2=-1)",
            "layers: Dense: weight_l2 must be a finite number at least 0, got -1",
        ),
        (
            "train spiral --output-layer Dense(1,bias_l2=-1)",
            "output_layer: Dense: bias_l2 must be a finite number at least 0",
        ),
        ("train spiral --epochs 0", "epochs must be a whole number of at least 1, got 0"),
        ("train spiral --batch-size 0", "batch_size must be a whole number of at least 1, got 0"),
        ("train spiral --validation 1", "validation must be a finite number above 0 and below 1, got 1.0"),
        ("train spiral --learning-rate -0.1", "learning_rate must be a finite number at least 0, got -0.1"),
        ("train spiral --learning-rate fast", "learning_rate must be a finite number at least 0, got 'fast'"),
        ("train spiral --optimizer SGD(InverseTime(0.1,decay=-1))", "decay must be a finite number at least 0, got -1"),
        (
            "train spiral --optimizer SGD(0.1,momentum=1)",
            "momentum must be a finite number at least 0 and below 1, got 1",
        ),
        (
            "train moons --optimizer Adam(Chain([(9,0.1)])) --learning-rate 1",
            "there is no learning_rate to change in Chain(",
        ),
        ("train moons --optimizer Adam(0.1,momentum=0.5)", "Adam has no argument 'momentum'"),
        ("train moons --layers ReLU() --hidden 3", "there is no Dense layer to change in [ReLU()]"),
        ("train model.toml", "model.toml is not data: to repeat its training, use whorl train --config model.toml"),
        ("train spiral --seed -1", "--seed must be a whole number of at least 0, got -1"),
        ("train spiral --seed one", "--seed must be a whole number of at least 0, got 'one'"),
        ("train spiral --log-every 0", "--log-every must be a whole number of at least 1, got 0"),
        ("train spiral --preset worst", "spiral has no preset 'worst'; it has classic, best"),
        ("train spiral --output empty.csv/x", "argument --output: cannot write to 'empty.csv/x': "),
        (
            "train spiral --samples 1 --classes 2",
            "validation must leave samples on both sides, but 0.2 of 2 samples is 0",
        ),
        ("train spiral --samples 30 --epochs 9 --learning-rate 1e30", "whorl's doctor: learning rate too high: "),
        ("train spiral --output folder.npz", "argument --output: cannot write to 'folder.npz': it is a directory"),
        ("train spiral --output other.npz", "argument --output: cannot write to 'other.toml': it is a directory"),
        ("train spiral --samples 100000000000000", "Unable to allocate"),
        ("evaluate", "the following arguments are required: MODEL, DATA"),
        ("evaluate model.npz spiral --seed -1", "--seed must be a whole number of at least 0, got -1"),
        ("evaluate nothing.npz spiral", "there is no file 'nothing.npz'"),
        ("evaluate empty.csv spiral", "'empty.csv' is not a whorl model, or is damaged"),
        ("evaluate model.npz spiral --samples 0", "samples must be a whole number of at least 1, got 0"),
        ("predict model.npz nothing.csv", "there is no file 'nothing.csv'"),
        ("predict model.npz .", ". is a folder: this command reads one file"),
        ("predict model.npz empty.csv", "empty.csv is empty"),
        ("predict model.npz names.csv", "names.csv has column names, but no rows"),
        ("predict model.npz text.csv", "text.csv line 2, column 'y': must be a number, got 'red'"),
        ("predict model.npz nan.csv", "nan.csv line 3, column 'y': must be a finite number, got no value"),
        ("predict model.npz short.csv", "short.csv line 3 has 1 cells, but the first line has 2"),
        (
            "predict model.npz wide.csv",
            "the network takes 2 inputs, but 3 columns are given: x, y, z; choose with --columns",
        ),
        (
            "predict model.npz wide.csv --columns x w",
            "wide.csv has no column 'w'; it has x, y, z",
        ),
        ("predict model.npz wide.csv --columns x", "the network takes 2 inputs, but 1 columns are given: x"),
        (
            "predict model.npz bare.csv --columns x y",
            "argument --columns: bare.csv has no line of names to find x, y in",
        ),
        ("predict model.npz model.npz", "model.npz is not a CSV file"),
        ("predict model.npz slip.csv", "slip.csv line 1 must be all names or all numbers, got 'o.5' beside numbers"),
        ("inspect nothing.npz", "there is no file 'nothing.npz'"),
        ("inspect text.csv", "'text.csv' is not a whorl model, or is damaged"),
    ],
)
def test_a_wrong_command_is_refused_and_changes_nothing(arguments, words, capsys):
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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train flowers.csv", "the following arguments are required: --target"),
        (
            "train flowers.csv --target weight",
            "target must be a column of flowers.csv, which has length, colour, price, kind",
        ),
        ("train nothing.csv --target kind", "there is no file 'nothing.csv'"),
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
def test_a_wrong_command_about_a_file_is_refused(arguments, words, capsys):
    flowers("flowers.csv")
    Path("new.csv").write_text("colour\nred\n")
    table = whorl.tables.table("flowers.csv", "kind", ignore=["price"])
    model = whorl.Model([whorl.Dense(2), whorl.Softmax()], inputs=table.X.shape[1], rng=0)
    model.preparation = table.preparation
    model.save("flowers.npz")
    assert words in refused(capsys, *arguments.split())


def run(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "whorl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.posix
def test_ctrl_c_stops_after_the_step_and_saves_the_model():
    with run("train", "spiral", "--epochs", "100000") as process:
        assert process.stdout.readline().startswith("epoch 0 |")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    lines = rest.splitlines()
    assert process.returncode == 130
    assert "stopping after this step" in errors
    assert "Traceback" not in errors
    stopped = next(line for line in lines if line.startswith("stopped after epoch"))
    assert re.fullmatch(r"stopped after epoch \d+( and \d+ steps in all)?: interrupted by Ctrl-C", stopped)
    assert {"saved model.npz", "saved model.toml"} < set(lines)
    epochs = re.search(r"after epoch (\d+)", stopped)[1]
    assert f"interrupted_after_epoch = {epochs}" in Path("model.toml").read_text().splitlines()
    assert whorl.load("model.npz").inputs == (2,)


@pytest.mark.posix
def test_ctrl_c_twice_stops_at_once_and_leaves_the_saved_model_as_it_was(trained):
    before = trained.read_bytes()
    # A step that takes long: the second Ctrl-C does not wait for its end.
    words = "train", "spiral", "--epochs", "9", "--samples", "200000", "--batch-size", "600000"
    with run(*words, env=os.environ | {"WHORL_FAST": "0"}) as process:
        assert process.stdout.readline().startswith("epoch 0 |")
        process.send_signal(signal.SIGINT)
        assert "stopping after this step" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "whorl train: interrupted; nothing was saved"
    assert trained.read_bytes() == before


def test_ctrl_c_has_its_usual_effect_again_afterwards(capsys):
    before = signal.getsignal(signal.SIGINT)
    out(capsys, *QUICK)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.posix
def test_when_the_reader_of_the_output_ends_the_command_ends_without_an_error(trained):
    Path("many.csv").write_text("0.1,0.2\n" * 20_000)
    with run("predict", "model.npz", "many.csv") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


@pytest.mark.posix
@pytest.mark.parametrize("closed", ["| true", *(f"> {full}" for full in ["/dev/full"] if os.path.exists(full))])
def test_output_that_cannot_be_written_gives_no_traceback(closed, trained):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = f"set -o pipefail; {sys.executable} -m whorl inspect model.npz {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 2, 141)
    assert "Exception ignored" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.posix
def test_without_a_standard_output_the_command_trains_all_the_same():
    command = f"{sys.executable} -m whorl {' '.join(QUICK)} >&-"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    whorl.load("model.npz")


def test_with_numpy_alone_everything_but_the_picture_works():
    code = f"""
import sys

class Only:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {{*sys.stdlib_module_names, "numpy", "whorl"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Only())
from whorl.cli import main
codes = [main({QUICK}), main(["evaluate", "model.npz", "spiral", "--samples", "9"]), main(["inspect", "model.npz"])]
codes += [main(["schedule", "Cosine(0.1, epochs=9)"]), main(["train", "--config", "model.toml", "--epochs", "1"])]
print(codes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["[0, 0, 0, 0, 0]"], done.stderr
    assert {path.name for path in Path().iterdir()} == {"model.npz", "model.toml"}
    assert "no picture: whorl.plot needs matplotlib, which the extra" in done.stderr


def test_the_exit_code_of_an_interrupted_command_is_130(monkeypatch, capsys):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("whorl.cli.inspect.run", interrupt)
    np.savez("any.npz")
    assert main(["inspect", "any.npz"]) == 130
    assert capsys.readouterr().err == "whorl inspect: interrupted\n"


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_continues_to_the_same_model(number, capsys, no_picture):
    words = ["train", "spiral", "--samples", "100", "--epochs", "150", "--seed", "5", "--log-every", "1"]
    out(capsys, *words, "--output", "whole")
    with run(*words, "--output", "parts") as process:
        while "epoch 3 " not in process.stdout.readline():
            pass
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    (words_at_end,) = [line for line in rest.splitlines() if line.startswith("to continue: ")]
    assert words_at_end.endswith("the same command with --resume, which reads parts/model.checkpoint.npz")
    assert Path("parts/model.npz").read_bytes() != Path("whole/model.npz").read_bytes()
    out(capsys, *words, "--output", "parts", "--resume")
    assert Path("parts/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()
    assert not Path("parts/model.checkpoint.npz").exists()


def test_resume_without_a_checkpoint_is_an_error(capsys):
    assert "there is no checkpoint model.checkpoint.npz" in refused(capsys, *QUICK, "--resume")


def test_a_checkpoint_of_another_network_is_an_error(capsys):
    checkpoint("model.checkpoint.npz")
    assert "resume must be a checkpoint of this model" in refused(capsys, *QUICK, "--resume")
