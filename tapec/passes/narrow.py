"""Rows that nobody reads are not computed: gathers and slices move up to where rows come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import reads
from tapec.ir.ops.const import number_of
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX
from tapec.ir.ops.linalg import free_axes
from tapec.ir.ops.shape import RESHAPE, TRANSPOSE
from tapec.ir.places import Entry, full_range, kept, triple
from tapec.ir.types import Type
from tapec.passes.support import const_op
from tapec.passes.tuning import MAX_NARROWED, NARROWED

# Per operand the axis that the rows of a result are along, None where all of it is read.
Axes = Sequence[int | None]
Row = Callable[[Op, int], Axes | None]


def narrow(func: Func) -> Func:
    """f(A @ B)[rows] -> f(A[rows] @ B), where no more than half of the rows are asked for.

    Through elementwise ops, transposes, products and reductions whose results are read at these
    rows alone. After common subexpressions, so that equal gathers are one; what is read elsewhere
    too stays. Rows of products may be rounded otherwise, as they are in other sizes.
    """
    block, tried = func.block, set[_Rows]()
    for _ in range(MAX_NARROWED):
        rows = next((r for r in _asked(block) if r not in tried), None)
        if rows is None:
            break
        tried.add(rows)
        block = _narrowed(block, rows)
    return func if block is func.block else Func(func.name, block)


@dataclass(frozen=True)
class _Rows:
    """Which of so many rows: indices, or a place on an axis."""

    which: Value | Entry
    among: int

    @property
    def count(self) -> int:
        """How many they are."""
        return self.which.type.size if isinstance(self.which, Value) else triple(self.which)[1]

    @property
    def few(self) -> bool:
        return 0 < NARROWED * self.count <= self.among


def _sink(op: Op) -> tuple[_Rows, int] | None:
    """What an op reads of its first operand, and along which axis."""
    if op.primitive is GATHER and len(op.operands) == 2:
        x, indices = op.operands
        found = [(_Rows(indices, x.type.shape[0]), 0)]
    elif op.primitive is INDEX:
        places = zip(op.attrs["at"], op.operands[0].type.shape, strict=True)
        found = [(_Rows(entry, n), axis) for axis, (entry, n) in enumerate(places)]
    else:
        return None
    return next((pair for pair in found if pair[0].few), None)


def _asked(block: Block) -> Iterator[_Rows]:
    """Rows that are all that is read of some result."""
    if not any(op.name in _WORKS for op in block.ops):
        return
    uses = _uses(block)
    sinks = [(op, found) for op in block.ops if (found := _sink(op))]
    reading = Counter((op.operands[0], found) for op, found in sinks)
    made = {op.results[0] for op in block.ops if _passes(op)}
    for op, found in sinks:
        x = op.operands[0]
        if x in made and reading[x, found] == uses[x]:
            yield found[0]


def _uses(block: Block) -> Counter[Value]:
    return Counter(v for op in block.ops for v in reads(op)) + Counter(block.results)


def _narrowed(block: Block, rows: _Rows) -> Block:
    cone = _cone(block, rows)
    if not any(op.name in _WORKS for op in cone):
        return block
    return _Narrowing(block, rows, cone).rebuilt()


def _cone(block: Block, rows: _Rows) -> dict[Op, int]:
    """The ops that compute nothing but such rows, with the axis of their results that has them."""
    uses = _uses(block)
    asked: dict[Value, list[int]] = {}
    found: dict[Op, int] = {}
    for op in reversed(block.ops):
        sink = _sink(op)
        if sink and sink[0] == rows:
            asked.setdefault(op.operands[0], []).append(sink[1])
            continue
        axes = asked.get(op.results[0], []) if len(op.results) == 1 else []
        if not axes or len(set(axes)) > 1 or len(axes) < uses[op.results[0]]:
            continue
        inside = _operand_axes(op, axes[0])
        if inside is not None:
            found[op] = axes[0]
            for v, axis in zip(op.operands, inside, strict=True):
                if axis is not None:
                    asked.setdefault(v, []).append(axis)
    return found


class _Narrowing:
    """A block written again, with the narrow ops behind those that they replace."""

    def __init__(self, block: Block, rows: _Rows, cone: Mapping[Op, int]) -> None:
        self.block, self.rows, self.cone = block, rows, cone
        self.made = {v: op for op in block.ops for v in op.results}
        self.ops: list[Op] = []
        self.narrow: dict[tuple[Value, int], Value] = {}

    def rebuilt(self) -> Block:
        """What is replaced stays, for dead code elimination to take away."""
        which = self.rows.which
        start = self.made.get(which) if isinstance(which, Value) else None
        pending: list[Op] = []
        for op in self.block.ops:
            self.ops.append(self.read(op))
            start = None if op is start else start
            pending += [op] if op in self.cone else []
            if start is None:
                for ready in pending:
                    self.put(ready)
                pending = []
        return Block(self.block.params, tuple(self.ops), self.block.results)

    def read(self, op: Op) -> Op:
        """A gather or slice of rows that are there, in a row; any other op as it is."""
        sink = _sink(op)
        if not sink or sink[0] != self.rows:
            return op
        rows = self.rows_of(op.operands[0], sink[1])
        if op.primitive is GATHER:
            return Op(RESHAPE, (rows,), {"shape": op.result.type.shape}, op.results, (), op.loc)
        at = list(op.attrs["at"])
        at[sink[1]] = 0 if isinstance(self.rows.which, int) else (0, self.rows.count, 1)
        return Op(INDEX, (rows,), {"at": tuple(at)}, op.results, (), op.loc)

    def put(self, op: Op) -> None:
        axis = self.cone[op]
        given = zip(op.operands, _operand_axes(op, axis) or (), strict=True)
        operands = tuple(v if a is None else self.rows_of(v, a) for v, a in given)
        type = self.short(op.result.type, axis)
        attrs = _ATTRS[op.name](op, axis, type) if op.name in _ATTRS else op.attrs
        made = Op(op.primitive, operands, attrs, (Value(type, op.result.hint),), (), op.loc)
        self.narrow[op.result, axis] = self.emit(made)

    def rows_of(self, v: Value, axis: int) -> Value:
        """The rows of a value: computed, or read where it is."""
        if (v, axis) not in self.narrow:
            self.narrow[v, axis] = self.taken(v, axis)
        return self.narrow[v, axis]

    def taken(self, v: Value, axis: int) -> Value:
        number = number_of(self.made.get(v))
        if number is not None:
            return self.emit(const_op(number, self.short(v.type, axis)))
        which = self.rows.which
        if not isinstance(which, Value):
            at = list(full_range(v.type.shape))
            at[axis] = triple(which)
            return self.emit(_op(INDEX, v, at=tuple(at)))
        front = [axis, *(k for k in range(v.type.ndim) if k != axis)]
        back = [front.index(k) for k in range(v.type.ndim)]
        found = self.emit(_op(GATHER, self.turned(v, front), self.flat(which)))
        return self.turned(found, back)

    def flat(self, indices: Value) -> Value:
        """The indices in a row."""
        if indices.type.ndim == 1:
            return indices
        if (indices, 0) not in self.narrow:
            self.narrow[indices, 0] = self.emit(_op(RESHAPE, indices, shape=(indices.type.size,)))
        return self.narrow[indices, 0]

    def turned(self, v: Value, perm: Sequence[int]) -> Value:
        straight = list(perm) == sorted(perm)
        return v if straight else self.emit(_op(TRANSPOSE, v, perm=tuple(perm)))

    def emit(self, op: Op) -> Value:
        self.ops.append(op)
        return op.result

    def short(self, type: Type, axis: int) -> Type:
        shape = (*type.shape[:axis], self.rows.count, *type.shape[axis + 1 :])
        return Type(type.dtype, shape)


def _op(primitive: Any, *operands: Value, **attrs: Any) -> Op:
    return Op(
        primitive, operands, attrs, (Value(primitive.infer(*(v.type for v in operands), **attrs)),)
    )


# --- where the rows of a result come from ---------------------------------------------------------


def _passes(op: Op) -> bool:
    known = op.primitive.kind == "elementwise" or op.name in _ROWS
    return known and bool(op.operands) and not op.regions and not op.primitive.raises


def _operand_axes(op: Op, axis: int) -> Axes | None:
    if not _passes(op):
        return None
    if op.primitive.kind == "elementwise":
        return [_aligned(v.type, op.result.type, axis) for v in op.operands]
    return _ROWS[op.name](op, axis)


def _aligned(given: Type, result: Type, axis: int) -> int | None:
    """The axis of an operand that is broadcast to the result."""
    own = axis - (result.ndim - given.ndim)
    return own if own >= 0 and given.shape[own] == result.shape[axis] else None


def _transposed(op: Op, axis: int) -> Axes:
    return [op.attrs["perm"][axis]]


def _spread(op: Op, axis: int) -> Axes:
    return [_aligned(op.operands[0].type, op.result.type, axis)]


def _reshaped(op: Op, axis: int) -> Axes | None:
    """An axis that stays as it is, with as much before it."""
    (given,), new = (v.type.shape for v in op.operands), op.result.type.shape
    rows, before = new[axis], prod(new[:axis])
    found = (k for k, n in enumerate(given) if n == rows and prod(given[:k]) == before)
    axis_before = next(found, None)
    return None if axis_before is None else [axis_before]


def _viewed(op: Op, axis: int) -> Axes | None:
    """An axis of which a slice takes all."""
    own, shape = kept(op.attrs["at"])[axis], op.operands[0].type.shape
    return [own] if op.attrs["at"][own] == (0, shape[own], 1) else None


def _multiplied(op: Op, axis: int) -> Axes:
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    if axis < len(batch):
        return list(batch[axis])
    axis -= len(batch)
    left, right = (free_axes(v.type.ndim, contract, batch, k) for k, v in enumerate(op.operands))
    return [left[axis], None] if axis < len(left) else [None, right[axis - len(left)]]


def _reduced(op: Op, axis: int) -> Axes:
    return [[k for k in range(op.operands[0].type.ndim) if k not in op.attrs["axes"]][axis]]


_REDUCTIONS = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all")
_ROWS: dict[str, Row] = {
    "transpose": _transposed,
    "reshape": _reshaped,
    "index": _viewed,
    "broadcast_to": _spread,
    "dot": _multiplied,
    **dict.fromkeys(_REDUCTIONS, _reduced),
}
# Where rows cost more than reading them.
_WORKS = frozenset(("dot", *_REDUCTIONS))


def _new_shape(op: Op, axis: int, type: Type) -> Mapping[str, Any]:
    return {**op.attrs, "shape": type.shape}


def _new_place(op: Op, axis: int, type: Type) -> Mapping[str, Any]:
    at = list(op.attrs["at"])
    at[kept(op.attrs["at"])[axis]] = (0, type.shape[axis], 1)
    return {"at": tuple(at)}


# Attributes that know how many rows there are.
_ATTRS = {"broadcast_to": _new_shape, "reshape": _new_shape, "index": _new_place}
