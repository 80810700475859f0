"""Loop nests: the scheduled roots of a program, each nest emitted over its space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.types import Type
from tapec.lower.affine import Affine, Index, flat, var
from tapec.lower.plan import ALONE, REDUCTIONS, SMALL, Nest, plan, unrolled_from
from tapec.lower.pull import NeedsBuffer, Puller, aligned
from tapec.lower.scalars import COMBINE, grid, improves

Element = Callable[[Index, Index], Value]  # element(place in the result, reduced indices)
ROWS = 8  # rows of a product computed together: accumulators that share the loads of the other side

_KINDS = {"add": "add", "mul": "mul", "maximum": "max", "minimum": "min"}
_KINDS |= {"logical_or": "or", "logical_and": "and"}


def lower_loops(func: Func) -> Func:
    """The program as loop nests; starts again with more buffers where views are too intricate."""
    forced: set[Value] = set()
    while True:
        try:
            return Nests(func, forced).run()
        except NeedsBuffer as need:
            if need.value in forced:
                raise UnsupportedLowering("a view too intricate for native code") from None
            forced.add(need.value)


class Nests(Puller):
    """Emits the nests of a plan."""

    def __init__(self, func: Func, forced: set[Value]) -> None:
        super().__init__(func)
        self.plan = plan(func, forced)

    def run(self) -> Func:
        """All nests in order, then the results that are not in place yet."""
        func, count = self.func, len(self.func.params)
        buffers = [
            Value(Type(v.type.dtype, v.type.shape, buffer=True), v.hint)
            for v in (*func.params, *func.results)
        ]
        self.memory.update(zip(func.params, buffers[:count], strict=True))
        targets: dict[Value, Value] = {}
        for result, buffer in zip(func.results, buffers[count:], strict=True):
            if result in self.plan.roots:
                targets.setdefault(result, buffer)
        for nest in self.plan.nests:
            self.nest(nest, targets)
        for result, buffer in zip(func.results, buffers[count:], strict=True):
            if targets.get(result) is not buffer:
                self.copy(result, buffer)
        return Func(func.name, Block(tuple(buffers), self.build.finish(), ()))

    def copy(self, value: Value, buffer: Value) -> None:
        """A result that is a view, an argument, small, or returned twice."""
        if value in self.grids:
            self.write(self.grids[value], buffer)
            return
        shape = value.type.shape
        self.over(shape, lambda at: self.save(self.pull(value, at), buffer, flat(at, shape)))

    def target(self, op: Op, targets: dict[Value, Value]) -> Value:
        """The buffer of a root."""
        found = targets.get(op.result)
        return self.build.alloc(op.result.type) if found is None else found

    def nest(self, nest: Nest, targets: dict[Value, Value]) -> None:
        """Emit one nest."""
        if nest.key[0] == "small":
            for op in nest.ops:
                self.small(op)
        elif nest.key[0] == "reduce":
            self.reductions(nest.ops)
        elif nest.key[0] == "map":
            self.maps(nest.ops, targets)
        else:
            (op,) = nest.ops
            self.alone(op, targets)

    def small(self, op: Op) -> None:
        """A grid from grids, or from elements of large values."""
        if all(self.in_registers(v) for v in op.operands):
            self.expand(op)
            return
        shape = op.result.type.shape
        places = product(*(range(n) for n in shape))
        values = [self.apply(op, tuple(Affine(k) for k in at)) for at in places]
        self.grids[op.result] = grid(values, shape)

    def in_registers(self, value: Value) -> bool:
        """Whether the grid of a small value is at hand (small constants and parameters: made)."""
        if value not in self.grids and value.type.size <= SMALL:
            if value in self.memory:
                self.grids[value] = self.read(self.memory[value], value.type.shape)
            elif self.source[value].name == "const":
                self.expand(self.source[value])
        return value in self.grids

    # ---- loops over a space ----

    def over(self, shape: tuple[int, ...], body: Callable[[Index], None]) -> None:
        """Run `body` at every place; the last long axis is the vector axis."""
        cut = unrolled_from(shape)
        tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]

        def leaf(at: Index) -> None:
            for tail in tails:
                body((*at, *tail))

        self.loops(shape[:cut], "vector", leaf)

    def loops(
        self, shape: Sequence[int], kind: str, leaf: Callable[[Index], None], at: Index = ()
    ) -> None:
        """Nested loops without carried values; the innermost is of `kind`."""
        if len(at) == len(shape):
            leaf(at)
            return
        last = len(at) == len(shape) - 1
        if shape[len(at)] == 1:
            self.loops(shape, kind, leaf, (*at, Affine()))
            return
        with self.build.loop(shape[len(at)], kind=kind if last else "serial") as loop:
            self.loops(shape, kind, leaf, (*at, var(loop.index)))

    def maps(self, ops: Sequence[Op], targets: dict[Value, Value]) -> None:
        """Elementwise roots of one shape."""
        shape = ops[0].result.type.shape
        buffers = [self.target(op, targets) for op in ops]

        def body(at: Index) -> None:
            for op, buffer in zip(ops, buffers, strict=True):
                value = self.memo[op.result, at] = self.apply(op, at)
                self.save(value, buffer, flat(at, shape))

        self.over(shape, body)
        self.memory.update((op.result, b) for op, b in zip(ops, buffers, strict=True))

    # ---- reductions ----

    def reductions(self, ops: Sequence[Op]) -> None:
        """Small reductions over one space, together: every result element is carried."""
        shape, axes = ops[0].operands[0].type.shape, ops[0].attrs["axes"]
        kept = [range(1) if k in axes else range(n) for k, n in enumerate(shape)]
        places = list(product(*kept))

        def elements(at: Index) -> list[Value]:
            return [
                self.pull(op.operands[0], merge(at, place, axes)) for op in ops for place in places
            ]

        names = [COMBINE[op.name] for op in ops for _ in places]
        dtypes = [op.result.type.dtype for op in ops for _ in places]
        extents = [shape[k] if k in axes else 1 for k in range(len(shape))]
        totals = self.carried(extents, names, dtypes, elements)
        for k, op in enumerate(ops):
            part = totals[k * len(places) : (k + 1) * len(places)]
            self.grids[op.result] = grid(part, op.result.type.shape)

    def neutral(self, how: tuple[str, object], dtype: str) -> Value:
        """What a reduction starts from."""
        name, start = how
        if start is None:
            worst = float("-inf") if name == "maximum" else float("inf")
            if dtype not in ("f32", "f64"):
                bits = {"i32": 31, "i64": 63}.get(dtype, 0)
                low = -(2**bits) if bits else 0
                start = low if name == "maximum" else (2**bits - 1 if bits else 1)
            else:
                start = worst
        return self.build.const(start, dtype)

    def carried(
        self,
        shape: Sequence[int],
        hows: Sequence[tuple[str, object]],
        dtypes: Sequence[str],
        elements: Callable[[Index], list[Value]],
        kind: str = "vector",
    ) -> list[Value]:
        """Reduce `elements` over all places of a space."""
        cut = unrolled_from(tuple(shape))
        tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]
        start = [self.neutral(h, d) for h, d in zip(hows, dtypes, strict=True)]
        reduce = tuple(_KINDS[name] for name, _ in hows)

        def descend(at: Index, values: Sequence[Value]) -> list[Value]:
            if len(at) == cut:
                for tail in tails:
                    found = zip(hows, values, elements((*at, *tail)), strict=True)
                    values = [self.build.op(h[0], v, e) for h, v, e in found]
                return list(values)
            extent = shape[len(at)]
            if extent == 1:
                return descend((*at, Affine()), values)
            last = all(n == 1 for n in shape[len(at) + 1 : cut])
            how = kind if last else "serial"
            with self.build.loop(extent, values, kind=how, reduce=reduce) as loop:
                loop.yields = descend((*at, var(loop.index)), loop.carried)
            return list(loop.results)

        return descend((), start)

    def alone(self, op: Op, targets: dict[Value, Value]) -> None:
        """An op with a nest of its own."""
        buffer = self.target(op, targets)
        shape = op.result.type.shape
        if op.name in REDUCTIONS:
            self.partial(op, buffer)
        elif op.name in ALONE:
            _ALONE[op.name](self, op, buffer)
        else:
            _PIECES[op.name](self, op, buffer)
        self.memory[op.result] = buffer
        if op.result in self.plan.small:
            self.grids[op.result] = self.read(buffer, shape)

    def partial(self, op: Op, buffer: Value) -> None:
        """A reduction with a large result, or a product: one result element after the other."""
        shape, dtype = op.result.type.shape, op.result.type.dtype
        how = ("add", 0) if op.name == "dot" else COMBINE[op.name]
        reduced, element, inner = _product(self, op) if op.name == "dot" else _rows(self, op)

        if inner or op.name != "dot" or len(shape) < 2:
            self.tiles(op, buffer, shape, 1, inner, reduced, how, element)
            return
        rows = shape[-2]
        self.tiles(op, buffer, shape, min(rows, ROWS), inner, reduced, how, element)
        done = rows - rows % ROWS if rows >= ROWS else rows
        if done < rows:
            self.tiles(op, buffer, shape, rows - done, inner, reduced, how, element, done)

    def tiles(
        self,
        op: Op,
        buffer: Value,
        shape: tuple[int, ...],
        rows: int,
        inner: bool,
        reduced: Sequence[int],
        how: tuple[str, object],
        element: Element,
        start: int = 0,
    ) -> None:
        """Result elements, `rows` neighbours of the last but one axis at a time (from `start`)."""
        dtype, kind = op.result.type.dtype, "vector" if inner else "serial"
        space = list(shape)
        if rows > 1 or start:
            space[-2] = (shape[-2] - start) // rows

        def places(at: Index) -> list[Index]:
            if rows == 1 and not start:
                return [at]
            lead, row, last = at[:-2], at[-2].times(rows), at[-1]
            return [(*lead, row + Affine(start + r), last) for r in range(rows)]

        def body(at: Index) -> None:
            block = places(at)
            count = len(block)
            totals = self.carried(
                reduced,
                [how] * count,
                [dtype] * count,
                lambda r: [element(place, r) for place in block],
                kind,
            )
            for place, total in zip(block, totals, strict=True):
                self.save(total, buffer, flat(place, shape))

        self.loops(space, "serial" if inner else "vector", body)


def merge(at: Index, place: Sequence[int], axes: Sequence[int]) -> Index:
    """Loop indices on the reduced axes, constants on the others."""
    pairs = enumerate(zip(at, place, strict=True))
    return tuple(i if k in axes else Affine(c) for k, (i, c) in pairs)


def _rows(n: Nests, op: Op) -> tuple[list[int], Element, bool]:
    (x,) = op.operands
    axes = sorted(op.attrs["axes"])
    kept = [k for k in range(x.type.ndim) if k not in axes]

    def element(at: Index, reduced: Index) -> Value:
        where = dict(zip(kept, at, strict=True)) | dict(zip(axes, reduced, strict=True))
        return n.pull(x, tuple(where[k] for k in range(x.type.ndim)))

    return [x.type.shape[k] for k in axes], element, x.type.ndim - 1 in axes


def _product(n: Nests, op: Op) -> tuple[list[int], Element, bool]:
    a, b = op.operands
    batch, contract = op.attrs["batch"], op.attrs["contract"]
    ours = [*(p[0] for p in batch), *(p[0] for p in contract)]
    theirs = [*(p[1] for p in batch), *(p[1] for p in contract)]
    free_a = [k for k in range(a.type.ndim) if k not in ours]
    free_b = [k for k in range(b.type.ndim) if k not in theirs]

    def element(at: Index, reduced: Index) -> Value:
        shared, rest = at[: len(batch)], at[len(batch) :]
        in_a = dict(zip(ours, (*shared, *reduced), strict=True))
        in_a |= dict(zip(free_a, rest[: len(free_a)], strict=True))
        in_b = dict(zip(theirs, (*shared, *reduced), strict=True))
        in_b |= dict(zip(free_b, rest[len(free_a) :], strict=True))
        x = n.pull(a, tuple(in_a[k] for k in range(a.type.ndim)))
        return n.build.op("mul", x, n.pull(b, tuple(in_b[k] for k in range(b.type.ndim))))

    across = free_b and free_b[-1] == b.type.ndim - 1
    across = across or (not free_b and bool(free_a) and free_a[-1] == a.type.ndim - 1)
    return [a.type.shape[p[0]] for p in contract], element, not across


def _fill(n: Nests, shape: tuple[int, ...], value: Value, buffer: Value) -> None:
    n.over(shape, lambda at: n.save(value, buffer, flat(at, shape)))


def _put(
    n: Nests, part: Value, at: Sequence[object], shape: tuple[int, ...], buffer: Value, add: bool
) -> None:
    """Store a part at its place, or add it to what is there."""

    def body(index: Index) -> None:
        rest, where = iter(index), []
        for entry in at:
            if isinstance(entry, tuple):
                where.append(next(rest).times(entry[2]) + Affine(entry[0]))
            else:
                assert isinstance(entry, int)
                where.append(Affine(entry))
        position = flat(where, shape)
        value = n.pull(part, index)
        if add:
            value = n.build.op("add", n.load(buffer, position, stable=False), value)
        n.save(value, buffer, position)

    n.over(part.type.shape, body)


def _place(n: Nests, op: Op, buffer: Value) -> None:
    shape = op.result.type.shape
    _fill(n, shape, n.build.zero(op.result.type.dtype), buffer)
    for k, (part, at) in enumerate(zip(op.operands, op.attrs["at"], strict=True)):
        _put(n, part, at, shape, buffer, add=k > 0)


def _copy(n: Nests, x: Value, buffer: Value) -> None:
    n.over(x.type.shape, lambda at: n.save(n.pull(x, at), buffer, flat(at, x.type.shape)))


def _update(n: Nests, op: Op, buffer: Value) -> None:
    _copy(n, op.operands[0], buffer)
    _put(n, op.operands[1], op.attrs["at"], op.result.type.shape, buffer, add=False)


def _concatenate(n: Nests, op: Op, buffer: Value) -> None:
    shape, start = op.result.type.shape, 0
    axis = op.attrs["axis"] % len(shape)
    for part in op.operands:
        extent = 1 if op.name == "stack" else part.type.shape[axis]
        at: list[object] = [(0, size, 1) for size in shape]
        at[axis] = start if op.name == "stack" else (start, extent, 1)
        _put(n, part, at, shape, buffer, add=False)
        start += extent


def _scan(n: Nests, op: Op, buffer: Value) -> None:
    shape = op.result.type.shape
    axis = op.attrs["axis"] % len(shape)
    rest, extent = shape[:axis] + shape[axis + 1 :], shape[axis]

    def step(outer: Index, k: Affine, state: Value | None) -> Value:
        if op.attrs.get("reverse"):
            k = k.times(-1) + Affine(extent - 1)
        at = (*outer[:axis], k, *outer[axis:])
        *factors, term = [n.pull(v, aligned(at, v.type.shape)) for v in op.operands]
        if state is None:
            value = term
        else:
            value = n.build.op(
                "add", *[n.build.op("mul", f, state) for f in factors] or [state], term
            )
        n.save(value, buffer, flat(at, shape))
        return value

    def leaf(outer: Index) -> None:
        first = step(outer, Affine(), None)
        with n.build.loop(extent, [first], lower=1) as loop:
            loop.yields = [step(outer, var(loop.index), loop.carried[0])]

    n.loops(rest, "serial" if axis == len(shape) - 1 else "vector", leaf)


def _arg(n: Nests, op: Op, buffer: Value) -> None:
    (x,) = op.operands
    shape = x.type.shape
    axis = op.attrs["axis"] % len(shape)
    better = "greater" if op.name == "argmax" else "less"

    def leaf(outer: Index) -> None:
        def at(k: Affine) -> Value:
            return n.pull(x, (*outer[:axis], k, *outer[axis:]))

        start = [at(Affine()), n.build.const(0, "i64")]
        with n.build.loop(shape[axis], start, lower=1) as loop:
            value = at(var(loop.index))
            wins = improves(n.build, better, value, loop.carried[0])
            here = n.build.op("convert", loop.index, attrs={"dtype": "i64"}, dtype="i64")
            loop.yields = [
                n.build.op("select", wins, value, loop.carried[0]),
                n.build.op("select", wins, here, loop.carried[1]),
            ]
        n.save(loop.results[1], buffer, flat(outer, op.result.type.shape))

    n.loops(shape[:axis] + shape[axis + 1 :], "serial", leaf)


def _scatter(n: Nests, op: Op, buffer: Value) -> None:
    x, v, *arrays = op.operands
    _copy(n, x, buffer)
    inner = x.type.shape[len(arrays) :]
    lead = max((a.type.shape for a in arrays), key=len)
    lead = tuple(
        max(s)
        for s in zip(
            *[(1,) * (len(lead) - a.type.ndim) + a.type.shape for a in arrays], strict=True
        )
    )

    def leaf(at: Index) -> None:
        outer = at[: len(lead)]
        where = [
            var(n.build.check(n.pull(a, aligned(outer, a.type.shape)), x.type.shape[k]))
            for k, a in enumerate(arrays)
        ]
        position = flat((*where, *at[len(lead) :]), x.type.shape)
        value = n.pull(v, aligned(at, v.type.shape))
        if op.name == "scatter_add":
            value = n.build.op("add", n.load(buffer, position, stable=False), value)
        n.save(value, buffer, position)

    n.loops((*lead, *inner), "serial", leaf)


_ALONE = {"cumsum": _scan, "recurrence": _scan, "argmax": _arg, "argmin": _arg}
_ALONE |= {"scatter": _scatter, "scatter_add": _scatter}
_PIECES = {"place": _place, "update": _update, "concatenate": _concatenate, "stack": _concatenate}
