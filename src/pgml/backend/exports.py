"""Models on their way out of the database: who may read a project may take its models along."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pgml
from pgml.backend import snapshot_rows
from pgml.backend.arguments import require
from pgml.backend.engine import Engine
from pgml.backend.session import Session
from pgml.backend.store import Model, Project, Store
from pgml.errors import InvalidArgument, NotExportable, choices_hint
from pgml.predictors.read.stored import predictor_of

FORMATS = ("safetensors", "onnx", "native")
_MOST_BYTES = 200_000_000  # of one export: as base64 they are nearly as long as a text in jsonb may be


class Exports:
    """Writes models in other formats; ``trainings`` numbers the trainings of the session."""

    def __init__(self, session: Session, engine: Engine, store: Store, trainings: Iterator[int]):
        self._session = session
        self._engine = engine
        self._store = store
        self._trainings = trainings

    def sql(self, function_name: str, **which: object) -> str:
        """Return the statements that create a function in SQL whose answers are a model's.

        Raises:
            InvalidArgument: ``function_name`` is not a name, or one of more parts than schema and function.
            NotExportable: the model has no such form, or it would be too large.
        """
        require(function_name=function_name)
        name = self._parts(function_name)
        project, model = self._readable(**which)
        about = (
            f'Model {model.id} ({model.algorithm_name}, {project.objective}) of the project "{project.name}", '
            f"exported by pgml {pgml.__version__}; the digest of its predictor is {model.digest}."
        )
        predictor, _ = self._store.artifacts(model)
        return self._engine.ask("export_sql", (predictor,), name=name, about=about)[0]

    def model(self, format: str, **which: object) -> str:
        """Return a model as base64: its predictor (safetensors), in the format ONNX, or its library's own (native).

        Raises:
            InvalidArgument: there is no such format.
            NotExportable: the model has no form in it, or a larger one than SQL can hand over.
        """
        require(format=format)
        if format not in FORMATS:
            raise InvalidArgument(f'unknown format "{format}"', hint=choices_hint(format, FORMATS))
        project, model = self._readable(**which)
        exported = (
            self._native(project, model) if format == "native" else self._compiled(project, model, format)
        )
        if len(exported) > _MOST_BYTES:
            raise NotExportable(
                f"model {model.id} takes {len(exported)} bytes in the format {format}, and the limit is {_MOST_BYTES}"
            )
        return base64.b64encode(exported).decode()

    def _readable(self, *, project_name: str | None = None, **other: int | None) -> tuple[Project, Model]:
        """Return the model that is meant, which the caller may read: by number, or the deployed one of a project."""
        if "model_id" in other:
            require(**other)
            return self._store.model(other["model_id"], "read")
        require(project_name=project_name)
        project = self._store.project(project_name, "read")
        return project, self._store.require_deployed(project)

    def _parts(self, function_name: str) -> list[str]:
        """Return the schema, if there is one, and the name that a user typed, as SQL reads them."""
        found = self._session.attempt(lambda: self._session.one("parts_of_name", name=function_name), "22023")
        if found is None or len(found["parts"]) > 2:
            raise InvalidArgument(
                f'function_name must be the name of a function, got "{function_name}"',
                hint='as SQL writes it: my_model, scores.my_model or "My Model"',
            )
        return found["parts"]

    def _compiled(self, project: Project, model: Model, format: str) -> bytes:
        predictor, _ = self._store.artifacts(model)
        if format == "safetensors":
            return predictor_of(predictor)
        about = {
            "project": project.name,
            "model": str(model.id),
            "algorithm": model.algorithm_name,
            "objective": project.objective,
            "digest": model.digest,
            "pgml": pgml.__version__,
        }
        return bytes(self._engine.ask("export_onnx", (predictor,), about=about)[1][0])

    def _native(self, project: Project, model: Model) -> bytes:
        """Return what the plugin saves of the model: it was kept, or the model is trained once more to have it.

        A training uses the machine, and so needs EXECUTE on pgml.train as well.
        """
        _, estimator = self._store.artifacts(model)
        if estimator:
            return estimator
        self._store.require_execute("train")
        snapshot = self._store.snapshot(model)
        columns = snapshot_rows.columns_of(self._session, self._store, snapshot)
        training = next(self._trainings)
        self._engine.ask(
            "find",
            algorithm=model.algorithm_name,
            objective=project.objective,
            hyperparameters=self._store.hyperparameters(model),
            training=training,
        )
        try:
            snapshot_rows.send(self._engine, snapshot, columns, training)
            digest, saved = self._engine.ask(
                "train_again", test_size=model.test_size, sampling=model.test_sampling
            )
        finally:
            self._engine.forget()
        if digest != model.digest:
            raise NotExportable(
                f"model {model.id} comes out otherwise when it is trained again, and so it cannot be handed out in the "
                f"format of its library: the digest is {digest}, not {model.digest}",
                hint=f"the version of pgml, of {model.algorithm_name}'s library or of its plugin has changed: "
                "train it anew, and export that model",
            )
        return bytes(saved[0])
