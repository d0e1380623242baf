"""Train, deploy and the rest, in the words of the README: what each SQL function does."""

from __future__ import annotations

import itertools
import json
from typing import Any

from pgml.backend import dataset_table, relation
from pgml.backend.engine import Engine
from pgml.backend.relation import TrainingColumns
from pgml.backend.session import Database
from pgml.backend.store import Model, Project, Snapshot, Store
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
_LONGEST_NAME = 500  # characters; an index entry holds no more than that many of four bytes


class Orchestrator:
    """Dispatches what a session asks for to its engine and the store."""

    def __init__(self, database: Database, engine: Engine):
        self._database = database
        self._engine = engine
        self._store = Store(database)
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
        dataset_table.fill(self._database, source, columns, slices)
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
        status = "not deployed"
        if deploy:
            self._store.lock_project(project)
            if self._is_improvement(project, model):
                self._store.deploy(project, model, "best_score")
                status = "deployed"
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
        project = self._store.project(project_name)
        self._store.lock_project(project)
        if strategy == "rollback":
            model = self._roll_back(project, algorithm_name)
        else:
            model = self._candidate(project, strategy, algorithm_name)
            current = self._store.deployed(project)
            if current is None or current.id != model.id:
                self._store.deploy(project, model, strategy)
        return {"project_name": project.name, "strategy": strategy, "algorithm_name": model.algorithm_name}

    def _objective(self, project_name: str, objective: str | None) -> str:
        """Return the project's objective, which a call may repeat or, for a new project, decides."""
        project = self._store.find_project(project_name)
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
            attributes = relation.attributes(self._database, snapshot.table)
        else:
            _require(y_column_name=y_column_name)
            source = relation.find(self._database, relation_name)
            attributes = relation.attributes(self._database, source)
            relation.check_columns(source, attributes, y_column_name)
            number = self._store.next_snapshot_id()
            count = relation.snapshot(self._database, source, f"pgml.snapshot_{number}")
            if count == 0:
                raise UnusableData(f"{source} has no rows that you can see")
            snapshot = Snapshot(number, source, y_column_name, count)
            self._store.save_snapshot(project, snapshot)
        columns = TrainingColumns(
            self._database, snapshot.table, snapshot.row_count, attributes, snapshot.y_column_name
        )
        return snapshot, columns

    def _send(self, snapshot: Snapshot, columns: TrainingColumns, training: int) -> None:
        """Send a snapshot's rows to the engine, a slice at a time."""
        described = [[column.name, column.width] for column in columns.columns]
        self._engine.tell(
            "begin", columns=described, target=columns.target, row_count=snapshot.row_count, training=training
        )
        for packed in columns.slices():
            self._engine.tell("rows", packed)

    def _is_improvement(self, project: Project, model: Model) -> bool:
        """Return whether a model just trained is better than the deployed one on the same test rows."""
        deployed = self._store.deployed(project)
        if deployed is None:
            return True
        objective = OBJECTIVES[project.objective]
        metric = objective.key_metric
        same_rows = ("snapshot_id", "test_size", "test_sampling")
        if all(getattr(deployed, name) == getattr(model, name) for name in same_rows):
            score = deployed.metrics[metric]
        else:
            score = self._score_again(project, deployed)
            if score is None:
                self._database.warn(
                    f'the deployed model of "{project.name}" cannot be scored on this training\'s rows (they lack '
                    "features that it needs, have NULLs or values too large for it, or its plugin is gone), so it stays; "
                    "pgml.deploy(..., 'most_recent') deploys the new one"
                )
                return False
        return objective.is_better(model.metrics[metric], score)

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
