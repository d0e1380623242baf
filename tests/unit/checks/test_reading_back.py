"""The conformance suite notices what cannot be read back: before it is published, not once it is deployed."""

import pytest
import unreadable

from pgml.plugin.checks import reads_back
from pgml.plugin.checks.reading_back import fitted_as_searched
from pgml.plugin.checks.tables import table


def test_what_can_be_read_back_passes():
    reads_back(unreadable.Neighbours())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (unreadable.ManyNeighbours, "not trusted: sklearn.metrics._dist_metrics.EuclideanDistance64"),
        (unreadable.OtherTree, "not trusted: sklearn.neighbors._ball_tree.BallTree"),
        (unreadable.SometimesCompiled, "not trusted: sklearn.neighbors._ball_tree.BallTree"),
        (unreadable.Pickled, "must save data, never code .*, got 'a pickle'"),
        (unreadable.Remembered, "must be readable in a process that did not save it, got \"KeyError"),
        (unreadable.Reshaped, "the estimator read in another process .* must predict what the estimator does"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_what_cannot_be_read_back_fails(kind, said):
    with pytest.raises(AssertionError, match=said) as raised:
        reads_back(kind())
    assert "neighbours" in str(raised.value)


def test_each_value_that_is_worth_trying_is_tried():
    algorithm = unreadable.OtherTree()
    fits = [fitted for _, fitted in fitted_as_searched(algorithm, *table(algorithm, "plain"))]
    for each in algorithm.hyperparameters:
        assert {getattr(fitted, each.name) for fitted in fits} == set(each.search)
