"""Real programs with loops and branches: values and derivatives of both backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.control import PROGRAMS, Program
from programs.control.program import copied
from support.sampling import sampled

import tapec
from tapec.backends.llvm import available

Array = Any
NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
SLOW = pytest.mark.slow
# Natively in every run, by the interpreter and in the other modes in the long ones.
routes = pytest.mark.parametrize(
    "backend", [pytest.param("numpy", marks=SLOW), pytest.param("llvm", marks=NATIVE)]
)
both = pytest.mark.parametrize(
    "backend", [pytest.param("numpy", marks=SLOW), pytest.param("llvm", marks=[SLOW, NATIVE])]
)
every = pytest.mark.parametrize("p", PROGRAMS, ids=lambda p: p.name)
some = pytest.mark.parametrize("p", sampled(PROGRAMS, 2), ids=lambda p: p.name)
twice = pytest.mark.parametrize("p", [p for p in PROGRAMS if p.second], ids=lambda p: p.name)


def close(got: Any, want: Any, tolerance: float) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    scale = max(1.0, float(np.abs(want).max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)


def exactness(p: Program) -> float:
    return 1e-10 if p.analytic else 1e-8


def directions(p: Program, point: Any) -> list[Array]:
    own = np.random.default_rng(9)
    return [np.asarray(own.normal(size=np.shape(point[k])))[()] for k in p.argnums]


@routes
@some
def test_values_and_gradients(p: Program, backend: Any) -> None:
    """One kernel for all points: branches and trip counts are decided at run time."""
    kernel = tapec.compile(tapec.value_and_grad(p.scalar(), p.argnums), backend=backend)
    for point in p.points:
        value, gradient = kernel(*copied(point))
        close(value, p.reference_value(point), 1e-11)
        for got, want in zip(gradient, p.gradient(point), strict=True):
            close(got, want, exactness(p))


@both
@every
def test_values_alone(p: Program, backend: Any) -> None:
    """The function itself, all its results; nothing is kept for a way back."""
    kernel = tapec.compile(p.f, backend=backend)
    for point in p.points:
        close(kernel(*copied(point)), p.reference(*copied(point)), 1e-11)


@both
@every
def test_tangents(p: Program, backend: Any) -> None:
    f, chosen = p.scalar(), p.argnums

    def along(point: Any, moves: Any) -> Any:
        def of_chosen(*args: Any) -> Any:
            full = list(point)
            for k, a in zip(chosen, args, strict=True):
                full[k] = a
            return f(*full)

        return tapec.jvp(of_chosen, tuple(point[k] for k in chosen), tuple(moves))[1]

    kernel = tapec.compile(along, backend=backend)
    for point in p.points:
        moves = directions(p, point)
        pairs = zip(p.gradient(point), moves, strict=True)
        want = sum(float(np.sum(slope * move)) for slope, move in pairs)
        close(kernel(copied(point), moves), want, 10 * exactness(p))


@both
@twice
def test_second_derivatives(p: Program, backend: Any) -> None:
    """The Hessian times a vector, forward over reverse."""
    f, chosen = p.scalar(), p.argnums

    def curvature(point: Any, moves: Any) -> Any:
        def slopes(*args: Any) -> Any:
            full = list(point)
            for k, a in zip(chosen, args, strict=True):
                full[k] = a
            return tapec.grad(f, chosen)(*full)

        return tapec.jvp(slopes, tuple(point[k] for k in chosen), tuple(moves))[1]

    kernel = tapec.compile(curvature, backend=backend)
    for point in p.points:
        moves = directions(p, point)
        want = p.curvature(point, moves)
        for got, reference in zip(kernel(copied(point), moves), want, strict=True):
            close(got, reference, 1e-6)


def batched(p: Program) -> tuple[Any, Any]:
    """All points stacked along a new axis, and which arguments that was done to."""
    axes, columns = [], []
    for column in zip(*p.points, strict=True):
        same = all(np.array_equal(a, column[0]) for a in column)
        plain = isinstance(column[0], int) or (same and np.asarray(column[0]).dtype.kind != "f")
        axes.append(None if plain else 0)
        columns.append(column[0] if plain else np.stack([np.asarray(a) for a in column]))
    return tuple(axes), tuple(columns)


def stackable(p: Program) -> bool:
    """Whether the points have equal shapes and integers."""
    kinds = [tuple(a if isinstance(a, int) else np.shape(a) for a in point) for point in p.points]
    return len(set(kinds)) == 1


@both
@pytest.mark.parametrize("p", [p for p in PROGRAMS if stackable(p)], ids=lambda p: p.name)
def test_points_side_by_side(p: Program, backend: Any) -> None:
    """Lanes go different ways and stop at different times."""
    axes, arguments = batched(p)
    derived = tapec.value_and_grad(p.scalar(), p.argnums)
    kernel = tapec.compile(tapec.vmap(derived, in_axes=axes), backend=backend)
    values, gradients = kernel(*copied(arguments))
    for k, point in enumerate(p.points):
        close(values[k], p.reference_value(point), 1e-10)
        for got, want in zip(gradients, p.gradient(point), strict=True):
            close(got[k], want, 10 * exactness(p))
