"""Learning rates that follow a cosine: slow changes at the start and the end, fast ones in between."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY

from whorl._core.description import argument
from whorl._core.validation import integer, number
from whorl.schedules.schedule import TIME_EPSILON, Schedule, between


class Cosine(Schedule):
    """``end + ½ (lr0 − end) · (1 + cos(π t / T))``, t epochs into a cycle of T: half a cosine wave.

    Each further cycle starts from lr0 again, a *warm restart*. After the last cycle the rate stays at `end`.

    Parameters
    ----------
    learning_rate : float
        lr0, the rate at the start of each cycle, at least 0.
    epochs : float
        T, the length of the first cycle, above 0.
    end : float, optional
        The rate at the end of each cycle, at least 0.
    cycles : int, optional
        Number of cycles, at least 1: one more than there are restarts.
    growth : float, optional
        Ratio of the length of a cycle to that of the previous one, at least 1: the paper's T_mult. For cycles of 10,
        20 and 40 epochs, use ``epochs=10, cycles=3, growth=2``.

    Notes
    -----
    One cycle is PyTorch's ``CosineAnnealingLR`` up to ``T_max``, after which theirs rises again, and Keras's
    ``CosineDecay``, which counts steps. Restarts are those of ``CosineAnnealingWarmRestarts``, which never end. At the
    boundary of two cycles, the rate is that of the second.

    References
    ----------
    Loshchilov, Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR, equation 5.

    Examples
    --------
    >>> schedule = Cosine(0.5, epochs=10, cycles=2, growth=2)
    >>> [round(schedule(epoch), 6) for epoch in (0, 5, 9.999, 10, 20, 30)]
    [0.5, 0.25, 0.0, 0.5, 0.25, 0.0]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    end: float = argument(number, default=0.0, minimum=0)
    cycles: int = argument(integer, default=1)
    growth: float = argument(number, default=1.0, minimum=1)

    def __call__(self, epoch: float) -> float:
        start, length, last = 0.0, self.epochs, self.cycles - 1  # of the current cycle, and cycles left
        if self.growth == 1:
            start = length * min(math.floor(epoch / length + TIME_EPSILON), last)
        else:
            while last > 0 and epoch + TIME_EPSILON >= start + length:
                start, length, last = start + length, self.growth * length, last - 1
        return _half_wave(self.learning_rate, self.end, max(0.0, (epoch - start) / length))


class OneCycle(Schedule):
    """Half a cosine wave up to the highest rate, then another down to a rate far below the first one.

    With w the end of the warm-up, ``warmup · epochs``, and T = `epochs`::

        lr(t) = start + ½ (lr0 − start) · (1 − cos(π t / w))             t ≤ w
        lr(t) = end + ½ (lr0 − end) · (1 + cos(π (t − w) / (T − w)))     t ≥ w

    In the middle of training, a network tolerates rates that would diverge at the start, and they speed up learning.

    Parameters
    ----------
    learning_rate : float
        lr0, the highest rate, at least 0.
    epochs : float
        T, the length of the cycle, above 0; after it the rate stays at `end`.
    warmup : float, optional
        Fraction of the time in which the rate increases, at least 0 and below 1.
    start, end : float, optional
        The first rate and the last, from 0 to lr0: by default lr0 / 25, and 1/10,000 of the start.

    Notes
    -----
    The shape and the defaults are those of PyTorch's ``OneCycleLR`` with ``anneal_strategy="cos"``. It counts steps from 0
    to ``total_steps − 1``, puts the peak at step ``pct_start · total_steps − 1``, also cycles the momentum by
    default, and raises an error after the end. The paper uses straight lines.

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


class LogCosine(Schedule):
    """``½ lr0 · (1 − cos(2π log₂(1 + (2ᶜ − 1) t / T)))``: c waves from 0 to lr0 and back to 0, each twice as long as the last.

    The network is trained at all rates several times, first quickly and then thoroughly: what too high a rate has spoiled, a later
    part of the wave repairs. One schedule suits data sets of very different sizes.

    Parameters
    ----------
    learning_rate : float
        lr0, the highest rate, at least 0.
    epochs : float
        T, the end of the last wave, above 0. After it the rate stays at 0.
    cycles : int, optional
        c, at least 1.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024), Better by Default, arXiv:2407.04491, section 3 (coslog₄).

    Examples
    --------
    >>> schedule = LogCosine(0.5, epochs=15)
    >>> [round(schedule(epoch), 6) for epoch in (0, 0.414214, 1, 3, 7, 10.313708, 15, 16)]
    [0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0]
    """

    learning_rate: float = argument(number, minimum=0)
    _: KW_ONLY
    epochs: float = argument(number, above=0)
    cycles: int = argument(integer, default=4)

    def __call__(self, epoch: float) -> float:
        share = min(epoch / self.epochs, 1.0)
        return self.learning_rate * (1 - math.cos(2 * math.pi * math.log2(1 + (2**self.cycles - 1) * share))) / 2


def _half_wave(start: float, end: float, share: float) -> float:
    """Return the value of half a cosine wave from `start` to `end` after a share of its time; `end` after all of it."""
    return between(end, start, (1 + math.cos(math.pi * min(share, 1.0))) / 2)
