"""What Keras, PyTorch and scikit-learn call the things that whorl has: read by errors, and by `docs/translation.md`."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """One thing, with its names.

    Parameters
    ----------
    whorl : str
        The code to write; with its module, if it is not a name of `whorl` itself: ``schedules.Step``.
    keras, torch, sklearn : str
        Names there, separated by blanks.
    hint : str, optional
        What the error for such a name says, if `whorl` is not simply what to write in its place.
    tried : str, optional
        Names that are in none of these libraries, but that people may try.
    """

    whorl: str
    keras: str = ""
    torch: str = ""
    sklearn: str = ""
    hint: str = ""
    tried: str = ""


SYNONYMS: dict[str, list[Names]] = {
    "Models and training": [
        Names("Model", "Sequential", "Sequential Module", ""),
        Names("Model", "models activations callbacks constraints", "nn functional", "", "the names are in whorl itself: from whorl import CrossEntropy, Dense, Model"),
        Names("optimizers", "", "optim", ""),
        Names("Layer", "Layer", "", ""),
        Names("", "add pop", "add_module append", "", "give all layers at once: Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2)"),
        Names("", "build built", "", "", "a model is complete once it is made"),
        Names("", "Lambda", "", "", "write a layer of your own: help(whorl.Layer) shows how"),
        Names("", "Conv2D MaxPooling2D LSTM GRU MultiHeadAttention", "Conv2d MaxPool2d LSTM GRU MultiheadAttention", "", "whorl has no convolution, recurrence or attention"),
        Names("", "", "", "MLPClassifier MLPRegressor", "from whorl.sklearn import MLPClassifier, MLPRegressor: the same classes, trained by whorl"),
        Names("fit", "fit", "", "fit", ""),
        Names("fit(loss=, optimizer=)", "compile loss losses optimizer metrics", "", "", "give loss and optimizer to fit"),
        Names("", "history", "", "loss_ loss_curve_ best_loss_ n_iter_", "fit returns the history"),
        Names("predict", "", "train eval", "", "fit trains with dropout, and predict and evaluate work without it: there is no mode to set"),
        Names("loss_and_gradients()", "", "backward zero_grad", "", "fit computes the gradients; for a loop of your own, model.loss_and_gradients returns them"),
        Names("", "", "no_grad inference_mode", "", "leave it out: only training computes gradients"),
        Names("partial_fit", "train_on_batch", "", "partial_fit"),
        Names("predict", "predict_on_batch call", "forward", "predict_proba"),
        Names("predict", "", "", "predict_log_proba", "write np.log(model.predict(X))"),
        Names("evaluate", "evaluate test_on_batch", "", "score"),
        Names("save", "save save_weights", "", ""),
        Names("Model.save", "save_model", "save", "", "save is a method: model.save(path)"),
        Names("load(path)", "load_model load_weights", "load", "", "load is a function: whorl.load(path)"),
        Names("", "clone_model", "", "clone", "copy.deepcopy(model) copies a model with its parameters; Model(model.layers, inputs=2) makes a new one"),
        Names("", "get_config to_json", "", "", "repr(model) is the code that makes it"),
        Names("named_arrays()", "set_weights", "load_state_dict", "", "write into the arrays of model.named_arrays(), parameters and statistics: named['w1'][...] = values; for those of PyTorch, whorl.formats.from_torch"),
        Names("parameters.size", "count_params", "numel", "", "model.parameters.size is the number of parameters"),
        Names("named_parameters()", "trainable_weights trainable_variables", "named_parameters get_parameter", "coefs_ intercepts_",
              "named_parameters() returns views of the parameters by name"),
        Names("named_arrays()", "get_weights weights variables", "state_dict", "", "named_arrays() returns views of parameters and statistics by name; whorl.formats.to_torch(model) has them as in PyTorch"),
        Names("", "", "", "", "whorl.formats has to_torch(model), to_keras(model) and save_safetensors(model, path)", "export to_torch to_pytorch to_keras to_tensorflow"),
        Names("freeze(0, 1)", "trainable", "requires_grad_ requires_grad", "", "model.freeze(0, 1) freezes layers by their index"),
        Names("training", "train_step", "", "", ""),
        Names("check_gradients", "", "gradcheck", "check_grad"),
        Names("summary", "summary", "", ""),
    ],
    "Arguments of training": [
        Names("optimizer", "optimizer", "", "solver"),
        Names("loss", "loss", "criterion", ""),
        Names("epochs", "epochs", "", "max_iter"),
        Names("batch_size", "batch_size", "batch_size", "batch_size"),
        Names("fit(batch_size=)", "batch_size", "batch_size", "batch_size", "give it to fit; predictions have no batches"),
        Names("", "steps_per_epoch", "steps_per_epoch", "", "an epoch is one pass over the samples: set batch_size"),
        Names("", "validation_freq validation_batch_size", "", "", "the validation data are measured together after each epoch"),
        Names("fit(state=)", "initial_epoch", "", "", "fit(state=) and fit(resume=) continue a training"),
        Names("accumulate", "gradient_accumulation_steps", "", ""),
        Names("validation", "validation_split validation_data", "", "validation_fraction"),
        Names("fit(validation=)", "", "", "train_test_split", "fit(validation=0.2) sets a fifth of the samples aside"),
        Names("rng", "seed", "generator", "random_state"),
        Names("Model(rng=)", "set_random_seed seed", "manual_seed", "", "give a seed to the model and to fit: Model(layers, inputs=2, rng=0), fit(rng=0)"),
        Names("callbacks=[EarlyStopping()]", "", "", "early_stopping n_iter_no_change", "write callbacks=[EarlyStopping()]"),
        Names("callbacks=[Progress()]", "verbose", "verbose", "verbose", "only fit prints, with callbacks=[Progress()]"),
        Names("threads", "", "", "n_jobs"),
        Names("EarlyStopping(threshold=)", "", "", "tol", "give it to a callback: EarlyStopping(threshold=1e-4)"),
        Names("[Dense(64), ReLU()]", "", "", "hidden_layer_sizes", "write the layers: Model([Dense(64), ReLU(), Dense(3), Softmax()], inputs=2)"),
        Names("fit(class_weight=)", "", "pos_weight weight", "", "give it to fit: class_weight={0: 1.0, 1: 5.0}"),
        Names("", "", "DataLoader Dataset TensorDataset", "", "fit takes arrays, and makes the batches"),
        Names("", "to_categorical", "", "LabelEncoder OneHotEncoder", "labels are whole numbers or one-hot rows; np.unique(y, return_inverse=True)[1] numbers other labels"),
        Names("resume", "", "", "warm_start", "fit continues from the parameters that the model has"),
        Names("", "shuffle", "shuffle", "shuffle", "the samples are shuffled before each epoch"),
        Names("", "device", "device to cuda cpu", "", "whorl computes on the CPU"),
        Names("Model(dtype=)", "dtype", "dtype double float half bfloat16", "", "a model has float32 or float64: Model(layers, inputs=2, dtype=np.float64)"),
        Names("fast", "jit_compile run_eagerly", "compile jit", "", "fit(fast=True) uses compiled kernels"),
        Names("", "", "", "GridSearchCV Pipeline cross_val_score get_params set_params", "whorl.sklearn has estimators for scikit-learn"),
    ],
    "Layers": [
        Names("Dense", "Dense", "Linear LazyLinear", ""),
        Names("Dense(units)", "units", "out_features", "", ""),
        Names("Model(inputs=)", "input_shape input_dim InputLayer Input", "in_features", "", "give the shape of a sample to the model: Model(layers, inputs=2)"),
        Names("[Dense(64), ReLU()]", "activation Activation", "", "activation", "an activation is a layer of its own, after this one: [Dense(64), ReLU()]"),
        Names("", "linear", "Identity", "identity", "leave it out: Dense has no activation"),
        Names("initializer", "kernel_initializer", "", ""),
        Names("", "name", "", "", "layers have no names: parameters are numbered, as in w1, b1, w2, b2"),
        Names("", "", "inplace", "", "leave it out: layers never change their inputs"),
        Names("", "axis", "dim", "", "leave it out: layers work on the last axis"),
        Names("", "", "num_features normalized_shape", "", "leave it out: a layer finds out the size of its inputs by itself"),
        Names("", "use_bias bias_initializer", "bias", "", "every Dense layer has a bias, which starts at 0"),
        Names("weight_l2", "kernel_regularizer L2", "", "alpha"),
        Names("AdamW(weight_decay=)", "weight_decay", "weight_decay", "", "write AdamW(weight_decay=0.01), or give the strength to the layers: Dense(64, weight_l2=1e-4)"),
        Names("Dense(bias_decay=)", "exclude_from_weight_decay", "add_param_group", "", "layers declare what does not decay: Dense(64, bias_decay=0)"),
        Names("weight_l1", "L1 L1L2", "", ""),
        Names("max_norm", "kernel_constraint MaxNorm", "", ""),
        Names("Dropout", "Dropout AlphaDropout", "Dropout Dropout1d", ""),
        Names("rate", "rate", "p", ""),
        Names("BatchNorm", "BatchNormalization", "BatchNorm1d LazyBatchNorm1d", ""),
        Names("LayerNorm", "LayerNormalization", "LayerNorm", ""),
        Names("Standardize", "Normalization", "", "StandardScaler"),
        Names("Rescale", "Rescaling", "", "MinMaxScaler"),
        Names("Embedding", "Embedding", "Embedding", "OrdinalEncoder"),
        Names("categories", "input_dim", "num_embeddings", ""),
        Names("dimension", "output_dim", "embedding_dim", ""),
        Names("Flatten", "Flatten", "Flatten", ""),
        Names("Residual", "Add", "", ""),
        Names("Average", "Average", "", ""),
        Names("Clip", "", "Hardtanh", ""),
    ],
    "Activations": [
        Names("ReLU", "ReLU relu", "ReLU", "relu"),
        Names("LeakyReLU", "LeakyReLU leaky_relu", "LeakyReLU", ""),
        Names("slope", "negative_slope", "negative_slope", ""),
        Names("", "PReLU", "PReLU", "", "LeakyReLU has a fixed slope; help(whorl.Layer) shows how to write one that is trained"),
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
    "Initializers": [
        Names("initializers.HeNormal", "HeNormal he_normal", "kaiming_normal_", ""),
        Names("initializers.HeUniform", "HeUniform he_uniform", "kaiming_uniform_", ""),
        Names("initializers.GlorotNormal", "GlorotNormal glorot_normal", "xavier_normal_", ""),
        Names("initializers.GlorotUniform", "GlorotUniform glorot_uniform", "xavier_uniform_", ""),
        Names("initializers.LecunNormal", "LecunNormal lecun_normal", "", ""),
        Names("initializers.Normal", "RandomNormal", "normal_", ""),
        Names("initializers.Uniform", "RandomUniform", "uniform_", ""),
        Names("initializers.Zeros", "Zeros zeros", "zeros_", ""),
        Names("initializers.Ones", "Ones ones", "ones_", ""),
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
        Names("", "from_logits", "", "", "leave it out: end the model with Softmax() or Sigmoid(), and training takes both in one stable step"),
        Names("", "reduction", "reduction size_average", "", "leave it out: a loss is the mean over the samples"),
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
        Names("learning_rate", "learning_rate initial_learning_rate", "lr max_lr", "learning_rate_init"),
        Names("optimizer=Adam(0.01)", "learning_rate", "lr", "learning_rate_init learning_rate", "give the learning rate to the optimizer: optimizer=Adam(0.01)"),
        Names("beta1", "beta_1", "betas", "beta_1"),
        Names("beta2", "beta_2", "betas", "beta_2"),
        Names("epsilon", "epsilon", "eps", "epsilon"),
        Names("nesterov", "nesterov", "nesterov", "nesterovs_momentum"),
        Names("alpha", "rho", "alpha", ""),
        Names("", "", "params", "", "an optimizer gets the model's parameters from fit"),
        Names("Clipped(optimizer, norm=1.0)", "clipnorm global_clipnorm clipvalue", "clip_grad_norm_", "", "wrap the optimizer: Clipped(Adam(), norm=1.0)"),
        Names("Averaged(optimizer)", "use_ema ema_momentum", "AveragedModel", "", "wrap the optimizer: Averaged(Adam())"),
    ],
    "Schedules": [
        Names("Cosine", "CosineDecay CosineDecayRestarts", "CosineAnnealingLR CosineAnnealingWarmRestarts", ""),
        Names("Exponential", "ExponentialDecay", "ExponentialLR", ""),
        Names("InverseTime", "InverseTimeDecay", "", "invscaling"),
        Names("Polynomial", "PolynomialDecay", "PolynomialLR", ""),
        Names("schedules.Step", "PiecewiseConstantDecay", "StepLR MultiStepLR", ""),
        Names("schedules.Chain", "", "SequentialLR", ""),
        Names("OneCycle", "", "OneCycleLR", ""),
        Names("WarmUp", "", "LinearLR", ""),
        Names("warmup", "", "pct_start", ""),
        Names("WarmUp(schedule, epochs=5)", "warmup_steps", "", "", "wrap the schedule: WarmUp(Cosine(0.1, epochs=50), epochs=5)"),
        Names("Adam(Cosine(0.1, epochs=50))", "LearningRateScheduler", "LambdaLR", "", "the learning rate of an optimizer may be any function of the time in epochs: Adam(schedule)"),
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
        Names("", "restore_best_weights", "", "", "leave it out: EarlyStopping always returns to the best epoch"),
        Names("Checkpoint(monitor=)", "save_best_only", "", "", "write Checkpoint(path, monitor='val_loss') to keep the best model only"),
        Names("every", "save_freq", "", ""),
        Names("StopTraining()", "stop_training", "", "", "a callback stops training with raise StopTraining"),
        Names("threshold", "", "threshold", ""),
        Names("threshold", "min_delta", "", "tol", "threshold is the smallest improvement as a fraction of the best value: threshold=0.01"),
        Names("patience", "patience", "patience", "n_iter_no_change"),
        Names("on_step_end", "on_batch_end on_train_batch_end", "", ""),
        Names("tracking.CSVLogger", "CSVLogger", "", ""),
        Names("tracking.TensorBoard", "TensorBoard", "SummaryWriter", ""),
        Names("path", "filename filepath", "", ""),
        Names("directory", "log_dir", "log_dir", ""),
        Names("histograms", "histogram_freq", "", ""),
        Names("path", "append", "", "", "leave it out: a training that is resumed continues its file, and {run} in the path makes one for each training"),
        Names("path", "separator", "", "", "leave it out: a comma separates the columns"),
        Names("directory", "write_graph write_images update_freq profile_batch embeddings_freq", "", "", "leave it out: the values of each epoch are written"),
        Names("fit(on_divergence=)", "TerminateOnNaN", "", "", "fit(on_divergence='stop') stops at infinity or NaN"),
    ],
    "Data sets": [
        Names("datasets.moons", "", "", "make_moons"),
        Names("datasets.circles", "", "", "make_circles"),
        Names("datasets.blobs", "", "", "make_blobs"),
        Names("datasets.digits", "", "", "load_digits"),
        Names("datasets.mnist", "mnist", "", ""),
        Names("datasets.fashion_mnist", "fashion_mnist", "", ""),
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
        Names("rmse", "mse mean_squared_error MeanSquaredError", "", "mean_squared_error", "the mean squared error is a loss, MeanSquaredError(), which the history has; the metric 'rmse' is its root"),
        Names("rmse", "RootMeanSquaredError", "", "root_mean_squared_error"),
        Names("r2", "R2Score", "", "r2_score"),
    ],
}  # fmt: skip
"""The names, by what they are names of."""


def elsewhere(name: str) -> list[Names]:
    """Return the things that have this name in another library, or only with other capital letters."""
    names = [
        (each, f"{each.keras} {each.torch} {each.sklearn} {each.tried}")
        for section in SYNONYMS.values()
        for each in section
    ]
    found = [each for each, own in names if name in own.split()]
    return found or [each for each, own in names if name.lower() in own.lower().split()]
