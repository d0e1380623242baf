"""Read and evaluate changed predictors, in a process that may die of it: ``python child.py LAST SEED CASES``.

Each input is in the file LAST before it is used. Once a second it prints how many it has tried, and how many of them
were accepted as predictors, by the name of the predictor that they were made from. ``python child.py FILE`` uses an
input that was kept.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
from mutations import mutated

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "predictors"))
from test_corruption import MODELS, survives

PATIENCE = 60  # seconds that one second's inputs may take
_STRANGE = (0.0, -0.0, 1e300, -1e300, 5e-324, 1e19, -1e19, np.nan, np.inf)


def rows(random: Random) -> np.ndarray:
    """Return rows of numbers, some of them strange, from a single one to more than are evaluated together."""
    chosen = [
        random.choice(_STRANGE) if random.random() < 0.05 else random.gauss(0, 2)
        for _ in range(random.choice((2, 6, 20, 400)))
    ]
    return np.array(chosen).reshape(-1, 2)


def fuzz(last: Path, seed: str, cases: int) -> None:
    random = Random(seed)
    models = {name: predictor.to_bytes() for name, predictor in MODELS.items()}
    others = list(models.values())
    tried, accepted, reported = Counter[str](), Counter[str](), time.monotonic()
    log = os.open(last, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    for case in range(1, cases + 1):
        name = random.choice(list(models))
        data = mutated(random, models[name], others)
        os.pwrite(log, data, 0)
        os.ftruncate(log, len(data))
        tried[name] += 1
        accepted[name] += survives(data, rows(random))
        if time.monotonic() - reported > 1 or case == cases:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            print(json.dumps([tried, accepted]), flush=True)
            reported = time.monotonic()
            tried, accepted = Counter(), Counter()
    faulthandler.cancel_dump_traceback_later()


def replay(kept: Path) -> None:
    """Use an input with many different rows."""
    for seed in range(100):
        accepted = survives(kept.read_bytes(), rows(Random(seed)))
    print(f"{kept} is {'a predictor that works' if accepted else 'refused'}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        replay(Path(sys.argv[1]))
    else:
        fuzz(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
