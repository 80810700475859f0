"""Sums over blocks of rows: carried from block to block, and the sizes of blocks.

Totals of few numbers are compensated, as in `tapec.lower.sums`: the error of each addition is found
by Knuth's TwoSum and added at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Value
from tapec.ir.ops.shape import call
from tapec.lower.tuning import BLOCK_ELEMENTS, BLOCK_LANES, LANES, SMALL


def block_size(rows: int, length: int, last: bool) -> int:
    """How many rows of a length make a block: a part of all of them, where there is one near."""
    about = max(1, BLOCK_ELEMENTS // max(length, 1))
    if not last:
        return max(n for n in range(1, about + 1) if not rows % n)
    few, many = BLOCK_LANES
    about = min(max(about, few), many)
    step = LANES // 4
    fitting = [n for n in range(few, 2 * about + 1, step) if not rows % n]
    return max(fitting, default=min(about - about % step, rows))


def compensated(value: Value) -> bool:
    """Whether a total carries the errors of its additions."""
    return value.type.size <= SMALL


def zeros(build: Builder, value: Value) -> Iterator[Expr]:
    """A total before all blocks."""
    for _ in range(1 + compensated(value)):
        yield Expr(build, build.const(0.0, value.type))


def added(carried: Sequence[Expr], parts: Sequence[Expr]) -> list[Expr]:
    """The totals after one more block."""
    rest, found = iter(carried), list[Expr]()
    for part in parts:
        before = next(rest)
        total = before + part
        found.append(total)
        if compensated(part.value):
            there = total - before
            back = total - there
            found.append(next(rest) + ((before - back) + (part - there)))
    return found


def corrected(carried: Sequence[Expr], sums: Sequence[Value]) -> Iterator[Expr]:
    """The totals after all blocks, with their errors; without them where they are infinite."""
    rest = iter(carried)
    for value in sums:
        total = next(rest)
        if compensated(value):
            error = next(rest)
            total = call("select", call("isfinite", error), total + error, total)
        yield total
