"""Logarithms and inverse hyperbolic functions in single precision.

x = m 2**k, log(m) = f - f^2/2 + f^3 P(f) with f = m - 1; nothing is divided.
"""

from __future__ import annotations

from collections.abc import Callable

from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Val
from tapec.backends.llvm.vmath.guard import define_slow, guarded
from tapec.backends.llvm.vmath.single import coefficients as co

TINY = 2.0**-126  # the least normal number


def tail(kit: Kit, f: Val) -> Val:
    """log(1 + f) - f."""
    z = f * f
    return kit.fma(z * f, kit.poly(f, co.LOG), z * -0.5)


def natural(kit: Kit, f: Val, k: Val) -> Val:
    """log(1 + f) + k ln 2."""
    kd = kit.small_int(k)
    return kit.fma(kd, co.LN2[0], f + kit.fma(kd, co.LN2[1], tail(kit, f)))


def edged(kit: Kit, x: Val, y: Val) -> Val:
    """The values of a logarithm at 0, infinity, negative numbers and NaN."""
    y = kit.select(x > 0.0, y, kit.select(x.eq(0.0), -INF, NAN))
    return kit.select(x.eq(INF), INF, y)


def logarithm(name: str, rule: Callable[[Kit, Val, Val], Val]) -> Callable[[Kit, Val], Val]:
    """A logarithm from those of its parts; other than normal positive numbers are slow."""

    def slow(kit: Kit, x: Val) -> list[Val]:
        m, k = kit.split(x)
        return [edged(kit, x, rule(kit, m - 1.0, k))]

    def write(kit: Kit, x: Val) -> Val:
        define_slow(kit, name, 1, slow)
        m, k = kit.split_normal(kit.bits(x))
        usual = (x >= TINY) & (x < INF)
        return guarded(kit, name, usual, [rule(kit, m - 1.0, k)], [x])[0]

    return write


def of_base(
    scale: tuple[float, float], unit: tuple[float, float]
) -> Callable[[Kit, Val, Val], Val]:
    """log(1 + f) scale + k unit, either constant in two parts; exact where the result is whole."""

    def rule(kit: Kit, f: Val, k: Val) -> Val:
        kd = kit.small_int(k)
        p, pl = kit.two_prod(f, scale[0])
        low = kit.fma(tail(kit, f), scale[0], kit.fma(f, scale[1], pl))
        w, wl = kit.two_prod(kd, unit[0])
        high, error = kit.two_sum(w, p)
        return high + (low + (error + kit.fma(kd, unit[1], wl)))

    return rule


log = logarithm("log", natural)
log2 = logarithm("log2", of_base(co.LOG2E, (1.0, 0.0)))
log10 = logarithm("log10", of_base(co.LOG10E, co.LOG10_2))


def of_sum(kit: Kit, u: Val, c: Val) -> Val:
    """log(u + c), c below the last place of u: positive, normal and finite."""
    m, k = kit.split_normal(kit.bits(u))
    unit = kit.power_of_two(kit.min_int(k, 100) * -1)  # c no longer matters beyond
    return natural(kit, kit.fma(c, unit, m - 1.0), k)


def log1p(kit: Kit, x: Val) -> Val:
    """log(1 + x), with the rounding error of the sum."""
    y = of_sum(kit, *kit.two_sum(1.0, x))
    y = kit.select(kit.abs(x) < 2.0**-25, x, y)
    return edged(kit, x + 1.0, y)


def arcsinh(kit: Kit, x: Val) -> Val:
    """log(a + sqrt(a^2 + 1)) of a = |x| with all rounding errors; an odd polynomial below 1/2."""
    a = kit.abs(x)
    z = a * a
    small = kit.fma(a * z, kit.poly(z, co.ASINH), a)
    big = a > 2.0**30
    t = kit.select(big, 1.0, a)
    q, ql = kit.two_prod(t, t)
    one, err = kit.two_sum(1.0, q)
    s, sl = kit.sqrt_pair((one, err + ql))
    u, err = kit.fast_two_sum(s, t)
    large = doubled(kit, big, a, of_sum(kit, u, err + sl))
    return kit.copysign(kit.select(a < 0.5, small, kit.select(a.eq(INF), a, large)), x)


def doubled(kit: Kit, big: Val, a: Val, y: Val) -> Val:
    """y, and log(2 a) where `big`."""
    m, k = kit.split_normal(kit.bits(a))
    return kit.select(big, natural(kit, m - 1.0, k + 1), y)


def arccosh(kit: Kit, x: Val) -> Val:
    """log1p(t + sqrt(t (t + 2))), t = x - 1; log(2x) from 2**30 on."""
    big = x > 2.0**30
    t = kit.select(big, 2.0, x) - 1.0
    u, err = kit.two_sum(t, kit.const(2.0))
    p, pl = kit.two_prod(t, u)
    s, sl = kit.sqrt_pair(kit.fast_two_sum(p, kit.fma(t, err, pl)))
    f, low = kit.two_sum(t, s)
    one, err = kit.two_sum(1.0, f)
    y = doubled(kit, big, x, of_sum(kit, one, err + (low + sl)))
    return kit.select(x >= 1.0, kit.select(x.eq(INF), x, y), NAN)


def arctanh(kit: Kit, x: Val) -> Val:
    """log((1 + a)/(1 - a))/2 of a = |x|; an odd polynomial below 1/2."""
    a = kit.abs(x)
    z = a * a
    small = kit.fma(a * z, kit.poly(z, co.ATANH), a)
    safe = kit.select(a < 1.0, a, 0.5)
    u, err = kit.fast_two_sum(1.0, safe)
    y = of_sum(kit, *kit.div_pair((u, err), (1.0 - safe, kit.const(0.0)))) * 0.5
    y = kit.select(a < 0.5, small, kit.select(a.eq(1.0), INF, y))
    return kit.select(a <= 1.0, kit.copysign(y, x), NAN)
