"""Clean-up of random programs of views, writes, placements and arithmetic changes no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tapec.backends import interpreter
from tapec.ir import Builder, Func, Type, Value, lookup
from tapec.ir.parser import parse
from tapec.ir.places import Entry
from tapec.ir.printer import print_func
from tapec.passes import CLEAN, run

Rng = np.random.Generator
Step = Callable[[Rng, Builder, list[Value]], Value]


def entry(rng: Rng, n: int) -> Entry:
    start = int(rng.integers(n))
    if rng.random() < 0.4:
        return start
    if rng.random() < 0.3:
        return (0, n, 1)
    step = int(rng.choice([-2, -1, 1, 2]))
    room = (n - 1 - start) // step if step > 0 else start // -step
    return (start, int(rng.integers(1, room + 2)), step)


def pick(rng: Rng, values: list[Value]) -> Value:
    return values[int(rng.integers(len(values)))]


def emit(b: Builder, name: str, *operands: Value, **attrs: Any) -> Value:
    return b.emit(lookup(name), operands, attrs).result


def view(rng: Rng, b: Builder, values: list[Value]) -> Value:
    x = pick(rng, values)
    return emit(b, "index", x, at=tuple(entry(rng, n) for n in x.type.shape))


def write(rng: Rng, b: Builder, values: list[Value]) -> Value:
    x = pick(rng, values)
    at = tuple(entry(rng, n) for n in x.type.shape)
    part = emit(b, "index", x, at=at)
    fits = [v for v in values if v.type == part.type] or [emit(b, "sin", part)]
    return emit(b, "update", x, pick(rng, fits), at=at)


def place(rng: Rng, b: Builder, values: list[Value]) -> Value:
    shape = pick(rng, values).type.shape
    specs = tuple(tuple(entry(rng, n) for n in shape) for _ in range(int(rng.integers(1, 4))))
    parts = []
    for spec in specs:
        wanted = tuple(e[1] for e in spec if not isinstance(e, int))
        fits = [v for v in values if v.type.shape == wanted]
        parts.append(pick(rng, fits) if fits else b.const(0.5, Type("f64", wanted)))
    return emit(b, "place", *parts, at=specs, shape=shape)


def cover(rng: Rng, b: Builder, values: list[Value]) -> Value:
    """Sums of single placements, as the adjoint of reading element by element."""
    rows = [v for v in values if v.type.ndim < 2]
    x = pick(rng, rows)
    n = int(rng.integers(1, 4))
    whole = tuple((0, m, 1) for m in x.type.shape)
    order = rng.permutation(n) if rng.random() < 0.7 else rng.integers(0, n, n)
    total = None
    for k in order:
        part = emit(b, "mul", x, b.const(float(k)))
        placed = emit(b, "place", part, at=((int(k), *whole),), shape=(n, *x.type.shape))
        total = placed if total is None else emit(b, "add", total, placed)
    assert total is not None
    return total


def join(rng: Rng, b: Builder, values: list[Value]) -> Value:
    x = pick(rng, values)
    same = [v for v in values if v.type == x.type]
    parts = [x, pick(rng, same), pick(rng, same)]
    name = "concatenate" if x.type.ndim and rng.random() < 0.5 else "stack"
    if name == "stack" and x.type.ndim > 2:
        return x
    axis = int(rng.integers(x.type.ndim + (name == "stack")))
    return emit(b, name, *parts[: int(rng.integers(1, 4))], axis=axis)


def move(rng: Rng, b: Builder, values: list[Value]) -> Value:
    x = pick(rng, values)
    shape = x.type.shape
    kind = int(rng.integers(4))
    if kind == 0:
        return emit(b, "transpose", x, perm=tuple(map(int, rng.permutation(len(shape)))))
    if kind == 1 and len(shape) < 3:
        return emit(b, "broadcast_to", x, shape=(int(rng.integers(1, 4)), *shape))
    if kind == 2 and len(shape) < 3:
        return emit(b, "reshape", x, shape=(1, *shape))
    return emit(b, "reshape", x, shape=(x.type.size,))


def compute(rng: Rng, b: Builder, values: list[Value]) -> Value:
    x = pick(rng, values)
    number = b.const(float(rng.choice([1.0, -1.0, 0.0, -0.0, 2.0, 3.0])))
    fits = [v for v in values if v.type == x.type]
    name = str(rng.choice(["add", "sub", "mul", "div", "neg", "cos", "maximum"]))
    if name in ("neg", "cos"):
        return emit(b, name, x)
    if name == "div":  # by constants only: zeros that placement leaves have no defined sign
        return emit(b, name, x, b.const(float(rng.choice([1.0, -1.0, 4.0, 3.0]))))
    other = number if rng.random() < 0.4 else pick(rng, fits)
    return emit(b, name, *((x, other) if rng.random() < 0.7 else (other, x)))


STEPS: tuple[Step, ...] = (view, view, view, write, place, cover, join, move, compute, compute)


def program(seed: int) -> Func:
    rng, b = np.random.default_rng(seed), Builder()
    values = [b.param(Type("f64", s), "x") for s in ((), (3,), (4,), (2, 3))]
    for _ in range(25):
        made = STEPS[int(rng.integers(len(STEPS)))](rng, b, values)
        if made.type.size <= 200:
            values.append(made)
    return b.func("random", [pick(rng, values[4:] or values) for _ in range(3)] + values[-1:])


@pytest.mark.parametrize("block", range(8))
def test_values_stay(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        func = program(seed)
        args = [np.random.default_rng(seed).uniform(-2, 2, p.type.shape) for p in func.params]
        expected = interpreter.run(func, args)
        clean = run(CLEAN, run(CLEAN, func, check=True), check=True)
        assert len(clean.ops) <= len(func.ops)
        assert print_func(parse(print_func(clean))) == print_func(clean)
        for new, old in zip(interpreter.run(clean, args), expected, strict=True):
            np.testing.assert_allclose(
                new, old, rtol=1e-12, atol=1e-12, err_msg=f"seed {seed}\n{print_func(func)}"
            )
