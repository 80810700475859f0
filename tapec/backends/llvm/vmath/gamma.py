"""digamma: recurrence to large arguments, Euler-Maclaurin there, reflection below 0.

Abramowitz & Stegun 6.3 and 6.4. On (0, 2), where digamma has its root, a polynomial.
"""

from __future__ import annotations

from math import pi

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.core import NAN, Kit, Val
from tapec.backends.llvm.vmath.log import log
from tapec.backends.llvm.vmath.trig import tan

# Bernoulli numbers B_2, B_4, ...
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
STEPS = 6  # of the recurrence


def digamma(kit: Kit, x: Val) -> Val:
    """The logarithmic derivative of gamma."""
    below = x < 0.0
    a = kit.select(below, 1.0 - x, x)
    y = kit.select(a < 4.0, _near_root(kit, a), _far(kit, a))
    reflected = y - pi / tan(kit, _angle(kit, x))
    y = kit.select(below, reflected, y)
    pole = below & kit.intrinsic("rint", x).eq(x)
    return kit.select(pole | x.unordered(x), NAN, y)


def _near_root(kit: Kit, a: Val) -> Val:
    """For 0 <= a < 4: from the value between 1 and 2, by one or two steps of the recurrence."""
    low, high = a < 1.0, a >= 2.0
    down = kit.select(a >= 3.0, 2.0, 1.0)
    t = kit.select(low, a + 1.0, kit.select(high, a - down, a))
    root, rest = co.DIGAMMA_ROOT
    y = ((t - root) - rest) * kit.poly(t - 1.5, co.DIGAMMA)
    step = kit.select(high, 1.0 / (a - 1.0), kit.select(low, -1.0 / a, 0.0))
    return y + (step + kit.select(a >= 3.0, 1.0 / (a - 2.0), 0.0))


def _far(kit: Kit, a: Val) -> Val:
    """For a >= 4: log(b) - 1/2b - sum B_2k / 2k b^2k at b >= 10, and the way back from there."""
    small = a < 10.0
    b = kit.select(small, a + float(STEPS), a)
    inverse = 1.0 / b
    z = inverse * inverse
    series = z * kit.poly(z, [-c / (2 * k) for k, c in enumerate(BERNOULLI, 1)])
    y = log(kit, b) + (series - inverse * 0.5)
    return y - kit.select(small, _reciprocals(kit, kit.select(small, a, 10.0)), 0.0)


def _reciprocals(kit: Kit, a: Val) -> Val:
    """1/a + 1/(a + 1) + ... of `STEPS` terms as one quotient."""
    terms = [(kit.const(1.0), a + float(k)) for k in range(STEPS)]
    over, under = terms[0]
    for p, q in terms[1:]:
        over, under = kit.fma(over, q, p * under), under * q
    return over / under


def _angle(kit: Kit, x: Val) -> Val:
    """pi times the distance of x from the nearest integer."""
    return (x - kit.intrinsic("rint", x)) * pi
