"""Grids of reductions, extremes, scans and products."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from tapec.ir.core import Op, Value
from tapec.ir.ops.reduce import ARGMAX
from tapec.ir.ops.scans import CUMMAX, CUMMIN, CUMSUM, RECURRENCE
from tapec.lower.build import ScalarBuilder
from tapec.lower.scalars import Grid, Grids, grid, rule

COMBINE = {
    "reduce_sum": ("add", 0),
    "reduce_prod": ("mul", 1),
    "reduce_max": ("maximum", None),
    "reduce_min": ("minimum", None),
    "reduce_any": ("logical_or", False),
    "reduce_all": ("logical_and", True),
}
# The scalar op of each scan.
RUNNING = {CUMSUM: "add", RECURRENCE: "add", CUMMAX: "maximum", CUMMIN: "minimum"}


@rule(*COMBINE)
def _reduce(e: Grids, op: Op, x: Grid) -> Grid:
    name, neutral = COMBINE[op.name]
    axes, shape = op.attrs["axes"], op.result.type.shape
    kept = [k for k in range(x.ndim) if k not in axes]
    rows = x.transpose(*kept, *axes).reshape(op.result.type.size, -1) if x.size else x
    if not x.size:
        fill = e.build.const(neutral, op.result.type.dtype)
        return grid([fill] * op.result.type.size, shape)
    return grid([e.total(name, row.tolist()) for row in rows], shape)


@rule("argmax", "argmin")
def _arg_extreme(e: Grids, op: Op, x: Grid) -> Grid:
    better = "greater" if op.primitive is ARGMAX else "less"
    rows = np.moveaxis(x, op.attrs["axis"], -1)
    out = [_first(e.build, better, row.tolist()) for row in rows.reshape(-1, rows.shape[-1])]
    return grid(out, op.result.type.shape)


def _first(build: ScalarBuilder, better: str, row: list[Value]) -> Value:
    best, where = row[0], build.const(0, "i64")
    for k, value in enumerate(row[1:], 1):
        wins = improves(build, better, value, best)
        best = build.op("select", wins, value, best)
        where = build.op("select", wins, build.const(k, "i64"), where)
    return where


def improves(build: ScalarBuilder, better: str, value: Value, best: Value) -> Value:
    """Whether `value` replaces `best`: strictly better, or the first NaN."""
    wins = build.op(better, value, best)
    if value.type.dtype not in ("f32", "f64"):
        return wins
    nan = build.op("isnan", value)
    first = build.op("logical_and", nan, build.op("logical_not", build.op("isnan", best)))
    is_number = build.op("logical_not", build.op("isnan", best))
    return build.op("logical_or", build.op("logical_and", wins, is_number), first)


@rule("cumsum", "cummax", "cummin")
def _running(e: Grids, op: Op, x: Grid) -> Grid:
    return _scan(e, op, [x], lambda s, v: e.build.op(RUNNING[op.primitive], s, v))


@rule("recurrence")
def _recurrence(e: Grids, op: Op, a: Grid, b: Grid) -> Grid:
    shape = op.result.type.shape
    pair = [np.broadcast_to(a, shape), np.broadcast_to(b, shape)]
    return _scan(e, op, pair, lambda s, x, y: e.build.op("add", e.build.op("mul", x, s), y))


def _scan(e: Grids, op: Op, grids: list[Grid], step: Callable[..., Value]) -> Grid:
    axis = op.attrs["axis"]
    order = slice(None, None, -1) if op.attrs.get("reverse") else slice(None)
    out = np.empty(op.result.type.shape, object)
    moved = np.moveaxis(out, axis, 0)[order]
    rows = [np.moveaxis(g, axis, 0)[order] for g in grids]
    for rest in product(*(range(n) for n in moved.shape[1:])):
        state = rows[-1][(0, *rest)] if len(moved) else None
        for k in range(len(moved)):
            state = step(state, *(r[(k, *rest)] for r in rows)) if k else state
            moved[(k, *rest)] = state
    return out


@rule("dot")
def _dot(e: Grids, op: Op, a: Grid, b: Grid) -> Grid:
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    left = _matrix(a, [p[0] for p in batch], [p[0] for p in contract])
    right = _matrix(b, [p[1] for p in batch], [p[1] for p in contract])
    mul, zero = e.build.op, e.build.zero(op.result.type.dtype)
    out = []
    for k, i, j in product(range(len(left)), range(left.shape[1]), range(right.shape[1])):
        pairs = zip(left[k, i].tolist(), right[k, j].tolist(), strict=True)
        terms = [mul("mul", x, y) for x, y in pairs]
        out.append(e.total("add", terms) if terms else zero)
    return grid(out, op.result.type.shape)


def _matrix(x: Grid, batch: list[int], contract: list[int]) -> Grid:
    free = [k for k in range(x.ndim) if k not in batch and k not in contract]
    sizes = [int(np.prod([x.shape[k] for k in g], dtype=int)) for g in (batch, free, contract)]
    return x.transpose(*batch, *free, *contract).reshape(sizes)
