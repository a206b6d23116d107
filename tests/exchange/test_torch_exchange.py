"""Models in PyTorch and back, compared with PyTorch itself: predictions, training, and what is refused."""

import doctest
import re
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from networks import ALL, CHANGED, draws, everything, examples, model_with, samples, table_model
from tests import test_properties
from torch import nn

import whorl
from whorl import (
    SGD,
    BatchNorm,
    Clip,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    MeanSquaredError,
    Model,
    RankScale,
    ReLU,
    Rescale,
    RobustScale,
    Sigmoid,
    Softmax,
    Softplus,
    Standardize,
)
from whorl.formats import from_torch, to_torch


def outputs(module, X, dtype=None):
    with torch.no_grad():
        return module(torch.tensor(np.asarray(X, dtype))).numpy()


def assert_same(module, model, X):
    x = np.asarray(X, model.dtype)
    expected = model.predict(x)
    found = outputs(module, x)
    assert found.dtype == expected.dtype
    tolerance = 1e-6 if model.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", ALL, ids=repr)
def test_every_layer_predicts_the_same_and_comes_back(layer, dtype):
    model = model_with(layer, Dense(2), dtype=dtype)
    X, module = samples(layer, seed=2), to_torch(model)
    assert_same(module, model, X)
    again = from_torch(module, inputs=5)
    assert (again.layers, again.dtype) == ((CHANGED.get(repr(layer), layer), Dense(2)), model.dtype)
    assert again.named_arrays().keys() == model.named_arrays().keys()
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize("layer", [layer for layer in ALL if not draws(layer)], ids=repr)
def test_both_train_every_layer_alike(layer):
    X, y = samples(layer), np.random.default_rng(3).normal(size=(50, 2))
    first = [] if isinstance(layer, Embedding) else [Dense(5)]
    module = to_torch(model_with(*first, layer, Dense(2))).train()
    model = from_torch(module)
    for _ in range(3):
        loss = nn.functional.mse_loss(module(torch.tensor(X)), torch.tensor(y))
        gradients = torch.autograd.grad(loss, list(module.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(module.parameters(), gradients, strict=True):
                parameter -= 0.02 * gradient
    model.fit(X, y, loss=MeanSquaredError(), optimizer=SGD(0.02), epochs=3, batch_size=50, fast=False)
    for name, array in from_torch(module).named_arrays().items():
        np.testing.assert_allclose(array, model.named_arrays()[name], rtol=0, atol=1e-9, err_msg=name)


@settings(max_examples=30)
@given(test_properties.models(), test_properties.SEEDS)
def test_random_networks(model, seed):
    module, X = to_torch(model), test_properties.samples(model, 20, seed)
    assert_same(module, model, X)
    np.testing.assert_array_equal(from_torch(module, inputs=model.inputs).predict(X), model.predict(X))


def test_the_network_of_a_table(tmp_path):
    model, X = table_model(tmp_path / "table.csv")
    module = to_torch(model)
    assert_same(module, model, X)
    assert from_torch(module).preparation is None


@pytest.mark.parametrize("layer", [Standardize(), RobustScale(), RankScale(3), whorl.Scale()], ids=repr)
def test_inputs_with_several_dimensions(layer):
    X = np.random.default_rng(0).normal(size=(30, 2, 3))
    model = model_with(layer, Flatten(), Dense(2), inputs=(2, 3), X=X)
    assert_same(to_torch(model), model, X)
    assert from_torch(to_torch(model)).inputs == (2, 3)


@pytest.mark.parametrize("X", [[[-50.0, -21.0, 0.0, 21.0, 30.0]], [[-1e4, -1.0, 0.0, 1.0, 1e4]]])
@pytest.mark.parametrize(
    "layer", [Softplus(), Softmax(), Sigmoid(), whorl.Mish(), whorl.GELU(), RankScale(2)], ids=repr
)
def test_extreme_inputs(layer, X):
    model = Model([layer], inputs=5, dtype="float64")
    model.adapt(samples(None))
    assert_same(to_torch(model), model, X)


def test_a_constant_has_no_rank():
    model = model_with(RankScale(), X=np.ones((9, 5)))
    assert_same(to_torch(model), model, samples(None))


def test_ranks_at_the_knots_and_their_gradient():
    X = np.array([[0.0], [1.0], [1.0], [4.0], [10.0]])
    model = model_with(RankScale(), inputs=1, X=X)
    x = torch.tensor([[-1.0], [0.0], [1.0], [2.0], [4.0], [10.0], [11.0]], dtype=torch.float64, requires_grad=True)
    y = to_torch(model)(x)
    y.sum().backward()
    expected, backward = RankScale().forward(x.detach().numpy(), model.p[0])
    np.testing.assert_allclose(y.detach(), expected, atol=1e-15)
    np.testing.assert_allclose(x.grad, backward(np.ones((7, 1)), None), atol=1e-15)


def test_the_module_is_ready_to_use_and_shares_nothing():
    model = model_with(Dense(4), BatchNorm(), Dropout(0.5), Dense(2))
    X, state, before = samples(None), torch.get_rng_state(), model.named_arrays()["w1"].copy()
    module = to_torch(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert not module.training
    assert all(each.is_contiguous() for each in module.state_dict().values())
    again = from_torch(module)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    np.testing.assert_array_equal(model.named_arrays()["w1"], before)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_categories_out_of_range_are_refused():
    module = to_torch(model_with(Embedding([3, 2], 4)))
    for wrong in ([3.0, 0.0], [-1.0, 0.0], [0.0, 2.0]):
        with pytest.raises(IndexError):
            outputs(module, [[*wrong, 0.0, 0.0, 0.0]])


def test_the_state_in_a_file(tmp_path):
    model, X = everything()
    torch.save(to_torch(model).state_dict(), tmp_path / "a.pt")
    other = to_torch(Model(model.layers, inputs=5, rng=7, dtype="float64"))
    other.load_state_dict(torch.load(tmp_path / "a.pt", weights_only=True))
    assert_same(other, model, X)


def test_an_exported_program_needs_no_whorl(tmp_path, monkeypatch):
    layers = [
        Embedding([3], 1),
        RankScale(9),
        RobustScale(),
        whorl.PeriodicEmbedding(3, 2, columns=[2]),
        whorl.Residual([whorl.NTKDense(7)]),
    ]
    X = samples(layers[0])
    model = model_with(*layers, whorl.Parametric(whorl.SELU()), Rescale(2.0, (1.0,) * 7), X=X)
    exported = torch.export.export(to_torch(model), (torch.tensor(X[:7]),), dynamic_shapes=[{0: torch.export.Dim("n")}])
    torch.export.save(exported, tmp_path / "a.pt2")
    for name in [name for name in sys.modules if name.partition(".")[0] == "whorl"]:
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    assert_same(torch.export.load(tmp_path / "a.pt2").module(), model, X)


def test_every_module_works_on_another_device():
    model, X = everything()
    assert to_torch(model).to("meta")(torch.tensor(X, device="meta")).shape == (30, 4)


def test_frozen_layers():
    model = model_with(Dense(4), ReLU(), BatchNorm(), whorl.Residual([Dense(4)]), Dense(2))
    model.freeze(0, 2, 3)
    module = to_torch(model)
    assert [name for name, each in module.named_parameters() if each.requires_grad] == ["4.weight", "4.bias"]
    assert from_torch(module).frozen == {0, 2, 3}
    module[0].bias.requires_grad_()
    assert from_torch(module).frozen == {2, 3}
    assert from_torch(nn.Sequential(nn.Sequential(nn.Identity(), module))).frozen == {2, 3}


class Block(nn.Sequential):
    def __init__(self, size):
        super().__init__(nn.Linear(size, size), nn.ReLU6())


NATIVE = {
    "no bias": (nn.Sequential(nn.Linear(5, 3, bias=False), nn.Tanh(), nn.Linear(3, 2)), [Dense(3), whorl.Tanh(), Dense(2)]),
    "nested": (nn.Sequential(nn.Identity(), nn.Sequential(nn.Linear(5, 4), Block(4)), nn.Softmax(-1)), [Dense(4), Dense(4), Clip(0.0, 6.0), Softmax()]),
    "named": (nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Linear(5, 3))), [ReLU(), Dense(3)]),
    "not affine": (nn.Sequential(nn.BatchNorm1d(5, 1e-3, 0.3, affine=False)), [BatchNorm(momentum=0.3, epsilon=1e-3)]),
    "layer norm": (nn.Sequential(nn.LayerNorm(5, elementwise_affine=False), nn.LayerNorm(5, bias=False)), [LayerNorm(), LayerNorm()]),
    "limits": (nn.Sequential(nn.Linear(5, 3), nn.Hardtanh(-0.1, 0.2), nn.LeakyReLU(0.2), nn.ELU(0.5)), [Dense(3), Clip(-0.1, 0.2), whorl.LeakyReLU(0.2), whorl.ELU(0.5)]),
    "gelu": (nn.Sequential(nn.GELU(approximate="tanh"), nn.Linear(5, 2), nn.Softplus()), [whorl.GELU(), Dense(2), Softplus()]),
    "dropout": (nn.Sequential(nn.Linear(5, 3), nn.Dropout(0.25)), [Dense(3), Dropout(0.25)]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", NATIVE)
def test_modules_of_pytorch(name, dtype):
    module, layers = NATIVE[name]
    module = module.to(dtype).train()
    module(torch.randn(9, 5, dtype=dtype, generator=torch.Generator().manual_seed(0)))  # running means of their own
    training = module.training
    model = from_torch(module)
    assert module.training is training
    assert list(model.layers) == layers
    assert_same(module.eval(), model, samples(None))


def test_a_module_that_occurs_twice():
    twice = nn.Linear(5, 5)
    module = nn.Sequential(twice, nn.ReLU(), twice)
    model = from_torch(module)
    assert model.parameters.size == 60
    assert_same(module, model, samples(None))


def test_inputs():
    images = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    with pytest.raises(ValueError, match=r"inputs must be given, as inputs=\(28, 28\)"):
        from_torch(images)
    assert from_torch(images, inputs=(2, 3)).inputs == (2, 3)
    assert from_torch(images, inputs=6).outputs == (2,)
    with pytest.raises(
        ValueError, match=r"module 1, Linear\(.*\) takes inputs of shape \(6,\), but gets those of shape \(5,\)"
    ):
        from_torch(images, inputs=5)
    with pytest.raises(TypeError, match="inputs must be a whole number of at least 1, got 'a'"):
        from_torch(images, inputs="a")
    assert from_torch(nn.Sequential(nn.ReLU()), inputs=5).dtype == np.float32


class Net(nn.Module):
    def forward(self, x):
        return x


class Own(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


def with_hook(module):
    module.register_forward_hook(lambda module, args, y: 2 * y)
    return module


def mixed():
    return nn.Sequential(nn.Linear(5, 3), nn.Linear(3, 2).double())


REFUSED = {
    "convolution": (nn.Conv2d(1, 2, 3), "module 1, Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1)): whorl has no layer that is equal to Conv2d"),
    "own forward": (Own(nn.ReLU()), "no layer that is equal to Own"),
    "another": (Net(), "module 1, Net(): whorl has no layer that is equal to Net"),
    "gelu": (nn.GELU(), "module 1, GELU(approximate='none'): approximate must be 'tanh', got 'none'; module.approximate = 'tanh' makes it nearly the same function"),
    "inside": (nn.Sequential(nn.ReLU(), nn.Sequential(nn.GELU())), "module 1.1.0, GELU(approximate='none'): approximate must be"),
    "log": (nn.LogSoftmax(dim=1), "write nn.Softmax(dim=1) in its place, and take the logarithm"),
    "dim": (nn.Softmax(dim=0), "dim must be 1, got 0"),
    "batches": (nn.BatchNorm1d(5, track_running_stats=False), "track_running_stats must be True, got False"),
    "cumulative": (nn.BatchNorm1d(5, momentum=None), "momentum must be a finite number above 0 and at most 1, got None"),
    "images": (nn.LayerNorm((5, 2)), "takes inputs of shape (5, 2), but gets those of shape (5,)"),
    "beta": (nn.Softplus(2), "beta must be 1, got 2"),
    "threshold": (nn.Softplus(threshold=3), "threshold must be 40, got 3"),
    "slope": (nn.LeakyReLU(1.5), "module 1, LeakyReLU(negative_slope=1.5): slope must be a finite number at least 0 and below 1, got 1.5"),
    "all dropped": (nn.Dropout(1.0), "rate must be a finite number at least 0 and below 1, got 1.0"),
    "unflatten": (nn.Flatten(0), "start_dim must be 1, got 0"),
    "embedding": (nn.Embedding(9, 2), "whorl.Embedding replaces columns of numbers"),
    "lazy": (nn.LazyLinear(3), "its size is known once the module has been called"),
    "size": (nn.Linear(4, 3), "module 1, Linear(in_features=4, out_features=3, bias=True) takes inputs of shape (4,), but gets those of shape (5,)"),
    "hook": (with_hook(nn.ReLU()), "module 1, ReLU(): it has hooks, functions that change what it computes"),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Linear(5, 3)), "no layer that is equal to ParametrizedLinear"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_equal_is_refused_by_name(name):
    module, words = REFUSED[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        from_torch(nn.Sequential(nn.Linear(5, 5), module), inputs=5)
    assert words in str(caught.value)


def changed(module):
    module[0].rows[1][0] = nn.ReLU()
    return module


def cut(linear):
    linear.bias = nn.Parameter(torch.zeros(2))
    return nn.Sequential(nn.ReLU(), linear)


WRONG = {
    "a path": ("model.pt", TypeError, "got 'model.pt'; whorl opens no file that can run code: if you trust this one, from_torch(torch.load("),
    "a state": (nn.Linear(2, 3).state_dict(), TypeError, "; load it into the module that it belongs to, or into to_torch(model): module.load_state_dict(state)"),
    "a network": (Net(), TypeError, "module must be a torch.nn.Sequential, got Net(); put what its forward calls into nn.Sequential(…), in that order"),
    "a model": (Model([Dense(3)], inputs=2), TypeError, "module must be a torch.nn.Sequential, got Model([Dense(3)], inputs=2)"),
    "nothing": (nn.Sequential(), ValueError, "inputs must be given"),
    "halves": (nn.Sequential(nn.Linear(5, 3)).half(), ValueError, "all numbers must be float32, or all float64, got float16; module.float() converts"),
    "hooked": (with_hook(nn.Sequential(nn.Linear(5, 3))), ValueError, "module itself: it has hooks"),
    "hooked inside": (nn.Sequential(nn.Linear(5, 3), with_hook(nn.Sequential(nn.Identity()))), ValueError, "module 1: it has hooks"),
    "two types": (mixed(), ValueError, "got float32, float64; module.float() converts them to float32"),
    "cut by hand": (cut(nn.Linear(5, 3)), ValueError, "bias=True): b must have shape (3,), got (2,)"),
    "unlike members": (changed(to_torch(model_with(whorl.Average([Dense(5), ReLU()], 2)))), ValueError, "module 0, Average"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(name):
    module, error, words = WRONG[name]
    with pytest.raises(error) as caught:
        from_torch(module)
    assert words in str(caught.value)


def test_models_that_pytorch_cannot_have():
    class Wave(Layer):
        def forward(self, x, p, rng=None):
            return np.sin(x), lambda dy, g: dy * np.cos(x)

    with pytest.raises(TypeError, match=r"but Wave\(\) is of a class of your own, which PyTorch does not have"):
        to_torch(Model([Dense(3), whorl.Residual([Wave()])], inputs=2))
    with pytest.raises(TypeError, match=r"model must be a Model, such as .*, got Sequential\(\)"):
        to_torch(nn.Sequential())


def test_offsets_for_each_feature_come_back():
    module = to_torch(model_with(Rescale(2.0, (1.0, 2.0, 3.0, 4.0, 5.0))))
    assert from_torch(module).layers == (Rescale(2.0, (1.0, 2.0, 3.0, 4.0, 5.0)),)
    assert repr(module[0]) == "Rescale(factor=2.0, offset=(1.0, 2.0, 3.0, 4.0, 5.0))"


def test_examples():
    assert doctest.testmod(sys.modules["whorl.formats.torch"]).failed == 0
    exec(compile(examples("PyTorch"), "docs/exchange.md", "exec"), {})


def test_the_example_of_the_readme_runs():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [block] = [each for each in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "to_torch" in each]
    model = Model([Dense(3), Softmax()], inputs=2, rng=0)
    exec(compile(block, "README.md", "exec"), {"model": model, "X": np.zeros((2, 2))})
