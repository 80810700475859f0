"""Cutting programs into functions: large ones cost LLVM more than linear time."""

from __future__ import annotations

from collections.abc import Iterable

from tapec.backends.llvm.tuning import CHUNK_OPS
from tapec.ir.core import Op
from tapec.ir.ops.loop import INVOKE


def weigh(ops: Iterable[Op]) -> int:
    """The number of ops, those of bodies included; functions called count where they are made."""
    return sum(1 if not op.regions else _weight(op) for op in ops)


def _weight(op: Op) -> int:
    return 1 if op.primitive is INVOKE else 1 + sum(weigh(r.ops) for r in op.regions)


def chunks(ops: Iterable[Op]) -> list[list[Op]]:
    """Cut into runs of about CHUNK ops; a long loop body is a chunk of its own."""
    runs: list[list[Op]] = [[]]
    weight = 0
    for op in ops:
        more = 4 * _weight(op) if op.regions else 1
        if runs[-1] and weight + more > CHUNK_OPS:
            runs.append([])
            weight = 0
        runs[-1].append(op)
        weight += more
    return runs
