"""What the functions of pgml 0.1 find in its place, while this package is there and their database is not upgraded."""

from __future__ import annotations

import json

import pgml
from pgml.errors import ServerError

_ERROR = {
    "sqlstate": ServerError.sqlstate,
    "message": f"this database has the schema of pgml 0.1, and the server runs pgml {pgml.__version__}",
    "detail": None,
    "hint": "upgrade the database: pgml install, or psql -f sql/install.sql; nothing that was trained is lost",
}


def call(*_: object) -> str:
    """Answer pgml._python: training, deploying and the rest."""
    return json.dumps({"error": _ERROR})


def load(*_: object) -> tuple[bool, str]:
    """Answer pgml._load, which is asked for the model of a prediction."""
    return False, json.dumps(_ERROR)


def predict(*_: object) -> None:
    """Answer pgml._predict: no model has been loaded."""


def distrust(*_: object) -> None:
    """Answer the trigger of pgml.deployments, so that rows can be removed before an upgrade."""
