"""`taylor`, `taylor_polynomial` and `tensors` as users call them."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import Polynomial

import tapec
from tapec.errors import DTypeError, NonDifferentiableError, ShapeError, UnsupportedOperation

X = np.array([0.3, 0.4, 0.5])


def vector(x: Any) -> Any:
    return np.array([np.exp(x[0] * x[1]) * x[2], np.sin(x[0] + x[1] + x[2])])


# --- arguments and results -----------------------------------------------------------------------


def test_shapes_are_those_of_the_result_behind_the_coefficients() -> None:
    assert tapec.taylor(np.exp, 4)(0.0, 1.0).shape == (5,)
    assert tapec.taylor(vector, 4)(X, X).shape == (5, 2)
    assert tapec.taylor(np.linalg.inv, 0)(np.eye(3), np.eye(3)).shape == (1, 3, 3)
    assert tapec.taylor(np.exp, 2)(np.float32(1.0), 1.0).dtype == np.float32


def test_several_arguments() -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        return a * b**2 + c

    along_b = tapec.taylor(f, 2, argnums=1)(3.0, 1.0, 2.0, 10.0)
    assert along_b.tolist() == [28.0, 12.0, 2.0]
    along_both = tapec.taylor(f, 3, argnums=(0, 1))((2.0, 3.0), (1.0, 1.0), 10.0)
    assert along_both.tolist() == [28.0, 21.0, 8.0, 1.0]
    assert tapec.taylor(f, 1, argnums=-1)(10.0, 5.0, 2.0, 3.0).tolist() == [28.0, 5.0]


def test_nested_arguments_and_results() -> None:
    def f(d: Any) -> Any:
        return {"product": d["a"] * d["b"], "constant": 3.0, "both": (d["a"], d["b"])}

    found = tapec.taylor(f, 2)({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 1.0})
    assert found["product"].tolist() == [2.0, 3.0, 1.0]
    assert found["constant"].tolist() == [3.0, 0.0, 0.0]
    assert found["both"][1].tolist() == [2.0, 1.0, 0.0]


def test_a_curve_by_its_coefficients() -> None:
    along = tapec.taylor(np.exp, 3, series=True)
    np.testing.assert_allclose(along(np.array([0.0, 1.0])), [1.0, 1.0, 0.5, 1 / 6])
    np.testing.assert_allclose(along(np.array([0.0, 0.0, 1.0, 1.0])), [1.0, 0.0, 1.0, 1.0])
    both = tapec.taylor(lambda a, b: a * b, 2, argnums=(0, 1), series=True)
    assert both((np.array([1.0, 1.0]), np.array([2.0, 0.0, 1.0]))).tolist() == [2.0, 2.0, 1.0]


def test_integers_in_python_are_floats() -> None:
    assert tapec.taylor(lambda x: x * x, 2)(3, 1).tolist() == [9.0, 6.0, 1.0]


# --- composition ---------------------------------------------------------------------------------


def test_the_gradient_of_a_coefficient() -> None:
    for backend in ("numpy", "auto"):
        third = tapec.compile(lambda x: tapec.taylor(np.exp, 3)(x, 2.0)[3], backend=backend)
        assert tapec.grad(third)(0.5) == pytest.approx(8 * math.exp(0.5) / 6, rel=1e-14)


def test_coefficients_of_a_gradient() -> None:
    found = tapec.taylor(tapec.grad(lambda x: np.sum(np.exp(x) ** 2)), 2)(X, np.ones(3))
    np.testing.assert_allclose(found, [2**k * 2 * np.exp(2 * X) for k in (0, 1, 1)], rtol=1e-14)


def test_coefficients_over_a_batch() -> None:
    found = tapec.vmap(tapec.taylor(np.exp, 3))(X, np.ones(3))
    wanted = np.exp(X)[:, None] / np.array([1.0, 1.0, 2.0, 6.0])
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_coefficients_of_coefficients() -> None:
    inner = lambda x: tapec.taylor(np.exp, 2)(x, 1.0)[2]  # noqa: E731
    np.testing.assert_allclose(tapec.taylor(inner, 2)(0.0, 1.0), [0.5, 0.5, 0.25], rtol=1e-14)


def test_captured_variables_do_not_move() -> None:
    def outer(a: Any) -> Any:
        return tapec.taylor(lambda x: a * x**2, 2)(1.0, 1.0)

    np.testing.assert_array_equal(tapec.jacobian(outer)(3.0), [1.0, 2.0, 1.0])


def test_kernels_are_pickled_and_shown() -> None:
    kernel = tapec.taylor(np.exp, 2)
    again = pickle.loads(pickle.dumps(kernel))
    np.testing.assert_array_equal(again(0.0, 1.0), kernel(0.0, 1.0))
    assert "stack" in str(kernel.ir("optimized", 0.0, 1.0))


# --- loops and size ------------------------------------------------------------------------------


def ops(kernel: Any, *args: Any) -> int:
    return str(kernel.ir("optimized", *args)).count("\n")


def test_loops_stay_loops() -> None:
    def f(x: Any, n: int) -> Any:
        return tapec.fori_loop(0, n, lambda i, y: y + np.sin(y) * x, x)

    sizes = [ops(tapec.taylor(lambda x, n=n: f(x, n), 5), 0.1, 1.0) for n in (100, 1000)]
    assert sizes[0] == sizes[1]


def chain(n: int) -> Any:
    def f(x: Any) -> Any:
        y = x
        for _ in tapec.unroll(range(n)):
            y = np.sin(y * x) / (1.0 + y)
        return y

    return f


@pytest.mark.slow
def test_large_programs_give_the_same() -> None:
    found = tapec.taylor(chain(12), 20)(0.3, 1.0)
    inner = tapec.taylor(chain(12), 4)(0.3, 1.0)
    np.testing.assert_allclose(found[:5], inner, rtol=1e-13)
    numpy = tapec.taylor(tapec.compile(chain(12), backend="numpy"), 20)
    np.testing.assert_allclose(found, numpy(0.3, 1.0), rtol=1e-9)


# --- polynomials ---------------------------------------------------------------------------------


def test_a_polynomial_of_a_number_is_numpys() -> None:
    p = tapec.taylor_polynomial(np.exp, 0.5, 6)
    assert isinstance(p, Polynomial)
    np.testing.assert_allclose(
        p.coef, math.exp(0.5) / np.array([math.factorial(k) for k in range(7)])
    )
    assert p(0.6) == pytest.approx(math.exp(0.6), rel=1e-10)
    assert p.deriv()(0.5) == pytest.approx(math.exp(0.5), rel=1e-14)


def test_a_polynomial_of_several_numbers() -> None:
    p = tapec.taylor_polynomial(vector, X, 4)
    assert len(p.coefficients) == math.comb(3 + 4, 4)
    np.testing.assert_allclose(p(X + 0.01), vector(X + 0.01), rtol=1e-8)
    many = X + np.linspace(0.0, 0.01, 6).reshape(2, 3, 1)
    np.testing.assert_allclose(p(many)[1, 2], vector(many[1, 2]), rtol=1e-8)
    assert p[5, 0, 0] == 0.0
    cross = tapec.hessian(lambda x: vector(x)[0])(X)[0, 2]
    assert p.coefficients[1, 0, 1][0] == pytest.approx(cross, rel=1e-13)


def test_a_polynomial_is_exact_for_polynomials() -> None:
    def f(x: Any) -> Any:
        return x[0, 0] ** 3 * x[1, 1] - 2.0 * x[0, 1] * x[1, 0] + 1.0

    p = tapec.taylor_polynomial(f, np.ones((2, 2)), 4)
    y = np.random.default_rng(0).normal(size=(2, 2))
    assert p(y) == pytest.approx(f(y), rel=1e-11)


def test_points_of_another_shape_are_refused() -> None:
    p = tapec.taylor_polynomial(vector, X, 2)
    with pytest.raises(ShapeError, match="a point of shape"):
        p(np.ones(2))


# --- tensors -------------------------------------------------------------------------------------


def test_tensors_are_nested_jacobians() -> None:
    f: Any = vector
    for k, found in enumerate(tapec.tensors(vector, 3)(X)):
        assert found.shape == (2, *(3,) * k)
        np.testing.assert_allclose(found, tapec.compile(f)(X), rtol=1e-12, atol=1e-13)
        f = tapec.jacobian(f)


def test_tensors_by_another_argument_and_of_matrices() -> None:
    def f(a: Any, x: Any) -> Any:
        return a * np.sum(x) ** 2 * x[0, 1]

    value, first, second = tapec.tensors(f, 2, argnums=1)(2.0, np.ones((2, 2)))
    assert value == 32.0
    assert first.shape == (2, 2)
    assert second.shape == (2, 2, 2, 2)
    wanted = tapec.hessian(f, argnums=1)(2.0, np.ones((2, 2)))
    np.testing.assert_allclose(second, wanted, rtol=1e-13)


def test_tensors_of_order_zero_and_of_numbers() -> None:
    (value,) = tapec.tensors(vector, 0)(X)
    np.testing.assert_array_equal(value, vector(X))
    assert [float(d) for d in tapec.tensors(np.exp, 3)(0.0)] == [1.0] * 4


# --- differential equations ----------------------------------------------------------------------


def expanded_by_order(f: Any, t: float, y: Any, degree: int) -> np.ndarray:
    """Coefficient k + 1 from one expansion of degree k for each k."""
    series = np.asarray(y, float)[None]
    for k in range(degree):
        clock = np.array([t, 1.0])[: k + 1]
        rates = tapec.taylor(f, k, argnums=(0, 1), series=True)((clock, series))
        series = np.concatenate([series, rates[-1:] / (k + 1)])
    return series


def pendulum(t: Any, y: Any) -> Any:
    return np.array([y[1], -np.sin(y[0]) + 0.1 * np.cos(t)])


def rolled(t: Any, y: Any) -> Any:
    total = 0.0 * y
    for i in tapec.rolled(range(3)):
        total = total + np.sin(y + i) * t
    return total


def chosen(t: Any, y: Any) -> Any:
    return np.exp(-y) if np.sum(y) > 0.0 else y * t


@pytest.mark.parametrize("f", [pendulum, rolled, chosen])
def test_the_series_of_a_solution(f: Any) -> None:
    found = tapec.ode_series(f, 5)(0.3, np.array([1.0, 0.2]))
    np.testing.assert_allclose(found, expanded_by_order(f, 0.3, [1.0, 0.2], 5), rtol=1e-12)


def test_the_series_of_a_nested_state() -> None:
    def f(t: Any, state: Any, rate: float) -> Any:
        return {"x": state["v"], "v": -rate * state["x"]}

    found = tapec.ode_series(f, 4)(0.0, {"x": 1.0, "v": 0.0}, 4.0)
    np.testing.assert_allclose(found["x"], [1.0, 0.0, -2.0, 0.0, 2 / 3])
    slope = tapec.grad(lambda rate: tapec.ode_series(f, 4)(0.0, {"x": 1.0, "v": 0.0}, rate)["x"][4])
    assert slope(4.0) == pytest.approx(8 / 24)


def test_a_solution_is_constant_where_nothing_moves_it() -> None:
    found = tapec.ode_series(lambda t, y: 0.0 * y + 2.0, 3)(0.0, np.ones(2))
    np.testing.assert_array_equal(found, [[1.0, 1.0], [2.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
    assert tapec.ode_series(lambda t, y: y, 0)(0.0, 2.0).tolist() == [2.0]


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "call"),
    [
        (ShapeError, lambda: tapec.taylor(np.exp, -1)),
        (DTypeError, lambda: tapec.taylor(np.exp, 2.5)),
        (DTypeError, lambda: tapec.taylor(np.exp, True)),
        (ShapeError, lambda: tapec.ode_series(lambda t, y: y[:2], 2)(0.0, X)),
        (DTypeError, lambda: tapec.ode_series(lambda t, y: y, 2)(0.0, np.arange(3))),
        (ShapeError, lambda: tapec.tensors(np.exp, -1)),
        (ShapeError, lambda: tapec.taylor_polynomial(np.exp, 0.0, -1)),
        (DTypeError, lambda: tapec.taylor(np.exp, 2)(np.arange(3), np.ones(3))),
        (DTypeError, lambda: tapec.taylor(np.argmax, 2)(X, X)),
        (ShapeError, lambda: tapec.taylor(np.exp, 2)(X, np.ones(2))),
        (ShapeError, lambda: tapec.taylor(np.exp, 2)(1.0)),
        (ShapeError, lambda: tapec.taylor(lambda d: d["a"], 2)({"a": 1.0, "b": 1.0}, {"a": 1.0})),
        (ShapeError, lambda: tapec.taylor(np.exp, 2, series=True)(np.ones(4))),
        (ShapeError, lambda: tapec.taylor(np.exp, 2, series=True)(1.0)),
        (ShapeError, lambda: tapec.taylor(lambda a, b: a, 2, argnums=(0, 1))((1.0,), (1.0,))),
        (ShapeError, lambda: tapec.tensors(lambda d: d["a"] * d["b"], 2)({"a": 1.0, "b": 1.0})),
        (ShapeError, lambda: tapec.tensors(np.sum, 2)(np.ones(0))),
        (DTypeError, lambda: tapec.taylor_polynomial(lambda x: (x, x), 1.0, 2)),
    ],
)
def test_refusals(error: type[Exception], call: Any) -> None:
    with pytest.raises(error):
        call()


def test_a_rule_for_reverse_mode_only_names_the_line() -> None:
    f = tapec.custom_rule(lambda x: x**2, vjp=lambda x: (x**2, lambda ct: (2.0 * x * ct,)))

    def g(x: Any) -> Any:
        return f(x)

    with pytest.raises(NonDifferentiableError, match=r"test_taylor.py:\d+:  return f\(x\)"):
        tapec.taylor(g, 2)(1.0, 1.0)


def test_a_call_of_unknown_code_names_the_line() -> None:
    unknown = tapec.opaque(lambda x: np.asarray(x) ** 2, like=np.zeros(3))

    def g(x: Any) -> Any:
        return unknown(x)

    with pytest.raises((NonDifferentiableError, UnsupportedOperation), match=r"test_taylor\.py"):
        tapec.taylor(g, 2)(X, X)
