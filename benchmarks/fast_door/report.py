"""What was measured: lines of a table, and the figures of the charts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """A figure beside what it must reach: at least or at most so much, or nothing where it is for information.

    ``figures`` are what the value was made of; without a value, they say why there is none.
    """

    what: str
    against: str
    value: float | None
    unit: str
    figures: str
    least: float | None = None
    most: float | None = None

    @property
    def judged(self) -> bool:
        """Whether there is something to reach."""
        return self.least is not None or self.most is not None

    @property
    def cells(self) -> tuple[str, ...]:
        """What, against what, measured, must reach, met or not, figures."""
        must = met = ""
        if self.least is not None:
            must, reached = f"at least {self.least:g}", self.value is not None and self.value >= self.least
        elif self.most is not None:
            must, reached = f"at most {self.most:g}", self.value is not None and self.value <= self.most
        if self.value is not None and self.judged:
            met = "yes" if reached else "**no**"
        measured = "" if self.value is None else f"{figure(self.value)} {self.unit}"
        return self.what, self.against, measured, must, met, self.figures


@dataclass
class Report:
    """All the lines; rows a second by chart and way; answers a second by way and number of clients."""

    lines: list[Line] = field(default_factory=list)
    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    clients: dict[str, dict[int, float]] = field(default_factory=dict)

    def add(self, *values: object, **limits: object) -> None:
        """Add a line, given as a Line is."""
        self.lines.append(Line(*values, **limits))

    def rate(self, chart: str, way: str, rows_a_second: float) -> None:
        """Keep a figure for the chart of that name."""
        self.rates.setdefault(chart, {})[way] = rows_a_second

    def markdown(self, short: bool = False) -> str:
        """Return the table as Markdown; the short one has what is to be reached, without the figures."""
        rows = [("what", "against", "measured", "must reach", "met", "figures"), ("---",) * 6]
        rows += [line.cells for line in self.lines if line.judged or not short]
        return "\n".join(" | ".join(row[:-1] if short else row) for row in rows)


def figure(value: float) -> str:
    """Return a number as people read it: about three digits, and thousands apart."""
    for below, digits in ((0.1, 3), (10, 2), (100, 1)):
        if value < below:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"
