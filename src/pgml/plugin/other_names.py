"""What algorithms are called elsewhere, so that a hint can lead from there to their names here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pgml.errors import shown
from pgml.spelling import spelling


class OtherNames(NamedTuple):
    """Names that others have for the algorithm ``here``, with commas between them.

    ``objectives`` are those that the names are used for, empty for all of the algorithm's. ``hyperparams`` make the
    algorithm what the names mean. ``package`` is the plugin that brings it, where it is not built in. ``instead`` is
    for what is not here at all: why the algorithm is the closest to it.
    """

    here: str
    names: str
    objectives: tuple[str, ...] = ()
    hyperparams: Mapping[str, Any] = MappingProxyType({})
    package: str = ""
    instead: str = ""


# What a name may end in besides, twice at the most: RidgeClassifierCV is ridge.
ENDINGS = ("regression", "regressor", "classification", "classifier", "model", "cv")

_REGRESSION, _CLASSIFICATION = ("regression",), ("classification",)
_BOTH = _REGRESSION + _CLASSIFICATION
_ONE_TREE = {"n_estimators": 1, "bootstrap": False, "max_features": None}

# Case, spaces, hyphens and underscores count in none of them.
OTHER_NAMES = (
    OtherNames("linear", "ols, ordinary least squares, least squares, lm, linreg", _REGRESSION),
    OtherNames("linear", "multiple linear regression, multivariate linear regression", _REGRESSION),
    OtherNames("linear", "logistic, logit, logreg, softmax, multinomial logistic, maxent", _CLASSIFICATION),
    OtherNames("linear", "glm, generalized linear"),
    OtherNames("ridge", "tikhonov, l2"),
    OtherNames("lasso", "l1"),
    OtherNames("elastic_net", "enet, glmnet"),
    OtherNames("least_angle", "lars"),
    OtherNames("lasso_least_angle", "lasso lars, lars lasso, lasso lars ic"),
    OtherNames("orthogonal_matching_pursuit", "omp, matching pursuit"),
    OtherNames("bayesian_ridge", "bayesian, bayesian linear"),
    OtherNames("automatic_relevance_determination", "ard, sparse bayesian"),
    OtherNames("stochastic_gradient_descent", "sgd, gradient descent"),
    OtherNames("passive_aggressive", "pa, pa1, pa2"),
    OtherNames("ransac", "random sample consensus"),
    OtherNames("theil_sen", "theil, kendall theil, sen slope"),
    OtherNames("huber", "robust, robust linear, rlm"),
    OtherNames("quantile", "quantreg, median, lad, least absolute deviations"),
    OtherNames("kernel_ridge", "krr"),
    OtherNames("gaussian_process", "gp, gpr, gpc, kriging"),
    OtherNames("svm", "svc, svr, support vector, support vector machine, support vector machines, libsvm"),
    OtherNames("svm", "kernel svm, rbf svm, svm rbf, ksvm"),
    OtherNames("nu_svm", "nu svc, nu svr"),
    OtherNames("linear_svm", "linear svc, linear svr, svm linear, liblinear, linear support vector machine"),
    OtherNames("random_forest", "rf, forest, random forests, ranger"),
    OtherNames("random_forest", "decision tree, tree, cart, rpart", hyperparams=_ONE_TREE),
    OtherNames("extra_trees", "et, ert, extremely randomized trees"),
    OtherNames("bagging", "bagged trees, bagging trees, bootstrap aggregating"),
    OtherNames("ada_boost", "ada, adaptive boosting"),
    OtherNames("gradient_boosting_trees", "gbm, gbt, gbts, gbdt, gbrt, gradient boosting, gradient boosted trees"),
    OtherNames("gradient_boosting_trees", "gradient boosting machine, boosted trees, boosting"),
    OtherNames("hist_gradient_boosting", "hgb, hist gbm, hgbt, histogram gradient boosting, hist gb"),
    OtherNames("hist_gradient_boosting", "poisson", _REGRESSION, hyperparams={"loss": "poisson"}),
    OtherNames("hist_gradient_boosting", "gamma", _REGRESSION, hyperparams={"loss": "gamma"}),
    OtherNames("xgboost", "xgb, extreme gradient boosting"),
    OtherNames("lightgbm", "lgbm, lgb, light gradient boosting machine", _BOTH, package="pgml-lightgbm"),
    OtherNames("catboost", "cat, categorical boosting", _BOTH, package="pgml-catboost"),
    OtherNames("torch_perceptron", "torch, pytorch, skorch, tensorflow, keras", _BOTH, package="pgml-torch"),
    OtherNames("torch_perceptron", "neural network, neural net, nnet, ann, dnn", _BOTH, package="pgml-torch"),
    OtherNames("torch_perceptron", "mlp, multi layer perceptron, deep learning", _BOTH, package="pgml-torch"),
    OtherNames("baseline", "dummy, naive, constant, mean, majority, zero r", _BOTH, package="pgml-baseline"),
    OtherNames(
        "svm",
        "knn, k nearest neighbors, k nearest neighbours, k neighbors, k neighbours, nearest neighbors,"
        " nearest neighbours, radius neighbors",
        instead="which judges a row by the training rows that are like it, too",
    ),
    OtherNames(
        "linear",
        "naive bayes, nb, gaussian nb, multinomial nb, bernoulli nb, complement nb, gaussian naive bayes",
        _CLASSIFICATION,
        instead="which is as quick, and does not take the features to be independent",
    ),
    OtherNames(
        "linear",
        "lda, linear discriminant analysis, linear discriminant",
        _CLASSIFICATION,
        instead="which divides the labels by planes, too",
    ),
)

_BY_SPELLING = {
    spelling(name): entry
    for entry in OTHER_NAMES
    for name in (*entry.names.split(", "), *([entry.here] if entry.package else []))
}


def explanation(
    name: str,
    objective: str,
    algorithms: Mapping[tuple[str, str], Collection[str]],
    broken: Collection[str] = (),
) -> str:
    """Return what is known of a name that no algorithm for ``objective`` has; empty where that is nothing.

    ``algorithms`` are the names that each pair of algorithm and objective goes by; the one to take is always among
    them. ``broken`` are plugins that are installed and could not be used.
    """
    spelled = {spelling(each): here for (here, _), names in algorithms.items() for each in names}
    for spelt in _without_endings(spelling(name)):
        entry = _BY_SPELLING.get(spelt)
        if spelt in spelled:
            entry = OtherNames(spelled[spelt], name)
        if entry is None:
            continue
        does = [known for here, known in algorithms if here == entry.here]
        meant = [known for known in entry.objectives or does if known in does]
        if objective in meant:
            return _called(shown(name), entry)
        if meant and not entry.instead:
            return f'"{shown(name)}" is for {" and ".join(meant)}, where it is called "{entry.here}"'
        if not does and entry.package and objective in entry.objectives:
            return _brought(shown(name), entry.package, broken)
    return ""


def _without_endings(spelt: str) -> Iterator[str]:
    """Yield the name, then the name without its last ending, then without the one before."""
    yield spelt
    for _ in range(2):
        ending = next((each for each in ENDINGS if spelt.endswith(each) and spelt != each), None)
        if ending is None:
            return
        spelt = spelt.removesuffix(ending)
        yield spelt


def _called(name: str, entry: OtherNames) -> str:
    if entry.instead:
        return f'there is no "{name}" here; the closest to it is "{entry.here}", {entry.instead}'
    settings = f", with the hyperparams {json.dumps(dict(entry.hyperparams))}" if entry.hyperparams else ""
    return f'"{name}" is called "{entry.here}" here{settings}'


def _brought(name: str, package: str, broken: Collection[str]) -> str:
    if package in broken:
        return f'"{name}" is in the plugin {package}, which could not be used'
    return f'"{name}" is in a plugin: pip install {package} where pgml is installed, then begin a new session'
