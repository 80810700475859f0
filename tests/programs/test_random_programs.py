"""Random programs over the table of primitives: native code computes what the interpreter does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.rules_support import same_bits

from tapec.backends import interpreter
from tapec.backends.llvm import ArrayArg, KernelAbi, NativeEntry, Output, available
from tapec.backends.llvm.compile import compile_func
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Func, Type
from tapec.ir.printer import print_func

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
quick = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
Draw = Callable[[Any], Any]
Step = Callable[[Draw, list[Expr]], Expr]

SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 1), (0, 3), (2, 3, 4), (1000,), (37, 29)]
SPECIALS = [0.0, -0.0, 1.0, -1.0, 2.5, -3.0, 1e300, -1e-300, 5e-324, np.inf, -np.inf, np.nan]
# Rounded correctly by every backend: no tolerance at all. Not mul: with add it may be contracted.
EXACT = "add sub div neg abs sign minimum maximum fmin fmax floor ceil trunc rint sqrt".split()
EXACT += ["copysign"]
TESTS = "less less_equal greater greater_equal equal not_equal".split()
SMOOTH = [
    p.name
    for p in P.values()
    if p.kind == "elementwise"
    and p.analytic
    and p.domain
    and p.name not in ("integer_pow", "polygamma", "convert", "select", "stop_gradient")
]
MOST = 5000  # elements of a value


def fits(a: Expr, b: Expr) -> bool:
    try:
        return int(np.prod(np.broadcast_shapes(a.shape, b.shape))) <= MOST
    except ValueError:
        return False


def partner(draw: Draw, x: Expr, values: list[Expr]) -> Expr:
    return draw(st.sampled_from([v for v in values if fits(x, v)]))


def pick(draw: Draw, values: list[Expr]) -> Expr:
    return draw(st.sampled_from(values))


def exact(draw: Draw, values: list[Expr]) -> Expr:
    name, x = draw(st.sampled_from(EXACT)), pick(draw, values)
    y = P[name](x, *(partner(draw, x, values) for _ in P[name].domain[1:]))
    return y + 0.0 if name.startswith(("min", "max", "fmin", "fmax")) else y


def chosen(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    y = partner(draw, x, values)
    where = P[draw(st.sampled_from(TESTS))](x, 0.4373)
    return P["select"](where, x, y) if draw(st.booleans()) else P["select"](where, y, x)


def smooth(draw: Draw, values: list[Expr]) -> Expr:
    """A function inside its domain, where errors are not magnified."""
    name, x = draw(st.sampled_from(SMOOTH)), pick(draw, values)
    operands = [x, *(partner(draw, x, values) for _ in P[name].domain[1:])]
    inside = [
        P["sin"](v) * (0.5 * (high - low)) + 0.5 * (high + low)
        for v, (low, high) in zip(operands, P[name].domain, strict=True)
    ]
    return P[name](*inside)


def entry(draw: Draw, n: int) -> Any:
    kind = draw(st.integers(0, 3 if n else 0))
    if (kind == 0 and draw(st.booleans())) or not n:
        return (0, n, 1)
    start = draw(st.integers(0, n - 1))
    if kind == 1:
        return start
    step = draw(st.sampled_from([-3, -1, 1, 2]))
    room = (n - 1 - start) // step if step > 0 else start // -step
    return (start, room + 1 - draw(st.integers(0, min(room, 2))), step)


def index(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    return P["index"](x, at=tuple(entry(draw, n) for n in x.shape))


def write(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    at = tuple(entry(draw, n) for n in x.shape)
    part = P["index"](x, at=at)
    other = partner(draw, part, [part, *values])
    if np.broadcast_shapes(part.shape, other.shape) == part.shape:
        part = P["broadcast_to"](other, shape=part.shape)
    return P["update"](x, P["neg"](part), at=at)


def placed(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    gap, step = draw(st.integers(0, 3)), draw(st.sampled_from([1, 2, -1]))
    if not x.shape:
        return P["place"](x, at=((gap,),), shape=(5,))
    n, rest = x.shape[0], tuple((0, m, 1) for m in x.shape[1:])
    length = gap + (n - 1) * abs(step) + 2 if n else gap
    first = gap if step > 0 else gap + max(n - 1, 0) * -step
    return P["place"](x, at=(((first, n, step), *rest),), shape=(length, *x.shape[1:]))


def moved(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return P["transpose"](x, perm=tuple(draw(st.permutations(range(len(x.shape))))))
    if kind == 1 and len(x.shape) < 3 and 3 * int(np.prod(x.shape)) <= MOST:
        return P["broadcast_to"](x, shape=(3, *x.shape))
    if kind == 2:
        return P["reshape"](x, shape=(int(np.prod(x.shape)),))
    return P["reshape"](x, shape=(*x.shape, 1))


def joined(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    y = draw(st.sampled_from([v for v in values if v.shape == x.shape]))
    if not x.shape or (draw(st.booleans()) and len(x.shape) < 3):
        return P["stack"](x, y, x, axis=draw(st.integers(0, len(x.shape))))
    return P["concatenate"](x, y, axis=draw(st.integers(0, len(x.shape) - 1)))


def gathered(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    if not x.shape or not x.shape[0]:
        return x
    n = x.shape[0]
    where = np.array(draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=4)))
    builder = x.builder
    picks = builder.expr(builder.const(where, Type("i64", where.shape)))
    if draw(st.booleans()):
        return P["gather"](x, picks)
    part = P["gather"](x, picks)
    return P[draw(st.sampled_from(["scatter", "scatter_add"]))](x, part * 0.5, picks)


def extreme(draw: Draw, values: list[Expr]) -> Expr:
    x = pick(draw, values)
    axes = tuple(a for a, n in enumerate(x.shape) if n and draw(st.booleans()))
    return P[draw(st.sampled_from(["reduce_max", "reduce_min"]))](x, axes=axes) + 0.0


def total(draw: Draw, values: list[Expr]) -> Expr:
    x = P["sin"](pick(draw, values))
    axes = tuple(a for a in range(len(x.shape)) if draw(st.booleans()))
    return P[draw(st.sampled_from(["reduce_sum", "reduce_prod"]))](x, axes=axes)


def running(draw: Draw, values: list[Expr]) -> Expr:
    x = P["sin"](pick(draw, values))
    if not x.shape:
        return x
    attrs = {"axis": draw(st.integers(0, len(x.shape) - 1)), "reverse": draw(st.booleans())}
    if draw(st.booleans()):
        return P["cumsum"](x, **attrs)
    return P["recurrence"](x * 0.9, P["cos"](x), **attrs)


def product(draw: Draw, values: list[Expr]) -> Expr:
    x = P["sin"](pick(draw, values))
    pairs = [
        (y, i, j)
        for y in values
        for i, n in enumerate(x.shape)
        for j, m in enumerate(y.shape)
        if n == m and int(np.prod(x.shape)) * int(np.prod(y.shape)) <= MOST * max(n * n, 1)
    ]
    if not pairs:
        return x
    y, i, j = draw(st.sampled_from(pairs))
    how = "batch" if draw(st.integers(0, 3)) == 0 and int(np.prod(x.shape)) < 50 else "contract"
    attrs = {"contract": (), "batch": (), how: ((i, j),)}
    return P["dot"](x, P["cos"](y), **attrs)


SHAPED: list[Step] = [index, write, moved, joined, gathered]


def program(draw: Draw, steps: list[Step], dtype: str) -> Func:
    builder = Builder()
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    values = [builder.expr(builder.param(Type(dtype, s))) for s in shapes]
    for _ in range(draw(st.integers(1, 10))):
        made = draw(st.sampled_from(steps))(draw, values)
        if int(np.prod(made.shape)) <= MOST:
            values.append(made)
    results = [values[-1], *draw(st.lists(st.sampled_from(values), max_size=2))]
    return builder.func("random", [v.value for v in results])


def native(func: Func, args: list[Any]) -> tuple[Any, ...]:
    ins = tuple(ArrayArg(p.type.dtype, p.type.shape) for p in func.params)
    outs = tuple(Output(r.type.dtype, r.type.shape) for r in func.results)
    kernel = compile_func(func, KernelAbi(ins, outs, "tuple"))
    return NativeEntry(kernel.library, kernel.signature)(*args)


def arguments(func: Func, seed: int, specials: bool) -> list[Any]:
    rng = np.random.default_rng(seed)
    found = []
    for p in func.params:
        x = rng.normal(size=p.type.shape)
        if specials:
            x = np.where(rng.random(p.type.shape) < 0.6, rng.choice(SPECIALS, p.type.shape), x)
        with np.errstate(over="ignore", under="ignore"):
            found.append(np.asarray(x, p.type.numpy))
    return found


@quick
@given(st.data(), st.integers(0, 1000), st.sampled_from(["f64", "f32"]))
def test_exact_programs(data: Any, seed: int, dtype: str) -> None:
    """Correctly rounded operations agree to the bit, infinities, NaN and all.

    Not placements: whether 0.0 is added to a placed -0.0 is left open. The extreme of 0.0 and
    -0.0 is left open too, hence 0.0 is added to it.
    """
    func = program(data.draw, [exact, exact, chosen, extreme, *SHAPED], dtype)
    args = arguments(func, seed, specials=True)
    for got, want in zip(native(func, args), interpreter.run(func, args), strict=True):
        assert same_bits(got, want), (print_func(func), args, got, want)


@quick
@given(st.data(), st.integers(0, 1000), st.sampled_from(["f64", "f32"]))
def test_smooth_programs(data: Any, seed: int, dtype: str) -> None:
    """Functions, sums and products agree to rounding."""
    steps = [smooth, smooth, smooth, chosen, total, running, product, extreme, placed, *SHAPED]
    func = program(data.draw, steps, dtype)
    args = arguments(func, seed, specials=False)
    eps = float(np.finfo(func.params[0].type.numpy).eps)
    for got, want in zip(native(func, args), interpreter.run(func, args), strict=True):
        scale = max(1.0, float(np.abs(want).max(initial=0.0)))
        np.testing.assert_allclose(
            got, want, rtol=2000 * eps, atol=2000 * eps * scale, err_msg=print_func(func)
        )
