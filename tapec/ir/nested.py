"""Going through programs with regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tapec.ir.core import Op, Value


def every(ops: Iterable[Op]) -> Iterator[Op]:
    """All ops, those of regions included."""
    for op in ops:
        yield op
        for region in op.regions:
            yield from every(region.ops)


def count(ops: Sequence[Op]) -> int:
    """How many ops, those in regions included."""
    return len(ops) + sum(count(part.ops) for op in ops if op.regions for part in op.regions)


def reads(op: Op) -> Iterator[Value]:
    """Operands of an op and of all ops in its regions, and what the regions yield."""
    for inner in every([op]):
        yield from inner.operands
        for region in inner.regions:
            yield from region.results
