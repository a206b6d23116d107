"""The learning trajectories of PyTorch, from the same start and the same batches.

``python tests/parity/torch_reference.py`` computes them anew and stores them for where PyTorch is absent.
"""

from pathlib import Path

import numpy as np

from whorl import (
    ELU,
    GELU,
    SELU,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    BatchNorm,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    LayerNorm,
    LeakyReLU,
    MeanAbsoluteError,
    MeanSquaredError,
    Mish,
    NAdam,
    Poisson,
    RMSprop,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
    datasets,
)

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


# Counts, and a network whose first rate is e^-25.
COUNT_OPTIMIZER = Adam(0.2)


def count_problem():
    """Data, start parameters and batches, the same for both."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3))
    y = rng.poisson(np.logaddexp(0, X @ [[1.0], [-0.5], [0.2]] + 1)).astype(float)
    batches = [rng.choice(len(X), size=BATCH, replace=False) for _ in range(STEPS)]
    return X, y, np.array([0.3, 0.1, -0.2, -25.0]), batches


def count_trajectory():
    """PyTorch's loss before each step, and its parameters after the last, as one vector."""
    import torch

    X, y, start, batches = count_problem()
    X, y = torch.tensor(X), torch.tensor(y)
    w, b = parameters = [torch.tensor(array, requires_grad=True) for array in (start[:3, None], start[3:])]
    optimizer = torch.optim.Adam(parameters, lr=0.2)
    losses = []
    for rows in batches:
        rates = torch.nn.functional.softplus(X[rows] @ w + b, threshold=1e9)
        loss = torch.nn.functional.poisson_nll_loss(rates, y[rows], log_input=False, eps=0.0)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.array(losses), np.concatenate([p.detach().numpy().ravel() for p in parameters])


# Our loss, PyTorch's class and its arguments, and how to make predictions and labels that suit it from random numbers.
LOSSES = {
    "cross-entropy": (CrossEntropy(), "CrossEntropyLoss", {}, "scores", "labels"),
    "smoothed": (CrossEntropy(label_smoothing=0.1), "CrossEntropyLoss", {"label_smoothing": 0.1}, "scores", "labels"),
    "binary": (BinaryCrossEntropy(), "BCEWithLogitsLoss", {}, "scores", "shares"),
    "binary apart": (BinaryCrossEntropy(), "BCELoss", {}, "shares", "shares"),
    "hinge": (Hinge(margin=0.7), "MultiMarginLoss", {"margin": 0.7}, "scores", "labels"),
    "squared": (MeanSquaredError(), "MSELoss", {}, "scores", "scores"),
    "absolute": (MeanAbsoluteError(), "L1Loss", {}, "scores", "scores"),
    "huber": (Huber(delta=0.6), "HuberLoss", {"delta": 0.6}, "scores", "scores"),
    "poisson": (Poisson(), "PoissonNLLLoss", {"log_input": False, "eps": 0.0}, "rates", "counts"),
}


def examples(kind, seed):
    """Random numbers (40, 5) of a kind."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(40, 5))
    counts = rng.poisson(2.0, size=(40, 5)).astype(float)
    labels = rng.integers(5, size=40)
    return {"scores": z, "shares": 1 / (1 + np.exp(-z)), "rates": np.exp(z), "counts": counts, "labels": labels}[kind]


def loss_and_slope(name):
    """PyTorch's loss and its gradient by the predictions, as one vector."""
    import torch

    _, kind, arguments, predictions, labels = LOSSES[name]
    p = torch.tensor(examples(predictions, 1), requires_grad=True)
    loss = getattr(torch.nn, kind)(**arguments)(p, torch.tensor(examples(labels, 2)))
    loss.backward()
    return np.append(p.grad.numpy().ravel(), loss.item())


# Our layer, and PyTorch's.
LAYERS = {
    "batch norm": (BatchNorm(momentum=0.2, epsilon=1e-3), lambda nn: nn.BatchNorm1d(5, eps=1e-3, momentum=0.2)),
    "layer norm": (LayerNorm(epsilon=1e-3), lambda nn: nn.LayerNorm(5, eps=1e-3)),
    "elu": (ELU(0.7), lambda nn: nn.ELU(0.7)),
    "selu": (SELU(), lambda nn: nn.SELU()),
    "leaky": (LeakyReLU(0.2), lambda nn: nn.LeakyReLU(0.2)),
    "gelu": (GELU(), lambda nn: nn.GELU(approximate="tanh")),
    "silu": (SiLU(), lambda nn: nn.SiLU()),
    "mish": (Mish(), lambda nn: nn.Mish()),
    "softplus": (Softplus(), lambda nn: nn.Softplus(threshold=1e9)),
    "tanh": (Tanh(), lambda nn: nn.Tanh()),
    "sigmoid": (Sigmoid(), lambda nn: nn.Sigmoid()),
}


def two_hundred_passes(name):
    """Plain descent through PyTorch's layer: the outputs of the last pass, dL/dx, and then the prediction, as one vector."""
    import torch

    torch.set_default_dtype(torch.float64)
    layer = LAYERS[name][1](torch.nn)
    aim = torch.tensor(examples("scores", 5))
    for i in range(STEPS):
        x = torch.tensor(2 * examples("scores", i), requires_grad=True)
        y = layer(x)
        ((y - aim) ** 2).mean().backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= 0.5 * parameter.grad
                parameter.grad = None
    layer.eval()
    prediction = layer(torch.tensor(examples("scores", 7)))
    return np.concatenate([array.detach().numpy().ravel() for array in (y, x.grad, prediction)])


def everything():
    """All that is stored."""
    results = {}
    for case in CASES:
        results[f"{case} losses"], results[f"{case} parameters"] = trajectory(case)
    results["counts losses"], results["counts parameters"] = count_trajectory()
    results |= {f"loss {name}": loss_and_slope(name) for name in LOSSES}
    return results | {f"layer {name}": two_hundred_passes(name) for name in LAYERS}


if __name__ == "__main__":
    np.savez_compressed(STORED, **everything())
