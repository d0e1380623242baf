"""Predictors that hypothesis makes up, and rows that lie on their thresholds and just beside them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from pgml.predictors import Predictor
from pgml.predictors.build import forest, linear, oblivious

# Sums and products of a few of these are exact, in float32 as well: whoever adds them in another order gets the same.
exact = st.integers(-64, 64).map(lambda number: number / 8)
powers = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0, -2.0])
# Thresholds that float32 holds, and that it does not; some of them further apart than others.
thresholds = st.sampled_from(
    [-1e30, -2.5, -0.1, 0.0, 1e-40, 0.1, float(np.float32(0.1)), 0.30000001, 1.0, 16777217.0, 1e10]
)
OUTPUTS = {
    1: ["value"],
    2: ["label", "logistic", "logistic_closed", "exponential", "modified_huber", "samme"],
    3: ["label", "softmax", "one_vs_rest", "modified_huber", "samme"],
}


@st.composite
def linear_models(draw: st.DrawFn) -> Predictor:
    """A linear predictor of numbers that are added exactly."""
    n, kinds = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    single, missing = draw(st.booleans()), draw(st.booleans())
    output = draw(st.sampled_from(OUTPUTS[kinds]))
    if single and output != "logistic" and kinds > 1:
        output = "label"
    rows = [draw(st.lists(exact, min_size=n, max_size=n)) for _ in range(1 if kinds < 3 else 3)]
    model = linear.predictor(
        np.array(rows),
        draw(st.lists(exact, min_size=len(rows), max_size=len(rows))),
        output=output,
        classes=None if kinds == 1 else _classes(draw, kinds),
        missing=missing,
        single=single,
    )
    if draw(st.booleans()):
        center, scale = (draw(st.lists(kind, min_size=n, max_size=n)) for kind in (exact, powers))
        model = model.prepared(center=np.array(center), scale=np.array(scale))
    return model


@st.composite
def forests(draw: st.DrawFn) -> Predictor:
    """A forest predictor of a few trees, with leaves that are numbers or a score a class."""
    n, kinds = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    single, missing = draw(st.booleans()), draw(st.booleans())
    of_scores = kinds == 3 or (kinds == 2 and draw(st.booleans()))
    vectors = of_scores and not single and draw(st.booleans())
    leaf = st.floats(-10, 10, width=32 if single else 64)
    if vectors:
        leaf = st.lists(st.floats(0, 1), min_size=kinds, max_size=kinds)
    trees = draw(st.lists(_trees(n, leaf), min_size=1, max_size=5))
    k = kinds if of_scores else 1
    output = draw(st.sampled_from(["label", "logistic"] if k == 1 and kinds == 2 else OUTPUTS[kinds]))
    if of_scores:
        output = "probability" if vectors else "one_vs_rest"
    options = {}
    if draw(st.booleans()):
        options = {
            "divisor": float(len(trees)),
            "scale": 0.5,
            "offset": draw(st.lists(exact, min_size=k, max_size=k)),
        }
    elif draw(st.booleans()):
        options = {"start": draw(st.lists(exact, min_size=k, max_size=k))}
    if of_scores and not vectors:
        options["scores"] = [place % k for place in range(len(trees))]
        options.setdefault("start", [0.0] * k)
    model = forest.predictor(
        trees,
        n,
        output=output,
        classes=None if kinds == 1 else _classes(draw, kinds),
        input=draw(st.sampled_from(["single", "double"])),
        single=single,
        missing=missing,
        **options,
    )
    if draw(st.integers(0, 3)) == 0:
        center, scale = (draw(st.lists(kind, min_size=n, max_size=n)) for kind in (exact, powers))
        model = model.prepared(center=np.array(center), scale=np.array(scale))
    return model


@st.composite
def _trees(draw: st.DrawFn, n_features: int, leaf: st.SearchStrategy) -> forest.Tree:
    depth = draw(st.integers(0, 3))
    n_inner, n_nodes = 2**depth - 1, 2 ** (depth + 1) - 1
    nodes = range(n_nodes)
    some = draw(leaf)
    nothing = [0.0] * len(some) if isinstance(some, list) else 0.0
    return forest.Tree(
        np.array([2 * node + 1 if node < n_inner else -1 for node in nodes]),
        np.array([2 * node + 2 if node < n_inner else -1 for node in nodes]),
        np.array([draw(st.integers(0, n_features - 1)) if node < n_inner else 0 for node in nodes]),
        np.array([draw(thresholds) if node < n_inner else 0.0 for node in nodes]),
        np.array([nothing if node < n_inner else draw(leaf) for node in nodes]),
        np.array([node < n_inner and draw(st.booleans()) for node in nodes]),
    )


@st.composite
def oblivious_trees(draw: st.DrawFn) -> Predictor:
    """An oblivious predictor, whose borders are of float32 and reach to the ends of its range."""
    n, kinds = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    k = 3 if kinds == 3 else 1
    largest = float(np.finfo(np.float32).max)
    borders = st.one_of(thresholds.map(np.float32).map(float), st.sampled_from([largest, -largest]))
    trees = []
    for depth in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)):
        leaves = st.floats(-10, 10) if k == 1 else st.lists(st.floats(-10, 10), min_size=k, max_size=k)
        trees.append(
            oblivious.Tree(
                np.array(draw(st.lists(st.integers(0, n - 1), min_size=depth, max_size=depth)), dtype=int),
                np.array(draw(st.lists(borders, min_size=depth, max_size=depth))),
                np.array(draw(st.lists(leaves, min_size=2**depth, max_size=2**depth))),
            )
        )
    return oblivious.predictor(
        trees,
        n,
        missing_right=draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        scale=draw(st.sampled_from([None, 0.5])),
        offset=draw(st.lists(exact, min_size=k, max_size=k)),
        missing=draw(st.booleans()),
        output={1: "value", 2: "logistic", 3: "softmax"}[kinds],
        classes=None if kinds == 1 else _classes(draw, kinds),
    )


def _classes(draw: st.DrawFn, count: int) -> list[float]:
    return draw(st.sampled_from([[0.0, 1.0, 2.0], [-1.0, 7.0, 3.0], [0.5, 1.0, 1e6]]))[:count]


def rows_of(predictor: Predictor, values: st.SearchStrategy, count: int = 8) -> st.SearchStrategy:
    """Rows [count, n_features] of such values, NaN among them where the model knows missing ones."""
    if predictor.family == "oblivious":  # it takes what is beyond the range of float32 for its end
        values = st.one_of(values, values, st.sampled_from([1e300, -1e300, 3.402823466e38, 3.5e38]))
    if predictor.missing:
        values = st.one_of(values, values, st.just(float("nan")))
    n = predictor.n_features
    return st.lists(st.lists(values, min_size=n, max_size=n), min_size=1, max_size=count).map(np.array)


@st.composite
def _beside(draw: st.DrawFn) -> float:
    """A threshold, or the next number to it, of float64 or float32, or between two of float32."""
    at = draw(thresholds)
    for kind in draw(st.sampled_from([(), (np.float64,), (np.float32,), (np.float32, np.float64)])):
        at = float(np.nextafter(kind(at), kind(draw(st.sampled_from([-np.inf, np.inf])))))
    if draw(st.booleans()):
        above = float(np.nextafter(np.float32(at), np.float32(np.inf)))
        at = (float(np.float32(at)) + above) / 2
    return at


near_thresholds = _beside()
