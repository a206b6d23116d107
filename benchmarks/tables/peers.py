"""The other libraries, each with its defaults: a function of the training data and the seed, which returns the fitted estimator.

All get the same data frame (`frames.py`). Those that take categories and missing values get them as they are; scikit-learn's MLP gets
one-hot columns, medians in the gaps, and standardized features; RealMLP and TabM get medians in the gaps.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from benchmarks.cases import Array

THREADS = 2

Fit: TypeAlias = Callable[..., Any]
"""`fit(X, y, seed, classify=True)` returns an estimator with `predict`, and `predict_proba` for classes."""


def scikit_learn_mlp(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit scikit-learn's MLPClassifier; or its MLPRegressor, on a standardized target, without which it does badly."""
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = make_column_transformer(
        (SimpleImputer(strategy="median"), make_column_selector(dtype_exclude="category")),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_include="category")),
    )
    network = (MLPClassifier if classify else MLPRegressor)(random_state=seed)
    pipeline = make_pipeline(encoder, StandardScaler(), network)
    model = pipeline if classify else TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    return model.fit(X, y)


def hist_gradient_boosting(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit scikit-learn's HistGradientBoostingClassifier or HistGradientBoostingRegressor."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return kind(random_state=seed, categorical_features="from_dtype").fit(X, y)


def lightgbm(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit LightGBM, which takes pandas' categories."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if classify else LGBMRegressor
    return kind(random_state=seed, n_jobs=THREADS, verbosity=-1).fit(X, y)


def xgboost(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit XGBoost, with pandas' categories enabled."""
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBClassifier if classify else XGBRegressor
    return kind(random_state=seed, n_jobs=THREADS, enable_categorical=True).fit(X, y)


def catboost(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit CatBoost, which takes categories as text: a missing one is a category of its own."""
    from catboost import CatBoostClassifier, CatBoostRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    categories = list(X.select_dtypes("category"))
    kind = CatBoostClassifier if classify else CatBoostRegressor
    model = kind(
        random_seed=seed, thread_count=THREADS, cat_features=categories, verbose=False, allow_writing_files=False
    )
    return make_pipeline(FunctionTransformer(missing_as_text), model).fit(X, y)


def missing_as_text(X: Any) -> Any:
    """Return the data frame with text for its categories, also for the missing ones."""
    categories = X.select_dtypes("category")
    return X.assign(**{name: column.astype(object).fillna("missing") for name, column in categories.items()})


def realmlp(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit RealMLP with its tuned defaults (Holzmüller, Grinsztajn and Steinwart, 2024)."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return _of_pytabkit(RealMLP_TD_Classifier if classify else RealMLP_TD_Regressor, X, y, seed)


def tabm(X: Any, y: Array, seed: int, *, classify: bool) -> Any:
    """Fit TabM, 32 networks that share most of their weights, with pytabkit's defaults (Gorishniy, Kotelnikov and Babenko, 2025)."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    return _of_pytabkit(TabM_D_Classifier if classify else TabM_D_Regressor, X, y, seed)


def _of_pytabkit(kind: Any, X: Any, y: Array, seed: int) -> Any:
    """Fit a network of pytabkit on the CPU. It takes categories, missing ones too, but refuses missing numbers: they get the median."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    imputer = make_column_transformer(
        (SimpleImputer(strategy="median"), make_column_selector(dtype_exclude="category")),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    model = kind(random_state=seed, n_threads=THREADS, device="cpu")
    return make_pipeline(imputer.set_output(transform="pandas"), model).fit(X, y)


PEERS: dict[str, tuple[str, str, Fit]] = {
    "sklearn-mlp": ("scikit-learn MLP", "sklearn", scikit_learn_mlp),
    "hist-gb": ("HistGradientBoosting", "sklearn", hist_gradient_boosting),
    "lightgbm": ("LightGBM", "lightgbm", lightgbm),
    "xgboost": ("XGBoost", "xgboost", xgboost),
    "catboost": ("CatBoost", "catboost", catboost),
    "realmlp": ("RealMLP", "pytabkit", realmlp),
    "tabm": ("TabM", "pytabkit", tabm),
}
"""Their titles on the page, and the modules that they need."""
