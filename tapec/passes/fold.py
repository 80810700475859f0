"""Constant folding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.ir.core import Block, Dense, Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.const import SEED, const, is_const
from tapec.ir.ops.logic import stop_gradient
from tapec.ir.ops.opaque import OPAQUE
from tapec.ir.ops.strong import strong_mul
from tapec.passes.regions.sink import sunk
from tapec.passes.support import Shared, const_op, rewrite_program, rewrite_regions
from tapec.passes.tuning import MAX_FOLDED

# Their values must come from user data at run time, or they mark something for other passes.
_KEPT = frozenset({const, stop_gradient, OPAQUE})
_LINEAR = frozenset({arith.add, arith.sub, arith.neg, arith.mul, strong_mul})


def fold(func: Func) -> Func:
    """Evaluate ops whose operands are all constant.

    Before other rules, which recognise constants; a number filling an array is never expanded.
    Constant arguments of branches and loops are made inside them, and folded there.
    """
    return rewrite_program(func, _block)


def _block(block: Block, done: Shared) -> Block:
    consts: dict[Value, Op] = {}
    ops: list[Op] = []
    changed = False
    for op in block.ops:
        found: Sequence[Op] = (op,)
        if op.regions:
            found = (rewrite_regions(sunk(op, consts), lambda region: _block(region, done), done),)
        elif op.operands and all(map(consts.__contains__, op.operands)):
            found = _folded(op, [consts[v] for v in op.operands])
        changed |= found[0] is not op
        consts.update((new.result, new) for new in found if is_const(new))
        ops += found
    return Block(block.params, tuple(ops), block.results) if changed else block


def _folded(op: Op, consts: list[Op]) -> Sequence[Op]:
    """A constant for each of the op's results."""
    foldable = op.primitive.evaluate and not op.regions and not op.primitive.effect
    if not foldable or op.primitive in _KEPT:
        return (op,)
    try:
        values = _number(op, consts) if _all_splat(op, consts) else _arrays(op, consts)
    except (IndexError, np.linalg.LinAlgError):
        return (op,)  # left to fail at run time, if it is reached
    if values is None:
        return (op,)
    pairs = zip(op.results, values, strict=True)
    attrs = {SEED: True} if _is_seed(op, consts) else {}
    return [const_op(x, v.type, result=v, loc=op.loc, attrs=attrs) for v, x in pairs]


def _is_seed(op: Op, consts: list[Op]) -> bool:
    """Whether a result is a known derivative, as one of the operands is."""
    linear = op.primitive.kind == "linear" or op.primitive in _LINEAR
    return linear and any(SEED in c.attrs for c in consts)


def _all_splat(op: Op, consts: list[Op]) -> bool:
    if op.primitive.kind != "elementwise" and not op.primitive.view:
        return False
    return not any(isinstance(c.attrs["value"], Dense) for c in consts)


def _number(op: Op, consts: list[Op]) -> tuple[Any, ...]:
    """The one number in every element of an op over constants filled with numbers."""
    if op.primitive.view:
        return (consts[0].attrs["value"],)
    scalars = [c.result.type.numpy.type(c.attrs["value"]) for c in consts]
    (found,) = _evaluated(op, [np.asarray(s) for s in scalars])
    return (found.item(),)


def _arrays(op: Op, consts: list[Op]) -> Sequence[np.ndarray[Any, Any]] | None:
    sizes = (*(v.type.size for v in op.results), *(c.result.type.size for c in consts))
    if max(sizes) > MAX_FOLDED:
        return None
    return _evaluated(op, [_dense(c) for c in consts])


def _dense(const: Op) -> np.ndarray[Any, Any]:
    value, type = const.attrs["value"], const.result.type
    return value.array if isinstance(value, Dense) else np.full(type.shape, value, type.numpy)


def _evaluated(op: Op, arrays: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
    assert op.primitive.evaluate is not None
    with np.errstate(all="ignore"):
        found = op.primitive.evaluate(*arrays, **op.attrs)
    return [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]
