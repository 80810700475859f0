"""Objects of `numpy.polynomial`, and `np.poly1d`, made outside and evaluated on traced points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from tapec.scipy.polynomials import BASES, Basis, linear, value
from tapec.scipy.registry import StandIn, floats, stands_for
from tapec.trace.python.packages import Placed


class PolynomialSeries(StandIn):
    """A series with constant or traced coefficients, on a domain that is mapped to a window."""

    title = "numpy.polynomial"

    def __init__(self, basis: Basis, coef: Any, domain: Any, window: Any) -> None:
        self.basis, self.coef, self.domain, self.window = basis, coef, domain, window

    def __call__(self, arg: Any) -> Any:
        """The value at points of any shape."""
        scale = (self.window[1] - self.window[0]) / (self.domain[1] - self.domain[0])
        return value(self.basis, self.window[0] + scale * (floats(arg) - self.domain[0]), self.coef)

    def deriv(self, m: int = 1) -> PolynomialSeries:
        """The derivative of this order."""
        scale = (self.window[1] - self.window[0]) / (self.domain[1] - self.domain[0])
        c = linear(self.basis.named("der"), m, float(scale))(self.coef)
        return PolynomialSeries(self.basis, c, self.domain, self.window)


_OBJECTS = {
    polynomial.Polynomial: 0, chebyshev.Chebyshev: 1, legendre.Legendre: 2, hermite.Hermite: 3,
    hermite_e.HermiteE: 4, laguerre.Laguerre: 5,
}  # fmt: skip


@stands_for(*_OBJECTS)
def _made_outside(real: Any, placed: Placed) -> Any:
    coef = placed(real.coef)
    basis = BASES[_OBJECTS[type(real)]]
    return PolynomialSeries(basis, floats(coef), real.domain, real.window).of(real, coef)


class Powers(StandIn):
    """`np.poly1d` on traced points."""

    title = "numpy.poly1d"

    def __init__(self, coefficients: Any) -> None:
        self.coeffs = self.c = self.coef = coefficients

    def __call__(self, x: Any) -> Any:
        """The value at points of any shape."""
        return np.polyval(self.coeffs, x)

    def deriv(self, m: int = 1) -> Powers:
        """The derivative of this order."""
        return Powers(np.polyder(self.coeffs, m))

    def integ(self, m: int = 1, k: Any = 0) -> Powers:
        """The antiderivative of this order."""
        return Powers(np.polyint(self.coeffs, m, k))


@stands_for(np.poly1d)
def _powers(real: Any, placed: Placed) -> Any:
    coefficients = placed(real.coeffs)
    return Powers(floats(coefficients)).of(real, coefficients)
