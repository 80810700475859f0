"""Whole powers of floats, rounded once: what `power` of the C library gives, without its call.

Products are pairs of a rounded value and its rounding error, which an fma gives exactly (Muller et
al., Handbook of Floating-Point Arithmetic, ch. 4 and 5.2).
"""

from __future__ import annotations

from tapec.backends.llvm.emit_scalar import Emit

Pair = tuple[str, str]


def whole_power(e: Emit, x: str) -> str:
    """x**n with n from the op, which is not -1, 0, 1 or 2."""
    n = int(e.op.attrs["n"])
    high, low = _power(e, (x, "") if n > 0 else _inverse(e, x), abs(n))
    exact = e.intrinsic("copysign", e.do("fadd", high, low), high)  # of -0.0 too
    # The error is NaN at infinities and beyond the range of floats.
    return e.pick(e.cmp("oeq", e.do("fsub", low, low), e.num(0)), exact, high)


def _power(e: Emit, x: Pair, n: int) -> Pair:
    """By repeated squaring, from the highest bit of n."""
    found = x
    for bit in f"{n:b}"[1:]:
        found = _product(e, found, found)
        if bit == "1":
            found = _product(e, found, x)
    return found


def _product(e: Emit, a: Pair, b: Pair) -> Pair:
    """The product of two pairs, whose errors are "" where they are zero."""
    product = e.do("fmul", a[0], b[0])
    lost = e.intrinsic("fma", a[0], b[0], e.do("fneg", product))
    for error, factor in ((a[1], b[0]), (b[1], a[0])):
        lost = e.intrinsic("fma", error, factor, lost) if error else lost
    return product, lost


def _inverse(e: Emit, x: str) -> Pair:
    """1 / x, by one step of Newton for the error."""
    inverse = e.do("fdiv", e.num(1), x)
    rest = e.intrinsic("fma", e.do("fneg", inverse), x, e.num(1))
    return inverse, e.do("fmul", inverse, rest)
