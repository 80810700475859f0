"""Parts of parts of arrays, and parts that have nothing in common."""

from __future__ import annotations

from typing import Any


def composed(outer: Any, inner: Any) -> Any:
    """The place, in an array, of a part of its part; None where it takes arithmetic to say."""
    rest = iter(inner)
    found: list[Any] = []
    for entry in outer:
        if isinstance(entry, int):
            found.append(entry)
            continue
        start, _, step = entry
        own = next(rest)
        if start < 0:
            return None
        if isinstance(own, int):
            found.append(start + own * step)
        else:
            found.append((start + own[0] * step, own[1], own[2] * step))
    return tuple(found)


def disjoint(a: Any, b: Any) -> bool:
    """Whether two places known in advance lie apart, along some axis."""
    return any(_apart(_bounds(x), _bounds(y)) for x, y in zip(a, b, strict=True))


def _bounds(entry: Any) -> tuple[int, int]:
    """The first and the last index."""
    if isinstance(entry, int):
        return entry, entry
    start, count, step = entry
    return min(start, start + (count - 1) * step), max(start, start + (count - 1) * step)


def _apart(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[1] < b[0] or b[1] < a[0]
