"""Radial basis functions: `RBFInterpolator` and `Rbf`, of traced points, values and queries."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.registry import StandIn, builds, floats, refused, stands_for
from tapec.trace.python.packages import Placed


def _distance(r2: Any) -> Any:
    """The square root, with slope 0 where it is 0."""
    apart = r2 > 0.0
    return np.where(apart, np.sqrt(np.where(apart, r2, 1.0)), 0.0)


def _logarithmic(r2: Any) -> Any:
    """r^2 log r."""
    safe = np.where(r2 > 0.0, r2, 1.0)
    return 0.5 * safe * np.log(safe)


# Functions of the squared distance, and the least degree of the polynomial that goes with them.
_KERNELS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "linear": (lambda r2: -_distance(r2), 0),
    "thin_plate_spline": (_logarithmic, 1),
    "cubic": (lambda r2: r2 * _distance(r2), 1),
    "quintic": (lambda r2: -r2 * r2 * _distance(r2), 2),
    "multiquadric": (lambda r2: -np.sqrt(r2 + 1.0), 0),
    "inverse_multiquadric": (lambda r2: 1.0 / np.sqrt(r2 + 1.0), -1),
    "inverse_quadratic": (lambda r2: 1.0 / (r2 + 1.0), -1),
    "gaussian": (lambda r2: np.exp(-r2), -1),
}
_INVARIANT = frozenset(["linear", "thin_plate_spline", "cubic", "quintic"])


def _squares(x: Any, y: Any) -> Any:
    """The squared distances of all pairs of points."""
    apart = x[:, None, :] - y[None, :, :]
    return np.sum(apart * apart, axis=-1)


def _powers(ndim: int, degree: int) -> Any:
    """The exponents of the monomials up to a degree, in SciPy's order."""
    found = [
        [chosen.count(axis) for axis in range(ndim)]
        for total in range(degree + 1)
        for chosen in combinations_with_replacement(range(ndim), total)
    ]
    return np.array(found, int).reshape(-1, ndim)


class Radial(StandIn):
    """A sum of kernels around points and a polynomial."""

    title = "scipy.interpolate.RBFInterpolator"

    def __init__(
        self, y: Any, kernel: str, epsilon: Any, powers: Any, ends: tuple[Any, Any], shape: Any
    ) -> None:
        self.y, self.kernel, self.epsilon, self.powers = y, kernel, epsilon, powers
        self.shift, self.scale = ends
        self.shape = shape
        self.coefficients: Any = None

    def solved(self, d: Any, smoothing: Any) -> Radial:
        """With the coefficients that meet the values, but for the smoothing."""
        n, terms = self.y.shape[0], len(self.powers)
        block = self._kernels(self.y) + smoothing * np.eye(n)
        columns = self._monomials(self.y)
        matrix = np.concatenate([
            np.concatenate([block, columns], axis=1),
            np.concatenate([columns.T, np.zeros((terms, terms))], axis=1),
        ])  # fmt: skip
        right = np.concatenate([d, np.zeros((terms, d.shape[1]))])
        self.coefficients = np.linalg.solve(matrix, right)
        return self

    def _kernels(self, x: Any) -> Any:
        return _KERNELS[self.kernel][0](_squares(x * self.epsilon, self.y * self.epsilon))

    def _monomials(self, x: Any) -> Any:
        scaled = (x - self.shift) / self.scale
        rows = [np.prod(scaled**p, axis=1) for p in self.powers]
        return np.stack(rows, axis=1) if rows else np.zeros((x.shape[0], 0))

    def __call__(self, x: Any) -> Any:
        """Values at points, one a row."""
        x = floats(x)
        if x.ndim != 2 or x.shape[1] != self.y.shape[1]:
            raise ValueError("`x` must be a 2-dimensional array with as many columns as `y`.")
        made = np.concatenate([self._kernels(x), self._monomials(x)], axis=1) @ self.coefficients
        return made.reshape((x.shape[0], *self.shape))


@builds(interpolate.RBFInterpolator)
def _of_traced(
    y: Any, d: Any, neighbors: Any = None, smoothing: Any = 0.0,
    kernel: str = "thin_plate_spline", epsilon: Any = None, degree: Any = None,
) -> Radial:  # fmt: skip
    if neighbors is not None:
        raise refused("scipy.interpolate.RBFInterpolator with neighbors=", "leave neighbors out")
    kernel = kernel.lower()
    if kernel not in _KERNELS:
        raise ValueError(f"`kernel` must be one of {set(_KERNELS)}.")
    if epsilon is None and kernel not in _INVARIANT:
        raise ValueError(f"`epsilon` must be specified if `kernel` is not one of {_INVARIANT}.")
    least = _KERNELS[kernel][1]
    y, d = floats(y), floats(d)
    powers = _powers(y.shape[1], max(least, 0) if degree is None else int(degree))
    low, high = np.min(y, axis=0), np.max(y, axis=0)
    half = (high - low) / 2.0
    ends = (low + high) / 2.0, np.where(half == 0.0, 1.0, half)
    made = Radial(y, kernel, 1.0 if epsilon is None else epsilon, powers, ends, d.shape[1:])
    return made.solved(d.reshape(d.shape[0], -1), smoothing)


@stands_for(interpolate.RBFInterpolator)
def _made_outside(real: Any, placed: Placed) -> Any:
    if real.neighbors is not None:
        return real  # called on constants only
    y, coefficients = floats(placed(real.y)), floats(placed(real._coeffs))
    ends = real._shift, real._scale
    made = Radial(y, real.kernel, real.epsilon, real.powers, ends, real.d_shape)
    made.coefficients = coefficients
    return made.of(real, y, coefficients)


# -- the older class -------------------------------------------------------------------------------

_OLDER: dict[str, Callable[[Any, Any], Any]] = {
    "multiquadric": lambda r2, e: np.sqrt(r2 / e**2 + 1.0),
    "inverse": lambda r2, e: 1.0 / np.sqrt(r2 / e**2 + 1.0),
    "gaussian": lambda r2, e: np.exp(-r2 / e**2),
    "linear": lambda r2, e: _distance(r2),
    "cubic": lambda r2, e: r2 * _distance(r2),
    "quintic": lambda r2, e: r2 * r2 * _distance(r2),
    "thin_plate": lambda r2, e: _logarithmic(r2),
}


class OlderRadial(StandIn):
    """A sum of functions of distances."""

    title = "scipy.interpolate.Rbf"

    def __init__(self, points: Any, values: Any, function: str, epsilon: Any, smooth: Any) -> None:
        self.xi, self.di, self.function = points.T, values, function
        self._points, self.epsilon = points, epsilon
        matrix = self._functions(points) - smooth * np.eye(points.shape[0])
        self.nodes = np.linalg.solve(matrix, values)

    def _functions(self, x: Any) -> Any:
        return _OLDER[self.function](_squares(x, self._points), self.epsilon)

    def __call__(self, *args: Any) -> Any:
        """Values at points, an array for each coordinate."""
        args = tuple(map(floats, args))
        x = np.stack([a.ravel() for a in args], axis=1)
        return (self._functions(x) @ self.nodes).reshape(args[0].shape)


@builds(interpolate.Rbf)
def _older(*args: Any, function: str = "multiquadric", epsilon: Any = None, smooth: Any = 0.0,
           norm: Any = "euclidean", mode: str = "1-D") -> OlderRadial:  # fmt: skip
    if function not in _OLDER or norm != "euclidean" or mode != "1-D":
        raise refused("scipy.interpolate.Rbf with these options", "use RBFInterpolator")
    points = np.stack([floats(a).ravel() for a in args[:-1]], axis=1)
    if epsilon is None:
        edges = np.max(points, axis=0) - np.min(points, axis=0)
        epsilon = (np.prod(edges) / points.shape[0]) ** (1.0 / points.shape[1])
    return OlderRadial(points, floats(args[-1]).ravel(), function, epsilon, smooth)
