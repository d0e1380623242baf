"""``python -m benchmarks [NAME...]``: measure, each against its own yardstick in the same run, and print ratios."""

from __future__ import annotations

import importlib
import os
import signal
import sys

from benchmarks.server import benchmark_server

NAMES = ("training_path", "prediction", "first_prediction", "algorithms")


def main() -> None:
    names = sys.argv[1:] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    # As the engine has it, so that what is compared are not the habits of waiting threads.
    os.environ |= {"GOMP_SPINCOUNT": "1000", "OPENBLAS_THREAD_TIMEOUT": "15"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the server must not outlive the measurement
    with benchmark_server() as dsn:
        for name in names:
            print(importlib.import_module(f"benchmarks.{name}").run(dsn), flush=True)


if __name__ == "__main__":
    main()
