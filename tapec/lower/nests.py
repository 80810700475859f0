"""Loop nests: the scheduled roots of a program, each nest emitted over its space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.types import Type
from tapec.lower.affine import Affine, Index, flat, var
from tapec.lower.alone import ALONE_RULES, Element, products, rows
from tapec.lower.matrix import matrix_product, operands_in_memory
from tapec.lower.plan import REDUCTIONS, SMALL, Nest, alike, plan, unrolled_from
from tapec.lower.pull import NeedsBuffer, Puller
from tapec.lower.scalars import COMBINE, grid
from tapec.lower.sums import chained

BLOCK = 512  # elements of the partial sums of long reductions
ROWS = 8  # rows of a product computed together: accumulators that share the loads of the other side

_KINDS = {"add": "add", "mul": "mul", "maximum": "max", "minimum": "min"}
_KINDS |= {"logical_or": "or", "logical_and": "and"}


def lower_loops(func: Func, blas: Callable[[], bool] = bool) -> Func:
    """The program as loop nests; starts again with more buffers where views are too intricate."""
    large = operands_in_memory(func)
    calls = large is not None and blas()
    forced = set(large or ()) if calls else set()
    while True:
        try:
            return Nests(func, forced, calls).run()
        except NeedsBuffer as need:
            if need.value in forced:
                raise UnsupportedLowering("a view too intricate for native code") from None
            forced |= alike(func, need.value)


class Nests(Puller):
    """Emits the nests of a plan."""

    def __init__(self, func: Func, forced: set[Value], calls: bool = False) -> None:
        super().__init__(func)
        self.calls = calls
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
        """Reduce `elements` over all places of a space.

        Of kind "vector" in the order of `tapec.lower.sums`: blocks and rows summed from scratch,
        their totals compensated. Of kind "serial" (lanes are other results) one after the other.
        """
        cut = unrolled_from(tuple(shape))
        tails = [tuple(map(Affine, at)) for at in product(*(range(n) for n in shape[cut:]))]
        start = [self.neutral(h, d) for h, d in zip(hows, dtypes, strict=True)]
        reduce = tuple(_KINDS[name] for name, _ in hows)
        length = max(BLOCK // len(tails), 64)

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
            if kind == "vector" and not last:

                def row(i: Value) -> list[Value]:
                    return descend((*at, var(i)), start)

                return chained(self.build, hows, values, extent, row)
            if kind == "vector" and extent >= 4 * length:
                return blocks(at, values, extent)
            return sweep(at, Affine(), extent, values, kind if last else "serial")

        def blocks(at: Index, values: Sequence[Value], extent: int) -> list[Value]:
            whole = extent - extent % length
            rest = sweep(at, Affine(whole), extent % length, start, kind) if whole < extent else []

            def part(i: Value) -> list[Value]:
                return sweep(at, var(i).times(length), length, start, kind)

            return chained(self.build, hows, values, extent // length, part, rest)

        def sweep(
            at: Index, base: Affine, extent: int, values: Sequence[Value], how: str
        ) -> list[Value]:
            with self.build.loop(extent, values, kind=how, reduce=reduce) as loop:
                loop.yields = descend((*at, base + var(loop.index)), loop.carried)
            return list(loop.results)

        return descend((), start)

    def alone(self, op: Op, targets: dict[Value, Value]) -> None:
        """An op with a nest of its own."""
        buffer = self.target(op, targets)
        shape = op.result.type.shape
        if op.name == "dot" and self.calls and matrix_product(self, op, buffer):
            pass  # done by a call
        elif op.name in REDUCTIONS:
            self.partial(op, buffer)
        else:
            ALONE_RULES[op.name](self, op, buffer)
        self.memory[op.result] = buffer
        if op.result in self.plan.small:
            self.grids[op.result] = self.read(buffer, shape)

    def partial(self, op: Op, buffer: Value) -> None:
        """A reduction with a large result, or a product: one result element after the other."""
        shape = op.result.type.shape
        how = ("add", 0) if op.name == "dot" else COMBINE[op.name]
        reduced, element, inner = products(self, op) if op.name == "dot" else rows(self, op)

        if inner or op.name != "dot" or len(shape) < 2:
            self.tiles(op, buffer, shape, 1, inner, reduced, how, element)
            return
        count = shape[-2]
        self.tiles(op, buffer, shape, min(count, ROWS), inner, reduced, how, element)
        done = count - count % ROWS if count >= ROWS else count
        if done < count:
            self.tiles(op, buffer, shape, count - done, inner, reduced, how, element, done)

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
