"""What a plugin provides: an algorithm for one objective, as a class that reads like its definition."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol

from pgml.errors import InvalidHyperparameter, PluginError
from pgml.plugin import hyperparameters
from pgml.plugin.hyperparameters import Constraint, Hyperparameter

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from typing_extensions import TypeVar

    from pgml.predictors import Predictor

    E = TypeVar("E", bound="Estimator", default=Any)
else:
    from typing import TypeVar

    E = TypeVar("E")


class Estimator(Protocol):
    """What an algorithm makes; a classifier may have ``predict_proba`` too."""

    def fit(self, X: Any, y: Any, /) -> Self: ...

    def predict(self, X: Any, /) -> Any: ...


class Algorithm(Generic[E]):
    """An algorithm for one objective.

    Subclass it, set the attributes, write :meth:`estimator`; write :meth:`compile` to have predictions
    served inside the database's own process instead of by the engine. Heavy libraries are imported inside
    the methods: the module itself is imported whenever algorithms are listed.

    Attributes:
        name: how users ask for it, in lower_snake_case.
        objective: what its models are for: the name of one of ``pgml.plugin.objective.OBJECTIVES``.
        summary: one sentence on what it is.
        when: one or two sentences on when to choose it.
        source: where it is described: a paper or the library's page.
        hyperparameters: what users can set. The default of each is passed on as well, so it is the default
            that counts, whatever the library's own.
        constraints: what must hold between several of them, or between some and the data.
        left_out: the estimator's own parameters that users cannot set, each with the reason why.
        scaled: whether the features are standardised (mean 0, standard deviation 1) before it sees them.
        missing: whether it knows missing values (NaN in ``X``); otherwise a missing value is an error.
        positive_target: whether it learns only from a target that is above 0 in every row (a regression).
        aliases: other names that are accepted for it.
        trusted_types: types, besides those that skops trusts by itself, that a saved estimator may contain
            (see :meth:`load`).
    """

    name: str
    objective: str
    summary: str
    when: str = ""
    source: str = ""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    left_out: Mapping[str, str] = MappingProxyType({})
    scaled: bool = False
    missing: bool = False
    positive_target: bool = False
    aliases: tuple[str, ...] = ()
    trusted_types: tuple[str, ...] = ()

    def estimator(self, *args: Any, **hyperparameters: Any) -> E:
        """Return an unfitted estimator, an object with ``fit(X, y)`` and ``predict(X)``.

        All hyperparameters come by name; a subclass may spell them out, each with its type.

        ``X`` is a C-contiguous float64 array of shape (rows, features). ``y`` has shape (rows,): float64 for
        regression; for classification the classes' indices, 0 to k - 1, as int64. ``predict`` returns the
        same; a classifier with ``predict_proba`` gives probabilities of shape (rows, k).
        """
        raise NotImplementedError

    def fit(self, values: Mapping[str, Any], X: np.ndarray, y: np.ndarray) -> E:
        """Return an estimator with the hyperparameters ``values`` (from :meth:`check`), fitted to ``X`` and ``y``.

        Neither array is changed. Override it to hand over more than the two.

        Raises:
            InvalidHyperparameter: the data break one of the constraints.
        """
        self.check_data(values, X, y)
        return self.estimator(**values).fit(X, y)

    def compile(self, fitted: E) -> Predictor | None:
        """Return the fitted estimator as a predictor of one of the families, or None to leave it to the engine.

        The predictor takes the same ``X`` that ``fit`` was given: scaling is added by the caller.
        """
        return None

    def save(self, fitted: E) -> bytes:
        """Return the fitted estimator as bytes that hold data only, never code; by default a skops file.

        It is called for a model that is left to the engine, and where one is exported in its library's own format: of
        a compiled one the predictor is all there is.
        """
        import skops.io

        return bytes(skops.io.dumps(fitted))

    def load(self, saved: bytes) -> E:
        """Return the estimator that :meth:`save` saved, in a process that may never have seen it.

        Before it is called, the types in a skops file were found to be those that it held in training.

        Raises:
            PluginError: the file holds a type that neither skops trusts nor ``trusted_types`` names.
        """
        import skops.io

        unknown = set(skops.io.get_untrusted_types(data=saved)) - set(self.trusted_types)
        if unknown:
            raise PluginError(
                f"the saved {self.name} model holds types that are not trusted: {', '.join(sorted(unknown))}",
                hint="a plugin lists the types that its estimators hold in trusted_types",
            )
        fitted: E = skops.io.loads(saved, trusted=list(self.trusted_types))
        return fitted

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every hyperparameter's value, given or default; raise InvalidHyperparameter for a bad one."""
        declared = {hyperparameter.name for hyperparameter in self.hyperparameters}
        for name in given:
            if name in self.left_out and name not in declared:
                raise InvalidHyperparameter(f"{self.name}: {name} cannot be set: {self.left_out[name]}")
        return hyperparameters.check(self.name, self.hyperparameters, given, self.constraints)

    def check_data(self, values: Mapping[str, Any], X: np.ndarray, y: np.ndarray) -> None:
        """Raise InvalidHyperparameter where the data break one of the constraints on ``values``."""
        for constraint in self.constraints:
            if constraint.needs_data:
                constraint.require(self.name, values, X=X, y=y)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the hyperparameters."""
        return hyperparameters.json_schema(f"{self.name} ({self.objective})", self.hyperparameters)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name} for {self.objective}>"
