"""Inverse circular functions: odd polynomials after exact folding (fdlibm; Muller, ch. 11)."""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Pair, Val

TAN_PI_8 = 0.41421356237309503
TINY, HUGE = 2.0**-900, 2.0**1000


def choose(kit: Kit, mask: Val, a: Pair, b: Pair) -> Pair:
    """Pairwise select."""
    return kit.select(mask, a[0], b[0]), kit.select(mask, a[1], b[1])


def constant(kit: Kit, parts: tuple[float, float]) -> Pair:
    """A double-double constant."""
    return kit.const(parts[0]), kit.const(parts[1])


def add_series(kit: Kit, base: Pair, q: Val, tail: Val) -> Val:
    """base + q + tail, |base| >= |q| or base = 0."""
    high, low = kit.fast_two_sum(base[0], q)
    return high + (low + (base[1] + tail))


def angle(kit: Kit, y: Val, x: Val) -> tuple[Pair, Val, Val]:
    """arctan(y/x) = base + q + tail, y >= 0, x > 0, |q| <= tan(pi/8), with one division."""
    steep = y > x * (2.0 + TAN_PI_8)
    flat = y <= x * TAN_PI_8
    diff, sum_ = kit.two_sum(y, -x), kit.two_sum(y, x)
    zero = kit.const(0.0)
    num = choose(kit, flat, (y, zero), choose(kit, steep, (-x, zero), diff))
    den = choose(kit, flat, (x, zero), choose(kit, steep, (y, zero), sum_))
    nil = (zero, zero)
    base = choose(kit, steep, constant(kit, co.PI_2[:2]), constant(kit, co.PI_4))
    base = choose(kit, flat, nil, base)
    q, low = kit.div_pair(num, den)
    z = q * q
    return base, q, kit.fma(q * z, kit.poly(z, co.ATAN), low)


def arctan(kit: Kit, x: Val) -> Val:
    """Arc tangent."""
    a = kit.abs(x)
    base, q, tail = angle(kit, kit.select(a > HUGE, HUGE, a), kit.const(1.0))
    y = kit.select(a < 2.0**-28, a, add_series(kit, base, q, tail))
    return kit.copysign(y, x)


def arctan2(kit: Kit, y: Val, x: Val) -> Val:
    """Angle of the point (x, y), scaled by a power of two so that no step over- or underflows."""
    ax, ay = kit.abs(x), kit.abs(y)
    top = kit.select(ax > ay, ax, ay)
    infinite = top.eq(INF)
    ax = kit.select(infinite, kit.select(ax.eq(INF), 1.0, 0.0), ax)
    ay = kit.select(infinite, kit.select(ay.eq(INF), 1.0, 0.0), ay)
    factor = kit.select(top > HUGE, 2.0**-100, kit.select(top < TINY, 2.0**120, 1.0))
    ax, ay = ax * factor, ay * factor
    ax = kit.select(top.eq(0.0), 1.0, ax)
    base, q, tail = angle(kit, ay, ax)
    middle = base[0].eq(co.PI_4[0])
    folded = choose(kit, middle, constant(kit, co.PI_34), constant(kit, co.PI_2[:2]))
    folded = choose(kit, base[0].eq(0.0), constant(kit, co.PI[:2]), folded)
    left = kit.negative(x)
    base = choose(kit, left, folded, base)
    q, tail = kit.select(left, -q, q), kit.select(left, -tail, tail)
    result = kit.copysign(add_series(kit, base, q, tail), y)
    return kit.select(x.unordered(y), NAN, result)


def halves(kit: Kit, a: Val) -> tuple[Val, Val, Val]:
    """(s, tail, z): arcsin(s) = s + tail with s = a for a <= 1/2, else s = sqrt((1 - a)/2)."""
    big = a > 0.5
    z = kit.select(big, (1.0 - a) * 0.5, a * a)
    root, low = kit.sqrt_pair((z, kit.const(0.0)))
    s = kit.select(big, root, a)
    return s, kit.fma(s * z, kit.poly(z, co.ASIN), kit.select(big, low, 0.0)), z


def arcsin(kit: Kit, x: Val) -> Val:
    """arcsin(a), or pi/2 - 2 arcsin(sqrt((1 - a)/2)) from 1/2 on."""
    a = kit.abs(x)
    s, tail, _ = halves(kit, a)
    outer = add_series(kit, constant(kit, co.PI_2[:2]), s * -2.0, tail * -2.0)
    y = kit.select(a > 0.5, outer, s + tail)
    return kit.copysign(kit.select(a < 2.0**-28, a, y), x)


def arccos(kit: Kit, x: Val) -> Val:
    """pi/2 - arcsin(x); 2 arcsin(sqrt((1 - x)/2)) above 1/2, its complement to pi below -1/2."""
    a = kit.abs(x)
    s, tail, _ = halves(kit, a)
    s2, tail2 = s * 2.0, tail * 2.0
    inner = add_series(
        kit, constant(kit, co.PI_2[:2]), kit.copysign(s, -x), kit.select(x > 0.0, -tail, tail)
    )
    left = add_series(kit, constant(kit, co.PI[:2]), -s2, -tail2)
    outer = kit.select(x > 0.0, s2 + tail2, left)
    return kit.select(a > 0.5, outer, inner)
