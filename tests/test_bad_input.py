"""Wrong calls, and what each must say. After each the model is what it was."""

import numpy as np
import pytest

import whorl
from whorl import (
    SGD,
    Adam,
    Constant,
    Cosine,
    CrossEntropy,
    Dense,
    Dropout,
    Exponential,
    InverseTime,
    Layer,
    Model,
    OneCycle,
    Polynomial,
    Progress,
    ReduceOnPlateau,
    ReLU,
    Softmax,
    WarmUp,
    metrics,
)
from whorl.initializers import Normal
from whorl.metrics import accuracy
from whorl.schedules import Chain, Step

X, Y = whorl.datasets.spiral(10, rng=0)
ONE_HOT = np.eye(3)[Y]


def with_value(value, index=(3, 1)):
    array = X.copy()
    array[index] = value
    return array


def fit(m, X=X, y=Y, **changes):
    return m.fit(X, y, **({"loss": CrossEntropy(), "optimizer": SGD(0.1), "epochs": 1, "rng": 0} | changes))


def evaluate(m, X=X, y=Y, **changes):
    return m.evaluate(X, y, **({"loss": CrossEntropy()} | changes))


# What is called, with the model m; the error's type; words that the message must hold.
CALLS = [
    # layers
    (lambda m: Dense(0), ValueError, "units must be a whole number of at least 1, got 0"),
    (lambda m: Dense(-3), ValueError, "units must be a whole number of at least 1, got -3"),
    (lambda m: Dense(2.5), TypeError, "units must be a whole number of at least 1, got 2.5"),
    (lambda m: Dense("64"), TypeError, "units must be a whole number of at least 1, got '64'"),
    (lambda m: Dense(units=True), TypeError, "units must be a whole number of at least 1, got True"),
    (lambda m: Dense(None), TypeError, "units must be a whole number of at least 1, got None"),
    (lambda m: Dense(3, weight_l2=-1e-4), ValueError, "weight_l2 must be a finite number at least 0, got -0.0001"),
    (lambda m: Dense(3, bias_l2=float("nan")), ValueError, "bias_l2 must be a finite number at least 0, got nan"),
    (lambda m: Dense(3, weight_l2="small"), TypeError, "weight_l2 must be a finite number at least 0, got 'small'"),
    (lambda m: Dense(3, initializer="he"), TypeError, "initializer must be an Initializer, such as HeNormal(), got 'he'"),
    (lambda m: Dense(3, initializer=Normal), TypeError, "got the class Normal itself"),
    (lambda m: Normal(0), ValueError, "std must be a finite number above 0, got 0"),
    (lambda m: Dropout(1.0), ValueError, "rate must be a finite number at least 0 and below 1, got 1.0"),
    (lambda m: Dropout(-0.1), ValueError, "rate must be a finite number at least 0 and below 1, got -0.1"),
    (lambda m: Dropout(50), ValueError, "rate must be a finite number at least 0 and below 1, got 50"),
    (lambda m: Dropout([0.1]), TypeError, "rate must be a finite number at least 0 and below 1, got [0.1]"),
    # models
    (lambda m: Model([], inputs=2), ValueError, "layers must hold at least one layer"),
    (lambda m: Model(Dense(3), inputs=2), TypeError, "layers must be a list of layers, got Dense(3)"),
    (lambda m: Model(3, inputs=2), TypeError, "layers must be a list of layers, got 3"),
    (lambda m: Model([Dense(3), ReLU], inputs=2), TypeError, "layers[1] must be a Layer, such as Dense(64) or ReLU(), got the class ReLU itself"),
    (lambda m: Model([Dense(3), "relu"], inputs=2), TypeError, "layers[1] must be a Layer, such as Dense(64) or ReLU(), got 'relu'"),
    (lambda m: Model([Dense(3)], inputs=0), ValueError, "inputs must be a whole number of at least 1, got 0"),
    (lambda m: Model([Dense(3)], inputs=()), ValueError, "inputs must have at least one dimension, got ()"),
    (lambda m: Model([Dense(3)], inputs=(2, 0)), ValueError, "inputs[1] must be a whole number of at least 1, got 0"),
    (lambda m: Model([Dense(3)], inputs="2"), TypeError, "inputs must be a whole number of at least 1, got '2'"),
    (lambda m: Model([Dense(3)], inputs=(28, 28)), ValueError, "layers[0], Dense(3), does not fit: Dense takes flat inputs of shape (n_in,), got inputs of shape (28, 28)"),
    (lambda m: Model([ReLU(), Softmax()], inputs=(2, 2)), ValueError, "layers[1], Softmax(), does not fit"),
    (lambda m: Model([Dense(3)], inputs=2, rng="seed"), TypeError, "rng must be a whole number of at least 0, a numpy.random.Generator or None, got 'seed'"),
    (lambda m: Model([Dense(3)], inputs=2, rng=-1), ValueError, "rng must be a whole number of at least 0"),
    (lambda m: Model([Dense(3)], inputs=2, rng=True), TypeError, "rng must be a whole number of at least 0"),
    (lambda m: Model([Dense(3)], inputs=2, dtype=int), ValueError, "dtype must be float32 or float64, got <class 'int'>"),
    (lambda m: Model([Dense(3)], inputs=2, dtype="float16"), ValueError, "dtype must be float32 or float64, got 'float16'"),
    (lambda m: Model([Dense(3)], inputs=2, dtype="half precision"), TypeError, "dtype must be float32 or float64"),
    # data
    (lambda m: m.predict(X[0]), ValueError, "X must have shape (n, 2), got (2,); for one sample, give X[None]"),
    (lambda m: m.predict(X.T), ValueError, "X must have shape (n, 2), got (2, 30)"),
    (lambda m: m.predict(X[:, :1]), ValueError, "X must have shape (n, 2), got (30, 1)"),
    (lambda m: m.predict(X[None]), ValueError, "X must have shape (n, 2), got (1, 30, 2)"),
    (lambda m: m.predict(1.0), ValueError, "X must have shape (n, 2), got (1,)"),
    (lambda m: m.predict(X[:0]), ValueError, "X must hold at least one sample, got shape (0, 2)"),
    (lambda m: m.predict([]), ValueError, "X must have shape (n, 2), got (0,)"),
    (lambda m: m.predict([[1, 2], [3]]), ValueError, "X must be an array, with rows of one length"),
    (lambda m: m.predict([["a", "b"]]), TypeError, "X must hold real numbers, got an array of shape (1, 2) and type <U1"),
    (lambda m: m.predict(None), TypeError, "X must hold real numbers"),
    (lambda m: m.predict(X + 1j), TypeError, "X must hold real numbers, got an array of shape (30, 2) and type complex128"),
    (lambda m: m.predict(with_value(np.nan)), ValueError, "X must hold finite numbers, but X[3, 1] is nan (1 of 60"),
    (lambda m: m.predict(with_value(-np.inf, (0, 0))), ValueError, "X must hold finite numbers, but X[0, 0] is -inf"),
    (lambda m: m.predict(with_value(1e39)), ValueError, "are NaN, infinite or too large for float32"),
    (lambda m: fit(m, X=X[:0], y=Y[:0]), ValueError, "X must hold at least one sample"),
    (lambda m: fit(m, X=with_value(np.nan)), ValueError, "X must hold finite numbers, but X[3, 1] is nan"),
    (lambda m: fit(m, X=X[:, 0]), ValueError, "X must have shape (n, 2), got (30,)"),
    (lambda m: fit(m, X=X[:-1]), ValueError, "X and y must have as many samples as each other, got 29 and 30"),
    # labels
    (lambda m: fit(m, y=Y[:, None]), ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (30, 1); use y.ravel()"),
    (lambda m: evaluate(m, y=Y[:, None]), ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (30, 1); use y.ravel()"),
    (lambda m: fit(m, y=ONE_HOT[:, :2]), ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (30, 2)"),
    (lambda m: fit(m, y=ONE_HOT[None]), ValueError, "y must have shape (n,), or (n, 3) if one-hot, got (1, 30, 3)"),
    (lambda m: fit(m, y=0), ValueError, "y must have shape (n,), or (n, 3) if one-hot, got ()"),
    (lambda m: fit(m, y=Y + 1), ValueError, "y must hold labels from 0 to 2, one for each of the model's 3 outputs, but y[20] is 3"),
    (lambda m: fit(m, y=Y - 1), ValueError, "but y[0] is -1"),
    (lambda m: fit(m, y=Y.astype(float)), TypeError, "y must hold whole numbers from 0 to 2, got an array of shape (30,) and type float64"),
    (lambda m: fit(m, y=np.array(["red"] * 30)), TypeError, "y must hold whole numbers from 0 to 2, got an array of shape (30,) and type <U3"),
    (lambda m: fit(m, y=ONE_HOT * 0.5), ValueError, "y must be one-hot: one 1 in each row, the rest 0, but y[0] is [0.5 0.  0. ]"),
    (lambda m: fit(m, y=np.ones((30, 3))), ValueError, "y must be one-hot"),
    (lambda m: fit(m, y=np.where(ONE_HOT == 1, np.nan, 0)), ValueError, "y must hold finite numbers"),
    (lambda m: fit(m, y=Y[:-1]), ValueError, "X and y must have as many samples as each other, got 30 and 29"),
    # training
    (lambda m: fit(m, epochs=-1), ValueError, "epochs must be a whole number of at least 0, got -1"),
    (lambda m: fit(m, epochs=1.5), TypeError, "epochs must be a whole number of at least 0, got 1.5"),
    (lambda m: fit(m, batch_size=0), ValueError, "batch_size must be a whole number of at least 1, got 0"),
    (lambda m: fit(m, batch_size=2.5), TypeError, "batch_size must be a whole number of at least 1, got 2.5"),
    (lambda m: fit(m, accumulate=0), ValueError, "accumulate must be a whole number of at least 1, got 0"),
    (lambda m: m.freeze(9), ValueError, "a place to freeze must be below 5, the number of layers, got 9"),
    (lambda m: m.freeze("w1"), TypeError, "a place to freeze must be a whole number of at least -5, got 'w1'"),
    (lambda m: m.adapt(X[0]), ValueError, "X must have shape (n, 2), got (2,)"),
    (lambda m: m.activations(X.T), ValueError, "X must have shape (n, 2), got (2, 30)"),
    (lambda m: fit(m, callbacks=Progress()), TypeError, "callbacks must be a list of callbacks, got <whorl"),
    (lambda m: SGD(InverseTime), TypeError, "learning_rate must be a number or a schedule, got the class InverseTime itself"),
    (lambda m: SGD(nesterov="no"), TypeError, "nesterov must be True or False, got 'no'"),
    (lambda m: Model([Dense(3)], inputs=2, dtype=None), TypeError, "dtype must be float32 or float64, got None"),
    (lambda m: m.predict(np.ma.masked_less(X, 0)), TypeError, "X must hold a number everywhere, got a masked array"),
    (lambda m: CrossEntropy()(np.zeros((0, 3)), []), ValueError, "prediction must hold at least one sample, got shape (0, 3)"),
    (lambda m: fit(m, loss="cross-entropy"), TypeError, "loss must be a Loss, such as CrossEntropy(), got 'cross-entropy'"),
    (lambda m: fit(m, loss=CrossEntropy), TypeError, "loss must be a Loss, such as CrossEntropy(), got the class CrossEntropy itself"),
    (lambda m: fit(m, optimizer="sgd"), TypeError, "optimizer must be an Optimizer, such as SGD(0.1), got 'sgd'"),
    (lambda m: fit(m, optimizer=SGD), TypeError, "optimizer must be an Optimizer, such as SGD(0.1), got the class SGD itself"),
    (lambda m: fit(m, metrics="accuracy"), TypeError, "metrics must be a list of names or functions, got 'accuracy'"),
    (lambda m: fit(m, metrics=["acuracy"]), ValueError, "or functions, got 'acuracy'"),
    (lambda m: fit(m, metrics=[3]), TypeError, "metrics must be names or functions, got 3"),
    (lambda m: fit(m, metrics=None), TypeError, "metrics must be a list of names or functions, got None"),
    (lambda m: fit(m, validation=0.0), ValueError, "validation must be a finite number above 0 and below 1, got 0.0"),
    (lambda m: fit(m, validation=1.0), ValueError, "validation must be a finite number above 0 and below 1, got 1.0"),
    (lambda m: fit(m, validation=-0.2), ValueError, "validation must be a finite number above 0 and below 1, got -0.2"),
    (lambda m: fit(m, validation=20), ValueError, "validation must be a finite number above 0 and below 1, got 20"),
    (lambda m: fit(m, validation="0.2"), TypeError, "validation must be a finite number above 0 and below 1, got '0.2'"),
    (lambda m: fit(m, validation=0.001), ValueError, "validation must leave samples on both sides, but 0.001 of 30 samples is 0"),
    (lambda m: fit(m, validation=0.999), ValueError, "validation must leave samples on both sides, but 0.999 of 30 samples is 30"),
    (lambda m: fit(m, validation=(X,)), ValueError, "validation must be (X_val, y_val), got 1 items"),
    (lambda m: fit(m, validation=(X, Y[:, None])), ValueError, "in validation: y must have shape (n,)"),
    (lambda m: fit(m, validation=(X[:, :1], Y)), ValueError, "in validation: X must have shape (n, 2), got (30, 1)"),
    (lambda m: fit(m, validation=(with_value(np.inf), Y)), ValueError, "in validation: X must hold finite numbers"),
    (lambda m: fit(m, rng=-1), ValueError, "rng must be a whole number of at least 0"),
    (lambda m: fit(m, rng=1.0), TypeError, "rng must be a whole number of at least 0"),
    (lambda m: fit(m, callbacks=[3]), TypeError, "callbacks[0] must be a Callback, such as Progress(), got 3"),
    (lambda m: fit(m, callbacks=[Progress]), TypeError, "callbacks[0] must be a Callback, such as Progress(), got the class Progress itself"),
    # weights
    (lambda m: fit(m, sample_weight=[1.0]), ValueError, "sample_weight must have shape (30,), one for each sample, got (1,)"),
    (lambda m: fit(m, sample_weight=np.ones((30, 1))), ValueError, "sample_weight must have shape (30,), one for each sample, got (30, 1)"),
    (lambda m: fit(m, sample_weight=-np.ones(30)), ValueError, "sample_weight must not be negative, but sample_weight[0] is -1.0"),
    (lambda m: fit(m, sample_weight=np.zeros(30)), ValueError, "sample_weight must be above 0 for at least one sample"),
    (lambda m: fit(m, sample_weight=np.full(30, np.nan)), ValueError, "sample_weight must hold finite numbers"),
    (lambda m: evaluate(m, sample_weight=[1.0]), ValueError, "sample_weight must have shape (30,), one for each sample, got (1,)"),
    (lambda m: fit(m, class_weight="equal"), ValueError, "class_weight must be 'balanced' or a mapping, got 'equal'"),
    (lambda m: fit(m, class_weight=[1, 2, 3]), TypeError, "class_weight must be a mapping from label to weight, or 'balanced', got [1, 2, 3]"),
    (lambda m: fit(m, class_weight={3: 1.0}), ValueError, "a label in class_weight must be from 0 to 2, got 3"),
    (lambda m: fit(m, class_weight={"red": 1.0}), TypeError, "a label in class_weight must be a whole number of at least 0, got 'red'"),
    (lambda m: fit(m, class_weight={1: -1.0}), ValueError, "class_weight[1] must be a finite number at least 0, got -1.0"),
    # optimizers and schedules
    (lambda m: SGD(-0.1), ValueError, "learning_rate must be a finite number at least 0, got -0.1"),
    (lambda m: SGD(float("inf")), ValueError, "learning_rate must be a finite number at least 0, got inf"),
    (lambda m: SGD("fast"), TypeError, "learning_rate must be a finite number at least 0, got 'fast'"),
    (lambda m: SGD(momentum=1.0), ValueError, "momentum must be a finite number at least 0 and below 1, got 1.0"),
    (lambda m: SGD(momentum=-0.5), ValueError, "momentum must be a finite number at least 0 and below 1, got -0.5"),
    (lambda m: SGD(nesterov=True), ValueError, "nesterov=True needs a momentum above 0, got momentum 0.0"),
    (lambda m: Adam(beta1=1.0), ValueError, "beta1 must be a finite number at least 0 and below 1, got 1.0"),
    (lambda m: Adam(beta2=-1), ValueError, "beta2 must be a finite number at least 0 and below 1, got -1"),
    (lambda m: Adam(epsilon=0), ValueError, "epsilon must be a finite number above 0, got 0"),
    (lambda m: Constant(-1), ValueError, "learning_rate must be a finite number at least 0, got -1"),
    (lambda m: InverseTime(0.1, decay=-1), ValueError, "decay must be a finite number at least 0, got -1"),
    (lambda m: SGD(Cosine), TypeError, "learning_rate must be a number or a schedule, got the class Cosine itself"),
    (lambda m: Exponential(0.1, decay=0), ValueError, "decay must be a finite number above 0 and at most 1, got 0"),
    (lambda m: Exponential(0.1, decay=10), ValueError, "decay must be a finite number above 0 and at most 1, got 10"),
    (lambda m: Step(0.1), ValueError, "either every or milestones must be given, got every=None and milestones=None"),
    (lambda m: Step(0.1, every=1, milestones=[2]), ValueError, "either every or milestones must be given, got every=1 and milestones=[2]"),
    (lambda m: Step(0.1, every=0), ValueError, "every must be a finite number above 0, got 0"),
    (lambda m: Step(0.1, factor=10, every=1), ValueError, "factor must be a finite number above 0 and at most 1, got 10"),
    (lambda m: Step(0.1, milestones=30), TypeError, "milestones must be a list of numbers, such as [30, 60], got 30"),
    (lambda m: Step(0.1, milestones=[]), TypeError, "milestones must be a list of numbers, such as [30, 60], got []"),
    (lambda m: Step(0.1, milestones=[30, "60"]), TypeError, "milestones[1] must be a finite number above 0, got '60'"),
    (lambda m: Step(0.1, milestones=[60, 30]), ValueError, "milestones must increase, but milestones[1] is 30 after 60"),
    (lambda m: Polynomial(0.1, epochs=0), ValueError, "epochs must be a finite number above 0, got 0"),
    (lambda m: Polynomial(0.1, epochs=9, end=-1), ValueError, "end must be a finite number at least 0, got -1"),
    (lambda m: Polynomial(0.1, epochs=9, power=0), ValueError, "power must be a finite number above 0, got 0"),
    (lambda m: Cosine("0.1", epochs=9), TypeError, "learning_rate must be a finite number at least 0, got '0.1'"),
    (lambda m: Cosine(0.1, epochs=float("inf")), ValueError, "epochs must be a finite number above 0, got inf"),
    (lambda m: Cosine(0.1, epochs=9, cycles=1.5), TypeError, "cycles must be a whole number of at least 1, got 1.5"),
    (lambda m: Cosine(0.1, epochs=9, growth=0.5), ValueError, "growth must be a finite number at least 1, got 0.5"),
    (lambda m: OneCycle(0.1, epochs=9, warmup=1), ValueError, "warmup must be a finite number at least 0 and below 1, got 1"),
    (lambda m: OneCycle(0.1, epochs=9, start=0.2), ValueError, "start must be a finite number at least 0 and at most 0.1, got 0.2"),
    (lambda m: OneCycle(0.1, epochs=9, end=0.2), ValueError, "end must be a finite number at least 0 and at most 0.1, got 0.2"),
    (lambda m: WarmUp("cosine", epochs=5), TypeError, "schedule must be a schedule, such as Cosine(0.1, epochs=50), or a number, got 'cosine'"),
    (lambda m: WarmUp(Cosine, epochs=5), TypeError, "schedule must be a schedule, such as Cosine(0.1, epochs=50), or a number, got the class Cosine itself"),
    (lambda m: WarmUp(-0.1, epochs=5), ValueError, "schedule must be a finite number at least 0, got -0.1"),
    (lambda m: WarmUp(0.1, epochs=0), ValueError, "epochs must be a finite number above 0, got 0"),
    (lambda m: Chain([]), TypeError, "parts must be a list of (epochs, schedule)"),
    (lambda m: Chain(Constant(0.1)), TypeError, "such as [(5, 0.1), (45, Cosine(0.1, epochs=45))], got Constant(0.1)"),
    (lambda m: Chain([Constant(0.1)]), TypeError, "parts[0] must be (epochs, schedule), got Constant(0.1)"),
    (lambda m: Chain([(5, 0.1), (0, 0.1)]), ValueError, "parts[1][0] must be a finite number above 0, got 0"),
    (lambda m: Chain([(5, "slow")]), TypeError, "parts[0][1] must be a schedule, such as Cosine(0.1, epochs=50), or a number, got 'slow'"),
    (lambda m: ReduceOnPlateau(0.1, factor=1.0), ValueError, "factor must be a finite number above 0 and below 1, got 1.0"),
    (lambda m: ReduceOnPlateau(0.1, patience=-1), ValueError, "patience must be a whole number of at least 0, got -1"),
    (lambda m: ReduceOnPlateau(0.1, minimum=0.2), ValueError, "minimum must be a finite number at least 0 and at most 0.1, got 0.2"),
    (lambda m: ReduceOnPlateau(0.1, threshold=-1), ValueError, "threshold must be a finite number at least 0, got -1"),
    (lambda m: ReduceOnPlateau(0.1, watch=accuracy), TypeError, "watch must be the name of a value in the history, such as 'val_loss', got <function"),
    (lambda m: ReduceOnPlateau(0.1, watch="val_accuracy"), ValueError, "higher_is_better must be True or False for 'val_accuracy', which is no loss, got None"),
    (lambda m: ReduceOnPlateau(0.1, higher_is_better="max"), TypeError, "higher_is_better must be True, False or None, got 'max'"),
    (lambda m: fit(m, optimizer=SGD(ReduceOnPlateau(0.1))), ValueError, "watch must be a value of the epochs, which have loss, penalty, got 'val_loss'; give the training validation data"),
    (lambda m: fit(m, optimizer=Adam(WarmUp(ReduceOnPlateau(0.1, watch="f1", higher_is_better=True), epochs=5)), validation=0.2), ValueError, "which have loss, penalty, val_loss, val_penalty, got 'f1'"),
    # the rest
    (lambda m: evaluate(m, loss=None), TypeError, "loss must be a Loss, such as CrossEntropy(), got None"),
    (lambda m: CrossEntropy()([0.5, 0.5], [0, 1]), ValueError, "CrossEntropy takes predictions of shape (n, k), got (n,)"),
    (lambda m: CrossEntropy()([[0.5, 0.5]], [0, 1]), ValueError, "prediction and y must have as many samples as each other, got 1 and 2"),
    (lambda m: CrossEntropy()([[3.0, 0.5]], [0]), ValueError, "CrossEntropy takes probabilities"),
    (lambda m: fit(Model([Dense(3)], inputs=2, rng=0)), ValueError, "end the model with Softmax()"),
    (lambda m: accuracy([0, 1], [0.5, 0.5]), ValueError, "prediction must have shape (n, k), got (2,)"),
    (lambda m: accuracy([0, 1], [[0.5, 0.5]]), ValueError, "y and prediction must be of one length, got 2 and 1"),
    (lambda m: accuracy([[0], [1]], [[0.5, 0.5], [1, 0]]), ValueError, "y must have shape (n,)"),
    (lambda m: fit(m, metrics=["confusion_matrix"]), ValueError, "metrics must be among accuracy, balanced_accuracy, binary_accuracy, f1, mae, mean_"),
    (lambda m: accuracy([0, 1], [[0.2], [0.9]]), ValueError, "y must have the shape of the prediction, (2, 1), got (2,); use y[:, None]"),
    (lambda m: accuracy([[0], [2]], [[0.2], [0.9]]), ValueError, "y must hold 0 and 1 only, but y[1, 0] is 2"),
    (lambda m: accuracy([[1, 1], [0, 1]], [[0.5, 0.5], [1, 0]]), ValueError, "but y[0] is [1 1]; if several may be 1, use binary_accuracy"),
    (lambda m: accuracy([0, 3], [[0.5, 0.5], [1, 0]]), ValueError, "y must hold labels from 0 to 1"),
    (lambda m: accuracy([0, 1], [["a", "b"], ["c", "d"]]), TypeError, "prediction must hold real numbers"),
    (lambda m: accuracy([0, 1], [[0.5, 0.5], [1]]), ValueError, "prediction must be an array, with rows of one length"),
    (lambda m: accuracy(np.zeros(0, int), np.zeros((0, 3))), ValueError, "y and prediction must hold at least one sample"),
    (lambda m: accuracy(np.zeros(3, int), np.zeros((3, 0))), ValueError, "prediction must have shape (n, k), got (3, 0)"),
    (lambda m: metrics.binary_accuracy([[0, 1]], [[0.5], [0.5]]), ValueError, "y must have the shape of the prediction, (2, 1), got (1, 2)"),
    (lambda m: metrics.binary_accuracy([0, 1], [0.5, 0.5]), ValueError, "prediction must have shape (n, m), got (2,)"),
    (lambda m: metrics.binary_accuracy([[0.5, 1]], [[0.5, 0.5]]), ValueError, "y must hold 0 and 1 only, but y[0, 0] is 0.5"),
    (lambda m: metrics.binary_accuracy([[np.nan, 1]], [[0.5, 0.5]]), ValueError, "y must hold finite numbers, but y[0, 0] is nan"),
    (lambda m: metrics.top_k_accuracy(0), ValueError, "k must be a whole number of at least 1, got 0"),
    (lambda m: metrics.top_k_accuracy([0, 1], [[0.5, 0.5]]), TypeError, "takes 1 positional argument but 2 were given"),
    (lambda m: metrics.top_k_accuracy(2)([[0], [1]], [[0.5], [0.5]]), ValueError, "prediction must have shape (n, k), with a score for each of at least 2 classes, got (2, 1)"),
    (lambda m: metrics.f1([0, 1], [0, 1]), ValueError, "prediction must have shape (n, k), got (2,)"),
    (lambda m: metrics.confusion_matrix([0.0, 1.0], [[0.5, 0.5], [1, 0]]), TypeError, "y must hold whole numbers from 0 to 1"),
    (lambda m: metrics.precision([-1, 0], [[0.5, 0.5], [1, 0]]), ValueError, "but y[0] is -1"),
    (lambda m: metrics.recall([0, 1, 0], [[0.5, 0.5], [1, 0]]), ValueError, "y and prediction must be of one length, got 3 and 2"),
    (lambda m: metrics.roc_auc([1, 1], [[0.5, 0.5], [1, 0]]), ValueError, "y must hold samples of at least two classes, for roc_auc to compare, got class 1 only"),
    (lambda m: metrics.roc_auc([0, 1], [[0.5], [1]]), ValueError, "y must have the shape of the prediction, (2, 1), got (2,); use y[:, None]"),
    (lambda m: metrics.r2([1.0, 2.0], [[1.0], [2.0]]), ValueError, "y must have the shape of the prediction, (2, 1), got (2,); use y[:, None]"),
    (lambda m: metrics.mean_absolute_error([[1.0], [2.0]], [1.0, 2.0]), ValueError, "y must have the shape of the prediction, (2,), got (2, 1); use y[:, 0]"),
    (lambda m: metrics.root_mean_squared_error(1.0, 2.0), ValueError, "y must have the shape of the prediction, (), got ()"),
    (lambda m: metrics.r2([], []), ValueError, "y and prediction must hold at least one sample, got none"),
    (lambda m: metrics.mean_absolute_error([np.inf], [1.0]), ValueError, "y must hold finite numbers, but y[0] is inf"),
    (lambda m: whorl.datasets.spiral(0), ValueError, "samples must be a whole number of at least 1, got 0"),
    (lambda m: whorl.datasets.spiral(10, classes=0), ValueError, "classes must be a whole number of at least 1, got 0"),
    (lambda m: whorl.datasets.spiral(10, noise=-1), ValueError, "noise must be a finite number at least 0, got -1"),
    (lambda m: whorl.datasets.spiral(10, rng="a"), TypeError, "rng must be a whole number of at least 0"),
    (lambda m: whorl.datasets.spiral_limit(3, noise=0), ValueError, "noise must be a finite number above 0, got 0"),
    (lambda m: whorl.datasets.moons(0), ValueError, "samples must be a whole number of at least 1, got 0"),
    (lambda m: whorl.datasets.moons(10, noise=-0.1), ValueError, "noise must be a finite number at least 0, got -0.1"),
    (lambda m: whorl.datasets.moons(10, rng=-1), ValueError, "rng must be a whole number of at least 0"),
    (lambda m: whorl.datasets.circles(2.0), TypeError, "samples must be a whole number of at least 1, got 2.0"),
    (lambda m: whorl.datasets.circles(10, factor=1), ValueError, "factor must be a finite number at least 0 and below 1, got 1"),
    (lambda m: whorl.datasets.circles(10, factor=-0.5), ValueError, "factor must be a finite number at least 0 and below 1, got -0.5"),
    (lambda m: whorl.datasets.circles(10, noise="much"), TypeError, "noise must be a finite number at least 0, got 'much'"),
    (lambda m: whorl.datasets.blobs(10, classes=0), ValueError, "classes must be a whole number of at least 1, got 0"),
    (lambda m: whorl.datasets.blobs(10, features=0), ValueError, "features must be a whole number of at least 1, got 0"),
    (lambda m: whorl.datasets.blobs(10, spread=-1), ValueError, "spread must be a finite number at least 0, got -1"),
    (lambda m: whorl.datasets.blobs(10, spread=float("nan")), ValueError, "spread must be a finite number at least 0, got nan"),
    (lambda m: whorl.datasets.xor("10"), TypeError, "samples must be a whole number of at least 1, got '10'"),
    (lambda m: whorl.datasets.xor(10, noise=-1), ValueError, "noise must be a finite number at least 0, got -1"),
    (lambda m: whorl.datasets.mnist(cache=3), TypeError, "cache must be the path of a directory, or None, got 3"),
    (lambda m: whorl.datasets.fashion_mnist(cache=True), TypeError, "cache must be the path of a directory, or None, got True"),
    (lambda m: whorl.check_gradients("model", X, Y, loss=CrossEntropy()), TypeError, "model must be a Model"),
    (lambda m: whorl.check_gradients(m, X, Y, loss=CrossEntropy(), step=0), ValueError, "step must be a finite number above 0, got 0"),
    (lambda m: whorl.check_gradients(m, X, Y[:, None], loss=CrossEntropy()), ValueError, "y must have shape (n,)"),
    (lambda m: whorl.plot.decision_boundary(Model([Dense(3), Softmax()], inputs=3), X, Y), ValueError, "decision_boundary draws models from (2,) to (k,), got one from (3,) to (3,)"),
    (lambda m: whorl.plot.decision_boundary(m, X, Y, resolution=1), ValueError, "resolution must be a whole number of at least 2, got 1"),
    (lambda m: whorl.plot.curve({"loss": [1.0]}, "f1"), ValueError, "name must be in the history, which has loss, got 'f1'"),
    (lambda m: whorl.plot.learning_rate({}), ValueError, "history must have a learning_rate"),
    (lambda m: whorl.plot.schedules(Constant(0.1), epochs=9), TypeError, "schedules must be a list of schedules, got Constant(0.1)"),
    (lambda m: whorl.plot.schedules([], epochs=9), TypeError, "schedules must be a list of schedules, got []"),
    (lambda m: whorl.plot.schedules([Constant(0.1), 0.2], epochs=9), TypeError, "schedules[1] must be a schedule, such as Cosine(0.1, epochs=50), got 0.2"),
    (lambda m: whorl.plot.schedules([Constant(0.1)], epochs=0), ValueError, "epochs must be a finite number above 0, got 0"),
    (lambda m: whorl.plot.schedules([Constant(0.1)], epochs=9, labels=["a", "b"]), ValueError, "labels must be one for each of the 1 schedules, got ['a', 'b']"),
    (lambda m: whorl.plot.schedules([WarmUp(ReduceOnPlateau(0.1), epochs=1)], epochs=9), ValueError, "schedules[0] cannot be drawn before training: it depends on results, val_loss"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), CALLS, ids=[row[2][:60] for row in CALLS])
def test_a_wrong_call_says_what_is_wrong_and_changes_nothing(call, error, words, model):
    parameters, gradients = model.parameters.copy(), model.gradients.copy()
    with pytest.raises(error) as caught:
        call(model)
    assert caught.type is error
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(model.parameters, parameters)
    np.testing.assert_array_equal(model.gradients, gradients)


def test_a_layer_that_is_abstract_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Layer()


def test_finite_numbers_whose_sum_is_not_are_taken():
    model = Model([ReLU()], inputs=2)
    huge = np.array([[3e38, 3e38], [3e38, -3e38]], np.float32)
    np.testing.assert_array_equal(model.predict(huge), np.maximum(huge, 0))
