"""Products and sums of products: bilinear in their operands, so four real ones each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import METHODS, RULES, apply, pair, rule
from tapec.trace.complex.elementary import conjugate
from tapec.trace.complex.options import like
from tapec.tree import is_complex


def bilinear(product: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """A bilinear function of two arrays, at least one of them complex."""
    if not is_complex(b):
        return pair(product(a.real, b), product(a.imag, b))
    if not is_complex(a):
        return pair(product(a, b.real), product(a, b.imag))
    return pair(
        product(a.real, b.real) - product(a.imag, b.imag),
        product(a.real, b.imag) + product(a.imag, b.real),
    )


def _rule(name: str, conjugated: int | None = None) -> Callable[..., Any]:
    def function(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        pairs = [a, b]
        if conjugated is not None and is_complex(pairs[conjugated]):
            pairs[conjugated] = conjugate(pairs[conjugated])
        if not any(map(is_complex, pairs)):
            return TABLE[name](*pairs, *args, **kwargs)
        return bilinear(lambda x, y: TABLE[name](x, y, *args, **kwargs), *pairs)

    return like(name, function)


for _name in (
    "matmul", "dot", "inner", "outer", "tensordot", "kron", "cross", "convolve", "matvec",
    "linalg.matmul", "linalg.outer", "linalg.tensordot", "linalg.cross", "polymul",
):  # fmt: skip
    RULES[_name] = _rule(_name)
# The operand that they conjugate.
_CONJUGATED = {"vdot": 0, "vecdot": 0, "linalg.vecdot": 0, "correlate": 1, "vecmat": 0}
for _name, _place in _CONJUGATED.items():
    RULES[_name] = _rule(_name, _place)
METHODS["dot"] = _rule("dot")


def _outer(name: str) -> None:
    def function(a: Any, b: Any, **options: Any) -> Any:
        spread = np.reshape(a, (*np.shape(a), *(1,) * np.ndim(b)))
        return apply(name, (spread, b), options)

    RULES[f"{name}.outer"] = function


for _name in ("add", "subtract", "multiply", "divide", "power", "equal", "not_equal"):
    _outer(_name)


@rule("einsum")
def einsum(subscripts: Any, *operands: Any, **options: Any) -> Any:
    """Sums of products, multiplied out by the parts of one complex operand after the other."""
    if not isinstance(subscripts, str):
        raise TypeError("np.einsum of complex arrays takes its subscripts as a string")
    place = next((k for k, x in enumerate(operands) if is_complex(x)), None)
    if place is None:
        return TABLE["einsum"](subscripts, *operands, **options)
    first, rest = operands[:place], operands[place + 1 :]
    one = einsum(subscripts, *first, operands[place].real, *rest, **options)
    other = einsum(subscripts, *first, operands[place].imag, *rest, **options)
    if not is_complex(one):
        return pair(one, other)
    return pair(one.real - other.imag, one.imag + other.real)


@rule("linalg.multi_dot")
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices, from left to right."""
    made = arrays[0]
    for array in arrays[1:]:
        made = np.dot(made, array)
    return made


@rule("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> Any:
    """An integer power of a matrix, by repeated squares."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    made: Any = None
    while n:
        if n & 1:
            made = a if made is None else made @ a
        n >>= 1
        a = a @ a if n else a
    if made is None:
        eye = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
        return pair(eye, eye * 0.0)
    return made


@rule("polyval")
def polyval(p: Any, x: Any) -> Any:
    """A polynomial with the highest coefficient first, by Horner's rule."""
    made: Any = x * 0
    for k in range(len(p)):
        made = made * x + p[k]
    return made


@rule("trapezoid", "trapz")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integrals by the trapezoidal rule, along real or complex paths."""
    y = np.moveaxis(y, axis, -1)
    middle = 0.5 * (y[..., 1:] + y[..., :-1])
    if x is None:
        return np.sum(middle * dx, axis=-1)
    step = np.diff(x) if np.ndim(x) == 1 else np.moveaxis(np.diff(x, axis=axis), axis, -1)
    return np.sum(middle * step, axis=-1)
