"""Logarithms: x = m 2**k, atanh series in s = f/(2 + f), f = m - 1 (fdlibm; Muller, ch. 11)."""

from __future__ import annotations

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import INF, LN2_HI, LN2_LO, NAN, Kit, Pair, Val


def log(kit: Kit, x: Val) -> Val:
    """Natural logarithm: f - (f^2/2 - s (f^2/2 + R(s^2))) + k ln 2, summed from small to large."""
    m, k = kit.split(x)
    kd = kit.small_int(k)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    half = (f * f) * 0.5
    t = kit.fma(kd, LN2_LO, s * kit.fma(z, kit.poly(z, co.LOG), half))
    return log_edges(kit, x, kit.fma(kd, LN2_HI, f - (half - t)))


def log_edges(kit: Kit, x: Val, y: Val) -> Val:
    """The values at 0, infinity, negative numbers and NaN."""
    y = kit.select(x.eq(INF), INF, y)
    y = kit.select(x.eq(0.0), -INF, y)
    return kit.select((x < 0.0) | x.unordered(x), NAN, y)


def mantissa_log(kit: Kit, f: Pair) -> Pair:
    """log(1 + f) as a double-double to about 2**-65, |f| < 0.42."""
    den, err = kit.fast_two_sum(2.0, f[0])
    err = err + f[1]
    r = 1.0 / den
    s = f[0] * r
    sl = (kit.fma(-s, den, f[0]) + kit.fma(-s, err, f[1])) * r
    z, zl = kit.two_prod(s, s)
    zl = kit.fma(s + s, sl, zl)
    w, wl = kit.two_prod(z, co.TWO_THIRDS[0])
    wl = kit.fma(zl, co.TWO_THIRDS[0], kit.fma(z, co.TWO_THIRDS[1], wl))
    w, e = kit.fast_two_sum(w, (z * z) * kit.poly(z, co.LOG_TAIL))
    t, tl = kit.two_prod(s, w)
    tl = kit.fma(s, wl + e, kit.fma(sl, w, tl))
    high, low = kit.fast_two_sum(s + s, t)
    return kit.fast_two_sum(high, low + kit.fma(sl, 2.0, tl))


def add_exponent(kit: Kit, kd: Val, y: Pair) -> Pair:
    """y + k ln 2."""
    high, low = kit.fast_two_sum(kd * LN2_HI, y[0])
    return kit.fast_two_sum(high, low + kit.fma(kd, LN2_LO, y[1]))


def log_pair(kit: Kit, x: Val) -> Pair:
    """log(x) as a double-double for positive finite x."""
    m, k = kit.split(x)
    return add_exponent(kit, kit.small_int(k), mantissa_log(kit, (m - 1.0, kit.const(0.0))))


def log_of_pair(kit: Kit, u: Pair, extra: Val | float = 0.0) -> Pair:
    """log(u) + extra ln 2, u a double-double: positive, normal and finite."""
    m, k = kit.split(u[0])
    # beyond 2**1000 the low part no longer matters; 2**-k must stay normal
    low = u[1] * kit.power_of_two(kit.min_int(k, 1000) * -1)
    f = kit.fast_two_sum(m - 1.0, low)
    return add_exponent(kit, kit.small_int(k) + extra, mantissa_log(kit, f))


def log1p_pair(kit: Kit, f: Pair, big: Val | None = None, x: Val | None = None) -> Val:
    """log(1 + f), f a double-double > -1; where `big`, log(2 x) instead."""
    u, err = kit.two_sum(1.0, f[0])
    err = err + f[1]
    if big is None or x is None:
        return log_of_pair(kit, (u, err))[0]
    u, err = kit.select(big, x, u), kit.select(big, 0.0, err)
    return log_of_pair(kit, (u, err), kit.select(big, 1.0, 0.0))[0]


def log1p(kit: Kit, x: Val) -> Val:
    """log(1 + x): log's sum at u = 1 + x with the rounding error c of u entering as c/u."""
    u, c = kit.two_sum(1.0, x)
    m, k = kit.split(u)
    c = c * kit.power_of_two(kit.min_int(k, 1000) * -1)
    kd = kit.small_int(k)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    half = (f * f) * 0.5
    inverse = kit.fma(s, -2.0, kit.fma(z, 2.0, 1.0))  # 1/m = (1 - s)/(1 + s) to 1%: c is tiny
    low = kit.fma(kd, LN2_LO, c * inverse)
    t = kit.fma(s, kit.fma(z, kit.poly(z, co.LOG), half), low)
    y = log_edges(kit, x + 1.0, kit.fma(kd, LN2_HI, f - (half - t)))
    return kit.select(kit.abs(x) < 2.0**-54, x, y)


def log2(kit: Kit, x: Val) -> Val:
    """Base 2 logarithm; exact at powers of two."""
    return scaled_log(kit, x, co.LOG2E, (1.0, 0.0))


def log10(kit: Kit, x: Val) -> Val:
    """Base 10 logarithm; exact at powers of ten."""
    high = float.fromhex("0x1.34413509f8000p-2")  # 38 bits: k * high is exact
    return scaled_log(kit, x, co.LOG10E, (high, (co.LOG10_2[0] - high) + co.LOG10_2[1]))


def scaled_log(kit: Kit, x: Val, c: tuple[float, float], unit: tuple[float, float]) -> Val:
    """log(m) * c + k * unit."""
    m, k = kit.split(x)
    kd = kit.small_int(k)
    y = mantissa_log(kit, (m - 1.0, kit.const(0.0)))
    p, pl = kit.two_prod(y[0], c[0])
    pl = kit.fma(y[1], c[0], kit.fma(y[0], c[1], pl))
    high, low = kit.fast_two_sum(kd * unit[0], p)
    return log_edges(kit, x, high + (low + kit.fma(kd, unit[1], pl)))
