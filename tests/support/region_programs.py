"""Programs with control flow, built by hand, for the tests of derivatives through regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type
from tapec.ir.core import Block

P = PRIMITIVES
F = Type("f64")
INT = Type("i64")
RUN = -1


def vec(n: int) -> Type:
    return Type("f64", (n,))


def block(types: Sequence[Type], body: Callable[..., Any]) -> Block:
    """A region: `body` takes expressions and returns them."""
    b = Builder()
    xs = [Expr(b, b.param(t)) for t in types]
    found = body(*xs) if xs else body(b)
    outs = found if isinstance(found, tuple | list) else (found,)
    return Block(tuple(b.params), tuple(b.ops), tuple(as_value(b, v) for v in outs))


def as_value(b: Builder, v: Any) -> Any:
    return v.value if isinstance(v, Expr) else b.const(v, F)


def func(types: Sequence[Type], body: Callable[..., Any]) -> Func:
    made = block(types, body)
    return Func("f", made)


def emit(
    primitive: str, operands: Sequence[Expr], regions: tuple[Block, ...] = (), **attrs: Any
) -> Any:
    b = operands[0].builder
    op = b.emit(P[primitive], [v.value for v in operands], attrs, regions)
    found = tuple(Expr(b, v) for v in op.results)
    return found[0] if len(found) == 1 else found


def const(x: Expr, value: Any, type: Type = F) -> Expr:
    return Expr(x.builder, x.builder.const(value, type))


def scan(
    length: int, consts: Sequence[Expr], init: Sequence[Expr], xs: Sequence[Expr], body: Any, **attrs: Any
) -> Any:  # fmt: skip
    rows = [x.type.with_shape(x.shape[1:]) for x in xs]
    region = block([INT, *(v.type for v in (*consts, *init)), *rows], body)
    return emit("scan", [*consts, *init, *xs], (region,), consts=len(consts), carry=len(init),
                length=length, **attrs)  # fmt: skip


def fori(count: Expr, consts: Sequence[Expr], init: Sequence[Expr], body: Any, **attrs: Any) -> Any:
    region = block([INT, *(v.type for v in (*consts, *init))], body)
    return emit("fori_loop", [count, *consts, *init], (region,), consts=len(consts),
                carry=len(init), **attrs)  # fmt: skip


def loop(consts: Sequence[Expr], init: Sequence[Expr], test: Any, body: Any) -> Any:
    types = [v.type for v in (*consts, *init)]
    regions = (block(types, test), block(types, body))
    return emit("while_loop", [*consts, *init], regions, consts=len(consts), carry=len(init))


def cond(pred: Expr, operands: Sequence[Expr], then: Any, otherwise: Any) -> Any:
    types = [v.type for v in operands]
    return emit("cond", [pred, *operands], (block(types, then), block(types, otherwise)))


def sin(x: Any) -> Any:
    return P["sin"](x)


def exp(x: Any) -> Any:
    return P["exp"](x)


def total(x: Any) -> Any:
    return P["reduce_sum"](x, axes=tuple(range(len(x.shape))))


def element(x: Any, i: Any) -> Any:
    return P["dynamic_index"](x, i, at=(RUN,))


def stored(x: Any, v: Any, i: Any) -> Any:
    return P["dynamic_update"](x, v, i, at=(RUN,))


# --- the programs: each a scalar function of an array of four numbers ----------------------------


def _at(x: Expr, k: int) -> Any:
    return P["index"](x, at=(k,))


def pendulum(x: Expr) -> Any:
    """A static loop with constants, carried numbers and slices, and results per step."""
    q, v, k, drive = _at(x, 0), _at(x, 1), _at(x, 2), P["index"](x, at=((0, 4, 1),))
    q, v, path = scan(
        4, [k], [q, v], [drive],
        lambda i, k, q, v, d: (q + 0.1 * v, v - 0.1 * k * sin(q) + 0.1 * d, q * v),
    )  # fmt: skip
    return q * v + total(path * path)


def backwards(x: Expr) -> Any:
    (s, ys) = scan(4, [], [const(x, 0.5)], [x], lambda i, s, d: (s * d + sin(d), s * s),
                   reverse=True)  # fmt: skip
    return s + total(ys * x)


def counted(x: Expr) -> Any:
    """A trip count known at run time only."""
    count = P["convert"](_at(x, 3) * 4.0, dtype="i64")
    a, b = fori(count, [_at(x, 2)], [_at(x, 0), _at(x, 1)],
                lambda i, c, a, b: (a + 0.3 * b * c, sin(a * b) + c * c))  # fmt: skip
    return a * b


def newton(x: Expr) -> Any:
    """A data-dependent while: the square root of a sum of squares."""
    s = total(x * x)
    y, _ = loop(
        [s], [s, const(x, 0, INT)],
        lambda s, y, n: P["abs"](y * y - s) > 1e-13 * s,
        lambda s, y, n: (0.5 * (y + s / y), n + 1),
    )  # fmt: skip
    return y * _at(x, 0)


def branches(x: Expr) -> Any:
    a, b = _at(x, 0), _at(x, 1)
    u, v = cond(a > b, [a, b, x], lambda a, b, x: (a * sin(b), total(x * x)),
                lambda a, b, x: (exp(a), b))  # fmt: skip
    index = P["convert"](_at(x, 2) * 3.0, dtype="i64")
    types = [F, F]
    w = emit("switch", [index, u, v], (
        block(types, lambda u, v: u * v), block(types, lambda u, v: sin(u) + v),
        block(types, lambda u, v: v)))  # fmt: skip
    return w + u * v


def branch_in_loop(x: Expr) -> Any:
    def step(i: Any, x: Any, s: Any) -> Any:
        d = element(x, i)
        found = cond(s > d, [s, d], lambda s, d: (s * d, exp(d)), lambda s, d: (s + sin(d), d))
        return found[0] + 0.1 * found[1]

    return scan(4, [x], [const(x, 0.1)], [], step)


def loop_in_branch_in_loop(x: Expr) -> Any:
    count = P["convert"](_at(x, 3) * 4.0, dtype="i64")

    def inner(s: Any, d: Any) -> Any:
        n = P["convert"](d * 3.0, dtype="i64") + 1
        return fori(n, [d], [s], lambda j, d, s: s * d + sin(s))

    def step(i: Any, x: Any, s: Any) -> Any:
        d = element(x, i)
        return cond(d > 0.4, [s, d], inner, lambda s, d: s * 0.5 + d * d)

    return fori(P["minimum"](count, 4), [x], [_at(x, 0)], step)


def table(x: Expr) -> Any:
    """A table filled in place in a double loop, reading earlier entries."""
    zeros = const(x, 0.0, Type("f64", (5, 5)))

    def entry(j: Any, x: Any, i: Any, t: Any) -> Any:
        left = P["dynamic_index"](t, i + 1, j, at=(RUN, RUN))
        up = P["dynamic_index"](t, i, j + 1, at=(RUN, RUN))
        v = sin(left + element(x, i)) + up * element(x, j)
        return P["dynamic_update"](t, v, i + 1, j + 1, at=(RUN, RUN))

    def row(i: Any, x: Any, t: Any) -> Any:
        return scan(4, [x, i], [t], [], entry)

    t = scan(4, [x], [zeros], [], row)
    return total(t * t) + P["index"](t, at=(4, 4))


def sweeps(x: Expr) -> Any:
    """In-place updates whose right-hand sides read the same array, while-loop around."""

    def sweep(u: Any, n: Any) -> Any:
        def point(i: Any, u: Any) -> Any:
            return stored(u, 0.5 * sin(element(u, i)) + 0.4 * element(u, i + 1), i)

        u = scan(3, [], [u], [], point)
        return P["update"](u, P["index"](u, at=((0, 1, 1),)) * 0.9, at=((3, 1, 1),)), n + 1

    u, _ = loop([], [x, const(x, 0, INT)], lambda u, n: n < 3, sweep)
    return total(u * u * x)


def called(x: Expr) -> Any:
    region = block([F, F], lambda a, b: (sin(a) * b, a))
    a, b = emit("call", [_at(x, 0), _at(x, 1)], (region,), name="g")
    c, _ = emit("call", [a, _at(x, 2)], (block([F, F], lambda a, b: (sin(a) * b, a)),), name="g")
    return a * c + b


PROGRAMS: dict[str, Callable[[Expr], Any]] = {
    f.__name__: f
    for f in (
        pendulum, backwards, counted, newton, branches, branch_in_loop, loop_in_branch_in_loop,
        table, sweeps, called,
    )
}  # fmt: skip
POINT = np.array([0.7, 0.45, 0.3, 0.9])


def program(name: str) -> Func:
    return func([vec(4)], PROGRAMS[name])
