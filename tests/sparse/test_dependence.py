"""Patterns contain every nonzero of the Jacobian, and of many programs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.dynamic_cases import dynamic_cases
from support.patterns import hessian_pattern, jacobian_pattern, nonzero, pattern
from support.structured_cases import CASES, Case

import tapec
from tapec.ad.drivers import jacobian_func
from tapec.backends.interpreter import run
from tapec.ir import PRIMITIVES, Builder, Func, Type, dtype_name

X = np.linspace(0.3, 1.9, 12)


def program(c: Case) -> Func:
    builder = Builder()
    params = [builder.param(Type(dtype_name(x.dtype), x.shape)) for x in c.operands]
    op = builder.emit(PRIMITIVES[c.name], params, c.attrs)
    return builder.func(c.name, [v for v in op.results if v.type.is_float])


ALL = [c for c in (*CASES, *dynamic_cases()) if program(c).results]


@pytest.mark.parametrize("c", ALL, ids=str)
@pytest.mark.parametrize("places", ["known", "unknown"])
def test_every_op(c: Case, places: str) -> None:
    """Each op alone, by each operand, its places known and not."""
    func = program(c)
    whole = {k: x for k, x in enumerate(c.operands) if x.dtype.kind != "f"}
    for k in c.floats:
        if not c.operands[k].size:
            continue
        flags = [j == k for j in range(len(c.operands))]
        blocks = run(jacobian_func(func, flags), c.operands)
        actual = np.concatenate([nonzero(b, c.operands[k].size) for b in blocks])
        found = pattern(func, whole if places == "known" else None, k)
        assert not (actual & ~found).any()
        if places == "known" and PRIMITIVES[c.name].kind == "linear" and c.name != "cumsum":
            np.testing.assert_array_equal(found, actual)


def tridiagonal(x: Any) -> Any:
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def in_a_loop(x: Any) -> Any:
    y = np.zeros_like(x)
    for i in range(1, x.shape[0] - 1):
        y[i] = x[i - 1] * x[i] + np.sin(x[i + 1])
    return y


def stencil(x: Any) -> Any:
    v = np.zeros((5, 6))
    v[1:-1, 1:-1] = x.reshape(3, 4)
    inner = v[1:-1, 1:-1]
    return 4 * inner - v[2:, 1:-1] - v[:-2, 1:-1] - v[1:-1, 2:] - v[1:-1, :-2] + np.exp(inner)


def gathered(x: Any) -> Any:
    i, j = np.array([0, 3, 3, 7]), np.array([1, 4, 5, 0])
    flow = x[i] * np.cos(x[j])
    out = np.zeros(8)
    np.add.at(out, i, flow)
    np.subtract.at(out, j, flow)
    return out


def ragged(x: Any) -> Any:
    return np.concatenate([x[::3] ** 2, [x[0] * x[1]], np.repeat(x[:2], 2)])


def products(x: Any) -> Any:
    return np.einsum("bi,bi->b", x.reshape(4, 3), x.reshape(4, 3) ** 2)


def by_parts(x: Any) -> Any:
    return np.linalg.solve(x[:8].reshape(2, 2, 2), np.ones((2, 2, 1)))


def chosen(x: Any) -> Any:
    return np.where(np.arange(12) < 5, x, x[::-1])


def of_tape(x: Any) -> Any:
    total = np.zeros(3)
    for i in tapec.rolled(range(3)):
        total[i] = np.sin(total[i] + x[i])
    return total


TIGHT = [tridiagonal, in_a_loop, stencil, gathered, ragged, products, by_parts, of_tape]


@pytest.mark.parametrize("f", TIGHT)
def test_exactly_the_nonzeros(f: Callable[..., Any]) -> None:
    actual = nonzero(tapec.jacobian(f)(X), X.size)
    np.testing.assert_array_equal(jacobian_pattern(f, X), actual)


def test_a_choice_is_both_sides() -> None:
    wanted = np.eye(12, dtype=bool) | np.eye(12, dtype=bool)[::-1]
    np.testing.assert_array_equal(jacobian_pattern(chosen, X), wanted)


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_loop(x: Any) -> Any:
    total = 0.0
    for i in range(x.shape[0] - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def separable(x: Any) -> Any:
    return np.sum(np.sin(x.reshape(4, 3)).prod(axis=1))


@pytest.mark.parametrize("f", [rosenbrock, rosenbrock_loop, separable])
def test_hessians(f: Callable[..., Any]) -> None:
    actual = nonzero(tapec.hessian(f)(X), X.size)
    np.testing.assert_array_equal(hessian_pattern(f, X), actual)


def branching(x: Any) -> Any:
    if x[0] > 1:
        return x[:3] * x[3]
    return x[4:7] ** 2


def until(x: Any) -> Any:
    y = x[:3] * 1.0
    while np.sum(np.abs(y)) < 20:
        y = y * 2 + x[3:6]
    return y


def rolling(x: Any) -> Any:
    y = x[0] * 1.0
    for _ in tapec.rolled(range(4)):
        y = np.sin(y) * x[1]
    return y


def straight_through(x: Any) -> Any:
    @tapec.custom_rule
    def rounded(z: Any) -> Any:
        return np.round(z)

    @rounded.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return np.round(primals[0]), tangents[0]

    return rounded(x[:3] * x[3])


@pytest.mark.parametrize("f", [branching, until, rolling, np.sort, np.cumsum, np.cumprod])
def test_nothing_is_missing(f: Callable[..., Any]) -> None:
    found = jacobian_pattern(f, X)
    for shift in (0.0, 1.3, -2.1):
        assert not (nonzero(tapec.jacobian(f)(X + shift), X.size) & ~found).any()


def test_branches_are_joined() -> None:
    found = jacobian_pattern(branching, X)
    wanted = np.zeros((3, 12), bool)
    for k in range(3):
        wanted[k, [k, 3, 4 + k]] = True
    np.testing.assert_array_equal(found, wanted)


def weighted_sums(x: Any) -> Any:
    table = x.reshape(3, 4)
    sums = np.zeros(3)
    for i in range(3):
        total = 0.0
        for j in range(4):
            total += table[i, j] ** 2
        sums[i] = total * x[0]
    return sums


def nested(x: Any) -> Any:
    table, out = x.reshape(3, 4), np.zeros((3, 4))
    for i in range(1, 3):
        for j in range(3):
            out[i, j] = table[i - 1, j] * table[i, j + 1]
    return out


NEAR = np.array([3, 1, 4, 1, 5])


def by_table(x: Any) -> Any:
    out = np.zeros(8)
    for k in range(5):
        out[NEAR[k]] += x[k] * x[NEAR[k] + 1]
    return out


def windows(x: Any) -> Any:
    out = np.zeros((4, 2))
    for i in range(4):
        out[i] = np.array([x[i] * x[i + 1], np.sum(x[i : i + 3])])
    return out


def sorted_out(x: Any) -> Any:
    out = np.zeros_like(x)
    for i in range(1, x.shape[0] - 1):
        if x[i] > 1:
            out[i] = x[i - 1] * x[i]
        else:
            out[i] = np.exp(x[i])
    return out


LOOPS = [in_a_loop, weighted_sums, nested, by_table, windows]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops are not followed one iteration after the other."""
    monkeypatch.setattr("tapec.sparse.regions.FOLLOWED_FIRST", 0)
    monkeypatch.setattr("tapec.sparse.regions.FOLLOWED_STEPS", 0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("f", LOOPS)
def test_all_iterations_at_once(f: Callable[..., Any]) -> None:
    actual = nonzero(tapec.jacobian(f)(X), X.size)
    np.testing.assert_array_equal(jacobian_pattern(f, X), actual)

    def squares(x: Any) -> Any:
        return np.sum(f(x) ** 2)

    actual = nonzero(tapec.hessian(squares)(X), X.size)
    np.testing.assert_array_equal(hessian_pattern(squares, X), actual)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("f", [sorted_out, of_tape, until, rolling, rosenbrock_loop])
def test_nothing_is_missing_of_iterations(f: Callable[..., Any]) -> None:
    found = jacobian_pattern(f, X)
    for shift in (0.0, 0.4, -0.7):
        assert not (nonzero(tapec.jacobian(f)(X + shift), X.size) & ~found).any()


@pytest.mark.usefixtures("at_once")
def test_hessian_of_a_loop() -> None:
    actual = nonzero(tapec.hessian(rosenbrock_loop)(X), X.size)
    np.testing.assert_array_equal(hessian_pattern(rosenbrock_loop, X), actual)


def test_places_given_as_arguments() -> None:
    def f(x: Any, i: Any) -> Any:
        return x[i] * 2

    i = np.array([4, 0, 11])
    np.testing.assert_array_equal(jacobian_pattern(f, X, i), np.eye(12, dtype=bool)[i])


def test_size_is_that_of_the_nonzeros() -> None:
    n = 100_000
    func = tapec.compile(tridiagonal).specialization(np.zeros(n)).func
    from tapec.sparse.dependence import dependence

    assert dependence(func, [True]).patterns[0].nnz == 3 * n - 2
