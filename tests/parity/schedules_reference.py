"""The learning rates of PyTorch's schedulers, epoch by epoch.

``python tests/parity/schedules_reference.py`` computes them anew and stores them for where PyTorch is absent.
"""

from pathlib import Path

import numpy as np

from whorl.schedules import Cosine, Exponential, OneCycle, Polynomial, ReduceOnPlateau, Step, WarmUp

STORED = Path(__file__).parent / "torch_2.13_schedules.npz"
EPOCHS = 40

# What the schedulers that depend on results are shown: it falls, rises, falls by too little, stays, falls again.
RESULTS = [*np.linspace(3, 2, 8), *np.linspace(2, 2.5, 8), *np.linspace(1.9, 1.89995, 8), *[1.8] * 8, *[1.7, 1.8] * 4]

# Our schedule; PyTorch's scheduler and its arguments, with a rate of 0.1 to start from. Its one-cycle policy takes 40
# steps from 0 to 39, with the peak at 0.25 · 40 − 1: ours of 39 epochs has it at 9/39.
CASES = {
    "exponential": (Exponential(0.1, decay=0.9), "ExponentialLR", {"gamma": 0.9}),
    "step": (Step(0.1, factor=0.5, every=7), "StepLR", {"gamma": 0.5, "step_size": 7}),
    "milestones": (Step(0.1, milestones=[5, 20, 30]), "MultiStepLR", {"milestones": [5, 20, 30]}),
    "linear": (Polynomial(0.1, epochs=30), "PolynomialLR", {"total_iters": 30}),
    "polynomial": (Polynomial(0.1, epochs=30, power=2.5), "PolynomialLR", {"total_iters": 30, "power": 2.5}),
    "cosine": (Cosine(0.1, epochs=39, end=0.01), "CosineAnnealingLR", {"T_max": 39, "eta_min": 0.01}),
    "restarts": (
        Cosine(0.1, epochs=3, end=0.001, cycles=9, growth=2),
        "CosineAnnealingWarmRestarts",
        {"T_0": 3, "T_mult": 2, "eta_min": 0.001},
    ),
    "equal restarts": (Cosine(0.1, epochs=7, cycles=9), "CosineAnnealingWarmRestarts", {"T_0": 7}),
    "one cycle": (
        OneCycle(0.1, epochs=39, warmup=9 / 39),
        "OneCycleLR",
        {"max_lr": 0.1, "total_steps": 40, "pct_start": 0.25, "cycle_momentum": False},
    ),
    "warm-up": (WarmUp(Cosine(0.1, epochs=35), epochs=5, start=0.02), "SequentialLR", {}),
    "plateau": (
        ReduceOnPlateau(0.1, monitor="loss", patience=3, minimum=0.001),
        "ReduceLROnPlateau",
        {"factor": 0.5, "patience": 3, "min_lr": 0.001},
    ),
    "plateau, higher is better": (
        ReduceOnPlateau(0.1, monitor="accuracy", higher_is_better=True, factor=0.2, patience=0, threshold=0.01),
        "ReduceLROnPlateau",
        {"mode": "max", "factor": 0.2, "patience": 0, "threshold": 0.01, "eps": 0.0},
    ),
}


def rates(name):
    """PyTorch's rate at the start of each epoch."""
    import torch
    from torch.optim import lr_scheduler

    _, kind, arguments = CASES[name]
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    if kind == "SequentialLR":
        warm = lr_scheduler.LinearLR(optimizer, start_factor=0.2, total_iters=5)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=35)
        scheduler = lr_scheduler.SequentialLR(optimizer, [warm, cosine], milestones=[5])
    else:
        scheduler = getattr(lr_scheduler, kind)(optimizer, **arguments)
    result = []
    for value in RESULTS:
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(result) < EPOCHS:
            scheduler.step(*[value] if kind == "ReduceLROnPlateau" else [])
    return np.array(result)


if __name__ == "__main__":
    np.savez(STORED, **{case: rates(case) for case in CASES})
