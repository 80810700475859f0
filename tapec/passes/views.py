"""Arithmetic of index specifications: entries are an int or `(start, count, step)` per axis."""

from __future__ import annotations

from math import gcd

Entry = int | tuple[int, int, int]
Spec = tuple[Entry, ...]


def whole(shape: tuple[int, ...]) -> Spec:
    """Everything."""
    return tuple((0, n, 1) for n in shape)


def compose(outer: Spec, inner: Spec) -> Spec:
    """The specification reading `x[outer][inner]` from x."""
    rest = iter(inner)
    return tuple(e if isinstance(e, int) else _compose(e, next(rest)) for e in outer)


def _compose(outer: tuple[int, int, int], inner: Entry) -> Entry:
    start, _, step = outer
    if isinstance(inner, int):
        return start + inner * step
    first, count, stride = inner
    return (start + first * step, count, step * stride)


def disjoint(a: Spec, b: Spec) -> bool:
    """Whether the two certainly select no common element."""
    return any(_apart(_triple(e), _triple(f)) for e, f in zip(a, b, strict=True))


def _triple(entry: Entry) -> tuple[int, int, int]:
    return (entry, 1, 1) if isinstance(entry, int) else entry


def _apart(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    if a[1] == 0 or b[1] == 0:
        return True
    low_a, high_a = _bounds(a)
    low_b, high_b = _bounds(b)
    if high_a < low_b or high_b < low_a:
        return True
    steps = [t[2] for t in (a, b) if t[1] > 1]
    common = gcd(*steps) if len(steps) == 2 else abs(steps[0]) if steps else 0
    return bool((a[0] - b[0]) % common) if common else a[0] != b[0]


def _bounds(t: tuple[int, int, int]) -> tuple[int, int]:
    last = t[0] + (t[1] - 1) * t[2]
    return (t[0], last) if t[2] > 0 else (last, t[0])


def relative(part: Spec, container: Spec) -> Spec | None:
    """`part` as a specification on the selection `container`; None where it is not inside."""
    found: list[Entry] = []
    for entry, outer in zip(part, container, strict=True):
        if isinstance(outer, int):
            if entry != outer:
                return None
            continue
        inside = _relative(entry, outer)
        if inside is None:
            return None
        found.append(inside)
    return tuple(found)


def _relative(entry: Entry, outer: tuple[int, int, int]) -> Entry | None:
    start, count, step = outer
    if isinstance(entry, int):
        position, off = divmod(entry - start, step)
        return position if not off and 0 <= position < count else None
    first = _relative(entry[0], outer)
    last = _relative(entry[0] + (entry[1] - 1) * entry[2], outer)
    if entry[1] == 0 or not isinstance(first, int) or last is None:
        return None
    if entry[1] == 1:
        return (first, 1, 1)
    stride, off = divmod(entry[2], step)
    return None if off else (first, entry[1], stride)
