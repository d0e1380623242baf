"""The door from Python: ``pgml.connect()`` gives a database whose methods are pgml's SQL functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
from numpy.typing import ArrayLike
from psycopg2 import sql

from pgml import errors
from pgml.server.place import complete

_ROWS_AT_ONCE = 10_000
_BY_SQLSTATE = {
    kind.sqlstate: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.PgmlError)
}


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

    def version(self) -> str:
        """Return the version of pgml that the server runs."""
        return str(self._value("SELECT pgml.version()"))

    def load_dataset(self, source: str) -> pd.DataFrame:
        """Create the table ``pgml.<source>`` from a data set that comes with pgml or a plugin; return its rows."""
        self._value("SELECT pgml.load_dataset(%s)", source)
        return self._frame(sql.SQL("SELECT * FROM {}").format(sql.Identifier("pgml", source)))

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
        return self._row(f"SELECT * FROM pgml.train({named})", arguments)

    def deploy(
        self, project_name: str, strategy: str = "best_score", algorithm_name: str | None = None
    ) -> dict[str, str]:
        """Choose the model that answers: best_score, most_recent or rollback; return what was deployed."""
        return self._row(
            "SELECT * FROM pgml.deploy(%s, %s, %s)", (project_name, strategy, algorithm_name)
        )

    def predict(self, project_name: str, features: pd.DataFrame | ArrayLike) -> np.ndarray:
        """Return the deployed model's predictions, float64 [rows].

        ``features`` is a DataFrame, whose columns are found by name (others are ignored, and a column of
        arrays stands for as many features), or an array or list, [rows, features] or [features] for one row,
        in the order in which the model was trained.
        """
        if isinstance(features, pd.DataFrame):
            matrix = self._matrix(project_name, features)
        else:
            matrix = np.atleast_2d(np.asarray(features, dtype=np.float64))
        if matrix.ndim != 2 or matrix.shape[1] == 0:
            raise errors.WrongFeatures(f"the features must be [rows, features], got the shape {matrix.shape}")
        names = [f"c{place}" for place in range(matrix.shape[1])]
        statement = (
            f"SELECT pgml.predict(%s, ARRAY[{', '.join(names)}]::float8[])"
            f" FROM unnest({', '.join(['%s::float8[]'] * len(names))})"
            f" WITH ORDINALITY AS rows ({', '.join(names)}, place) ORDER BY place"
        )
        predictions = np.empty(len(matrix))
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            columns = matrix[start : start + _ROWS_AT_ONCE].T.tolist()
            literals = ["{" + ",".join(map(repr, column)) + "}" for column in columns]
            rows = self._rows(statement, (project_name, *literals))
            predictions[start : start + len(rows)] = [row[0] for row in rows]
        return predictions

    def export_model(self, model: str | int, format: str = "safetensors") -> bytes:
        """Return a model: ``safetensors`` is its predictor, ``onnx``, ``native`` the format of its library.

        ``model`` is its number, or the name of a project, whose deployed model it then is.
        """
        return bytes(self._value(f"SELECT pgml.export_model({_placeholder(model)}, %s)", model, format))

    def export_sql(self, model: str | int, function_name: str) -> str:
        """Return the statements that make a model a function in plain SQL; ``model`` is as for :meth:`export_model`."""
        return str(self._value(f"SELECT pgml.export_sql({_placeholder(model)}, %s)", model, function_name))

    def projects(self) -> pd.DataFrame:
        """Return the projects, one a row, with what answers for each."""
        return self._frame(
            "SELECT name, project.objective, owner, project.created_at, algorithm_name, deployed_at, relation_name,"
            " y_column_name FROM pgml.projects AS project LEFT JOIN pgml.overview USING (name) ORDER BY name"
        )

    def models(self, project_name: str | None = None) -> pd.DataFrame:
        """Return the trained models of one project or of all, with a column for each metric."""
        frame = self._frame(
            "SELECT trained.*, model.metrics, model.hyperparams, model.served_by FROM pgml.trained_models AS trained"
            " JOIN pgml.models AS model USING (id) WHERE name = coalesce(%s, name) ORDER BY id",
            (project_name,),
        )
        return frame.drop(columns="metrics").join(pd.DataFrame(frame["metrics"].tolist(), index=frame.index))

    def algorithms(self) -> pd.DataFrame:
        """Return every algorithm that can be trained, and the plugin it comes from."""
        return self._frame("SELECT * FROM pgml.algorithms")

    def hyperparameters(self, algorithm: str, objective: str) -> pd.DataFrame:
        """Return what can be set for an algorithm."""
        return self._frame("SELECT * FROM pgml.hyperparameters(%s, %s)", (algorithm, objective))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def _matrix(self, project_name: str, frame: pd.DataFrame) -> np.ndarray:
        """Return the model's features, found in a DataFrame by name, as float64 [rows, features]."""
        found = self._rows(
            "SELECT features FROM pgml.projects WHERE name = %s AND features IS NOT NULL", (project_name,)
        )
        if not found:
            self._value("SELECT pgml.predict(%s, '{}'::float8[])", project_name)  # says what is wrong with the project
        columns = []
        for feature in found[0][0]:
            array, bracket, place = feature.rpartition("[")
            if feature in frame:
                columns.append(frame[feature].to_numpy(dtype=np.float64))
            elif bracket and array in frame:
                columns.append(frame[array].map(lambda values, place=place: values[int(place[:-1]) - 1]).to_numpy(float))
            else:
                raise errors.WrongFeatures(
                    f'the features have no column "{feature}"', hint=f"the model needs {', '.join(found[0][0])}"
                )
        return np.column_stack(columns)

    def _value(self, statement: str, *parameters: Any) -> Any:
        return self._rows(statement, parameters)[0][0]

    def _row(self, statement: str, parameters: Any) -> dict[str, Any]:
        with self._cursor(statement, parameters) as cursor:
            return dict(zip(_columns(cursor), cursor.fetchone() or (), strict=True))

    def _rows(self, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        with self._cursor(statement, parameters) as cursor:
            return cursor.fetchall()

    def _frame(self, statement: Any, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        with self._cursor(statement, parameters) as cursor:
            return pd.DataFrame(cursor.fetchall(), columns=_columns(cursor))

    @contextmanager
    def _cursor(self, statement: Any, parameters: Any) -> Iterator[psycopg2.extensions.cursor]:
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(statement, parameters)
            except psycopg2.Error as error:
                if error.pgcode not in _BY_SQLSTATE:
                    raise
                said = error.diag
                raise _BY_SQLSTATE[error.pgcode](
                    said.message_primary, hint=said.message_hint, detail=said.message_detail
                ) from None
            yield cursor


def _placeholder(model: str | int) -> str:
    """Return the placeholder of a model: the name of a project, or a number."""
    return "%s::text" if isinstance(model, str) else "%s::bigint"


def _columns(cursor: psycopg2.extensions.cursor) -> list[str]:
    return [column.name for column in cursor.description or ()]
