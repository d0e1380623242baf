"""What the engine does when it is asked: one method a verb."""

from __future__ import annotations

import json
import traceback
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pgml.engine.held import HeldModel
from pgml.engine.held_back import HeldBack
from pgml.engine.matrix import Matrix
from pgml.engine.plugin_call import call_plugin, log
from pgml.errors import EngineDied, NotExportable, PgmlError, UnusableData
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.objective import OBJECTIVES
from pgml.plugin.registry import Provided, find_plugins
from pgml.wire.note import noted
from pgml.wire.packing import Column
from pgml.wire.sampling import choose_test_rows

if TYPE_CHECKING:
    from pgml.engine.training import Training

_MODELS_HELD = 8  # for predictions; the one that was not used for the longest time goes first
_ROWS_A_SLICE = 5_000  # of a data set
_TRAININGS_HELD = 16  # that were found and have not begun; most of them never will

Answer = tuple[Any, ...]  # the result, then attachments
_Found = tuple[Provided, str]  # the algorithm of a training, and its hyperparameters as JSON, checked


class Worker:
    """The engine's memory between two messages: the registry, the training under way, the models it predicts with.

    ``crashed`` are the plugins that ended an engine of this session when they were imported, and how.
    """

    def __init__(self, crashed: Mapping[str, str] | None = None) -> None:
        self._registry = find_plugins(
            crashed or {}, lambda plugin: noted(f"importing the plugin {plugin}", plugin)
        )
        for failure in self._registry.failures:
            if failure.error is not None:
                log(f"the plugin {failure.plugin.name} cannot be used", failure.error)
        self._matrix: Matrix | None = None
        self._held_back: HeldBack | None = None
        self._found: OrderedDict[int, _Found] = OrderedDict()
        self._next: _Found | None = None  # what the time until the next message is used for
        self._chosen: _Found | None = None
        self._held: OrderedDict[str, HeldModel] = OrderedDict()
        self._failed: PgmlError | None = None

    def do(self, message: dict[str, Any], attachments: list[bytearray]) -> Answer | None:
        """Return the answer to a message (the message first, then attachments); None for what needs none.

        What goes wrong with a message that needs none is kept for the training that the message belongs to.
        """
        verb = message.pop("verb")
        if verb in ("begin", "rows"):
            self._collect(verb, message, attachments)
            return None
        if verb == "end":
            self._held_back = self._matrix = self._chosen = None
            return None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                with noted(f"at work on {verb}"):
                    answer = getattr(self, f"_do_{verb}")(*attachments, **message)
            except PgmlError as error:
                answer = ({"error": _described(error)},)
            except Exception:
                answer = ({"error": _described(_bug(verb))},)
            else:
                answer = ({"result": answer[0]}, *answer[1:])
        said = dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)
        answer[0]["warnings"] = list(said)
        return answer

    def prepare(self) -> None:
        """Use the time until the next message: import what the training that comes will need."""
        if self._next is None:
            return
        provided, values = self._next
        self._next = None
        import sklearn.metrics  # noqa: F401

        if type(provided.algorithm).compile is Algorithm.compile:  # nothing else is saved
            import skops.io  # noqa: F401

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                call_plugin(provided, "preparing", provided.algorithm.estimator, **json.loads(values))
            except PgmlError:  # it is raised again, and reported, in the training itself
                return

    # -- asking about algorithms ---------------------------------------------------------------------------

    def _do_algorithms(self) -> Answer:
        rows = [
            {
                "algorithm": name,
                "objective": objective,
                "plugin": provided.plugin.name,
                "version": provided.plugin.version,
                "summary": provided.algorithm.summary,
            }
            for (name, objective), provided in sorted(self._registry.algorithms.items())
        ]
        return (rows,)

    def _do_hyperparameters(self, algorithm: str, objective: str) -> Answer:
        declared = self._registry.find(algorithm, objective).algorithm.hyperparameters
        return ([hyperparameter.row() for hyperparameter in declared],)

    def _do_find(
        self, algorithm: str, objective: str, hyperparameters: dict[str, Any], training: int = 0
    ) -> Answer:
        """The algorithm of a training that is about to begin; it is kept, with all its hyperparameters, checked.

        ``training`` is a number that the training begins with as well: a relation may itself train something when
        its rows are read, so that what was found last need not be what begins next.
        """
        provided = self._registry.find(algorithm, objective)
        values = call_plugin(
            provided, "checking its hyperparameters", _checked, provided.algorithm, hyperparameters
        )
        self._found[training] = self._next = (provided, values)
        if len(self._found) > _TRAININGS_HELD:
            self._found.popitem(last=False)
        found = {
            "algorithm": provided.algorithm.name,
            "plugin": provided.plugin.name,
            "version": provided.plugin.version,
        }
        return (found,)

    # -- training ------------------------------------------------------------------------------------------

    def _collect(self, verb: str, message: dict[str, Any], attachments: list[bytearray]) -> None:
        """Begin a matrix, or add a slice of rows to it, unless something has gone wrong already."""
        try:
            if verb == "begin":
                self._held_back = self._matrix = self._failed = None
                self._begin(**message)
            elif self._failed is None:
                self._started().fill(attachments)
        except PgmlError as error:
            self._failed = error
        except MemoryError:
            self._failed = UnusableData("the engine has not enough memory to hold the rows of the snapshot")
        except Exception:
            self._failed = _bug(verb)

    def _begin(self, columns: list[list[Any]], target: str, row_count: int, training: int = 0) -> None:
        self._chosen = self._found.pop(training, None)
        self._matrix = Matrix([Column(*column) for column in columns], target, row_count)

    def _started(self) -> Matrix:
        """Return the matrix; raise EngineDied where it was begun in another engine, which this one replaced."""
        if self._matrix is None:
            raise EngineDied("the engine that the first rows were sent to ended before it had all of them")
        return self._matrix

    def _do_train(self, test_size: float, sampling: str) -> Answer:
        """What there is to know of the model of the algorithm that was found, and the bytes that are saved of it."""
        training = self._training()
        about, artifacts = training.run(test_size, sampling)
        self._held_back = training.held_back
        return ({**about, "hyperparameters": json.loads(self._chosen[1])}, *artifacts)

    def _do_train_again(self, test_size: float, sampling: str) -> Answer:
        """The digest of the model that a training makes, done once more, and what its algorithm saves of it."""
        return self._training().again(test_size, sampling)

    def _training(self) -> Training:
        """Return the training of the algorithm that was found on the rows that were sent."""
        from pgml.engine.training import Training

        if self._failed is not None:
            raise self._failed
        matrix = self._started()
        if self._chosen is None:
            raise EngineDied("the engine that was told what to train ended before the rows were sent")
        provided, values = self._chosen
        return Training(provided, json.loads(values), matrix)

    def _do_hold_back(self, objective: str, test_size: float, sampling: str) -> Answer:
        """Nothing; the rows that were sent are there to score models on, without a training."""
        if self._failed is not None:
            raise self._failed
        matrix = self._started()
        self._held_back = HeldBack(
            matrix, OBJECTIVES[objective], choose_test_rows(matrix.y, test_size, sampling)
        )
        return (None,)

    def _do_score(self, predictor: bytearray, estimator: bytearray, algorithm: str, objective: str) -> Answer:
        """The key metric of a model on the rows that are held back: of the training just done, or of those sent."""
        if self._held_back is None:
            raise EngineDied("the engine that held the rows ended before it scored the model on them")
        find = partial(self._registry.find, algorithm, objective)
        return (self._held_back.score(predictor, estimator, find),)

    # -- exporting -----------------------------------------------------------------------------------------

    def _do_export_sql(self, predictor: bytearray, name: list[str], about: str) -> Answer:
        """Statements that create a function in SQL."""
        from pgml.predictors.export.sql.function import create_function

        return (create_function(predictor, name, about),)

    def _do_export_onnx(self, predictor: bytearray, about: dict[str, str]) -> Answer:
        """Nothing, and a model in the ONNX format."""
        try:
            from pgml.predictors.export.onnx.model import to_onnx
        except ModuleNotFoundError as missing:
            if missing.name != "onnx":
                raise
            raise NotExportable(
                "the format onnx needs the package onnx, which is not installed where the engine runs",
                hint="pip install 'pgml-core[onnx]', in the environment of the engine; pgml doctor says where that is",
            ) from missing
        return (None, to_onnx(predictor, about))

    # -- data sets -----------------------------------------------------------------------------------------

    def _do_dataset(self, source: str) -> Answer:
        """The columns of a data set and its rows: JSON arrays of objects, a slice of rows each."""
        from pgml.engine.tables import sql_columns, sql_rows

        provided = self._registry.dataset(source)
        frame = call_plugin(provided, "loading", provided.dataset.load)
        columns = call_plugin(provided, "loading", sql_columns, frame)
        slices = (frame.iloc[start : start + _ROWS_A_SLICE] for start in range(0, len(frame), _ROWS_A_SLICE))
        return (columns, *(json.dumps(sql_rows(rows)).encode() for rows in slices))

    # -- predicting ----------------------------------------------------------------------------------------

    def _do_predict(
        self,
        rows: bytearray,
        predictor: bytearray | None = None,
        estimator: bytearray | None = None,
        *,
        digest: str,
        algorithm: str,
        objective: str,
        probabilities: bool = False,
    ) -> Answer:
        """{"answers": one a packed row of float64}; None where the model is not held and its bytes did not come.

        With ``probabilities`` an answer is those of all classes, and the answers are None where the model has none.
        """
        import numpy as np

        if predictor is not None:
            self._held[digest] = HeldModel(
                predictor, estimator, partial(self._registry.find, algorithm, objective)
            )
            if len(self._held) > _MODELS_HELD:
                self._held.popitem(last=False)
        if digest not in self._held:
            return (None,)
        self._held.move_to_end(digest)
        model = self._held[digest]
        X = np.frombuffer(rows).reshape(-1, len(model.features))
        answers = model.predict_proba(X) if probabilities else model.predict(X)
        return ({"answers": answers if answers is None else answers.tolist()},)


def _checked(algorithm: Algorithm, given: dict[str, Any]) -> str:
    """Return the values of all hyperparameters as JSON: trained with is exactly what can be stored and used again."""
    return json.dumps(algorithm.check(given), allow_nan=False)


def _bug(verb: str) -> PgmlError:
    """Return the error for an exception that nobody meant to raise."""
    return PgmlError(f"pgml failed to {verb}", detail=traceback.format_exc())


def _described(error: PgmlError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "detail": error.detail,
    }
