"""Whether each hyperparameter that an algorithm declares changes something: a value of it, on a table, among others."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.comparison import compile_fitted
from pgml.plugin.checks.tables import kinds, table
from pgml.plugin.hyperparameters import Hyperparameter, Kind, Sequence

Settings = dict[str, Any]

_NUMBERS = (1, 0.5, 2, 0.1, 0, 3, 10, 0.9, 0.25, 1e-3, -1, 100.5)  # none that would make a training long
_MANY = 50  # a whole number from which on it may be of trees or steps, and a fifth of it is as good to look at
_WIDTH = 3  # features of the table
_PAIRS = 200  # of models that are compared, at most, before a hyperparameter is said to change nothing
_PAIRS_OF_SLOW = 12  # where the algorithm is slow: then it is enough that a value is passed on to the estimator
_SLOW = 1.0  # seconds of processor time for all that was compared
_ALONE = 4  # values that are tried beside the defaults
_OF_OTHERS = 2  # values that are tried beside another setting
_OF_ANOTHER = 4  # values of that
_LIKELIEST = 2  # other settings that are tried together with every further one
_KINDS = ("plain", "unequal classes", "huge numbers", "five classes")  # of tables


def ignored(algorithm: Algorithm) -> list[str]:
    """Return the hyperparameters that change no model: for none of some values, on no table, beside no other setting.

    Each is changed alone first. One that changes nothing then may matter only with another: the others are changed
    too, one at a time, first those that its description speaks of. Not all of that is tried where it takes long.
    """
    trial = _Trial(algorithm)
    return [each.name for each in algorithm.hyperparameters if not each.without_effect and not trial.matters(each)]


class _Trial:
    """Models of an algorithm that are cheap to fit, by their settings, and how they answer."""

    def __init__(self, algorithm: Algorithm):
        self._algorithm = algorithm
        self._kinds = [kind for kind in _KINDS if kind in kinds(algorithm)]
        self._answers: dict[str, bytes | None] = {}
        self._spent = 0.0
        self._small: Settings = {}
        for each in algorithm.hyperparameters:
            if type(each.default) is int and each.default >= _MANY and not each.without_effect:
                fifth = {each.name: each.default // 5}
                if self._answer(self._kinds[0], {**self._small, **fifth}) is not None:
                    self._small.update(fifth)

    def matters(self, each: Hyperparameter) -> bool:
        """Return whether a value of it leads to another model."""
        tried = list(values(each, self._small.get(each.name, each.default)))[: max(_ALONE, len(each.kind.choices))]
        if not tried:  # nothing that this module knows is a value
            return True
        for number, pair in enumerate(itertools.islice(self._settings_with(each, tried), _PAIRS)):
            slow = self._spent > _SLOW
            if slow and number >= _PAIRS_OF_SLOW:
                return any(self._is_passed_on(*pair) for pair in self._settings_with(each, tried))
            if self._differs(*pair):
                return True
        return False

    def _is_passed_on(self, kind: str, without: Settings, given: Settings) -> bool:
        """Return whether estimators that are not fitted differ: a library that is given a value may be trusted to use it."""
        def estimator(settings: Settings) -> Any:
            return self._algorithm.estimator(**self._algorithm.check(settings))

        try:
            one, other = estimator(without), estimator(given)
        except Exception:
            return False
        return repr(_state(one)) != repr(_state(other))

    def _settings_with(self, each: Hyperparameter, tried: list[Any]) -> Iterator[tuple[str, Settings, Settings]]:
        """Yield a table, and settings without and with a value of it, first those where it is likely to matter."""
        for number, others in enumerate(self._others(each)):
            for kind in self._kinds[: 1 if number else None]:
                for value in tried[: _OF_OTHERS if number else None]:
                    yield kind, {**self._small, **others}, {**self._small, **others, each.name: value}

    def _differs(self, kind: str, without: Settings, given: Settings) -> bool:
        before = self._answer(kind, without)
        return before is not None and self._answer(kind, given) not in (None, before)

    def _others(self, each: Hyperparameter) -> Iterator[Settings]:
        """Yield none, then values of other hyperparameters, those first that its description speaks of."""
        said, words = set(re.findall(r"[\w:]+", each.description)), set(each.name.split("_"))
        ranked: dict[int, list[Settings]] = {rank: [] for rank in range(2 + _OF_ANOTHER)}
        for other in self._algorithm.hyperparameters:
            if other.name == each.name or other.without_effect:
                continue
            akin = other.name in said or not words.isdisjoint(other.name.split("_"))
            tried = values(other, self._small.get(other.name, other.default))
            for place, value in enumerate(itertools.islice(tried, max(_OF_ANOTHER, len(other.kind.choices)))):
                later = min(2 + place, 1 + _OF_ANOTHER)
                rank = 0 if isinstance(value, str) and value in said else 1 if akin else later
                ranked[rank].append({other.name: value})
        yield {}
        spoken = ranked.pop(0)
        yield from spoken
        likely = [*spoken, *ranked[1]]
        yield from ({**one, **two} for one, two in itertools.combinations(likely, 2) if one.keys() != two.keys())
        yield from ranked.pop(1)
        yield from ({**one, **two} for one in likely[:_LIKELIEST] for two in ranked[2] if one.keys() != two.keys())
        for settings in ranked.values():
            yield from settings

    def _answer(self, kind: str, settings: Settings) -> bytes | None:
        """Return what a model of these settings is known by, None where they do not go together or suit the rows."""
        key = f"{kind} {sorted(settings.items())!r}"
        if key not in self._answers:
            started = time.process_time()
            self._answers[key] = self._fitted(kind, settings)
            self._spent += time.process_time() - started
        return self._answers[key]

    def _fitted(self, kind: str, settings: Settings) -> bytes | None:
        X, y = table(self._algorithm, kind)
        if y.dtype.kind == "f":
            y = y - y.min() + 1  # some losses know no other numbers
        try:
            fitted = self._algorithm.fit(self._algorithm.check(settings), X, y)
        except Exception:  # a library's own error, too: not all that goes together can be declared
            return None
        try:
            compiled = compile_fitted(self._algorithm, fitted)
        except Exception as error:
            rule = f"must compile with {settings}, return None or raise NotCompilable"
            raise AssertionError(f"{self._algorithm!r}: {rule}, got {error!r}") from error
        if compiled is not None:
            return compiled.to_bytes()
        answers = [fitted.predict(X)]
        if hasattr(fitted, "predict_proba"):
            answers.append(fitted.predict_proba(X))
        return b"".join(np.asarray(each).tobytes() for each in answers)


def _state(estimator: Any) -> dict[str, Any]:
    get_params = getattr(estimator, "get_params", None)
    return dict(get_params() if callable(get_params) else vars(estimator))


def values(each: Hyperparameter, default: Any) -> Iterator[Any]:
    """Yield some values of a hyperparameter, none of them the default."""
    seen = {repr(default)}
    for value in _allowed(each, (None, *_brief(each.search), *_of(each.kind))):
        if repr(value) not in seen:
            seen.add(repr(value))
            yield value


def _brief(search: Iterable[Any]) -> Iterator[Any]:
    return (value for value in search if type(value) is not int or value < _MANY)


def _allowed(of: Hyperparameter | Kind, tried: Iterable[Any]) -> Iterator[Any]:
    for value in tried:
        try:
            yield of.convert(value)
        except ValueError:
            continue


def _of(kind: Kind) -> Iterator[Any]:
    yield from kind.choices
    yield from (True, False)
    for several in getattr(kind, "kinds", ()):  # of Either
        yield from _of(several)
    if isinstance(kind, Sequence):
        items = [*_allowed(kind.item, _of(kind.item))][:3]
        yield from ([item] * _WIDTH for item in items)
        yield from ([*items, *items][:_WIDTH], items[:1], items[:2])
    lowest = getattr(kind, "above", None) if kind.minimum is None else kind.minimum
    highest = getattr(kind, "below", None) if kind.maximum is None else kind.maximum
    if lowest is not None and highest is not None and highest - lowest < _MANY:
        yield from (lowest + share * (highest - lowest) for share in (0.25, 0.75))
    for bound in (kind.minimum, kind.maximum):
        if bound is not None and abs(bound) < _MANY:
            yield bound
    yield from _NUMBERS
