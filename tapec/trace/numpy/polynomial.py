"""Polynomials and convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import ShapeError
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.operands import as_array, as_tracer, strong
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.numpy.linalg import dot
from tapec.trace.numpy.shape import reshaped
from tapec.trace.tuning import CONVOLVED_WINDOWS, HORNER_STEPS


@implements("polyval")
def polyval(p: Any, x: Any) -> Any:
    """Polynomial by Horner's rule, highest power first."""
    p, x = as_tracer(p), as_tracer(x)
    if p.shape[0] > HORNER_STEPS:
        zero = TABLE["full"](x.shape, 0, TABLE["result_type"](p, x))
        return repeated(p.shape[0], lambda k, made: made * x + p[k], zero)
    made: Any = TABLE["zeros_like"](x)
    for k in range(p.shape[0]):
        made = made * x + p[k]
    return made


@implements("vander")
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Powers of `x` as columns."""
    x = as_tracer(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    if N is not None and int(N) < 0:
        raise ValueError("negative dimensions are not allowed")
    n = x.size if N is None else int(N)
    x = TABLE["astype"](x, np.promote_types(x.dtype, int))
    if not n:
        return TABLE["zeros_like"](x, shape=(x.size, 0))
    powers = [TABLE["power"](x, k) for k in range(n)]
    return TABLE["stack"](powers if increasing else powers[::-1], axis=1)


@implements("polyfit")
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, w: Any = None) -> Any:
    """The polynomial of a degree that is nearest to the data, by columns of length 1."""
    x, y = (TABLE["astype"](as_tracer(as_array(a)), float) for a in (x, y))
    if x.ndim != 1 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")
    powers = vander(x, int(deg) + 1)
    if w is not None:
        w = as_tracer(as_array(w))
        powers, y = powers * w[:, None], y * (w if y.ndim == 1 else w[:, None])
    sizes = np.sqrt(np.sum(powers * powers, axis=0))
    limit = x.shape[0] * float(np.finfo(float).eps) if rcond is None else rcond
    made = np.linalg.lstsq(powers / sizes, y, rcond=limit)[0]
    return made / (sizes if made.ndim == 1 else sizes[:, None])


@implements("convolve")
def convolve(a: Any, b: Any, mode: str = "full") -> Any:
    """Discrete convolution: a product with shifted copies of the second operand."""
    a, b = (TABLE["atleast_1d"](strong(x)) for x in (a, b))
    if a.ndim > 1 or b.ndim > 1:
        raise ValueError("object too deep for desired array")
    if b.size > a.size:
        a, b = b, a
    n, m = a.size, b.size
    parts = {"full": (0, n + m - 1), "same": ((m - 1) // 2, n), "valid": (m - 1, n - m + 1)}
    if mode not in parts:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    if not m:
        raise ValueError("v cannot be empty")
    first, count = parts[mode]
    weights = TABLE["flip"](b)
    if count * m > CONVOLVED_WINDOWS:
        padded = TABLE["pad"](a, m - 1)[first : first + count + m - 1]
        return _summed(padded, weights, count)
    places = np.arange(first - m + 1, first - m + 1 + count)[:, None] + np.arange(m)
    begin, end = np.searchsorted(places[:, 0], 0), np.searchsorted(places[:, -1], n)
    whole = dot(a[places[begin:end]], weights)
    if end - begin == count:
        return whole
    before, after = (_edge(a, weights, rows) for rows in (places[:begin], places[end:]))
    return TABLE["concatenate"]([before, whole, after])


def _edge(a: Any, weights: Any, places: Any) -> Any:
    """Products of windows that reach beyond the ends, where weights that are NaN count for none."""
    inside = (places >= 0) & (places < a.size)
    terms = a[places.clip(0, a.size - 1)] * weights
    total = TABLE["sum"](TABLE["where"](inside, terms, TABLE["zeros_like"](terms)), axis=1)
    return TABLE["astype"](total, terms.dtype)


def _summed(padded: Any, weights: Any, count: int) -> Any:
    """One window after the other added to the sum: a loop of the program."""
    dtype = TABLE["result_type"](padded, weights)

    def step(k: Any, total: Any) -> Any:
        return total + padded[k : k + count] * weights[k]

    return repeated(weights.size, step, TABLE["full"](count, 0, dtype))


@implements("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Cross-correlation of two sequences."""
    a, v = strong(a), strong(v)
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError("object of too small or large depth for desired array")
    flip = TABLE["flip"]
    if a.size >= v.size:
        return convolve(a, flip(v), mode)
    return flip(convolve(v, flip(a), mode))


@implements("polynomial.polyval")
def polynomial_polyval(x: Any, c: Any, tensor: bool = True) -> Any:
    """Polynomial by Horner's rule, lowest power first."""
    c, x = as_tracer(c), as_tracer(x)
    c = c if c._dtype[0] == "f" else TABLE["astype"](c, float)
    if tensor:
        c = reshaped(c, c.shape + (1,) * x.ndim)
    n = c.shape[0]
    made = c[n - 1] + x * 0
    if n > HORNER_STEPS:
        return repeated(n - 1, lambda k, made: c[n - 2 - k] + made * x, made)
    for k in range(n - 2, -1, -1):
        made = c[k] + made * x
    return made


@implements("polyder")
def polyder(p: Any, m: int = 1) -> Any:
    """Coefficients of the derivative, highest power first."""
    p = _coefficients(p, m, "derivative")
    for _ in range(int(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


def _coefficients(p: Any, m: int, what: str) -> Any:
    if m < 0:
        raise ValueError(f"Order of {what} must be positive")
    p = strong(p)
    if not p.ndim and (m or what == "derivative"):
        raise TypeError("len() of unsized object")
    return p


@implements("polyint")
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Coefficients of the antiderivative, highest power first; `k` are its constants."""
    p, m = _coefficients(p, m, "integral"), int(m)
    constants = TABLE["atleast_1d"](strong([0.0] * m if k is None else k))
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m)
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        p = TABLE["concatenate"]([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@implements("polymul")
def polymul(a1: Any, a2: Any) -> Any:
    """Product of polynomials, without leading zeros."""
    return convolve(*(_without_leading_zeros(TABLE["atleast_1d"](strong(p))) for p in (a1, a2)))


def _without_leading_zeros(p: Any) -> Any:
    """Coefficients, the first of which is not zero: NumPy's result has as many as that says."""
    if p.size < 2:
        return p
    if is_symbolic(p):
        demand(TABLE["not_equal"](p[0], 0), _leading_zero())
        return p
    known = np.trim_zeros(p._array, "f")
    return known if known.size else np.zeros(1, p.dtype)


def _leading_zero() -> ShapeError:
    return ShapeError(
        "np.polymul leaves leading zeros out, and the first coefficient of a polynomial is 0",
        where=where(),
        hint="use np.convolve, which keeps them",
    )


def trailing_zero(name: str) -> ShapeError:
    """The error of a function that leaves zeros at an end out, where a traced end is one."""
    return ShapeError(
        f"np.{name} leaves zeros at the ends out, and a traced element there is 0: how many "
        "elements are left depends on values",
        where=where(),
        hint="cut the array yourself: x[first:last]",
    )


@implements("trim_zeros")
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """``np.trim_zeros``, of numbers that do not start or end with zeros."""
    x = as_tracer(as_array(filt))
    kept = trim.lower()
    if kept not in ("fb", "bf", "f", "b"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    if x.ndim != 1 or not x.size or axis not in (None, 0, -1):
        raise unsupported(np.trim_zeros, " of arrays with several axes, or none")
    for at in [0] * ("f" in kept) + [-1] * ("b" in kept):
        demand(TABLE["not_equal"](x[at], 0), trailing_zero("trim_zeros"))
    return x


@implements("polydiv")
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Quotient and remainder, by synthetic division."""
    u, v = (TABLE["atleast_1d"](strong(p)) * 1.0 for p in (u, v))
    n, m = u.size, v.size
    if n < m:
        return TABLE["zeros_like"](u[:1]), u
    rest, found = u, []
    for _ in range(n - m + 1):
        found.append(rest[0] / v[0])
        rest = TABLE["concatenate"]([rest[1:m] - found[-1] * v[1:], rest[m:]])
    if m > 2:
        # NumPy takes smaller numbers at the front of a remainder for zeros.
        demand(TABLE["absolute"](rest[0]) > 1e-8, trailing_zero("polydiv"))
    return TABLE["stack"](found), rest if m > 1 else TABLE["zeros_like"](u[:1])


@implements("polyadd")
def polyadd(a1: Any, a2: Any) -> Any:
    """Sum of polynomials."""
    return TABLE["add"](*_aligned(a1, a2))


@implements("polysub")
def polysub(a1: Any, a2: Any) -> Any:
    """Difference of polynomials."""
    return TABLE["subtract"](*_aligned(a1, a2))


def _aligned(*polynomials: Any) -> list[Any]:
    """Coefficients with zeros before the shorter ones, whose powers are missing."""
    parts = [TABLE["atleast_1d"](strong(p)) for p in polynomials]
    n = max(map(len, parts))
    return [
        TABLE["concatenate"]([np.zeros(n - len(p), p.dtype), p]) if len(p) < n else p for p in parts
    ]
