"""Trigonometric and hyperbolic functions of complex numbers and their inverses.

Formulas and branch cuts: W. Kahan, "Branch Cuts for Complex Elementary Functions", 1987.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.complex.array import pair, rule, split
from tapec.trace.complex.elementary import divide, exp, grown, log, sqrt
from tapec.trace.numpy.select import where


@rule("sin")
def sin(z: Any) -> Any:
    """The sine."""
    x, y = split(z)
    return pair(grown(np.cosh(y), np.sin(x), x), np.cos(x) * np.sinh(y))


@rule("cos")
def cos(z: Any) -> Any:
    """The cosine."""
    x, y = split(z)
    return pair(np.cos(x) * np.cosh(y), -grown(np.sinh(y), np.sin(x), x))


@rule("sinh")
def sinh(z: Any) -> Any:
    """The hyperbolic sine."""
    x, y = split(z)
    return pair(np.sinh(x) * np.cos(y), grown(np.cosh(x), np.sin(y), y))


@rule("cosh")
def cosh(z: Any) -> Any:
    """The hyperbolic cosine."""
    x, y = split(z)
    return pair(np.cosh(x) * np.cos(y), grown(np.sinh(x), np.sin(y), y))


@rule("tanh")
def tanh(z: Any) -> Any:
    """The hyperbolic tangent (Kahan); far right and left by exponentials, which do not overflow."""
    x, y = split(z)
    far = np.abs(x) > 20.0
    near = where(far, 0.0, x)
    s, cosine, sine = np.sinh(near), np.cos(y), np.sin(y)
    scale = cosine * cosine + s * s
    real = s * np.cosh(near) / scale
    decay = np.exp(-2.0 * np.abs(x))
    return pair(
        where(far, np.copysign(1.0, x), real),
        where(far, 4.0 * sine * cosine * decay, sine * cosine / scale),
    )


def _turned(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """-i f(i z): what makes a circular function of a hyperbolic one."""

    def made(z: Any) -> Any:
        found = function(pair(-z.imag, +z.real))
        return pair(+found.imag, -found.real)

    return made


rule("tan")(_turned(tanh))


def _roots(z: Any) -> tuple[Any, Any]:
    """The roots of 1 - z and 1 + z, whose imaginary parts keep their signs, also those of zeros."""
    return sqrt(pair(1.0 - z.real, -z.imag)), sqrt(pair(1.0 + z.real, +z.imag))


@rule("arcsin")
def arcsin(z: Any) -> Any:
    """The inverse sine (Kahan)."""
    below, above = _roots(z)
    return pair(
        np.arctan2(z.real, below.real * above.real - below.imag * above.imag),
        np.arcsinh(below.real * above.imag - below.imag * above.real),
    )


@rule("arccos")
def arccos(z: Any) -> Any:
    """The inverse cosine (Kahan)."""
    below, above = _roots(z)
    return pair(
        2.0 * np.arctan2(below.real, above.real),
        np.arcsinh(above.real * below.imag - above.imag * below.real),
    )


@rule("arccosh")
def arccosh(z: Any) -> Any:
    """The inverse hyperbolic cosine (Kahan)."""
    below, above = sqrt(pair(z.real - 1.0, +z.imag)), sqrt(pair(z.real + 1.0, +z.imag))
    return pair(
        np.arcsinh(below.real * above.real + below.imag * above.imag),
        2.0 * np.arctan2(below.imag, above.real),
    )


@rule("arctanh")
def arctanh(z: Any) -> Any:
    """The inverse hyperbolic tangent (Kahan)."""
    x, y = split(z)
    size = np.abs(x)
    far = 0.25 * np.log1p(4.0 * size / ((1.0 - size) * (1.0 - size) + y * y))
    return pair(
        np.copysign(far, x),
        0.5 * np.arctan2(2.0 * y, (1.0 - x) * (1.0 + x) - y * y),
    )


rule("arcsinh")(_turned(arcsin))
rule("arctan")(_turned(arctanh))


@rule("sinc")
def sinc(z: Any) -> Any:
    """sin(pi z) / (pi z), and 1 at 0."""
    zero = (z.real == 0) & (z.imag == 0)
    safe = pair(where(zero, 1.0, z.real), z.imag) * math.pi
    made = divide(sin(safe), safe)
    return pair(where(zero, 1.0, made.real), where(zero, 0.0, made.imag))


@rule("logaddexp")
def logaddexp(a: Any, b: Any) -> Any:
    """log(e ** a + e ** b), shifted by the greater real part."""
    shift = np.maximum(np.real(a), np.real(b))
    return log(exp(a - shift) + exp(b - shift)) + shift
