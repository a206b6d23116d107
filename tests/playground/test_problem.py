"""A configuration becomes data, a network and a training; whatever is wrong is refused with its place."""

import json

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from whorl import datasets
from whorl.playground import limits
from whorl.playground.configuration import (
    FEATURES,
    Blobs,
    Circles,
    Configuration,
    Moons,
    Points,
    Spiral,
    Stop,
    Table,
    Xor,
)
from whorl.playground.data import COMPUTED, draw
from whorl.playground.limits import ConfigurationError
from whorl.playground.problem import Problem
from whorl.playground.tables import Upload

TWO = ("Dense(4)", "Tanh()", "Dense(2)", "Softmax()")
FLOWERS = "size,colour,id,kind\n" + "".join(
    f"{k % 7 + 0.5},{'red' if k % 3 else 'blue'},{k},{'rose' if k % 7 > 3 else 'tulip'}\n" for k in range(60)
)


def flowers(**settings):
    upload = Upload.read("flowers.csv", FLOWERS)
    return Configuration(data=Table(upload.digest, "kind", **settings), layers=TWO), [upload]


@pytest.mark.parametrize(
    ("data", "drawn", "best"),
    [
        (Spiral(20, 4, 0.3, 3), datasets.spiral(20, 4, noise=0.3, rng=3), {"classes": 4, "noise": 0.3}),
        (Moons(20, 0.4, 3), datasets.moons(20, noise=0.4, rng=3), {"noise": 0.4}),
        (Circles(20, 0.4, 0.7, 3), datasets.circles(20, noise=0.4, factor=0.7, rng=3), {"noise": 0.4, "factor": 0.7}),
        (Xor(20, 0.2, 3), datasets.xor(20, noise=0.2, rng=3), {"noise": 0.2}),
        (
            Blobs(20, 4, 2.0, 3),
            datasets.blobs(20, 4, spread=2.0, rng=3),
            {"classes": 4, "spread": 2.0, "rng": 3},
        ),
        (
            Points(((0.0, 1.0, 0), (2.0, 3.0, 2), (4.0, 5.0, 1), (6.0, 7.0, 2))),
            (np.arange(8.0).reshape(4, 2), np.array([0, 2, 1, 2])),
            None,
        ),
    ],
    ids=lambda value: type(value).__name__.lower() if isinstance(value, msgspec.Struct) else "",
)
def test_points(data, drawn, best):
    found = draw(Configuration(data=data))
    points, labels = drawn
    assert np.array_equal(found.X, points)
    assert np.array_equal(found.points, points)
    assert np.array_equal(found.labels, labels)
    assert found.inputs == ("x", "y")
    assert found.classes == tuple(map(str, range(labels.max() + 1)))
    kind = type(data).__name__.lower()
    assert found.best_possible == (None if best is None else datasets.best_possible(kind, **best))
    x0, x1, y0, y1 = found.bounds
    assert x0 < points[:, 0].min() < points[:, 0].max() < x1
    assert y0 < points[:, 1].min() < points[:, 1].max() < y1


def test_inputs_are_computed_as_the_script_writes_them():
    assert COMPUTED.keys() == FEATURES.keys()
    points, _ = datasets.blobs(50, rng=1)
    x, y = points.T
    expected = np.column_stack([eval(text, {"np": np, "x": x, "y": y}) for text in FEATURES.values()])
    found = draw(Configuration(data=Blobs(50, seed=1), features=tuple(FEATURES)))
    assert found.X.tobytes() == expected.tobytes()
    assert found.inputs == tuple(FEATURES)


def test_the_grid_has_the_inputs_of_the_points():
    found = draw(Configuration(features=("xy", "x")))
    x0, x1, y0, y1 = found.bounds
    plane = found.plane(9)
    assert plane.shape == (81, 2)
    assert np.allclose(plane[0], [x0 * y0, x0])
    assert np.allclose(plane[8], [x1 * y0, x1])  # along x first
    assert np.allclose(plane[80], [x1 * y1, x1])


def test_a_table():
    configuration, uploads = flowers(axes=(0, 2))
    problem = Problem.read(configuration, uploads)
    assert problem.data.inputs == ("size", "colour=blue", "colour=red")  # the column of row numbers is left out
    assert problem.data.classes == ("rose", "tulip")
    assert problem.X[1].tolist() == [1.5, 0, 1]
    assert problem.y[:6].tolist() == [1, 1, 1, 1, 0, 0]
    assert problem.data.points[1].tolist() == [1.5, 1]
    plane = problem.data.plane(8)
    assert set(plane[:, 1]) == {0.0}  # the median
    assert plane[0, [0, 2]].tolist() == [problem.data.bounds[0], problem.data.bounds[2]]

    problem = Problem.read(*flowers(use=("id",), axes=(0, 0)))
    assert problem.data.inputs == ("id",)
    assert problem.X[:3].tolist() == [[0], [1], [2]]


def test_the_columns_of_an_upload():
    upload = Upload.read("flowers.csv", "\ufeff" + FLOWERS.replace("1.5,red", ",red").replace(",", ";"))
    assert upload.columns() == [
        {"name": "size", "kind": "number", "missing": 6, "values": 7},
        {"name": "colour", "kind": "category", "missing": 0, "values": 2},
        {"name": "id", "kind": "number", "missing": 0, "values": 60},
        {"name": "kind", "kind": "category", "missing": 0, "values": 2},
    ]
    assert len(upload.frame) == 60


def test_targets_fit_the_loss():
    one = ("Dense(1)", "Sigmoid()")
    problem = Problem.read(Configuration(data=Moons(), layers=one, loss="BinaryCrossEntropy()"))
    assert problem.y.shape == (200,)
    assert problem.training(problem.model()).train.target.shape == (160, 1)
    problem = Problem.read(Configuration(data=Moons(), layers=TWO, loss="MeanSquaredError()"))
    assert problem.y[[0, 199]].tolist() == [[1, 0], [0, 1]]
    problem = Problem.read(Configuration(data=Moons(), layers=("Dense(2)",), loss="Hinge()"))
    assert problem.y.shape == (200,)


def test_the_training_has_the_settings():
    configuration = Configuration(
        data=Moons(50),
        layers=TWO,
        loss="CrossEntropy(label_smoothing=0.1)",
        optimizer="Clipped(SGD(Cosine(0.1, epochs=9.0)), norm=1.0)",
        validation=0.3,
        batch_size=7,
        seed=5,
        stop=Stop(77, 0.9, 0.1),
    )
    problem = Problem.read(configuration)
    training = problem.training(problem.model())
    assert (len(training.train), len(training.validation), training.batch_size, training.epochs) == (70, 30, 7, 77)
    assert repr(training.options.loss) == configuration.loss
    assert repr(training.options.optimizer) == configuration.optimizer
    assert list(map(repr, training.callbacks)) == ["StopAt('val_accuracy', 0.9)", "StopAt('val_loss', 0.1)"]
    assert problem.model().parameters.tobytes() == problem.model().parameters.tobytes()
    other = Problem.read(replace(configuration, seed=6))
    assert problem.model().parameters.tobytes() != other.model().parameters.tobytes()
    lbfgs = Problem.read(replace(configuration, optimizer="LBFGS()"))
    assert lbfgs.training(lbfgs.model()).batch_size == 70


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"layers": (*TWO, "Foo()")}, "$.layers[4]", "'Foo' is not known"),
        ({"layers": ("Dense(",)}, "$.layers[0]", "cannot be read"),
        ({"layers": ("Dense(2), ReLU()",)}, "$.layers[0]", "must be one of"),
        ({"layers": ("Cosine(0.1, epochs=5)",)}, "$.layers[0]", "must be one of"),
        ({"layers": ("__import__('os').system('true')",)}, "$.layers[0]", "is not known"),
        ({"layers": ("Dense(3)", "Softmax()")}, "$.layers[1]", "must have 2 outputs, one for each class, got 3"),
        ({"layers": ("Dense(1)", "Sigmoid()")}, "$.layers[1]", "must have 2 outputs"),
        ({"layers": ("Dense(2)",)}, "$.layers[0]", "end the model with Softmax()"),
        ({"layers": ("Dense(257)", "Dense(2)", "Softmax()")}, "$.layers[0]", "257 outputs; there can be at most 256"),
        ({"layers": ("Dense(10000000000)",)}, "$.layers[0]", "10,000,000,000 outputs; there can be at most 256"),
        ({"layers": ("Residual([Dense(10000000000), Dense(2)])",)}, "$.layers[0]", "there can be at most 256"),
        ({"layers": ("Residual([Dense(3)])", *TWO)}, "$.layers[0]", "they must be the same"),
        ({"layers": ("Average([Dense(2)], members=48)", "Softmax()")}, "$.layers[0]", "at most 48 layers"),
        ({"layers": ("Dense(256)",) * 6 + TWO}, "$.layers", "330,766 parameters; there can be at most 300,000"),
        ({"layers": ("Residual([Embedding([1000000000], 1)])", *TWO)}, "$.layers[0]", "Embedding takes whole numbers"),
        ({"layers": ("PeriodicEmbedding(2, 100000)", *TWO)}, "$.layers", "parameters; there can be at most 300,000"),
        ({"layers": ("PeriodicEmbedding(2, 20000)", *TWO)}, "$.batch_size", "takes too long"),
        (
            {"layers": ("Dense(256)", "Dense(256)", "Dense(2)", "Softmax()"), "data": Moons(5000), "batch_size": 5000},
            "$.batch_size",
            "a step with 5,000 samples takes too long",
        ),
        (
            {
                "layers": ("Dense(256)", "Dense(256)", "Dense(2)", "Softmax()"),
                "data": Moons(5000),
                "optimizer": "LBFGS()",
            },
            "$.optimizer",
            "a step with 10,000 samples takes too long",
        ),
        ({"optimizer": "Clipped(LBFGS(history=21), norm=1.0)"}, "$.optimizer", "at most 20, got 21"),
        ({"optimizer": "Adam(-1)"}, "$.optimizer", "learning_rate must be a finite number at least 0"),
        ({"optimizer": "Dense(2)"}, "$.optimizer", "must be one of"),
        ({"loss": "Adam()"}, "$.loss", "is not known"),
        ({"loss": "Quantile(7)"}, "$.loss", "must be"),
        ({"features": ("x", "z")}, "$.features[1]", "the input 'z' is not one of x, y, x²"),
        ({"features": ("x", "y", "x")}, "$.features[2]", "the input 'x' is there twice"),
        ({"data": Spiral(5000, 10)}, "$.data.samples", "at most 20,000 points in all, got 50,000"),
        ({"data": Points(((0, 0, 0),) * 4)}, "$.data.points", "points of at least two classes"),
        ({"data": Table("0" * 64, "kind")}, "$.data.digest", "upload it again"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(changes, field, reason):
    with pytest.raises(ConfigurationError) as caught:
        Problem.read(Configuration(**{"data": Moons(), "layers": TWO, **changes}))
    assert caught.value.field == field
    assert reason in str(caught.value)


def test_a_split_that_leaves_no_validation_data_is_refused():
    problem = Problem.read(Configuration(data=Moons(10), layers=TWO, validation=0.01, compiled=True))
    with pytest.raises(ConfigurationError, match="validation must leave samples on both sides") as caught:
        problem.training(problem.model())
    assert caught.value.field == "$.validation"


def test_what_has_no_compiled_kernel_is_refused():
    problem = Problem.read(Configuration(data=Moons(10), layers=TWO, optimizer="LBFGS()", compiled=True))
    with pytest.raises(ConfigurationError, match="LBFGS has no compiled kernel") as caught:
        problem.training(problem.model())
    assert caught.value.field == "$.compiled"


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        ({"target": "sort"}, "$.data", "target must be a column of flowers.csv, which has size, colour, id, kind"),
        ({"target": "id"}, "$.data.target", "at most 10 classes, but 'id' has 60 different values"),
        ({"use": ("weight",)}, "$.data", "use must name columns of flowers.csv"),
        ({"use": ("kind",)}, "$.data", "use must not name the target"),
        ({"axes": (0, 3)}, "$.data.axes", "an axis must be below 3"),
    ],
)
def test_wrong_columns_are_refused(settings, field, reason):
    upload = Upload.read("flowers.csv", FLOWERS)
    table = Table(**{"digest": upload.digest, "target": "kind", **settings})
    with pytest.raises(ConfigurationError) as caught:
        Problem.read(Configuration(data=table, layers=TWO), [upload])
    assert caught.value.field == field
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("a,b\n", "has column names, but no rows"),
        ("a,a\n1,2\n", "a"),
        ("a,b\n1\n", "line 2 has 1 cells"),
        ('a,b\n"1,2\n', "is not a CSV file"),
        (",".join(map(str, range(501))) + "\n" + "1," * 500 + "1\n", "501 columns; there can be at most 500"),
        ("a,b\n" + "1,2\n" * 20_001, "more than 20,000 rows"),
        ("a,b\n1,\ud800\n", "surrogates not allowed"),
    ],
)
def test_malformed_uploads_are_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        Upload.read("table.csv", text)


def test_the_largest_upload_is_read():
    assert len(Upload.read("table.csv", "a,b\n" + "1,2\n" * 20_000).frame) == 20_000


def test_a_table_with_too_many_inputs_is_refused():
    columns = [f"c{i}" for i in range(60)]
    rows = [",".join(f"v{(i * k) % 13}" for i in range(60)) + f",{k % 2}" for k in range(60)]
    upload = Upload.read("wide.csv", "\n".join([",".join([*columns, "y"]), *rows]))
    with pytest.raises(ConfigurationError, match="inputs; there can be at most 500") as caught:
        Problem.read(Configuration(data=Table(upload.digest, "y"), layers=TWO), [upload])
    assert caught.value.field == "$.data.use"


def test_numbers_are_limited_by_the_schema():
    for text in (
        '{"data": {"kind": "spiral", "samples": 5001}}',
        '{"data": {"kind": "spiral", "classes": 11}}',
        '{"data": {"kind": "spiral", "noise": 1e999}}',
        '{"data": {"kind": "points", "points": [[0, 0, 0]]}}',
        '{"batch_size": 0}',
        '{"layers": []}',
        json.dumps({"layers": ["ReLU()"] * 25}),
        json.dumps({"layers": ["x" * 201]}),
        '{"seed": -1}',
        '{"unknown": 1}',
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=Configuration)


def test_the_limit_of_layers_counts_those_inside_others():
    limit = limits.LAYERS
    inside = Configuration(data=Moons(), layers=(f"Average([Dense(2)], members={limit - 2})", "Softmax()"))
    assert len(Problem.read(inside).model().trained) == 2 * (limit - 2)
