"""Faddeeva's function of complex numbers, and Voigt's profile, from SciPy: DLMF 7.10 and 7.19."""

from __future__ import annotations

import math
from typing import Any

from tapec.ir.ops.called import called, results, special
from tapec.ir.ops.logic import select

_TWO, _FAR = 2.0 / math.sqrt(math.pi), 400.0  # |z|^2 from which on the slope is a series


def _slope(x: Any, y: Any, re: Any, im: Any) -> tuple[Any, Any]:
    """w' = 2i / sqrt(pi) - 2 z w, whose terms cancel for large z: then its series, DLMF 7.12.1."""
    near = (-2.0 * (x * re - y * im), _TWO - 2.0 * (x * im + y * re))
    square = x * x + y * y
    far = square > _FAR
    u, v = select(far, x, 30.0), select(far, y, 0.0)
    size = 1.0 / (u * u + v * v)
    a, b = (u * u - v * v) * size * size, -2.0 * u * v * size * size  # of 1 / z^2
    p, q = 1.0 + 0.0 * a, 0.0 * a
    for k in range(11, 0, -1):
        factor = k + 0.5
        p, q = 1.0 + factor * (a * p - b * q), factor * (a * q + b * p)
    series = (0.5 * _TWO * (a * q + b * p), -0.5 * _TWO * (a * p - b * q))
    return select(far, series[0], near[0]), select(far, series[1], near[1])


def _parts(x: Any, y: Any) -> tuple[Any, Any]:
    return special("wofz_re", x, y), special("wofz_im", x, y)


def _of_wofz(x: Any, y: Any) -> tuple[Any, Any]:
    return _slope(x, y, *_parts(x, y))


results(
    "wofz",
    ("wofz_re", "wofz_im"),
    (
        (lambda w, x, y: _of_wofz(x, y)[0], lambda w, x, y: -_of_wofz(x, y)[1]),
        (lambda w, x, y: _of_wofz(x, y)[1], lambda w, x, y: _of_wofz(x, y)[0]),
    ),
    domain=[(-3.0, 3.0), (0.1, 2.0)],
    complex=True,
    doc="Faddeeva's function.",
)


def _scaled(x: Any, sigma: Any, gamma: Any) -> tuple[Any, Any, Any, Any]:
    """1 / (sqrt(2) sigma), z, and the slope of w there."""
    scale = math.sqrt(0.5) / sigma
    u, v = x * scale, gamma * scale
    return scale, (u, v), *_of_wofz(u, v)


def _by_x(y: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    scale, _, re, _ = _scaled(x, sigma, gamma)
    return re * scale * scale * (1.0 / math.sqrt(math.pi))


def _by_gamma(y: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    scale, _, _, im = _scaled(x, sigma, gamma)
    return -im * scale * scale * (1.0 / math.sqrt(math.pi))


def _by_sigma(y: Any, x: Any, sigma: Any, gamma: Any) -> Any:
    scale, (u, v), re, im = _scaled(x, sigma, gamma)
    turned = (re * u - im * v) * scale * (1.0 / math.sqrt(math.pi))
    return -(y + turned) / sigma


called(
    "voigt_profile",
    _by_x,
    _by_sigma,
    _by_gamma,
    domain=[(-3.0, 3.0), (0.3, 2.0), (0.1, 2.0)],
    doc="Voigt's profile.",
)
