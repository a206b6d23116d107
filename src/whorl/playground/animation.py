"""A run as an animated GIF: the decision surface at the states that were kept.

Letters: n points, k classes, g points of the grid along each axis.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from whorl._core.types import Array
from whorl.playground.data import Data
from whorl.playground.frames import probabilities
from whorl.playground.run import Run
from whorl.plot.animation import write_frames
from whorl.plot.boundary import STRENGTH
from whorl.plot.style import rgb
from whorl.training import TrainingState

if TYPE_CHECKING:
    from PIL.Image import Image

FRAMES, GRID, SIZE, BAR = 60, 96, 480, 24
"""The most frames, the points of the grid along each axis, and in pixels the size of the surface and of the line above it."""


def gif(run: Run) -> bytes:
    """Return the picture, from the untrained network to the current one; raise ImportError if matplotlib is not installed."""
    try:
        colours = rgb(len(run.problem.data.classes))
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise ImportError("an animated GIF needs matplotlib, which the extra whorl[plot] installs") from error
    steps = [*run.states.steps]
    shown = steps if len(steps) <= FRAMES else [steps[i] for i in np.linspace(0, len(steps) - 1, FRAMES).astype(int)]
    states = [run.states.before(step) for step in shown]
    if shown[-1] != run.training.step:
        states = [*states[: FRAMES - 1], run.training.state]
    file, points = io.BytesIO(), _points(run.problem.data, colours)
    write_frames([_frame(run, state, colours, points) for state in states], file)
    return file.getvalue()


def _frame(run: Run, state: TrainingState, colours: Array, points: Image) -> Image:
    from PIL import Image, ImageDraw

    model = run.model_at(state)
    p = probabilities(model.predict(run.problem.data.plane(GRID)), model)  # (g · g, k)
    mixed = np.clip(1 - STRENGTH * (1 - p @ colours), 0, 1).reshape(GRID, GRID, 3)[::-1]  # the largest y first
    surface = Image.fromarray((255 * mixed).astype(np.uint8)).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    image = Image.new("RGB", (SIZE, SIZE + BAR), "white")
    image.paste(surface, (0, BAR))
    image.paste(points, (0, BAR), points)
    ImageDraw.Draw(image).text((6, 6), f"epoch {state.epoch:,}, step {state.step:,}", fill="black")
    return image.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _points(data: Data, colours: Array) -> Image:
    """Return the picture of the points, transparent elsewhere."""
    from PIL import Image, ImageDraw

    x0, x1, y0, y1 = data.bounds
    across, down = (SIZE * (data.points - (x0, y1)) / (x1 - x0, y0 - y1)).T
    image = Image.new("RGBA", (SIZE, SIZE))
    draw = ImageDraw.Draw(image)
    for x, y, label in zip(across.tolist(), down.tolist(), data.labels.tolist(), strict=True):
        fill = tuple((255 * colours[label]).astype(int).tolist())
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=fill, outline="white")
    return image
