"""One thing that `pgml doctor` looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is there, or missing, and the remedy. What is missing but not ``needed`` makes pgml slower or smaller."""

    what: str
    there: bool = True
    remedy: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "ok" if self.there else "MISSING" if self.needed else "note"
        helps = f"\n         → {self.remedy}" if self.remedy and not self.there else ""
        return f"{mark:8} {self.what}{helps}"
