"""The discrete Fourier transform along one axis, of real and imaginary parts, without a factor.

Native code is Stockham's autosort algorithm, a chain of array operations that loops and vectors
come from: one pass for each factor of the length (Van Loan, Computational Frameworks for the Fast
Fourier Transform, 1992, section 1.7). Lengths with other factors than `FOURIER_FACTORS` are
multiplied by the matrix.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.core import Op
from tapec.ir.ops.shape import (
    Array,
    Flags,
    Tangents,
    array,
    call,
    calls,
    lift,
    moved,
    reshaped,
    zeros,
)
from tapec.ir.primitive import Sample, structured
from tapec.ir.tuning import FOURIER_FACTORS
from tapec.ir.types import Type

# Real and imaginary part.
Pair = tuple[Expr, Expr]


def factors(n: int) -> list[int] | None:
    """The lengths of the passes; None where the length has another prime factor."""
    found = []
    for r in FOURIER_FACTORS:
        while n % r == 0:
            found.append(r)
            n //= r
    return found if n == 1 else None


def _infer(re: Type, im: Type, *, axis: int) -> tuple[Type, Type]:
    if re != im:
        raise ShapeError(f"fft: parts of types {re} and {im}")
    if not re.is_float:
        raise DTypeError(f"fft of {re}")
    if not 0 <= axis < len(re.shape) or not re.shape[axis]:
        raise ShapeError(f"fft: {re} has no elements along axis {axis}")
    return re, re


def _fft(re: Array, im: Array, *, axis: Any) -> tuple[Array, Array]:
    z = np.empty(re.shape, np.result_type(re, np.complex64))
    z.real, z.imag = re, im
    found = np.fft.fft(z, axis=axis)
    return found.real.astype(re.dtype), found.imag.astype(re.dtype)


def _both(like: Expr, parts: Tangents) -> Pair:
    """The parts, zeros for those that are none."""
    re, im = (zeros(like) if p is None else p for p in parts)
    return re, im


def _jvp(operands: tuple[Expr, ...], tangents: Tangents, result: Any, *, axis: int) -> Any:
    return calls("fft", *_both(operands[0], tangents), axis=axis)


def _vjp(ct: Tangents, result: Any, operands: tuple[Expr, ...], *, axis: int) -> Pair:
    """The conjugate transform: that of the cotangent with its parts exchanged, and back."""
    re, im = _both(operands[0], ct)
    found = calls("fft", im, re, axis=axis)
    return found[1], found[0]


def _batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, axis: int) -> tuple[Expr, ...]:
    parts = [lift(x, b, size) for x, b in zip(xs, batched, strict=True)]
    return calls("fft", *parts, axis=axis + 1)


def _terms(op: Op) -> int:
    t = op.operands[0].type
    return int(t.size * max(1, math.ceil(math.log2(t.shape[op.attrs["axis"]]))))


# --- native code ---------------------------------------------------------------------------------


def _native(re: Expr, im: Expr, *, axis: int) -> Pair:
    shape = re.shape
    n = shape[axis]
    passes = factors(n)
    if passes is None:
        return _by_matrix(re, im, axis)
    lead, lanes = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    z = reshaped(re, (lead, n, lanes)), reshaped(im, (lead, n, lanes))
    for r in passes:
        z = _pass(z, r)
    return reshaped(z[0], shape), reshaped(z[1], shape)


def _pass(z: Pair, r: int) -> Pair:
    """One pass: (lead, n, lanes) to (lead, n / r, r * lanes)."""
    lead, n, lanes = z[0].shape
    m = n // r
    blocks = [reshaped(x, (lead, r, m, lanes)) for x in z]
    parts = [(_block(blocks[0], q), _block(blocks[1], q)) for q in range(r)]
    found = [_turned(_butterfly(parts, j), j, n, m) for j in range(r)]
    made = [call("stack", *(f[k] for f in found), axis=2) for k in (0, 1)]
    return reshaped(made[0], (lead, m, r * lanes)), reshaped(made[1], (lead, m, r * lanes))


def _block(x: Expr, q: int) -> Expr:
    """Block q of the second axis."""
    lead, _, m, lanes = x.shape
    return call("index", x, at=((0, lead, 1), q, (0, m, 1), (0, lanes, 1)))


def _root(k: int, n: int) -> complex:
    """exp(-2 pi i k / n), exact at the quarters of the circle."""
    quarter, rest = divmod(4 * (k % n), n)
    return (1, -1j, -1, 1j)[quarter] * cmath.exp(-0.5j * math.pi * rest / n)


def _butterfly(parts: Sequence[Pair], j: int) -> Pair:
    """The sum over q of exp(-2 pi i j q / r) times part q."""
    r = len(parts)
    terms = [_times(z, _root(j * q, r)) for q, z in enumerate(parts)]
    re, im = terms[0]
    for a, b in terms[1:]:
        re, im = re + a, im + b
    return re, im


def _times(z: Pair, w: complex) -> Pair:
    """The product with a number; turns by quarters move and negate."""
    re, im = z
    if w.imag == 0:
        return (re, im) if w == 1 else (-re, -im) if w == -1 else (re * w.real, im * w.real)
    if w.real == 0:
        return (im, -re) if w == -1j else (-im, re) if w == 1j else (im * -w.imag, re * w.imag)
    return re * w.real - im * w.imag, im * w.real + re * w.imag


def _turned(z: Pair, j: int, n: int, m: int) -> Pair:
    """Row k of the middle axis times exp(-2 pi i j k / n)."""
    if j == 0 or m == 1:
        return z
    roots = np.array([_root(j * k, n) for k in range(m)])
    re, im = z
    c, s = (_column(re, part) for part in (roots.real, roots.imag))
    return re * c - im * s, im * c + re * s


def _column(like: Expr, values: Array) -> Expr:
    made = array(like, values.astype(like.type.numpy)[None, :, None])
    return call("broadcast_to", made, shape=like.shape)


def _by_matrix(re: Expr, im: Expr, axis: int) -> Pair:
    n = re.shape[axis]
    roots = np.array([[_root(j * k, n) for k in range(n)] for j in range(n)])
    c, s = (
        array(re, np.ascontiguousarray(p).astype(re.type.numpy)) for p in (roots.real, roots.imag)
    )

    def along(matrix: Expr, x: Expr) -> Expr:
        found = call("dot", x, matrix, contract=((axis, 1),), batch=())
        return moved(found, len(x.shape) - 1, axis)

    return along(c, re) - along(s, im), along(c, im) + along(s, re)


def _samples() -> Iterator[Sample]:
    for shape, axis in (
        ((8,), 0), ((1,), 0), ((6,), 0), ((5,), 0), ((17,), 0), ((3, 4), 0), ((2, 12, 3), 1)
    ):  # fmt: skip
        yield Sample((shape, shape), {"axis": axis})


FFT = structured(
    "fft",
    _infer,
    _fft,
    results=2,
    jvp=_jvp,
    vjp=_vjp,
    batch=_batch,
    cost=8,
    work=_terms,
    analytic=False,
    expand=_native,
    bounded=True,
    samples=tuple(_samples()),
    doc="Real and imaginary parts of sum_k (re + i im)_k exp(-2 pi i j k / n) along `axis`.",
)
