"""Exchange with PyTorch and Keras: these tests need the packages, and are collected only where they are installed.

Keras uses the backend that KERAS_BACKEND names: torch by default, or jax or tensorflow.
"""

import os
from importlib.util import find_spec
from tempfile import mkdtemp

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ["KERAS_HOME"] = mkdtemp(prefix="keras-")  # Keras writes its settings there

collect_ignore = []
if find_spec("torch") is None:
    collect_ignore.append("test_torch_exchange.py")
if find_spec("keras") is None or find_spec(os.environ["KERAS_BACKEND"]) is None:
    collect_ignore.append("test_keras_exchange.py")
