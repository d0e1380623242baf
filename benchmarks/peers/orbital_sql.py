"""``python -m benchmarks.peers.orbital_sql MODEL TABLE FEATURE...``: a pickled pipeline as orbital's SQL."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import orbital
from orbital.types import DoubleColumnType

if __name__ == "__main__":
    model, table, *features = sys.argv[1:]
    pipeline = pickle.loads(Path(model).read_bytes())  # noqa: S301 - made by the measurement itself
    parsed = orbital.parse_pipeline(pipeline, features={name: DoubleColumnType() for name in features})
    print(orbital.export_sql(table, parsed, dialect="postgres"))
