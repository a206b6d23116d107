"""The decision boundary over the epochs, as an animated GIF."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from whorl._core import validation
from whorl._core.files import replacing
from whorl.plot.boundary import decision_boundary
from whorl.training import Callback, Epoch, History
from whorl.training.callbacks import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

FRAME, LAST = 120, 2500
"""Milliseconds for which a frame and the last one are shown."""


class BoundaryAnimation(Callback):
    """A callback that draws the decision boundary over the epochs, as an animated GIF.

    The first frame is the untrained network, or the network as training continues. It needs the extra ``whorl[plot]``. A frame
    takes about 0.2 s to draw.

    Parameters
    ----------
    X, y : array_like
        The samples to draw, and their labels, as in `decision_boundary`.
    path : str or path, optional
        The file to write at the end of training, ending in ``.gif``. By default none is written, and `save` does so later.
    frames : int, optional
        The largest number of frames, at least 2; they are evenly spaced over the epochs.

    Examples
    --------
    >>> import tempfile, whorl
    >>> X, y = whorl.datasets.moons(50, rng=0)
    >>> model = whorl.Model([whorl.Dense(2), whorl.Softmax()], inputs=2, rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     film = BoundaryAnimation(X, y, f"{folder}/moons.gif", frames=3)
    ...     history = model.fit(X, y, loss=whorl.CrossEntropy(), optimizer=whorl.SGD(0.1), epochs=4, callbacks=[film], rng=0)
    ...     os.listdir(folder)
    ['moons.gif']
    """

    main_process_only = True

    def __init__(self, X: Any, y: Any, path: str | os.PathLike[str] | None = None, *, frames: int = 50) -> None:
        self.X = X
        self.y = y
        self.path: str | None = path if path is None else _gif(path)
        self.frames: int = validation.integer("frames", frames, minimum=2)
        self.images: list[Image] = []

    def on_train_begin(self, training: Run) -> None:
        if not training.epoch:
            self.images = []
        if not self.images:
            self._draw(training)

    def on_epoch_end(self, training: Run, epoch: Epoch) -> None:
        share = (self.frames - 1) / training.epochs
        if int(epoch.number * share) > int((epoch.number - 1) * share) or epoch.number == training.epochs:
            self._draw(training)

    def on_train_end(self, training: Run, history: History) -> None:
        if self.path is not None and self.images:  # none if the first could not be drawn
            self.save(self.path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the frames drawn so far to a file."""
        if not self.images:
            raise ValueError("there is no frame to save: give the callback to fit first")
        with replacing(_gif(path)) as file:
            write_frames(self.images, file)

    def _draw(self, training: Run) -> None:
        figure = frame(training, self.X, self.y)
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]  # of matplotlib
        image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
        self.images.append(image.quantize(128, dither=Image.Dither.NONE))


def write_frames(images: Sequence[Image], file: BinaryIO) -> None:
    """Write an animated GIF, which shows its last frame longest."""
    durations = [*[FRAME] * (len(images) - 1), LAST]
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0, disposal=1)


def frame(training: Run, X: Any, y: Any) -> Figure:
    """Return the figure of one frame."""
    ax = decision_boundary(training.model, X, y, resolution=150)
    ax.set_title(f"Epoch {training.epoch} of {training.epochs}. {ax.get_title()}", fontsize="medium")
    figure = ax.figure.figure
    figure.set_dpi(80)
    return figure


def _gif(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    if not name.lower().endswith(".gif"):
        raise ValueError(f"path must end in .gif, got {validation.show(name)}")
    if not os.path.isdir(os.path.dirname(name) or "."):
        raise FileNotFoundError(f"path must be in a directory that exists, got {validation.show(name)}")
    return name
