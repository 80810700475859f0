"""Constants moved into branches and loops, where folding and the rules see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapec.ir.core import Block, Dense, Op, Value
from tapec.ir.ops.control import COND
from tapec.ir.regions import RegionOp, branch_or_loop, rebuilt, with_ops
from tapec.passes.support import const_op
from tapec.passes.tuning import MAX_SUNK


def sunk(op: Op, consts: Mapping[Value, Op]) -> Op:
    """The op with constant arguments made inside its regions.

    Inside a branch its own predicate is known too.
    """
    form = branch_or_loop(op)
    if form is None:
        return op
    known = {k: v for k, arg in enumerate(form.args) for v in [_known(form, k, arg, consts)] if v}
    if not known:
        return op
    return rebuilt(
        form,
        set(range(len(form.args))).difference(known),
        range(len(op.results)),
        lambda old, new: with_ops(new, _made(form, old, known)),
    )


def _known(form: RegionOp, k: int, arg: Value, consts: Mapping[Value, Op]) -> Any:
    """The constants to make: numbers, arrays, and the value that a predicate has in each region."""
    if form.op.primitive is COND and arg is form.op.operands[0]:
        return ((True,), (False,))
    const = consts.get(arg)
    if const is None or k in form.carried:
        return None
    value = const.attrs["value"]
    if isinstance(value, Dense):
        small = value.array.size <= MAX_SUNK and k < form.consts
        return ((value.array,),) * len(form.op.regions) if small else None
    return ((value,),) * len(form.op.regions)


def _made(form: RegionOp, region: Block, known: Mapping[int, Any]) -> list[Op]:
    position = next(k for k, r in enumerate(form.op.regions) if r is region)
    params = form.params(region)
    return [
        const_op(values[position][0], params[k].type, result=params[k], loc=form.op.loc)
        for k, values in known.items()
    ]
