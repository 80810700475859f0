"""Modified Bessel functions I0, I1 and those times exp(-|x|), within 3.5 ulp.

Up to `FAR` the power series in x^2 / 4, all of whose terms are positive; beyond it
exp(x) / sqrt(x) times a polynomial in 1 / x (Abramowitz & Stegun, 9.6.10 and 9.7.1).
"""

from __future__ import annotations

from tapec.backends.llvm.vmath import bessel_coefficients as co
from tapec.backends.llvm.vmath.core import Kit, Val
from tapec.backends.llvm.vmath.exp import exp_parts

INFINITE = 720.0  # I0 and I1 overflow from here on


def _near(kit: Kit, a: Val, order: int) -> Val:
    """I_n(a) / (a/2)^n for 0 <= a <= FAR, corrected to first order for the rounding of a^2."""
    square, low = kit.two_prod(a, a)
    t, first, slope = square * 0.25, (1.0, 0.5)[order], (1.08, 0.33)[order]
    tail = kit.poly(t, (co.I0_NEAR, co.I1_NEAR)[order])
    y = kit.fma(t, tail, 1.0)
    rate = first / kit.sqrt(t * slope + 1.0)  # of log y, to some percent
    return kit.fma(y, rate * (low * 0.25), y)


def _far(kit: Kit, a: Val, order: int) -> Val:
    """I_n(a) exp(-a) for a >= FAR."""
    return kit.poly(2.0 * co.FAR / a - 1.0, (co.I0_FAR, co.I1_FAR)[order]) / kit.sqrt(a)


def _times_exp(kit: Kit, y: Val, x: Val) -> Val:
    """y exp(x)."""
    high, low, n = exp_parts(kit, x)
    return kit.scale(kit.fma(y, high, y * low), n)


def _value(kit: Kit, x: Val, order: int, scaled: bool) -> Val:
    a = kit.abs(x)
    a = a if scaled else kit.select(a > INFINITE, INFINITE, a)
    inner = a <= co.FAR
    near = _near(kit, kit.select(inner, a, 0.0), order)
    near = near if order == 0 else near * (a * 0.5)
    far = _far(kit, kit.select(inner, co.FAR, a), order)
    if scaled:
        y = kit.select(inner, _times_exp(kit, near, -kit.select(inner, a, 0.0)), far)
    else:
        y = kit.select(inner, near, _times_exp(kit, far, a))
    return kit.copysign(y, x) if order else y


def i0(kit: Kit, x: Val) -> Val:
    """I0, even."""
    return _value(kit, x, 0, scaled=False)


def i1(kit: Kit, x: Val) -> Val:
    """I1, odd."""
    return _value(kit, x, 1, scaled=False)


def i0e(kit: Kit, x: Val) -> Val:
    """I0 times exp(-|x|)."""
    return _value(kit, x, 0, scaled=True)


def i1e(kit: Kit, x: Val) -> Val:
    """I1 times exp(-|x|)."""
    return _value(kit, x, 1, scaled=True)
