"""erf from a polynomial for log(erfc); erfc as exp(-x^2) times a mapped polynomial.

(1 + 2x) exp(x^2) erfc(x) is smooth in t = (x - K)/(x + K), K = 3.75, on the whole half line
(Shepherd & Laframboise, Math. Comp. 36, 1981).
"""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import Kit, Pair, Val
from tapec.backends.llvm.vmath.exp import exp_parts, reduced

K = 3.75
ONE_FROM = 5.93  # erf rounds to 1 from here on


def small_erf(kit: Kit, a: Val) -> Pair:
    """erf(a) for a <= 1 as an unnormalised pair."""
    return a, a * kit.poly(a * a, co.ERF)


def exponential(kit: Kit, a: Val, top: float) -> tuple[Val, Val, Val, Val]:
    """min(a, top) with exp(-a^2) = (high + rest) 2**n; the rounding error of a^2 enters."""
    a = kit.select(a > top, top, a)
    square, low = kit.two_prod(a, a)
    return a, *exp_parts(kit, -square, -low)


def scaled_erfc(kit: Kit, a: Val, top: float) -> Val:
    """erfc(a) for 0 <= a <= top <= 28, in pairs."""
    a, high, rest, n = exponential(kit, a, top)
    t = (a - K) / (a + K)
    num = kit.fast_two_sum(co.ERFCX[0], t * kit.poly(t, co.ERFCX[1:]))
    q, ql = kit.div_pair(num, kit.two_sum(1.0, a * 2.0))
    value, error = kit.two_prod(q, high)
    return kit.scale(value + kit.fma(q, rest, kit.fma(ql, high, error)), n)


def erf(kit: Kit, x: Val) -> Val:
    """Error function, -expm1(-q) of q = -log(erfc(a)): one smooth polynomial for all a = |x|."""
    a = kit.abs(x)
    a = kit.select(a > ONE_FROM, ONE_FROM, a)
    rate, error = kit.fast_two_sum(co.ERF_RATE[0], a * kit.poly(a, co.ERF_RATE[1:]))
    q, low = kit.two_prod(rate, -a)
    r, s, power = reduced(kit, q, kit.fma(error, -a, low))
    two = kit.power_of_two(power)
    y = (1.0 - two) - kit.fma(two, s, two * r)
    return kit.copysign(y, x)


def erfc(kit: Kit, x: Val) -> Val:
    """Complementary error function; 1 - erf(x) below 3/4, 2 - erfc(-x) on the left."""
    a = kit.abs(x)
    far = scaled_erfc(kit, a, 28.0)
    far = kit.select(x < 0.0, 2.0 - far, far)
    inner = kit.select(a < 0.75, x, 0.0)
    head, tail = small_erf(kit, inner)
    high, low = kit.fast_two_sum(1.0, -head)
    y = kit.select(a < 0.75, high + (low - tail), far)
    return kit.select(x.unordered(x), x, y)
