"""How Taylor coefficients of a result follow from those of the operands: the column `taylor`.

Coefficients are those of powers of t: y(t) = y[0] + y[1] t + y[2] t^2 + ... Griewank and Walther,
Evaluating Derivatives, 2nd ed. 2008, chapter 13; Moore, Methods and Applications of Interval
Analysis, 1979, chapter 3. An op that says nothing has the recurrence that follows from its
partials, or from its `jvp`: k y[k] is coefficient k - 1 of the derivative of y(t).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tapec.ir.build import Expr
from tapec.ir.primitive import PRIMITIVES, Partial

# A coefficient; None where it is known to be zero.
Term: TypeAlias = Expr | None


class Coefficients(Protocol):
    """The coefficients of one value, computed when they are first asked for."""

    # Intermediate results of a recurrence, by keys of its own.
    kept: dict[Any, Any]
    # The number that fills it, where that is known in advance.
    number: float | None

    def __getitem__(self, k: int) -> Term: ...

    def slope(self, k: int) -> Term:
        """k times coefficient k."""


@dataclass(frozen=True)
class Recurrence:
    """Coefficient k >= 1 by itself: step(k, y, *xs, **attrs), given y up to k - 1 and xs up to k.

    The op is linear in operand k where all others are constants and k is in `alone`, and in all
    operands together where `together`: all coefficients may be computed at once then.
    """

    step: Callable[..., Term]
    alone: Sequence[int] = ()
    together: bool = False


@dataclass(frozen=True)
class Slopes:
    """Partials to integrate in place of the declared ones, as formulas of (y, *xs, *besides).

    Each entry of `beside` is another function of the operands that they need: its value as a
    formula of (y, *xs), and its own partials as formulas of (y, *xs, *besides).
    """

    partials: Sequence[Partial | None]
    beside: Sequence[tuple[Callable[..., Any], Sequence[Partial]]] = ()


@dataclass(frozen=True)
class Rate:
    """dy/dt as a rule like `jvp`, of which the coefficients are integrated."""

    rule: Callable[..., Any]


@dataclass(frozen=True)
class Formula:
    """The op in terms of others, right for all coefficients but the first, which the op gives."""

    expression: Callable[..., Any]


Taylor: TypeAlias = Recurrence | Slopes | Rate | Formula

# --- arithmetic in which terms may be missing ----------------------------------------------------


def plus(a: Term, b: Term) -> Term:
    """a + b; a product among them may be rounded together with the sum."""
    if a is None or b is None:
        return b if a is None else a
    found: Expr = PRIMITIVES["add"](a, b, fused=True)
    return found


def minus(a: Term, b: Term) -> Term:
    """a - b, likewise."""
    if b is None:
        return a
    found: Expr = -b if a is None else PRIMITIVES["sub"](a, b, fused=True)
    return found


def scaled(a: Term, factor: float) -> Term:
    """A number times a term."""
    return a if a is None or factor == 1.0 else a * factor


def divided(a: Term, b: Term) -> Term:
    """a / b, where b is never zero throughout."""
    return None if a is None else a / b


Multiply = Callable[[Expr, Expr], Expr]


def times(a: Expr, b: Expr) -> Expr:
    """The product of numbers."""
    return a * b


def products(
    a: Callable[[int], Term], b: Callable[[int], Term], k: int, first: int, last: int,
    multiply: Multiply = times,
) -> Term:  # fmt: skip
    """The sum of a(j) b(k - j) over j from `last` down to `first`.

    In a recurrence b(k - 1) is the newest term: it comes last, so that the others need not wait.
    """
    total: Term = None
    for j in reversed(range(first, last + 1)):
        x, y = a(j), b(k - j)
        if x is not None and y is not None:
            total = plus(total, multiply(x, y))
    return total


def convolution(a: Coefficients, b: Coefficients, k: int, multiply: Multiply = times) -> Term:
    """Coefficient k of a product."""
    return products(a.__getitem__, b.__getitem__, k, 0, k, multiply)


def squared(a: Coefficients, k: int, first: int = 0) -> Term:
    """The sum of a[j] a[k - j] for j from `first` to k - `first`; pairs are computed once."""
    half = scaled(products(a.__getitem__, a.__getitem__, k, first, (k - 1) // 2), 2.0)
    middle = a[k // 2] if k % 2 == 0 and k // 2 >= first else None
    return half if middle is None else plus(half, middle * middle)


def integrated(slope: Coefficients, x: Coefficients, k: int) -> Term:
    """Coefficient k of the integral of slope(t) x'(t)."""
    return scaled(products(x.slope, slope.__getitem__, k, 1, k), 1.0 / k)


def quotient(k: int, y: Coefficients, a: Coefficients, b: Coefficients) -> Term:
    """b y = a."""
    return divided(minus(a[k], products(b.__getitem__, y.__getitem__, k, 1, k)), b[0])


def powers(k: int, y: Coefficients, x: Coefficients, exponent: Any) -> Term:
    """x y' = exponent x' y; the exponent is a number, or an expression."""
    total: Term = None
    for j in reversed(range(1, k + 1)):
        a, b = x[j], y[k - j]
        if a is not None and b is not None:
            factor = exponent * (j / k) - (k - j) / k
            total = plus(total, (a * factor) * b)
    return divided(total, x[0])
