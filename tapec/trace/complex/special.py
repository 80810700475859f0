"""Functions of `scipy.special` with complex results, or of complex numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.complex.array import pair, rule
from tapec.trace.numpy.called import entry, of_orders
from tapec.trace.numpy.select import where
from tapec.trace.numpy.special_orders import legendre_derivative


@rule("wofz")
@implements("wofz")
def wofz(z: Any) -> Any:
    """Faddeeva's function."""
    x, y = (z.real, z.imag) if hasattr(z, "imag") else (as_array(z), 0.0)
    y = y + 0.0 * x
    return pair(entry("wofz_re", x, y), entry("wofz_im", x, y))


@implements("hankel1")
def hankel1(v: Any, z: Any) -> Any:
    """J + i Y, of real numbers."""
    return pair(TABLE["jv"](v, z), TABLE["yv"](v, z))


@implements("hankel2")
def hankel2(v: Any, z: Any) -> Any:
    """J - i Y, of real numbers."""
    return pair(TABLE["jv"](v, z), -TABLE["yv"](v, z))


@implements("hankel1e")
def hankel1e(v: Any, z: Any) -> Any:
    """hankel1 times exp(-i z), of real numbers."""
    return pair(*_turned_back(v, z))


@implements("hankel2e")
def hankel2e(v: Any, z: Any) -> Any:
    """hankel2 times exp(i z), of real numbers."""
    real, imaginary = _turned_back(v, z)
    return pair(real, -imaginary)


def _turned_back(v: Any, z: Any) -> tuple[Any, Any]:
    first, second, cos, sin = TABLE["jv"](v, z), TABLE["yv"](v, z), np.cos(z), np.sin(z)
    return first * cos + second * sin, second * cos - first * sin


@implements("modfresnelm")
def modfresnelm(x: Any) -> Any:
    """The integral of exp(-i t^2) from x on, and what makes it Faddeeva's function, DLMF 7.5.9."""
    real, imaginary, scaled = _fresnel(x)
    return pair(real, imaginary), pair(*scaled)


@implements("modfresnelp")
def modfresnelp(x: Any) -> Any:
    """The integral of exp(i t^2) from x on: the conjugate of the other."""
    real, imaginary, scaled = _fresnel(x)
    return pair(real, -imaginary), pair(scaled[0], -scaled[1])


def _fresnel(x: Any) -> tuple[Any, Any, tuple[Any, Any]]:
    x = as_array(x) * 1.0
    side, angle = math.sqrt(0.5) * x, -(x * x + 0.25 * math.pi)
    u, v = 0.5 * entry("wofz_re", -side, side), 0.5 * entry("wofz_im", -side, side)
    cos, sin = math.sqrt(math.pi) * np.cos(angle), math.sqrt(math.pi) * np.sin(angle)
    return u * cos - v * sin, u * sin + v * cos, (u, v)


@implements("kelvin")
def kelvin(x: Any) -> Any:
    """Kelvin's functions and their slopes, as complex numbers."""
    names = (("ber", "bei"), ("ker", "kei"), ("berp", "beip"), ("kerp", "keip"))
    return tuple(pair(entry(a, x), entry(b, x)) for a, b in names)


# --- Lambert's W ---------------------------------------------------------------------------------


@implements("lambertw")
def lambertw(z: Any, k: Any = 0, tol: Any = 1e-8) -> Any:
    """The real branches 0 and -1 of real numbers, NaN where those are complex."""
    x = TABLE["astype"](z, float)
    w = _upper(x) if k == 0 else _lower(x) if k == -1 else x * math.nan
    return pair(w, w * 0.0)


def _refined(w: Any, x: Any) -> Any:
    """Halley's method, which triples the digits: derivatives converge as well."""
    for _ in range(6):
        grown = np.exp(w)
        rest, slope = w * grown - x, grown * (w + 1.0)
        w = w - rest / (slope - (w + 2.0) * rest / (2.0 * w + 2.0))
    return w


def _near_branch(x: Any) -> Any:
    """sqrt(2 (e x + 1)), the variable of the series at -1 / e."""
    return np.sqrt(np.maximum(2.0 * (math.e * x + 1.0), 1e-30))


def _upper(x: Any) -> Any:
    """From the series at -1 / e, or from Winitzki's approximation, which is within 2 %."""
    inside = x > -1.0 / math.e
    t = where(inside, x, 1.0)
    left = t < -0.2
    p = _near_branch(where(left, t, -0.2))
    log = np.log1p(where(left, 1.0, t))
    near = -1.0 + p * (1.0 - p * (1.0 / 3.0 - p * (11.0 / 72.0)))
    start = where(left, near, log * (1.0 - np.log1p(log) / (2.0 + log)))
    return where(inside, _refined(start, t), math.nan)


def _lower(x: Any) -> Any:
    inside = (x > -1.0 / math.e) & (x < 0.0)
    t = where(inside, x, -0.2)
    small = t > -0.1
    log = np.log(where(small, -t, 0.1))
    p = _near_branch(where(small, -0.2, t))
    start = where(small, log - np.log(-log), -1.0 - p * (1.0 + p * (1.0 / 3.0 + p * (11.0 / 72.0))))
    return where(inside, _refined(start, t), math.nan)


# --- spherical harmonics -------------------------------------------------------------------------


@implements("sph_harm_y")
def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any) -> Any:
    """Spherical harmonics of degree n and order m, at polar and azimuthal angles."""
    theta, phi = TABLE["astype"](theta, float), TABLE["astype"](phi, float)

    def one(order: int) -> Any:
        return of_orders("sph_harm_y", n, lambda degree: _size(degree, order, theta))

    sizes = of_orders("sph_harm_y", m, one)
    turn = np.multiply(m, phi)
    return pair(sizes * np.cos(turn), sizes * np.sin(turn))


def _size(n: int, m: int, theta: Any) -> Any:
    """The factor of a spherical harmonic that depends on the polar angle, DLMF 14.30.1."""
    order = abs(m)
    if order > n:
        return theta * 0.0
    ratio = math.factorial(n - order) / math.factorial(n + order)
    norm = math.sqrt((2 * n + 1) / (4.0 * math.pi) * ratio) * (1.0 if m < 0 else (-1.0) ** m)
    return norm * np.absolute(np.sin(theta)) ** order * legendre_derivative(n, order, np.cos(theta))
