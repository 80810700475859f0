"""Constants moved into branches and loops, where folding and the rules see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapec.ir.core import Block, Dense, Op, Value
from tapec.ir.ops.control import COND
from tapec.passes.regions.site import Site, rebuilt, site, with_ops
from tapec.passes.support import const_op

# Larger arrays stay outside: they are data, not something to compute with while compiling.
MAX_ELEMENTS = 64


def sunk(op: Op, consts: Mapping[Value, Op]) -> Op:
    """The op with constant arguments made inside its regions.

    Inside a branch its own predicate is known too.
    """
    s = site(op)
    if s is None:
        return op
    known = {k: v for k, arg in enumerate(s.args) for v in [_known(s, k, arg, consts)] if v}
    if not known:
        return op
    return rebuilt(
        s,
        set(range(len(s.args))).difference(known),
        range(len(op.results)),
        lambda old, new: with_ops(new, _made(s, old, known)),
    )


def _known(s: Site, k: int, arg: Value, consts: Mapping[Value, Op]) -> Any:
    """What to put in, wrapped: a number or array, or what the predicate is in each region."""
    if s.op.primitive is COND and arg is s.op.operands[0]:
        return ((True,), (False,))
    const = consts.get(arg)
    if const is None or k in s.carried:
        return None
    value = const.attrs["value"]
    if isinstance(value, Dense):
        small = value.array.size <= MAX_ELEMENTS and k < s.consts
        return ((value.array,),) * len(s.op.regions) if small else None
    return ((value,),) * len(s.op.regions)


def _made(s: Site, region: Block, known: Mapping[int, Any]) -> list[Op]:
    position = next(k for k, r in enumerate(s.op.regions) if r is region)
    params = s.params(region)
    return [
        const_op(values[position][0], params[k].type, result=params[k], loc=s.op.loc)
        for k, values in known.items()
    ]
