"""How training went."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from whorl.plot.style import COLOURS, axes


def curve(history: Mapping[str, Sequence[float]], name: str, *, ax: Axes | None = None) -> Figure:
    """Draw a value over the epochs, in training and, where there is one, in validation.

    Parameters
    ----------
    history : History
        From `Model.fit`; any mapping from names to lists will do.
    name : str
        ``"loss"``, ``"accuracy"``, or another metric.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = curve({"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}, "loss")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['training', 'validation']
    """
    if name not in history:
        raise ValueError(f"name must be in the history, which has {', '.join(history) or 'no epoch yet'}, got {name!r}")
    figure, ax = axes(ax, figsize=(6, 3.5))
    lines = [("training", name, COLOURS[0])]
    if f"val_{name}" in history:
        lines.append(("validation", f"val_{name}", COLOURS[5]))
    for label, key, colour in lines:
        values = history[key]
        ax.plot(
            range(1, len(values) + 1),
            values,
            label=label,
            color=colour,
            linewidth=1.3,
            marker="." if len(values) == 1 else "",
        )
    _finish(ax, name)
    ax.legend(frameon=False)
    return figure


def learning_rate(history: Mapping[str, Sequence[float]], *, ax: Axes | None = None) -> Figure:
    """Draw the learning rate over the epochs; the rest as in `curve`.

    Examples
    --------
    >>> learning_rate({"learning_rate": [0.1, 0.05]}).axes[0].get_ylabel()
    'learning rate'
    """
    if "learning_rate" not in history:
        raise ValueError("history must have a learning_rate, got one with no epoch yet")
    figure, ax = axes(ax, figsize=(6, 3.5))
    values = history["learning_rate"]
    ax.plot(range(1, len(values) + 1), values, color=COLOURS[2], marker="." if len(values) == 1 else "")
    _finish(ax, "learning rate")
    return figure


def _finish(ax: Axes, name: str) -> None:
    ax.set(xlabel="epoch", ylabel=name, title=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
