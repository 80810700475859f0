"""Linear systems: normal forms of their coefficients, and what SciPy computes by branches."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from scipy import signal
from scipy.signal import _polyutils, _signaltools

from tapec.errors import ShapeError, UnsupportedOperation
from tapec.scipy.registry import floats, known, refuses, translates
from tapec.scipy.values import known_value
from tapec.trace.arrays.demands import demand
from tapec.trace.arrays.session import where
from tapec.trace.complex.fourier import as_array
from tapec.tree import is_complex

_SMALL = 1e-14  # what SciPy takes for zero among leading coefficients


def _leading(name: str) -> ShapeError:
    return ShapeError(
        f"scipy.signal.{name} leaves leading coefficients of 0 out, and a traced one is 0: how "
        "many are left depends on values",
        where=where(),
        hint="pass coefficients that start with one that is not zero",
    )


def _first_nonzero(columns: Any, limit: float, name: str) -> int:
    """How many leading columns are zero, as far as that is known; the next one must not be."""
    count = int(columns.shape[-1])
    for k in range(count):
        size = np.max(np.abs(columns[..., k]))
        always = known_value(size)
        if always is None:
            demand(size > limit, _leading(name))
            return k
        if always > limit:
            return k
    return count - 1


refuses(
    "which poles and zeros make a section depends on values: pass output='ba' and filter by "
    "lfilter, or design the sections outside",
    signal.zpk2sos,
    signal.tf2sos,
)
refuses("robust pole placement is an iteration: solve for the gains by tapec.implicit",
        signal.place_poles)  # fmt: skip


@translates(signal.normalize)
def _normalize(b: Any, a: Any) -> Any:
    """Numerator and denominator over the leading coefficient of the denominator."""
    num, den = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a))
    if den.ndim != 1:
        raise ValueError("Denominator polynomial must be rank-1 array.")
    if num.ndim > 2:
        raise ValueError("Numerator polynomial must be rank-1 or rank-2 array.")
    den = den[_first_nonzero(den, 0.0, "normalize") :]
    num, den = num / den[0], den / den[0]
    num = num[..., _first_nonzero(num, _SMALL, "normalize") :]
    return (num[0] if num.ndim == 2 and num.shape[0] == 1 else num), den


@translates(_polyutils._trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb") -> Any:
    """What `np.trim_zeros` does, in SciPy's own code of polynomials."""
    filt = as_array(filt)
    first = _first_nonzero(filt, 0.0, "sos2tf") if "f" in trim.lower() else 0
    last = _first_nonzero(filt[::-1], 0.0, "sos2tf") if "b" in trim.lower() else 0
    return filt[first : filt.shape[0] - last]


@translates(_polyutils.poly)
def _poly(seq_of_zeros: Any, *, xp: Any = None) -> Any:
    """The polynomial with these roots: complex ones must come in conjugate pairs."""
    roots = np.atleast_1d(as_array(seq_of_zeros))
    made: Any = np.ones(1)
    for k in range(roots.shape[0]):
        made = np.convolve(made, np.stack([np.ones_like(roots[k]), -roots[k]]))
    if not is_complex(made):
        return made
    parts = np.imag(roots)
    demand(
        np.all(np.sort(parts) == np.sort(-parts)),
        UnsupportedOperation(
            "scipy.signal: traced roots that are not real and come in no conjugate pairs, where "
            "SciPy's coefficients are complex",
            where=where(),
            hint="pass both roots of every pair, exactly conjugate",
        ),
    )
    return np.real(made)


@translates(signal.unique_roots, _signaltools._group_poles)
def _distinct(p: Any, tol: Any = 1e-3, rtype: str = "min") -> Any:
    """Roots that are all further apart than `tol`, and that each of them counts once."""
    p = np.atleast_1d(as_array(p))
    n = p.shape[0]
    distances = np.where(np.eye(n, dtype=bool), np.inf, np.abs(p[:, None] - p[None, :]))
    demand(
        np.min(distances) > tol,
        UnsupportedOperation(
            "scipy.signal.unique_roots: traced roots are so near to each other that SciPy counts "
            "them as one, and how many are left depends on values",
            where=where(),
            hint="pass a smaller tol",
        ),
    )
    return p, known(np.ones(n, int))


@translates(signal.group_delay)
def _group_delay(system: Any, w: Any = 512, whole: bool = False, fs: Any = 2 * pi) -> Any:
    """The negative slope of the phase, 0 where the response is singular."""
    b, a = (np.atleast_1d(as_array(c)) for c in system)
    w = 512 if w is None else w
    if np.ndim(w) == 0 and float(w).is_integer():
        w = floats(np.linspace(0.0, 2.0 * pi if whole else pi, int(w), endpoint=False))
    else:
        w = 2.0 * pi * np.atleast_1d(floats(w)) / fs
    c = np.convolve(b, np.conjugate(a[::-1]))
    z = np.exp(-1j * w)
    slope = np.polyval((c * np.arange(c.shape[0]))[::-1], z) / np.polyval(c[::-1], z)
    delay = np.real(slope) - a.shape[0] + 1
    return w * (fs / (2.0 * pi)), np.where(np.isfinite(delay), delay, 0.0)


@translates(signal.lfiltic)
def _lfiltic(b: Any, a: Any, y: Any, x: Any = None) -> Any:
    """The state of a filter after these outputs and inputs, the latest first."""
    a, b, y = (np.atleast_1d(as_array(c)) for c in (a, b, y))
    if a.ndim > 1 or b.ndim > 1:
        raise ValueError("Filter coefficients must be 1-D.")
    order = max(a.shape[0], b.shape[0]) - 1
    x = np.zeros(1) if x is None else np.atleast_1d(as_array(x))
    past = [(b, x, 1.0), (a, y, -1.0)]
    states = [sum(sign * _tail(c, s, m) for c, s, sign in past) for m in range(order)]
    made = np.stack(states) / a[0]
    return made if is_complex(made) or np.dtype(made.dtype).kind == "f" else floats(made)


def _tail(c: Any, samples: Any, m: int) -> Any:
    """The sum of c_(m + 1 + k) times sample k."""
    n = min(c.shape[0] - 1 - m, samples.shape[0])
    return np.sum(c[m + 1 : m + 1 + n] * samples[:n]) if n > 0 else 0.0
