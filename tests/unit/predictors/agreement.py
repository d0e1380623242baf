"""How the tests compare a predictor with the estimator that it was compiled from, and C with its definition."""

from __future__ import annotations

import numpy as np

from pgml import predictors
from pgml.predictors import Evaluator, Predictor, compiled


def evaluators(predictor: Predictor) -> list[Evaluator]:
    """Return the C evaluator, where it was built, and the reference."""
    data = predictor.to_bytes()
    return ([predictors.evaluator(data)] if compiled() else []) + [predictors.evaluator(data, pure=True)]


def answers(evaluator: Evaluator, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return values or labels [n] and probabilities [n, k] or None; row by row and in a batch they are the same."""
    rows = np.ascontiguousarray(rows, dtype=np.float64)
    values = np.array([evaluator.predict(row) for row in rows.tolist()], dtype=float)
    batch = np.array(evaluator.predict_batch(rows, len(rows)))
    np.testing.assert_allclose(batch, values, rtol=1e-12)
    if evaluator.classes is None or evaluator.predict_proba(rows[0].tolist()) is None:
        return values, None
    probabilities = np.array([evaluator.predict_proba(row) for row in rows.tolist()])
    together = np.array(evaluator.predict_proba_batch(rows, len(rows))).reshape(probabilities.shape)
    np.testing.assert_allclose(together, probabilities, rtol=1e-12, atol=1e-14)
    return values, probabilities


def assert_agreement(
    predictor: Predictor, estimator, rows: np.ndarray, *, rtol: float = 1e-9, atol: float = 0.0, exact: bool = False
) -> None:
    """Assert that the estimator, the C module and the reference agree on ``rows``.

    Labels are equal, values and probabilities within ``rtol`` (values also ``atol``, of a sum that cancels);
    ``exact`` asks for the same bits of C and reference.
    """
    expected = estimator.predict(rows)
    results = [answers(evaluator, rows) for evaluator in evaluators(predictor)]
    for values, probabilities in results:
        if predictor.classes is None:
            np.testing.assert_allclose(values, expected, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(values, expected)
        if probabilities is not None:
            np.testing.assert_allclose(probabilities, estimator.predict_proba(rows), rtol=rtol, atol=rtol)
    if exact:
        for values, probabilities in results[1:]:
            np.testing.assert_array_equal(values, results[0][0])
            if probabilities is not None:
                np.testing.assert_allclose(probabilities, results[0][1], rtol=1e-6 if rtol > 1e-9 else 1e-14)
