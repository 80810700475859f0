"""Values whose cotangent must not even be zero where they are not used.

A zero cotangent times an infinite partial is NaN: of `r = sqrt(x * x)`, read by a branch that is
not taken, nothing may be sent back. Behind ops whose partials are finite wherever their operands
are, zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapec.ir.core import Op, Value

TAME = frozenset(
    {"abs", "add", "arcsinh", "arctan", "convert", "copysign", "cos", "erf", "erfc", "fmax", "fmin"}
    | {"maximum", "minimum", "mul", "neg", "select", "sin", "sub", "tanh"}
    | {"reduce_max", "reduce_min"}
)
# Results of loops up to this size are masked in loops too; larger ones stay in place.
SMALL = 64


def risky_values(ops: Iterable[Op], *, inside: bool) -> set[Value]:
    """The results of active ops behind which a partial may be infinite; `inside` a loop's body."""
    found: set[Value] = set()
    for op in ops:
        if op.primitive.kind == "region":
            found.update(v for v in op.results if v.type.size <= SMALL or not inside)
        elif _is_tame(op):
            if not found.isdisjoint(op.operands):
                found.update(op.results)
        else:
            found.update(op.results)
    return found


def _is_tame(op: Op) -> bool:
    if op.name == "integer_pow":
        return bool(op.attrs["n"] > 0)
    return op.primitive.kind == "linear" or op.name in TAME
