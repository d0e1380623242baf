"""How alike names are that people spell in more ways than one."""

from __future__ import annotations

from collections.abc import Iterable

# What is compared is bounded, because the time that difflib takes grows with the square of a name's length.
_LENGTH = 64  # characters of a name
_CHOICES = 100  # names that are compared letter by letter: those that share the most pairs of letters
_PAIRS = 24  # pairs of letters that are looked for in every name


def spelling(name: str) -> str:
    """Return what counts of a name: not its case, spaces, hyphens and underscores."""
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def by_likeness(wrong: str, known: Iterable[str]) -> list[tuple[float, str]]:
    """Return the known names that are most like a wrong one, each with how alike they are, 0 to 1; the most first."""
    import difflib
    import heapq

    wanted = _compared(wrong)
    spelled = [(_compared(name), name) for name in known]
    if len(spelled) > _CHOICES:
        step = 1 + len(wanted) // (_PAIRS + 1)
        pairs = {wanted[place : place + 2] for place in range(0, max(1, len(wanted) - 1), step)}

        def shared(each: tuple[str, str]) -> float:
            return sum(map(each[0].__contains__, pairs)) / (len(wanted) + len(each[0]) + 1)

        spelled = heapq.nlargest(_CHOICES, spelled, key=shared)
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    ranked = []
    for spelt, name in spelled:
        matcher.set_seq1(spelt)
        ranked.append((matcher.ratio() if spelt else 0.0, name))
    return sorted(ranked, key=lambda each: (-each[0], each[1]))


def shortened(name: str, length: int, gap: str = "") -> str:
    """Return the beginning and the end of a name, with ``gap`` between them, where it is longer than ``length``."""
    if len(name) <= length:
        return name
    end = length // 4
    return f"{name[: length - end - len(gap)]}{gap}{name[-end:]}"


def _compared(name: str) -> str:
    return spelling(shortened(name, _LENGTH))
