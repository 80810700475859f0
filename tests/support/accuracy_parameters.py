"""Slopes by orders and parameters, which have no closed form, against mpmath over a grid of points.

Errors are relative to the larger of slope and value: where the slope is far smaller than the value
it is a difference of values, with their errors. SciPy's own error at the points is beside them.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
from scipy import special

import tapec

Grid = Sequence[Sequence[float]]


@dataclass(frozen=True)
class ByParameter:
    """A function, its operand, and bounds of relative errors of the first and second slope."""

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    place: int
    grid: Grid
    bounds: tuple[float, float] = (1e-11, 1e-9)


_ORDERS, _POINTS = (0.0, 0.3, 2.0, 7.7, 40.0), (1e-2, 0.4, 3.0, 20.0, 90.0)
_UPPER, _LOWER = (-3.3, 0.1, 0.7, 3.0), (-1.3, 0.1, 0.7, 3.0, 20.0)
_CYLINDER = ((-5.5, -1.2, 0.3, 2.1), (-0.5, 0.1, 1.0, 4.0))
_HYPER = ((0.1, 0.7, 3.0), (0.7, 3.2), (0.3, 1.5, 4.0), (-3.0, -0.5, 0.1, 0.6, 0.95))
_SHAPES = ((-0.7, 0.1, 0.5, 4.0), (-0.7, 0.3, 4.0), (-0.9, -0.1, 0.5, 0.99))


def _first(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: function(*xs)[0]


def _scaled(v: Any, x: Any) -> Any:
    return mp.besseli(v, x) * mp.exp(-x)


def _noncentral_chi(x: Any, df: Any, nc: Any) -> Any:
    """The mixture of Poisson's numbers of degrees of freedom."""
    terms = (
        mp.exp(-nc / 2) * (nc / 2) ** j / mp.factorial(j)
        * mp.gammainc(df / 2 + j, 0, x / 2, regularized=True)
        for j in range(90)
    )  # fmt: skip
    return mp.fsum(terms)


def _noncentral_f(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    w = dfn * f / (dfn * f + dfd)
    terms = (
        mp.exp(-nc / 2) * (nc / 2) ** j / mp.factorial(j)
        * mp.betainc(dfn / 2 + j, dfd / 2, 0, w, regularized=True)
        for j in range(70)
    )  # fmt: skip
    return mp.fsum(terms)


def _noncentral_t(df: Any, nc: Any, t: Any) -> Any:
    """The mean of normal distribution functions over chi variables."""
    half = mp.mpf(df) / 2
    scale = 2 * half**half / mp.gamma(half)

    def integrand(s: Any) -> Any:
        return scale * s ** (df - 1) * mp.exp(-half * s * s) * mp.ncdf(t * s - nc)

    with mp.workdps(45):
        return mp.quad(integrand, [0, 0.25, 0.5, 1, 1.5, 2, 3, 5, 9])


_NCT = ((2.5, 9.0), (-0.5, 0.4, 2.0), (-1.0, 0.3, 3.0))
_NCF = ((1.5, 6.0, 30.0), (2.5, 9.0), (0.3, 4.0), (0.4, 1.3, 3.0))
_CHI = ((0.5, 3.0, 20.0), (0.7, 4.0, 30.0), (0.3, 4.0))

CASES = (
    ByParameter("jv", special.jv, mp.besselj, 0, ((-2.5, *_ORDERS), _POINTS)),
    ByParameter("yv", special.yv, mp.bessely, 0, (_ORDERS, _POINTS)),
    ByParameter("iv", special.iv, mp.besseli, 0, (_ORDERS, _POINTS)),
    ByParameter("ive", special.ive, _scaled, 0, (_ORDERS, _POINTS)),
    ByParameter("struve", special.struve, mp.struveh, 0, ((0.0, 0.3, 2.0, 7.7), (1e-2, 3.0, 20.0))),
    ByParameter(
        "modstruve", special.modstruve, mp.struvel, 0, ((0.0, 0.3, 2.0, 7.7), (1e-2, 3.0, 20.0))
    ),
    ByParameter("hyp0f1", special.hyp0f1, mp.hyp0f1, 0, (_LOWER, (-50.0, -3.0, -0.1, 0.1, 3.0))),
    ByParameter("hyp1f1, a", special.hyp1f1, mp.hyp1f1, 0, (_UPPER, _LOWER, (-3.0, 0.1, 3.0, 50.0))),
    ByParameter("hyp1f1, b", special.hyp1f1, mp.hyp1f1, 1, (_UPPER, _LOWER, (-3.0, 0.1, 3.0, 50.0))),
    ByParameter("hyp2f1, a", special.hyp2f1, mp.hyp2f1, 0, _HYPER, (1e-10, 1e-8)),
    ByParameter("hyp2f1, c", special.hyp2f1, mp.hyp2f1, 2, _HYPER, (1e-10, 1e-8)),
    ByParameter(
        "hyperu, a", special.hyperu, mp.hyperu, 0, (_UPPER, (0.7, 3.0), (0.1, 0.5, 3.0)),
        (1e-9, 1e-6),
    ),
    ByParameter(
        "hyperu, b", special.hyperu, mp.hyperu, 1, (_UPPER, (0.7, 3.0), (0.1, 0.5, 3.0)),
        (1e-8, 2e-4),
    ),
    ByParameter("pbdv", _first(special.pbdv), mp.pcfd, 0, _CYLINDER, (1e-10, 1e-8)),
    ByParameter(
        "pbvv", _first(special.pbvv), lambda v, x: mp.pcfv(-v - mp.mpf("0.5"), x), 0, _CYLINDER
    ),
    ByParameter(
        "pbwa", _first(special.pbwa), mp.pcfw, 0, ((-3.0, 0.3, 2.0), (-3.0, 0.1, 1.0, 3.0)),
        (1e-8, 1e-5),
    ),
    ByParameter(
        "eval_jacobi", lambda *x: special.eval_jacobi(7, *x), lambda *x: mp.jacobi(7, *x), 0, _SHAPES
    ),
    ByParameter(
        "eval_genlaguerre", lambda *x: special.eval_genlaguerre(9, *x),
        lambda *x: mp.laguerre(9, *x), 0, ((-0.7, 0.1, 14.0), (0.1, 1.0, 9.0, 30.0)),
    ),
    ByParameter(
        "eval_gegenbauer", lambda *x: special.eval_gegenbauer(9, *x),
        lambda *x: mp.gegenbauer(9, *x), 0, ((0.1, 0.5, 14.0), (-0.9, -0.1, 0.99)),
    ),
    ByParameter("chndtr, df", special.chndtr, _noncentral_chi, 1, _CHI, (1e-10, 1e-8)),
    ByParameter("chndtr, nc", special.chndtr, _noncentral_chi, 2, _CHI),
    ByParameter("chndtr, x", special.chndtr, _noncentral_chi, 0, _CHI),
    ByParameter("ncfdtr, dfn", special.ncfdtr, _noncentral_f, 0, _NCF, (1e-10, 1e-8)),
    ByParameter("ncfdtr, dfd", special.ncfdtr, _noncentral_f, 1, _NCF, (1e-10, 1e-8)),
    ByParameter("ncfdtr, nc", special.ncfdtr, _noncentral_f, 2, _NCF),
    ByParameter("nctdtr, df", special.nctdtr, _noncentral_t, 0, _NCT, (1e-10, 1e-7)),
    ByParameter("nctdtr, nc", special.nctdtr, _noncentral_t, 1, _NCT, (1e-10, 1e-7)),
    ByParameter("nctdtr, t", special.nctdtr, _noncentral_t, 2, _NCT, (1e-10, 1e-7)),
    ByParameter("ncfdtr, f", special.ncfdtr, _noncentral_f, 3, _NCF),
)  # fmt: skip


def exact(case: ByParameter, xs: Sequence[float]) -> tuple[Any, Any, Any]:
    """The value and both slopes, by differences at far more digits than needed."""
    with mp.workdps(70):
        h, at = mp.mpf(10) ** -16, [mp.mpf(x) for x in xs]
        low, mid, high = (
            mp.re(case.reference(*(x + s * h * (k == case.place) for k, x in enumerate(at))))
            for s in (-1, 0, 1)
        )
        return mid, (high - low) / (2 * h), (high - 2 * mid + low) / (h * h)


def errors(case: ByParameter) -> list[float]:
    """The worst errors of SciPy's value, and of the first and second slope, in both modes."""
    slope = tapec.grad(case.function, case.place)
    curve = tapec.grad(slope, case.place)
    kernel = tapec.compile(lambda *xs: (slope(*xs), curve(*xs)))

    def forward(*xs: float) -> Any:
        return tapec.jvp(case.function, xs, [float(k == case.place) for k in range(len(xs))])[1]

    worst = [0.0, 0.0, 0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for xs in itertools.product(*case.grid):
            wants = exact(case, xs)
            found = [(0, float(case.function(*xs))), *enumerate(kernel(*xs), 1), (1, forward(*xs))]
            for order, got in found:
                size = max(map(abs, wants[: order + 1]))
                error = float(abs(mp.mpf(float(got)) - wants[order]) / size)
                worst[order] = max(worst[order], error if np.isfinite(error) else np.inf)
    return worst


HEAD = """
## By orders and parameters

Slopes that have no closed form are differences of SciPy's values or integrals. The largest errors
relative to the largest of value and slopes, of SciPy's value, the first and the second slope by
the operand, forward and reverse mode, over a grid of points; bounds in brackets, which
`python -m pytest -m slow tests/programs/test_accuracy.py` holds. Orders, shapes and points are as
listed. SciPy's own errors are larger elsewhere (`hyperu` of large a, `hyp1f1` of large a with b < 1
and small negative z): so are those of the slopes.

| function | points | SciPy's value | first | second |
|---|---|---|---|---|
"""


def row(case: ByParameter) -> str:
    """One line of the page."""
    value, *slopes = errors(case)
    grid = "; ".join(" ".join(f"{x:g}" for x in axis) for axis in case.grid)
    cells = [f"{e:.1g} ({b:g})" for e, b in zip(slopes, case.bounds, strict=True)]
    return f"| {case.name} | {grid} | {value:.1g} | {' | '.join(cells)} |"


def page() -> str:
    """The part of docs/accuracy.md."""
    return HEAD + "\n".join(map(row, CASES))
