"""power, cbrt: logarithm and residual as pairs (Muller, ch. 11)."""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Val
from tapec.backends.llvm.vmath.exp import exp_parts
from tapec.backends.llvm.vmath.log import log_pair


def power(kit: Kit, x: Val, y: Val) -> Val:
    """|x|**y as exp(y log|x|) with a 65-bit logarithm; sign and special cases by C99 Annex F."""
    a = kit.abs(x)
    high, low = log_pair(kit, a)
    p, pl = kit.two_prod(y, high)
    pl = kit.fma(y, low, pl)
    inside = kit.abs(p) < 760.0
    p = kit.clamp(p, -760.0, 760.0)
    h, e, n = exp_parts(kit, p, kit.select(inside, pl, 0.0))
    return power_edges(kit, x, y, kit.scale(h + e, n))


def power_edges(kit: Kit, x: Val, y: Val, value: Val) -> Val:
    """Everything but finite non-zero |x| to a finite power."""
    a, b = kit.abs(x), kit.abs(y)
    grows = ~((a > 1.0) ^ (y > 0.0))
    limit = a.eq(0.0) | a.eq(INF) | b.eq(INF)
    value = kit.select(limit, kit.select(grows, INF, 0.0), value)
    half = y * 0.5
    integer = kit.intrinsic("floor", y).eq(y)
    odd = integer & kit.intrinsic("floor", half).ne(half)
    value = kit.select((x < 0.0) & (x > -INF) & ~integer, NAN, value)
    value = kit.select(odd & kit.negative(x), -value, value)
    value = kit.select(x.unordered(y), NAN, value)
    one = x.eq(1.0) | y.eq(0.0) | (a.eq(1.0) & b.eq(INF))
    return kit.select(one, 1.0, value)


def cbrt(kit: Kit, x: Val) -> Val:
    """|x| = m 2**(3k): m**(-1/3) by polynomial and two cubic steps, an exact residual last."""
    a = kit.abs(x)
    mantissa, e = kit.split(a)
    _, k = kit.nearest(kit.small_int(e), 1.0 / 3.0)
    m = mantissa * kit.power_of_two(e - k * 3)
    r = kit.poly(m, co.RCBRT)
    for _ in range(2):
        miss = kit.fma(-m * r, r * r, 1.0)
        r = kit.fma(r * miss, kit.fma(miss, 2.0 / 9.0, 1.0 / 3.0), r)
    t = m * (r * r)
    square, low = kit.two_prod(t, t)
    residual = kit.fma(-low, t, kit.fma(-square, t, m))
    root = kit.fma(residual * (1.0 / 3.0), r * r, t) * kit.power_of_two(k)
    special = a.eq(0.0) | a.eq(INF) | a.unordered(a)
    return kit.copysign(kit.select(special, a, root), x)
