"""Parts of complex numbers, questions about them and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import (
    RULES,
    ComplexTracer,
    apply,
    is_number,
    method,
    pair,
    rule,
    split,
)
from tapec.trace.complex.elementary import absolute
from tapec.trace.complex.options import like


@rule("real")
def real(z: Any) -> Any:
    """The real part: a view."""
    return z.real


@rule("isscalar")
def isscalar(z: Any) -> bool:
    """Whether it is a number, no array without axes."""
    return is_number(z)


@rule("imag")
def imag(z: Any) -> Any:
    """The imaginary part: a view."""
    return z.imag


@rule("angle")
def angle(z: Any, deg: bool = False) -> Any:
    """The argument, in radians or degrees."""
    made = np.arctan2(z.imag, z.real)
    return made * (180.0 / np.pi) if deg else made


@rule("real_if_close")
def real_if_close(z: Any, tol: float = 100.0) -> Any:
    """Itself: whether it is close to a real array is known at run time only."""
    return z


@rule("iscomplexobj")
def iscomplexobj(z: Any) -> bool:
    """Always, also where all imaginary parts are zero."""
    return True


@rule("iterable")
def iterable(z: Any) -> bool:
    """Whether it has axes."""
    return bool(z.shape)


@rule("result_type")
def result_type(*args: Any) -> Any:
    """NumPy's promotion, of complex arrays too; complex numbers of Python's bend to others."""
    return TABLE["result_type"](*(_kind(a) if isinstance(a, ComplexTracer) else a for a in args))


def _kind(z: Any) -> Any:
    return 0j if z.real._weak else z.dtype


@rule("isrealobj")
def isrealobj(z: Any) -> bool:
    """Never."""
    return False


@rule("iscomplex")
def iscomplex(z: Any) -> Any:
    """Where the imaginary part is not zero."""
    return z.imag != 0


@rule("isreal")
def isreal(z: Any) -> Any:
    """Where the imaginary part is zero."""
    return z.imag == 0


def _of_both(name: str, join: Callable[[Any, Any], Any]) -> None:
    def function(z: Any) -> Any:
        return join(TABLE[name](z.real), TABLE[name](z.imag))

    RULES[name] = function


for _name, _join in (
    ("isnan", np.logical_or), ("isinf", np.logical_or), ("isfinite", np.logical_and)
):  # fmt: skip
    _of_both(_name, _join)


@rule("equal")
def equal(a: Any, b: Any) -> Any:
    """Where both parts agree."""
    (x, y), (u, v) = split(a), split(b)
    return np.logical_and(x == u, y == v)


@rule("not_equal")
def not_equal(a: Any, b: Any) -> Any:
    """Where a part differs."""
    (x, y), (u, v) = split(a), split(b)
    return np.logical_or(x != u, y != v)


def _ordered(name: str) -> None:
    def function(a: Any, b: Any) -> Any:
        (x, y), (u, v) = split(a), split(b)
        strict = np.less if name.startswith("less") else np.greater
        return np.logical_or(strict(x, u), np.logical_and(x == u, TABLE[name](y, v)))

    RULES[name] = function


# NumPy orders complex numbers by their real parts, those of equal ones by their imaginary parts.
for _name in ("less", "less_equal", "greater", "greater_equal"):
    _ordered(_name)


def _truth(z: Any) -> Any:
    return not_equal(z, 0) if isinstance(z, ComplexTracer) else z


def _of_truths(name: str) -> None:
    def function(*args: Any, **kwargs: Any) -> Any:
        return TABLE[name](*map(_truth, args), **kwargs)

    RULES[name] = like(name, function)


for _name in (
    "any", "all", "count_nonzero", "nonzero", "flatnonzero", "logical_and", "logical_or",
    "logical_xor", "logical_not",
):  # fmt: skip
    _of_truths(_name)


@rule("isclose")
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """Where two arrays are equal within tolerances."""
    close = absolute(a - b) <= atol + rtol * np.abs(b)
    made = np.logical_or(np.logical_and(close, np.isfinite(b)), equal(a, b))
    return np.logical_or(made, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else made


@rule("allclose")
def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    """Whether two arrays are equal within tolerances."""
    return np.all(isclose(a, b, rtol, atol, equal_nan))


@rule("array_equal")
def array_equal(a: Any, b: Any, equal_nan: bool = False) -> Any:
    """Whether two arrays have one shape and equal elements."""
    if np.shape(a) != np.shape(b):
        return False
    same = equal(a, b)
    return np.all(np.logical_or(same, np.isnan(a) & np.isnan(b)) if equal_nan else same)


for _name in ("shape", "ndim", "size"):
    RULES[_name] = lambda z, *axis, _name=_name: TABLE[_name](z.real, *axis)


@method("conj", "conjugate")
def conj(z: ComplexTracer) -> Any:
    """``z.conj()``."""
    return apply("conjugate", (z,), {})


@method("item")
def item(z: ComplexTracer, *args: Any) -> Any:
    """The element as a number."""
    return pair(z.real.item(*args), z.imag.item(*args))


@method("tolist")
def tolist(z: ComplexTracer) -> Any:
    """Nested lists of the elements."""
    return [row.tolist() for row in z] if z.shape else z


@method("fill")
def fill(z: ComplexTracer, value: Any) -> None:
    """Every element set to one number."""
    z[...] = value
