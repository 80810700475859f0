"""Large products of matrices as calls of a BLAS."""

from __future__ import annotations

from tapec.ir.affine import ZERO, Index, contiguous
from tapec.ir.core import Op
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.partial import partial
from tapec.lower.products import products_of


def product(n: Frame, op: Op, buffer: Memory) -> None:
    """A product as calls; as loops where the layout of its operands does not allow a call."""
    found = products_of(op, n.source)
    if found is None or not all(map(n.in_memory, found.operands)):
        partial(n, op, buffer)
        return
    memories = (buffer, *(n.memory[v] for v in found.operands))
    rows, columns, _ = found.sizes
    steps = contiguous((*found.shape, rows * columns))[:-1]

    def leaf(at: Index) -> None:
        kept = [j for j, extent in enumerate(found.shape) if extent > 1]
        moves = [
            m.base + sum((at[j].times(s[j]) for j in kept), ZERO)
            for m, s in zip(memories, (steps, *found.batch), strict=True)
        ]
        one = [n.build.const(1, "index")] if any(m.const for m in moves) else []
        order = list(dict.fromkeys(v for m in moves for v, _ in m.terms))
        factors = [dict(m.terms) for m in moves]
        strides = tuple(
            (*(f.get(v, 0) for v in order), *(m.const for _ in one))
            for f, m in zip(factors, moves, strict=True)
        )
        out, a, b = (m.buffer for m in memories)
        n.build.gemm((out, a, b), [*order, *one], found.sizes, found.matrices, strides)

    n.loops(found.shape, "serial", leaf)
