"""Splines made outside and evaluated on traced points, or built from traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import interpolate
from support.sampling import sampled
from support.scipy_cases import check

import tapec

X = 3.0 * np.linspace(0.0, 1.0, 9) ** 1.4 - 0.4
Y = np.sin(2.0 * X) + 0.3 * X
ROWS = np.stack([Y, np.cos(X)], axis=-1)
POINTS = np.array([[-0.21, 0.33, 0.9], [1.37, 2.05, 2.55]])
OUTSIDE = np.array([-0.9, 0.4, 3.1])

MAKERS: dict[str, Any] = {
    "not-a-knot": lambda y: interpolate.CubicSpline(X, y),
    "natural": lambda y: interpolate.CubicSpline(X, y, bc_type="natural"),
    "clamped": lambda y: interpolate.CubicSpline(X, y, bc_type="clamped"),
    "ends": lambda y: interpolate.CubicSpline(X, y, bc_type=((1, 0.3), (2, -0.2))),
    "pchip": lambda y: interpolate.PchipInterpolator(X, y),
    "akima": lambda y: interpolate.Akima1DInterpolator(X, y),
    "makima": lambda y: interpolate.Akima1DInterpolator(X, y, method="makima"),
    "hermite": lambda y: interpolate.CubicHermiteSpline(X, y, np.cos(X)),
    "linear B": lambda y: interpolate.make_interp_spline(X, y, k=1),
    "quadratic B": lambda y: interpolate.make_interp_spline(X, y, k=2),
    "cubic B": lambda y: interpolate.make_interp_spline(X, y),
    "quintic B": lambda y: interpolate.make_interp_spline(X, y, k=5),
    "natural B": lambda y: interpolate.make_interp_spline(X, y, bc_type="natural"),
    "clamped B": lambda y: interpolate.make_interp_spline(X, y, bc_type="clamped"),
    "least squares": lambda y: interpolate.make_lsq_spline(
        X, y, np.r_[[X[0]] * 4, 0.7, 1.5, [X[-1]] * 4]
    ),
    "interp1d": lambda y: interpolate.interp1d(X, y),
    "interp1d cubic": lambda y: interpolate.interp1d(X, y, kind="cubic"),
    "interp1d beyond": lambda y: interpolate.interp1d(X, y, fill_value="extrapolate"),
    "fitpack": lambda y: interpolate.InterpolatedUnivariateSpline(X, y),
    "fitpack s=0": lambda y: interpolate.UnivariateSpline(X, y, k=4, s=0),
    "barycentric": lambda y: interpolate.BarycentricInterpolator(X, y),
    "krogh": lambda y: interpolate.KroghInterpolator(X, y),
}
SMOOTH = [n for n in MAKERS if n not in ("interp1d", "linear B", "interp1d beyond")]
OF_ROWS = [n for n in MAKERS if not n.startswith(("fitpack", "hermite", "ends", "interp1d"))]


@pytest.mark.parametrize("name", sampled(MAKERS, 7))
def test_points_are_traced(name: str) -> None:
    made = MAKERS[name](Y)
    check(lambda x: made(x), POINTS)


@pytest.mark.parametrize("name", sampled(MAKERS, 7))
def test_values_are_traced(name: str) -> None:
    check(lambda y: MAKERS[name](y)(POINTS), Y, step=1e-4, second=False)


@pytest.mark.parametrize("name", sampled(MAKERS, 9))
def test_both_are_traced(name: str) -> None:
    check(lambda p: MAKERS[name](p[0] * Y)(p[1:]), np.array([1.2, 0.35, 1.9]))


@pytest.mark.parametrize("name", sampled(OF_ROWS, 8))
def test_values_of_several_axes(name: str) -> None:
    made = MAKERS[name](ROWS)
    check(lambda x: made(x), POINTS, second=False)


@pytest.mark.parametrize("kind", sampled(["linear", "cubic", "previous"], 3))
def test_interp1d_of_several_axes(kind: str) -> None:
    stacked = np.stack([ROWS.T, 2.0 * ROWS.T + 1.0])
    for values, axis in ((stacked, -1), (np.moveaxis(stacked, -1, 1), 1)):
        made = interpolate.interp1d(X, values, kind, axis, fill_value="extrapolate")
        check(lambda x, made=made: made(x), POINTS, second=False)


PIECES = ["not-a-knot", "natural", "pchip", "akima", "hermite"]


@pytest.mark.parametrize("nu", sampled([1, 2, 3, 4], 3))
@pytest.mark.parametrize("name", sampled([*PIECES, "cubic B", "quintic B", "fitpack"], 8))
def test_derivatives_and_integrals(name: str, nu: int) -> None:
    made = MAKERS[name](Y)
    if nu <= 3:
        check(lambda x: made(x, nu=nu), POINTS, second=False)
        check(lambda x: made.derivative(nu)(x), POINTS, second=False)
    check(lambda x: made.antiderivative(nu)(x), POINTS, second=False)
    ends = np.array([0.1, 1.9])
    whole = made.integral if name == "fitpack" else made.integrate
    check(lambda e: whole(e[0], e[1]), ends)


@pytest.mark.parametrize("outside", [True, False, "periodic"])
@pytest.mark.parametrize("name", ["not-a-knot", "cubic B"])
def test_outside_of_the_interval(name: str, outside: Any) -> None:
    made = MAKERS[name](Y)
    made.extrapolate = outside
    got, want = tapec.compile(lambda x: made(x))(OUTSIDE), made(OUTSIDE)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    ends = np.array([-1.7, 4.4])
    got = tapec.compile(lambda e: made.integrate(e[0], e[1]))(ends)
    np.testing.assert_allclose(got, made.integrate(*ends), rtol=1e-12)


@pytest.mark.parametrize("n", sampled([7, 2, 3, 4], 4))
@pytest.mark.parametrize("kind", ["not-a-knot", "natural", "clamped", "periodic"])
def test_few_points(n: int, kind: str) -> None:
    x, y = X[:n], Y[:n].copy()

    def f(y: Any) -> Any:
        y = np.concatenate([y[:-1], y[:1]]) if kind == "periodic" else y
        return interpolate.CubicSpline(x, y, bc_type=kind)(np.array([-0.2, -0.1, 0.3]))

    check(f, y, step=1e-4, second=False)


@pytest.mark.slow
def test_traced_points_of_the_data() -> None:
    check(lambda x: interpolate.CubicSpline(x, Y)(np.array([0.1, 0.7])), X, step=1e-4)
    check(lambda x: interpolate.PchipInterpolator(x, Y)(np.array([0.1, 0.7])), X, step=1e-4)


@pytest.mark.slow
def test_fitpack_functions() -> None:
    tck = interpolate.splrep(X, Y)
    for ext in (0, 1, 3):
        got = tapec.compile(lambda x, ext=ext: interpolate.splev(x, tck, 0, ext))(OUTSIDE)
        np.testing.assert_allclose(got, interpolate.splev(OUTSIDE, tck, 0, ext), atol=1e-12)
    check(lambda x: interpolate.splev(x, tck, 1), POINTS[0])
    check(lambda y: interpolate.splev(POINTS[0], interpolate.splrep(X, y)), Y, second=False)
    check(lambda x: interpolate.splev(x, interpolate.splder(tck, 2)), POINTS[0], second=False)
    check(lambda x: interpolate.splint(x[0], x[1], tck), POINTS[0][:2])
    with pytest.raises(ValueError, match="spev"):
        tapec.compile(lambda x: interpolate.splev(x, tck, 0, 2))(OUTSIDE)


AXES = np.array([0.0, 0.6, 1.0, 1.9, 2.5]), np.array([-1.0, -0.2, 0.5, 1.0])
TABLE = np.sin(AXES[0])[:, None] * np.cos(AXES[1])
PLACES = np.array([[0.25, -0.7], [1.2, 0.1], [2.1, 0.8], [0.7, 0.0]])


@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_grids(method: str) -> None:
    made = interpolate.RegularGridInterpolator(AXES, TABLE, method)
    check(lambda p: made(p), PLACES)
    check(
        lambda v: interpolate.RegularGridInterpolator(AXES, v, method)(PLACES), TABLE, second=False
    )
    check(lambda p: interpolate.interpn(AXES, TABLE, p, method), PLACES, second=False)
    falling = interpolate.RegularGridInterpolator((AXES[0][::-1], AXES[1]), TABLE[::-1], method)
    check(lambda p: falling(p), PLACES, second=False)


def test_grids_outside() -> None:
    there = np.array([[0.3, -0.7], [3.0, 0.1]])
    for fill in (0.5, None):
        made = interpolate.RegularGridInterpolator(AXES, TABLE, bounds_error=False, fill_value=fill)
        np.testing.assert_allclose(tapec.compile(lambda p, m=made: m(p))(there), made(there))
    strict = interpolate.RegularGridInterpolator(AXES, TABLE)
    with pytest.raises(ValueError, match="out of bounds in dimension 0"):
        tapec.compile(lambda p: strict(p))(there)


@pytest.mark.parametrize("orders", sampled([(1, 0), (0, 0), (0, 2)], 4))
def test_surfaces(orders: tuple[int, int]) -> None:
    made = interpolate.RectBivariateSpline(*AXES, TABLE)
    dx, dy = orders
    check(lambda p: made.ev(p[:, 0], p[:, 1], dx, dy), PLACES, second=False)
    check(lambda p: made(p[:2, 0], p[:2, 1], dx, dy), np.sort(PLACES, axis=0), second=False)
    check(
        lambda v: interpolate.RectBivariateSpline(*AXES, v).ev(PLACES[:, 0], PLACES[:, 1]),
        TABLE, second=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind", sampled(["nearest", "nearest-up", "previous", "next", "zero", "slinear"], 4)
)
def test_steps_and_lines(kind: str) -> None:
    made = interpolate.interp1d(X, Y, kind=kind, bounds_error=False, fill_value=(1.0, 2.0))
    x = np.concatenate([OUTSIDE, POINTS[0], X[:3]])
    np.testing.assert_allclose(tapec.compile(lambda x: made(x))(x), made(x))
    check(lambda y: interpolate.interp1d(X, y, kind=kind)(POINTS), Y, step=1e-4, second=False)


def test_interp1d_raises_outside() -> None:
    made = interpolate.interp1d(X, Y)
    with pytest.raises(ValueError, match="below the interpolation range"):
        tapec.compile(lambda x: made(x))(OUTSIDE)


class Table:
    """A model as users write them: the spline is an attribute."""

    def __init__(self) -> None:
        self.curve = interpolate.CubicSpline(X, Y)

    def force(self, x: Any) -> Any:
        return self.curve(x) * self.curve.derivative()(x)


@pytest.mark.slow
def test_splines_in_objects_and_containers() -> None:
    table = Table()
    check(table.force, POINTS[0])
    curves = {"a": [table.curve]}
    check(lambda x: sum(c(x) for c in curves["a"]), POINTS[0])


def test_a_changed_spline_is_seen() -> None:
    made = interpolate.CubicSpline(X, Y)
    f = tapec.compile(lambda x: made(x))
    f(POINTS)
    made.c[3] += 1.0
    np.testing.assert_allclose(f(POINTS), made(POINTS))


def test_constants_are_scipys() -> None:
    f = tapec.compile(lambda x: x * interpolate.CubicSpline(X, Y)(0.5))
    np.testing.assert_allclose(f(2.0), 2.0 * interpolate.CubicSpline(X, Y)(0.5))


@pytest.mark.parametrize(
    "f",
    [
        lambda p: interpolate.griddata(PLACES, PLACES[:, 0], p, method="cubic"),
        lambda p: interpolate.make_smoothing_spline(X, p[0, 0] * Y)(0.5),
        lambda p: interpolate.UnivariateSpline(X, p[0, 0] * Y)(0.5),
        lambda p: interpolate.RBFInterpolator(PLACES, p[:, 0], neighbors=3)(p),
    ],
)
def test_refusals_name_scipys_function(f: Any) -> None:
    with pytest.raises(tapec.TapecError, match=r"scipy\.interpolate\.\w+"):
        tapec.compile(f)(PLACES)
