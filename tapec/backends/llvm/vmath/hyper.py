"""sinh, cosh, tanh and their inverses, from expm1, exp and log1p kept as pairs (Muller, ch. 11)."""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Pair, Val
from tapec.backends.llvm.vmath.exp import exp_parts, expm1_parts, less_one, reduced
from tapec.backends.llvm.vmath.log import log1p_pair


def tanh(kit: Kit, x: Val) -> Val:
    """expm1(-2a)/(2 + expm1(-2a)) of a = |x|, both parts of expm1 kept."""
    a = kit.abs(x)
    half = expm1_parts(kit, kit.select(a > 25.0, 25.0, a) * -2.0)
    return _tanh(kit, x, a, half, _one_more(kit, half))


def tanh_and_slope(kit: Kit, x: Val) -> Pair:
    """tanh(x) and 4 exp(-2a)/(1 + exp(-2a))^2 of a = |x|, by one exponential and one division."""
    a = kit.abs(x)
    r, s, power = reduced(kit, kit.select(a > 373.0, 373.0, a) * -2.0)
    decay = kit.scale(1.0 + (r + s), power)
    near = kit.select(power < -72, -72, power, "i")  # beyond, tanh is 1
    half = less_one(kit, r, s, near)
    den, low, inverse = _one_more(kit, half)
    error = kit.fma(-inverse, low, kit.fma(-inverse, den, 1.0))
    exact = kit.fma(error, inverse, inverse)
    return _tanh(kit, x, a, half, (den, low, inverse)), decay * exact * exact


def _one_more(kit: Kit, half: Pair) -> tuple[Val, Val, Val]:
    """1 + half as a pair, and about its reciprocal."""
    den, err = kit.fast_two_sum(1.0, half[0])
    return den, err + half[1], 1.0 / den


def _tanh(kit: Kit, x: Val, a: Val, half: Pair, den: tuple[Val, Val, Val]) -> Val:
    """tanh(x) from expm1(-2a)/2 and that plus 1."""
    q = half[0] * den[2]
    rest = kit.fma(-q, den[0], half[0]) + kit.fma(-q, den[1], half[1])
    y = kit.fma(rest, den[2], q)
    return kit.copysign(kit.select(a < 2.0**-28, a, y), x)


def half_exp_sum(kit: Kit, a: Val, sign: float) -> Val:
    """exp(a)/2 + sign exp(-a)/2 for 0 <= a <= 711."""
    high, low, n = exp_parts(kit, a)
    back = kit.power_of_two(kit.min_int(n, 60) * -2)
    high, err = kit.fast_two_sum(high, (sign * back) / (high + low))
    return kit.scale(high + (err + low), n - 1)


def cosh(kit: Kit, x: Val) -> Val:
    """Hyperbolic cosine."""
    return half_exp_sum(kit, kit.clamp(kit.abs(x), 0.0, 711.0), 1.0)


def sinh(kit: Kit, x: Val) -> Val:
    """Hyperbolic sine; an odd polynomial below 1."""
    a = kit.abs(x)
    z = a * a
    small = kit.fma(a * z, kit.poly(z, co.SINH), a)
    large = half_exp_sum(kit, kit.clamp(a, 0.0, 711.0), -1.0)
    return kit.copysign(kit.select(a < 1.0, small, large), x)


def arcsinh(kit: Kit, x: Val) -> Val:
    """log1p(a + a^2/(1 + sqrt(1 + a^2))); log(2a) from 2**30 on."""
    a = kit.abs(x)
    big = a > 2.0**30
    t = kit.select(big, 1.0, a)
    q, ql = kit.two_prod(t, t)
    one, err = kit.two_sum(1.0, q)
    s, sl = kit.sqrt_pair((one, err + ql))
    den, err = kit.two_sum(1.0, s)
    f, fl = kit.div_pair((q, ql), (den, err + sl))
    f, err = kit.two_sum(t, f)
    y = log1p_pair(kit, (f, err + fl), big, a)
    y = kit.select(a < 2.0**-28, a, kit.select(a.eq(INF), a, y))
    return kit.select(x.unordered(x), NAN, kit.copysign(y, x))


def arccosh(kit: Kit, x: Val) -> Val:
    """log1p(t + sqrt(t (t + 2))), t = x - 1; log(2x) from 2**30 on."""
    big = x > 2.0**30
    t, tl = kit.two_sum(-1.0, kit.select(big, 2.0, x))
    u, err = kit.two_sum(2.0, t)
    p, pl = kit.two_prod(t, u)
    pl = pl + kit.fma(t, err + tl, tl * u)
    s, sl = kit.sqrt_pair(kit.fast_two_sum(p, pl))
    f, err = kit.two_sum(t, s)
    y = log1p_pair(kit, (f, err + (sl + tl)), big, x)
    y = kit.select(x.eq(INF), x, y)
    return kit.select(x >= 1.0, y, NAN)


def arctanh(kit: Kit, x: Val) -> Val:
    """log1p(2a/(1 - a))/2."""
    a = kit.abs(x)
    safe = kit.select(a < 1.0, a, 0.0)
    den, err = kit.two_sum(1.0, -safe)
    f = kit.div_pair((safe * 2.0, kit.const(0.0)), (den, err))
    y = log1p_pair(kit, f) * 0.5
    y = kit.select(a < 2.0**-28, a, kit.select(a.eq(1.0), INF, y))
    return kit.select(a <= 1.0, kit.copysign(y, x), NAN)
