"""Values whose cotangent must not even be zero where they are not used.

A zero cotangent times an infinite partial is NaN: of `r = sqrt(x * x)`, read by a branch that is
not taken, nothing may be sent back. Behind ops whose partials are finite wherever their operands
are, zeros do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from tapec.ir.core import Block, Op, Value

TAME = frozenset(
    {"abs", "add", "arcsinh", "arctan", "convert", "copysign", "cos", "erf", "erfc", "fmax", "fmin"}
    | {"maximum", "minimum", "mul", "neg", "select", "sin", "sub", "tanh"}
    | {"reduce_max", "reduce_min"}
)
# Their partials are numbers, whatever their operands are.
MOVING = frozenset({"add", "const", "convert", "neg", "select", "stop_gradient", "sub"})
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


def moves_only(block: Block) -> bool:
    """Whether zeros sent into a region come back as zeros, whatever its values are."""
    constant = {op.result for op in block.ops if op.name == "const"}
    return all(_moves(op, constant) for op in block.ops)


def _moves(op: Op, constant: set[Value]) -> bool:
    if not any(v.type.is_float for v in op.results):
        return True
    if op.regions:
        return op.name in ("cond", "switch") and all(map(moves_only, op.regions))
    if op.name == "mul":
        return not constant.isdisjoint(op.operands)
    return op.name in MOVING or (op.primitive.kind == "linear" and op.name != "dot")


def _is_tame(op: Op) -> bool:
    if op.name == "integer_pow":
        return bool(op.attrs["n"] > 0)
    return op.primitive.kind == "linear" or op.name in TAME
