"""Double loops whose iterations wait for a neighbour above, at the left or between: wavefronts.

Cell (i, j) of a table filled row by row depends on cells of the same row, or of a row before.
Cells on one diagonal are independent: several rows can run together, skewed by one column or, where
a cell reads above its right neighbours, by more. This finds the loops in which skewing keeps the
order of accesses to every element of memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tapec.ir.addresses import address
from tapec.ir.affine import Affine
from tapec.ir.core import Func, Op, Value
from tapec.ir.ops.loop import FOR
from tapec.ir.ops.memory import CHECK, LOAD, STORE
from tapec.lower.regions import changed_ops, each_block
from tapec.lower.tuning import (
    WAVE_ACCESSES,
    WAVE_FEWEST,
    WAVE_LANES,
    WAVE_OPS,
    WAVE_ROWS,
    WAVE_SKEWS,
)

_MEMORY = frozenset((LOAD, STORE, CHECK))
_BEFORE, _INSIDE, _AFTER = -1, 0, 1


def wavefronts(func: Func) -> Func:
    """The program with the kind of such loops changed to "wave", innermost first: of three nested
    loops the inner two can be one."""
    return each_block(func, lambda block, inside: changed_ops(block, _wave))


def _wave(op: Op) -> Op:
    nest = _nest(op)
    if nest is None or not any(map(nest.keeps_order, WAVE_SKEWS)):
        return op
    attrs = {**op.attrs, "kind": "wave", "skew": nest.skew, "ahead": tuple(nest.ahead())}
    return Op(op.primitive, op.operands, attrs, op.results, op.regions, op.loc)


def _nest(op: Op) -> _Nest | None:
    """The two loops that this op may be, if all else in them is simple."""
    if op.primitive is not FOR or op.attrs["kind"] != "serial" or op.operands:
        return None
    inner = [o for o in op.regions[0].ops if o.regions]
    if len(inner) != 1 or inner[0].primitive is not FOR or inner[0].attrs["kind"] != "serial":
        return None
    (columns,) = inner
    small = _trips(op) < WAVE_FEWEST[0] or _trips(columns) < WAVE_FEWEST[1]
    if small or len(columns.regions[0].ops) > WAVE_OPS:
        return None
    simple = all(
        o.primitive.kind == "elementwise" or o.primitive in _MEMORY
        for o in (*op.regions[0].ops, *columns.regions[0].ops)
        if o is not columns
    )
    return _Nest(op, columns) if simple else None


def _trips(op: Op) -> int:
    return int(op.attrs["upper"] - op.attrs["lower"])


@dataclass(frozen=True)
class _Access:
    """A load or store at row * i + column * j + const, before, in or after the loop over j."""

    number: int
    part: int
    stores: bool
    row: int
    column: int
    const: int
    rest: frozenset[tuple[Value, int]]  # of the address, the same in all iterations


class _Nest:
    """Two loops, and their accesses to memory."""

    def __init__(self, rows: Op, columns: Op) -> None:
        self.i, self.j = rows.regions[0].params[0], columns.regions[0].params[0]
        self.first, self.last = columns.attrs["lower"], columns.attrs["upper"] - 1
        self.ops = rows.regions[0].ops
        self.columns = columns
        self.skew = 0
        blocks = (rows.regions[0], columns.regions[0])
        self.made = {v for b in blocks for v in b.params}
        self.made |= {v for b in blocks for op in b.ops for v in op.results}

    def keeps_order(self, skew: int) -> bool:
        """Whether rows may run together, skewed by so many columns."""
        self.skew = skew
        if self.last - self.first < skew * WAVE_LANES + WAVE_ROWS - 1:
            return False  # the first row would end before the last one begins
        return all(self.ordered(accesses) for accesses in self.written.values())

    @cached_property
    def written(self) -> dict[Value, list[_Access | None]]:
        """The accesses to each buffer that is written."""
        found: dict[Value, list[_Access | None]] = {}
        written = set()
        for number, part, op in self.accesses():
            stores = op.primitive is STORE
            buffer, place = address(op)
            if stores:
                written.add(buffer)
            found.setdefault(buffer, []).append(self.access(number, part, stores, place))
        return {buffer: found[buffer] for buffer in written}

    def accesses(self) -> Iterator[tuple[int, int, Op]]:
        """All loads and stores with their number in their block, in order."""
        part = _BEFORE
        for number, op in enumerate(self.ops):
            if op is self.columns:
                inside = enumerate(op.regions[0].ops)
                yield from ((k, _INSIDE, o) for k, o in inside if o.primitive in (LOAD, STORE))
                part = _AFTER
            elif op.primitive in (LOAD, STORE):
                yield number, part, op

    def access(self, number: int, part: int, stores: bool, place: Affine) -> _Access | None:
        """None where the address is data."""
        row, column = place.coefficient(self.i), place.coefficient(self.j)
        rest = place.without(self.i, self.j)
        if rest.depends(self.made):
            return None
        return _Access(number, part, stores, row, column, rest.const, frozenset(rest.terms))

    def ordered(self, found: Sequence[_Access | None]) -> bool:
        """Whether the accesses to each element of this buffer keep their order."""
        accesses = [a for a in found if a is not None]
        if len(accesses) < len(found) or len(found) > WAVE_ACCESSES:
            return False
        if len({(a.row, a.rest) for a in accesses}) > 1:
            return False
        pairs = ((a, b) for a in accesses for b in accesses if a.stores or b.stores)
        return all(self.follows(a, b, p) for a, b in pairs for p in range(1, WAVE_ROWS))

    def follows(self, a: _Access, b: _Access, rows: int) -> bool:
        """Whether b, so many rows further down, still comes after a where both meet."""
        gap = a.const - b.const - b.row * rows  # = b.column * jb - a.column * ja
        if a.part == b.part == _INSIDE:
            behind = self.behind(a.column, b.column, gap)
            return behind is None or (self.skew * rows + behind, b.number) > (0, a.number)
        # Order after skewing: the first columns of all rows, the common columns, the last columns.
        if a.part == _BEFORE or b.part == _AFTER or a.part == b.part:
            return True
        late = self.met(b.column, gap) if b.part == _INSIDE else range(0)
        early = self.met(a.column, -gap) if a.part == _INSIDE else range(0)
        if a.part == _AFTER and b.part == _BEFORE:
            return bool(gap)
        shift = self.skew * rows
        return all(j > self.last - shift for j in late) and all(
            j < self.first + shift for j in early
        )

    def met(self, column: int, gap: int) -> range:
        """The columns where column * j is the gap."""
        if not column:
            return range(0) if gap else range(self.first, self.last + 1)
        j, rest = divmod(gap, column)
        return range(0) if rest or not self.first <= j <= self.last else range(j, j + 1)

    def behind(self, left: int, right: int, gap: int) -> float | None:
        """The least jb - ja where right * jb - left * ja is the gap; None if nowhere."""
        if left == right:
            if not left:
                return self.first - self.last if not gap else None
            apart, rest = divmod(gap, left)
            return None if rest or abs(apart) > self.last - self.first else apart
        ends = [[factor * j for j in (self.first, self.last)] for factor in (-left, right)]
        low, high = (sum(f(e) for e in ends) for f in (min, max))
        return float("-inf") if low <= gap <= high else None

    def ahead(self) -> Iterator[tuple[int, int, int, int]]:
        """(load, store, rows, columns): what a load of the inner loop reads, that store has written
        so many rows and columns before, wherever it has been there."""
        for found in self.written.values():
            # What comes after the inner loop meets nothing in it: see `follows`.
            accesses = [a for a in found if a is not None and a.part != _AFTER]
            stores = [a for a in accesses if a.stores]
            if all(self.injective(a) for a in stores):
                for load in (a for a in accesses if not a.stores and a.part == _INSIDE):
                    yield from self.source(load, stores)

    def injective(self, access: _Access) -> bool:
        """Whether no two cells meet in this element, and rows do not lie within each other."""
        width = abs(access.column) * (self.last - self.first)
        return access.part != _BEFORE and bool(access.column) and abs(access.row) > width

    def source(
        self, load: _Access, stores: Sequence[_Access]
    ) -> Iterator[tuple[int, int, int, int]]:  # fmt: skip
        """The last store before a load, if it is the last one for all cells that have one."""
        found = []
        for store in stores:
            for rows in range(WAVE_ROWS):
                gap = store.const - load.const - store.row * rows
                columns, rest = divmod(gap, store.column)
                inside = not rest and abs(columns) <= self.last - self.first
                if inside and (rows, columns, load.number) > (0, 0, store.number):
                    found.append((rows, columns, -store.number))
        if found:
            rows, columns, number = min(found)
            steps = self.skew * rows + columns
            if 0 <= steps <= WAVE_ROWS and all(self.skew * r + c >= steps for r, c, _ in found):
                yield load.number, -number, rows, columns
