"""Circular functions and their inverses in single precision.

Arguments are reduced by pi/2 in three parts with fma up to 1e5, as in double precision.
"""

from __future__ import annotations

from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Val
from tapec.backends.llvm.vmath.single import coefficients as co
from tapec.backends.llvm.vmath.trig import guarded, reduce, sine_and_cosine


def reduced(kit: Kit, x: Val) -> tuple[Val, Val, Val]:
    """x = n pi/2 + r + low: (r, low, n)."""
    return reduce(kit, x, co.PI[0], co.PI_2)


def folded(kit: Kit, x: Val) -> tuple[Val, Val, Val]:
    """(sin r, cos r, quadrant) of the reduced argument."""
    r, low, quadrant = reduced(kit, x)
    z = r * r
    s = r + kit.fma(r * z, kit.poly(z, co.SIN), low)
    c = kit.fma(z * z, kit.poly(z, co.COS), kit.fma(z, -0.5, 1.0))
    return s, kit.fma(-r, low, c), quadrant


sin, cos, sincos = sine_and_cosine(folded)


def tan(kit: Kit, x: Val) -> Val:
    """Tangent: the quotient, swapped and negated in odd quadrants; the cosine in two parts."""
    r, low, quadrant = reduced(kit, x)
    z = r * r
    s, sl = kit.fast_two_sum(r, kit.fma(r * z, kit.poly(z, co.SIN), low))
    half = z * 0.5
    w = 1.0 - half
    rest = kit.fma(r, -low, ((1.0 - w) - half))
    c, cl = kit.fast_two_sum(w, kit.fma(z * z, kit.poly(z, co.COS), rest))
    odd = (quadrant & 1).ne(0)
    num = kit.select(odd, -c, s), kit.select(odd, -cl, sl)
    den = kit.select(odd, s, c), kit.select(odd, sl, cl)
    q = num[0] / den[0]
    error = kit.fma(-q, den[0], num[0]) + kit.fma(-q, den[1], num[1])
    y = kit.fma(error, 1.0 / den[0], q)
    return guarded(kit, "tan", x, kit.select(kit.abs(x) < 2.0**-13, x, y))


def arctan_tail(kit: Kit, q: Val) -> Val:
    """arctan(q) - q of |q| <= 1."""
    z = q * q
    return (q * z) * kit.poly(z, co.ATAN)


def complement(kit: Kit, parts: tuple[float, float], q: Val, rest: Val) -> Val:
    """A constant in two parts less q + rest."""
    high, error = kit.fast_two_sum(kit.const(parts[0]), -q)
    return high + ((error + parts[1]) - rest)


def arctan(kit: Kit, x: Val) -> Val:
    """Arc tangent; beyond 1 the complement of that of the inverse."""
    a = kit.abs(x)
    big = a > 1.0
    q = kit.select(big, 1.0 / a, a)
    rest = arctan_tail(kit, q)
    y = kit.select(big, complement(kit, co.PI_2[:2], q, rest), q + rest)
    return kit.copysign(y, x)


def arctan2(kit: Kit, y: Val, x: Val) -> Val:
    """Angle of the point (x, y), from the smaller coordinate over the larger one."""
    ax, ay = kit.abs(x), kit.abs(y)
    steep = ay > ax
    top, low = kit.select(steep, ay, ax), kit.select(steep, ax, ay)
    q = kit.select(low.eq(INF), 1.0, low / kit.select(top.eq(0.0), 1.0, top))
    rest = arctan_tail(kit, q)
    left = kit.negative(x)
    turn = kit.select(steep ^ left, -1.0, 1.0)
    base = kit.select(steep, co.PI_2[0], kit.select(left, co.PI[0], 0.0))
    beside = kit.select(steep, co.PI_2[1], kit.select(left, co.PI[1], 0.0))
    high, error = kit.fast_two_sum(base, q * turn)
    angle = high + ((error + beside) + rest * turn)
    return kit.copysign(kit.select(x.unordered(y), NAN, angle), y)


def halves(kit: Kit, a: Val) -> tuple[Val, Val]:
    """(s, rest): arcsin(s) = s + rest with s = a for a <= 1/2, else s = sqrt((1 - a)/2)."""
    big = a > 0.5
    z = kit.select(big, (1.0 - a) * 0.5, a * a)
    root = kit.sqrt(z)
    s = kit.select(big, root, a)
    low = kit.select(big & (root > 0.0), kit.fma(-root, root, z) / (root + root), 0.0)
    return s, kit.fma(s * z, kit.poly(z, co.ASIN), low)


def arcsin(kit: Kit, x: Val) -> Val:
    """arcsin(a), or pi/2 - 2 arcsin(sqrt((1 - a)/2)) from 1/2 on."""
    a = kit.abs(x)
    s, rest = halves(kit, a)
    outer = complement(kit, co.PI_2[:2], s * 2.0, rest * 2.0)
    return kit.copysign(kit.select(a > 0.5, outer, s + rest), x)


def arccos(kit: Kit, x: Val) -> Val:
    """pi/2 - arcsin(x); 2 arcsin(sqrt((1 - x)/2)) above 1/2, its complement to pi below -1/2."""
    a = kit.abs(x)
    s, rest = halves(kit, a)
    inner = complement(kit, co.PI_2[:2], kit.copysign(s, x), kit.copysign(rest, x))
    outer = kit.select(x > 0.0, (s + rest) * 2.0, complement(kit, co.PI, s * 2.0, rest * 2.0))
    return kit.select(a > 0.5, outer, inner)
