"""Recurrences of Taylor coefficients that elementwise ops declare.

Where a value decides which of two functions an op is, as that of an extreme does, and both are
equal, the first coefficient in which they differ decides: the expansion is that for small t >= 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.build import Expr
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.series import (
    Coefficients,
    Term,
    convolution,
    divided,
    integrated,
    minus,
    plus,
    powers,
    products,
    scaled,
    squared,
)


def _op(name: str, *operands: Any, **attrs: Any) -> Expr:
    found: Expr = PRIMITIVES[name](*operands, **attrs)
    return found


def _zero(like: Coefficients) -> Expr:
    """A number beside the coefficients."""
    first = like[0]
    assert first is not None
    return _op("sub", first, first)


# --- products and roots --------------------------------------------------------------------------


def product(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """Leibniz's rule."""
    return squared(a, k) if a is b else convolution(a, b, k)


def square_root(k: int, y: Coefficients, x: Coefficients) -> Term:
    """y^2 = x."""
    return divided(minus(x[k], squared(y, k, 1)), scaled(y[0], 2.0))


def cube_root(k: int, y: Coefficients, x: Coefficients) -> Term:
    """A power of 1/3."""
    return powers(k, y, x, 1.0 / 3.0)


def general_power(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """A power with a constant exponent; with another, y' = y (b log a)'."""
    if all(b[j] is None for j in range(1, k + 1)):
        return _constant_power(k, y, a, b)
    return integrated(y, _Exponent(y, a, b), k)


def _constant_power(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """Of bases that are zero there are whole powers, and what is smaller than t^k."""
    first, exponent = a[0], b[0]
    found = powers(k, y, a, exponent)
    if found is None or (b.number is not None and not float(b.number).is_integer()):
        return found
    assert first is not None
    assert exponent is not None
    whole: Any = _op("select", exponent > float(k), 0.0, first * np.nan)
    for m in range(k + 1):
        term = _power_of_nothing(y, a, m, k)
        whole = _op("select", exponent.equals(float(m)), 0.0 if term is None else term, whole)
    return _op("select", first.equals(0.0), whole, found)


def _power_of_nothing(y: Coefficients, a: Coefficients, m: int, k: int) -> Term:
    """Coefficient k of a^m where a[0] is zero."""
    if m < 2 or m > k:
        return a[k] if m == 1 else None
    key = ("power", m, k)
    if key not in y.kept:
        y.kept[key] = products(
            a.__getitem__, lambda j: _power_of_nothing(y, a, m - 1, j), k, 1, k - m + 1
        )
    found: Term = y.kept[key]
    return found


class _Exponent:
    """b log a, kept with y."""

    number: float | None = None

    def __init__(self, y: Coefficients, a: Coefficients, b: Coefficients) -> None:
        self.kept, self._a, self._b = y.kept, a, b

    def __getitem__(self, k: int) -> Term:
        """By its derivative b' log a + b a' / a, whose parts are kept."""
        if k not in self.kept:
            first = self._a[0]
            assert first is not None
            safe = _op("select", first.equals(0.0), 1.0, first) if self._fixed(k) else first
            log = self.kept.setdefault(-1, [_op("log", safe)])
            for j in range(len(log), k + 1):
                log.append(logarithm(j, log, self._a))
            self.kept[k] = products(log.__getitem__, self._b.__getitem__, k, 0, k)
        found: Term = self.kept[k]
        return found

    def slope(self, k: int) -> Term:
        """k times coefficient k."""
        return scaled(self[k], float(k))

    def _fixed(self, k: int) -> bool:
        """Whether the base is constant: powers of zero are zero then, and stay so."""
        return all(self._a[j] is None for j in range(1, k + 1))


def logarithm(k: int, y: Any, x: Coefficients) -> Term:
    """x y' = x'; needs nothing of y but its coefficients."""
    inner = products(lambda j: scaled(y[j], j / k), x.__getitem__, k, 1, k - 1)
    return divided(minus(x[k], inner), x[0])


def whole_power(x: Any, *, n: int) -> Any:
    """x^n by squares and products, which are right at x = 0 too."""
    if n <= 0:
        return 1.0 / whole_power(x, n=-n) if n else x * 0.0
    half = x if n < 4 else whole_power(x, n=n // 2)
    if n == 1:
        return x
    square = half * half
    return square * x if n % 2 else square


def distance(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """y^2 = a^2 + b^2, over y[0] throughout, so that nothing overflows; NaN at the origin."""
    total: Term = None
    for x, first, sign in ((a, 0, 1.0), (b, 0, 1.0), (y, 1, -1.0)):
        over = [_over(y, x, j) for j in range(first, k + 1 - first)]
        inner = products(lambda j, o=over, f=first: o[j - f], x.__getitem__, k, first, k - first)  # type: ignore[misc]
        total = plus(total, scaled(inner, 0.5 * sign))
    return total


def _over(y: Coefficients, x: Coefficients, j: int) -> Term:
    key = (id(x), j)
    kept: dict[Any, Term] = y.kept
    if key not in kept:
        kept[key] = divided(x[j], y[0])
    return kept[key]


# --- of which of two -----------------------------------------------------------------------------


def size(k: int, y: Coefficients, x: Coefficients) -> Term:
    """x with the sign of its first coefficient that is not zero."""
    term = x[k]
    if term is None:
        return None
    sign = _decided(y, k, lambda j: None if x[j] is None else _op("sign", x[j]))
    return None if sign is None else _op("select", sign.equals(0.0), 0.0, sign * term)


def with_sign(a: Expr, b: Expr) -> Expr:
    """|a|, negated where b was negative at t = 0."""
    size = _op("abs", a)
    return _op("select", _op("signbit", b), -size, size)


def _decided(y: Coefficients, k: int, sign: Callable[[int], Term]) -> Term:
    """The first of sign(0), ..., sign(k) that is not zero."""
    for j in range(k + 1):
        if j not in y.kept:
            before, new = y.kept.get(j - 1), sign(j)
            y.kept[j] = (
                before if new is None
                else new if before is None
                else _op("select", before.equals(0.0), new, before)
            )  # fmt: skip
    found: Term = y.kept[k]
    return found


def extreme(sign: float, ignoring_nan: bool) -> Callable[..., Term]:
    """The step of a maximum (`sign` 1.0) or a minimum (-1.0)."""

    def compared(a: Coefficients, b: Coefficients, j: int) -> Term:
        if a[j] is None and b[j] is None:
            return None
        x, y = a[j] or _zero(a), b[j] or _zero(b)
        above, below = _op("greater", x, y), _op("less", x, y)
        if j == 0 and ignoring_nan:
            above = _op("logical_or", above, _op("isnan", y))
            below = _op("logical_or", below, _op("isnan", x))
        like = {"dtype": x.dtype}
        return _op("convert", above, **like) - _op("convert", below, **like)

    def step(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
        if a[k] is None and b[k] is None:
            return None
        wins = _decided(y, k, lambda j: compared(a, b, j))
        assert wins is not None
        return _op("select", wins * sign > 0.0, a[k] or _zero(a), b[k] or _zero(b))

    return step


def chosen(k: int, y: Coefficients, c: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """That of the branch which the condition takes at t = 0."""
    if a[k] is None and b[k] is None:
        return None
    return _op("select", c[0], 0.0 if a[k] is None else a[k], 0.0 if b[k] is None else b[k])
