"""Fast Hankel transforms on logarithmic grids: `scipy.fft.fht` and its inverse.

Hamilton, Uncorrelated modes of the non-linear power spectrum, MNRAS 312, 2000, appendix B.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.session import where
from tapec.trace.complex.array import pair
from tapec.trace.complex.fourier import irfft, rfft, transform
from tapec.trace.complex.products import bilinear


def _coefficients(n: int, dln: Any, mu: Any, offset: Any, bias: Any, inverse: bool) -> Any:
    """(k_c r_c)^(-ix) U(q + ix) for frequencies x; U(s) is the Mellin transform of J_mu."""
    from scipy.special import loggamma, poch

    if any_symbolic((dln, mu, offset, bias)):
        raise UnsupportedOperation(
            "scipy.fft.fht with a traced grid or order",
            where=where(),
            hint="only the array may be traced: pass Python numbers for dln, mu, offset and bias",
        )
    above, below = (mu + 1 + bias) / 2, (mu + 1 - bias) / 2
    y = np.linspace(0, np.pi * (n // 2) / (n * dln), n // 2 + 1)
    ratio = loggamma(above + 1j * y) - loggamma(below + 1j * y).conj()
    turn = 2.0 * y * (np.log(2.0) - offset)
    made = np.exp(ratio + np.log(2.0) * bias + 1j * turn)
    if n % 2 == 0:
        made[-1] = made[-1].real
    if not np.isfinite(made[0]):
        made[0] = 2.0**bias * poch(below, above - below)
    if made[0] == 0 if inverse else np.isinf(made[0]):
        kind = "singular inverse transform" if inverse else "singular transform"
        warnings.warn(f"{kind}; consider changing the bias", stacklevel=3)
        made[0] = np.inf if inverse else 0.0
    return 1.0 / made.conj() if inverse else made


def _transformed(a: Any, dln: Any, mu: Any, offset: Any, bias: Any, inverse: bool) -> Any:
    n, sign = a.shape[-1], 1.0 if inverse else -1.0
    weights = _coefficients(n, dln, mu, offset, bias, inverse)
    away = (np.arange(n) - (n - 1) / 2) * dln
    before, after = (away + offset, away) if inverse else (away, away + offset)
    spread = rfft(a * np.exp(sign * bias * before))
    made = bilinear(np.multiply, spread, pair(weights.real, weights.imag))
    return np.flip(irfft(made, n), -1) * np.exp(sign * bias * after)


@transform("fht")
def fht(a: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
    """``scipy.fft.fht``, of traced values on a known grid."""
    return _transformed(a, dln, mu, offset, bias, False)


@transform("ifht")
def ifht(A: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
    """``scipy.fft.ifht``, of traced values on a known grid."""
    return _transformed(A, dln, mu, offset, bias, True)
