"""Rates that follow the cosine: flat at first, flat at last, fast in between."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY

from whorl._core.description import argument
from whorl._core.validation import integer, number
from whorl.schedules.schedule import TIME_EPSILON, Schedule, between


class Cosine(Schedule):
    """``end + ½ (lr0 − end) · (1 + cos(π t / T))``, t epochs into a cycle of T: half a wave down, once or often.

    Each new cycle starts from lr0 again, a *warm restart*. After the last cycle the rate stays at `end`.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start of each cycle, at least 0.
    epochs : float
        T, the length of the first cycle, above 0.
    end : float, optional
        The rate at the end of each cycle, at least 0.
    cycles : int, optional
        How many, at least 1: one less than there are restarts.
    growth : float, optional
        How many times longer each cycle is than the one before it, at least 1: the paper's T_mult. Cycles of 10, 20
        and 40 epochs are ``epochs=10, cycles=3, growth=2``.

    Notes
    -----
    One cycle is PyTorch's ``CosineAnnealingLR`` up to ``T_max``, where theirs goes up again, and Keras's ``CosineDecay``,
    which counts steps. Restarts are those of ``CosineAnnealingWarmRestarts``, which never cease. Where one cycle ends
    and the next begins, the rate is that of the next.

    References
    ----------
    Loshchilov, Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR, equation 5.

    Examples
    --------
    >>> wave = Cosine(0.5, epochs=10, cycles=2, growth=2)
    >>> [round(wave(epoch), 6) for epoch in (0, 5, 9.999, 10, 20, 30)]
    [0.5, 0.25, 0.0, 0.5, 0.25, 0.0]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    end: float = argument(number, default=0.0, minimum=0)
    cycles: int = argument(integer, default=1)
    growth: float = argument(number, default=1.0, minimum=1)

    def __call__(self, epoch: float) -> float:
        return _half_wave(self.learning_rate, self.end, self._progress(epoch))

    def _progress(self, epoch: float) -> float:
        """Return how much of its cycle has passed: 0 at the start of each, 1 at the end of the last."""
        start, length, last = 0.0, self.epochs, self.cycles - 1
        if self.growth == 1:
            start = length * min(math.floor(epoch / length + TIME_EPSILON), last)
        else:
            while last > 0 and epoch + TIME_EPSILON >= start + length:
                start, length, last = start + length, self.growth * length, last - 1
        return max(0.0, (epoch - start) / length)


class OneCycle(Schedule):
    """Up to the peak by half a wave of the cosine, then down by another, far below the start.

    With w the end of the warm-up, ``warmup · epochs``, and T = `epochs`::

        lr(t) = start + ½ (lr0 − start) · (1 − cos(π t / w))             t ≤ w
        lr(t) = end + ½ (lr0 − end) · (1 + cos(π (t − w) / (T − w)))     t ≥ w

    A network can bear rates in mid-course that would have thrown it off at the start, and they keep it from settling
    too soon.

    Parameters
    ----------
    learning_rate : float
        lr0, the highest rate, at least 0.
    epochs : float
        T, how long it takes, above 0; then the rate stays at `end`.
    warmup : float, optional
        The share of the time that goes by on the way up, at least 0 and below 1.
    start, end : float, optional
        The first rate and the last, from 0 to lr0: by default lr0 / 25, and 1/10,000 of the start.

    Notes
    -----
    The shape and the defaults are those of PyTorch's ``OneCycleLR`` with ``anneal_strategy="cos"``. It counts steps from 0
    to ``total_steps − 1``, puts the peak at step ``pct_start · total_steps − 1``, cycles the momentum too unless told not
    to, and refuses to go on after the end. The paper goes up and down by straight lines.

    References
    ----------
    Smith, Topin (2018), Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates,
    arXiv:1708.07120, section 3.

    Examples
    --------
    >>> cycle = OneCycle(0.5, epochs=10, start=0.125, end=0.0)
    >>> [round(cycle(epoch), 6) for epoch in (0, 3, 6.5, 10, 11)]
    [0.125, 0.5, 0.25, 0.0, 0.0]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    warmup: float = argument(number, default=0.3, minimum=0, below=1)
    start: float | None = argument(number, default=None, minimum=0)
    end: float | None = argument(number, default=None, minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("start", "end"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), minimum=0, maximum=self.learning_rate)

    def __call__(self, epoch: float) -> float:
        start = self.learning_rate / 25 if self.start is None else self.start
        end = start / 10_000 if self.end is None else self.end
        top = self.warmup * self.epochs
        if epoch < top:
            return _half_wave(start, self.learning_rate, epoch / top)
        return _half_wave(self.learning_rate, end, (epoch - top) / (self.epochs - top))


def _half_wave(start: float, end: float, share: float) -> float:
    """Return where half a wave from `start` to `end` is when a share of its time has passed; after it, the end."""
    return between(end, start, (1 + math.cos(math.pi * min(share, 1.0))) / 2)
