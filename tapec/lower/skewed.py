"""Tables that wavefronts alone write and read are laid out by diagonals.

Lanes of a wave are cells (i + l, j - l): far apart in rows, next to each other on the diagonal
i + j. What the reverse sweep needs of every cell is such a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.loop import ALLOC, INVOKE
from tapec.ir.types import Type


def skewed(func: Func) -> Func:
    """The program with such tables in the other layout."""
    tables = [op for op in func.ops if op.primitive is ALLOC and _is_table(op)]
    found = {op.result: _Uses(op) for op in tables}
    if not found or not any(op.attrs.get("kind") == "wave" for op in _every(func.ops)):
        return func
    _visit(func.ops, (), found)
    moved = {buffer: uses.layout() for buffer, uses in found.items() if uses.fits()}
    if not moved:
        return func
    block = func.block
    return Func(func.name, Block(block.params, _rewritten(block.ops, moved), block.results))


def _is_table(op: Op) -> bool:
    shape = op.attrs["type"].shape
    return "data" not in op.attrs and len(shape) >= 2 and min(shape[-2:]) > 1


def _every(ops: Sequence[Op]) -> Iterator[Op]:
    for op in ops:
        yield op
        for region in op.regions:
            yield from _every(region.ops)


@dataclass(frozen=True)
class _Layout:
    """A table's new buffer, and what a step along its last two axes was and is."""

    buffer: Value
    shape: tuple[int, ...]
    steps: tuple[int, int]

    def place(self, offset: int) -> int:
        """Where the element that was at an offset lies."""
        whole, rest = divmod(offset, self.shape[-2] * self.shape[-1])
        row, column = divmod(rest, self.shape[-1])
        return whole * self.size + row * self.steps[0] + column * self.steps[1]

    @property
    def size(self) -> int:
        """Elements of one table of a stack."""
        return sum(self.shape[-2:], -1) * min(self.shape[-2:])

    def stride(self, stride: int) -> int:
        """What a stride becomes: one along rows, columns, or tables."""
        rows, columns = self.shape[-2:]
        sign = 1 if stride > 0 else -1
        if abs(stride) in (1, columns):
            return sign * self.steps[abs(stride) == 1]
        return stride // (rows * columns) * self.size

    def changed(self, op: Op) -> Op:
        """A load or store."""
        attrs = dict(op.attrs)
        attrs["offset"] = self.place(attrs["offset"])
        attrs["strides"] = tuple(map(self.stride, attrs["strides"]))
        at = op.name == "store"
        operands = (*op.operands[:at], self.buffer, *op.operands[at + 1 :])
        return replace(op, operands=operands, attrs=attrs)


class _Uses:
    """What is done to a table: whether waves alone pass through it, along its diagonals."""

    def __init__(self, op: Op) -> None:
        self.type: Type = op.attrs["type"]
        self.waves: dict[Value, set[str]] = {}  # by their counters: loads, stores
        self.apart = True

    def note(self, op: Op, loops: Sequence[Op]) -> None:
        """An op that has the table as an operand, and the loops around."""
        *_, rows, columns = (None, None, *loops)
        # A wave's lanes lie on diagonals where each row is one column behind the last.
        how = None if rows is None else (rows.attrs.get("kind"), rows.attrs.get("skew", 1))
        along = how == ("wave", 1)
        if op.name not in ("load", "store") or not along:
            self.apart = False
            return
        assert rows is not None
        assert columns is not None
        i, j = (loop.regions[0].params[0] for loop in (rows, columns))
        indices = op.operands[1 + (op.name == "store") :]
        strides = dict(zip(indices, op.attrs["strides"], strict=True))
        n, m = self.type.shape[-2:]
        sign = 1 if strides.get(j) == 1 else -1
        others = [s for v, s in strides.items() if v is not i and v is not j]
        straight = strides.get(j) == sign and strides.get(i) == sign * m
        stacked = all(s % (n * m) == 0 for s in others) and len(strides) == len(indices)
        corner = op.attrs["offset"] % (n * m)
        spans = [loop.attrs["upper"] - loop.attrs["lower"] for loop in (rows, columns)]
        # Every cell is one of the table's, beginning in a corner.
        whole = rows.attrs["lower"] == columns.attrs["lower"] == 0 and spans == [n, m]
        self.apart &= straight and stacked and whole and corner == (0 if sign > 0 else n * m - 1)
        self.waves.setdefault(i, set()).add(op.name)

    def fits(self) -> bool:
        """Whether the other layout can be taken: no wave reads what it writes."""
        return self.apart and all(len(names) == 1 for names in self.waves.values())

    def layout(self) -> _Layout:
        """Diagonal after diagonal, each as long as the shorter axis."""
        shape = self.type.shape
        n, m = shape[-2:]
        steps = (n + 1, n) if n < m else (m, m + 1)
        sizes = (*shape[:-2], n + m - 1, min(n, m))
        buffer = Value(Type(self.type.dtype, sizes, buffer=True), "buf")
        return _Layout(buffer, shape, steps)


def _visit(ops: Sequence[Op], loops: tuple[Op, ...], found: Mapping[Value, _Uses]) -> None:
    for op in ops:
        for value in op.operands:
            if value in found:
                found[value].note(op, loops)
        if op.primitive is not INVOKE:  # sees nothing from outside
            for region in op.regions:
                _visit(region.ops, (*loops, op), found)


def _rewritten(ops: Sequence[Op], moved: Mapping[Value, _Layout]) -> tuple[Op, ...]:
    return tuple(_replaced(op, moved) for op in ops)


def _replaced(op: Op, moved: Mapping[Value, _Layout]) -> Op:
    if op.primitive is ALLOC and op.result in moved:
        buffer = moved[op.result].buffer
        attrs = {**op.attrs, "type": Type(buffer.type.dtype, buffer.type.shape)}
        return replace(op, attrs=attrs, results=(buffer,))
    if op.name in ("load", "store"):
        layout = moved.get(op.operands[op.name == "store"])
        return op if layout is None else layout.changed(op)
    if not op.regions or op.primitive is INVOKE:
        return op
    regions = tuple(Block(r.params, _rewritten(r.ops, moved), r.results) for r in op.regions)
    return replace(op, regions=regions)
