"""Every statement on pgml's own tables: projects, snapshots, models, artifacts, deployments."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pgml.backend.session import Database
from pgml.errors import UnknownProject, choices_hint


@dataclass(frozen=True)
class Project:
    id: int
    name: str
    objective: str


@dataclass(frozen=True)
class Snapshot:
    id: int
    relation_name: str
    y_column_name: str
    row_count: int

    @property
    def table(self) -> str:
        """The table that holds the rows."""
        return f"pgml.snapshot_{self.id}"


@dataclass(frozen=True)
class Model:
    id: int
    snapshot_id: int
    algorithm_name: str
    test_size: float
    test_sampling: str
    metrics: dict[str, float | None]


class Store:
    """pgml's tables in one database."""

    def __init__(self, database: Database):
        self._database = database

    # -- projects ------------------------------------------------------------------------------------------

    def find_project(self, name: str) -> Project | None:
        row = self._database.one("SELECT id, name, objective FROM pgml.projects WHERE name = $1", "text", name)
        return Project(**row) if row else None

    def project(self, name: str) -> Project:
        """Return the project of that name; raise UnknownProject, which lists the projects, if there is none."""
        project = self.find_project(name)
        if project is None:
            names = [row["name"] for row in self._database.query("SELECT name FROM pgml.projects")]
            raise UnknownProject(f'unknown project "{name}"', hint=choices_hint(name, names))
        return project

    def create_project(self, name: str, objective: str) -> Project:
        """Return the project, made if need be; waits for another session that is just making it."""
        self._database.query(
            "INSERT INTO pgml.projects (name, objective) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            "text text",
            name,
            objective,
        )
        return self.project(name)

    def lock_project(self, project: Project) -> None:
        """Keep other sessions from deploying to the project until the transaction ends.

        They may still add snapshots and models: their foreign keys share the project's key, so a lock that
        excluded them would make two trainings, each with its model in place, wait for each other.
        """
        self._database.query("SELECT FROM pgml.projects WHERE id = $1 FOR NO KEY UPDATE", "bigint", project.id)

    # -- snapshots -----------------------------------------------------------------------------------------

    def next_snapshot_id(self) -> int:
        return self._database.one(
            "SELECT nextval(pg_get_serial_sequence('pgml.snapshots', 'id')) AS id"
        )["id"]

    def save_snapshot(self, project: Project, snapshot: Snapshot) -> None:
        self._database.query(
            "INSERT INTO pgml.snapshots (id, project_id, relation_name, y_column_name, row_count)"
            " VALUES ($1, $2, $3, $4, $5)",
            "bigint bigint text text bigint",
            snapshot.id,
            project.id,
            snapshot.relation_name,
            snapshot.y_column_name,
            snapshot.row_count,
        )

    def latest_snapshot(self, project: Project) -> Snapshot | None:
        row = self._database.one(
            "SELECT id, relation_name, y_column_name, row_count FROM pgml.snapshots"
            " WHERE project_id = $1 ORDER BY id DESC LIMIT 1",
            "bigint",
            project.id,
        )
        return Snapshot(**row) if row else None

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
        row = self._database.one(
            "INSERT INTO pgml.models (project_id, snapshot_id, algorithm_name, hyperparams, test_size, test_sampling,"
            " features, metrics, served_by, plugin_name, plugin_version, digest)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            "bigint bigint text jsonb float8 text text[] jsonb text text text text",
            project.id,
            snapshot.id,
            found["algorithm"],
            json.dumps(about["hyperparameters"]),
            *split,
            about["features"],
            json.dumps(about["metrics"]),
            about["served_by"],
            found["plugin"],
            found["version"],
            hashlib.sha256(predictor).hexdigest(),
        )
        self._database.query(
            "INSERT INTO pgml.artifacts (model_id, predictor, estimator, test_rows) VALUES ($1, $2, $3, $4)",
            "bigint bytea bytea bytea",
            row["id"],
            predictor,
            estimator,
            test_rows,
        )
        return Model(row["id"], snapshot.id, found["algorithm"], *split, about["metrics"])

    def models(self, project: Project, algorithm_name: str | None = None) -> list[Model]:
        """Return the project's models, newest first, all or those of one algorithm."""
        rows = self._database.query(
            "SELECT id, snapshot_id, algorithm_name, test_size, test_sampling, metrics FROM pgml.models"
            " WHERE project_id = $1 AND ($2 IS NULL OR algorithm_name = $2) ORDER BY id DESC",
            "bigint text",
            project.id,
            algorithm_name,
        )
        return [_model(row) for row in rows]

    def artifacts(self, model: Model) -> tuple[bytes, bytes]:
        """Return the bytes of a model's predictor and estimator."""
        row = self._database.one(
            "SELECT predictor, estimator FROM pgml.artifacts WHERE model_id = $1", "bigint", model.id
        )
        return row["predictor"], row["estimator"]

    # -- deployments ---------------------------------------------------------------------------------------

    def deployed(self, project: Project) -> Model | None:
        """Return the model that answers for the project."""
        row = self._database.one(
            "SELECT m.id, m.snapshot_id, m.algorithm_name, m.test_size, m.test_sampling, m.metrics"
            " FROM pgml.deployments AS d JOIN pgml.models AS m ON m.id = d.model_id"
            " WHERE d.project_id = $1 ORDER BY d.id DESC LIMIT 1",
            "bigint",
            project.id,
        )
        return _model(row) if row else None

    def deploy(self, project: Project, model: Model, strategy: str) -> None:
        """Make a model the one that answers; a rollback returns to the one that does so now."""
        self._database.query(
            "INSERT INTO pgml.deployments (project_id, model_id, strategy, previous_id) VALUES ($1, $2, $3,"
            " (SELECT max(id) FROM pgml.deployments WHERE project_id = $1))",
            "bigint bigint text",
            project.id,
            model.id,
            strategy,
        )

    def roll_back(self, project: Project) -> Model | None:
        """Undo the newest deployment that has not been undone, and return the model that answers then, if any.

        Undoing is a deployment too; its previous_id skips what was undone, so that the next one goes further.
        """
        row = self._database.one(
            "INSERT INTO pgml.deployments (project_id, model_id, strategy, previous_id)"
            " SELECT $1, target.model_id, 'rollback', target.previous_id FROM pgml.deployments AS target"
            " WHERE target.id = (SELECT previous_id FROM pgml.deployments WHERE project_id = $1 ORDER BY id DESC LIMIT 1)"
            " RETURNING id",
            "bigint",
            project.id,
        )
        return self.deployed(project) if row else None


def _model(row: dict[str, Any]) -> Model:
    return Model(**{**row, "metrics": json.loads(row["metrics"])})
