"""Ops with loops of their own: scans, extremes, scatters, and the table of all such ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from tapec.ir.affine import Affine, Index, flat, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.gather import SCATTER_ADD
from tapec.ir.ops.reduce import ARGMAX
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import broadcast_shapes
from tapec.lower.decompose import cholesky, determinant
from tapec.lower.folds import RUNNING, improves
from tapec.lower.frame import Frame
from tapec.lower.matrix import product
from tapec.lower.memory import Memory
from tapec.lower.opaque import opaque
from tapec.lower.packed import packed
from tapec.lower.partial import partial
from tapec.lower.pieces import accumulate, concatenate, place, start_from, update
from tapec.lower.search import search
from tapec.lower.solve import solve
from tapec.lower.sorting import argsort
from tapec.lower.views import aligned


def _scan(n: Frame, op: Op, buffer: Memory) -> None:
    shape = op.result.type.shape
    axis = op.attrs["axis"] % len(shape)
    rest, extent = shape[:axis] + shape[axis + 1 :], shape[axis]

    def step(outer: Index, k: Affine, state: Value | None) -> Value:
        if op.attrs.get("reverse"):
            k = k.times(-1) + Affine(extent - 1)
        at = (*outer[:axis], k, *outer[axis:])
        *factors, term = [n.pull(v, aligned(at, v.type.shape)) for v in op.operands]
        value = term
        if state is not None:
            scaled = [n.build.op("mul", f, state) for f in factors] or [state]
            value = n.build.op(RUNNING[op.primitive], *scaled, term)
        n.save(value, buffer, flat(at, shape))
        return value

    def leaf(outer: Index) -> None:
        first = step(outer, Affine(), None)
        with n.build.loop(extent, [first], lower=1) as loop:
            loop.yields = [step(outer, var(loop.index), loop.carried[0])]

    n.loops(rest, "serial" if axis == len(shape) - 1 else "vector", leaf)


def _arg(n: Frame, op: Op, buffer: Memory) -> None:
    (x,) = op.operands
    shape = x.type.shape
    axis = op.attrs["axis"] % len(shape)
    better = "greater" if op.primitive is ARGMAX else "less"

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


def _scatter(n: Frame, op: Op, buffer: Memory) -> None:
    x, v, *arrays = op.operands
    start_from(n, op, buffer)
    inner = x.type.shape[len(arrays) :]
    lead = broadcast_shapes(*(a.type.shape for a in arrays))

    def leaf(at: Index) -> None:
        outer = at[: len(lead)]
        where = [
            n.indexed(a, aligned(outer, a.type.shape), x.type.shape[k])
            for k, a in enumerate(arrays)
        ]
        position = flat((*where, *at[len(lead) :]), x.type.shape)
        value = n.pull(v, aligned(at, v.type.shape))
        if op.primitive is SCATTER_ADD:
            value = n.build.op("add", n.load(buffer, position, stable=False), value)
        n.save(value, buffer, position)

    n.loops((*lead, *inner), "serial", leaf)


def _collect(n: Frame, op: Op, buffer: Memory) -> None:
    shape = op.result.type.shape
    places = [(v, k) for v in op.operands for k in range(v.type.shape[-1])]

    def leaf(lead: Index) -> None:
        for j, own in enumerate(op.attrs["sources"]):
            terms = [n.pull(v, (*lead, Affine(k))) for v, k in (places[s] for s in own)]
            start = terms[:1] or [n.build.zero(op.result.type.dtype)]
            value = reduce(lambda a, b: n.build.op("add", a, b), terms[1:], start[0])
            n.save(value, buffer, flat((*lead, Affine(j)), shape))

    n.loops(shape[:-1], "vector", leaf)


# rule(nests, op, buffer of the result)
OWN_LOOPS: Mapping[str, Callable[[Frame, Op, Memory], None]] = {
    **dict.fromkeys([p.name for p in RUNNING], _scan),
    "argmax": _arg,
    "argmin": _arg,
    "argsort": argsort,
    "search": search,
    "scatter": _scatter,
    "scatter_add": _scatter,
    "place": place,
    "accumulate": accumulate,
    "update": update,
    "dynamic_update": update,
    "dynamic_add": update,
    "concatenate": concatenate,
    "collect": _collect,
    "stack": concatenate,
    "solve": solve,
    "determinant": determinant,
    "cholesky": cholesky,
    "opaque": opaque,
    "packed": packed,
    "product": product,
    **dict.fromkeys([n for n, p in PRIMITIVES.items() if p.reduces], partial),
}
