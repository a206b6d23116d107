"""The compiled engine, an extra (``whorl[fast]``): the same training steps as in NumPy, compiled by Numba.

`choose` decides which engine a training uses. Nothing else here is loaded before it has chosen this one. How the compiled
epoch works is explained in ``docs/engine.md``.
"""

from whorl.engine.choice import choose, cores, warm_up

__all__ = ["choose", "cores", "warm_up"]
