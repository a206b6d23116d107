"""What Keras, PyTorch and scikit-learn call the things that whorl has: read by errors, and by `docs/translation.md`."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """One thing, with its names.

    Parameters
    ----------
    whorl : str
        The code to write.
    keras, torch, sklearn : str
        Names there, separated by blanks.
    hint : str, optional
        What the error for such a name says, if `whorl` is not simply what to write in its place.
    """

    whorl: str
    keras: str = ""
    torch: str = ""
    sklearn: str = ""
    hint: str = ""


SYNONYMS: dict[str, list[Names]] = {
    "Models and training": [
        Names("Model", "Sequential", "Sequential Module", ""),
        Names("", "", "", "MLPClassifier MLPRegressor", "from whorl.sklearn import MLPClassifier, MLPRegressor: the same classes, trained by whorl"),
        Names("fit", "fit", "", "fit", ""),
        Names("fit(loss=, optimizer=)", "compile", "", "", "give loss and optimizer to fit"),
        Names("partial_fit", "train_on_batch", "", "partial_fit"),
        Names("predict", "predict_on_batch call", "forward", "predict_proba"),
        Names("evaluate", "evaluate test_on_batch", "", "score"),
        Names("save", "save save_weights export", "save", ""),
        Names("load", "load_model load_weights", "load load_state_dict", "", "load is a function: whorl.load(path)"),
        Names("named_parameters()", "get_weights weights trainable_weights", "state_dict named_parameters", "coefs_ intercepts_",
              "named_parameters() returns views of all parameters by name"),
        Names("freeze(0, 1)", "trainable", "requires_grad_ requires_grad", "", "model.freeze(0, 1) freezes layers by their index"),
        Names("training", "train_step", "train", "", ""),
        Names("check_gradients", "", "gradcheck", "check_grad"),
        Names("summary", "summary", "", ""),
    ],
    "Arguments of training": [
        Names("optimizer", "optimizer", "", "solver"),
        Names("loss", "loss", "criterion", ""),
        Names("epochs", "epochs", "", "max_iter"),
        Names("batch_size", "batch_size", "batch_size", "batch_size"),
        Names("accumulate", "gradient_accumulation_steps", "", ""),
        Names("validation", "validation_split validation_data", "", "validation_fraction"),
        Names("rng", "seed", "generator", "random_state"),
        Names("callbacks=[EarlyStopping()]", "", "", "early_stopping n_iter_no_change", "write callbacks=[EarlyStopping()]"),
        Names("callbacks=[Progress()]", "verbose", "verbose", "verbose", "write callbacks=[Progress()] to print the progress"),
        Names("resume", "", "", "warm_start", "fit continues from the parameters that the model has"),
        Names("", "shuffle", "shuffle", "shuffle", "the samples are shuffled before each epoch"),
        Names("", "device", "device to cuda", "", "whorl computes on the CPU"),
        Names("Model(dtype=)", "dtype", "dtype", "", ""),
        Names("fast", "jit_compile run_eagerly", "compile", "", "fit(fast=True) uses compiled kernels"),
    ],
    "Layers": [
        Names("Dense", "Dense", "Linear LazyLinear", ""),
        Names("Dense(units)", "units", "out_features", "", ""),
        Names("Model(inputs=)", "input_shape input_dim InputLayer Input", "in_features", "", "give the shape of a sample to the model: Model(layers, inputs=2)"),
        Names("[Dense(64), ReLU()]", "activation Activation", "", "activation", "an activation is a layer of its own, after this one: [Dense(64), ReLU()]"),
        Names("initializer", "kernel_initializer", "", ""),
        Names("", "use_bias bias_initializer", "bias", "", "every Dense layer has a bias, which starts at 0"),
        Names("weight_l2", "kernel_regularizer L2", "", "alpha"),
        Names("AdamW(weight_decay=)", "weight_decay", "weight_decay", "", "write AdamW(weight_decay=0.01), or give the strength to the layers: Dense(64, weight_l2=1e-4)"),
        Names("weight_l1", "L1 L1L2", "", ""),
        Names("max_norm", "kernel_constraint MaxNorm", "", ""),
        Names("Dropout", "Dropout AlphaDropout", "Dropout Dropout1d", ""),
        Names("rate", "rate", "p", ""),
        Names("BatchNorm", "BatchNormalization", "BatchNorm1d LazyBatchNorm1d", ""),
        Names("LayerNorm", "LayerNormalization", "LayerNorm", ""),
        Names("Standardize", "Normalization", "", "StandardScaler"),
        Names("Rescale", "Rescaling", "", "MinMaxScaler"),
        Names("Embedding", "Embedding", "Embedding", "OrdinalEncoder"),
        Names("Flatten", "Flatten", "Flatten", ""),
        Names("Residual", "Add", "", ""),
    ],
    "Activations": [
        Names("ReLU", "ReLU relu", "ReLU", "relu"),
        Names("LeakyReLU", "LeakyReLU leaky_relu", "LeakyReLU", ""),
        Names("slope", "negative_slope", "negative_slope", ""),
        Names("ELU", "ELU elu", "ELU", ""),
        Names("SELU", "selu", "SELU", ""),
        Names("GELU", "gelu", "GELU", ""),
        Names("SiLU", "silu swish", "SiLU", ""),
        Names("Mish", "mish", "Mish", ""),
        Names("Tanh", "tanh", "Tanh", "tanh"),
        Names("Sigmoid", "sigmoid", "Sigmoid", "logistic"),
        Names("Softplus", "softplus", "Softplus", ""),
        Names("Softmax", "Softmax softmax", "Softmax LogSoftmax", ""),
    ],
    "Losses": [
        Names("CrossEntropy", "CategoricalCrossentropy SparseCategoricalCrossentropy categorical_crossentropy sparse_categorical_crossentropy",
              "CrossEntropyLoss NLLLoss", "log_loss"),
        Names("BinaryCrossEntropy", "BinaryCrossentropy binary_crossentropy", "BCELoss BCEWithLogitsLoss", ""),
        Names("MeanSquaredError", "MeanSquaredError mean_squared_error mse", "MSELoss", "mean_squared_error squared_error"),
        Names("MeanAbsoluteError", "MeanAbsoluteError mean_absolute_error mae", "L1Loss", "mean_absolute_error"),
        Names("Huber", "Huber huber", "HuberLoss SmoothL1Loss", ""),
        Names("Quantile", "", "", "mean_pinball_loss"),
        Names("Poisson", "Poisson poisson", "PoissonNLLLoss", "poisson mean_poisson_deviance"),
        Names("Hinge", "CategoricalHinge categorical_hinge", "MultiMarginLoss", "hinge_loss"),
    ],
    "Optimizers": [
        Names("SGD", "SGD", "SGD", "sgd"),
        Names("Adam", "Adam", "Adam", "adam"),
        Names("AdamW", "AdamW", "AdamW", ""),
        Names("NAdam", "Nadam", "NAdam", ""),
        Names("RMSprop", "RMSprop", "RMSprop", ""),
        Names("Adagrad", "Adagrad", "Adagrad", ""),
        Names("Lion", "Lion", "", ""),
        Names("LBFGS", "", "LBFGS", "lbfgs"),
        Names("learning_rate", "learning_rate", "lr", "learning_rate_init"),
        Names("optimizer", "learning_rate", "lr", "learning_rate_init learning_rate", "give the learning rate to the optimizer: optimizer=Adam(0.01)"),
        Names("beta1", "beta_1", "betas", "beta_1"),
        Names("beta2", "beta_2", "betas", "beta_2"),
        Names("epsilon", "epsilon", "eps", "epsilon"),
        Names("nesterov", "nesterov", "nesterov", "nesterovs_momentum"),
        Names("alpha", "rho", "alpha", ""),
        Names("Clipped(optimizer, norm=1.0)", "clipnorm global_clipnorm", "clip_grad_norm_", "", "wrap the optimizer: Clipped(Adam(), norm=1.0)"),
        Names("Averaged", "use_ema", "AveragedModel", "", "wrap the optimizer: Averaged(Adam())"),
    ],
    "Schedules": [
        Names("Cosine", "CosineDecay CosineDecayRestarts", "CosineAnnealingLR CosineAnnealingWarmRestarts", ""),
        Names("Exponential", "ExponentialDecay", "ExponentialLR", ""),
        Names("InverseTime", "InverseTimeDecay", "", "invscaling"),
        Names("Polynomial", "PolynomialDecay", "PolynomialLR", ""),
        Names("Step", "PiecewiseConstantDecay", "StepLR MultiStepLR", ""),
        Names("schedules.Step", "PiecewiseConstantDecay", "StepLR MultiStepLR", "", "write whorl.schedules.Step"),
        Names("schedules.Chain", "", "SequentialLR", "", "write whorl.schedules.Chain"),
        Names("OneCycle", "", "OneCycleLR", ""),
        Names("WarmUp", "", "LinearLR", ""),
        Names("Chain", "", "SequentialLR", ""),
        Names("ReduceOnPlateau", "ReduceLROnPlateau", "ReduceLROnPlateau", "adaptive"),
        Names("epochs", "decay_steps", "T_max total_iters total_steps", ""),
        Names("end", "alpha min_lr end_learning_rate", "eta_min min_lr", ""),
        Names("decay", "decay_rate", "gamma", "power_t"),
        Names("factor", "factor", "factor gamma", ""),
    ],
    "Callbacks": [
        Names("Callback", "Callback LambdaCallback", "", ""),
        Names("EarlyStopping", "EarlyStopping", "", "early_stopping"),
        Names("Checkpoint", "ModelCheckpoint BackupAndRestore", "", ""),
        Names("Progress", "ProgbarLogger", "", ""),
        Names("monitor", "monitor", "", ""),
        Names("EarlyStopping(monitor=)", "monitor", "", "", "give it to a callback: EarlyStopping('val_loss')"),
        Names("higher_is_better", "mode", "mode", ""),
        Names("threshold", "min_delta", "threshold", "tol"),
        Names("patience", "patience", "patience", "n_iter_no_change"),
        Names("on_step_end", "on_batch_end on_train_batch_end", "", ""),
        Names("History.save", "CSVLogger", "", "", "history.save('history.csv') writes the history"),
        Names("fit(on_divergence=)", "TerminateOnNaN", "", "", "fit(on_divergence='stop') stops at infinity or NaN"),
    ],
    "Metrics": [
        Names("accuracy", "accuracy acc CategoricalAccuracy SparseCategoricalAccuracy", "", "accuracy_score"),
        Names("binary_accuracy", "BinaryAccuracy binary_accuracy", "", ""),
        Names("balanced_accuracy", "", "", "balanced_accuracy_score"),
        Names("top_5_accuracy", "TopKCategoricalAccuracy", "", "top_k_accuracy_score"),
        Names("f1", "F1Score", "", "f1_score"),
        Names("precision", "Precision", "", "precision_score"),
        Names("recall", "Recall", "", "recall_score"),
        Names("roc_auc", "AUC", "", "roc_auc_score"),
        Names("mae", "mae MeanAbsoluteError", "", "mean_absolute_error"),
        Names("rmse", "RootMeanSquaredError", "", "root_mean_squared_error"),
        Names("r2", "R2Score", "", "r2_score"),
    ],
}  # fmt: skip
"""The names, by what they are names of."""


def elsewhere(name: str) -> list[Names]:
    """Return the things that have this name in another library, or only with other capital letters."""
    found = [each for section in SYNONYMS.values() for each in section if name in " ".join(each[1:4]).split()]
    return found or [
        each for section in SYNONYMS.values() for each in section if name.lower() in " ".join(each[1:4]).lower().split()
    ]
