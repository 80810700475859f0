"""Sparse tangents through each family of ops (see `tapec.sparse.direct`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from tapec.ad.finite import Finiteness
from tapec.ad.rules import broadcast, partial_of, reshape, scale, select, strongly
from tapec.ir import Op
from tapec.ir.core import Value
from tapec.ir.incidence import over_axes
from tapec.ir.ops.reduce import REDUCE_SUM
from tapec.ir.places import full_range
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type
from tapec.sparse.facts import NOTHING, Array
from tapec.sparse.pieces import Emission, NotDirect, Piece
from tapec.sparse.spread import moved_numbers, read_numbers
from tapec.sparse.tuning import SPLIT_SUMS

# --- elementwise ops ------------------------------------------------------------------------------


def _elementwise(emission: Emission, op: Op, finite: Finiteness) -> list[Piece]:
    builder, found = emission.builder, []
    for k, entries in emission.of(op):
        factor = partial_of(builder, op, k)
        strong = isinstance(factor, Value) and not finite.partial(op, k)

        def times(numbers: Value, by: float | Value, k: int = k, strong: bool = strong) -> Value:
            if strong and isinstance(by, Value):
                return strongly(builder, op, k, numbers, by)
            return scale(builder, numbers, by)

        if not isinstance(factor, float) or factor != 0.0:
            found += [_times(emission, op, k, e, factor, times) for e in entries]
    return found


Times = Callable[[Value, "float | Value"], Value]


def _times(
    emission: Emission, op: Op, k: int, e: Piece, factor: float | Value, times: Times
) -> Piece:
    """A piece of operand k times the op's partial, as a piece of the result."""
    shape = op.result.type.shape
    if e.rows is None:
        numbers = broadcast(emission.builder, times(e.numbers, factor), shape)
        return Piece(emission.same(np.broadcast_to(e.columns, shape)), numbers)
    rows, columns, numbers = _spread(emission, e, op.operands[k].type, op.result.type)
    if isinstance(factor, Value) and factor.type.size > 1:
        every = emission.flat(broadcast(emission.builder, factor, shape))
        factor = emission.picked(every, rows)
    elif isinstance(factor, Value):
        factor = reshape(emission.builder, factor, ())
    return Piece(columns, times(numbers, factor), rows)


def _spread(emission: Emission, e: Piece, given: Type, wanted: Type) -> tuple[Array, Array, Value]:
    """Rows, columns and numbers of entries of a value that is broadcast."""
    assert e.rows is not None
    if given.size == wanted.size:
        return e.rows, e.columns, e.numbers
    source = np.broadcast_to(np.arange(given.size).reshape(given.shape), wanted.shape)
    return _mapped(emission, e, source.reshape(-1))


def _mapped(emission: Emission, e: Piece, source: Array) -> tuple[Array, Array, Value]:
    """Rows, columns and numbers of a piece for another value, whose element j is element
    `source[j]` of the piece's own (-1: of none)."""
    rows = e.rows if e.rows is not None else np.arange(e.columns.size)
    order = np.argsort(source, kind="stable")
    bounds = np.searchsorted(source[order], [rows, rows + 1])
    counts = bounds[1] - bounds[0]
    which = np.repeat(np.arange(rows.size), counts)
    shift = np.repeat(bounds[0] - np.concatenate([[0], counts.cumsum()[:-1]]), counts)
    targets = order[shift + np.arange(which.size)]
    numbers = emission.picked(emission.flat(e.numbers), which)
    return emission.same(targets), emission.same(e.columns.reshape(-1)[which]), numbers


def _select(emission: Emission, op: Op, finite: Finiteness) -> list[Piece]:
    """Of both sides, each with zeros in place of the other."""
    condition = op.operands[0]
    shape = op.result.type.shape
    found = []
    for k, entries in emission.of(op):
        for e in entries:
            if e.rows is not None:
                rows, columns, numbers = _spread(emission, e, op.operands[k].type, op.result.type)
                every = emission.flat(broadcast(emission.builder, condition, shape))
                chosen = emission.picked(every, rows)
            else:
                rows, columns = None, emission.same(np.broadcast_to(e.columns, shape))
                numbers = broadcast(emission.builder, e.numbers, shape)
                chosen = condition
            zero = emission.builder.const(0.0, numbers.type)
            sides = (numbers, zero) if k == 1 else (zero, numbers)
            found.append(Piece(columns, select(emission.builder, chosen, *sides), rows))
    return found


# --- ops that move numbers, and sums --------------------------------------------------------------


def _moved(emission: Emission, op: Op, finite: Finiteness) -> list[Piece]:
    """The op on the numbers, and on the columns."""
    places = _places(emission, op)
    given = emission.of(op)
    found = []
    for turn in range(max(len(entries) for _, entries in given)):
        now = {k: entries[turn] for k, entries in given if turn < len(entries)}
        own = {k: e for k, e in now.items() if e.rows is None}
        groups = [{k: e} for k, e in own.items()] if _meets(op, places, own) else [own]
        found += [_together(emission, op, places, group) for group in groups if group]
        for k, e in now.items():
            if e.rows is not None:
                size, shape = op.operands[k].type.size, op.operands[k].type.shape
                numbers = {k: np.arange(1, size + 1).reshape(shape)}
                source = moved_numbers(op, places, numbers).reshape(-1) - 1
                rows, columns, values = _mapped(emission, e, source)
                found.append(Piece(columns, values, rows))
    return found


def _together(
    emission: Emission, op: Op, places: Sequence[Array | None], own: Mapping[int, Piece]
) -> Piece:
    """One layout of each operand, moved at once."""
    columns = moved_numbers(op, places, {k: e.columns + 1 for k, e in own.items()}) - 1
    operands = [
        own[k].numbers
        if k in own
        else emission.builder.const(0.0, v.type)
        if v.type.is_float
        else v
        for k, v in enumerate(op.operands)
    ]
    numbers = emission.builder.emit(op.primitive, tuple(operands), op.attrs).result
    return Piece(emission.same(columns), numbers)


def _meets(op: Op, places: Sequence[Array | None], own: Mapping[int, Piece]) -> bool:
    """Whether elements are added up, so that their columns are not one number."""
    ones = {k: np.ones(e.columns.shape, np.int64) for k, e in own.items()}
    return bool(moved_numbers(op, places, ones).max(initial=0) > 1)


def _places(emission: Emission, op: Op) -> list[Array | None]:
    """The integer operands, which are known."""
    found = [None if v.type.is_float else emission.facts.get(v, NOTHING).known
             for v in op.operands]  # fmt: skip
    if any(x is None and not v.type.is_float for x, v in zip(found, op.operands, strict=True)):
        raise NotDirect(op.name)
    return found


def _scattered(emission: Emission, op: Op, finite: Finiteness) -> list[Piece]:
    """What was there stays; what is added has its rows where it goes."""
    places = _places(emission, op)
    target = read_numbers(op, places[2:]).reshape(-1)
    found = []
    for k, entries in emission.of(op):
        for e in entries:
            found.append(e if k == 0 else _at(emission, e, target))
    return found


def _at(emission: Emission, e: Piece, target: Array) -> Piece:
    """The piece of a sum: element j goes into element `target[j]`."""
    rows = target if e.rows is None else target[e.rows]
    columns = emission.same(e.columns.reshape(-1))
    return Piece(columns, emission.flat(e.numbers), emission.same(rows))


def _summed(emission: Emission, op: Op, finite: Finiteness) -> list[Piece]:
    """Short sums are taken apart, so that elements stay side by side."""
    (x,), axes = op.operands, op.attrs["axes"]
    target = over_axes(0, [x.type], op.result.type, axes=axes)[0].reshape(-1)
    short = op.result.type.size > 1 and x.type.size <= SPLIT_SUMS * op.result.type.size
    found = []
    for e in emission.pieces[x]:
        if e.rows is None and short:
            found += _apart(emission, e, x.type.shape, axes)
        else:
            found.append(_at(emission, e, target))
    return found


def _apart(
    emission: Emission, e: Piece, shape: tuple[int, ...], axes: tuple[int, ...]
) -> list[Piece]:
    """One layout for each place along the axes."""
    found = []
    for place in product(*(range(shape[a]) for a in axes)):
        at = list(full_range(shape))
        for axis, i in zip(axes, place, strict=True):
            at[axis] = i
        index = tuple(i if isinstance(i, int) else slice(None) for i in at)
        numbers = emission.emit("index", (e.numbers,), at=tuple(at))
        found.append(Piece(emission.same(e.columns[index]), numbers))
    return found


Rule = Callable[[Emission, Op, Finiteness], list[Piece]]


def rule_of(op: Op) -> Rule | None:
    """The rule of an op; None where its elements all mix, or it has regions."""
    primitive = op.primitive
    if primitive is PRIMITIVES["select"]:
        return _select
    if primitive.kind == "elementwise":
        return _elementwise
    if primitive is REDUCE_SUM:
        return _summed
    if primitive.kind != "linear":
        return None
    if not primitive.rounding:
        return _moved
    return _scattered if primitive.writes is not None else None
