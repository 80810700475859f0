"""Nonlinear programs: values and structure beside dense derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.nonlinear_programs import PROGRAMS, Program

import tapec
from tapec.errors import DTypeError, MissingDependency, ShapeError
from tapec.interop import ipopt, optimize


def one_of(number: int) -> list[Any]:
    """All programs, of which this one runs by default."""
    return [p if p.number == number else pytest.param(p, marks=pytest.mark.slow) for p in PROGRAMS]


def dense(structure: tuple[Any, Any], numbers: Any, shape: tuple[int, int]) -> Any:
    made = np.zeros(shape)
    np.add.at(made, structure, numbers)
    return made


@pytest.mark.parametrize("program", one_of(78), ids=str)
def test_derivatives(program: Program, rng: np.random.Generator) -> None:
    n = len(program.start)
    p = tapec.nlp(program.objective, program.constraints, n)
    x, weights = np.array(program.start) + 0.1 * rng.normal(size=n), rng.normal(size=p.m)

    def lagrangian(x: Any) -> Any:
        return 0.7 * program.objective(x) + weights @ np.stack(program.constraints(x))

    assert p.objective(x) == pytest.approx(program.objective(x))
    np.testing.assert_allclose(p.constraints(x), program.constraints(x))
    np.testing.assert_allclose(p.gradient(x), tapec.grad(program.objective)(x))
    np.testing.assert_allclose(dense(p.jacobian_structure, p.jacobian(x), (p.m, n)),
                               np.stack(tapec.jacobian(program.constraints)(x)))  # fmt: skip
    found = dense(p.hessian_structure, p.hessian(x, weights, 0.7), (n, n))
    np.testing.assert_allclose(found, np.tril(tapec.hessian(lagrangian)(x)), rtol=1e-12, atol=1e-12)


def chain(x: Any, a: Any) -> Any:
    return np.sum(a * (x[1:] - x[:-1] ** 2) ** 2)


def test_results_go_where_they_are_wanted() -> None:
    p = tapec.nlp(chain, lambda x, a: x[:-1] * x[1:] * a, 50, parameters=(np.arange(49.0),))
    x, weights = np.linspace(1, 2, 50), np.ones(49)
    assert (p.m, p.jacobian_structure[0].size, p.hessian_structure[0].size) == (49, 98, 99)
    for call in (
        p.gradient,
        p.constraints,
        p.jacobian,
        lambda x, out=None: p.hessian(x, weights, 1.0, out),
    ):
        wanted = call(x)
        out = np.empty_like(wanted)
        assert call(x, out=out) is out
        assert np.array_equal(out, wanted)
    assert p.value_and_gradient(x)[0] == p.objective(x)
    before = p.hessian(x, weights)
    p.parameters = (2 * np.arange(49.0),)
    np.testing.assert_allclose(p.hessian(x, weights), 2 * before)


def test_what_functions_capture_may_change() -> None:
    """Values, contents and structure, again and again."""
    scale, places = np.ones(4), np.array([0, 1])
    factor = 2.0

    def constraints(x: Any) -> Any:
        return factor * scale[places] * x[places] ** 2

    derivative = tapec.jacobian(constraints, sparse=True)
    x = np.array([1.0, 2.0, 3.0, 4.0])
    run = derivative.numbers(x)
    for step in range(12):
        if step % 3 == 0:
            scale[1] += 1
        elif step % 3 == 1:
            factor += 1.0
        else:
            scale = scale + 0.5
        np.testing.assert_allclose(run(x), 2 * factor * (scale * x)[places])
        np.testing.assert_allclose(derivative(x).data, run(x))


def test_programs_without_constraints_or_nonzeros() -> None:
    p = tapec.nlp(lambda x: np.sum(x), None, 3)
    assert (p.m, p.hessian([1, 2, 3], []).size, p.jacobian([1, 2, 3]).size) == (0, 0, 0)
    assert "3 variables, 0 constraints" in repr(p)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tapec.nlp(np.sin, None, 3), "an array of shape \\(3,\\)"),
        (lambda: tapec.nlp(np.sum, None, 3).objective(np.ones(4)), "variables of shape \\[4\\]"),
        (lambda: tapec.nlp(np.sum, np.sin, 3).hessian(np.ones(3), [1.0]), "multipliers"),
    ],
)
def test_refusals(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        make()


# --- IPOPT ----------------------------------------------------------------------------------------

HOW = "needs cyipopt: apt-get install coinor-libipopt-dev liblapack-dev libblas-dev, then pip install '.[ipopt]'"


@pytest.mark.parametrize("program", one_of(71), ids=str)
def test_ipopt_reaches_published_optima(program: Program) -> None:
    pytest.importorskip("cyipopt", reason=HOW)
    p = tapec.nlp(program.objective, program.constraints, len(program.start))
    found = ipopt.solve(p, program.start, bounds=program.bounds,
                        constraint_bounds=program.constraint_bounds)  # fmt: skip
    assert found.success, found.message
    assert found.value == pytest.approx(program.optimum, rel=2e-6, abs=2e-6)


def test_ipopt_takes_as_many_steps_as_with_derivatives_by_hand() -> None:
    cyipopt = pytest.importorskip("cyipopt", reason=HOW)

    class ByHand(ipopt.Callbacks):
        """Problem 71 of Hock and Schittkowski."""

        def __init__(self) -> None:
            self.iterations = 0

        def objective(self, x: Any) -> float:
            return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]

        def gradient(self, x: Any) -> Any:
            s = x[0] + x[1] + x[2]
            return np.array([x[3] * (s + x[0]), x[0] * x[3], x[0] * x[3] + 1, x[0] * s])

        def constraints(self, x: Any) -> Any:
            return np.array([np.prod(x) - 25, x @ x - 40])

        def jacobian(self, x: Any) -> Any:
            return np.concatenate([np.prod(x) / x, 2 * x])

        def jacobianstructure(self) -> Any:
            return np.nonzero(np.ones((2, 4)))

        def hessianstructure(self) -> Any:
            return np.nonzero(np.tril(np.ones((4, 4))))

        def hessian(self, x: Any, multipliers: Any, factor: float) -> Any:
            a, b, c, d = x
            f = np.array([[2 * d, 0, 0, 0], [d, 0, 0, 0], [d, 0, 0, 0], [2 * a + b + c, a, a, 0]])
            g = np.array([[0, 0, 0, 0], [c * d, 0, 0, 0], [b * d, a * d, 0, 0],
                          [b * c, a * c, a * b, 0]])  # fmt: skip
            every = factor * f + multipliers[0] * g + 2 * multipliers[1] * np.eye(4)
            return every[np.tril_indices(4)]

    by_hand = ByHand()
    problem = cyipopt.Problem(4, 2, by_hand, np.ones(4), 5 * np.ones(4), [0, 0], [np.inf, 0])
    problem.add_option("print_level", 0)
    problem.add_option("sb", "yes")
    x, _ = problem.solve(np.array([1.0, 5, 5, 1]))
    (program,) = (p for p in PROGRAMS if p.number == 71)
    found = ipopt.solve(tapec.nlp(program.objective, program.constraints, 4), program.start,
                        bounds=program.bounds, constraint_bounds=program.constraint_bounds)  # fmt: skip
    assert found.iterations == by_hand.iterations
    np.testing.assert_allclose(found.x, x, rtol=1e-10)


def test_missing_ipopt_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cyipopt", None)
    with pytest.raises(MissingDependency, match=r"tapec\[ipopt\]"):
        ipopt.solve(tapec.nlp(lambda x: x @ x, None, 2), np.ones(2))


def test_conditions_are_no_constraints() -> None:
    for constraints in (lambda x: x > 0, lambda x: (x[0], x[1] <= x[2])):
        with pytest.raises(DTypeError, match="return the numbers"):
            tapec.nlp(np.sum, constraints, 3)
    given = {"type": "ineq", "fun": lambda x: x[0] > 1.0}
    with pytest.raises(DTypeError, match="return conditions"):
        optimize.minimize(lambda x: np.sum(x**2), np.ones(3), constraints=given)


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(DTypeError, match="is no integer"):
        tapec.nlp(np.sum, None, 2.5)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="number of variables -1 is negative"):
        tapec.nlp(np.sum, None, -1)
    program = tapec.nlp(lambda x: np.sum(x**2), lambda x: x[:2], 3)
    for wrong in ({"bounds": ([0, 0], 1)}, {"constraint_bounds": (np.zeros(3), 1)}, {"bounds": 1}):
        with pytest.raises(ShapeError, match="that do not fit"):
            ipopt.solve(program, np.zeros(3), **wrong)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="x0 of shape"):
        ipopt.solve(program, np.zeros(2))
