"""Going through programs with regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tapec.ir.core import Block, Op, Value


def every(ops: Iterable[Op]) -> Iterator[Op]:
    """All ops, those of regions included; a function that is called several times once."""
    found: list[Op] = []
    _gather(ops, found, set())
    return iter(found)


def _gather(ops: Iterable[Op], found: list[Op], seen: set[Block]) -> None:
    """A list: generators inside generators would hand each op up through all levels."""
    for op in ops:
        found.append(op)
        for region in op.regions:
            if region not in seen:
                seen.add(region)
                _gather(region.ops, found, seen)


def count(ops: Sequence[Op]) -> int:
    """How many ops, those in regions included; a function that is called several times once."""
    found: list[Op] = []
    _gather(ops, found, set())
    return len(found)


def reads(op: Op) -> Iterator[Value]:
    """Operands of an op and of all ops in its regions, and what the regions yield."""
    if not op.regions:
        return iter(op.operands)
    found: list[Value] = []
    for inner in every([op]):
        found += inner.operands
        for region in inner.regions:
            found += region.results
    return iter(found)
