"""Rows that nobody reads are not computed: gathers and slices move up to where rows come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import reads
from tapec.ir.ops.const import number_of
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX
from tapec.ir.ops.shape import RESHAPE, TRANSPOSE
from tapec.ir.places import Entry, full_range, triple
from tapec.ir.types import Type
from tapec.passes.rows import NEW_ATTRS, operand_axes, passes_rows, works
from tapec.passes.support import const_op
from tapec.passes.tuning import MAX_NARROWED, NARROWED


def narrow(func: Func) -> Func:
    """f(A @ B)[rows] -> f(A[rows] @ B), where no more than half of the rows are asked for.

    Through elementwise ops, transposes, products and reductions whose results are read at these
    rows alone. After common subexpressions, so that equal gathers are one; what is read elsewhere
    too stays. Rows of products may be rounded otherwise, as they are in other sizes.
    """
    block, tried = func.block, set[_Chosen]()
    for _ in range(MAX_NARROWED):
        rows = next((r for r in _asked(block) if r not in tried), None)
        if rows is None:
            break
        tried.add(rows)
        block = _narrowed(block, rows)
    return func if block is func.block else Func(func.name, block)


@dataclass(frozen=True)
class _Chosen:
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


def _sink(op: Op) -> tuple[_Chosen, int] | None:
    """What an op reads of its first operand, and along which axis."""
    if op.primitive is GATHER and len(op.operands) == 2:
        x, indices = op.operands
        found = [(_Chosen(indices, x.type.shape[0]), 0)]
    elif op.primitive is INDEX:
        places = zip(op.attrs["at"], op.operands[0].type.shape, strict=True)
        found = [(_Chosen(entry, n), axis) for axis, (entry, n) in enumerate(places)]
    else:
        return None
    return next((pair for pair in found if pair[0].few), None)


def _asked(block: Block) -> Iterator[_Chosen]:
    """Rows that are all that is read of some result."""
    if not any(map(works, block.ops)):
        return
    uses = _uses(block)
    sinks = [(op, found) for op in block.ops if (found := _sink(op))]
    reading = Counter((op.operands[0], found) for op, found in sinks)
    made = {op.results[0] for op in block.ops if passes_rows(op)}
    for op, found in sinks:
        x = op.operands[0]
        if x in made and reading[x, found] == uses[x]:
            yield found[0]


def _uses(block: Block) -> Counter[Value]:
    return Counter(v for op in block.ops for v in reads(op)) + Counter(block.results)


def _narrowed(block: Block, rows: _Chosen) -> Block:
    cone = _cone(block, rows)
    if not any(map(works, cone)):
        return block
    return _Narrowing(block, rows, cone).rebuilt()


def _cone(block: Block, rows: _Chosen) -> dict[Op, int]:
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
        inside = operand_axes(op, axes[0])
        if inside is not None:
            found[op] = axes[0]
            for v, axis in zip(op.operands, inside, strict=True):
                if axis is not None:
                    asked.setdefault(v, []).append(axis)
    return found


class _Narrowing:
    """A block written again, with the narrow ops behind those that they replace."""

    def __init__(self, block: Block, rows: _Chosen, cone: Mapping[Op, int]) -> None:
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
        given = zip(op.operands, operand_axes(op, axis) or (), strict=True)
        operands = tuple(v if a is None else self.rows_of(v, a) for v, a in given)
        type = self.short(op.result.type, axis)
        attrs = NEW_ATTRS[op.name](op, axis, type) if op.name in NEW_ATTRS else op.attrs
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
