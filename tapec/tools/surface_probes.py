"""Arguments with which functions of NumPy and SciPy are tried."""

from __future__ import annotations

from typing import Any

import numpy as np

MODULES = (
    "numpy", "numpy.linalg", "numpy.fft", "numpy.polynomial.polynomial",
    "numpy.polynomial.chebyshev", "numpy.polynomial.legendre", "numpy.polynomial.hermite",
    "numpy.polynomial.hermite_e", "numpy.polynomial.laguerre", "scipy.linalg", "scipy.special",
    "scipy.fft", "scipy.signal", "scipy.integrate", "scipy.interpolate", "scipy.optimize",
    "scipy.spatial.distance",
)  # fmt: skip

X = np.array([0.3, 0.8, 0.55, 0.2])
Y = np.array([0.6, 0.1, 0.9, 0.4])
UP = np.array([0.1, 0.25, 0.6, 0.9])
M = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
B = np.array([[0.4, 0.1, 0.3], [0.2, 0.7, 0.1], [0.6, 0.5, 0.9]])
V = np.array([1.0, 2.0, 0.5])
CUBE = np.linspace(0.1, 0.9, 8).reshape(2, 2, 2)

# Tried one after the other until the function takes them.
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (X,), (X, Y), (M,), (M, V), (M, M), (X, Y, UP), (0.4,), (0.4, 0.3), (0.4, 0.3, 0.6),
    (1.2, 0.7, 0.4), (2, X), (1, 2, X), (2, 1.5, X), (2, 0.5, 0.5, X), (X, 2), (M, 1),
    (X, UP, Y, V[0]), (0.4, 0.3, 0.6, 0.2), (1, 0.5, 0.3, X), (M, M, M), (M, B, M, M),
    ([X, Y],), (M, 0, 1), (X, M), (CUBE, CUBE), (X, 1, 2),
)  # fmt: skip


def _square(t: Any) -> Any:
    return t * t


def _cube(t: Any) -> Any:
    return t**3 - 0.5


def _bowl(x: Any) -> Any:
    return np.sum((x - 0.3) ** 2 + 0.1 * x**4)


def _gradient(x: Any) -> Any:
    return (x - 0.3) + 0.2 * x**3


def _contract(x: Any) -> Any:
    return 0.5 * np.cos(x)


def _line(x: Any, a: Any, b: Any) -> Any:
    return a * x + b


def _product(y: Any, x: Any) -> Any:
    return x * y


def _volume(z: Any, y: Any, x: Any) -> Any:
    return x * y * z


def _decay(y: Any, t: Any) -> Any:
    return -y


def _twice(x: Any, axis: Any) -> Any:
    return np.sum(x, axis=axis)


# Where these do not do, by full name or by name.
SPECIAL: dict[str, tuple[Any, ...]] = {
    "numpy.apply_along_axis": (np.sum, 0, M),
    "numpy.apply_over_axes": (_twice, M, [0]),
    "numpy.einsum": ("ij,j->i", M, V),
    "numpy.piecewise": (X, [X < 0.5], [_square, 0.5]),
    "numpy.select": ([X < 0.5], [X], 0.5),
    "numpy.choose": (np.array([0, 1, 1, 0]), [X, Y]),
    "numpy.take": (X, np.array([2, 0])),
    "numpy.compress": (np.array([True, False, True]), V),
    "numpy.extract": (np.array([True, False, True]), V),
    "numpy.pad": (X, 2),
    "numpy.reshape": (X, (2, 2)),
    "numpy.resize": (X, (2, 3)),
    "numpy.tile": (X, 2),
    "numpy.repeat": (X, 2),
    "numpy.roll": (X, 1),
    "numpy.quantile": (X, 0.3),
    "numpy.percentile": (X, 30.0),
    "numpy.nanquantile": (X, 0.3),
    "numpy.nanpercentile": (X, 30.0),
    "numpy.interp": (X, UP, Y),
    "numpy.digitize": (X, UP),
    "numpy.searchsorted": (UP, X),
    "numpy.histogram": (X, 3),
    "numpy.histogram2d": (X, Y, 3),
    "numpy.take_along_axis": (M, np.array([[0], [1], [2]]), 1),
    "numpy.broadcast_to": (V, (2, 3)),
    "numpy.insert": (X, 1, 0.5),
    "numpy.delete": (X, 1),
    "numpy.append": (X, Y),
    "numpy.split": (X, 2),
    "numpy.moveaxis": (CUBE, 0, 1),
    "numpy.swapaxes": (M, 0, 1),
    "numpy.rollaxis": (CUBE, 1),
    "numpy.expand_dims": (X, 0),
    "numpy.linspace": (0.1, 0.9, 5),
    "numpy.kaiser": (7, 5.0),
    "numpy.logspace": (0.1, 0.9, 5),
    "numpy.geomspace": (0.1, 0.9, 5),
    "numpy.full": (3, 0.4),
    "numpy.full_like": (X, 0.4),
    "numpy.arange": (5.0,),
    "numpy.polyfit": (X, Y, 2),
    "numpy.partition": (X, 2),
    "numpy.argpartition": (X, 2),
    "numpy.cross": (M, M),
    "numpy.where": (X > 0.5, X, Y),
    "numpy.ldexp": (X, 2),
    "numpy.vecmat": (V, M),
    "numpy.matvec": (M, V),
    "numpy.clip": (X, 0.3, 0.6),
    "numpy.block": ([[M, M]],),
    "numpy.meshgrid": (X, Y),
    "numpy.polyder": (X, 1),
    "numpy.concat": ([X, Y],),
    "numpy.linalg.matrix_power": (M, 3),
    "numpy.linalg.tensorsolve": (np.eye(4).reshape(2, 2, 2, 2) + 0.1, M[:2, :2]),
    "numpy.linalg.tensorinv": (np.eye(4).reshape(2, 2, 2, 2) + 0.1,),
    "numpy.linalg.multi_dot": ([M, B, M],),
    "numpy.linalg.solve": (M, V),
    "numpy.linalg.lstsq": (M, V, None),
    "numpy.linalg.cross": (V, V + 1.0),
    "polyfromroots": (V,),
    "polyfit": (X, Y, 2),
    "chebfit": (X, Y, 2),
    "legfit": (X, Y, 2),
    "hermfit": (X, Y, 2),
    "hermefit": (X, Y, 2),
    "lagfit": (X, Y, 2),
    "scipy.linalg.solve_banded": ((1, 1), M + 5.0 * np.array([[0.0], [1.0], [0.0]]), V),
    "scipy.linalg.solveh_banded": (np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0]]), V),
    "scipy.linalg.cholesky_banded": (np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0]]),),
    "scipy.linalg.solve_triangular": (M, V),
    "scipy.linalg.solve_sylvester": (M, M, B),
    "scipy.linalg.cho_solve": ((np.linalg.cholesky(M), True), V),
    "scipy.linalg.solve_toeplitz": (np.array([4.0, 1.0, 0.5]), V),
    "scipy.linalg.matmul_toeplitz": (np.array([4.0, 1.0, 0.5]), V),
    "scipy.linalg.solve_circulant": (np.array([4.0, 1.0, 0.5]), V),
    "scipy.linalg.eigh_tridiagonal": (V, V[:2]),
    "scipy.linalg.eigvalsh_tridiagonal": (V, V[:2]),
    "scipy.linalg.eig_banded": (np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0]]),),
    "scipy.linalg.cho_solve_banded": ((np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0]]), False), V),
    "scipy.linalg.fractional_matrix_power": (M, 0.5),
    "scipy.linalg.khatri_rao": (M, B),
    "scipy.special.multigammaln": (4.0, 2),
    "scipy.special.lmbda": (2, 0.4),
    "scipy.special.pbdv_seq": (2, 0.4),
    "scipy.special.pbvv_seq": (2, 0.4),
    "scipy.special.polygamma": (1, X),
    "scipy.special.softmax": (X,),
    "scipy.special.logsumexp": (X,),
    "scipy.special.bdtr": (2.0, 4, X),
    "scipy.special.ndtr": (X,),
    "scipy.special.comb": (X + 5.0, 2.0),
    "scipy.special.perm": (X + 5.0, 2.0),
    "scipy.signal.lfilter": (np.array([0.3, 0.2]), np.array([1.0, -0.5]), X),
    "scipy.signal.sosfilt": (np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2]]), X),
    "scipy.signal.filtfilt": (np.array([0.3, 0.2]), np.array([1.0, -0.5]), np.tile(X, 3)),
    "scipy.signal.sosfiltfilt": (
        np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2]]),
        np.tile(X, 3),
        -1,
        "odd",
        5,
    ),
    "scipy.signal.lfilter_zi": (np.array([0.3, 0.2]), np.array([1.0, -0.5])),
    "scipy.signal.sosfilt_zi": (np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2]]),),
    "scipy.signal.convolve2d": (M, B),
    "scipy.signal.upfirdn": (Y, X, 3, 2),
    "scipy.signal.resample_poly": (X, 2, 3),
    "scipy.signal.convolve": (X, Y),
    "scipy.signal.fftconvolve": (X, Y),
    "scipy.signal.correlate": (X, Y),
    "scipy.integrate.quad": (_square, 0.1, 0.9),
    "scipy.integrate.quad_vec": (_square, 0.1, 0.9),
    "scipy.integrate.fixed_quad": (_square, 0.1, 0.9),
    "scipy.integrate.romb": (np.linspace(0.1, 1, 5),),
    "scipy.integrate.dblquad": (_product, 0.1, 0.9, 0.2, 0.7),
    "scipy.integrate.tplquad": (_volume, 0.1, 0.9, 0.2, 0.7, 0.1, 0.3),
    "scipy.integrate.odeint": (_decay, V, np.array([0.0, 0.5])),
    "scipy.interpolate.splev": (X, (np.r_[[0.0] * 4, [1.0] * 4], Y, 3)),
    "scipy.interpolate.splint": (0.1, 0.8, (np.r_[[0.0] * 4, [1.0] * 4], Y, 3)),
    "scipy.interpolate.pchip_interpolate": (UP, Y, X),
    "scipy.interpolate.barycentric_interpolate": (UP, Y, X),
    "scipy.interpolate.krogh_interpolate": (UP, Y, X),
    "scipy.interpolate.interpn": ((np.arange(3.0), np.arange(3.0)), M, np.array([[0.3, 1.2]])),
    "scipy.optimize.brentq": (_cube, 0.1, 0.95),
    "scipy.optimize.brenth": (_cube, 0.1, 0.95),
    "scipy.optimize.bisect": (_cube, 0.1, 0.95),
    "scipy.optimize.ridder": (_cube, 0.1, 0.95),
    "scipy.optimize.toms748": (_cube, 0.1, 0.95),
    "scipy.optimize.newton": (_cube, 0.6),
    "scipy.optimize.fsolve": (_gradient, V),
    "scipy.optimize.fixed_point": (_contract, V),
    "scipy.optimize.fmin": (_bowl, V, (), 1e-4, 1e-4, None, None, 0, 0),
    "scipy.optimize.fmin_bfgs": (_bowl, V),
    "scipy.optimize.fmin_cg": (_bowl, V),
    "scipy.optimize.fmin_powell": (_bowl, V),
    "scipy.optimize.fminbound": (_square, -0.4, 0.9),
    "scipy.optimize.nnls": (M, V),
    "scipy.optimize.curve_fit": (_line, X, Y),
    "scipy.optimize.leastsq": (_gradient, V),
    "scipy.spatial.distance.mahalanobis": (V, B[0], M),
    "scipy.spatial.distance.seuclidean": (V, B[0], V),
    "scipy.spatial.distance.squareform": (np.arange(1.0, 7.0),),
    "scipy.spatial.distance.cdist": (M, B),
    "scipy.spatial.distance.pdist": (M,),
}
