"""The kernels: each is one operation of a training step, on flat arrays."""
