"""Double loops whose iterations wait for a neighbour above, at the left or between: wavefronts.

Cell (i, j) of a table filled row by row needs cells that one of the same row, or of a row before,
has computed. What lies on one diagonal does not wait for each other: several rows can go together,
each one column behind the row before. This finds the loops for which that changes nothing: what
every element of memory sees keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.loop import FOR

ROWS = 8  # that may go together
COLUMNS = 4 * ROWS  # fewer are not worth the triangles at both ends
MOST_OPS = 400  # of a body, which is written four times
MOST_ACCESSES = 60  # of one buffer
_MEMORY = ("load", "store", "check_index")
_BEFORE, _INSIDE, _AFTER = -1, 0, 1


def waves(func: Func) -> Func:
    """The program with the kind of such loops changed to "wave"."""
    block = func.block
    return Func(func.name, Block(block.params, _marked(block.ops, {}), block.results))


def _marked(ops: Sequence[Op], known: dict[Block, Block]) -> tuple[Op, ...]:
    return tuple(_mark(op, known) if op.regions else op for op in ops)


def _mark(op: Op, known: dict[Block, Block]) -> Op:
    """Loops inside first: of three loops in each other the inner two can be a wave."""
    for region in op.regions:
        if region not in known:  # functions called are shared
            known[region] = Block(region.params, _marked(region.ops, known), region.results)
    attrs = {**op.attrs, "kind": "wave"} if _is_wave(op) else op.attrs
    regions = tuple(known[region] for region in op.regions)
    return Op(op.primitive, op.operands, attrs, op.results, regions, op.loc)


def _is_wave(op: Op) -> bool:
    if op.primitive is not FOR or op.attrs["kind"] != "serial" or op.operands:
        return False
    inner = [o for o in op.regions[0].ops if o.regions]
    if len(inner) != 1 or inner[0].primitive is not FOR or inner[0].attrs["kind"] != "serial":
        return False
    (columns,) = inner
    if _trips(op) < ROWS or _trips(columns) < COLUMNS or len(columns.regions[0].ops) > MOST_OPS:
        return False
    simple = all(
        o.primitive.kind == "elementwise" or o.name in _MEMORY
        for o in (*op.regions[0].ops, *columns.regions[0].ops)
        if o is not columns
    )
    return simple and _Nest(op, columns).keeps_order()


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
    """Two loops: what they do to memory."""

    def __init__(self, rows: Op, columns: Op) -> None:
        self.i, self.j = rows.regions[0].params[0], columns.regions[0].params[0]
        self.first, self.last = columns.attrs["lower"], columns.attrs["upper"] - 1
        self.ops = rows.regions[0].ops
        self.columns = columns
        blocks = (rows.regions[0], columns.regions[0])
        self.made = {v for b in blocks for v in b.params}
        self.made |= {v for b in blocks for op in b.ops for v in op.results}

    def keeps_order(self) -> bool:
        """Whether iterations of several rows may go together, each a column behind the last."""
        found: dict[Value, list[_Access] | None] = {}
        written = set()
        for number, (part, op) in enumerate(self.accesses()):
            stores = op.name == "store"
            buffer, *indices = op.operands[stores:]
            if stores:
                written.add(buffer)
            access = self.access(number, part, op, indices)
            others = found.setdefault(buffer, [])
            if access is None or others is None:
                found[buffer] = None
            else:
                others.append(access)
        return all(self.ordered(found[buffer]) for buffer in written)

    def accesses(self) -> Iterator[tuple[int, Op]]:
        """All loads and stores, in order."""
        part = _BEFORE
        for op in self.ops:
            if op is self.columns:
                yield from ((_INSIDE, o) for o in op.regions[0].ops if o.name in ("load", "store"))
                part = _AFTER
            elif op.name in ("load", "store"):
                yield part, op

    def access(self, number: int, part: int, op: Op, indices: Sequence[Value]) -> _Access | None:
        """None where the address is data."""
        factors: dict[Value, int] = {}
        for value, stride in zip(indices, op.attrs.get("strides", ()), strict=True):
            factors[value] = factors.get(value, 0) + stride
        row, column = factors.pop(self.i, 0), factors.pop(self.j, 0)
        if not factors.keys().isdisjoint(self.made):
            return None
        rest = frozenset(factors.items())
        const = op.attrs.get("offset", 0)
        return _Access(number, part, op.name == "store", row, column, const, rest)

    def ordered(self, accesses: list[_Access] | None) -> bool:
        """Whether whatever touches an element of this buffer does so in the same order."""
        if accesses is None or len(accesses) > MOST_ACCESSES:
            return False
        if len({(a.row, a.rest) for a in accesses}) > 1:
            return False
        pairs = ((a, b) for a in accesses for b in accesses if a.stores or b.stores)
        return all(self.follows(a, b, p) for a, b in pairs for p in range(1, ROWS))

    def follows(self, a: _Access, b: _Access, rows: int) -> bool:
        """Whether b, so many rows further down, still comes after a where both meet."""
        behind = self.behind(a, b, rows)
        if behind is None:
            return True
        if a.part == b.part == _INSIDE:
            return (rows + behind, b.number) > (0, a.number)
        # The first columns of all rows come first, then what is common to them, then the last ones.
        return a.part == _BEFORE or b.part == _AFTER or a.part == b.part

    def behind(self, a: _Access, b: _Access, rows: int) -> float | None:
        """How many columns b is to the right of a at least where both meet; None if nowhere."""
        gap = a.const - b.const - b.row * rows  # = b.column * jb - a.column * ja
        if a.column == b.column and a.part == b.part == _INSIDE:
            if not a.column:
                return self.first - self.last if not gap else None
            apart, rest = divmod(gap, a.column)
            return None if rest or abs(apart) > self.last - self.first else apart
        ends = [[factor * j for j in ((self.first, self.last) if x.part == _INSIDE else (0,))]
                for x, factor in ((a, -a.column), (b, b.column))]  # fmt: skip
        low, high = (sum(f(e) for e in ends) for f in (min, max))
        return float("-inf") if low <= gap <= high else None
