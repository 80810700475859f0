"""Objects of `numpy.polynomial` in traced code: series whose coefficients or domains are traced.

Coefficients keep their number: NumPy leaves trailing zeros out, which depends on traced values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from tapec.scipy.polynomials import (
    BASES,
    Basis,
    added,
    antiderivative,
    derivative,
    line,
    product,
    quotient,
    roots_of,
    trimmed,
    value,
)
from tapec.scipy.registry import (
    StandIn,
    floats,
    refused,
)
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.overloads import BINARY
from tapec.trace.arrays.special import SPECIAL

Series = Any

# NumPy's classes, by the place of their family.
OBJECTS = {
    polynomial.Polynomial: 0, chebyshev.Chebyshev: 1, legendre.Legendre: 2, hermite.Hermite: 3,
    hermite_e.HermiteE: 4, laguerre.Laguerre: 5,
}  # fmt: skip


class PolynomialSeries(StandIn):
    """A series with constant or traced coefficients, on a domain that is mapped to a window."""

    title = "numpy.polynomial"
    symbol = "x"

    def __init__(self, basis: Basis, coef: Any, domain: Any, window: Any) -> None:
        self.basis, self.coef = basis, floats(coef)
        self.domain, self.window = domain, window

    def like(self, coef: Any) -> PolynomialSeries:
        """A series of the same kind with other coefficients."""
        return PolynomialSeries(self.basis, coef, self.domain, self.window)

    # -- values ----------------------------------------------------------------------------

    def __call__(self, arg: Any) -> Any:
        """The value at points of any shape; at another series, the composition."""
        offset, scale = self.mapparms()
        if isinstance(arg, PolynomialSeries):
            return _composed(self.basis, offset + arg * scale, self.coef)
        return value(self.basis, offset + scale * floats(arg), self.coef)

    def mapparms(self) -> tuple[Any, Any]:
        """Offset and scale of the map from the domain to the window."""
        return mapping(self.domain, self.window)

    def linspace(self, n: int = 100, domain: Any = None) -> tuple[Any, Any]:
        """Equally spaced points of the domain and the values there."""
        ends = self.domain if domain is None else domain
        x = np.linspace(ends[0], ends[1], n)
        return x, self(x)

    def roots(self) -> Any:
        """The points where the series is zero, as complex numbers where they are traced."""
        offset, scale = mapping(self.window, self.domain)
        return offset + scale * roots_of(self.basis, self.coef)

    # -- other series ----------------------------------------------------------------------

    def deriv(self, m: int = 1) -> PolynomialSeries:
        """The derivative of this order."""
        return self.like(derivative(self.basis, self.coef, m, self.mapparms()[1]))

    def integ(self, m: int = 1, k: Any = (), lbnd: Any = None) -> PolynomialSeries:
        """The antiderivative of this order, with constants `k`, from the point `lbnd` on."""
        offset, scale = self.mapparms()
        start = 0.0 if lbnd is None else offset + scale * lbnd
        return self.like(antiderivative(self.basis, self.coef, m, k, start, 1.0 / scale))

    def convert(self, domain: Any = None, kind: Any = None, window: Any = None) -> Any:
        """The same function as a series of another kind, domain or window."""
        basis = self.basis if kind is None else BASES[OBJECTS[kind]]
        own = own_domain(basis)
        return self(identity(basis, own if domain is None else domain,
                              own if window is None else window))  # fmt: skip

    def copy(self) -> PolynomialSeries:
        """A series with coefficients of its own."""
        return self.like(self.coef.copy())

    def trim(self, tol: float = 0) -> PolynomialSeries:
        """Without trailing coefficients of at most this size, of which a traced series has none."""
        return self.like(trimmed(self.coef, tol))

    def truncate(self, size: int) -> PolynomialSeries:
        """The first coefficients alone."""
        return self.like(self.coef[: operator.index(size)])

    def cutdeg(self, deg: int) -> PolynomialSeries:
        """The members up to this degree alone."""
        return self.truncate(operator.index(deg) + 1)

    def degree(self) -> int:
        """The number of coefficients less one."""
        return len(self) - 1

    # -- Python ----------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """``len`` of it, for traced code."""
        return len(self)

    def __len__(self) -> int:
        return int(self.coef.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.coef)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, PolynomialSeries) or other.basis is not self.basis:
            return False
        mine, theirs = (np.concatenate([s.coef, s.domain, s.window]) for s in (self, other))
        return mine.shape == theirs.shape and np.all(mine == theirs)

    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> PolynomialSeries:
        return self.like(-self.coef)

    def __pos__(self) -> PolynomialSeries:
        return self

    def __pow__(self, power: int) -> Any:
        made: Any = self.like([1.0])
        for _ in range(operator.index(power)):
            made = made * self
        return made

    def __truediv__(self, other: Any) -> PolynomialSeries:
        if isinstance(other, PolynomialSeries) or np.ndim(other):
            raise TypeError(
                f"unsupported types for true division: 'Polynomial', '{type(other).__name__}'"
            )
        return self.like(self.coef / other)


def mapping(old: Any, new: Any) -> tuple[Any, Any]:
    """Offset and scale of the linear map from one interval to another."""
    length = old[1] - old[0]
    return (old[1] * new[0] - old[0] * new[1]) / length, (new[1] - new[0]) / length


def _composed(basis: Basis, at: PolynomialSeries, coef: Any) -> Any:
    """The series of a series, by the recurrence of its members."""
    members: list[Any] = [at.like([1.0]), basis.first(at)][: coef.shape[0]]
    for k in range(2, coef.shape[0]):
        members.append(basis.following(k, at, members[-1], members[-2]))
    total = members[0] * coef[0]
    for k in range(1, len(members)):
        total = total + members[k] * coef[k]
    return total


def own_domain(basis: Basis) -> Any:
    """The domain, and the window, of series of a family that name none."""
    return next(np.array(real.domain) for real, k in OBJECTS.items() if BASES[k] is basis)


def identity(basis: Basis, domain: Any, window: Any) -> PolynomialSeries:
    """The series of the function x."""
    offset, scale = mapping(window, domain)
    return PolynomialSeries(basis, line(basis, offset, scale), domain, window)


# -- operators -------------------------------------------------------------------------------------


def _coefficients(series: PolynomialSeries, other: Any) -> Any:
    """The coefficients of an operand, which must be a series of the same kind."""
    if not isinstance(other, PolynomialSeries):
        return np.atleast_1d(floats(other))
    if other.basis is not series.basis:
        raise TypeError("Polynomial types differ")
    for name, title in (("domain", "Domains"), ("window", "Windows")):
        mine, theirs = getattr(series, name), getattr(other, name)
        if mine is not theirs and not (any_symbolic([mine, theirs]) or np.all(mine == theirs)):
            raise TypeError(f"{title} differ")
    return other.coef


_OPERATIONS: dict[str, Callable[[Basis, Any, Any], Any]] = {
    "add": lambda basis, a, b: added(a, b, 1.0),
    "sub": lambda basis, a, b: added(a, b, -1.0),
    "mul": product,
    "floordiv": lambda basis, a, b: quotient(basis, a, b)[0],
    "mod": lambda basis, a, b: quotient(basis, a, b)[1],
}


def _operators(name: str) -> tuple[Any, Any]:
    operation = _OPERATIONS[name]

    def forward(self: PolynomialSeries, other: Any) -> PolynomialSeries:
        return self.like(operation(self.basis, self.coef, _coefficients(self, other)))

    def reflected(self: PolynomialSeries, other: Any) -> PolynomialSeries:
        return self.like(operation(self.basis, _coefficients(self, other), self.coef))

    return forward, reflected


def _divmod(a: PolynomialSeries, b: Any) -> tuple[PolynomialSeries, PolynomialSeries]:
    found, rest = quotient(a.basis, a.coef, _coefficients(a, b))
    return a.like(found), a.like(rest)


for _name in _OPERATIONS:
    _forward, _reflected = _operators(_name)
    setattr(PolynomialSeries, f"__{_name}__", _forward)
    setattr(PolynomialSeries, f"__r{_name}__", _reflected)
setattr(PolynomialSeries, "__divmod__", _divmod)  # noqa: B010  mypy reads it as an operator


def operated(kind: type, name: str, args: Any, kwargs: Any) -> Any:
    """What an operator of Python's makes of an object of a class and a traced array.

    `NotImplemented` where NumPy's function of this name is none that the class has.
    """
    short = next((short for short, other in BINARY.items() if other == name), "")
    if kwargs or len(args) != 2 or not hasattr(kind, f"__{short}__"):
        return NotImplemented
    first, second = args
    if isinstance(first, kind):
        return getattr(first, f"__{short}__")(second)
    return getattr(second, f"__r{short}__", lambda other: NotImplemented)(first)


def _of_arrays(name: str, args: Any, kwargs: Any) -> Any:
    made = operated(PolynomialSeries, name, args, kwargs)
    if made is NotImplemented:
        raise refused(f"np.{name} of a series", "call the series, or use its coef")
    return made


SPECIAL[PolynomialSeries] = _of_arrays
