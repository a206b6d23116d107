"""A neural network from scratch, on one page: read it from top to bottom.

A network is a row of layers. `forward` takes a batch of inputs x, one sample a row, and gives the
outputs. `backward` is told dy, how the loss changes with each output; by the chain rule it works out how
the loss changes with the layer's own weights, and returns dx, how it changes with each input: the dy of
the layer before. Training repeats five words: forward, loss, backward, step, repeat.

Run it: python best_implementation.py
"""

import numpy as np

from dataset import spiral, split


class Dense:
    """y = x w + b, with an L2 penalty that keeps the weights small."""

    def __init__(self, n_in, n_out, std, l2, rng):
        self.w = std * rng.standard_normal((n_in, n_out))
        self.b = np.zeros(n_out)
        self.l2 = l2

    def forward(self, x, training):
        self.x = x  # (batch, n_in), needed again in backward
        return x @ self.w + self.b

    def backward(self, dy):
        # y_ij = sum_k x_ik w_kj + b_j, so dL/dw_kj = sum_i x_ik dy_ij, and the penalty adds 2 l2 w_kj.
        self.dw = self.x.T @ dy + 2 * self.l2 * self.w
        self.db = dy.sum(axis=0) + 2 * self.l2 * self.b
        return dy @ self.w.T  # dL/dx_ik = sum_j dy_ij w_kj

    def penalty(self):
        return self.l2 * (np.sum(self.w**2) + np.sum(self.b**2))


class ReLU:
    """y = max(x, 0). The slope is 1 where x was positive, and 0 elsewhere."""

    def forward(self, x, training):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dy):
        return dy * self.positive


class Dropout:
    """While training, silence each input with probability `rate`; scale up the rest to keep the mean."""

    def __init__(self, rate, rng):
        self.rate = rate
        self.rng = rng

    def forward(self, x, training):
        if not training:
            return x
        self.mask = self.draw_mask(x.shape)
        return x * self.mask

    def draw_mask(self, shape):
        return (self.rng.random(shape) >= self.rate) / (1 - self.rate)

    def backward(self, dy):
        return dy * self.mask


class SoftmaxCrossEntropy:
    """Turns scores z into probabilities p = e^z / sum e^z; the loss is -log p[label], its mean over samples."""

    def forward(self, z, labels):
        e = np.exp(z - z.max(axis=1, keepdims=True))  # the same p, and the largest exponent is 0
        self.p = e / e.sum(axis=1, keepdims=True)
        self.labels = labels
        chosen = self.p[np.arange(len(z)), labels]
        return -np.mean(np.log(np.clip(chosen, 1e-7, 1)))  # never log 0

    def backward(self):
        # The Jacobian of softmax and the 1/p of the logarithm cancel: what is left is p - one_hot(label).
        dz = self.p.copy()
        dz[np.arange(len(dz)), self.labels] -= 1
        return dz / len(dz)


class SGD:
    """Momentum: walk along a running sum of the gradients. The rate decays as lr0 / (1 + decay * epoch)."""

    def __init__(self, learning_rate, decay, momentum):
        self.lr0, self.decay, self.momentum = learning_rate, decay, momentum
        self.velocities = {}

    def learning_rate(self, epoch):
        return self.lr0 / (1 + self.decay * epoch)

    def step(self, layers, epoch):
        for i, layer in enumerate(layers):
            for name, gradient in [("w", layer.dw), ("b", layer.db)]:
                velocity = self.momentum * self.velocities.get((i, name), 0) + gradient
                self.velocities[i, name] = velocity
                setattr(layer, name, getattr(layer, name) - self.learning_rate(epoch) * velocity)


class Network:
    def __init__(self, layers):
        self.layers = layers
        self.dense = [layer for layer in layers if isinstance(layer, Dense)]
        self.loss = SoftmaxCrossEntropy()

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def evaluate(self, x, y):
        """Accuracy, and the loss that training lowers: cross-entropy plus the penalties."""
        z = self.forward(x)
        return np.mean(z.argmax(axis=1) == y), self.loss.forward(z, y) + self.penalty()

    def penalty(self):
        return sum(layer.penalty() for layer in self.dense)

    def train_step(self, x, y, optimizer, epoch):
        loss = self.loss.forward(self.forward(x, training=True), y) + self.penalty()
        dy = self.loss.backward()
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        optimizer.step(self.dense, epoch)
        return loss


def report(epoch, network, optimizer, x, y, x_val, y_val):
    acc, loss = network.evaluate(x, y)
    val_acc, val_loss = network.evaluate(x_val, y_val)
    print(
        f"epoch {epoch} | train acc {acc:.3f} loss {loss:.3f} | "
        f"val acc {val_acc:.3f} loss {val_loss:.3f} | lr {optimizer.learning_rate(epoch):.5f}"
    )


def picture(network, x, y, path):
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("no picture: matplotlib is not installed")
        return
    side = np.linspace(-1.05, 1.05, 300)
    grid = np.array([(a, b) for b in side for a in side])
    plt.contourf(side, side, network.forward(grid).argmax(axis=1).reshape(300, 300), alpha=0.4, cmap="brg")
    plt.scatter(*x.T, c=y, s=4, cmap="brg")
    plt.savefig(path)
    print("saved", path)


def main(seed=0, hidden=512, epochs=200, batch_size=32, log_every=20):
    rng = np.random.default_rng(seed)
    x, y, x_val, y_val = split(*spiral(samples=1000, classes=3, rng=rng), rng=rng)

    # sqrt(6) keeps the size of the signal: the coordinates' mean square is 1/6, ReLU halves what is left.
    # The last layer starts near zero: no opinion yet, so the first loss is about ln 3 = 1.099.
    first = Dense(2, hidden, std=np.sqrt(6), l2=2e-6, rng=rng)
    last = Dense(hidden, 3, std=0.01, l2=2e-6, rng=rng)
    network = Network([first, ReLU(), Dropout(0.05, rng), last])
    optimizer = SGD(learning_rate=0.05, decay=2.5e-4, momentum=0.8)

    report(0, network, optimizer, x, y, x_val, y_val)
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            network.train_step(x[rows], y[rows], optimizer, epoch - 1 + start / len(x))
        if epoch % log_every == 0 or epoch == epochs:
            report(epoch, network, optimizer, x, y, x_val, y_val)

    np.savez("model.npz", w1=first.w, b1=first.b, w2=last.w, b2=last.b)
    print("saved model.npz")
    picture(network, x, y, "spiral.png")


if __name__ == "__main__":
    main()
