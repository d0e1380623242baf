"""What the arguments of SQL functions may be, whatever the database holds."""

from __future__ import annotations

from typing import Any

from pgml.errors import InvalidArgument, choices_hint
from pgml.wire import sampling


def require(**arguments: Any) -> None:
    """Raise InvalidArgument where an argument is NULL or empty."""
    for name, value in arguments.items():
        if value is None:
            raise InvalidArgument(f"{name} must not be NULL")
        if value == "":
            raise InvalidArgument(f"{name} must not be empty")


def check_split(test_size: float | None, test_sampling: str | None) -> None:
    """Raise InvalidArgument where rows cannot be held back so, however many there are."""
    require(test_size=test_size)
    if not 0 < float(test_size) < float("inf"):  # JSON has NaN and infinity as text only
        raise InvalidArgument(
            f"test_size must be a fraction between 0 and 1 or a number of rows, got {float(test_size):g}"
        )
    if test_sampling is not None and test_sampling not in sampling.SAMPLINGS:
        raise InvalidArgument(
            f'unknown test_sampling "{test_sampling}"', hint=choices_hint(test_sampling, sampling.SAMPLINGS)
        )


def check_unused(search: Any, search_params: Any, search_args: Any, preprocess: Any) -> None:
    """Raise for arguments that are part of the interface and that nothing acts on yet: silence would mislead."""
    arguments = {
        "search": search,
        "search_params": search_params,
        "search_args": search_args,
        "preprocess": preprocess,
    }
    for name, value in arguments.items():
        if value:
            raise InvalidArgument(f"{name} is not supported by this version of pgml")
