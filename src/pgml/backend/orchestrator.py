"""Train, deploy and the rest, in the words of the README: what each SQL function does."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

from pgml.backend import dataset_table, relation, scoring, snapshot_rows
from pgml.backend.arguments import check_split, check_unused, require
from pgml.backend.deployment import Deployment
from pgml.backend.engine import Engine
from pgml.backend.exports import Exports
from pgml.backend.rights import Rights
from pgml.backend.session import Session
from pgml.backend.store import Project, Snapshot, Store
from pgml.errors import InvalidArgument, PgmlError, UnknownObjective, UnusableData
from pgml.plugin.objective import OBJECTIVES, unknown_objective
from pgml.wire import sampling

_LONGEST_NAME = 500  # characters; an index entry holds no more than that many of four bytes


class Orchestrator:
    """Dispatches what a session asks for to its engine and the store."""

    def __init__(self, session: Session, engine: Engine):
        self._session = session
        self._engine = engine
        self._store = Store(session)
        self._deployment = Deployment(session, engine, self._store)
        self._rights = Rights(self._store)
        self._trainings = itertools.count()
        self._exports = Exports(session, engine, self._store, self._trainings)

    def algorithms(self) -> list[dict[str, Any]]:
        """Return every algorithm that can be trained: algorithm, objective, plugin, version, summary."""
        return self._engine.ask("algorithms")[0]

    def hyperparameters(self, algorithm: str, objective: str) -> list[dict[str, Any]]:
        """Return what can be set for an algorithm."""
        require(algorithm=algorithm, objective=objective)
        return self._engine.ask("hyperparameters", algorithm=algorithm, objective=objective)[0]

    def load_dataset(self, source: str) -> str:
        """Create the table pgml.<source>, or fill it anew; return 'OK'."""
        self._store.require_execute("load_dataset")
        require(source=source)
        columns, slices = self._engine.ask("dataset", source=source)
        dataset_table.fill(self._session, source, columns, slices)
        return "OK"

    def train(
        self,
        project_name: str,
        objective: str | None,
        relation_name: str | None,
        y_column_name: str | None,
        algorithm: str,
        hyperparams: dict[str, Any],
        search: str | None,
        search_params: dict[str, Any],
        search_args: dict[str, Any],
        test_size: float,
        test_sampling: str | None,
        preprocess: dict[str, Any],
        deploy: bool,
    ) -> dict[str, str]:
        """Train a model on a snapshot, store it, and deploy it if it is the better one.

        Returns project_name, objective, algorithm_name and status ('deployed' or 'not deployed').
        """
        self._store.require_execute("train")
        require(project_name=project_name, algorithm=algorithm, hyperparams=hyperparams, deploy=deploy)
        if len(project_name) > _LONGEST_NAME:
            raise InvalidArgument(
                f"project_name must have at most {_LONGEST_NAME} characters, got one of {len(project_name)}"
            )
        check_split(test_size, test_sampling)
        check_unused(search, search_params, search_args, preprocess)
        if not isinstance(hyperparams, dict):
            raise InvalidArgument(f"hyperparams must be a JSON object, got {json.dumps(hyperparams)}")
        objective = self._objective(project_name, objective)
        asked = {"algorithm": algorithm, "objective": objective, "hyperparameters": hyperparams}
        asked["training"] = next(self._trainings)
        found, _ = self._engine.ask("find", **asked)
        project = self._store.create_project(project_name, objective)
        if project.objective != objective:  # another session made it in the meantime
            raise _other_objective(project, objective)

        snapshot = self._snapshot(project, relation_name, y_column_name)
        columns = snapshot_rows.columns_of(self._session, self._store, snapshot)
        split = (test_size, test_sampling or OBJECTIVES[objective].test_sampling)
        sampling.test_row_count(snapshot.row_count, test_size)
        if not self._engine.running:  # it died while the snapshot was taken, and the next one knows nothing
            self._engine.ask("find", **asked)
        try:
            snapshot_rows.send(self._engine, snapshot, columns, asked["training"])
            about, artifacts = self._engine.ask("train", test_size=split[0], sampling=split[1])
            model = self._store.save_model(
                project, snapshot, found, about, split, tuple(bytes(artifact) for artifact in artifacts)
            )
            better = deploy and self._deployment.deploy_if_better(project, model)
        finally:
            self._engine.forget()
        return {
            "project_name": project.name,
            "objective": objective,
            "algorithm_name": model.algorithm_name,
            "status": "deployed" if better else "not deployed",
        }

    def deploy(self, project_name: str, strategy: str, algorithm_name: str | None) -> dict[str, str]:
        """Choose the model that answers for a project; return project_name, strategy and algorithm_name."""
        return self._deployment.choose(project_name, strategy, algorithm_name)

    def grant(self, project_name: str, privilege: str, role: int) -> None:
        """Give a role a privilege in a project, and those that it builds on."""
        self._rights.grant(project_name, privilege, role)

    def revoke(self, project_name: str, privilege: str, role: int) -> None:
        """Take a privilege in a project from a role, and those that build on it."""
        self._rights.revoke(project_name, privilege, role)

    def score(self, project_name: str, relation_name: str, key: str) -> str:
        """Return the query that predicts for each row of a relation."""
        project, source, features, compiled = self._scored(project_name, relation_name, key)
        return scoring.predictions(self._session, project, source, features, key, compiled)

    def score_proba(self, project_name: str, relation_name: str, key: str) -> str:
        """Return the query of the classes' probabilities for each row of a relation."""
        project, source, features, _ = self._scored(project_name, relation_name, key)
        return scoring.probabilities(self._session, project, source, features, key)

    def _scored(
        self, project_name: str, relation_name: str, key: str
    ) -> tuple[str, relation.Relation, list[str], bool]:
        """Return the project's name, the relation, and of the deployed model its features and whether it is compiled."""
        require(project_name=project_name, relation_name=relation_name, key=key)
        project = self._store.project(project_name, "predict")
        features, compiled = self._store.features(self._store.require_deployed(project))
        return project.name, relation.find(self._session, relation_name), features, compiled

    def export_sql(self, function_name: str, **which: Any) -> str:
        """Return the statements that make a model (``model_id``, or deployed for ``project_name``) a function in SQL."""
        return self._exports.sql(function_name, **which)

    def export_model(self, format: str, **which: Any) -> str:
        """Return a model (``model_id``, or deployed for ``project_name``) in a format, base64."""
        return self._exports.model(format, **which)

    def _objective(self, project_name: str, objective: str | None) -> str:
        """Return the project's objective, which a call may repeat or, for a new project, decides."""
        project = self._store.find_project(project_name)
        if project is not None:
            self._store.require(project, "train")
        if project is None and objective is None:
            raise InvalidArgument(
                f'project "{project_name}" is new: its first training must name an objective',
                hint=f"the objectives are: {', '.join(OBJECTIVES)}",
            )
        if project is not None and objective not in (None, project.objective):
            if objective not in OBJECTIVES:
                raise unknown_objective(objective)
            raise _other_objective(project, objective)
        return project.objective if objective is None else objective

    def _snapshot(self, project: Project, relation_name: str | None, y_column_name: str | None) -> Snapshot:
        """Return a snapshot to train on: of the relation as it is now, or, without one, the project's latest."""
        if relation_name is None:
            snapshot = self._store.latest_snapshot(project)
            if snapshot is None:
                raise InvalidArgument(
                    f'project "{project.name}" has no snapshot yet: its first training must name a relation'
                )
            if y_column_name not in (None, snapshot.y_column_name):
                raise InvalidArgument(
                    f'the latest snapshot of "{project.name}" has the target "{snapshot.y_column_name}", '
                    f'not "{y_column_name}"',
                    hint="name the relation as well to train with another target",
                )
        else:
            require(y_column_name=y_column_name)
            source = relation.find(self._session, relation_name)
            attributes = relation.attributes(self._session, source.oid)
            relation.check_columns(source.name, attributes, y_column_name)
            snapshot = self._copy(source, attributes, y_column_name)
            self._store.save_snapshot(project, snapshot)
        return snapshot

    def _copy(
        self, source: relation.Relation, attributes: list[relation.Attribute], y_column_name: str
    ) -> Snapshot:
        """Copy what the caller sees of a relation into a snapshot of its own."""
        number = self._store.next_snapshot_id()
        columns = [relation.row_number(attributes), *attributes]
        self._store.create_snapshot(
            number, [column.name for column in columns], [column.sql_type for column in columns]
        )
        empty = Snapshot(number, source.name, y_column_name, 0)
        count = relation.copy(self._session, source, attributes, empty.table)
        if count == 0:
            raise UnusableData(f"{source.name} has no rows that you can see")
        return replace(empty, row_count=count)


def _other_objective(project: Project, objective: str) -> PgmlError:
    return UnknownObjective(
        f'project "{project.name}" is for {project.objective}, not {objective}',
        hint="use another project name for another objective",
    )
