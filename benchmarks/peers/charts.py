"""``python -m benchmarks.peers.charts FOLDER``: the figures on standard input, drawn as rows.svg and clients.svg."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

INK, PALE, OURS, OTHERS = "#24292f", "#d0d7de", "#2f6f9f", "#a3adb8"
LINES = {"bare SELECT": "#8c959f", "pgml.predict": OURS, "FastAPI": "#c4622d"}


def rows(rates: dict[str, dict[str, float]]) -> Figure:
    """Draw rows per second, one part a model, fastest first."""
    sizes = [len(ways) for ways in rates.values()]
    drawn = _card(1.4 + 0.36 * sum(sizes))
    parts = drawn.subplots(len(rates), sharex=True, height_ratios=sizes, squeeze=False)[:, 0]
    most = max(rate for ways in rates.values() for rate in ways.values())
    for part, (title, ways) in zip(parts, rates.items(), strict=True):
        ordered = sorted(ways.items(), key=lambda way: way[1])
        names, values = zip(*ordered, strict=True)
        colours = [OURS if name.startswith("pgml") else OTHERS for name in names]
        bars = part.barh(names, values, color=colours, height=0.68)
        above_grid = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        part.bar_label(
            bars, [_short(value) for value in values], padding=5, color=INK, fontsize=9, bbox=above_grid
        )
        part.set_xscale("log")
        part.set_xlim(100 if min(values) > 100 else 1, most * 4)
        part.set_title(title[0].upper() + title[1:], loc="left", fontsize=11, fontweight="bold", color=INK)
        _plain(part, grid="x")
        part.tick_params(axis="y", length=0)
    parts[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    parts[-1].xaxis.set_minor_locator(NullLocator())
    parts[-1].set_xlabel("rows scored per second (logarithmic scale)", color=INK)
    return drawn


def clients(rates: dict[str, dict[str, float]]) -> Figure:
    """Draw answers per second against the number of clients, each line with its name at its end."""
    drawn = _card(4.4)
    part = drawn.subplots()
    top = max(max(by_clients.values()) for by_clients in rates.values())
    height = 2 * top
    for name, by_clients in sorted(rates.items(), key=lambda way: -list(way[1].values())[-1]):
        numbers, values = [int(number) for number in by_clients], list(by_clients.values())
        part.plot(numbers, values, color=LINES[name], linewidth=2.2, marker="o", markersize=5)
        height = min(values[-1], height - top / 15)  # where lines end close together, their names keep apart
        beside = {"xytext": (9, 0), "textcoords": "offset points", "va": "center"}
        part.annotate(name, (numbers[-1], height), color=LINES[name], **beside)
    part.set_xticks(numbers)
    part.set_ylim(bottom=0)
    part.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    part.set_title(
        "One row a statement or request, linear regression",
        loc="left",
        fontsize=11,
        fontweight="bold",
        color=INK,
    )
    part.set_xlabel("clients", color=INK)
    part.set_ylabel("answers per second", color=INK)
    _plain(part, grid="y")
    return drawn


def _card(height: float) -> Figure:
    drawn = Figure(figsize=(9, height), layout="constrained")
    drawn.get_layout_engine().set(w_pad=0.15, h_pad=0.15)
    return drawn


def _plain(part: Axes, grid: str) -> None:
    part.spines[:].set_visible(False)
    part.grid(axis=grid, color=PALE, linewidth=0.8)
    part.set_axisbelow(True)
    part.tick_params(colors=INK, length=0)


def _short(value: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


if __name__ == "__main__":
    # White behind it, for pages of any colour; text stays text, and the same figures make the same file.
    matplotlib.rcParams |= {
        "svg.fonttype": "none",
        "svg.hashsalt": "pgml",
        "font.family": ["DejaVu Sans", "sans-serif"],
    }
    figures = json.load(sys.stdin)
    for name, drawn in (("rows", rows(figures["rates"])), ("clients", clients(figures["clients"]))):
        drawn.savefig(Path(sys.argv[1]) / f"{name}.svg", facecolor="white", metadata={"Date": None})
