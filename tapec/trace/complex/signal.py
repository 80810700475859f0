"""Functions of scipy.signal: convolutions and digital filters, of real and complex arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.ops.fft import factors
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import RULES
from tapec.trace.complex.fourier import as_array, fftn, ifftn, irfftn, rfftn
from tapec.trace.complex.transforms import checked_axis
from tapec.trace.tuning import DIRECT_CONVOLUTION
from tapec.tree import is_complex

_MODES = ("full", "valid", "same")


def of_signals(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of real and of complex signals."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        TABLE[f"scipy.signal.{name}"] = RULES[f"scipy.signal.{name}"] = function
        return function

    return register


# -- convolutions ----------------------------------------------------------------------------------


def _checked(a: Any, b: Any, mode: str) -> tuple[Any, Any]:
    a, b = as_array(a), as_array(b)
    if a.ndim != b.ndim:
        raise ValueError("in1 and in2 should have the same dimensionality")
    if mode not in _MODES:
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    return a, b


@of_signals("fftconvolve")
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """``scipy.signal.fftconvolve``: by transforms of lengths with small factors."""
    a, b = _checked(in1, in2, mode)
    axes = range(a.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    places = [checked_axis(a, k) for k in axes]
    if mode == "valid" and any(a.shape[k] < b.shape[k] for k in places):
        a, b = b, a
    full = [a.shape[k] + b.shape[k] - 1 for k in places]
    lengths = [_next_fast(n) for n in full]
    if is_complex(a) or is_complex(b):
        made = ifftn(fftn(a, lengths, places) * fftn(b, lengths, places), lengths, places)
    else:
        made = irfftn(rfftn(a, lengths, places) * rfftn(b, lengths, places), lengths, places)
    cut = {k: slice(0, n) for k, n in zip(places, full, strict=True)}
    made = made[tuple(cut.get(k, slice(None)) for k in range(a.ndim))]
    return _cut(made, a, b, mode, places)


def _next_fast(n: int) -> int:
    while factors(n) is None or (n % 2 and n > 1):
        n += 1
    return n


def _cut(made: Any, a: Any, b: Any, mode: str, places: Any) -> Any:
    """The part of a full convolution that the mode asks for."""
    if mode == "full":
        return made
    key = [slice(None)] * a.ndim
    for k in places:
        n = a.shape[k] if mode == "same" else a.shape[k] - b.shape[k] + 1
        start = (made.shape[k] - n) // 2
        key[k] = slice(start, start + n)
    return made[tuple(key)]


@of_signals("convolve")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """``scipy.signal.convolve``: short rows by sums, everything else by transforms."""
    a, b = _checked(in1, in2, mode)
    if method not in ("auto", "direct", "fft"):
        raise ValueError("Acceptable method flags are 'auto', 'direct', or 'fft'.")
    kind = np.result_type(a.dtype, b.dtype)
    if kind.kind in "iu":  # sums of products of integers are whole
        return np.rint(convolve(a * 1.0, b * 1.0, mode, method)).astype(kind)
    if a.ndim != 1 or min(a.shape[0], b.shape[0]) > DIRECT_CONVOLUTION or method == "fft":
        return fftconvolve(a, b, mode)
    if mode == "valid" and a.shape[0] < b.shape[0]:
        a, b = b, a
    made = np.convolve(a, b) if is_complex(a) or is_complex(b) else TABLE["convolve"](a, b, "full")
    return _cut(made, a, b, mode, [0])


@of_signals("correlate")
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """``scipy.signal.correlate``: the convolution with the reversed conjugate."""
    a, b = _checked(in1, in2, mode)
    turned = b[(slice(None, None, -1),) * b.ndim]
    return convolve(a, np.conjugate(turned) if is_complex(b) else turned, mode, method)


# -- filters ---------------------------------------------------------------------------------------


@of_signals("lfilter")
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """``scipy.signal.lfilter``: y_n = sum_k b_k x_(n-k) - sum_(k > 0) a_k y_(n-k), over a_0."""
    b, a, x = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a)), as_array(x)
    axis = checked_axis(x, axis)
    rows = np.moveaxis(x * 1.0, axis, 0)
    order = max(b.shape[0], a.shape[0]) - 1
    b, a = _padded(b, order + 1) / a[0], _padded(a, order + 1) / a[0]
    state = None if zi is None else np.moveaxis(as_array(zi), axis, 0)
    u = _forward(b, rows, state) if order else b[0] * rows
    y = _recursive(a, u, order) if order else u
    made = np.moveaxis(y, 0, axis)
    if state is None:
        return made
    return made, np.moveaxis(_final(b, a, rows, y, state, order), 0, axis)


def _recursive(a: Any, u: Any, order: int) -> Any:
    """y_n = u_n - sum_k a_k y_(n-k); complex ones by a recursion of real and imaginary parts."""
    if not (is_complex(a) or is_complex(u)):
        return _recursion(a, u, order)
    if not is_complex(a):
        parts = [_recursion(a, part, order) for part in (u.real, u.imag)]
        return parts[0] + 1j * parts[1]
    u = np.stack([np.real(u), np.imag(u)], axis=1)
    n, rest = u.shape[0], u.shape[1:]
    shape = (order, *(1,) * (len(rest) - 1))
    re, im = (np.reshape(part[:0:-1], shape) for part in (a.real, a.imag))

    def step(k: Any, y: Any) -> Any:
        before = y[k + np.arange(order)]
        p, q = before[:, 0], before[:, 1]
        total = [np.sum(re * p - im * q, axis=0), np.sum(re * q + im * p, axis=0)]
        y[k + order] = u[k] - np.stack(total)
        return y

    made = repeated(n, step, TABLE["zeros_like"](u, shape=(n + order, *rest)))[order:]
    return made[:, 0] + 1j * made[:, 1]


def _padded(c: Any, n: int) -> Any:
    c = c * 1.0
    return np.concatenate([c, np.zeros(n - c.shape[0], c.dtype)])


def _forward(b: Any, rows: Any, state: Any) -> Any:
    """The sums over inputs, and what the state adds to the first of them."""
    n = rows.shape[0]
    made = b[0] * rows
    for k in range(1, min(b.shape[0], n)):
        made[k:] += b[k] * rows[:-k]
    if state is not None:
        made[: state.shape[0]] += state[:n]
    return made


def _recursion(a: Any, u: Any, order: int) -> Any:
    """y_n = u_n - sum_k a_k y_(n-k), one n after the other."""
    n, rest = u.shape[0], u.shape[1:]
    weights = np.reshape(a[:0:-1], (order, *(1,) * len(rest)))

    def step(k: Any, y: Any) -> Any:
        y[k + order] = u[k] - np.sum(weights * y[k + np.arange(order)], axis=0)
        return y

    start = TABLE["zeros_like"](u, shape=(n + order, *rest))
    return repeated(n, step, start)[order:]


def _final(b: Any, a: Any, rows: Any, y: Any, state: Any, order: int) -> Any:
    """The state after the last input, of the transposed direct form II."""
    n = rows.shape[0]
    found = []
    for i in range(order):
        total = state[n + i] if n + i < order else 0.0 * y[0]
        for j in range(i + 1, order + 1):
            at = n - j + i
            if at >= 0:
                total = total + b[j] * rows[at] - a[j] * y[at]
        found.append(total)
    return np.stack(found)


def sections(sos: Any) -> Any:
    """The coefficients of sections of second order, the fourth of which must be 1."""
    sos = as_array(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    demand(np.all(sos[:, 3] == 1), ValueError("sos[:, 3] should be all ones"))
    return sos


@of_signals("sosfilt")
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """``scipy.signal.sosfilt``: filters of second order one after the other."""
    sos = sections(sos)
    states = None if zi is None else as_array(zi)
    ends = []
    for k in range(sos.shape[0]):
        x = lfilter(sos[k, :3], sos[k, 3:], x, axis, None if states is None else states[k])
        if states is not None:
            x, end = x
            ends.append(end)
    return x if states is None else (x, np.stack(ends))
