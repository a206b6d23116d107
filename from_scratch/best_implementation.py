"""A neural network from scratch in one file. Read it from top to bottom.

A network is a list of layers. `forward` takes a batch of inputs x, one sample per row, and returns the
outputs. `backward` takes dy, the gradient of the loss with respect to the outputs. It applies the chain
rule: it stores the gradients of the layer's own weights and returns dx, the gradient with respect to the
inputs, which is the dy of the previous layer. A training step is: forward, loss, backward, update.

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
        self.x = x  # (batch, n_in), kept for backward
        return x @ self.w + self.b

    def backward(self, dy):
        # y_ij = sum_k x_ik w_kj + b_j, so dL/dw_kj = sum_i x_ik dy_ij, and the penalty adds 2 l2 w_kj.
        self.dw = self.x.T @ dy + 2 * self.l2 * self.w
        self.db = dy.sum(axis=0) + 2 * self.l2 * self.b
        return dy @ self.w.T  # dL/dx_ik = sum_j dy_ij w_kj

    def penalty(self):
        return self.l2 * (np.sum(self.w**2) + np.sum(self.b**2))


class ReLU:
    """y = max(x, 0). The derivative is 1 where x is positive and 0 elsewhere."""

    def forward(self, x, training):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dy):
        return dy * self.positive


class Dropout:
    """In training, set each input to 0 with probability `rate`, and scale up the others to keep the mean."""

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
    """Probabilities p = e^z / sum e^z from scores z, and the loss: the mean of -log p[label] over the samples."""

    def forward(self, z, labels):
        e = np.exp(z - z.max(axis=1, keepdims=True))  # same p, but e^z cannot overflow
        self.p = e / e.sum(axis=1, keepdims=True)
        self.labels = labels
        chosen = self.p[np.arange(len(z)), labels]
        return -np.mean(np.log(np.clip(chosen, 1e-7, 1)))  # avoids log 0

    def backward(self):
        # In the product of -1/p[label] and the Jacobian of softmax, 1/p cancels: dz = p - one_hot(label).
        dz = self.p.copy()
        dz[np.arange(len(dz)), self.labels] -= 1
        return dz / len(dz)


class SGD:
    """Gradient descent with momentum. The learning rate decays as lr0 / (1 + decay * epoch)."""

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
        """Return the accuracy and the loss that training minimizes: cross-entropy plus penalties."""
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


def plot(network, x, y, path):
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("no plot: matplotlib is not installed")
        return
    # Blue, green and orange from Okabe and Ito's palette, which colour-blind readers can tell apart.
    colours = np.array([[0, 114, 178], [0, 158, 115], [230, 159, 0]]) / 255
    side = np.linspace(-1.05, 1.05, 300)
    grid = np.array([(a, b) for b in side for a in side])
    classes = network.forward(grid).argmax(axis=1).reshape(300, 300)
    plt.figure(figsize=(6, 6), layout="constrained")
    plt.imshow(colours[classes], extent=[-1.05, 1.05, -1.05, 1.05], origin="lower", alpha=0.35)
    plt.scatter(*x.T, c=colours[y], s=8, edgecolors="black", linewidths=0.2)
    plt.savefig(path, dpi=150)
    print("saved", path)


def main(seed=0, hidden=512, epochs=200, batch_size=32, log_every=20):
    rng = np.random.default_rng(seed)
    x, y, x_val, y_val = split(*spiral(samples=1000, classes=3, rng=rng), rng=rng)

    # The coordinates have a mean square of 1/6; weights with std sqrt(6) give the outputs of ReLU a mean square of 1.
    # The last layer starts near zero: all classes are equally likely, and the first loss is about ln 3 = 1.099.
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

    np.savez("from_scratch.npz", w1=first.w, b1=first.b, w2=last.w, b2=last.b)
    print("saved from_scratch.npz")
    plot(network, x, y, "from_scratch.png")


if __name__ == "__main__":
    main()
