"""What the pictures of importance, partial dependence and saliency show, read back from their axes."""

import numpy as np
import pytest

import whorl
from whorl.glassbox import Importance, PartialDependence

CLASSES = PartialDependence("x", np.arange(3.0), np.arange(24.0).reshape(3, 8), tuple("abcdefgh"))


def test_importance_has_a_bar_of_the_mean_for_each_column():
    result = Importance(("b", "a", "c"), np.array([[3.0, 5], [1, 1], [0, -1]]), "accuracy", 0.9, 60)
    ax = whorl.plot.importance(result, count=2)
    assert [bar.get_width() for bar in ax.patches] == [4, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    (spread, _) = ax.collections[0].get_segments()
    np.testing.assert_array_equal(spread[:, 0], [3, 5])
    assert ax.get_xlabel() == "decrease of accuracy"
    assert ax.get_title() == "the 2 most important of 3 columns"


def test_partial_dependence_has_a_line_for_each_output():
    ax = whorl.plot.partial_dependence(CLASSES)
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[0, 1], [1, 9], [2, 17]])
    assert [line.get_label() for line in ax.lines] == list("abcdefg")
    assert ax.get_title() == "the first 7 of 8 outputs"


def test_categories_are_rows_of_points():
    result = PartialDependence("heating", np.array(["gas", "oil"], object), np.array([[1.0], [3]]), ("price",))
    ax = whorl.plot.partial_dependence(result)
    assert ax.lines[0].get_linestyle() == "None"
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 0], [3, 1]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["gas", "oil"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mean prediction: price", "heating")


@pytest.mark.parametrize(
    ("dates", "labels"),
    [
        (["2024-01-01", "2024-06-01", "2024-12-31"], ["2024-01-01", "2024-07-01", "2024-12-31"]),
        (["2024-01-01T00:30", "2024-01-01T12:00", "2024-01-02T00:30"], ["01-01 00:30", "01-01 12:30", "01-02 00:30"]),
    ],
)
def test_dates(dates, labels):
    result = PartialDependence("sold", np.array(dates, "M8"), np.arange(3.0)[:, None], ("price",))
    ax = whorl.plot.partial_dependence(result)
    assert [label.get_text() for label in ax.get_xticklabels()] == labels


def test_saliency_is_an_image_with_an_outline():
    values = np.arange(9.0)
    ax = whorl.plot.saliency(values, np.eye(3).ravel())
    np.testing.assert_array_equal(ax.images[0].get_array(), values.reshape(3, 3))
    assert ax.images[0].get_clim() == (0, 8)
    assert len(ax.collections) == 1
    assert not whorl.plot.saliency(values, np.ones(9)).collections  # nothing to outline


def test_what_is_refused():
    with pytest.raises(TypeError, match="result must be"):
        whorl.plot.importance([1, 2])
    with pytest.raises(TypeError, match="result must be"):
        whorl.plot.partial_dependence([1, 2])
    for values in (np.ones((2, 2, 2)), np.ones(5), np.ones((0, 2))):
        with pytest.raises(
            ValueError, match=r"values must be one image of shape \(height, width\), or the pixels of a square"
        ):
            whorl.plot.saliency(values)
    with pytest.raises(ValueError, match="values must be at least 0"):
        whorl.plot.saliency(-np.eye(2))
    with pytest.raises(ValueError, match=r"image must have the shape of values, \(2, 2\), got \(3, 3\)"):
        whorl.plot.saliency(np.eye(2), np.eye(3))
