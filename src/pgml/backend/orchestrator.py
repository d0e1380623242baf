"""Train, deploy and the rest, in the words of the README: what each SQL function does."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

from pgml.backend import dataset_table, relation, serving
from pgml.backend.engine import Engine
from pgml.backend.relation import TrainingColumns
from pgml.backend.session import Session
from pgml.backend.store import PRIVILEGES, Model, Project, Snapshot, Store
from pgml.errors import (
    InfiniteValue,
    InvalidArgument,
    MissingValue,
    NothingDeployed,
    PgmlError,
    UnknownAlgorithm,
    UnknownObjective,
    UnknownStrategy,
    UnusableData,
    choices_hint,
)
from pgml.plugin.objective import OBJECTIVES, unknown_objective
from pgml.wire import sampling

STRATEGIES = ("best_score", "most_recent", "rollback")
_UNREADABLE = object()  # in place of a score: the model cannot read the rows
_LONGEST_NAME = 500  # characters; an index entry holds no more than that many of four bytes


class Orchestrator:
    """Dispatches what a session asks for to its engine and the store."""

    def __init__(self, session: Session, engine: Engine):
        self._session = session
        self._engine = engine
        self._store = Store(session)
        self._trainings = itertools.count()

    def algorithms(self) -> list[dict[str, Any]]:
        """Return every algorithm that can be trained: algorithm, objective, plugin, version, summary."""
        return self._engine.ask("algorithms")[0]

    def hyperparameters(self, algorithm: str, objective: str) -> list[dict[str, Any]]:
        """Return what can be set for an algorithm."""
        _require(algorithm=algorithm, objective=objective)
        return self._engine.ask("hyperparameters", algorithm=algorithm, objective=objective)[0]

    def load_dataset(self, source: str) -> str:
        """Create the table pgml.<source>, or fill it anew; return 'OK'."""
        _require(source=source)
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
        _require(project_name=project_name, algorithm=algorithm, hyperparams=hyperparams, deploy=deploy)
        if len(project_name) > _LONGEST_NAME:
            raise InvalidArgument(
                f"project_name must have at most {_LONGEST_NAME} characters, got one of {len(project_name)}"
            )
        _check_split(test_size, test_sampling)
        _check_unused(search, search_params, search_args, preprocess)
        if not isinstance(hyperparams, dict):
            raise InvalidArgument(f"hyperparams must be a JSON object, got {json.dumps(hyperparams)}")
        objective = self._objective(project_name, objective)
        asked = {"algorithm": algorithm, "objective": objective, "hyperparameters": hyperparams}
        asked["training"] = next(self._trainings)
        found, _ = self._engine.ask("find", **asked)
        project = self._store.create_project(project_name, objective)
        if project.objective != objective:  # another session made it in the meantime
            raise _other_objective(project, objective)

        snapshot, columns = self._snapshot(project, relation_name, y_column_name)
        split = (test_size, test_sampling or OBJECTIVES[objective].test_sampling)
        sampling.test_row_count(snapshot.row_count, test_size)
        if not self._engine.running:  # it died while the snapshot was taken, and the next one knows nothing
            self._engine.ask("find", **asked)
        self._send(snapshot, columns, asked["training"])
        about, artifacts = self._engine.ask("train", test_size=split[0], sampling=split[1])
        model = self._store.save_model(
            project, snapshot, found, about, split, tuple(bytes(artifact) for artifact in artifacts)
        )
        status = "deployed" if deploy and self._deploy_if_better(project, model) else "not deployed"
        self._engine.tell("end")  # an idle session must not hold a matrix
        return {
            "project_name": project.name,
            "objective": objective,
            "algorithm_name": model.algorithm_name,
            "status": status,
        }

    def deploy(self, project_name: str, strategy: str, algorithm_name: str | None) -> dict[str, str]:
        """Choose the model that answers for a project; return project_name, strategy and algorithm_name."""
        _require(project_name=project_name, strategy=strategy)
        if strategy not in STRATEGIES:
            raise UnknownStrategy(f'unknown strategy "{strategy}"', hint=choices_hint(strategy, STRATEGIES))
        project = self._store.project(project_name, "deploy")
        self._store.lock_project(project)
        if strategy == "rollback":
            model = self._roll_back(project, algorithm_name)
        else:
            model = self._candidate(project, strategy, algorithm_name)
            current = self._store.deployed(project)
            if current is None or current.id != model.id:
                self._store.deploy(project, model, strategy)
        return {"project_name": project.name, "strategy": strategy, "algorithm_name": model.algorithm_name}

    def grant(self, project_name: str, privilege: str, role: int) -> None:
        """Give a role a privilege in a project, and those that it builds on."""
        project = self._own(project_name, privilege, role)
        self._store.change_rights(project, role, PRIVILEGES[: PRIVILEGES.index(privilege) + 1], give=True)

    def revoke(self, project_name: str, privilege: str, role: int) -> None:
        """Take a privilege in a project from a role, and those that build on it."""
        project = self._own(project_name, privilege, role)
        self._store.change_rights(project, role, PRIVILEGES[PRIVILEGES.index(privilege) :], give=False)
        serving.distrust()

    def _own(self, project_name: str, privilege: str, role: int) -> Project:
        """Return a project of the caller's own, locked, whose rights may be changed for a role that is not its owner."""
        _require(project_name=project_name, privilege=privilege, role=role)
        if privilege not in PRIVILEGES:
            raise InvalidArgument(f'unknown privilege "{privilege}"', hint=choices_hint(privilege, PRIVILEGES))
        project = self._store.project(project_name, "own")
        self._store.lock_project(project)
        name = self._store.role_name(role)
        if name == self._store.owner(project):
            raise InvalidArgument(f'{name} owns the project "{project.name}" and has every privilege in it')
        return project

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

    def _snapshot(
        self, project: Project, relation_name: str | None, y_column_name: str | None
    ) -> tuple[Snapshot, TrainingColumns]:
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
            attributes = relation.attributes(self._session, self._store.snapshot_oid(snapshot))
        else:
            _require(y_column_name=y_column_name)
            source = relation.find(self._session, relation_name)
            attributes = relation.attributes(self._session, source.oid)
            relation.check_columns(source.name, attributes, y_column_name)
            snapshot = self._copy(source, attributes, y_column_name)
            self._store.save_snapshot(project, snapshot)
        columns = TrainingColumns(
            self._session, snapshot.table, snapshot.row_count, attributes, snapshot.y_column_name
        )
        return snapshot, columns

    def _copy(
        self, source: relation.Relation, attributes: list[relation.Attribute], y_column_name: str
    ) -> Snapshot:
        """Copy what the caller sees of a relation into a snapshot of its own."""
        number = self._store.next_snapshot_id()
        self._store.create_snapshot(
            number, [column.name for column in attributes], [column.sql_type for column in attributes]
        )
        empty = Snapshot(number, source.name, y_column_name, 0)
        count = relation.copy(self._session, source, attributes, empty.table)
        if count == 0:
            raise UnusableData(f"{source.name} has no rows that you can see")
        return replace(empty, row_count=count)

    def _send(self, snapshot: Snapshot, columns: TrainingColumns, training: int) -> None:
        """Send a snapshot's rows to the engine, a slice at a time."""
        described = [[column.name, column.width] for column in columns.columns]
        self._engine.tell(
            "begin", columns=described, target=columns.target, row_count=snapshot.row_count, training=training
        )
        for packed in columns.slices():
            self._engine.tell("rows", packed)

    def _deploy_if_better(self, project: Project, model: Model) -> bool:
        """Deploy a model just trained if it beats the deployed one on the same test rows; say why where it is not."""
        self._store.lock_project(project)
        deployed = self._store.deployed(project)
        objective = OBJECTIVES[project.objective]
        metric = objective.key_metric
        score = model.metrics[metric]
        if deployed is not None:
            to_beat = self._score_to_beat(project, deployed, model)
            if to_beat is _UNREADABLE:
                return False
            if not objective.is_better(score, to_beat):
                self._session.notice(
                    f'not deployed: {metric} is {_shown(score)} on the rows held back, '
                    f"and {_shown(to_beat)} of {deployed.algorithm_name}, which stays"
                )
                return False
        if "deploy" not in project.privileges:
            self._session.notice(
                f'not deployed: {metric} is {_shown(score)}, better than what is deployed, '
                f'but deploying to "{project.name}" needs the privilege deploy'
            )
            return False
        self._store.deploy(project, model, "best_score")
        return True

    def _score_to_beat(self, project: Project, deployed: Model, model: Model) -> float | None | object:
        """Return the key metric of the deployed model on the test rows of a new one; _UNREADABLE where it has none."""
        same_rows = ("snapshot_id", "test_size", "test_sampling")
        if all(getattr(deployed, name) == getattr(model, name) for name in same_rows):
            return deployed.metrics[OBJECTIVES[project.objective].key_metric]
        score = self._score_again(project, deployed)
        if score is None:
            self._session.warn(
                f'the deployed model of "{project.name}" cannot be scored on this training\'s rows (they lack '
                "features that it needs, have NULLs or values too large for it, or its plugin is gone), so it stays; "
                "pgml.deploy(..., 'most_recent') deploys the new one"
            )
            return _UNREADABLE
        return score

    def _score_again(self, project: Project, deployed: Model) -> float | None:
        """Return the key metric of the deployed model on the test rows of this training, None if it cannot read them."""
        try:
            return self._engine.ask(
                "score",
                self._store.artifacts(deployed),
                algorithm=deployed.algorithm_name,
                objective=project.objective,
            )[0]
        except (InfiniteValue, MissingValue, UnknownAlgorithm):
            return None

    def _candidate(self, project: Project, strategy: str, algorithm_name: str | None) -> Model:
        """Return the project's newest or best model, of all or of one algorithm."""
        models = self._store.models(project, algorithm_name)
        if not models:
            if algorithm_name is None:
                raise NothingDeployed(f'project "{project.name}" has no trained model', hint="train one with pgml.train")
            trained = {model.algorithm_name for model in self._store.models(project)}
            raise UnknownAlgorithm(
                f'project "{project.name}" has no model of algorithm "{algorithm_name}"',
                hint=choices_hint(algorithm_name, trained),
            )
        best = models[0]  # the newest
        if strategy == "best_score":
            objective = OBJECTIVES[project.objective]
            metric = objective.key_metric
            for model in models[1:]:
                if objective.is_better(model.metrics[metric], best.metrics[metric]):
                    best = model
        return best

    def _roll_back(self, project: Project, algorithm_name: str | None) -> Model:
        if algorithm_name is not None:
            raise InvalidArgument(
                f'a rollback goes back to the model before, whatever its algorithm; algorithm_name is "{algorithm_name}"',
                hint="leave algorithm_name out, or use the strategy best_score or most_recent",
            )
        model = self._store.roll_back(project)
        if model is None:
            raise NothingDeployed(f'project "{project.name}" has no earlier deployment to go back to')
        return model


def _shown(score: float | None) -> str:
    """Return a score as it is told, to as many digits as two that differ in practice need."""
    return "undefined" if score is None else f"{score:.6g}"


def _require(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is None:
            raise InvalidArgument(f"{name} must not be NULL")
        if value == "":
            raise InvalidArgument(f"{name} must not be empty")


def _check_split(test_size: float | None, test_sampling: str | None) -> None:
    _require(test_size=test_size)
    if not 0 < float(test_size) < float("inf"):  # JSON has NaN and infinity as text only
        raise InvalidArgument(
            f"test_size must be a fraction between 0 and 1 or a number of rows, got {float(test_size):g}"
        )
    if test_sampling is not None and test_sampling not in sampling.SAMPLINGS:
        raise InvalidArgument(
            f'unknown test_sampling "{test_sampling}"', hint=choices_hint(test_sampling, sampling.SAMPLINGS)
        )


def _check_unused(search: Any, search_params: Any, search_args: Any, preprocess: Any) -> None:
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


def _other_objective(project: Project, objective: str) -> PgmlError:
    return UnknownObjective(
        f'project "{project.name}" is for {project.objective}, not {objective}',
        hint="use another project name for another objective",
    )
