"""Which rows are held back to score a model on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pgml.errors import InvalidArgument, UnusableData

if TYPE_CHECKING:
    import numpy as np

SAMPLINGS = ("random", "stratified", "first", "last")
SEED = 0


def test_row_count(row_count: int, test_size: float) -> int:
    """Return how many of ``row_count`` rows are for testing: a fraction below 1, a number of rows from 1 on."""
    if row_count < 2:
        raise UnusableData(
            f"there {'is 1 row' if row_count == 1 else 'are 0 rows'}; "
            "training needs at least 2, one to train on and one to test on"
        )
    if test_size >= 1 and test_size > row_count - 1:
        raise InvalidArgument(f"test_size is {test_size:g} rows, and there are {row_count} in all")
    count = math.floor(test_size) if test_size >= 1 else math.ceil(test_size * row_count)
    return min(count, row_count - 1)


def choose_test_rows(y: np.ndarray, test_size: float, sampling: str) -> np.ndarray:
    """Return a mask [rows] that is true for the rows to test on; the same for the same arguments.

    ``stratified`` takes the same share of every label of ``y``, by largest remainder, and leaves every label
    at least one row to train on.
    """
    import numpy as np

    count = test_row_count(len(y), test_size)
    random = np.random.Generator(np.random.PCG64(SEED))
    mask = np.zeros(len(y), dtype=bool)
    if sampling == "first":
        mask[:count] = True
    elif sampling == "last":
        mask[-count:] = True
    elif sampling == "random":
        mask[random.permutation(len(y))[:count]] = True
    else:
        _, label, sizes = np.unique(y, return_inverse=True, return_counts=True)
        shares, remainders = np.divmod(sizes * count, len(y))
        shares = np.minimum(shares, sizes - 1)
        by_remainder = np.argsort(-remainders, kind="stable")
        growing = by_remainder[((remainders > 0) & (shares < sizes - 1))[by_remainder]]
        shares[growing[: count - shares.sum()]] += 1
        shuffled = random.permutation(len(y))
        grouped = shuffled[np.argsort(label[shuffled], kind="stable")]  # label by label, each in random order
        place = np.arange(len(y)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # within its label
        mask[grouped[place < np.repeat(shares, sizes)]] = True
    return mask
