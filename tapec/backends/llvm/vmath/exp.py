"""exp, exp2, expm1: reduction by multiples of ln 2 (Cody & Waite, 1980), one polynomial."""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import LN2_HI, LN2_LO, LOG2E, Kit, Pair, Val


def exp(kit: Kit, x: Val) -> Val:
    """e**x; 1 + (r + r^2 q(r)) scaled by 2**n."""
    x = kit.clamp(x, -745.2, 709.79)
    n, power = kit.nearest(x, LOG2E)
    r = kit.fma(n, -LN2_LO, kit.fma(n, -LN2_HI, x))
    p = kit.fma(r * r, kit.poly(r, co.EXP), r) + 1.0
    return kit.scale(p, power)


def exp2(kit: Kit, x: Val) -> Val:
    """2**x; the reduction x - n is exact."""
    x = kit.clamp(x, -1075.5, 1024.0)
    n, power = kit.nearest(x, 1.0)
    r = x - n
    p = kit.fma(r, co.LN2[0], (r * r) * kit.poly(r, co.EXP2)) + 1.0
    return kit.scale(p, power)


def reduced(kit: Kit, x: Val, low: Val | float = 0.0) -> tuple[Val, Val, Val]:
    """x + low = n ln 2 + r: (r, s, n) with expm1(r) = r + s, s to about 2**-57."""
    n, power = kit.nearest(x, LOG2E)
    a = kit.fma(n, -LN2_HI, x)
    r, error = kit.fast_two_sum(a, kit.fma(n, -LN2_LO, low))
    s = kit.fma(r * r, kit.poly(r, co.EXP), kit.fma(r, error, error))
    return r, s, power


def exp_parts(kit: Kit, x: Val, low: Val | float = 0.0) -> tuple[Val, Val, Val]:
    """exp(x + low) = (high + low) 2**n for |x| <= 1100."""
    r, s, power = reduced(kit, x, low)
    high, error = kit.fast_two_sum(1.0, r)
    return high, error + s, power


def expm1_parts(kit: Kit, x: Val) -> Pair:
    """expm1(x)/2 as a double-double, x in [-60, 710]; halved so that 2**n cannot overflow."""
    return less_one(kit, *reduced(kit, x))


def less_one(kit: Kit, r: Val, s: Val, power: Val) -> Pair:
    """((1 + r + s) 2**power - 1)/2 as a double-double."""
    half = kit.power_of_two(power - 1)
    high, error = kit.two_sum(half - 0.5, half * r)
    return kit.fast_two_sum(high, kit.fma(half, s, error))


def expm1(kit: Kit, x: Val) -> Val:
    """e**x - 1 without cancellation; tiny arguments (and -0.0) are returned as they are."""
    high, _ = expm1_parts(kit, kit.clamp(x, -60.0, 709.79))
    return kit.select(kit.abs(x) < 2.0**-54, x, high * 2.0)
