"""``python -m benchmarks [NAME...] [--quick | --write]``: measure, each against its own yardstick in the same run, and print ratios."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys

from benchmarks.server import benchmark_server

NAMES = ("training_path", "prediction", "first_prediction", "algorithms", "fast_door")


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures pgml on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(NAMES)} (all of them)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="fast_door: less data, in a few minutes")
    length.add_argument("--write", action="store_true", help="fast_door: put table and charts into the documentation")
    given = parser.parse_args()
    names = given.names or NAMES
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    # As the engine has it, so that what is compared are not the habits of waiting threads.
    os.environ |= {"GOMP_SPINCOUNT": "1000", "OPENBLAS_THREAD_TIMEOUT": "15"}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the server must not outlive the measurement
    with benchmark_server() as dsn:
        for name in names:
            options = {"quick": given.quick, "write": given.write} if name == "fast_door" else {}
            print(importlib.import_module(f"benchmarks.{name}").run(dsn, **options), flush=True)


if __name__ == "__main__":
    main()
