"""PyTorch: eager with index batches, with a DataLoader, and with torch.compile; fused optimizers everywhere."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.functional import cross_entropy, softmax

from benchmarks.cases import MOMENTUM, Array, Case
from benchmarks.peers import Peer


class Eager(Peer):
    """The loop of the tutorials, with batches taken by index from tensors in memory."""

    seed: ClassVar[int] = 0

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        torch.manual_seed(self.seed)
        self.inputs, self.labels = torch.from_numpy(X), torch.from_numpy(y)
        layers: list[Any] = []
        for i, j in zip(case.sizes[:-2], case.sizes[1:-1], strict=True):
            layers += [nn.Linear(i, j), nn.ReLU(), *[nn.Dropout(case.dropout)] * bool(case.dropout)]
        self.model = nn.Sequential(*layers, nn.Linear(*case.sizes[-2:]))
        self.start = deepcopy(self.model.state_dict())
        self.loss = self.batch_loss

    def batch_loss(self, x: Any, y: Any) -> Any:
        """Return the cross-entropy of a batch; the penalty is the optimizer's weight decay."""
        return cross_entropy(self.model(x), y)

    def optimizer(self) -> Any:
        """Return a fresh optimizer. Its weight decay adds d w to the gradient, which is λ w² with d = 2 λ."""
        case, (first, *rest) = self.case, [m for m in self.model if isinstance(m, nn.Linear)]
        groups = [
            {"params": list(first.parameters()), "weight_decay": 2 * case.l2},
            {"params": [p for layer in rest for p in layer.parameters()]},
        ]
        if case.optimizer == "sgd":
            return torch.optim.SGD(groups, case.learning_rate, momentum=MOMENTUM, fused=True)
        return torch.optim.Adam(groups, case.learning_rate, fused=True)

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """Yield an epoch's batches."""
        for rows in torch.randperm(len(self.inputs)).split(self.case.batch):
            yield self.inputs[rows], self.labels[rows]

    def train(self, epochs: int) -> list[float]:
        self.model.load_state_dict(self.start)  # in place, so that compiled code stays valid
        self.model.train()
        optimizer, losses = self.optimizer(), []
        for _ in range(epochs):
            total = torch.zeros(())
            for x, y in self.batches():
                optimizer.zero_grad()
                loss = self.loss(x, y)
                loss.backward()
                optimizer.step()
                total += loss.detach()
            losses.append(float(total) / self.case.steps)
        return losses

    def predict(self, X: Array) -> Array:
        self.model.eval()
        with torch.inference_mode():
            p: Array = softmax(self.model(torch.from_numpy(X)), dim=1).numpy()
        return p


class Loader(Eager):
    """The same with a DataLoader, as in most programs."""

    def batches(self) -> Iterator[tuple[Any, Any]]:
        data = torch.utils.data.TensorDataset(self.inputs, self.labels)
        return iter(torch.utils.data.DataLoader(data, batch_size=self.case.batch, shuffle=True))


class Compiled(Eager):
    """`Eager`, with forward, loss and backward compiled; needs a C++ compiler."""

    def __init__(self, case: Case, X: Array, y: Array) -> None:
        super().__init__(case, X, y)
        torch.compiler.reset()  # one case must not count against another as a recompilation
        self.loss = torch.compile(self.batch_loss)
