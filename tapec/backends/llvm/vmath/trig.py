"""sin, cos, tan: fma reduction by pi/2 up to 1e5 (Cody & Waite; Muller, ch. 11), then libm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.backends.llvm.target import PURE
from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath import guard
from tapec.backends.llvm.vmath.core import Kit, Pair, Val
from tapec.backends.llvm.vmath.formats import DOUBLE

Folded = Callable[[Kit, Val], tuple[Val, Val, Val]]
One = Callable[[Kit, Val], Val]
Both = Callable[[Kit, Val], Pair]
FAST_LIMIT = 1e5  # n < 2**17: x - n pi/2's first part is exact, three parts of pi/2 leave 2**-100


def reduce(
    kit: Kit, x: Val, pi: float = co.PI[0], parts: Sequence[float] = co.PI_2
) -> tuple[Val, Val, Val]:
    """x = n pi/2 + r + low: (r, low, n), |r| <= pi/4; pi/2 is given in three parts."""
    p1, p2, p3 = parts
    n, quadrant = kit.nearest(x, 2.0 / pi)
    a = kit.fma(n, -p1, x)
    w, wl = kit.two_prod(n, -p2)
    r, low = kit.two_sum(a, w)
    return r, kit.fma(n, -p3, low + wl), quadrant


def sin_parts(kit: Kit, r: Val, low: Val, z: Val) -> Pair:
    """sin(r + low) as an unnormalised pair."""
    tail = (r * z) * kit.poly(z, co.SIN)
    return r, kit.fma(low, kit.fma(z, -0.5, 1.0), tail)


def cos_parts(kit: Kit, r: Val, low: Val, z: Val) -> Pair:
    """cos(r + low) as an unnormalised pair; the rounding of 1 - z/2 is kept (fdlibm k_cos.c)."""
    half = z * 0.5
    w = 1.0 - half
    tail = kit.fma(z * z, kit.poly(z, co.COS), kit.fma(r, -low, (1.0 - w) - half))
    return w, tail


def signed(kit: Kit, y: Val, quadrant: Val) -> Val:
    """y, negated when bit 1 of the quadrant is set."""
    return kit.double(kit.bits(y) ^ ((quadrant & 2) << int(kit.format.integer[1:]) - 2))


def folded(kit: Kit, x: Val) -> tuple[Val, Val, Val]:
    """(sin r, cos r, quadrant) of the reduced argument."""
    r, low, quadrant = reduce(kit, x)
    z = r * r
    sh, sl = sin_parts(kit, r, low, z)
    ch, cl = cos_parts(kit, r, low, z)
    return sh + sl, ch + cl, quadrant


def sine(kit: Kit, x: Val, s: Val, c: Val, quadrant: Val) -> Val:
    """Sine from the reduced argument's values; keeps -0.0."""
    y = signed(kit, kit.select((quadrant & 1).ne(0), c, s), quadrant)
    return guarded(kit, "sin", x, kit.select(x.eq(0.0), x, y))


def cosine(kit: Kit, x: Val, s: Val, c: Val, quadrant: Val) -> Val:
    """Cosine from the reduced argument's values."""
    y = signed(kit, kit.select((quadrant & 1).ne(0), s, c), quadrant + 1)
    return guarded(kit, "cos", x, y)


def sine_and_cosine(folded: Folded) -> tuple[One, One, Both]:
    """Sine, cosine, and both sharing the reduction, from what gives the reduced values."""

    def sin(kit: Kit, x: Val) -> Val:
        return sine(kit, x, *folded(kit, x))

    def cos(kit: Kit, x: Val) -> Val:
        return cosine(kit, x, *folded(kit, x))

    def sincos(kit: Kit, x: Val) -> Pair:
        parts = folded(kit, x)
        return sine(kit, x, *parts), cosine(kit, x, *parts)

    return sin, cos, sincos


sin, cos, sincos = sine_and_cosine(folded)


def tan(kit: Kit, x: Val) -> Val:
    """Tangent: the quotient of the two pairs, swapped and negated in odd quadrants."""
    r, low, quadrant = reduce(kit, x)
    z = r * r
    s = kit.fast_two_sum(*sin_parts(kit, r, low, z))
    c = kit.fast_two_sum(*cos_parts(kit, r, low, z))
    odd = (quadrant & 1).ne(0)
    num = kit.select(odd, -c[0], s[0]), kit.select(odd, -c[1], s[1])
    den = kit.select(odd, s[0], c[0]), kit.select(odd, s[1], c[1])
    y = kit.div_pair(num, den)[0]
    y = kit.select(kit.abs(x) < 2.0**-28, x, y)
    return guarded(kit, "tan", x, y)


def guarded(kit: Kit, name: str, x: Val, y: Val) -> Val:
    """y, with the lanes whose |x| is beyond the reduction's range (or NaN) taken from libm."""
    element = kit.format.element
    symbol = name if kit.format is DOUBLE else f"{name}f"
    kit.lines.declare(f"declare {element} @{symbol}({element}){PURE}")
    kit.lines.define(f"tapec.slow.{name}.{kit.suffix}", slow_text(kit, name, symbol))
    return guard.guarded(kit, name, kit.abs(x) <= FAST_LIMIT, [y], [x])[0]


def slow_text(kit: Kit, name: str, symbol: str) -> str:
    """Every lane through the C library."""
    w, d, one = kit.width, kit.D, kit.format.element
    head = f"define internal {d} @tapec.slow.{name}.{kit.suffix}({d} %a0) noinline cold nounwind {{"
    if w == 1:
        return f"{head}\n  %y = call {one} @{symbol}({one} %a0)\n  ret {one} %y\n}}"
    return f"""{head}
entry:
  br label %lane
lane:
  %i = phi i64 [ 0, %entry ], [ %next, %lane ]
  %acc = phi {d} [ %a0, %entry ], [ %new, %lane ]
  %e = extractelement {d} %a0, i64 %i
  %y = call {one} @{symbol}({one} %e)
  %new = insertelement {d} %acc, {one} %y, i64 %i
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {w}
  br i1 %more, label %lane, label %done
done:
  ret {d} %new
}}"""
