"""Taylor polynomials of functions of one number and of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from tapec.derive.interpolation import Index, indices
from tapec.errors import ShapeError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TaylorPolynomial:
    """The Taylor polynomial of a function of an array, up to a total degree.

    `center` is where it was taken. `coefficients` maps multi-indices (an exponent for each number
    of the array, in C order) to numbers or arrays of the shape of the function's result:
    `p.coefficients[2, 1]` is that of (x0 - center0)^2 (x1 - center1). It is called with x itself,
    or with many points along leading axes.
    """

    center: Array
    degree: int
    coefficients: Mapping[Index, Any]

    def __call__(self, x: Any) -> Any:
        """The value at x (..., *center.shape): an array (..., *result.shape)."""
        x = np.asarray(x, float)
        lead = x.shape[: x.ndim - self.center.ndim]
        if x.shape != (*lead, *self.center.shape):
            raise ShapeError(
                f"a point of shape {list(x.shape)} for a polynomial around one of shape "
                f"{list(self.center.shape)}"
            )
        steps = (x - self.center).reshape((*lead, 1, self.center.size))
        exponents = np.array(list(self.coefficients)).reshape(-1, self.center.size)
        monomials = np.prod(steps**exponents, axis=-1)
        return np.tensordot(monomials, np.stack(list(self.coefficients.values())), 1)[()]

    def __getitem__(self, index: Index) -> Any:
        """The coefficient of a multi-index; 0 beyond the degree."""
        return self.coefficients.get(tuple(index), 0.0)


def of_number(terms: Array, x0: float) -> Polynomial:
    """A polynomial that is called with x: its domain is around x0, its window around 0."""
    return Polynomial(terms, domain=[x0 - 1.0, x0 + 1.0], window=[-1.0, 1.0])


def of_array(orders: tuple[Array, ...], x0: Array) -> TaylorPolynomial:
    """From the distinct derivatives of every order."""
    degree = len(orders) - 1
    pairs = (
        (index, derivative / prod(map(factorial, index)))
        for k, order in enumerate(orders)
        for index, derivative in zip(indices(x0.size, k), order, strict=True)
    )
    return TaylorPolynomial(x0, degree, dict(pairs))
