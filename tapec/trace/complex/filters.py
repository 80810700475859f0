"""More of scipy.signal: filters there and back, their steady states, images, changes of rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.session import where
from tapec.trace.complex.fourier import as_array
from tapec.trace.complex.signal import convolve, lfilter, of_signals, sections
from tapec.trace.complex.transforms import checked_axis


def _refused(what: str, cure: str) -> UnsupportedOperation:
    return UnsupportedOperation(f"scipy.signal.{what}", where=where(), hint=cure)


# -- steady states ---------------------------------------------------------------------------------


@of_signals("lfilter_zi")
def lfilter_zi(b: Any, a: Any) -> Any:
    """``scipy.signal.lfilter_zi``: the state of a filter whose input has always been 1."""
    b, a = np.atleast_1d(as_array(b)) * 1.0, np.atleast_1d(as_array(a)) * 1.0
    if b.ndim != 1 or a.ndim != 1:
        raise ValueError("Numerator b and denominator a must be 1-D.")
    n = max(a.shape[0], b.shape[0])
    if n < 2:
        raise ValueError("scipy.signal.lfilter_zi: a filter of one coefficient has no state")
    b, a = (np.concatenate([c, np.zeros(n - c.shape[0], c.dtype)]) / a[0] for c in (b, a))
    one = np.eye(n - 1, dtype=np.result_type(a.dtype, b.dtype))
    companion = np.eye(n - 1, k=1, dtype=one.dtype) - a[1:, None] * one[:1]
    return np.linalg.solve(one - companion, b[1:] - a[1:] * b[0])


@of_signals("sosfilt_zi")
def sosfilt_zi(sos: Any) -> Any:
    """``scipy.signal.sosfilt_zi``: the steady states of sections of second order."""
    sos = as_array(sos)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos must be shape (n_sections, 6)")
    found, gain = [], 1.0
    for k in range(sos.shape[0]):
        b, a = sos[k, :3], sos[k, 3:]
        found.append(gain * lfilter_zi(b, a))
        gain = gain * np.sum(b) / np.sum(a)
    return np.stack(found)


# -- there and back --------------------------------------------------------------------------------


def _extended(x: Any, kind: Any, edge: int) -> Any:
    """The rows with `edge` more of them at either end."""
    if x.shape[0] <= edge:
        raise ValueError(
            f"The length of the input vector x must be greater than padlen, which is {edge}."
        )
    if kind is None or edge == 0:
        return x
    first, last = x[:1], x[-1:]
    before, after = x[edge:0:-1], x[-2 : -edge - 2 : -1]
    if kind == "odd":
        before, after = 2 * first - before, 2 * last - after
    elif kind == "constant":
        before, after = first + 0.0 * before, last + 0.0 * after
    elif kind != "even":
        raise ValueError(f"Unknown value '{kind}' given to padtype.")
    return np.concatenate([before, x, after])


def _there_and_back(once: Any, x: Any, axis: int, kind: Any, edge: int) -> Any:
    """`once(rows)` over the extended rows, then over the result in reverse."""
    rows = np.moveaxis(as_array(x) * 1.0, axis, 0)
    edge = 0 if kind is None else edge
    made = once(_extended(rows, kind, edge))
    made = once(made[::-1])[::-1]
    return np.moveaxis(made[edge : made.shape[0] - edge], 0, axis)


def _stateful(b: Any, a: Any, rows: Any, zi: Any, start: Any) -> Any:
    """Rows filtered as if `start` had always come in."""
    return lfilter(b, a, rows, 0, np.reshape(zi, (-1, *(1,) * (rows.ndim - 1))) * start)[0]


@of_signals("filtfilt")
def filtfilt(b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None,
             method: str = "pad") -> Any:  # fmt: skip
    """``scipy.signal.filtfilt``, with padding."""
    if method != "pad":
        raise _refused(f"filtfilt with method '{method}'", "use method='pad'")
    b, a = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    taps = max(a.shape[0], b.shape[0])
    zi = lfilter_zi(b, a)

    def once(rows: Any) -> Any:
        return _stateful(b, a, rows, zi, rows[:1])

    edge = 3 * taps if padlen is None else int(padlen)
    return _there_and_back(once, x, axis, padtype, edge)


@of_signals("sosfiltfilt")
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    """``scipy.signal.sosfiltfilt``."""
    sos = sections(sos)
    states, count = sosfilt_zi(sos), sos.shape[0]

    def once(rows: Any) -> Any:
        start = rows[:1]
        for k in range(count):
            rows = _stateful(sos[k, :3], sos[k, 3:], rows, states[k], start)
        return rows

    edge = 0 if padtype is None else _padding(sos) if padlen is None else int(padlen)
    return _there_and_back(once, x, axis, padtype, edge)


def _padding(sos: Any) -> int:
    """SciPy's number of samples: three for each coefficient, without those that are always 0."""
    taps = 2 * sos.shape[0] + 1
    zeros = [np.sum(sos[:, k] == 0) for k in (2, 5)]
    if any_symbolic(zeros):
        message = "sosfiltfilt: sections of first order, whose coefficients are traced"
        demand(np.logical_or(zeros[0] == 0, zeros[1] == 0), _refused(message, "pass padlen="))
        return int(3 * taps)
    return int(3 * (taps - min(zeros)))


# -- changes of rate -------------------------------------------------------------------------------


# SciPy's ways to go on beyond the ends of a signal, by NumPy's.
_BEYOND: dict[str, dict[str, Any]] = {
    "edge": {"mode": "edge"}, "wrap": {"mode": "wrap"}, "symmetric": {"mode": "symmetric"},
    "reflect": {"mode": "reflect"},
    "antisymmetric": {"mode": "symmetric"},
    "antireflect": {"mode": "reflect"},
}  # fmt: skip


def _longer(rows: Any, count: int, mode: str, cval: Any) -> Any:
    """The rows with `count` more at both ends."""
    width = [(count, count), *[(0, 0)] * (rows.ndim - 1)]
    if mode in ("constant", "zero"):
        return np.pad(rows, width, constant_values=cval if mode == "constant" else 0)
    steps = np.arange(1.0, count + 1.0).reshape((-1, *(1,) * (rows.ndim - 1)))
    if mode in ("smooth", "line"):
        n = rows.shape[0]
        slopes = rows[1] - rows[0], rows[-1] - rows[-2]
        if mode == "line":
            slopes = ((rows[-1] - rows[0]) / (n - 1),) * 2
        before, after = rows[0] - slopes[0] * steps[::-1], rows[-1] + slopes[1] * steps
        return np.concatenate([before, rows, after])
    if mode not in _BEYOND:
        raise ValueError(f"Unknown mode: {mode}")
    if count > rows.shape[0] - 1:
        raise _refused(f"upfirdn with mode '{mode}' of a signal shorter than the filter",
                       "extend the signal by np.pad")  # fmt: skip
    made = np.pad(rows, width, **_BEYOND[mode])
    if not mode.startswith("anti"):
        return made
    twice = (0.0, 0.0) if mode == "antisymmetric" else (2.0 * rows[0], 2.0 * rows[-1])
    before, after = made[:count], made[made.shape[0] - count :]
    return np.concatenate([twice[0] - before, rows, twice[1] - after])


@of_signals("upfirdn")
def upfirdn(
    h: Any,
    x: Any,
    up: int = 1,
    down: int = 1,
    axis: int = -1,
    mode: str = "constant",
    cval: Any = 0,
) -> Any:
    """``scipy.signal.upfirdn``: zeros between the samples, a filter, and every `down`-th result."""
    h, x = as_array(h) * 1.0, as_array(x) * 1.0
    if h.ndim != 1 or h.shape[0] == 0:
        raise ValueError("h must be 1-D with non-zero length")
    rows = np.moveaxis(x, checked_axis(x, axis), 0)
    plain = mode == "zero" or (mode == "constant" and type(cval) in (int, float) and cval == 0)
    more = 0 if plain else -(-(h.shape[0] - 1) // up)
    count = (rows.shape[0] - 1) * up + h.shape[0]
    rows = _longer(rows, more, mode, cval) if more else rows
    n, rest = rows.shape[0], rows.shape[1:]
    spread = np.concatenate([rows[:, None], np.zeros((n, up - 1, *rest), rows.dtype)], axis=1)
    spread = spread.reshape((n * up, *rest))[: (n - 1) * up + 1]
    made = convolve(spread, np.reshape(h, (-1, *(1,) * len(rest))))
    return np.moveaxis(made[more * up : more * up + count : down], 0, axis)
