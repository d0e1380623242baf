"""How much is measured, and what all the measurements share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2.extensions

if TYPE_CHECKING:
    from benchmarks.fast_door.models import Model


@dataclass(frozen=True)
class Scale:
    """The size of the measurements; of each, the median of ``rounds`` counts."""

    rows: int  # of the large tables
    few_rows: int  # for what is slow a row, in this proportion: boosting by hand; a tenth of it the forest
    forest_rows: int  # that a forest of 2.5 million nodes predicts
    training_rows: int  # of the tables trained on; the large forest's nodes follow from it
    seconds: int  # of each run of pgbench and of the HTTP client
    clients: tuple[int, ...]
    connections: int
    rounds: int = 5


FULL = Scale(1_000_000, 5_000, 100_000, 26_500, 4, (1, 2, 4, 8, 10, 16), 200)
QUICK = Scale(100_000, 500, 20_000, 2_650, 1, (1, 4, 10), 30)


@dataclass
class Bench:
    """The server under test, the models in it, and a folder for what goes to the peers."""

    dsn: str
    cursor: psycopg2.extensions.cursor
    language: str  # of pgml.predict: c, or sql around PL/Python
    scale: Scale
    folder: Path
    models: dict[str, Model] = field(default_factory=dict)
