"""The door from Python: ``pgml.connect()`` gives a database whose methods are pgml's SQL functions."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
from numpy.typing import ArrayLike
from psycopg2 import sql

from pgml.errors import InvalidArgument
from pgml.notebook.predictions import answers, predictions
from pgml.notebook.statements import Statements
from pgml.server.place import complete


def connect(dsn: str = "", **options: Any) -> Database:
    """Connect to a database in which pgml is installed.

    ``dsn`` is a libpq connection string or URI; ``options`` are libpq's, by name; what they leave out comes from the
    PG* environment variables. Where none of these says which server, host, port, user or database, it is the private
    one that ``pgml up`` starts for the Python environment that this runs in. Each call commits by itself.

    Raises :class:`pgml.errors.ServerError` where that one does not run or belongs to another user.
    """
    connection = psycopg2.connect(complete(dsn, options), **options)
    connection.autocommit = True
    return Database(connection)


class Database:
    """A database with pgml in it.

    Errors are raised as the classes of :mod:`pgml.errors`; what PostgreSQL itself refuses stays psycopg2's.
    ``connection`` is psycopg2's own, for everything else.
    """

    def __init__(self, connection: psycopg2.extensions.connection):
        self.connection = connection
        self._statements = Statements(connection)

    def version(self) -> str:
        """Return the version of pgml that the server runs."""
        return str(self._statements.value("SELECT pgml.version()"))

    def load_dataset(self, source: str) -> pd.DataFrame:
        """Create the table ``pgml.<source>`` from a data set that comes with pgml or a plugin; return its rows."""
        self._statements.value("SELECT pgml.load_dataset(%s)", source)
        return self._statements.frame(sql.SQL("SELECT * FROM {}").format(sql.Identifier("pgml", source)))

    def train(
        self,
        project_name: str,
        objective: str | None = None,
        relation_name: str | None = None,
        y_column_name: str | None = None,
        algorithm: str = "linear",
        hyperparams: Mapping[str, Any] | None = None,
        *,
        test_size: float = 0.25,
        test_sampling: str | None = None,
        deploy: bool = True,
    ) -> dict[str, str]:
        """Train a model on a table or view; return project_name, objective, algorithm_name and status.

        The warnings of the libraries that were used are in ``connection.notices``.
        """
        arguments = {
            "project_name": project_name,
            "objective": objective,
            "relation_name": relation_name,
            "y_column_name": y_column_name,
            "algorithm": algorithm,
            "hyperparams": json.dumps(dict(hyperparams or {})),
            "test_size": test_size,
            "test_sampling": test_sampling,
            "deploy": deploy,
        }
        named = ", ".join(f"{name} => %({name})s" for name in arguments)
        return self._statements.row(f"SELECT * FROM pgml.train({named})", arguments)

    def deploy(
        self, project_name: str, strategy: str = "best_score", algorithm_name: str | None = None
    ) -> dict[str, str]:
        """Choose the model that answers: best_score, most_recent or rollback; return what was deployed."""
        return self._statements.row(
            "SELECT * FROM pgml.deploy(%s, %s, %s)", (project_name, strategy, algorithm_name)
        )

    def predict(self, project_name: str, features: pd.DataFrame | ArrayLike) -> np.ndarray:
        """Return the deployed model's predictions.

        Parameters
        ----------
        project_name
            The project.
        features
            A DataFrame, whose columns are found by name: others are ignored, and a column of arrays stands for as many
            features. A Series with names is one such row. Or an array or list, [rows, features] or [features] for one
            row, in the order in which the model was trained. None and NaN are missing.

        Returns
        -------
        float64 [rows]: values, or labels as numbers. However many rows there are, one model answers for all of them, and
        it is the one whose names are looked for in a DataFrame. No rows are answered with none.

        Raises
        ------
        pgml.errors.WrongFeatures
            A column is missing, or there are two of its name; rows are of different lengths, or not of the model's; the
            array has other than one or two dimensions, or no columns.
        pgml.errors.UnsupportedType
            A cell is not a number: a text, a date. The message names its column and row.
        pgml.errors.MissingValue, pgml.errors.InfiniteValue
            The model does not take such a number.
        pgml.errors.UnknownProject, pgml.errors.NothingDeployed, pgml.errors.PermissionDenied
            There is no such project, no model of it is deployed, or the role may not predict with it.
        """
        return predictions(self._statements, project_name, features)

    def predict_model(self, model_id: int, features: pd.DataFrame | ArrayLike) -> np.ndarray:
        """Return the predictions of a model by its number, deployed or not: float64 [rows], as :meth:`predict`.

        A DataFrame needs the privilege ``read`` in the model's project, as the names of its features do.

        Raises
        ------
        pgml.errors.UnknownModel
            There is no such model, or the role may not predict with it; all else is as for :meth:`predict`.
        """
        try:
            number = operator.index(model_id)
        except TypeError:
            raise InvalidArgument(f"a model is asked for by its number, not by {model_id!r}") from None
        return np.array(answers(self._statements, "predict_model", number, features), dtype=np.float64)

    def predict_proba(self, project_name: str, features: pd.DataFrame | ArrayLike) -> np.ndarray:
        """Return the probability of each class by the deployed model, for rows as :meth:`predict` takes them.

        Returns
        -------
        float64 [rows, classes], the classes in the order of :meth:`classes`.

        Raises
        ------
        pgml.errors.InvalidArgument
            The model has no classes, or gives no probabilities; all else is as for :meth:`predict`.
        """
        found = answers(self._statements, "predict_proba", project_name, features)
        return np.array(found, dtype=np.float64) if found else np.empty((0, len(self.classes(project_name))))

    def classify(self, project_name: str, features: pd.DataFrame | ArrayLike) -> np.ndarray:
        """Return the label that the deployed model gives to each row, as :meth:`predict` takes them.

        Returns
        -------
        object [rows]: labels as str, as :meth:`classes` has them.

        Raises
        ------
        pgml.errors.InvalidArgument
            The model has no classes; all else is as for :meth:`predict`.
        """
        found = answers(self._statements, "classify", project_name, features)
        if not found:
            self.classes(project_name)  # says what is wrong with the project
        return np.array(found, dtype=object)

    def classes(self, project_name: str) -> list[str]:
        """Return the labels that the deployed model tells apart, in order.

        Raises
        ------
        pgml.errors.InvalidArgument
            The model is of a regression; all else is as for :meth:`predict`.
        """
        return list(self._statements.value("SELECT pgml.classes(%s::text)", project_name))

    def score(self, project_name: str, relation_name: str, key: str) -> pd.DataFrame:
        """Return the deployed model's prediction for each row of a table or view, whose columns are found by name.

        The rows stay where they are. They come in no order: the column ``key`` of the relation tells them apart.

        Returns
        -------
        DataFrame of the columns ``key``, as str, and ``prediction``, float64.

        Raises
        ------
        pgml.errors.UnknownRelation, pgml.errors.UnknownColumn, pgml.errors.UnsupportedType
            There is no such relation, it lacks the key or a feature, or one of them is of another type; all else is as for
            :meth:`predict`.
        """
        return self._statements.frame("SELECT * FROM pgml.score(%s, %s, %s)", project_name, relation_name, key)

    def score_proba(self, project_name: str, relation_name: str, key: str) -> pd.DataFrame:
        """Return the probability of each class for each row of a table or view, as :meth:`score`.

        Returns
        -------
        DataFrame of the columns ``key``, as str, and ``probabilities``, a list of float in the order of :meth:`classes`.
        """
        return self._statements.frame("SELECT * FROM pgml.score_proba(%s, %s, %s)", project_name, relation_name, key)

    def export_model(self, model: str | int, format: str = "safetensors") -> bytes:
        """Return a model: ``safetensors`` is its predictor, ``onnx``, ``native`` the format of its library.

        ``model`` is its number, or the name of a project, whose deployed model it then is.
        """
        return bytes(self._statements.value(f"SELECT pgml.export_model({_placeholder(model)}, %s)", model, format))

    def export_sql(self, model: str | int, function_name: str) -> str:
        """Return the statements that make a model a function in plain SQL; ``model`` is as for :meth:`export_model`."""
        return str(self._statements.value(f"SELECT pgml.export_sql({_placeholder(model)}, %s)", model, function_name))

    def projects(self) -> pd.DataFrame:
        """Return the projects, one a row, with what answers for each."""
        return self._statements.frame(
            "SELECT name, project.objective, owner, project.created_at, algorithm_name, deployed_at, relation_name,"
            " y_column_name FROM pgml.projects AS project LEFT JOIN pgml.overview USING (name) ORDER BY name"
        )

    def models(self, project_name: str | None = None) -> pd.DataFrame:
        """Return the trained models of one project or of all, with a column for each metric."""
        frame = self._statements.frame(
            "SELECT trained.*, model.metrics, model.hyperparams, model.served_by FROM pgml.trained_models AS trained"
            " JOIN pgml.models AS model USING (id) WHERE name = coalesce(%s, name) ORDER BY id",
            project_name,
        )
        return frame.drop(columns="metrics").join(pd.DataFrame(frame["metrics"].tolist(), index=frame.index))

    def algorithms(self) -> pd.DataFrame:
        """Return every algorithm that can be trained, and the plugin it comes from."""
        return self._statements.frame("SELECT * FROM pgml.algorithms")

    def hyperparameters(self, algorithm: str, objective: str) -> pd.DataFrame:
        """Return what can be set for an algorithm."""
        return self._statements.frame("SELECT * FROM pgml.hyperparameters(%s, %s)", algorithm, objective)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


def _placeholder(model: str | int) -> str:
    """Return the placeholder of a model: the name of a project, or a number."""
    return "%s::text" if isinstance(model, str) else "%s::bigint"
