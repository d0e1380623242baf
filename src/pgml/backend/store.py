"""pgml's own tables: projects and the rights in them, snapshots, models, deployments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pgml.backend import process
from pgml.backend.session import Session
from pgml.errors import (
    InvalidArgument,
    NothingDeployed,
    PermissionDenied,
    UnknownModel,
    UnknownProject,
    UnusableData,
    choices_hint,
)

# What a role may do in a project that is not its own, each building on those before.
PRIVILEGES = ("predict", "read", "train", "deploy")


@dataclass(frozen=True)
class Project:
    """A project, and what the caller may do in it."""

    id: int
    name: str
    objective: str
    privileges: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    id: int
    relation_name: str
    y_column_name: str
    row_count: int

    @property
    def table(self) -> str:
        """The table that holds the rows."""
        return f"pgml_snapshots.snapshot_{self.id}"


@dataclass(frozen=True)
class Model:
    id: int
    snapshot_id: int
    algorithm_name: str
    test_size: float
    test_sampling: str
    metrics: dict[str, float | None]
    digest: str

    @property
    def held_back(self) -> tuple[int, float, str]:
        """Which rows it was scored on: two models with the same have been scored on the same."""
        return self.snapshot_id, self.test_size, self.test_sampling


class Store:
    """pgml's tables in one database. Every statement runs as pgml's owner: what a caller may do is asked here."""

    def __init__(self, session: Session):
        self._session = session

    def require_execute(self, function: str) -> None:
        """Raise PermissionDenied where the caller may not call a function of schema pgml.

        PostgreSQL asks for that, too, but not where it has put the function's body in place of the call, in a
        plan that was made for another role of the session.
        """
        if not self._session.one("may_execute", function=function, role=process.user())["may"]:
            raise PermissionDenied(f"permission denied for function {function}")

    # -- projects ------------------------------------------------------------------------------------------

    def find_project(self, name: str) -> Project | None:
        """Return the project of that name, whoever it belongs to."""
        self._session.run("listen")  # to what others have revoked; see pgml_internal.answer_first
        row = self._session.one("find_project", name=name, role=process.user())
        return Project(row["id"], row["name"], row["objective"], tuple(row["privileges"])) if row else None

    def project(self, name: str, privilege: str) -> Project:
        """Return the project of that name, in which the caller has that privilege.

        Raises:
            UnknownProject: there is none; the hint lists those that the caller may use.
            PermissionDenied: the caller has not got the privilege.
        """
        project = self.find_project(name)
        if project is None:
            names = [row["name"] for row in self._session.run("project_names", role=process.user())]
            raise UnknownProject(f'unknown project "{name}"', hint=choices_hint(name, names))
        self.require(project, privilege)
        return project

    def require(self, project: Project, privilege: str) -> None:
        """Raise PermissionDenied where the caller has not got a privilege in the project."""
        if privilege in project.privileges:
            return
        if privilege == "own":
            raise PermissionDenied(
                f'permission denied for project "{project.name}": only its owner may do that'
            )
        caller = self.role_name(process.user())
        raise PermissionDenied(
            f'permission denied for project "{project.name}": that needs the privilege {privilege}',
            hint=f"its owner can give it: SELECT pgml.grant({self._session.quote_text(project.name)}, "
            f"'{privilege}', {self._session.quote_text(self._session.quote_name(caller))})",
        )

    def create_project(self, name: str, objective: str) -> Project:
        """Return the project, made if need be: it belongs to the caller. Waits for a session that is just making it."""
        self._session.run("create_project", name=name, objective=objective, role=process.user())
        return self.project(name, "train")

    def lock_project(self, project: Project) -> None:
        """Keep other sessions from deploying to the project until the transaction ends.

        They may still add snapshots and models: their foreign keys share the project's key, so a lock that
        excluded them would make two trainings, each with its model in place, wait for each other.
        """
        self._session.run("lock_project", project_id=project.id)

    def change_rights(self, project: Project, role: int, privileges: tuple[str, ...], give: bool) -> None:
        """Give a role privileges in the project, or take them."""
        self._session.run(
            "change_rights", project_id=project.id, role=role, privileges=list(privileges), give=give
        )

    def owner(self, project: Project) -> str | None:
        """Return the role that the project belongs to; None where that role is gone."""
        row = self._session.one("owner", project_id=project.id)
        return row["owner"] if row else None

    def role_name(self, role: int) -> str:
        """Return the name of a role; raise InvalidArgument where there is none of that OID."""
        row = self._session.one("role_name", role=role)
        if row is None:
            raise InvalidArgument(f"there is no role with the OID {role}")
        return row["name"]

    def hand_over(self, project: Project, role: int) -> None:
        """Make a role the owner of the project; the one that was keeps the other privileges."""
        row = self._session.one("owner", project_id=project.id)
        if row is not None:
            self.change_rights(project, row["role"], ("own",), give=False)
        self.change_rights(project, role, (*PRIVILEGES, "own"), give=True)

    # -- snapshots -----------------------------------------------------------------------------------------

    def next_snapshot_id(self) -> int:
        return self._session.one("next_snapshot_id")["id"]

    def create_snapshot(self, snapshot_id: int, names: list[str], types: list[str]) -> None:
        """Make the table of a snapshot, into which the caller may insert until it is sealed."""
        self._session.run(
            "create_snapshot", snapshot_id=snapshot_id, names=names, types=types, writer=process.user()
        )

    def save_snapshot(self, project: Project, snapshot: Snapshot) -> None:
        """Note a snapshot that has been filled; nobody changes it from here on."""
        self._session.run(
            "save_snapshot",
            id=snapshot.id,
            project_id=project.id,
            relation_name=snapshot.relation_name,
            y_column_name=snapshot.y_column_name,
            row_count=snapshot.row_count,
        )
        self._session.run("seal_snapshot", snapshot_id=snapshot.id, project_id=project.id)

    def latest_snapshot(self, project: Project) -> Snapshot | None:
        row = self._session.one("latest_snapshot", project_id=project.id)
        return Snapshot(**row) if row else None

    def snapshot(self, model: Model) -> Snapshot:
        """Return the snapshot that a model was trained on."""
        return Snapshot(**self._session.one("snapshot", id=model.snapshot_id))

    def snapshot_oid(self, snapshot: Snapshot) -> int:
        """Return the OID of the table that holds a snapshot's rows; raise UnusableData where it is gone."""
        oid = self._session.one("snapshot_oid", snapshot=snapshot.table)["oid"]
        if oid is None:
            raise UnusableData(
                f"the rows of the latest snapshot are gone: there is no table {snapshot.table}",
                hint="name the relation to train on it as it is now",
            )
        return oid

    # -- models --------------------------------------------------------------------------------------------

    def save_model(
        self,
        project: Project,
        snapshot: Snapshot,
        found: dict[str, Any],
        about: dict[str, Any],
        split: tuple[float, str],
        artifacts: tuple[bytes, bytes, bytes],
    ) -> Model:
        """Store what the engine made: ``found`` is the algorithm, ``about`` the model, ``artifacts`` the bytes."""
        predictor, estimator, test_rows = artifacts
        row = self._session.one(
            "save_model",
            project_id=project.id,
            snapshot_id=snapshot.id,
            algorithm_name=found["algorithm"],
            hyperparams=json.dumps(about["hyperparameters"]),
            test_size=split[0],
            test_sampling=split[1],
            features=about["features"],
            metrics=json.dumps(about["metrics"]),
            served_by=about["served_by"],
            plugin_name=found["plugin"],
            plugin_version=found["version"],
            digest=about["digest"],
        )
        self._session.run(
            "save_artifacts",
            model_id=row["id"],
            predictor=predictor,
            estimator=estimator or None,
            test_rows=test_rows,
        )
        return Model(row["id"], snapshot.id, found["algorithm"], *split, about["metrics"], about["digest"])

    def models(self, project: Project, algorithm_name: str | None = None) -> list[Model]:
        """Return the project's models, newest first, all or those of one algorithm."""
        rows = self._session.run("models", project_id=project.id, algorithm_name=algorithm_name)
        return [_model(row) for row in rows]

    def model(self, model_id: int, privilege: str) -> tuple[Project, Model]:
        """Return the model of that number and its project, in which the caller has that privilege.

        Raises:
            UnknownModel: there is none, or the caller may not even predict with its project, and is not told of it.
            PermissionDenied: the caller has not got the privilege.
        """
        row = self._session.one("project_of_model", model_id=model_id)
        project = self.find_project(row["name"]) if row else None
        if project is None or not project.privileges:
            raise UnknownModel(
                f"unknown model {model_id}", hint="pgml.models has the models of the projects that you may read"
            )
        self.require(project, privilege)
        return project, _model(self._session.one("model", model_id=model_id))

    def hyperparameters(self, model: Model) -> dict[str, Any]:
        """Return the value of every hyperparameter that a model was trained with."""
        return json.loads(self._session.one("hyperparameters_of_model", model_id=model.id)["hyperparams"])

    def features(self, model: Model) -> tuple[list[str], bool]:
        """Return the features of a model, in its order, and whether it is compiled."""
        row = self._session.one("features_of_model", model_id=model.id)
        return row["features"], row["compiled"]

    def artifacts(self, model: Model) -> tuple[bytes, bytes]:
        """Return the bytes of a model's predictor, as it is stored, and estimator, the latter empty where it is compiled."""
        row = self._session.one("artifacts", model_id=model.id)
        return row["predictor"], row["estimator"] or b""

    # -- deployments ---------------------------------------------------------------------------------------

    def deployed(self, project: Project) -> Model | None:
        """Return the model that answers for the project."""
        row = self._session.one("deployed", project_id=project.id)
        return _model(row) if row else None

    def require_deployed(self, project: Project) -> Model:
        """Return the model that answers for the project; raise NothingDeployed where none does."""
        model = self.deployed(project)
        if model is None:
            raise NothingDeployed(
                f'project "{project.name}" has no deployed model',
                hint="train one with pgml.train, or deploy a trained one with pgml.deploy",
            )
        return model

    def deploy(self, project: Project, model: Model, strategy: str) -> None:
        """Make a model the one that answers; a rollback returns to the one that does so now."""
        self._session.run("deploy", project_id=project.id, model_id=model.id, strategy=strategy)

    def roll_back(self, project: Project) -> Model | None:
        """Undo the newest deployment that has not been undone, and return the model that answers then, if any.

        Undoing is a deployment too; its previous_id skips what was undone, so that the next one goes further.
        """
        return self.deployed(project) if self._session.one("roll_back", project_id=project.id) else None


def _model(row: dict[str, Any]) -> Model:
    return Model(**{**row, "metrics": json.loads(row["metrics"])})
