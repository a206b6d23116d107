"""Training with the compiled engine: stopping, going on, callbacks, memory."""

import gc

import numpy as np
import pytest

from whorl import (
    SGD,
    Adam,
    Averaged,
    BatchNorm,
    Callback,
    Clipped,
    CrossEntropy,
    Dense,
    DivergenceError,
    Dropout,
    EarlyStopping,
    Embedding,
    InverseTime,
    Mish,
    Model,
    NAdam,
    NTKDense,
    Parametric,
    PeriodicEmbedding,
    RankScale,
    ReLU,
    RobustScale,
    Scale,
    Softmax,
    Tanh,
)
from whorl.engine.run import CompiledSteps

X = np.random.default_rng(0).standard_normal((90, 5))
Y = np.random.default_rng(1).integers(0, 3, 90)
OPTIMIZERS = [
    SGD(0.05, momentum=0.9),
    Averaged(Clipped(NAdam(0.01), norm=1.0), decay=0.9),
    Adam(InverseTime(0.01, decay=0.1)),
]


def model(dtype=np.float32):
    return Model([Dense(20), ReLU(), Dropout(0.2), BatchNorm(), Dense(3), Softmax()], inputs=5, rng=0, dtype=dtype)


def training(own, optimizer, **options):
    options = {
        "epochs": 6,
        "batch_size": 16,
        "rng": 0,
        "metrics": ["accuracy"],
        "validation": 0.2,
        "threads": 2,
        **options,
    }
    return own.training(X, Y, loss=CrossEntropy(), optimizer=optimizer, fast=True, **options)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("longest", [1, 2, 100])
def test_steps_epochs_and_calls_of_any_length_give_the_same_bits(optimizer, longest):
    whole, single = model(), model()
    for _ in training(whole, optimizer):
        pass
    run = training(single, optimizer)
    run.engine.longest = longest
    records = []
    for number, step in enumerate(run.steps(), start=1):
        records.append(step)
        if number == 7:  # in the middle of an epoch
            break
    for _ in run:
        pass
    assert (single.parameters == whole.parameters).all()
    assert (single.statistics == whole.statistics).all()
    assert [step.number for step in records] == [1, 2, 3, 4, 5, 6, 7]
    assert [step.samples for step in records] == [16, 16, 16, 16, 8, 16, 16]
    assert records[4].epoch["loss"] == pytest.approx(
        sum(step.loss * step.samples for step in records[:5]) / 72, rel=1e-12
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_copy_of_the_state_continues_to_the_same_bits_also_in_another_model(optimizer):
    own, other = model(), model()
    run = training(own, optimizer)
    steps = run.steps()
    for _ in range(12):
        next(steps)
    saved = run.state.copy()
    for _ in steps:
        pass
    expected, losses = own.parameters.copy(), run.state.history["loss"]
    again = training(other, optimizer)
    again.restore(saved)
    for _ in again:
        pass
    assert (other.parameters == expected).all()
    assert again.state.history["loss"] == losses


def test_numpy_can_go_on_where_the_engine_has_stopped_and_the_other_way_round():
    models = [model(np.float64) for _ in range(3)]
    first = [training(own, OPTIMIZERS[1], epochs=3) for own in models]
    for run in first:
        for _ in run:
            pass
    for own, run, fast in zip(models, first, (True, False, True), strict=True):
        options = {"epochs": 6, "batch_size": 16, "rng": 0, "validation": 0.2, "metrics": ["accuracy"]}
        own.fit(
            X,
            Y,
            loss=CrossEntropy(),
            optimizer=OPTIMIZERS[1],
            state=run.state,
            fast=fast,
            threads=2 if fast else None,
            **options,
        )
    assert (models[0].parameters == models[2].parameters).all()
    assert np.abs(models[0].parameters - models[1].parameters).max() < 1e-10


def test_threads_train_as_well_where_the_system_does_not_let_them_choose_their_cores(monkeypatch):
    def refuse(*_):
        raise PermissionError("not allowed")

    usual, refused = model(), model()
    for _ in training(usual, SGD(0.05)):
        pass
    monkeypatch.setattr("os.sched_setaffinity", refuse, raising=False)
    for _ in training(refused, SGD(0.05)):
        pass
    assert (refused.parameters == usual.parameters).all()


def test_divergence_restores_the_start_of_the_epoch():
    own = model()
    run = training(own, SGD(1e30))
    before = own.parameters.copy()
    with pytest.raises(DivergenceError, match="in epoch 1"):
        next(iter(run))
    assert (own.parameters == before).all()
    assert (run.state.step, run.state.current) == (0, None)


def test_early_stopping_restores_the_best_parameters():
    own = model()
    run = training(own, Adam(0.05), epochs=60, callbacks=[EarlyStopping(patience=2)])
    for _ in run:
        pass
    history = run.state.history
    assert len(history.epochs) < 60
    measured = own.evaluate(run.validation.x, run.validation.target, loss=CrossEntropy())
    assert measured["loss"] == pytest.approx(history.best("val_loss")["val_loss"], rel=1e-6)


def test_callbacks_see_the_parameters_of_each_epoch():
    seen = []

    class Look(Callback):
        def on_epoch_end(self, training, epoch):
            seen.append(training.model.parameters.copy())

    own = model()
    for _ in training(own, SGD(0.05), callbacks=[Look()]):
        pass
    assert len({each.tobytes() for each in seen}) == 6
    assert (seen[-1] == own.parameters).all()


def test_a_training_has_one_block_of_memory_whose_size_follows_from_the_sizes():
    run = training(model(), SGD(0.05), metrics=[])
    next(iter(run))
    size = run.engine.arena.nbytes
    wide = Model([Dense(1000), ReLU(), Dense(3), Softmax()], inputs=5, rng=0)
    larger = training(wide, SGD(0.05), metrics=[])
    next(iter(larger))
    batches = 16 * 1000 * 4 * 2 + 16 * 5 * 4  # the output of the layer and its gradient, and the inputs
    rest = larger.engine.arena.nbytes - batches
    assert size < 40_000
    copies = (
        2 * 4 * (5 * 1000 + 1000 + 3 * 3 * 1000)
    )  # each thread's gradients, and the last layer's weights, transposed
    assert 0 < rest < 40_000 + copies


def test_many_steps_do_not_grow_the_memory():
    run = training(model(), Averaged(Adam(0.001), decay=0.9), epochs=10_000, metrics=[], validation=None)
    epochs, counts = iter(run), []
    for epoch in epochs:
        if epoch.number in {100, 300}:
            gc.collect()
            counts.append(sum(type(each) in {np.ndarray, CompiledSteps} for each in gc.get_objects()))
        if epoch.number == 300:
            break
    assert counts[0] == counts[1]


# Kernels write through plain pointers. Every array of the arena gets a margin of a known pattern here, which must be left alone.


DENSE = [Dense(33, weight_l2=1e-3, max_norm=1.0), ReLU(), Dropout(0.3), Dense(3), BatchNorm(), Dense(64), Dropout(0.5)]
TABULAR = [
    NTKDense(6),
    RankScale(5),
    RobustScale(),
    PeriodicEmbedding(3, 5, columns=[5, 0, 2]),
    Scale(multiple=6.0),
    NTKDense(33),
    Parametric(Mish(), multiple=0.1),
    Dropout(0.15),
    Parametric(Tanh()),
]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch_size", [7, 16])
@pytest.mark.parametrize(
    "layers",
    [
        [*DENSE, Dense(3), Softmax()],
        [*TABULAR, Dense(3), Softmax()],
        [Embedding([2, 3], 3, columns=[0, 2]), Dense(3), Softmax()],
    ],
    ids=["dense", "tabular", "embedding"],
)
def test_kernels_write_only_to_their_arrays(layers, threads, batch_size, monkeypatch):
    from whorl.engine import assembly, program

    margins = []
    room = program.Program.room

    def with_margins(self, size):
        before = room(self, 64)
        start = room(self, size)
        after = room(self, 64)
        if self.base:
            margins.extend([before, start + size])
            ends.append(after + 64)
        return start

    ends = []
    monkeypatch.setattr(program.Program, "room", with_margins)
    assembled = []
    original = assembly.assemble

    def assemble(*given):
        result = original(*given)
        arena = result[-1]
        start = arena.ctypes.data
        places = np.array(sorted(margins)) - start
        for place in places:
            arena[place : place + 32] = 0xAB
        assembled.append((arena, places))
        return result

    monkeypatch.setattr("whorl.engine.run.assemble", assemble)
    own = Model(layers, inputs=5, rng=0)
    if isinstance(layers[0], Embedding):
        monkeypatch.setitem(globals(), "X", np.floor(np.abs(X)) % 2)
    for _ in training(own, Clipped(Adam(0.01), norm=1.0), threads=threads, batch_size=batch_size):
        pass
    (arena, places), *more = assembled
    assert not more
    assert len(places) > (20 if isinstance(layers[0], Embedding) else 40)
    assert all((arena[place : place + 32] == 0xAB).all() for place in places)
