"""The rows of a snapshot on their way to the engine."""

from __future__ import annotations

from pgml.backend import relation
from pgml.backend.engine import Engine
from pgml.backend.session import Session
from pgml.backend.store import Snapshot, Store


def columns_of(session: Session, store: Store, snapshot: Snapshot) -> relation.TrainingColumns:
    """Return the columns of a snapshot; raise UnusableData where they cannot be trained on, or are gone."""
    attributes = relation.attributes(session, store.snapshot_oid(snapshot))
    return relation.TrainingColumns(
        session, snapshot.table, snapshot.row_count, attributes, snapshot.y_column_name
    )


def send(engine: Engine, snapshot: Snapshot, columns: relation.TrainingColumns, training: int = 0) -> None:
    """Send a snapshot's rows to the engine, a slice at a time, for the training of that number."""
    described = [[column.name, column.width] for column in columns.columns]
    engine.tell(
        "begin", columns=described, target=columns.target, row_count=snapshot.row_count, training=training
    )
    for packed in columns.slices():
        engine.tell("rows", packed)
