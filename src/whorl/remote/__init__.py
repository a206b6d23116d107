"""Trainings in other processes and on other machines, by way of any executor of `concurrent.futures`.

`parcels` turns what a training needs into bytes; `worker` is what runs in the other process; `dispatch` hands out the trainings, and
again those of workers that are lost.
"""

from whorl.remote.dispatch import train_all

__all__ = ["train_all"]
