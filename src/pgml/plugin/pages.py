"""Write the pages of the documentation on algorithms, from what they declare: ``python -m pgml.plugin.pages FOLDER``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hyperparameters import Hyperparameter
from pgml.plugin.objective import OBJECTIVES
from pgml.plugin.registry import BUILT_IN, find_plugins


def pages(algorithms: Iterable[Algorithm]) -> dict[str, str]:
    """Return the text of each page by the name of its file: one for each algorithm's name, and an index."""
    by_name: dict[str, list[Algorithm]] = {}
    for algorithm in sorted(algorithms, key=lambda each: (each.name, each.objective), reverse=True):
        by_name.setdefault(algorithm.name, []).append(algorithm)
    names = sorted(by_name)
    return {
        "README.md": _index(by_name, names),
        **{f"{name}.md": _page(name, by_name[name]) for name in names},
    }


def _index(by_name: dict[str, list[Algorithm]], names: list[str]) -> str:
    rows = [
        (
            f"[`{name}`]({name}.md)",
            " and ".join(each.objective for each in by_name[name]),
            by_name[name][0].summary,
        )
        for name in names
    ]
    return "\n".join(
        [
            "# Algorithms",
            "",
            "What `pgml.train` takes as its algorithm. `SELECT * FROM pgml.algorithms` lists those that are installed,"
            " plugins included; `SELECT * FROM pgml.hyperparameters('ridge', 'regression')` what can be set."
            " The models of all of these are compiled: the database's own process makes their predictions.",
            "",
            *_table(("Algorithm", "For", "What it is"), rows),
            "",
            "These pages are written from what the algorithms declare, by `python -m pgml.plugin.pages`.",
            "",
        ]
    )


def _page(name: str, algorithms: list[Algorithm]) -> str:
    lines = [f"# {name}", ""]
    aliases = [f"`{alias}`" for alias in algorithms[0].aliases]
    if aliases:
        lines += [f"Also known as {', '.join(aliases)}.", ""]
    for algorithm in algorithms:
        lines += _section(algorithm)
    return "\n".join(lines)


def _section(algorithm: Algorithm) -> list[str]:
    project, relation = OBJECTIVES[algorithm.objective].example
    return [
        f"## {algorithm.objective.capitalize()}",
        "",
        algorithm.summary,
        "",
        f"**When to choose it.** {algorithm.when}",
        "",
        "```sql",
        "SELECT * FROM pgml.train(",
        f"    '{project}', '{algorithm.objective}', '{relation}', 'target',",
        f"    algorithm => '{algorithm.name}',",
        f"    hyperparams => '{json.dumps(_example(algorithm))}'",
        ");",
        "```",
        "",
        f"* **Features** are {'standardised for it' if algorithm.scaled else 'taken as they are, on any scale'}.",
        f"* **Missing values** (NULL): it {'takes them as they are' if algorithm.missing else 'knows none'}.",
        *(["* **Target:** above 0 in every row."] if algorithm.positive_target else []),
        f"* **Source:** <{algorithm.source}>",
        "",
        "### Hyperparameters",
        "",
        *_table(
            ("Name", "Must be", "Default", "What it does", "Searched"), map(_row, algorithm.hyperparameters)
        ),
        "",
        *_list(
            "Together they have to keep these rules:", [f"{each.rule}." for each in algorithm.constraints]
        ),
        *_list(
            "What else the library has, and why it cannot be set:",
            [f"`{name}`: {reason}." for name, reason in sorted(algorithm.left_out.items())],
        ),
    ]


def _example(algorithm: Algorithm) -> dict[str, object]:
    """Return a value other than the default for the first hyperparameter that is usually searched."""
    for each in algorithm.hyperparameters:
        later = each.search[each.search.index(each.default) + 1 :] if each.default in each.search else ()
        for value in (*later, *each.search):
            if value is not None and value != each.default:
                return {each.name: value}
    return {}


def _row(hyperparameter: Hyperparameter) -> tuple[str, ...]:
    rule = hyperparameter.kind.rule + (", or null" if hyperparameter.nullable else "")
    searched = ", ".join(json.dumps(value) for value in hyperparameter.search)
    return (
        f"`{hyperparameter.name}`",
        rule,
        f"`{json.dumps(hyperparameter.default)}`",
        hyperparameter.description,
        searched,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines]


def _list(title: str, items: list[str]) -> list[str]:
    return [title, "", *(f"* {item}" for item in items), ""] if items else []


def write(folder: Path) -> None:
    """Write the pages of the built-in algorithms into ``folder``."""
    provided = find_plugins().algorithms.values()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(each.algorithm for each in provided if each.plugin.name == BUILT_IN).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/algorithms"))
