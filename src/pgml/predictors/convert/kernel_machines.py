"""Compile scikit-learn's support vector machines, kernel ridge regression and Gaussian processes."""

from __future__ import annotations

import math

import numpy as np

from pgml.predictors.build import kernel, linear
from pgml.predictors.build.predictor import NotCompilable, Predictor


def support_vector_machine(estimator) -> Predictor:
    """Return the predictor of an SVR, NuSVR, SVC or NuSVC, or of a CalibratedClassifierCV of one of the latter.

    It is calibrated with ``ensemble=False`` and ``method="sigmoid"``; NotCompilable is raised for others.
    """
    if hasattr(estimator, "calibrated_classifiers_"):
        return _calibrated(estimator)
    vectors = np.asarray(estimator.support_vectors_)
    expression = _named(
        estimator.kernel, float(estimator._gamma), float(estimator.coef0), float(estimator.degree)
    )
    classes = getattr(estimator, "classes_", None)
    # the underscored attributes are libsvm's own; the public ones change the sign of two classes
    coefficients, intercept = np.asarray(estimator._dual_coef_), estimator._intercept_
    if classes is None:
        return _regressor(expression, vectors, coefficients, intercept)
    with_ties = estimator.break_ties and estimator.decision_function_shape == "ovr" and len(classes) > 2
    # scikit-learn allows no break_ties with decision_function_shape="ovo": its predict raises
    platt = (estimator._probA, estimator._probB) if len(estimator._probA) else None
    return kernel.predictor(
        [kernel.Machine(expression, vectors, coefficients, intercept)],
        class_sizes=estimator._n_support,
        platt=platt,
        output="one_vs_one_ties" if with_ties else "one_vs_one",
        classes=classes,
    )


def _calibrated(estimator) -> Predictor:
    """Return the predictor of a calibrated SVC or NuSVC: a sigmoid of its decision function, or one a class."""
    if len(estimator.calibrated_classifiers_) != 1 or estimator.method != "sigmoid":
        raise NotCompilable("only calibration with ensemble=False and method='sigmoid' is compiled")
    calibrated = estimator.calibrated_classifiers_[0]
    machine = calibrated.estimator
    slope, offset = (np.array([getattr(each, name) for each in calibrated.calibrators]) for name in ("a_", "b_"))
    expression = _named(machine.kernel, float(machine._gamma), float(machine.coef0), float(machine.degree))
    vectors = np.asarray(machine.support_vectors_)
    if len(estimator.classes_) == 2:
        coefficients, intercept = -slope * machine.dual_coef_, -slope * machine.intercept_ - offset
        part = kernel.Machine(expression, vectors, coefficients, intercept)
        return kernel.predictor([part], output="logistic", classes=estimator.classes_)
    if machine.decision_function_shape != "ovr":
        raise NotCompilable("only calibration of decision_function_shape='ovr' is compiled")
    return kernel.predictor(
        [kernel.Machine(expression, vectors, np.asarray(machine._dual_coef_), machine._intercept_)],
        class_sizes=machine._n_support,
        platt=(slope, offset),
        output="one_vs_one_calibrated",
        classes=estimator.classes_,
    )


def kernel_ridge(estimator) -> Predictor:
    """Return the predictor of a KernelRidge of one target."""
    vectors = np.asarray(estimator.X_fit_)
    coefficients = np.asarray(estimator.dual_coef_)
    if coefficients.ndim != 1:
        raise NotCompilable("kernel ridge regression of several targets is not compiled")
    gamma = 1.0 / vectors.shape[1] if estimator.gamma is None else float(estimator.gamma)
    expression = _named(estimator.kernel, gamma, float(estimator.coef0), float(estimator.degree))
    return _regressor(expression, vectors, coefficients, 0.0)


def _regressor(expression: tuple, vectors: np.ndarray, coefficients: np.ndarray, intercept) -> Predictor:
    if expression == ("linear",):  # the sum of c (v . x) is (the sum of c v) . x, at a fraction of the cost
        return linear.predictor(coefficients @ vectors, intercept)
    return kernel.predictor([kernel.Machine(expression, vectors, coefficients, intercept)])


def _named(name: object, gamma: float, coef0: float, degree: float) -> tuple:
    """Return the kernel that scikit-learn's pairwise functions and libsvm call ``name``."""
    known = {
        "linear": ("linear",),
        "poly": ("polynomial", gamma, coef0, degree),
        "polynomial": ("polynomial", gamma, coef0, degree),
        "sigmoid": ("sigmoid", gamma, coef0),
        "cosine": ("cosine",),
        "rbf": ("rbf", gamma),
        "laplacian": ("laplacian", gamma),
    }
    if not isinstance(name, str) or name not in known:
        raise NotCompilable(f"the kernel {name!r} is not compiled")
    return known[name]


def gaussian_process(estimator) -> Predictor:
    """Return the predictor of a GaussianProcessRegressor of one target, or of a GaussianProcessClassifier.

    Several classes are one binary process a class (one_vs_rest) or a pair of classes (one_vs_one, which has
    no probabilities); a OneVsOneClassifier of binary processes is the latter, too.
    """
    if not hasattr(estimator, "classes_"):
        coefficients = np.asarray(estimator.alpha_)
        if coefficients.ndim != 1:
            raise NotCompilable("a Gaussian process of several targets is not compiled")
        std, mean = (float(np.ravel(part)[0]) for part in (estimator._y_train_std, estimator._y_train_mean))
        expression = _expression(estimator.kernel_)
        return kernel.predictor([kernel.Machine(expression, estimator.X_train_, std * coefficients, mean)])
    several = len(estimator.classes_) > 2
    if hasattr(estimator, "pairwise_indices_"):  # a OneVsOneClassifier
        if not several:
            raise NotCompilable("a single pair of classes needs no OneVsOneClassifier")
        processes, votes = [each.base_estimator_ for each in estimator.estimators_], True
    else:
        processes = estimator.base_estimator_.estimators_ if several else [estimator.base_estimator_]
        votes = several and estimator.multi_class == "one_vs_one"
    return kernel.predictor(
        [_laplace(process) for process in processes],
        output="gaussian_process_votes" if votes else "gaussian_process",
        classes=estimator.classes_,
    )


def _laplace(process) -> kernel.Machine:
    """Return the machine of a binary process: its latent mean, and what its latent variance needs."""
    if not hasattr(process, "pi_"):
        raise NotCompilable("a Gaussian process of a class without other classes is not compiled")
    from scipy.linalg import solve_triangular

    whitener = solve_triangular(process.L_, np.diag(process.W_sr_), lower=True)
    return kernel.Machine(
        _expression(process.kernel_),
        process.X_train_,
        process.y_train_ - process.pi_,
        whitener=np.tril(whitener),
    )


def _expression(part) -> tuple:
    """Return a scikit-learn kernel object as a tuple."""
    name = type(part).__name__
    if name in ("Sum", "Product"):
        return (name.lower(), _expression(part.k1), _expression(part.k2))
    if name == "Exponentiation":
        return ("power", _expression(part.kernel), float(part.exponent))
    if name == "ConstantKernel":
        return ("constant", float(part.constant_value))
    if name == "WhiteKernel":
        return ("white", float(part.noise_level))
    if name == "RBF":
        return ("gaussian", *_lengths(part))
    if name == "Matern":
        known = {0.5: "matern_1", 1.5: "matern_3", 2.5: "matern_5", math.inf: "gaussian"}
        if part.nu not in known:
            raise NotCompilable(f"a Matern kernel of nu={part.nu} is not compiled")
        return (known[part.nu], *_lengths(part))
    if name == "RationalQuadratic":
        return ("rational_quadratic", float(part.alpha), *_lengths(part))
    if name == "DotProduct":
        return ("dot_product", float(part.sigma_0) ** 2)
    if name == "ExpSineSquared":
        return ("exponential_sine_squared", float(part.length_scale), float(part.periodicity))
    raise NotCompilable(f"the kernel {name} is not compiled")


def _lengths(part) -> list[float]:
    return [float(length) for length in np.atleast_1d(part.length_scale)]
