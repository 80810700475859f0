"""The families of primitives; importing them fills `tapec.ir.primitive.PRIMITIVES`."""

from __future__ import annotations

from tapec.ir.ops import (
    arith,
    const,
    control,
    decompose,
    dynamic,
    gather,
    indexing,
    library,
    linalg,
    logic,
    loop,
    math,
    memory,
    opaque,
    order,
    reduce,
    scans,
    shape,
    solve,
    special,
)

__all__ = [
    "arith",
    "const",
    "control",
    "decompose",
    "dynamic",
    "gather",
    "indexing",
    "library",
    "linalg",
    "logic",
    "loop",
    "math",
    "memory",
    "opaque",
    "order",
    "reduce",
    "scans",
    "shape",
    "solve",
    "special",
]
