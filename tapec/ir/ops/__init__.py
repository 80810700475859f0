"""The families of primitives; importing them fills `tapec.ir.primitive.PRIMITIVES`."""

from __future__ import annotations

from tapec.ir.ops import (
    arith,
    const,
    control,
    dynamic,
    indexing,
    linalg,
    logic,
    loop,
    math,
    reduce,
    shape,
    solve,
    special,
)

__all__ = [
    "arith",
    "const",
    "control",
    "dynamic",
    "indexing",
    "linalg",
    "logic",
    "loop",
    "math",
    "reduce",
    "shape",
    "solve",
    "special",
]
