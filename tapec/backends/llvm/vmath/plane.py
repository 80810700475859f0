"""Numbers of the plane: distance from 0, and quotients of complex numbers.

Both compute plainly, and by scaled formulas in lanes whose squares leave the range of doubles.
Sources: R. L. Smith, "Algorithm 116: Complex Division", 1962; Muller et al., Handbook of
Floating-Point Arithmetic, ch. 4 (division and square root by fma).
"""

from __future__ import annotations

from collections.abc import Callable

from tapec.backends.llvm.target import chosen
from tapec.backends.llvm.vmath.core import INF, NAN, Kit, Pair, Val
from tapec.backends.llvm.vmath.formats import DOUBLE, SINGLE
from tapec.backends.llvm.vmath.guard import define_slow, guarded

# Sums of squares in this range have lost nothing to underflow, and none of their terms overflows.
LEAST, MOST = 2.0**-900, 2.0**900
LEAST_SINGLE, MOST_SINGLE = 2.0**-90, 2.0**120
# The estimate of 1 / sqrt of a register, and how many lanes that has.
RSQRT = {
    DOUBLE: ("@llvm.x86.avx512.rsqrt14.pd.512", 8),
    SINGLE: ("@llvm.x86.avx512.rsqrt14.ps.512", 16),
}


def hypot(kit: Kit, x: Val, y: Val) -> Val:
    """sqrt(x^2 + y^2) within 1.3 ulp; what the order of the operands is makes no difference."""
    return _guarded_hypot(kit, x, y, scaled_hypot, LEAST, MOST)


def hypot_single(kit: Kit, x: Val, y: Val) -> Val:
    """`hypot` in single precision; in double precision where squares leave the range."""
    return _guarded_hypot(kit, x, y, _hypot_in_doubles, LEAST_SINGLE, MOST_SINGLE)


def _guarded_hypot(
    kit: Kit, x: Val, y: Val, slow: Callable[[Kit, Val, Val], Val], least: float, most: float
) -> Val:
    """The root of the sum of squares; `slow` in lanes where that leaves the range."""
    a, b = kit.abs(x), kit.abs(y)
    top, low = kit.select(a > b, a, b), kit.select(a > b, b, a)
    square = kit.fma(top, top, low * low)
    define_slow(kit, "hypot", 2, lambda kit, x, y: [slow(kit, x, y)])
    usual = (square > least) & (square < most)
    return guarded(kit, "hypot", usual, [root(kit, square)], [x, y])[0]


def _hypot_in_doubles(kit: Kit, x: Val, y: Val) -> Val:
    wide = Kit(kit.lines, kit.width)
    a, b = (wide.new(f"fpext {kit.D} {v.name} to {wide.D}", "d") for v in (x, y))
    exact = wide.sqrt(wide.fma(a, a, b * b))
    value = kit.new(f"fptrunc {wide.D} {exact.name} to {kit.D}", "d")
    return kit.select(kit.abs(x).eq(INF) | kit.abs(y).eq(INF), INF, value)


def root(kit: Kit, x: Val) -> Val:
    """The square root of a positive number.

    Registers of 512 bits take twice as long for it as for an estimate to 14 bits, a step of third
    order, and a last one by the exact residual, which gives the same bits.
    """
    if kit.width % RSQRT[kit.format][1] or "avx512f" not in chosen().features:
        return kit.sqrt(x)
    near = estimated(kit, x)
    miss = kit.fma(-(x * near), near, 1.0)
    near = kit.fma(near, kit.fma(miss, 0.375, 0.5) * miss, near)
    value = x * near
    return kit.fma(kit.fma(-value, value, x) * 0.5, near, value)


def estimated(kit: Kit, x: Val) -> Val:
    """1 / sqrt(x) to 14 bits, register by register."""
    name, lanes = RSQRT[kit.format]
    register = f"<{lanes} x {kit.format.element}>"
    kit.lines.declare(f"declare {register} {name}({register}, {register}, i{lanes})")

    def estimate(part: str) -> str:
        rest = f"{register} zeroinitializer, i{lanes} -1"
        return kit.lines.emit(f"call {register} {name}({register} {part}, {rest})")

    if kit.width == lanes:
        return Val(kit, estimate(x.name), "d")
    low, high = (
        estimate(_lanes(kit, kit.D, x.name, "poison", range(first, first + lanes)))
        for first in (0, lanes)
    )
    return Val(kit, _lanes(kit, register, low, high, range(kit.width)), "d")


def _lanes(kit: Kit, type: str, a: str, b: str, places: range) -> str:
    """Lanes out of two vectors."""
    listed = ", ".join(f"i32 {k}" for k in places)
    mask = f"<{len(places)} x i32> <{listed}>"
    return kit.lines.emit(f"shufflevector {type} {a}, {type} {b}, {mask}")


def scaled_hypot(kit: Kit, x: Val, y: Val) -> Val:
    """The sum as a double-double, scaled by a power of two away from both ends."""
    a, b = kit.abs(x), kit.abs(y)
    top, low = kit.select(a > b, a, b), kit.select(a > b, b, a)
    big, small = top > 2.0**500, top < 2.0**-400
    factor = kit.select(big, 2.0**-600, kit.select(small, 2.0**600, 1.0))
    back = kit.select(big, 2.0**600, kit.select(small, 2.0**-600, 1.0))
    top, low = top * factor, low * factor
    p, pl = kit.two_prod(top, top)
    q, ql = kit.two_prod(low, low)
    s, e = kit.fast_two_sum(p, q)
    value, rest = kit.sqrt_pair((s, e + (pl + ql)))
    value = kit.select(x.unordered(y), NAN, (value + rest) * back)
    return kit.select(a.eq(INF) | b.eq(INF), INF, value)


def quotient(kit: Kit, x: Val, y: Val, c: Val, e: Val) -> Pair:
    """Both parts of (x + iy) / (c + ie), within a few ulp of its size.

    No product is fused, so that equal operands give 1 and small integers what they should.
    """
    size = c * c + e * e
    top, turned = x * c + y * e, y * c - x * e
    inverse = 1.0 / size
    define_slow(kit, "quotient", 4, smith)
    usual = (size > LEAST) & (size < MOST)
    for part in (top, turned):  # zeros too are left to the formula that gives them NumPy's signs
        usual = usual & (kit.abs(part) > LEAST) & (kit.abs(part) < MOST)
    parts = [divided(kit, part, size, inverse) for part in (top, turned)]
    real, imag = guarded(kit, "quotient", usual, parts, [x, y, c, e])
    return real, imag


def divided(kit: Kit, a: Val, b: Val, inverse: Val) -> Val:
    """a / b, by the exact residual of a times the rounded inverse of b."""
    q = a * inverse
    return kit.fma(kit.fma(-q, b, a), inverse, q)


def smith(kit: Kit, x: Val, y: Val, c: Val, e: Val) -> Pair:
    """The quotient by way of that of the divisor's parts; infinities and NaN as in NumPy."""
    a, b = kit.abs(c), kit.abs(e)
    flat = a >= b
    top = kit.select(flat, a, b)
    factor = kit.select(top > 2.0**1000, 2.0**-10, kit.select(top < 2.0**-960, 2.0**110, 1.0))
    x, y, c, e = x * factor, y * factor, c * factor, e * factor
    large, small = kit.select(flat, c, e), kit.select(flat, e, c)
    zero = (a + b).eq(0.0)
    ratio = kit.select(zero, 0.0, small / large)
    scale = kit.select(zero, 0.0, large + small * ratio)
    real = kit.select(flat, x + y * ratio, x * ratio + y)
    imag = kit.select(flat, y - x * ratio, y * ratio - x)
    return kit.select(zero, x, real) / scale, kit.select(zero, y, imag) / scale


def quotient_real(kit: Kit, x: Val, y: Val, c: Val, e: Val) -> Val:
    """Re((x + iy) / (c + ie))."""
    return quotient(kit, x, y, c, e)[0]


def quotient_imag(kit: Kit, x: Val, y: Val, c: Val, e: Val) -> Val:
    """Im((x + iy) / (c + ie))."""
    return quotient(kit, x, y, c, e)[1]
