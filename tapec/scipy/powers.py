"""`np.poly1d` in traced code: coefficients by falling powers.

They keep their number: NumPy leaves leading zeros out, which depends on traced values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapec.scipy.polynomial_objects import operated
from tapec.scipy.registry import StandIn, builds, floats, refused, stands_for
from tapec.trace.arrays.overloads import is_pythons
from tapec.trace.arrays.special import SPECIAL
from tapec.trace.arrays.ufuncs import UFUNCS
from tapec.trace.python.packages import Placed


class Powers(StandIn):
    """A polynomial that may have traced coefficients, the highest power first."""

    title = "numpy.poly1d"
    variable = "x"

    def __init__(self, coefficients: Any) -> None:
        self.coeffs = self.c = self.coef = self.coefficients = coefficients

    def __call__(self, x: Any) -> Any:
        """The value at points of any shape; at another polynomial, the composition."""
        if not isinstance(x, Powers):
            return np.polyval(self.coeffs, x)
        made: Any = Powers(self.coeffs[:1])
        for k in range(1, len(self.coeffs)):
            made = made * x + self.coeffs[k]
        return made

    def deriv(self, m: int = 1) -> Powers:
        """The derivative of this order."""
        return Powers(np.polyder(self.coeffs, m))

    def integ(self, m: int = 1, k: Any = 0) -> Powers:
        """The antiderivative of this order."""
        return Powers(np.polyint(self.coeffs, m, k))

    @property
    def order(self) -> int:
        """The degree."""
        return len(self.coeffs) - 1

    o = order

    @property
    def roots(self) -> Any:
        """The zeros, as complex numbers."""
        return np.roots(self.coeffs)

    r = roots

    @property
    def length(self) -> int:
        """``len`` of it, for traced code."""
        return len(self)

    def __len__(self) -> int:
        return self.order

    def __iter__(self) -> Iterator[Any]:
        return iter(self.coeffs)

    def __getitem__(self, power: int) -> Any:
        inside = 0 <= power <= self.order
        return self.coeffs[self.order - power] if inside else 0.0 * self.coeffs[0]

    def __neg__(self) -> Powers:
        return Powers(-self.coeffs)

    def __pos__(self) -> Powers:
        return self

    def __pow__(self, power: int) -> Any:
        made: Any = Powers(np.ones(1))
        for _ in range(operator.index(power)):
            made = made * self
        return made

    def __truediv__(self, other: Any) -> Any:
        if _is_number(other):
            return Powers(self.coeffs / other)
        return tuple(map(Powers, np.polydiv(self.coeffs, _coefficients(other))))

    def __rtruediv__(self, other: Any) -> Any:
        if _is_number(other):
            return Powers(other / self.coeffs)
        return tuple(map(Powers, np.polydiv(_coefficients(other), self.coeffs)))


def _is_number(x: Any) -> bool:
    return not isinstance(x, Powers) and not np.ndim(x)


def _coefficients(x: Any) -> Any:
    return x.coeffs if isinstance(x, Powers) else np.atleast_1d(floats(x))


def _operators(function: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    def forward(self: Powers, other: Any) -> Powers:
        return Powers(function(self.coeffs, _coefficients(other)))

    def reflected(self: Powers, other: Any) -> Powers:
        return Powers(function(_coefficients(other), self.coeffs))

    return forward, reflected


for _name, _function in (("add", np.polyadd), ("sub", np.polysub), ("mul", np.convolve)):
    _forward, _reflected = _operators(_function)
    setattr(Powers, f"__{_name}__", _forward)
    setattr(Powers, f"__r{_name}__", _reflected)

_FUNCTIONS = frozenset(["polyadd", "polysub", "polymul", "polydiv", "polyder", "polyint"])
_VALUES = frozenset(["polyval", "roots"])


def _of_arrays(name: str, args: Any, kwargs: Any) -> Any:
    """An operator, or one of NumPy's functions of polynomials, which gives a polynomial again."""
    if name in UFUNCS and not isinstance(args[0], Powers) and not is_pythons(args[0]):
        # NumPy's arrays and numbers take a polynomial on their right for the array it holds.
        return getattr(np, name)(args[0], args[1].coeffs)
    made = operated(Powers, name, args, kwargs)
    if made is not NotImplemented:
        return made
    if name not in _FUNCTIONS | _VALUES:
        raise refused(f"np.{name} of a polynomial", "call the polynomial, or use its coeffs")
    made = getattr(np, name)(*(a.coeffs if isinstance(a, Powers) else a for a in args), **kwargs)
    if name in _VALUES:
        return made
    return tuple(map(Powers, made)) if type(made) is tuple else Powers(made)


SPECIAL[Powers] = _of_arrays


@builds(np.poly1d)
def _built(c_or_r: Any, r: bool = False, variable: Any = None) -> Powers:
    if isinstance(c_or_r, Powers):
        return c_or_r
    coefficients = np.atleast_1d(floats(c_or_r))
    if coefficients.ndim > 1:
        raise ValueError("Polynomial must be 1d only.")
    return Powers(np.poly(coefficients) if r else coefficients)


@stands_for(np.poly1d)
def _powers(real: Any, placed: Placed) -> Any:
    coefficients = placed(real.coeffs)
    return Powers(floats(coefficients)).of(real, coefficients)
