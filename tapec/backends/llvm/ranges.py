"""Ranges of integers, which prove index checks redundant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tapec.ir.core import Op, Value

Range = tuple[int, int]  # the least and the largest

_LIMITS: Mapping[str, Range] = {
    "i32": (-(2**31), 2**31 - 1),
    "i64": (-(2**63), 2**63 - 1),
    "index": (-(2**63), 2**63 - 1),
}


def range_of(op: Op, known: Mapping[Value, Range]) -> Range | None:
    """The range of the result of a scalar op on integers; None where nothing is known."""
    rule = _RULES.get(op.name)
    limits = _LIMITS.get(op.results[0].type.dtype) if rule else None
    if rule is None or limits is None:
        return None
    operands = [
        known.get(v) or _LIMITS.get(v.type.dtype, (0, 1) if v.type.dtype == "bool" else None)
        for v in op.operands
    ]
    if None in operands:
        return None
    low, high = rule(*operands)
    return (low, high) if limits[0] <= low and high <= limits[1] else None


def within(found: Range | None, low: int, high: int) -> bool:
    """Whether a number of this range lies in [low, high] for certain."""
    return found is not None and low <= found[0] and found[1] <= high


def _mul(a: Range, b: Range) -> Range:
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)


def _remainder(a: Range, b: Range) -> Range:
    """The sign is the divisor's; a zero divisor gives 0."""
    if a[0] >= 0 and a[1] < b[0]:
        return a
    return min(b[0] + 1, 0), max(b[1] - 1, 0)


def _floor_divide(a: Range, b: Range) -> Range:
    if b[0] <= 0:
        return min(a[0], -a[1], 0), max(a[1], -a[0], 0)
    corners = [x // y for x in a for y in b]
    return min(corners), max(corners)


def _abs(a: Range) -> Range:
    least = 0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return least, max(abs(a[0]), abs(a[1]))


_RULES: Mapping[str, Callable[..., Range]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "mul": _mul,
    "neg": lambda a: (-a[1], -a[0]),
    "abs": _abs,
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "select": lambda c, a, b: (min(a[0], b[0]), max(a[1], b[1])),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    "convert": lambda a: a,
    "stop_gradient": lambda a: a,
}
