"""exp, its kin and hyperbolic functions in single precision."""

from __future__ import annotations

from tapec.backends.llvm.vmath.core import Kit, Pair, Val
from tapec.backends.llvm.vmath.single import coefficients as co


def less_one(kit: Kit, x: Val) -> Pair:
    """(p, n) with e**x = (1 + p) 2**n, n an integer; |x| < 2**20."""
    n, power = kit.nearest(x, co.LOG2E[0])
    r = kit.fma(n, -co.LN2[1], kit.fma(n, -co.LN2[0], x))
    return kit.fma(r * r, kit.poly(r, co.EXP), r), power


def exp(kit: Kit, x: Val) -> Val:
    """e**x."""
    p, power = less_one(kit, kit.clamp(x, -104.0, 88.75))
    return kit.scale(p + 1.0, power)


def exp2(kit: Kit, x: Val) -> Val:
    """2**x; the reduction x - n is exact."""
    x = kit.clamp(x, -150.5, 128.0)
    n, power = kit.nearest(x, 1.0)
    r = x - n
    p = kit.fma(r, co.LN2[0], (r * r) * kit.poly(r, co.EXP2))
    return kit.scale(p + 1.0, power)


def expm1(kit: Kit, x: Val) -> Val:
    """e**x - 1; computed halved, so that 2**n cannot overflow."""
    p, power = less_one(kit, kit.clamp(x, -25.0, 88.75))
    half = kit.power_of_two(power - 1)
    y = kit.fma(half, p, half - 0.5) * 2.0
    return kit.select(kit.abs(x) < 2.0**-25, x, y)


def half_exp(kit: Kit, a: Val) -> Val:
    """e**a / 2 of 0 <= a, to infinity."""
    p, power = less_one(kit, kit.clamp(a, 0.0, 90.0))
    return kit.scale(p + 1.0, power - 1)


def cosh(kit: Kit, x: Val) -> Val:
    """Hyperbolic cosine."""
    half = half_exp(kit, kit.abs(x))
    return half + 0.25 / half


def sinh(kit: Kit, x: Val) -> Val:
    """Hyperbolic sine; an odd polynomial below 1."""
    a = kit.abs(x)
    z = a * a
    small = kit.fma(a * z, kit.poly(z, co.SINH), a)
    half = half_exp(kit, a)
    return kit.copysign(kit.select(a < 1.0, small, half - 0.25 / half), x)


def tanh(kit: Kit, x: Val) -> Val:
    """1 - 2/(exp(2a) + 1) of a = |x|; an odd polynomial below 0.63."""
    return tanh_and_slope(kit, x)[0]


def tanh_and_slope(kit: Kit, x: Val) -> Pair:
    """tanh(x) and 4 exp(-2a)/(1 + exp(-2a))^2, by one exponential and one division."""
    a = kit.abs(x)
    p, power = less_one(kit, kit.select(a > 52.0, 52.0, a) * -2.0)
    decay = kit.scale(p + 1.0, power)
    inverse = 1.0 / (decay + 1.0)
    z = a * a
    small = kit.fma(a * z, kit.poly(z, co.TANH), a)
    large = kit.fma(decay * -2.0, inverse, 1.0)
    y = kit.copysign(kit.select(a < 0.63, small, large), x)
    return y, (decay * 4.0) * (inverse * inverse)
