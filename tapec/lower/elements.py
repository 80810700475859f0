"""One element of an op's result, at an affine index: views, powers, reads at run-time places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapec.errors import UnsupportedLowering
from tapec.ir.affine import Index, flat
from tapec.ir.core import Dense, Op, Value
from tapec.lower.formulas import element as formula
from tapec.lower.frame import Frame, element
from tapec.lower.scalars import power
from tapec.lower.tuning import TABLE_BYTES
from tapec.lower.views import VIEWS, Source, aligned


@element("const")
def _const(s: Frame, op: Op, index: Index) -> Value:
    value = op.attrs["value"]
    if not isinstance(value, Dense):
        return s.build.const(value, op.result.type.dtype)
    if not any(i.terms for i in index):
        return s.build.const(value.array[tuple(i.const for i in index)], op.result.type.dtype)
    small = value.array.nbytes <= TABLE_BYTES or op.result in s.memory
    if value.pattern is not None and not small:
        return formula(s.build, value.pattern, index, op.result.type.dtype)
    s.in_memory(op.result)
    return s.load(s.memory[op.result], flat(index, op.result.type.shape))


@element(*VIEWS)
def _view(s: Frame, op: Op, index: Index) -> Value:
    """The sum of the terms of an element; most views have one."""
    found = VIEWS[op.name](op, index)
    if found is None:
        raise UnsupportedLowering("a view too intricate for native code", where=op.loc)
    return _sum(s, op, found)


def _sum(s: Frame, op: Op, sources: Sequence[Source]) -> Value:
    if len(sources) == 1:
        return s.pull(*sources[0])
    total = s.build.zero(op.result.type.dtype)
    for part, inner in sources:
        total = s.build.op("add", total, s.pull(part, inner))
    return total


@element("reshape")
def _reshape(s: Frame, op: Op, index: Index) -> Value:
    """An element of a reshape; an operand in memory is flat and needs no index of its shape."""
    (x,) = op.operands
    if x not in s.memory and VIEWS["reshape"](op, index) is not None:
        return _view(s, op, index)
    if s.in_memory(x):
        return s.load(s.memory[x], flat(index, op.result.type.shape))
    if x in s.grids:
        return s.load(s.spill(x), flat(index, op.result.type.shape))
    return _view(s, op, index)


@element("integer_pow")
def _power(s: Frame, op: Op, index: Index) -> Value:
    return power(s.build, s.pull(op.operands[0], index), op.attrs["n"])


@element("gather")
def _gather(s: Frame, op: Op, index: Index) -> Value:
    x, *arrays = op.operands
    ndim = len(np.broadcast_shapes(*(a.type.shape for a in arrays)))
    outer = index[:ndim]
    places = []
    for k, a in enumerate(arrays):
        places.append(s.indexed(a, aligned(outer, a.type.shape), x.type.shape[k]))
    return s.pull(x, (*places, *index[ndim:]))


def product_at(s: Frame, op: Op, at: Index, reduced: Index) -> Value:
    """The term of a product at a place of the result and of the contracted axes."""
    batch, contract = op.attrs["batch"], op.attrs["contract"]
    rest = iter(at[len(batch) :])
    factors = []
    for side, v in enumerate(op.operands):
        known = {pair[side]: at[k] for k, pair in enumerate(batch)}
        known |= {pair[side]: reduced[k] for k, pair in enumerate(contract)}
        places = [known[k] if k in known else next(rest) for k in range(v.type.ndim)]
        factors.append(s.pull(v, tuple(places)))
    return s.build.op("mul", *factors)


@element("dot")
def _outer(s: Frame, op: Op, index: Index) -> Value:
    """Without contracted axes: a product of one element each."""
    assert not op.attrs["contract"], "a sum of products has memory"
    return product_at(s, op, index, ())
