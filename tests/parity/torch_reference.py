"""The learning trajectories of PyTorch, from the same start and the same batches.

``python tests/parity/torch_reference.py`` computes them anew and stores them for where PyTorch is absent.
"""

from pathlib import Path

import numpy as np

from whorl import SGD, Adagrad, Adam, AdamW, NAdam, RMSprop, datasets

STORED = Path(__file__).parent / "torch_2.13.npz"
STEPS, BATCH, HIDDEN = 200, 32, 16
WEIGHT_L2, BIAS_L2 = 1e-3, 2e-3

# Our optimizer, PyTorch's class and its arguments.
CASES = {
    "sgd": (SGD(0.1), "SGD", {"lr": 0.1}),
    "momentum": (SGD(0.05, momentum=0.9), "SGD", {"lr": 0.05, "momentum": 0.9}),
    "nesterov": (SGD(0.05, momentum=0.9, nesterov=True), "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "adam": (Adam(0.01), "Adam", {"lr": 0.01}),
    "adam-betas": (
        Adam(0.02, beta1=0.8, beta2=0.95, epsilon=1e-3),
        "Adam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3},
    ),
    "adamw": (AdamW(0.01, weight_decay=0.1), "AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    "nadam": (NAdam(0.01), "NAdam", {"lr": 0.01}),
    "rmsprop": (RMSprop(0.003), "RMSprop", {"lr": 0.003}),
    "rmsprop-momentum": (
        RMSprop(0.003, alpha=0.9, momentum=0.5),
        "RMSprop",
        {"lr": 0.003, "alpha": 0.9, "momentum": 0.5},
    ),
    "adagrad": (Adagrad(0.05), "Adagrad", {"lr": 0.05}),
}


def problem():
    """Data, start weights and batches, the same for both."""
    rng = np.random.default_rng(0)
    X, y = datasets.spiral(100, classes=3, rng=rng)
    start = {
        "w1": rng.normal(size=(2, HIDDEN)),
        "b1": 0.1 * rng.normal(size=HIDDEN),
        "w2": 0.3 * rng.normal(size=(HIDDEN, 3)),
        "b2": 0.1 * rng.normal(size=3),
    }
    batches = [rng.choice(len(X), size=BATCH, replace=False) for _ in range(STEPS)]
    return X, y, start, batches


def trajectory(name):
    """PyTorch's loss before each step, and its parameters after the last, as one vector."""
    import torch

    X, y, start, batches = problem()
    X, y = torch.tensor(X), torch.tensor(y)
    w1, b1, w2, b2 = parameters = [torch.tensor(array, requires_grad=True) for array in start.values()]
    _, kind, arguments = CASES[name]
    optimizer = getattr(torch.optim, kind)(parameters, **arguments)
    losses = []
    for rows in batches:
        scores = torch.relu(X[rows] @ w1 + b1) @ w2 + b2
        loss = torch.nn.functional.cross_entropy(scores, y[rows])
        penalty = WEIGHT_L2 * (w1.square().sum() + w2.square().sum()) + BIAS_L2 * (
            b1.square().sum() + b2.square().sum()
        )
        loss = loss + penalty
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(losses), np.concatenate([p.detach().numpy().ravel() for p in parameters])


if __name__ == "__main__":
    results = {}
    for case in CASES:
        results[f"{case} losses"], results[f"{case} parameters"] = trajectory(case)
    np.savez(STORED, **results)
