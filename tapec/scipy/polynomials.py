"""`numpy.polynomial`: series of polynomials, by their recurrences and by linear maps.

Sums, products, derivatives and changes of basis are linear in coefficients: NumPy's own functions
on unit vectors give their matrices.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.polynomial import (
    chebyshev,
    hermite,
    hermite_e,
    laguerre,
    legendre,
    polynomial,
    polyutils,
)

from tapec.scipy.registry import floats, translates
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.numpy.polynomial import trailing_zero

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Basis:
    """One family: its module, the prefix of names there, and what follows two members."""

    module: ModuleType
    prefix: str
    first: Callable[[Any], Any]
    following: Callable[[int, Any, Any, Any], Any]  # member k of k, x, the last and the one before

    def named(self, name: str) -> Any:
        """A function of the module."""
        return getattr(self.module, f"{self.prefix}{name}", None)


BASES = (
    Basis(polynomial, "poly", lambda x: x, lambda k, x, a, b: x * a),
    Basis(chebyshev, "cheb", lambda x: x, lambda k, x, a, b: 2.0 * x * a - b),
    Basis(
        legendre, "leg", lambda x: x,
        lambda k, x, a, b: ((2.0 * k - 1.0) * x * a - (k - 1.0) * b) / k,
    ),
    Basis(hermite, "herm", lambda x: 2.0 * x, lambda k, x, a, b: 2.0 * (x * a - (k - 1.0) * b)),
    Basis(hermite_e, "herme", lambda x: x, lambda k, x, a, b: x * a - (k - 1.0) * b),
    Basis(
        laguerre, "lag", lambda x: 1.0 - x,
        lambda k, x, a, b: ((2.0 * k - 1.0 - x) * a - (k - 1.0) * b) / k,
    ),
)  # fmt: skip


def members(basis: Basis, x: Any, count: int) -> list[Any]:
    """The first members of a family at some points."""
    found = [np.ones_like(x), basis.first(x)][:count]
    for k in range(2, count):
        found.append(basis.following(k, x, found[-1], found[-2]))
    return found


def value(basis: Basis, x: Any, c: Any, tensor: bool = True) -> Any:
    """The sum of c_k times member k; further axes of c come first, if `tensor`."""
    x, c = floats(x), floats(c)
    c = c.reshape(1) if c.ndim == 0 else c
    if tensor:
        c = c.reshape((*c.shape, *(1,) * x.ndim))
    parts = [c[k] * p for k, p in enumerate(members(basis, x, c.shape[0]))]
    return sum(parts[1:], parts[0])


def _matrix(columns: Sequence[Array]) -> Array:
    """Results of different lengths as the columns of one matrix."""
    height = max(c.shape[0] for c in columns)
    return np.stack([np.pad(c, (0, height - c.shape[0])) for c in columns], axis=1)


def linear(real: Any, *options: Any, **named: Any) -> Callable[[Any], Any]:
    """A function that is linear in coefficients along the first axis."""

    def apply(c: Any) -> Any:
        c = floats(c)
        matrix = _matrix([np.atleast_1d(real(e, *options, **named)) for e in np.eye(c.shape[0])])
        return np.tensordot(matrix, c, 1)

    return apply


def product(basis: Basis, a: Any, b: Any) -> Any:
    """The product of two series."""
    a, b = floats(a), floats(b)
    times = basis.named("mul")
    tables = [_matrix([times(e, f) for f in np.eye(b.shape[0])]) for e in np.eye(a.shape[0])]
    height = max(t.shape[0] for t in tables)
    cube = np.stack([np.pad(t, ((0, height - t.shape[0]), (0, 0))) for t in tables])
    return np.einsum("ikj,i,j->k", cube, a, b)


def added(a: Any, b: Any, sign: float) -> Any:
    """The sum of two series, or their difference."""
    a, b = floats(a), floats(b)
    n = max(a.shape[0], b.shape[0])
    a, b = (np.concatenate([c, np.zeros(n - c.shape[0])]) for c in (a, b))
    return a + sign * b


def _monomials(basis: Basis, c: Any) -> Any:
    """The coefficients of powers, the lowest first."""
    convert = getattr(basis.module, f"{basis.prefix}2poly", None)
    return floats(c) if convert is None else linear(convert)(c)


def _vandermonde(basis: Basis, x: Any, deg: int) -> Any:
    return np.stack(members(basis, np.atleast_1d(floats(x)), int(deg) + 1), axis=-1)


def derivative(basis: Basis, c: Any, m: int, scale: Any) -> Any:
    """The derivative of order m, by a variable that is stretched by a scale."""
    for _ in range(int(m)):
        c = linear(basis.named("der"))(c * scale)
    return c


def antiderivative(basis: Basis, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
    """The antiderivative of order m that is k_0, k_1, ... at `start`, the missing ones 0."""
    constants = [*k] if type(k) in (list, tuple) else [*np.atleast_1d(floats(k))]
    if len(constants) > m:
        raise ValueError("Too many integration constants")
    for i in range(int(m)):
        c = linear(basis.named("int"))(c * scale)
        rise = (constants[i] if i < len(constants) else 0.0) - value(basis, start, c)
        c = np.concatenate([(c[0] + rise)[None], c[1:]])
    return c


def fitted(basis: Basis, x: Any, y: Any, deg: Any, w: Any, rcond: Any = None) -> Any:
    """The series of a degree, or of these degrees, that is nearest to the data."""
    degrees = np.atleast_1d(np.asarray(deg))
    if degrees.dtype.kind not in "iu" or degrees.min() < 0:
        raise TypeError("deg must be an int or non-empty 1-D array of int")
    powers, y = _vandermonde(basis, x, int(degrees.max())), floats(y)
    if np.ndim(deg):
        powers = powers[:, degrees]
    if w is not None:
        w = floats(w)
        powers, y = powers * w[:, None], y * (w if y.ndim == 1 else w[:, None])
    sizes = np.sqrt(np.sum(powers * powers, axis=0))
    limit = powers.shape[0] * float(np.finfo(float).eps) if rcond is None else rcond
    made = np.linalg.lstsq(powers / sizes, y, rcond=limit)[0]
    made = made / (sizes if made.ndim == 1 else sizes[:, None])
    if not np.ndim(deg):
        return made
    places = np.eye(int(degrees.max()) + 1)[:, degrees]
    return places @ made


def _companion(basis: Basis, c: Any) -> Any:
    """The matrix whose eigenvalues are the roots: affine in c_k / c_n."""
    c, real = floats(c), basis.named("companion")
    zero = real(np.append(np.zeros(c.shape[0] - 1), 1.0))
    each = [real(np.append(e, 1.0)) - zero for e in np.eye(c.shape[0] - 1)]
    return zero + np.tensordot(c[:-1] / c[-1], np.stack(each), 1)


def quotient(basis: Basis, c1: Any, c2: Any) -> tuple[Any, Any]:
    """Quotient and remainder: the solution of c1 = q c2 + r."""
    c1, c2 = floats(c1), floats(c2)
    n, m = c1.shape[0], c2.shape[0]
    if n < m:
        return 0.0 * c1[:1], c1
    columns = [product(basis, e, c2) for e in np.eye(n - m + 1)]
    padded = [np.concatenate([c, np.zeros(n - c.shape[0])]) for c in columns]
    matrix = np.concatenate([np.stack(padded, axis=1), np.eye(n)[:, : m - 1]], axis=1)
    made = np.linalg.solve(matrix, c1)
    rest = made[n - m + 1 :] if m > 1 else 0.0 * c1[:1]
    return made[: n - m + 1], rest


def of_roots(basis: Basis, roots: Any) -> Any:
    """The product of x - root, for all roots."""
    roots = floats(roots)
    factors = [_linear_factor(basis, roots[k]) for k in range(roots.shape[0])]
    return functools.reduce(lambda a, b: product(basis, a, b), factors)


def _linear_factor(basis: Basis, root: Any) -> Any:
    """x - root."""
    return line(basis, -root, 1.0)


def line(basis: Basis, offset: Any, scale: Any) -> Any:
    """The series of offset + scale x."""
    real = basis.named("line")
    matrix = _matrix([np.atleast_1d(real(1.0, 0.0)), np.atleast_1d(real(0.0, 1.0))])
    return matrix @ np.stack([floats(offset), floats(scale)])


def roots_of(basis: Basis, c: Any) -> Any:
    """The roots of a series, in the order of their real parts."""
    return np.sort(np.roots(_monomials(basis, c)[::-1]))


def _register(basis: Basis) -> None:
    """The functions of one module."""

    def enter(name: str, function: Callable[..., Any]) -> None:
        real = basis.named(name)
        if real is not None:
            translates(real)(function)

    enter("val", lambda x, c, tensor=True: value(basis, x, c, tensor))
    enter("val2d", lambda x, y, c: value(basis, y, value(basis, x, c), False))
    enter(
        "val3d",
        lambda x, y, z, c: value(basis, z, value(basis, y, value(basis, x, c), False), False),
    )
    enter("grid2d", lambda x, y, c: value(basis, y, value(basis, x, c)))
    enter("grid3d", lambda x, y, z, c: value(basis, z, value(basis, y, value(basis, x, c))))
    enter("vander", lambda x, deg: _vandermonde(basis, x, deg))
    enter("add", lambda c1, c2: added(c1, c2, 1.0))
    enter("sub", lambda c1, c2: added(c1, c2, -1.0))
    enter("mul", lambda c1, c2: product(basis, c1, c2))
    enter("mulx", lambda c: linear(basis.named("mulx"))(c))
    enter(
        "der",
        lambda c, m=1, scl=1, axis=0: np.moveaxis(
            linear(basis.named("der"), m, scl)(np.moveaxis(floats(c), axis, 0)), 0, axis
        ),
    )
    enter("int", functools.partial(_integrated, basis))
    enter(
        "pow",
        lambda c, pow: functools.reduce(
            lambda a, b: product(basis, a, b), [floats(c)] * int(pow), floats([1.0])
        ),
    )
    enter("fit", lambda x, y, deg, rcond=None, w=None: fitted(basis, x, y, deg, w, rcond))
    enter("companion", lambda c: _companion(basis, c))
    enter("div", lambda c1, c2: quotient(basis, c1, c2))
    enter("fromroots", lambda roots: of_roots(basis, roots))
    enter("roots", lambda c: roots_of(basis, c))
    enter("line", lambda off, scl: line(basis, off, scl))
    for name in (f"{basis.prefix}2poly", f"poly2{basis.prefix}"):
        real = getattr(basis.module, name, None)
        if real is not None:
            translates(real)(_convert(real))


def _integrated(
    basis: Basis, c: Any, m: int = 1, k: Any = (), lbnd: Any = 0, scl: Any = 1, axis: int = 0
) -> Any:
    c = np.moveaxis(floats(c), axis, 0)
    return np.moveaxis(antiderivative(basis, c, m, k, lbnd, scl), 0, axis)


def _convert(real: Any) -> Callable[[Any], Any]:
    return lambda c: linear(real)(c)


for _basis in BASES:
    _register(_basis)


@translates(polyutils.trimcoef)
def trimmed(c: Any, tol: Any = 0) -> Any:
    """Coefficients that end with one larger than `tol`: the program raises where they do not."""
    if not any_symbolic(tol) and tol < 0:
        raise ValueError("tol must be non-negative")
    c = floats(c)
    demand(np.abs(c[-1]) > tol, trailing_zero("polyutils.trimcoef"))
    return c


@translates(polynomial.polyvalfromroots)
def _value_from_roots(x: Any, r: Any, tensor: bool = True) -> Any:
    x, r = floats(x), floats(r)
    return np.prod(x - (r.reshape((*r.shape, *(1,) * x.ndim)) if tensor else r), axis=0)


_WEIGHTS: dict[Any, Callable[[Any], Any]] = {
    chebyshev.chebweight: lambda x: 1.0 / (np.sqrt(1.0 + floats(x)) * np.sqrt(1.0 - floats(x))),
    legendre.legweight: lambda x: floats(x) * 0.0 + 1.0,
    hermite.hermweight: lambda x: np.exp(-(floats(x) ** 2)),
    hermite_e.hermeweight: lambda x: np.exp(-0.5 * floats(x) ** 2),
    laguerre.lagweight: lambda x: np.exp(-floats(x)),
}
for _real, _weight in _WEIGHTS.items():
    translates(_real)(_weight)
