"""The scores of a forest in SQL: each tree as nested CASE."""

from __future__ import annotations

from collections.abc import Sequence

from pgml.predictors.export.described import Forest, Tree, in_double
from pgml.predictors.export.sql.literals import double, real, untyped
from pgml.predictors.read.parts import Common


def scores(common: Common, forest: Forest, values: Sequence[str]) -> list[str]:
    """Return an expression a score, float8 or, where the model adds in single precision, real.

    ``values`` are those of the features as they are compared. NULL and NaN go where the model has missing values go.
    """
    number = real if common.single else double
    added = [[number(constant)] for constant in forest.start]
    for place, tree in enumerate(forest.trees):
        if forest.leaves is None:
            score = 0 if forest.scores is None else forest.scores[place]
            added[score].append(_tree(tree, [number(value) for value in tree.number], forest, values))
            continue
        k = common.n_scores
        for score, terms in enumerate(added):
            row = [
                forest.leaves[int(leaf) * k + score] if left < 0 else 0.0
                for leaf, left in zip(tree.number, tree.left)
            ]
            terms.append(_tree(tree, [number(value) for value in row], forest, values))
    return [_finished(common, forest, score, "\n        + ".join(terms)) for score, terms in enumerate(added)]


def _tree(tree: Tree, leaves: Sequence[str], forest: Forest, values: Sequence[str]) -> str:
    """Return a tree's expression; ``leaves`` [n] are those of its leaves."""
    thresholds = in_double(tree.number) if forest.single_input else tree.number
    written = list(leaves)
    for node in reversed(range(len(written))):  # children come after their parents
        left = tree.left[node]
        if left < 0:
            continue
        value, threshold, yes, no = (
            values[tree.feature[node]],
            untyped(thresholds[node]),
            written[left],
            written[left + 1],
        )
        if yes == no:
            written[node] = yes
        elif tree.missing_left[node]:
            written[node] = f"CASE WHEN {value} > {threshold} AND {value} < 'NaN' THEN {no} ELSE {yes} END"
        else:  # NULL is not at most anything, and NaN above all
            written[node] = f"CASE WHEN {value} <= {threshold} THEN {yes} ELSE {no} END"
        written[left] = written[left + 1] = ""
    return written[0]


def _finished(common: Common, forest: Forest, score: int, total: str) -> str:
    if forest.divisor is None and forest.scale is None and forest.offset is None:
        return f"({total})"
    value = f"({total})::float8"
    if forest.divisor is not None:
        value = f"{value} / {untyped(forest.divisor)}"
    if forest.scale is not None:
        value = f"{untyped(forest.scale)} * ({value})"
    if forest.offset is not None:
        value = f"{value} + {untyped(forest.offset[score])}"
    return f"({value})::real" if common.single else f"({value})"
