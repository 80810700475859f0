"""FITPACK's interfaces: `splrep`, `splev` and their like, `UnivariateSpline`, grids of splines."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.interpolate.bsplines import (
    Spline,
    basis,
    collocation,
    make_interp_spline,
    nearest,
    not_a_knot,
    pieces,
    solved_banded,
    with_ends,
)
from tapec.scipy.registry import (
    StandIn,
    builds,
    floats,
    plain,
    raises_unless,
    refused,
    stands_for,
    translates,
)
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.python.packages import Placed

SMOOTHED = "smoothing picks knots by the values: give s=0, or fit coefficients at fixed knots"
_EXT = {name: k for k, name in enumerate(["extrapolate", "zeros", "raise", "const"])}


def evaluated(spline: Spline, x: Any, nu: int, ext: Any) -> Any:
    """The value or derivative; outside of the interval as `ext` says."""
    ext = _EXT.get(ext, ext)
    if ext not in (0, 1, 2, 3):
        raise ValueError(f"ext = {ext} not in (0, 1, 2, 3) ")
    x = floats(x)
    low, high = spline.ends
    if ext == 3:
        x = np.clip(x, low, high)
    made = (spline.derivative(nu) if nu else spline).value(x)
    inside = (x >= low) & (x <= high)
    if ext == 2:
        raises_unless(np.all(inside), ValueError("Error code returned by spev: 1"))
    return np.where(inside, made, 0.0) if ext == 1 else made


def _spline(tck: Any) -> Spline:
    if isinstance(tck, Spline):
        return tck
    t, c, k = tck
    return Spline(floats(t), floats(c), int(k))


def _each(tck: Any, function: Any) -> Any:
    """A function of a spline, or of each coordinate of a curve."""
    if not isinstance(tck, Spline) and isinstance(tck[1], list | tuple):
        return [function(_spline((tck[0], c, tck[2]))) for c in tck[1]]
    return function(_spline(tck))


@translates(interpolate.splev)
def _splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    if isinstance(tck, Spline):
        return tck(x, der)
    return _each(tck, lambda spline: evaluated(spline, x, der, ext))


@translates(interpolate.splint)
def _splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    return _each(tck, lambda spline: spline.integrate(a, b, False))


def _padded(spline: Spline, more: Any = 0.0) -> tuple[Any, Any, int]:
    """The spline as FITPACK has it: as many coefficients as knots."""
    missing = (spline.t.shape[0] - spline.c.shape[0], *spline.c.shape[1:])
    return spline.t, np.concatenate([spline.c, more + np.zeros(missing)]), spline.k


def _like(tck: Any, made: Spline, more: Any = 0.0) -> Any:
    return made if isinstance(tck, Spline) else _padded(made, more)


@translates(interpolate.splder)
def _splder(tck: Any, n: int = 1) -> Any:
    return _like(tck, _spline(tck).derivative(n))


@translates(interpolate.splantider)
def _splantider(tck: Any, n: int = 1) -> Any:
    made = _spline(tck).antiderivative(n)
    return _like(tck, made, made.c[-1])


def through(x: Any, y: Any, k: int, name: str) -> Spline:
    """FITPACK's spline through the values: its knots do not depend on them."""
    if any_symbolic(x):
        x = floats(x)
        return make_interp_spline(x, y, k, not_a_knot(x, k))
    x = np.asarray(plain(x), float)
    t = interpolate.splrep(x, np.zeros(x.size), k=k, s=0.0)[0]
    return Spline(floats(t), solved_banded(collocation(t, k, x, ([], [])), floats(y)), k)


@translates(interpolate.splrep)
def _splrep(x: Any, y: Any, w: Any = None, k: int = 3, s: Any = None, t: Any = None) -> Any:
    if t is not None:
        return _padded(over_knots(x, y, t, w, k))
    if (s is None and w is not None) or (s is not None and s > 0):
        raise refused("scipy.interpolate.splrep with smoothing", SMOOTHED)
    return _padded(through(x, y, k, "splrep"))


def over_knots(x: Any, y: Any, t: Any, w: Any, k: int, bbox: Any = (None, None)) -> Spline:
    """FITPACK's spline over known inner knots that is nearest to the values."""
    x, y = floats(x), floats(y)
    ends = [at if end is None else floats(end) for end, at in zip(bbox, (x[0], x[-1]), strict=True)]
    knots = with_ends(np.atleast_1d(floats(t)), np.stack(ends), k + 1)
    return Spline(knots, nearest(x, y, knots, k, w), k)


@translates(interpolate.splprep)
def _splprep(x: Any, w: Any = None, u: Any = None, k: int = 3, s: Any = None) -> Any:
    """A curve through points, by the lengths of its chords unless parameters are given."""
    if s is None or any_symbolic(s) or s > 0:
        raise refused("scipy.interpolate.splprep with smoothing", SMOOTHED)
    points = np.stack([floats(row) for row in x])
    if u is None:
        steps = points[:, 1:] - points[:, :-1]
        chords = np.cumsum(np.sqrt(np.sum(steps * steps, axis=0)))
        u = np.concatenate([np.zeros(1), chords / chords[-1]])
    u = floats(u)
    found = [through(u, points[k], k_, "splprep") for k, k_ in enumerate([k] * points.shape[0])]
    return (found[0].t, [spline.c for spline in found], k), u


@translates(interpolate.spalde)
def _spalde(x: Any, tck: Any) -> Any:
    """All derivatives at a point, or at each of several."""
    x, k = floats(x), tck[2]
    made = np.stack([_splev(np.atleast_1d(x), tck, der) for der in range(k + 1)], axis=-1)
    return made[0] if not x.ndim else [made[i] for i in range(made.shape[0])]


class Univariate(StandIn):
    """`UnivariateSpline`, with what it does outside of its interval."""

    title = "scipy.interpolate.UnivariateSpline"

    def __init__(self, spline: Spline, ext: int) -> None:
        self.spline, self.ext = spline, ext

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        """The value at points of any shape, or the derivative of order `nu`."""
        return evaluated(self.spline, x, nu, self.ext if ext is None else ext)

    def derivative(self, n: int = 1) -> Univariate:
        """The derivative of this order."""
        return Univariate(self.spline.derivative(n), 1 if self.ext == 3 else self.ext)

    def antiderivative(self, n: int = 1) -> Univariate:
        """The antiderivative of this order."""
        return Univariate(self.spline.antiderivative(n), self.ext)

    def integral(self, a: Any, b: Any) -> Any:
        """The integral between two numbers; the spline is 0 outside of its interval."""
        return self.spline.integrate(a, b, False)

    def get_coeffs(self) -> Any:
        """The coefficients."""
        return self.spline.c

    def get_knots(self) -> Any:
        """The knots, without those repeated at the ends."""
        k = self.spline.k
        return self.spline.t[k : self.spline.t.shape[0] - k]

    def derivatives(self, x: Any) -> Any:
        """All derivatives at a point."""
        return np.stack([self(x, nu) for nu in range(self.spline.k + 1)])


@stands_for(
    interpolate.UnivariateSpline,
    interpolate.InterpolatedUnivariateSpline,
    interpolate.LSQUnivariateSpline,
)
def _univariate(real: Any, placed: Placed) -> Any:
    t, c, k = real._eval_args
    t, c = placed(t), placed(c)
    return Univariate(Spline(floats(t), floats(c), k), real.ext).of(real, t, c)


@builds(interpolate.UnivariateSpline)
def _smoothed(x: Any, y: Any, w: Any = None, k: int = 3, s: Any = None, ext: Any = 0) -> Univariate:
    if s is None or s > 0:
        raise refused("scipy.interpolate.UnivariateSpline with smoothing", SMOOTHED)
    return Univariate(through(x, y, k, "UnivariateSpline"), _EXT.get(ext, ext))


@builds(interpolate.InterpolatedUnivariateSpline)
def _interpolated(x: Any, y: Any, w: Any = None, k: int = 3, ext: Any = 0) -> Univariate:
    return Univariate(through(x, y, k, "InterpolatedUnivariateSpline"), _EXT.get(ext, ext))


@builds(interpolate.LSQUnivariateSpline)
def _nearest_over_knots(
    x: Any, y: Any, t: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0
) -> Univariate:
    return Univariate(over_knots(x, y, t, w, k, bbox), _EXT.get(ext, ext))


# -- two dimensions --------------------------------------------------------------------------------


class Surface(StandIn):
    """sum_ij c_ij B_i(x) B_j(y), constant along the normals outside of the grid."""

    title = "scipy.interpolate.RectBivariateSpline"

    def __init__(self, tx: Any, ty: Any, c: Any, degrees: tuple[int, int]) -> None:
        self.knots, self.degrees = (tx, ty), degrees
        sizes = [t.shape[0] - k - 1 for t, k in zip(self.knots, degrees, strict=True)]
        self.c = c.reshape(sizes)

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        """Values at points, or partial derivatives of these orders."""
        along, across = Spline(self.knots[0], self.c, self.degrees[0]), self.degrees[1]
        rows = along.derivative(dx).c if dx else along.c
        columns = Spline(self.knots[1], rows.T, across)
        c = (columns.derivative(dy).c if dy else columns.c).T
        parts = [
            self._basis(axis, a, order) for axis, (a, order) in enumerate([(xi, dx), (yi, dy)])
        ]
        (i, bx), (j, by) = parts
        terms = [a * b * c[i + m, j + n] for m, a in enumerate(bx) for n, b in enumerate(by)]
        return sum(terms[1:], terms[0])

    def _basis(self, axis: int, x: Any, order: int) -> tuple[Any, list[Any]]:
        """The first coefficient that counts, and the basis functions of the derivative."""
        t, k = self.knots[axis], self.degrees[axis]
        x = np.clip(floats(x), t[k], t[t.shape[0] - k - 1])
        inner, degree = t[order : t.shape[0] - order], k - order
        i = pieces(inner, degree, x)
        return i - degree, basis(inner, degree, x, i)

    def integral(self, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
        """The integral over a rectangle, within the grid."""
        sides = zip(self.knots, self.degrees, ((xa, xb), (ya, yb)), strict=True)
        first, second = (
            Spline(t, floats(np.eye(t.shape[0] - k - 1)), k).integrate(a, b, False)
            for t, k, (a, b) in sides
        )
        return first @ self.c @ second

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        """Values on a grid of sorted points, or at pairs of them."""
        if not grid:
            return self.ev(x, y, dx, dy)
        x, y = (np.atleast_1d(floats(a)) for a in (x, y))
        return self.ev(x[:, None], y[None, :], dx, dy)


@stands_for(
    interpolate.RectBivariateSpline,
    interpolate.SmoothBivariateSpline,
    interpolate.LSQBivariateSpline,
)
def _surface(real: Any, placed: Placed) -> Any:
    tx, ty, c = (placed(a) for a in real.tck)
    tx, ty, c = map(floats, (tx, ty, c))
    return Surface(tx, ty, c, real.degrees).of(real, tx, ty, c)


@translates(interpolate.bisplev)
def _bisplev(x: Any, y: Any, tck: Any, dx: int = 0, dy: int = 0) -> Any:
    """Values on a grid, of a surface as FITPACK has it; numbers have no axes."""
    tx, ty, c, kx, ky = tck
    made = Surface(floats(tx), floats(ty), floats(c), (kx, ky))(x, y, dx, dy)
    return made.reshape(floats(x).shape + floats(y).shape)


@builds(interpolate.RectBivariateSpline)
def through_grid_of_two(x: Any, y: Any, z: Any, kx: int = 3, ky: int = 3, s: Any = 0) -> Surface:
    if any_symbolic(s) or s > 0:
        raise refused("scipy.interpolate.RectBivariateSpline with smoothing", SMOOTHED)
    first = through(x, z, kx, "RectBivariateSpline")
    second = through(y, first.c.T, ky, "RectBivariateSpline")
    return Surface(first.t, second.t, second.c.T, (kx, ky))
