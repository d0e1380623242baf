"""Compiled and saved models answer as their estimators do: on random data, hyperparameters and questions."""

import warnings

import numpy as np
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from pgml.algorithms._settings import CountOrShare, Processors
from pgml.algorithms.gaussian_process import Smoothness
from pgml.errors import PgmlError
from pgml.plugin.checks.comparison import compile_fitted, require_compiled_agrees, require_same
from pgml.plugin.hyperparameters import Boolean, Choice, Either, Float, Integer

# what decides how long a training takes, and nothing about what is compiled
AT_MOST = {
    "n_estimators": 12,
    "max_iter": 40,
    "max_iter_predict": 20,
    "max_subpopulation": 200,
    "max_trials": 50,
    "n_restarts_optimizer": 1,
    "early_stopping_rounds": 5,
    "num_parallel_tree": 3,
    "calibration_folds": 4,
}
AT_LEAST = {"max_iter_predict": 10}  # after fewer, all probabilities may be zero but for rounding
FIXED = {"device": "cpu", "n_jobs": 1}


def numbers(kind, default):
    """Draw from all values of a bounded number, and within some powers of ten of the default of another."""
    lowest = kind.above if kind.minimum is None else kind.minimum
    highest = kind.below if kind.maximum is None else kind.maximum
    if lowest is not None and highest is not None:
        inside = st.floats(lowest + 0.01 * (highest - lowest), highest - 0.01 * (highest - lowest))
        return inside | st.sampled_from(
            [bound for bound in (kind.minimum, kind.maximum) if bound is not None] or [0.5]
        )
    around = [abs(default or 1.0) * 10.0**power for power in (-3, -1, -0.5, 0, 0.5, 1, 2)]
    signed = around + ([-value for value in around] if lowest is None else [])
    return st.sampled_from(signed + ([lowest] if kind.minimum is not None else []))


def whole_numbers(kind, default, name):
    lowest = AT_LEAST.get(name, 1 if kind.minimum is None else int(kind.minimum))
    highest = AT_MOST.get(name, 2 * (default or 5) + 5)
    return st.integers(lowest, int(min(highest, highest if kind.maximum is None else kind.maximum)))


def values(kind, name, default, features):
    """Draw what a hyperparameter takes, from its own declaration."""
    if isinstance(kind, Processors):
        return st.just(1)
    if isinstance(kind, Smoothness):
        return st.sampled_from([0.5, 1.5, 2.5])
    if isinstance(kind, Boolean):
        return st.booleans()
    if isinstance(kind, Choice):
        return st.sampled_from(kind.choices)
    if isinstance(kind, CountOrShare):
        return st.integers(kind.minimum_count, 5) | st.floats(0.05, kind.largest_share)
    if isinstance(kind, Either):
        return st.one_of([values(each, name, default, features) for each in kind.kinds])
    usual = default if isinstance(default, (int, float)) and not isinstance(default, bool) else None
    if isinstance(kind, Float):
        return numbers(kind, usual)
    if isinstance(kind, Integer):
        return whole_numbers(kind, usual, name)
    if name.startswith("interaction"):  # groups of features
        return st.lists(
            st.lists(st.integers(0, features - 1), min_size=1, unique=True), min_size=1, max_size=3
        )
    return st.lists(values(kind.item, name, 1, features), min_size=features, max_size=features)


@st.composite
def settings_of(draw, algorithm, features):
    """Draw values for some of the hyperparameters, and small ones for those that make a training long."""
    declared = {each.name: each for each in algorithm.hyperparameters}
    chosen = draw(st.lists(st.sampled_from(sorted(declared)), unique=True, max_size=6))
    drawn = {name: value for name, value in FIXED.items() if name in declared}
    for name in sorted({*chosen, *(declared.keys() & AT_MOST.keys())} - FIXED.keys()):
        each = declared[name]
        if each.nullable and draw(st.booleans()):
            drawn[name] = None
        else:
            drawn[name] = draw(values(each.kind, name, each.default, features))
    return drawn


@st.composite
def training_data(draw, algorithm):
    """Draw X and y: a few columns, some with ties, some constant, of any scale, with holes where they are known."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, features = draw(st.integers(8, 40)), draw(st.integers(1, 5))
    X = random.normal(size=(rows, features))
    for column in range(features):
        kind = draw(st.sampled_from(["smooth", "smooth", "ties", "constant", "large", "small"]))
        if kind == "ties":
            X[:, column] = np.round(X[:, column])
        elif kind == "constant":
            X[:, column] = 2.5
        elif kind in ("large", "small"):
            X[:, column] *= 1e6 if kind == "large" else 1e-6
    spread = X.std(axis=0)
    standardised = (X - X.mean(axis=0)) / np.where(spread == 0, 1, spread)
    signal = standardised @ random.normal(size=features) + random.normal(scale=0.5, size=rows)
    if algorithm.scaled:
        X = standardised
    if algorithm.objective == "regression":
        y = draw(
            st.sampled_from([signal, signal + 100, np.abs(signal), np.round(np.abs(signal)), signal * 1e4])
        )
    else:
        classes = draw(st.integers(2, 4))
        y = (signal.argsort().argsort() * classes // rows).astype(np.int64)
    if algorithm.missing and draw(st.booleans()):
        X[random.random(X.shape) < 0.2] = np.nan
    return np.ascontiguousarray(X), y


def questions(algorithm, X, random, kernel):
    """Yield rows to predict for, in groups of like size: seen ones, and ones at the edges of what numbers are."""
    seen = np.nan_to_num(X, nan=0.5)
    single = seen.astype(np.float32)
    yield "rows that were seen", X
    yield (
        "rows beside them",
        np.vstack([seen + random.normal(scale=0.3, size=X.shape), np.zeros((1, X.shape[1]))]),
    )
    for direction in (np.float32(-np.inf), np.float32(np.inf)):
        yield "the float32 next to each number", np.nextafter(single, direction).astype(np.float64)
    middle = (seen + seen[::-1]) / 2
    yield "numbers between those that were seen", np.vstack([middle, np.nextafter(middle, np.inf)])
    if kernel not in ("linear", "poly", "dot_product", "exp_sine_squared"):  # of huge numbers, these make noise
        yield "huge numbers", random.choice([1e30, -1e30, 1e25, -3.3e20, 0.0, 1.0], size=X.shape)
    yield "tiny numbers", random.choice([1e-300, -1e-300, 5e-324, 1e-40, -1e-40, 0.0, -0.0], size=X.shape)
    if algorithm.missing:
        holes = seen.copy()
        holes[random.random(X.shape) < 0.4] = np.nan
        yield "missing values", np.vstack([holes, np.full((1, X.shape[1]), np.nan)])


def without_draws(fitted, X):
    """Leave out the rows for which two classes of a support vector machine draw: rounding decides there."""
    calibrated = getattr(fitted, "calibrated_classifiers_", None)
    machine = calibrated[0].estimator if calibrated else fitted
    if not hasattr(machine, "decision_function_shape"):
        return X
    machine.decision_function_shape = "ovo"  # the scores of pairs
    scores = machine.decision_function(X).reshape(len(X), -1)
    machine.decision_function_shape = "ovr"
    return X[(np.abs(scores) > 1e-9).all(axis=1)]


def rounding(fitted, X, y):
    """Return how far answers may be apart: by nothing that counts, or by what is left of terms that cancel."""
    nothing = 1e-12 * float(np.abs(y).max())
    if hasattr(fitted, "_y_train_std"):
        terms = np.abs(fitted.alpha_ * fitted.kernel_(X, fitted.X_train_)) * np.max(fitted._y_train_std)
    elif hasattr(fitted, "dual_coef_") and hasattr(fitted, "X_fit_"):
        terms = np.abs(fitted.dual_coef_ * fitted._get_kernel(X, fitted.X_fit_))
    else:
        return nothing
    return nothing + 1e-14 * float(terms.sum(axis=1).max())


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_equals_estimator(algorithm, data):
    X, y = data.draw(training_data(algorithm))
    hyperparameters = data.draw(settings_of(algorithm, X.shape[1]))
    try:
        checked = algorithm.check(hyperparameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = algorithm.fit(checked, X, y)
    except PgmlError:
        reject()
    assert compile_fitted(algorithm, fitted) is not None
    loaded = algorithm.load(algorithm.save(fitted))
    require_same(algorithm, loaded.predict(X), fitted.predict(X), "the saved model", rounding(fitted, X, y))
    random = np.random.default_rng(0)
    for kind, asked in questions(algorithm, X, random, checked.get("kernel")):
        asked = without_draws(fitted, asked)
        if len(asked):
            require_compiled_agrees(algorithm, fitted, asked, kind, rounding(fitted, asked, y))
