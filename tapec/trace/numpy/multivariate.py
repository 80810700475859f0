"""Log-densities of the multivariate distributions of scipy.stats, parameters traced too.

Covariances are factored by Cholesky, which raises where they are not positive definite. Points are
not checked to be in the support, but for counts.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.dispatch import eager
from tapec.trace.arrays.operands import any_symbolic, as_array, unwrap
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.continuous import sc
from tapec.trace.numpy.select import where

_SINGULAR = 1e6 * 2.0**-52  # of the largest eigenvalue: below it they count as 0, as in SciPy
_LOG_2PI, _LOG_2 = math.log(2.0 * math.pi), math.log(2.0)


def _lower(matrix: Any) -> Any:
    return TABLE["linalg.cholesky"](matrix)


def _solved(factor: Any, right: Any) -> Any:
    return TABLE["scipy.linalg.solve_triangular"](factor, right, lower=True)


def _log_det(factor: Any) -> Any:
    """Of the matrix with this Cholesky factor."""
    return 2.0 * np.sum(np.log(np.diagonal(factor)))


def _square(matrix: Any, size: int) -> Any:
    """A covariance: a number or a diagonal stand for matrices."""
    matrix = as_array(getattr(matrix, "covariance", matrix)) * 1.0
    if matrix.ndim == 2:
        return matrix
    return np.eye(size) * matrix


def _size(center: Any, matrix: Any) -> int:
    if center is not None:
        return int(np.size(center))
    shape = np.shape(getattr(matrix, "covariance", matrix))
    return shape[-1] if shape else 1


def _squeezed(x: Any) -> Any:
    return np.reshape(x, tuple(n for n in x.shape if n != 1))


def _centred(x: Any, center: Any, matrix: Any) -> tuple[int, Any]:
    """The size, and points (..., size) less the centre."""
    size = _size(center, matrix)
    x = as_array(x) * 1.0
    x = x[..., None] if x.ndim == 0 or (size == 1 and x.ndim == 1) else x
    return size, x if center is None else x - np.reshape(as_array(center), (size,))


def _distances(x: Any, center: Any, matrix: Any) -> tuple[int, Any, Any]:
    """Size, logarithm of the determinant, and squared distances of points (..., size)."""
    size, rest = _centred(x, center, matrix)
    factor = _lower(_square(matrix, size))
    z = _solved(factor, np.reshape(rest, (-1, size)).T)
    return size, _log_det(factor), _squeezed(np.reshape(np.sum(z * z, axis=0), rest.shape[:-1]))


def _normal(x: Any, mean: Any = None, cov: Any = 1, allow_singular: Any = False) -> Any:
    if unwrap(allow_singular):
        return _singular_normal(x, mean, cov)
    size, log_det, squares = _distances(x, mean, cov)
    return -0.5 * (size * _LOG_2PI + log_det + squares)


def _singular_normal(x: Any, mean: Any, cov: Any) -> Any:
    """Eigenvalues that count as 0 leave a density on the subspace of the others."""
    size, rest = _centred(x, mean, cov)
    matrix = _square(cov, size)
    values = np.linalg.eigvalsh(matrix)
    top = np.max(np.absolute(values))
    kept = values > _SINGULAR * top
    inverse = np.linalg.pinv(matrix, rcond=_SINGULAR)
    parts = np.reshape(rest, (-1, size))
    turned = parts @ inverse
    outside = np.sqrt(np.sum((parts - turned @ matrix) ** 2, axis=-1))
    rank = np.sum(where(kept, 1.0, 0.0))
    log_det = np.linalg.slogdet(matrix + np.eye(size) - matrix @ inverse)[1]  # the others as 1
    made = -0.5 * (rank * _LOG_2PI + log_det + np.sum(turned * parts, axis=-1))
    made = where(outside < 1000.0 * _SINGULAR * top, made, -math.inf)
    return _squeezed(np.reshape(made, rest.shape[:-1]))


def _t(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    size, log_det, squares = _distances(x, loc, shape)
    half = 0.5 * (df + size)
    constant = sc.gammaln(half) - sc.gammaln(0.5 * df) - 0.5 * size * np.log(math.pi * df)
    return constant - 0.5 * log_det - half * np.log1p(squares / df)


def _dirichlet(x: Any, alpha: Any) -> Any:
    x, alpha = as_array(x), as_array(alpha)
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    constant = np.sum(sc.gammaln(alpha)) - sc.gammaln(np.sum(alpha))
    powers = np.reshape(alpha - 1.0, (-1,) + (1,) * (x.ndim - 1))
    return np.sum(sc.xlogy(powers, x), axis=0) - constant


def _matrices(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A log-density of one matrix, or of a stack of them along the last axis."""

    def log_density(x: Any, df: Any, scale: Any) -> Any:
        x = as_array(x)
        size = x.shape[0] if x.ndim > 1 else _size(None, scale)
        x = _square(x, size) if x.ndim < 3 else x
        if x.ndim == 2:
            return rule(x, df, _square(scale, size), size)
        made = [rule(x[..., k], df, _square(scale, size), size) for k in range(x.shape[-1])]
        return np.stack(made)

    return log_density


def _wishart(x: Any, df: Any, scale: Any, size: int) -> Any:
    factor, of_x = _lower(scale), _lower(x)
    z = _solved(factor, of_x)
    constant = 0.5 * df * (size * _LOG_2 + _log_det(factor)) + sc.multigammaln(0.5 * df, size)
    return 0.5 * (df - size - 1.0) * _log_det(of_x) - 0.5 * np.sum(z * z) - constant


def _inverse_wishart(x: Any, df: Any, scale: Any, size: int) -> Any:
    factor, of_x = _lower(scale), _lower(x)
    z = _solved(of_x, factor)
    constant = 0.5 * df * (size * _LOG_2 - _log_det(factor)) + sc.multigammaln(0.5 * df, size)
    return -0.5 * (df + size + 1.0) * _log_det(of_x) - 0.5 * np.sum(z * z) - constant


def _multinomial(x: Any, n: Any, p: Any) -> Any:
    """SciPy takes the last probability to be what the others leave."""
    x, p = as_array(x), as_array(p)
    p = np.concatenate([p[..., :-1], 1.0 - np.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
    counts = np.all(x >= 0, axis=-1) & np.equal(np.sum(x, axis=-1), n)
    safe = where(x >= 0, x, 0) * 1.0
    made = sc.gammaln(n + 1.0) + np.sum(sc.xlogy(safe, p) - sc.gammaln(safe + 1.0), axis=-1)
    valid = np.all((p >= 0) & (p <= 1), axis=-1)
    return where(valid, where(counts, made, -math.inf), math.nan)


def _matrix_normal(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:
    X = as_array(X)
    rows, columns = X.shape[-2:]
    rest = np.reshape(X if mean is None else X - mean, (-1, rows, columns))
    left, right = _lower(_square(rowcov, rows)), _lower(_square(colcov, columns))
    z = _solved(left, np.reshape(np.transpose(rest, (1, 0, 2)), (rows, -1)))
    z = np.transpose(np.reshape(z, (rows, -1, columns)), (2, 0, 1))
    z = np.reshape(_solved(right, np.reshape(z, (columns, -1))), (columns, rows, -1))
    squares = np.reshape(np.sum(z * z, axis=(0, 1)), X.shape[:-2])
    size = rows * columns * _LOG_2PI + columns * _log_det(left) + rows * _log_det(right)
    return -0.5 * (size + squares)


_LOG: dict[str, tuple[str, Callable[..., Any]]] = {
    "multivariate_normal": ("pdf", _normal),
    "multivariate_t": ("pdf", _t),
    "dirichlet": ("pdf", _dirichlet),
    "wishart": ("pdf", _matrices(_wishart)),
    "invwishart": ("pdf", _matrices(_inverse_wishart)),
    "multinomial": ("pmf", _multinomial),
    "matrix_normal": ("pdf", _matrix_normal),
}


def _normal_entropy(mean: Any = None, cov: Any = 1) -> Any:
    size = _size(mean, cov)
    return 0.5 * (size * (_LOG_2PI + 1.0) + _log_det(_lower(_square(cov, size))))


def _dirichlet_var(alpha: Any) -> Any:
    alpha, total = as_array(alpha), np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1.0))


def _dirichlet_entropy(alpha: Any) -> Any:
    alpha = as_array(alpha)
    total = np.sum(alpha)
    constant = np.sum(sc.gammaln(alpha)) - sc.gammaln(total)
    rest = (total - alpha.shape[0]) * sc.digamma(total)
    return constant + rest - np.sum((alpha - 1.0) * sc.digamma(alpha))


# Functions of parameters alone.
_OF_PARAMETERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("multivariate_normal", "entropy"): _normal_entropy,
    ("dirichlet", "mean"): lambda alpha: as_array(alpha) / np.sum(alpha),
    ("dirichlet", "var"): _dirichlet_var,
    ("dirichlet", "entropy"): _dirichlet_entropy,
    ("wishart", "mean"): lambda df, scale: df * _square(scale, _size(None, scale)),
}
# Parameters of distributions that were made outside.
_PARAMETERS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "multivariate_normal": lambda made: (made.mean, made.cov_object.covariance),
    "multivariate_t": lambda made: (made.loc, made.shape, made.df),
    "dirichlet": lambda made: (made.alpha,),
    "wishart": lambda made: (made.df, made.scale),
    "invwishart": lambda made: (made.df, made.scale),
    "multinomial": lambda made: (made.n, made.p),
    "matrix_normal": lambda made: (made.mean, made.rowcov, made.colcov),
}


def _name(thing: Any, ending: str) -> str:
    """The distribution that an object of SciPy's is, or is frozen of; empty for others."""
    cls = type(thing)
    name, known = cls.__name__.removesuffix(ending), cls.__module__.startswith("scipy.stats")
    return name if known and cls.__name__.endswith(ending) and name in _LOG else ""


def is_multivariate(thing: Any) -> bool:
    """Whether it is a multivariate distribution with known log-density, frozen or not."""
    return bool(_name(thing, "_gen") or _name(thing, "_frozen"))


def multivariate(thing: Any, placed: Callable[[Any], Any]) -> Any:
    """The stand-in of a multivariate distribution; None for other objects."""
    if name := _name(thing, "_gen"):
        return Multivariate(thing, name)
    if name := _name(thing, "_frozen"):
        given = tuple(map(placed, _PARAMETERS[name](thing)))
        return FrozenMultivariate(Multivariate(thing._dist, name), given, {})
    return None


class Multivariate:
    """A multivariate distribution whose densities take traced values."""

    def __init__(self, real: Any, name: str) -> None:
        self._real, self._name = real, name

    def __call__(self, *args: Any, **kwargs: Any) -> FrozenMultivariate:
        """The distribution with these parameters."""
        return FrozenMultivariate(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._real, name)
        return functools.partial(self._called, name, member) if callable(member) else member

    def _called(self, name: str, real: Any, *args: Any, **kwargs: Any) -> Any:
        if not any_symbolic((args, kwargs)):
            return eager(real, unwrap(args), unwrap(kwargs))
        if (self._name, name) in _OF_PARAMETERS:
            return _OF_PARAMETERS[self._name, name](*args, **kwargs)
        density, log = _LOG[self._name]
        if name.removeprefix("log") != density:
            raise UnsupportedOperation(
                f"scipy.stats.{self._name}.{name} has no translation for traced values",
                where=user_line(),
                hint=f"log{density} and {density} have",
            )
        made = log(*args, **kwargs)
        return made if name.startswith("log") else np.exp(made)


class FrozenMultivariate:
    """A multivariate distribution with parameters."""

    def __init__(self, of: Multivariate, args: Any, kwargs: Any) -> None:
        self._of, self._args, self._kwargs = of, args, kwargs

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._of, name)
        return lambda *x, **rest: member(*x, *self._args, **self._kwargs, **rest)
