"""Interpolants with traced points: splines, radial functions, grids and scattered data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import interpolate as si
from support.sampling import sampled
from support.scipy_cases import check

import tapec

R = np.random.default_rng(2)
X = np.array([0.0, 0.4, 1.1, 1.5, 2.3, 2.9, 3.4, 4.0])
Y = np.sin(2.0 * X) + 0.3 * X
Q = np.array([0.17, 1.31, 2.55, 3.71])
T = np.r_[[0.0] * 4, 1.3, 2.2, [4.0] * 4]
WIDE = np.r_[[-0.1] * 4, 1.3, 2.2, [4.1] * 4]
C = R.standard_normal(6)
INNER = np.array([1.2, 2.6])
GX, GY = np.linspace(0.0, 3.0, 6), np.linspace(0.0, 2.0, 5)
Z = R.standard_normal((6, 5))
PAIRS = R.random((4, 2)) * np.array([2.8, 1.8]) + 0.05
POINTS = R.random((9, 2))
VALUES = R.standard_normal(9)
CENTRE = np.mean(POINTS, axis=0) + 0.1 * (R.random((3, 2)) - 0.5)
COEFFICIENTS = R.standard_normal((4, 3))
BREAKS = np.array([0.0, 1.0, 2.5, 4.0])
OUTSIDE = si.RBFInterpolator(POINTS, VALUES, degree=2)

Case = tuple[Callable[[Any], Any], Any]
CASES: dict[str, Case] = {
    **{f"make_interp_spline {k}": (lambda x, k=k: si.make_interp_spline(x, Y, k)(Q), X)
       for k in (1, 2, 3, 4, 5)},
    **{f"make_interp_spline {end}": (
        lambda x, e=end: si.make_interp_spline(x, Y, 3, bc_type=e)(Q), X)
       for end in ("natural", "clamped", "not-a-knot")},
    "slopes at the ends": (
        lambda d: si.make_interp_spline(d * X, Y, bc_type=([(1, d)], [(2, 0.3)]))(Q), np.array(1.1)),
    "make_lsq_spline": (lambda x: si.make_lsq_spline(x, Y, WIDE, 3)(Q), X),
    "make_lsq_spline knots": (
        lambda t: si.make_lsq_spline(X, Y, np.concatenate([T[:4], t, T[-4:]]), 3)(Q), INNER),
    "make_lsq_spline weights": (lambda w: si.make_lsq_spline(X, Y, T, 3, w)(Q), 1.0 + Y**2),
    "make_smoothing_spline": (lambda y: si.make_smoothing_spline(X, y, lam=0.5)(Q), Y),
    "its points": (lambda x: si.make_smoothing_spline(x, Y, lam=0.3)(Q), X),
    "its penalty": (lambda p: si.make_smoothing_spline(X, Y, 1.0 + X, lam=p)(Q), np.array(0.4)),
    "splrep": (lambda x: si.splev(Q, si.splrep(x, Y)), X),
    "splrep over knots": (lambda x: si.splev(Q, si.splrep(x, Y, t=INNER)), X),
    "splprep": (lambda y: np.stack(si.splev([0.2, 0.7], si.splprep([X, y], s=0)[0])), Y),
    "spalde": (lambda c: si.spalde(1.7, (T, c, 3)), C),
    "LSQUnivariateSpline": (lambda y: si.LSQUnivariateSpline(X, y, INNER)(Q), Y),
    "InterpolatedUnivariateSpline": (
        lambda x: si.InterpolatedUnivariateSpline(x, Y, k=2)(Q), X),
    **{f"interp1d {kind}": (lambda x, k=kind: si.interp1d(x, Y, kind=k)(Q), X)
       for kind in ("linear", "quadratic", "cubic", "nearest", "previous", "next")},
    "interp1d, not sorted": (lambda x: si.interp1d(x, Y[::-1], "cubic")(Q), X[::-1]),
    "barycentric": (lambda x: si.BarycentricInterpolator(x, Y[:5])(Q), X[:5]),
    "krogh, slopes": (lambda x: si.krogh_interpolate(x, Y[:5], Q, der=[0, 1, 2]), X[:5]),
    "lagrange": (lambda y: si.lagrange(X[:4], y)(Q), Y[:4]),
    "pade": (lambda a: si.pade(a, 2)[0](Q) / si.pade(a, 2)[1](Q),
             np.array([1.0, 1.0, 0.5, 0.2, 0.05])),
    "BPoly": (lambda c: si.BPoly(c, BREAKS)(Q, 1), COEFFICIENTS),
    "PPoly.from_spline": (lambda c: si.PPoly.from_spline((T, c, 3))(Q), C),
    **{f"radial, {k}": (
        lambda p, k=k: si.RBFInterpolator(p, VALUES, kernel=k, epsilon=1.5, smoothing=0.1)(CENTRE),
        POINTS) for k in ("linear", "thin_plate_spline", "cubic", "quintic", "multiquadric",
                          "inverse_multiquadric", "inverse_quadratic", "gaussian")},
    "radial, values": (lambda v: si.RBFInterpolator(POINTS, v)(CENTRE), np.c_[VALUES, VALUES**2]),
    "radial, scale": (
        lambda e: si.RBFInterpolator(POINTS, VALUES, kernel="gaussian", epsilon=e)(CENTRE),
        np.array(2.5)),
    "radial, made outside": (lambda q: OUTSIDE(q), CENTRE),
    **{f"Rbf {f}": (lambda v, f=f: si.Rbf(*POINTS.T, v, function=f)(*CENTRE.T), VALUES)
       for f in ("multiquadric", "inverse", "gaussian", "thin_plate")},
    "LinearND points": (lambda p: si.LinearNDInterpolator(p, VALUES)(CENTRE), POINTS),
    "LinearND queries": (lambda q: si.LinearNDInterpolator(POINTS, VALUES)(q), CENTRE),
    "griddata": (lambda v: si.griddata(POINTS, v, CENTRE, rescale=True), VALUES),
    "griddata nearest": (lambda v: si.griddata(POINTS, v, CENTRE, method="nearest"), VALUES),
    "griddata in one dimension": (lambda v: si.griddata(X, v, Q, method="cubic"), Y),
    "NearestND": (lambda v: si.NearestNDInterpolator(POINTS, v)(CENTRE), VALUES),
    **{f"grid, {m}": (lambda z, m=m: si.RegularGridInterpolator((GX, GY), z, method=m)(PAIRS), Z)
       for m in ("slinear", "pchip")},
    "grid, axes": (lambda g: si.RegularGridInterpolator((g, GY), Z)(PAIRS), GX),
    "grid, pchip points": (
        lambda p: si.RegularGridInterpolator((GX, GY), Z, method="pchip")(p), PAIRS),
    "interpn": (lambda p: si.interpn((GX, GY), Z, p, method="splinef2d"), PAIRS),
    "NdBSpline": (lambda c: si.NdBSpline((T, T), c, 3)(PAIRS, nu=(1, 0)), R.random((6, 6))),
    "surface, integral": (
        lambda z: si.RectBivariateSpline(GX, GY, z).integral(0.2, 1.5, 0.3, 1.2), Z),
    "surface, axes": (lambda g: si.RectBivariateSpline(g, GY, Z).ev(*PAIRS.T), GX),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(CASES, 60))
def test_values_and_derivatives(name: str) -> None:
    f, x = CASES[name]
    check(f, x, step=1e-4, tolerance=1e-5, second=False)


@pytest.mark.parametrize(("method", "degree"), [("cubic", 3), ("quintic", 5)])
def test_splines_on_grids(method: str, degree: int) -> None:
    """SciPy's own solution is an iteration's: FITPACK's splines are the reference."""
    y = np.linspace(0.0, 2.0, 6)
    z = R.standard_normal((6, 6))
    known = si.RectBivariateSpline(GX, y, z, kx=degree, ky=degree)
    made = tapec.compile(
        lambda p: si.RegularGridInterpolator((GX, y), z, method=method)(p), backend="numpy"
    )
    slopes = tapec.compile(
        lambda p: si.RegularGridInterpolator((GX, y), z, method=method)(p, nu=(1, 0)),
        backend="numpy",
    )
    np.testing.assert_allclose(made(PAIRS), known.ev(*PAIRS.T), atol=1e-11)
    np.testing.assert_allclose(slopes(PAIRS), known.ev(*PAIRS.T, dx=1), atol=1e-10)


def test_queries_outside_of_all_simplices() -> None:
    f = lambda q: si.LinearNDInterpolator(POINTS, VALUES, fill_value=7.0)(q)  # noqa: E731
    q = np.array([[9.0, 9.0], CENTRE[0]])
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(q), f(q))
    slopes = tapec.grad(lambda q: np.sum(f(q)))(q)
    assert np.all(slopes[0] == 0.0)
    assert np.any(slopes[1] != 0.0)


@pytest.mark.slow
def test_radial_functions_at_their_own_points() -> None:
    for kernel in ("linear", "thin_plate_spline", "cubic", "gaussian"):
        f = lambda q, k=kernel: np.sum(  # noqa: E731
            si.RBFInterpolator(POINTS, VALUES, kernel=k, epsilon=1.0)(q)
        )
        assert np.all(np.isfinite(tapec.grad(f)(POINTS)))
