"""Ops with loops of their own: products, pieces put together, scans, extremes, scatters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise, product
from math import prod
from typing import TYPE_CHECKING, Any

from tapec.ir.core import Op, Value
from tapec.lower.affine import Affine, Index, flat, var
from tapec.lower.boxes import Box, around, dense, extents, size
from tapec.lower.decompose import cholesky, determinant
from tapec.lower.dynamic import put
from tapec.lower.folds import improves
from tapec.lower.memory import Memory
from tapec.lower.opaque import opaque
from tapec.lower.plan import UNROLLED
from tapec.lower.pull import aligned, product_at
from tapec.lower.solve import solve
from tapec.lower.sorting import argsort

if TYPE_CHECKING:
    from tapec.lower.nests import Nests

Element = Callable[[Index, Index], Value]  # element(place in the result, reduced indices)
Part = tuple[Value, Any]  # what is put, and where: a specification
Body = Callable[[Index], None]
EDGE = 4  # elements of the last axis that are written out beside a vector loop
MOST_BOXES = 300  # pieces of a space times parts, above which parts are added one by one


def rows(n: Nests, op: Op) -> tuple[list[int], Element, bool]:
    (x,) = op.operands
    axes = sorted(op.attrs["axes"])
    kept = [k for k in range(x.type.ndim) if k not in axes]

    def element(at: Index, reduced: Index) -> Value:
        where = dict(zip(kept, at, strict=True)) | dict(zip(axes, reduced, strict=True))
        return n.pull(x, tuple(where[k] for k in range(x.type.ndim)))

    return [x.type.shape[k] for k in axes], element, x.type.ndim - 1 in axes


def products(n: Nests, op: Op) -> tuple[list[int], Element, bool]:
    a, b = op.operands
    pairs = op.attrs["contract"]

    def element(at: Index, reduced: Index) -> Value:
        return product_at(n, op, at, reduced)

    batch = op.attrs["batch"]
    free = [
        [k for k in range(v.type.ndim) if k not in {p[s] for p in (*batch, *pairs)}]
        for s, v in enumerate(op.operands)
    ]
    across = free[1] and free[1][-1] == b.type.ndim - 1
    across = across or (not free[1] and bool(free[0]) and free[0][-1] == a.type.ndim - 1)
    return [a.type.shape[p[0]] for p in pairs], element, not across


def _fill(n: Nests, shape: tuple[int, ...], value: Value, buffer: Memory) -> None:
    n.over(shape, lambda at: n.save(value, buffer, flat(at, shape)))


def _place(n: Nests, op: Op, buffer: Memory) -> None:
    shape = op.result.type.shape
    cuts = _cuts(op)
    if cuts is not None:
        _boxes(n, op, buffer, cuts, list(zip(op.operands, op.attrs["at"], strict=True)))
        return
    _fill(n, shape, n.build.zero(op.result.type.dtype), buffer)
    for k, (part, at) in enumerate(zip(op.operands, op.attrs["at"], strict=True)):
        put(n, part, at, (), shape, buffer, add=k > 0)


def _cuts(op: Op) -> list[list[int]] | None:
    """Where parts begin and end along every axis; None where the pieces are too many."""
    shape = op.result.type.shape
    cuts = [{0, extent} for extent in shape]
    for at in op.attrs["at"]:
        for cut, entry in zip(cuts, at, strict=True):
            start, count, step = entry if isinstance(entry, tuple) else (entry, 1, 1)
            if step != 1 and count > 1:
                return None
            cut |= {start, start + count}
    boxes = prod(len(c) - 1 for c in cuts)
    return None if boxes * len(op.operands) > MOST_BOXES else [sorted(c) for c in cuts]


def _boxes(
    n: Nests, op: Op, buffer: Memory, cuts: Sequence[Sequence[int]], parts: Sequence[Part]
) -> None:
    """Every piece of the result; pieces side by side on the last axis in one nest."""
    shape = op.result.type.shape
    together = len(shape) > 1 and shape[-1] > UNROLLED
    split = len(shape) - 1 if together else len(shape)
    for outer in product(*(list(pairwise(c)) for c in cuts[:split])):
        boxes = [(*outer, *rest) for rest in product(*(list(pairwise(c)) for c in cuts[split:]))]
        bodies = [(box, body) for box in boxes if (body := _box(n, op, buffer, box, parts))]
        if not together:
            for box, body in bodies:
                n.over(size(box), body)
        elif bodies:
            n.loops([b - a for a, b in outer], "serial", partial(_side_by_side, n, bodies))


def _side_by_side(n: Nests, bodies: Sequence[tuple[Box, Body]], at: Index) -> None:
    for box, body in bodies:
        width = box[-1][1] - box[-1][0]
        if width <= EDGE:
            for k in range(width):
                body((*at, Affine(k)))
        else:
            n.loops([width], "vector", lambda rest, body=body: body((*at, *rest)))  # type: ignore[misc]


def _box(n: Nests, op: Op, buffer: Memory, box: Box, parts: Sequence[Part]) -> Body | None:
    """One element of the sum of the parts that cover a piece of the result.

    In the result or, of an accumulation, added to it: then a piece that no part covers is None.
    """
    low, shape = [Affine(a) for a, _ in box], op.result.type.shape
    added = op.name == "accumulate"
    covering = [
        (part, at)
        for part, at in parts
        if all(_covers(entry, a, b) for entry, (a, b) in zip(at, box, strict=True))
    ]

    def body(index: Index) -> None:
        where = tuple(i + a for i, a in zip(index, low, strict=True))
        total = n.build.zero(op.result.type.dtype)
        for part, at in covering:
            pairs = zip(at, where, strict=True)
            inner = tuple(w + Affine(-e[0]) for e, w in pairs if isinstance(e, tuple))
            total = n.build.op("add", total, n.pull(part, inner))
        if added:
            old = n.load(buffer, flat(where, shape), stable=False)
            total = n.build.op("add", old, total)
        n.save(total, buffer, flat(where, shape))

    return None if added and not covering else body


def _accumulate(n: Nests, op: Op, buffer: Memory) -> None:
    """Parts added to an array in one pass over each piece that the same of them cover.

    Where the pieces would be too many, one pass over what all parts cover, and then each part's
    rest around it.
    """
    start_from(n, op, buffer)
    parts: list[Part] = list(zip(op.operands[1:], op.attrs["at"], strict=True))
    cuts = _cuts(op)
    if cuts is not None:
        _boxes(n, op, buffer, cuts, parts)
        return
    core = _core(op)
    if core is None:
        for part, at in parts:
            put(n, part, at, (), op.result.type.shape, buffer, add=True)
        return
    pieces = [(core, parts), *((box, [p]) for p in parts for box in around(extents(p[1]), core))]
    for box, covering in pieces:
        body = _box(n, op, buffer, box, covering)
        assert body is not None
        n.over(size(box), body)


def _core(op: Op) -> Box | None:
    """What all parts cover; None where that is not most of the smallest, or parts have gaps."""
    specs = op.attrs["at"]
    if not all(map(dense, specs)):
        return None
    sides = list(zip(*map(extents, specs), strict=True))
    core = [(max(a for a, _ in side), min(b for _, b in side)) for side in sides]
    smallest = min(prod(b - a for a, b in extents(at)) for at in specs)
    large = all(a < b for a, b in core) and 2 * prod(size(core)) >= smallest
    return core if large else None


def _covers(entry: Any, low: int, high: int) -> bool:
    start, count, _ = entry if isinstance(entry, tuple) else (entry, 1, 1)
    return bool(start <= low and high <= start + count)


def start_from(n: Nests, op: Op, buffer: Memory) -> None:
    """The array before a write, unless the write takes over its memory."""
    if n.plan.shares.get(op.result) is not op.operands[0]:
        n.copy(op.operands[0], buffer)


def _rest(n: Nests, op: Op, buffer: Memory) -> None:
    """What an update leaves as it was, into new memory: copied around a part without gaps."""
    x, at = op.operands[0], op.attrs["at"]
    shape = x.type.shape
    if n.plan.shares.get(op.result) is x or op.name != "update" or not dense(at):
        start_from(n, op, buffer)
        return
    for box in around([(0, extent) for extent in shape], extents(at)):

        def body(index: Index, box: Box = box) -> None:
            place = tuple(i + Affine(a) for i, (a, _) in zip(index, box, strict=True))
            n.save(n.pull(x, place), buffer, flat(place, shape))

        n.over(size(box), body)
    n.build.wrote(buffer.buffer)


def _update(n: Nests, op: Op, buffer: Memory) -> None:
    x, part, *starts = op.operands
    _rest(n, op, buffer)
    put(n, part, op.attrs["at"], starts, x.type.shape, buffer, add=op.name == "dynamic_add")


def _concatenate(n: Nests, op: Op, buffer: Memory) -> None:
    shape, start = op.result.type.shape, 0
    axis = op.attrs["axis"] % len(shape)
    for part in op.operands:
        extent = 1 if op.name == "stack" else part.type.shape[axis]
        at: list[object] = [(0, size, 1) for size in shape]
        at[axis] = start if op.name == "stack" else (start, extent, 1)
        put(n, part, at, (), shape, buffer, add=False)
        start += extent


def _scan(n: Nests, op: Op, buffer: Memory) -> None:
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


def _arg(n: Nests, op: Op, buffer: Memory) -> None:
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


def _scatter(n: Nests, op: Op, buffer: Memory) -> None:
    x, v, *arrays = op.operands
    start_from(n, op, buffer)
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


# rule(nests, op, buffer of the result)
ALONE_RULES: Mapping[str, Callable[[Nests, Op, Memory], None]] = {
    "cumsum": _scan,
    "recurrence": _scan,
    "argmax": _arg,
    "argmin": _arg,
    "argsort": argsort,
    "scatter": _scatter,
    "scatter_add": _scatter,
    "place": _place,
    "accumulate": _accumulate,
    "update": _update,
    "dynamic_update": _update,
    "dynamic_add": _update,
    "concatenate": _concatenate,
    "stack": _concatenate,
    "solve": solve,
    "determinant": determinant,
    "cholesky": cholesky,
    "opaque": opaque,
}
