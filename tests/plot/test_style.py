"""The colours of classes, of lines and of weights can be told apart by every reader, and in grey with the help of markers and styles.

The simulations of colour blindness are those of Machado, Oliveira and Fernandes (2009), A Physiologically-based Model for Simulation
of Color Vision Deficiency, for a severity of 1. Distances are Euclidean in CIELAB, where 2.3 is just noticeable.
"""

import math
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from whorl.plot.boundary import STRENGTH
from whorl.plot.network import NEGATIVE, POSITIVE
from whorl.plot.records import BANDS
from whorl.plot.style import COLOURS, LINE_COLOURS, LINE_STYLES, MARKERS, SIGNED

VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
}


def lab(colour, vision):
    """A colour as it is seen, in CIELAB."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    linear = np.clip(VISION[vision] @ linear, 0, 1)
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    x = to_xyz @ linear / to_xyz.sum(axis=1)
    x, y, z = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def least_distance(colours, vision, strength=1.0):
    seen = [lab(1 - strength * (1 - np.array(to_rgb(colour))), vision) for colour in colours]
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("vision", VISION)
def test_three_classes_differ_in_their_samples_and_in_the_background(vision):
    assert least_distance(COLOURS[:3], vision) > (18 if vision == "grey" else 30)
    assert least_distance(COLOURS[:3], vision, STRENGTH) > (7 if vision == "grey" else 12)


@pytest.mark.parametrize("vision", [name for name in VISION if name != "grey"])
def test_eight_classes_differ(vision):
    assert least_distance(COLOURS, vision) > 16


@pytest.mark.parametrize("vision", [name for name in VISION if name != "grey"])
def test_seven_lines_differ(vision):
    assert least_distance(LINE_COLOURS, vision) > 15


def test_lines_that_follow_each_other_differ_without_colour():
    assert len(LINE_STYLES) == len(set(LINE_STYLES)) == 4
    assert math.gcd(len(LINE_COLOURS), len(LINE_STYLES)) == 1  # so that 28 lines in a row are all different


@pytest.mark.parametrize("vision", VISION)
def test_the_signs_of_weights_differ(vision):
    assert least_distance([POSITIVE, NEGATIVE], vision) > 18
    shades = mpl.colormaps[SIGNED](np.linspace(0, 1, 5))[:, :3]
    assert least_distance(shades, vision) > 17
    lightness = [lab(shade, vision)[0] for shade in shades]
    assert lightness == sorted(lightness)  # dark is negative, light is positive


@pytest.mark.parametrize("vision", VISION)
def test_the_bands_of_a_distribution_differ(vision):
    shades = [1 - darkness * (1 - np.array(to_rgb(LINE_COLOURS[0]))) for *_, darkness in BANDS]
    assert least_distance([(1, 1, 1), *shades], vision) > 8


def test_every_colour_has_a_marker_of_its_own():
    assert len(COLOURS) == len(set(COLOURS)) == len(MARKERS) == len(set(MARKERS))
