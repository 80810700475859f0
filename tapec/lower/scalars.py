"""Straight-line lowering: arrays become grids of scalars, element by element.

A grid is a NumPy object array of scalar values, so views (reshape, index, place, concatenate, ...)
are NumPy's own list shuffles and cost nothing in the program. Arithmetic builds one scalar op per
element; reductions are balanced trees; arrays with run-time indices go through memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Dense, Op, Value
from tapec.ir.ops.const import SEED
from tapec.ir.ops.gather import SCATTER_ADD
from tapec.ir.places import slices
from tapec.ir.types import FLOATS, Type
from tapec.lower.build import ScalarBuilder

Grid = np.ndarray[Any, Any]
Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule: rule(grids, op, *operands) -> grid of the result."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def is_known(op: Op) -> bool:
    """Whether an op can be written out element by element."""
    return op.primitive.kind == "elementwise" or op.name in RULES


class Grids:
    """What rules do with grids of scalars in one program under construction."""

    def __init__(self, build: ScalarBuilder) -> None:
        self.build = build

    def expand(self, op: Op, operands: Sequence[Grid]) -> Grid:
        """The grid of an op's result."""
        found = RULES.get(op.name)
        if found is not None:
            result: Grid = found(self, op, *operands)
            return result
        if op.primitive.kind != "elementwise":
            raise UnsupportedLowering(f"no native code for {op.name}", where=op.loc)
        return self.elementwise(op, operands)

    def elementwise(self, op: Op, operands: Sequence[Grid]) -> Grid:
        """One scalar op per element; operands broadcast."""
        shape, dtype = op.result.type.shape, op.result.type.dtype
        build, name, attrs = self.build.op, op.name, op.attrs
        if not shape:
            scalars = [g.item() for g in operands]
            return grid([build(name, *scalars, attrs=attrs, dtype=dtype)], ())
        flats = [_flat(g, shape) for g in operands]
        values = [build(name, *xs, attrs=attrs, dtype=dtype) for xs in zip(*flats, strict=True)]
        return grid(values, shape)

    def read(self, buffer: Value, shape: tuple[int, ...], *, stable: bool = True) -> Grid:
        """Load every element of a buffer."""
        load = self.build.load
        values = [load(buffer, k, stable=stable) for k in range(buffer.type.size)]
        return grid(values, shape)

    def write(self, values: Grid, buffer: Value) -> None:
        """Store every element."""
        for k, value in enumerate(values.ravel().tolist()):
            self.build.store(value, buffer, k)

    def spill(self, values: Grid, type: Type) -> Value:
        """The grid in work memory, for run-time indices."""
        buffer = self.build.alloc(type)
        self.write(values, buffer)
        return buffer

    def zeros(self, type: Type) -> Grid:
        """A grid of structural zeros."""
        return grid([self.build.zero(type.dtype)] * type.size, type.shape)

    def total(self, name: str, values: Sequence[Value]) -> Value:
        """The values combined as a balanced tree."""
        level = list(values)
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=False)
            rest = level[len(level) & ~1 :]
            level = [self.build.accumulate(name, a, b) for a, b in pairs] + rest
        return level[0]


def grid(values: Sequence[Any], shape: tuple[int, ...]) -> Grid:
    """A grid from a flat list."""
    out = np.empty(len(values), object)
    out[:] = values
    return out.reshape(shape)


def _flat(values: Grid, shape: tuple[int, ...]) -> list[Value]:
    if values.shape != shape:
        values = np.broadcast_to(values, shape)
    return values.ravel().tolist()


@rule("const")
def _const(e: Grids, op: Op) -> Grid:
    type, value = op.result.type, op.attrs["value"]
    if isinstance(value, Dense):
        zero = {0.0: e.build.zero(type.dtype)} if SEED in op.attrs else {}
        numbers = value.array.ravel().tolist()
        values = [zero.get(x) or e.build.const(x, type.dtype) for x in numbers]
        return grid(values, type.shape)
    return grid([e.build.const(value, type.dtype)] * type.size, type.shape)


@rule("stop_gradient")
def _same(e: Grids, op: Op, x: Grid) -> Grid:
    return x


@rule("reshape")
def _reshape(e: Grids, op: Op, x: Grid) -> Grid:
    return x.reshape(op.result.type.shape)


@rule("transpose")
def _transpose(e: Grids, op: Op, x: Grid) -> Grid:
    return x.transpose(op.attrs["perm"])


@rule("broadcast_to")
def _broadcast(e: Grids, op: Op, x: Grid) -> Grid:
    return np.broadcast_to(x, op.result.type.shape)


@rule("index")
def _index(e: Grids, op: Op, x: Grid) -> Grid:
    picked = x[slices(op.attrs["at"])]
    return picked if isinstance(picked, np.ndarray) else grid([picked], ())


@rule("place")
def _place(e: Grids, op: Op, *parts: Grid) -> Grid:
    out = e.zeros(op.result.type)
    for part, at in zip(parts, op.attrs["at"], strict=True):
        where = slices(at)
        old = out[where]
        flat = old.ravel().tolist() if isinstance(old, np.ndarray) else [old]
        pairs = zip(flat, part.ravel().tolist(), strict=True)
        sums = grid([e.build.op("add", a, b) for a, b in pairs], part.shape)
        out[where] = sums if part.shape else sums.item()
    return out


@rule("update")
def _update(e: Grids, op: Op, x: Grid, v: Grid) -> Grid:
    out = x.copy()
    out[slices(op.attrs["at"])] = v if v.shape else v.item()
    return out


@rule("concatenate")
def _concatenate(e: Grids, op: Op, *parts: Grid) -> Grid:
    return np.concatenate(parts, axis=op.attrs["axis"])


@rule("stack")
def _stack(e: Grids, op: Op, *parts: Grid) -> Grid:
    return np.stack(parts, axis=op.attrs["axis"])


@rule("collect")
def _collect(e: Grids, op: Op, *parts: Grid) -> Grid:
    every = np.concatenate(parts, axis=-1)
    out = e.zeros(op.result.type)
    for j, own in enumerate(op.attrs["sources"]):
        for k in own:
            pairs = zip(out[..., j].ravel(), every[..., k].ravel(), strict=True)
            out[..., j] = grid([e.build.op("add", a, b) for a, b in pairs], out.shape[:-1])
    return out


@rule("integer_pow")
def _integer_pow(e: Grids, op: Op, x: Grid) -> Grid:
    values = [power(e.build, v, op.attrs["n"]) for v in x.ravel().tolist()]
    return grid(values, x.shape)


def power(build: ScalarBuilder, x: Value, n: int) -> Value:
    """x to the n: of floats rounded once, as NumPy does, else by repeated squaring."""
    if x.type.dtype in FLOATS and (n < -1 or n > 2) and not build.is_zero(x):
        return build.op("integer_pow", x, attrs={"n": n})
    if n < 0:
        return build.op("div", build.const(1, x.type.dtype), power(build, x, -n))
    result: Value | None = None
    while n:
        if n & 1:
            result = x if result is None else build.op("mul", result, x)
        n >>= 1
        x = build.op("mul", x, x) if n else x
    return build.const(1, x.type.dtype) if result is None else result


@rule("gather")
def _gather(e: Grids, op: Op, x: Grid, *indices: Grid) -> Grid:
    buffer = e.spill(x, op.operands[0].type)
    rest = x.shape[len(indices) :]
    inner = int(np.prod(rest, dtype=int))
    out: list[Value] = []
    for place, strides in _places(e, x.shape, indices):
        out += [e.build.load(buffer, k, place, strides, stable=False) for k in range(inner)]
    return grid(out, op.result.type.shape)


@rule("scatter_add", "scatter")
def _scatter(e: Grids, op: Op, x: Grid, v: Grid, *indices: Grid) -> Grid:
    buffer = e.spill(x, op.operands[0].type)
    inner = int(np.prod(x.shape[len(indices) :], dtype=int))
    count = int(np.prod(np.broadcast_shapes(*(i.shape for i in indices)), dtype=int))
    target = np.broadcast_shapes(*(i.shape for i in indices)) + x.shape[len(indices) :]
    rows = np.broadcast_to(v, target).reshape(count, inner)
    for row, (place, strides) in zip(rows, _places(e, x.shape, indices), strict=True):
        for k, value in enumerate(row.tolist()):
            if op.primitive is SCATTER_ADD:
                old = e.build.load(buffer, k, place, strides, stable=False)
                value = e.build.op("add", old, value)
            e.build.store(value, buffer, k, place, strides)
    return e.read(buffer, x.shape, stable=False)


def _places(
    e: Grids, shape: tuple[int, ...], indices: Sequence[Grid]
) -> list[tuple[list[Value], list[int]]]:
    strides = [int(np.prod(shape[k + 1 :], dtype=int)) for k in range(len(indices))]
    flats = [g.ravel().tolist() for g in np.broadcast_arrays(*indices)]
    return [
        ([e.build.check(v, shape[k]) for k, v in enumerate(row)], strides)
        for row in zip(*flats, strict=True)
    ]
