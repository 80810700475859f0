"""Products, variances and norms of complex arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import METHODS, RULES, apply, pair, rule
from tapec.trace.complex.elementary import absolute
from tapec.trace.complex.linear import svdvals
from tapec.trace.numpy.shape import axes_of


def squared(z: Any) -> Any:
    """|z| ** 2, without a root."""
    return z.real * z.real + z.imag * z.imag


@rule("prod")
def prod(z: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The product of the elements: halves are multiplied until one row is left."""
    axes = axes_of(axis, z.ndim)
    rest = [a for a in range(z.ndim) if a not in axes]
    shape = [z.shape[a] for a in rest]
    rows = np.transpose(z, (*axes, *rest)).reshape((-1, *shape))
    if not len(rows):
        rows = pair(np.ones((1, *shape)), np.zeros((1, *shape)))
    while len(rows) > 1:
        half = len(rows) // 2
        paired = rows[:half] * rows[half : 2 * half]
        rows = paired if len(rows) % 2 == 0 else np.concatenate([paired, rows[2 * half :]])
    made = rows[0]
    if keepdims is True:
        made = made.reshape([1 if a in axes else n for a, n in enumerate(z.shape)])
    return made


@rule("cumprod", "cumulative_prod")
def cumprod(z: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Running products, in logarithmically many steps (Hillis and Steele 1986)."""
    z = z.ravel() if axis is None else np.moveaxis(z, axis, 0)
    shift = 1
    while shift < len(z):
        z = np.concatenate([z[:shift], z[shift:] * z[:-shift]])
        shift *= 2
    return z if axis is None else np.moveaxis(z, 0, axis)


def _of_ufunc(name: str, function: str) -> None:
    """A method of a ufunc by the function that does the same, along the first axis by default."""

    def method(z: Any, axis: Any = 0, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        return apply(function, (z,), {"axis": axis, "dtype": dtype, "out": out, **options})

    RULES[name] = method


for _name, _function in {
    "add.reduce": "sum",
    "add.accumulate": "cumsum",
    "multiply.reduce": "prod",
    "multiply.accumulate": "cumprod",
}.items():
    _of_ufunc(_name, _function)


@rule("var")
def var(z: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The mean squared distance from the mean; as NumPy's, complex where `dtype` is given."""
    return _with_zeros(_variance(z, axis, dtype, ddof, keepdims), dtype)


@rule("std")
def std(z: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
    """The standard deviation; as NumPy's, complex where `dtype` is given."""
    return _with_zeros(np.sqrt(_variance(z, axis, dtype, ddof, keepdims)), dtype)


def _variance(z: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any) -> Any:
    z = z if dtype is None else RULES["astype"](z, dtype)
    deviation = squared(z - np.mean(z, axis=axis, keepdims=True))
    count = math.prod(z.shape[a] for a in axes_of(axis, z.ndim))
    return np.sum(deviation, axis=axis, keepdims=keepdims) / float(count - ddof)


def _with_zeros(made: Any, dtype: Any) -> Any:
    return made if dtype is None else pair(made, TABLE["zeros_like"](made))


@rule("linalg.norm", "linalg.vector_norm", "linalg.matrix_norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norms of vectors, and those of matrices that depend on the sizes of their elements alone."""
    if ord in (2, -2, "nuc") and (x.ndim == 2 if axis is None else isinstance(axis, tuple)):
        return _spectral(svdvals(x), ord)
    return np.linalg.norm(absolute(x), ord, axis, keepdims)


def _spectral(values: Any, ord: Any) -> Any:
    if ord == "nuc":
        return np.sum(values, axis=-1)
    return values[..., 0] if ord == 2 else values[..., -1]


def _method(name: str) -> None:
    METHODS[name] = lambda z, *args, **kwargs: apply(name, (z, *args), kwargs)


for _name in ("prod", "cumprod", "var", "std"):
    _method(_name)
