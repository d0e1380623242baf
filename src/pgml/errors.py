"""Everything that pgml raises on purpose: one class a kind of mistake, each with its own SQLSTATE.

A message names the thing, the rule and the value; a hint says what to do. The SQLSTATEs are of class
``ML``, which no standard and no PostgreSQL release uses.
"""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 10_000  # characters: a plugin's exception may hold a whole table


def _readable(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


class PgmlError(Exception):
    """Something about the call cannot work."""

    sqlstate = "ML000"

    def __init__(self, message: str | None = None, *, hint: str | None = None, detail: str | None = None):
        self.message = _readable(message or (self.__doc__ or "").strip())
        self.hint = hint and _readable(hint)
        self.detail = detail and _readable(detail)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nHINT: {self.hint}"


class UnknownAlgorithm(PgmlError):
    """No plugin provides the algorithm for that objective."""

    sqlstate = "ML001"


class UnknownObjective(PgmlError):
    """No plugin provides the objective, or it is not the project's own."""

    sqlstate = "ML002"


class UnknownProject(PgmlError):
    """No project has that name."""

    sqlstate = "ML003"


class UnknownRelation(PgmlError):
    """No table or view has that name."""

    sqlstate = "ML004"


class UnknownColumn(PgmlError):
    """The relation has no column of that name."""

    sqlstate = "ML005"


class UnknownDataset(PgmlError):
    """No plugin provides the data set."""

    sqlstate = "ML006"


class UnknownStrategy(PgmlError):
    """A deployment strategy is best_score, most_recent or rollback."""

    sqlstate = "ML007"


class InvalidHyperparameter(PgmlError):
    """A hyperparameter does not exist, has the wrong type or is out of bounds."""

    sqlstate = "ML008"


class InvalidArgument(PgmlError):
    """An argument is NULL, of the wrong kind or out of bounds."""

    sqlstate = "ML009"


class UnusableData(PgmlError):
    """The relation does not hold what a model can be trained on."""

    sqlstate = "ML010"


class UnsupportedType(PgmlError):
    """A column has a type that is no number."""

    sqlstate = "ML011"


class MissingValue(PgmlError):
    """A value is missing where the algorithm does not know missing values."""

    sqlstate = "ML012"


class InfiniteValue(PgmlError):
    """A value is infinite."""

    sqlstate = "ML013"


class WrongFeatures(PgmlError):
    """A prediction was asked for with features other than the model's."""

    sqlstate = "ML014"


class NothingDeployed(PgmlError):
    """The project has no deployed model, or no deployment to go back to."""

    sqlstate = "ML015"


class CorruptPredictor(PgmlError):
    """The bytes of a compiled model are not what they should be."""

    sqlstate = "ML016"


class PluginError(PgmlError):
    """A plugin is broken, or two plugins claim one thing."""

    sqlstate = "ML017"


class TrainingFailed(PgmlError):
    """The algorithm raised while it was fitting or predicting."""

    sqlstate = "ML018"


class EngineDied(PgmlError):
    """The engine, the process that trains, ended before it answered."""

    sqlstate = "ML019"


class ServerError(PgmlError):
    """The PostgreSQL server cannot be set up, started or reached."""

    sqlstate = "ML020"


class NotExportable(PgmlError):
    """The model has no form in that format."""

    sqlstate = "ML021"


class UnknownModel(PgmlError):
    """No model has that number."""

    sqlstate = "ML022"


class PermissionDenied(PgmlError):
    """The role may not do that in a project."""

    sqlstate = "42501"  # PostgreSQL's own insufficient_privilege


_LISTED = 60  # choices in one hint
_NEAREST = 10  # of more choices than that
_SHOWN = 80  # characters of a name; identifiers of PostgreSQL have 63 bytes


def choices_hint(wrong: str, choices: Iterable[str], said: str = "") -> str:
    """Return a hint that lists ``choices`` and, where one is close to ``wrong``, suggests it first.

    Of more than a hint can hold, only the closest are listed. ``said`` is what is known of the wrong name; it
    stands in front, instead of a suggestion.
    """
    from pgml.spelling import by_likeness

    known = sorted(set(choices))
    if not known:
        return said or "there are no choices"
    ranked = by_likeness(wrong, known)
    likeness, closest = ranked[0]
    suggestion = f'did you mean "{shown(closest)}"? ' if likeness >= 0.6 else ""
    if said:
        suggestion = f"{said}; "
    if len(known) <= _LISTED:
        return f"{suggestion}the choices are: {', '.join(map(shown, known))}"
    nearest = ", ".join(shown(name) for _, name in ranked[:_NEAREST])
    return f"{suggestion}the closest of {len(known)} choices are: {nearest}"


def shown(name: str) -> str:
    """Return a name as a message shows it: beginning and end of one that is longer than anybody reads."""
    from pgml.spelling import shortened

    return shortened(name, _SHOWN, "...")
