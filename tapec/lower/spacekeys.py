"""Which ops share loops: the key of a nest says what its loops run over.

An op is computed over a space of its result's places, together with others over that space; sums
up all places of its operand; or has loops of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from tapec.ir.affine import ZERO, regroup, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_UPDATE
from tapec.ir.ops.indexing import PLACE, UPDATE
from tapec.ir.ops.linalg import DOT
from tapec.ir.ops.nest import ACCUMULATE, COPY
from tapec.ir.ops.shape import CONCATENATE, RESHAPE, STACK
from tapec.ir.types import Type
from tapec.lower.tuning import ROW_NUMBERS, SHORT_ROW, SMALL, UNROLLED

FEW = ("few",)
DYNAMIC = frozenset((DYNAMIC_UPDATE, DYNAMIC_ADD, ACCUMULATE))
PIECES = frozenset((PLACE, UPDATE, CONCATENATE, STACK))


def reduces(op: Op) -> bool:
    """Whether an op sums up: an outer product does not."""
    return op.primitive.reduces and not (op.primitive is DOT and not op.attrs["contract"])


def small_key(op: Op) -> tuple[object, ...]:
    """Small reductions of large values share the nest of their operand's space."""
    (*_, x) = op.operands or (op.result,)
    if op.primitive.reduces and op.primitive is not DOT and x.type.size > SMALL:
        return ("reduce", x.type.shape, op.attrs["axes"])
    if reduces(op) and max(v.type.size for v in op.operands) > SMALL:
        return ("own", op)
    if op.primitive.own_loops and max(v.type.size for v in op.operands) > SMALL:
        return ("own", op)
    return FEW


def space_key(op: Op) -> tuple[object, ...]:
    """Roots that may share a nest have equal keys."""
    if op.primitive is COPY:
        return ("map", op.result.type.shape, op)
    if reduces(op) or op.primitive.own_loops or op.primitive in DYNAMIC:
        return ("own", op)
    if op.primitive in PIECES and not (joins_unrolled(op) or columns(op)):
        return ("own", op)
    return ("map", op.operands[0].type.shape if columns(op) else op.result.type.shape)


def columns(op: Op) -> bool:
    """Whether an op puts few arrays of one axis side by side: a loop along them writes its rows."""
    count, (part, *_) = len(op.operands), op.operands or op.results
    return (
        op.primitive is STACK
        and part.type.ndim == 1 == op.attrs["axis"]
        and 4 * count <= part.type.size
        and count <= ROW_NUMBERS
    )


def made_as(op: Op, source: Mapping[Value, Op], placed: Callable[[Value], bool]) -> Op:
    """The op whose elements this one stores in their order: beneath reshapes without a place."""
    while op.primitive is RESHAPE and op.operands[0] in source and not placed(op.operands[0]):
        op = source[op.operands[0]]
    return op


def made_key(op: Op, made: Op) -> tuple[object, ...]:
    """The key of a root that stores the elements of another op."""
    if made is op or (not columns(made) and _regroups(op, made)):
        return space_key(op)
    return ("map", made.operands[0].type.shape if columns(made) else made.result.type.shape)


def _regroups(op: Op, made: Op) -> bool:
    """Whether a loop over the result finds the elements without divisions."""
    moving = tuple(ZERO if n == 1 else var(Value(Type("index"))) for n in op.result.type.shape)
    return regroup(moving, made.result.type.shape, op.result.type.shape) is not None


def joins_even(op: Op) -> bool:
    """Whether parts of one shape are joined: one loop over that shape writes them all."""
    return op.primitive in (STACK, CONCATENATE) and len({v.type.shape for v in op.operands}) == 1


def joins_unrolled(op: Op) -> bool:
    """Whether parts are told apart by unrolled axes only, so that no loop must be cut."""
    shape = op.result.type.shape
    cut = unrolled_from(shape)
    if "axis" in op.attrs:
        return bool(op.attrs["axis"] % len(shape) >= cut)
    specs = op.attrs["at"] if op.primitive is PLACE else (op.attrs["at"],)
    return all(at[k] == (0, shape[k], 1) for at in specs for k in range(cut))


def unrolled_from(shape: tuple[int, ...], *, rows: bool = False) -> int:
    """First of the trailing axes that are unrolled inside a loop over long leading axes.

    With `rows`, a last axis that is not short is none of them: its elements lie side by side.
    """
    k = len(shape)
    if rows:
        end = max((axis + 1 for axis, n in enumerate(shape) if n > 1), default=0)
        if end and shape[end - 1] > SHORT_ROW:
            return end
    while k > 1 and prod(shape[k - 1 :]) <= UNROLLED:
        k -= 1
    return k if prod(shape[:k]) >= 4 * prod(shape[k:]) else len(shape)
