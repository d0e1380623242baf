"""Hyperparameters: declared once, and from that declaration checked, described in SQL and as JSON Schema."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgml.errors import InvalidHyperparameter, choices_hint, shown


class Kind:
    """What values a hyperparameter takes. ``rule`` completes the sentence "it must be ..."."""

    type: str
    rule: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def convert(self, value: Any) -> Any:
        """Return ``value`` as the estimator takes it; raise ``ValueError`` with the rule it breaks."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the values."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Number(Kind):
    """Numbers within bounds: ``minimum`` and ``maximum`` are allowed themselves, ``above`` and ``below`` are not."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    noun = "a number"
    _json_type = "number"

    @property
    def _bounds(self) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"between {_plain(self.minimum)} and {_plain(self.maximum)}"
        lower = [f"at least {_plain(self.minimum)}"] if self.minimum is not None else []
        lower += [f"greater than {_plain(self.above)}"] if self.above is not None else []
        upper = [f"at most {_plain(self.maximum)}"] if self.maximum is not None else []
        upper += [f"less than {_plain(self.below)}"] if self.below is not None else []
        return " and ".join(lower + upper)

    @property
    def rule(self) -> str:  # type: ignore[override]  # of a frozen class, so nobody sets it
        return f"{self.noun} {self._bounds}".strip()

    def _check_bounds(self, value: float) -> None:
        if (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        ):
            raise ValueError(self._bounds)

    def schema(self) -> dict[str, Any]:
        bounds = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
        }
        return {"type": self._json_type, **{key: bound for key, bound in bounds.items() if bound is not None}}


def _as_float(value: Any) -> float:
    """Return a number as a float: NaN for what is no number, infinity for one that is beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _plain(bound: float) -> str:
    return f"{bound:.0f}" if float(bound).is_integer() else f"{bound:g}"


class Float(_Number):
    """A finite number."""

    type = "float"

    def convert(self, value: Any) -> float:
        number = _as_float(value)
        if not math.isfinite(number):
            raise ValueError(self.rule)
        self._check_bounds(number)
        return number


class Integer(_Number):
    """A whole number; ``10.0`` is one too."""

    type = "integer"
    noun = "a whole number"
    _json_type = "integer"

    def convert(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise ValueError(self.rule)
        self._check_bounds(value)
        return int(value)


class Boolean(Kind):
    """``true`` or ``false``."""

    type = "boolean"
    rule = "true or false"

    def convert(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(self.rule)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice(Kind):
    """One of a few words."""

    type = "text"

    def __init__(self, *choices: str):
        self.choices = choices

    @property
    def rule(self) -> str:  # type: ignore[override]  # follows the choices
        return f"one of {', '.join(self.choices)}" if len(self.choices) > 1 else self.choices[0]

    def convert(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(self.rule)
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


class Sequence(Kind):
    """A list of values of one kind, with at least ``minimum_length`` of them."""

    def __init__(self, item: Kind, minimum_length: int = 1):
        self.item = item
        self.minimum_length = minimum_length
        self.type = f"{item.type}[]"
        self.minimum, self.maximum, self.choices = item.minimum, item.maximum, item.choices
        self.rule = f"a list of {minimum_length} or more values, each {item.rule}"

    def convert(self, value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)) or len(value) < self.minimum_length:
            raise ValueError(self.rule)
        try:
            return [self.item.convert(each) for each in value]
        except ValueError:
            raise ValueError(self.rule) from None

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.minimum_length}


class Either(Kind):
    """A value of any of several kinds; the first that takes it decides."""

    def __init__(self, *kinds: Kind):
        self.kinds = kinds
        self.type = " or ".join(dict.fromkeys(kind.type for kind in kinds))
        self.rule = ", or ".join(kind.rule for kind in kinds)
        self.choices = tuple(choice for kind in kinds for choice in kind.choices)

    def convert(self, value: Any) -> Any:
        for kind in self.kinds:
            try:
                return kind.convert(value)
            except ValueError:
                continue
        raise ValueError(self.rule)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}


@dataclass(frozen=True)
class Hyperparameter:
    """One setting of an algorithm.

    ``description`` is one sentence for the person who sets it, ``search`` the values that a search tries
    unless it is told others, ``nullable`` whether ``null`` is a value (it is where it is the default).
    ``without_effect`` is the reason why it need not change any model, where that is right: it may change only how
    long a training takes.
    """

    name: str
    kind: Kind
    default: Any
    description: str
    search: tuple[Any, ...] = ()
    nullable: bool = False
    without_effect: str = ""

    def __post_init__(self) -> None:
        if self.default is None:
            object.__setattr__(self, "nullable", True)
        for value in (self.default, *self.search):
            try:
                self.convert(value)
            except ValueError as broken:
                raise ValueError(f"{self.name}: {value!r} is declared, but it must be {broken}") from None

    def convert(self, value: Any) -> Any:
        """Return ``value`` as the estimator takes it; raise ``ValueError`` with the rule it breaks."""
        if value is None and self.nullable:
            return None
        try:
            return self.kind.convert(value)
        except ValueError as broken:
            raise ValueError(f"{broken}, or null" if self.nullable else str(broken)) from None

    def but(self, **changes: Any) -> Hyperparameter:
        """Return this declaration with some of its fields changed, for an algorithm that differs in them."""
        return replace(self, **changes)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of this hyperparameter."""
        values = self.kind.schema()
        if self.nullable:
            values = {"anyOf": [values, {"type": "null"}]}
        return {**values, "default": self.default, "description": self.description}

    def row(self) -> dict[str, Any]:
        """Return the row that ``pgml.hyperparameters`` shows."""
        bounds = self.kind
        lowest = bounds.minimum if bounds.minimum is not None else getattr(bounds, "above", None)
        highest = bounds.maximum if bounds.maximum is not None else getattr(bounds, "below", None)
        return {
            "name": self.name,
            "type": self.kind.type,
            "default": self.default,
            "minimum": lowest,
            "maximum": highest,
            "choices": list(self.kind.choices) or None,
            "description": self.description,
        }


@dataclass(frozen=True)
class Constraint:
    """What must hold between several hyperparameters, or between some and the training data ``X`` and ``y``.

    ``rule`` is a sentence in the hyperparameters' names; ``holds`` takes the values it speaks about, and
    ``X`` or ``y`` or both, as parameters of those names::

        Constraint("solver must be saga where l1_ratio is above 0", lambda solver, l1_ratio: ...)
        Constraint("n_nonzero_coefs must be at most the number of features", lambda n_nonzero_coefs, X: ...)
    """

    rule: str
    holds: Callable[..., bool]

    @property
    def needs_data(self) -> bool:
        """Whether only the training data can tell."""
        return not {"X", "y"}.isdisjoint(inspect.signature(self.holds).parameters)

    def require(self, owner: str, values: Mapping[str, Any], **data: Any) -> None:
        """Raise InvalidHyperparameter if ``values`` (one for each hyperparameter) and ``data`` break the rule."""
        names = inspect.signature(self.holds).parameters
        if not self.holds(**{name: {**values, **data}[name] for name in names}):
            got = ", ".join(f"{name} {json.dumps(values[name])}" for name in names if name not in data)
            raise InvalidHyperparameter(f"{owner}: {self.rule}, got {got}")


def check(
    owner: str,
    declared: Iterable[Hyperparameter],
    given: Mapping[str, Any],
    constraints: Iterable[Constraint] = (),
) -> dict[str, Any]:
    """Return the value of every declared hyperparameter: the given one, checked, or the default.

    Raises :class:`pgml.errors.InvalidHyperparameter` in the words of the declaration, with ``owner`` (an
    algorithm's name) in front.
    """
    known = {hyperparameter.name: hyperparameter for hyperparameter in declared}
    for name in given:
        if name not in known:
            raise InvalidHyperparameter(
                f'{owner}: there is no hyperparameter "{shown(name)}"', hint=choices_hint(name, known)
            )
    values = {}
    for name, hyperparameter in known.items():
        value = given.get(name, hyperparameter.default)
        try:
            values[name] = hyperparameter.convert(value)
        except ValueError as broken:
            raise InvalidHyperparameter(
                f"{owner}: {name} must be {broken}, got {json.dumps(value, default=repr)}",
                hint=hyperparameter.description,
            ) from None
    for constraint in constraints:
        if not constraint.needs_data:
            constraint.require(owner, values)
    return values


def json_schema(title: str, declared: Iterable[Hyperparameter]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the object that holds the hyperparameters."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {hyperparameter.name: hyperparameter.schema() for hyperparameter in declared},
        "additionalProperties": False,
    }
