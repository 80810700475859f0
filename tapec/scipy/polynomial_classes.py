"""Classes of `numpy.polynomial` in traced code: series of traced coefficients, roots and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from tapec.scipy.polynomial_objects import OBJECTS, PolynomialSeries, identity, mapping, own_domain
from tapec.scipy.polynomials import BASES, Basis, fitted, of_roots
from tapec.scipy.registry import (
    floats,
    is_traced,
    on_constants,
    refused,
    stands_for,
    with_members,
)
from tapec.trace.python.packages import CLASSES, Placed


class SeriesClass:
    """One class of `numpy.polynomial`: what it makes of traced values."""

    def __init__(self, real: Any, basis: Basis) -> None:
        self.real, self.basis = real, basis

    @property
    def domain(self) -> Any:
        """The domain, and the window, of series that name none."""
        return own_domain(self.basis)

    def __call__(self, coef: Any, domain: Any = None, window: Any = None, symbol: str = "x") -> Any:
        """A series of coefficients."""
        own = self.domain
        return PolynomialSeries(
            self.basis, np.atleast_1d(floats(coef)),
            own if domain is None else floats(domain), own if window is None else floats(window),
        )  # fmt: skip

    def _on(self, domain: Any, x: Any) -> Any:
        """The domain of a constructor: that of the points, if none is given."""
        if domain is None:
            return np.stack([np.min(x), np.max(x)])
        return self.domain if type(domain) is list and not domain else floats(domain)

    def fit(
        self,
        x: Any,
        y: Any,
        deg: Any,
        domain: Any = None,
        rcond: Any = None,
        full: bool = False,
        w: Any = None,
        window: Any = None,
        symbol: str = "x",
    ) -> Any:
        """The series of a degree, or of these degrees, nearest to the data."""  # fmt: skip
        if full:
            raise refused(f"{self.real.__name__}.fit with full=", "compute residuals from the fit")
        x = floats(x)
        domain = self._on(domain, x)
        window = self.domain if window is None else window
        offset, scale = mapping(domain, window)
        coef = fitted(self.basis, offset + scale * x, y, deg, w, rcond)
        return PolynomialSeries(self.basis, coef, domain, window)

    def fromroots(self, roots: Any, domain: Any = (), window: Any = None, symbol: str = "x") -> Any:
        """The series that is zero at some points, its highest power by 1."""
        roots = floats(roots)
        domain = self._on(list(domain) if domain == () else domain, roots)
        window = self.domain if window is None else window
        offset, scale = mapping(domain, window)
        coef = of_roots(self.basis, offset + scale * roots) / scale ** roots.shape[0]
        return PolynomialSeries(self.basis, coef, domain, window)

    def identity(self, domain: Any = None, window: Any = None, symbol: str = "x") -> Any:
        """The series of the function x."""
        own = self.domain
        return identity(self.basis, own if domain is None else domain,
                         own if window is None else window)  # fmt: skip

    def basis_member(
        self, deg: int, domain: Any = None, window: Any = None, symbol: str = "x"
    ) -> Any:
        """One member of the family."""
        return self(np.eye(int(deg) + 1)[-1], domain, window)

    def cast(self, series: PolynomialSeries, domain: Any = None, window: Any = None) -> Any:
        """A series as one of this class."""
        return series.convert(domain, self.real, window)

    def interpolate(self, func: Any, deg: int, domain: Any = None, args: Any = ()) -> Any:
        """The Chebyshev series that meets a function at the points of the first kind."""
        domain = self.domain if domain is None else floats(domain)
        offset, scale = mapping(self.domain, domain)
        nodes = chebyshev.chebpts1(deg + 1)
        values = func(offset + scale * nodes, *args)
        weights = np.full(deg + 1, 0.5 * (deg + 1))
        weights[0] = deg + 1
        coef = np.dot(chebyshev.chebvander(nodes, deg).T, values) / weights
        return PolynomialSeries(self.basis, coef, domain, self.domain)


_KINDS = {BASES[k]: SeriesClass(real, BASES[k]) for real, k in OBJECTS.items()}
# By NumPy's names; `interpolate` calls a function of the user's, whatever its arguments are.
_CONSTRUCTORS = {"fit": "fit", "fromroots": "fromroots", "identity": "identity",
                 "basis": "basis_member", "cast": "cast"}  # fmt: skip


def _where_traced(real: Any, ours: Any) -> Callable[..., Any]:
    """NumPy's own where nothing is traced."""
    direct = on_constants(real)

    def made(*args: Any, **kwargs: Any) -> Any:
        return (ours if is_traced((args, kwargs)) else direct)(*args, **kwargs)

    return made


class _Constructors:
    """The members of a class in traced code."""

    def __init__(self, kind: SeriesClass) -> None:
        for name, own in _CONSTRUCTORS.items():
            setattr(self, name, _where_traced(getattr(kind.real, name), getattr(kind, own)))
        if kind.real is chebyshev.Chebyshev:
            self.interpolate = kind.interpolate


for _kind in _KINDS.values():
    CLASSES[_kind.real] = with_members(
        _where_traced(_kind.real, _kind), _kind.real, _Constructors(_kind)
    )


@stands_for(*OBJECTS)
def _made_outside(real: Any, placed: Placed) -> Any:
    coef = placed(real.coef)
    basis = BASES[OBJECTS[type(real)]]
    return PolynomialSeries(basis, floats(coef), real.domain, real.window).of(real, coef)
