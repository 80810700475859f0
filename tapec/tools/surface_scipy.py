"""Arguments with which functions of scipy.signal, interpolate, optimize and integrate are tried."""

from __future__ import annotations

from typing import Any

import numpy as np

X = np.array([0.3, 0.8, 0.55, 0.2])
UP = np.array([0.1, 0.25, 0.6, 0.9])
LONG = np.sin(np.arange(30.0)) + 0.3 * np.cos(np.arange(30.0) ** 2)
IMAGE = np.sin(np.arange(30.0)).reshape(6, 5)
BIG = np.outer(np.hanning(18), np.hanning(18))
NUM, DEN = np.array([1.0, 0.3, -0.2]), np.array([1.0, 0.7, 0.3, 0.05])
TF = (np.array([1.0, 0.3]), np.array([1.0, 0.7, 2.0]))
DISCRETE = (*TF, 1)
A, B = np.array([[-0.5, 1.0], [-1.0, -0.3]]), np.array([[0.3], [1.0]])
C, D = np.array([[1.0, 0.2]]), np.array([[0.1]])
SOS = np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2], [0.4, 0.1, 0.2, 1.0, -0.3, 0.1]])
ZEROS, POLES = np.array([0.2, 0.5]), np.array([-0.5, -0.9, -0.3])
TIMES = np.linspace(0.0, 3.0, 12)
W = np.linspace(0.1, 3.0, 5)
KNOTS = np.r_[[0.0] * 4, 0.4, 0.7, [1.0] * 4]
COEFFICIENTS = np.array([0.3, -0.2, 0.9, 0.4, 0.1, 0.5])
PADDED = np.r_[COEFFICIENTS, np.zeros(4)]
POINTS = np.array([[0.1, 0.2], [0.9, 0.1], [0.5, 0.8], [0.2, 0.9], [0.8, 0.7], [0.4, 0.4]])
QUERIES = np.array([[0.4, 0.5], [0.6, 0.3]])


def decay(t: Any, y: Any) -> Any:
    """The slope of a solution that dies away."""
    return -y


def nearest(x: Any) -> Any:
    """A bowl."""
    return np.sum((x - 0.3) ** 2)


def both(x: Any) -> Any:
    """Its value and slope."""
    return nearest(x), 2.0 * (x - 0.3)


def residuals(x: Any) -> Any:
    """Two residuals."""
    return x**3 + x - 0.3


def _wave(x: Any) -> Any:
    return np.sin(3.0 * x)


def _one(x: Any) -> Any:
    return (x - 0.3) ** 2 + 0.1


def _inside(x: Any) -> Any:
    return 1.0 - x[0] - x[1]


def _product(x: Any, y: Any) -> Any:
    return x * y**2


V = np.array([0.4, 0.5])

# By full name; floats, and arrays of floats that are arguments themselves, are traced.
SCIPY: dict[str, tuple[Any, ...]] = {
    f"scipy.signal.{name}": given
    for name, given in {
        "bilinear": (NUM, DEN, 2.0), "normalize": (NUM, DEN), "lp2lp": (NUM, DEN, 1.4),
        "lp2hp": (NUM, DEN, 1.4), "lp2bp": (NUM, DEN, 1.4, 0.6), "lp2bs": (NUM, DEN, 1.4, 0.6),
        "tf2ss": (NUM, DEN), "tf2zpk": (NUM, DEN), "tf2sos": (NUM, DEN), "sos2tf": (SOS,),
        "sos2zpk": (SOS,), "zpk2ss": (ZEROS, POLES, 1.2), "zpk2tf": (ZEROS, POLES, 1.2),
        "zpk2sos": (ZEROS, POLES, 1.2), "ss2tf": (A, B, C, D), "ss2zpk": (A, B, C, D),
        "residue": (NUM[:2], np.array([1, 3, 2])), "residuez": (NUM[:2], np.array([10, 9, 2])),
        "invres": (ZEROS, POLES[:2], [0.2]), "invresz": (ZEROS, POLES[:2], [0.2]),
        "correlate2d": (IMAGE, IMAGE[:2, :3]), "convolve2d": (IMAGE, IMAGE[:2, :3]),
        "medfilt": (LONG, 5), "medfilt2d": (IMAGE, 3),
        "order_filter": (IMAGE, np.ones((3, 3), int), 2),
        "wiener": (LONG, 5), "savgol_filter": (LONG, 7, 3), "savgol_coeffs": (7, 3, 1, 0.5),
        "sawtooth": (LONG, 0.3), "square": (LONG, 0.3), "chirp": (TIMES, 1.0, 2.0, 3.0),
        "sweep_poly": (TIMES, NUM), "gausspulse": (TIMES, 2.0), "group_delay": ([NUM, DEN], W),
        "freqz": (NUM, DEN, 16), "freqz_sos": (SOS, 16), "sosfreqz": (SOS, 16),
        "freqz_zpk": (ZEROS, POLES, 1.2, 16), "freqs": (NUM, DEN, W),
        "freqs_zpk": (ZEROS, POLES, 1.2, W), "unique_roots": (POLES,), "find_peaks": (LONG,),
        "peak_prominences": (LONG, np.array([2, 8])), "peak_widths": (LONG, np.array([2, 8])),
        "argrelextrema": (LONG, np.greater), "cspline1d_eval": (LONG, X),
        "qspline1d_eval": (LONG, X),
        "cspline1d": (LONG, 1.5), "cspline2d": (BIG,), "qspline2d": (BIG,), "spline_filter": (BIG,),
        "sepfir2d": (IMAGE, NUM, NUM), "symiirorder1": (LONG, 0.5, 0.3),
        "symiirorder2": (LONG, 0.5, 0.3), "decimate": (LONG, 2), "resample": (LONG, 20),
        "resample_poly": (LONG, 3, 2), "upfirdn": (NUM, LONG, 3, 2),
        "place_poles": (A, B, -POLES[:2]),
        "butter": (3, 0.3), "bessel": (3, 0.3), "cheby1": (3, 1.0, 0.3), "cheby2": (3, 30, 0.3),
        "ellip": (3, 1, 30, 0.3), "iirfilter": (3, 0.3, None, None, "lowpass"),
        "iircomb": (0.25, 5.0),
        "firwin": (11, 0.3), "firwin2": (11, [0.0, 0.5, 1.0], NUM), "minimum_phase": (LONG,),
        "lfilter": (NUM, DEN, LONG), "lfiltic": (NUM, DEN, X, X), "filtfilt": (NUM, DEN, LONG),
        "sosfilt": (SOS, LONG), "sosfiltfilt": (SOS, LONG), "detrend": (LONG,), "czt": (LONG, 8),
        "lombscargle": (TIMES, LONG[:12], W), "czt_points": (8,),
        "stft": (LONG, 1.0, "hann", 8), "spectrogram": (LONG, 1.0, "hann", 8),
        "csd": (LONG, LONG**2, 1.0, "hann", 8), "coherence": (LONG, LONG**2, 1.0, "hann", 8),
        "correlation_lags": (5, 4), "bode": (TF, W), "freqresp": (TF, W), "dbode": (DISCRETE, W),
        "dfreqresp": (DISCRETE, W), "lsim": (TF, np.sin(TIMES), TIMES), "dlsim": (DISCRETE, LONG),
        "dimpulse": (DISCRETE, None, None, 10), "dstep": (DISCRETE, None, None, 10),
        "impulse": (TF, None, TIMES), "step": (TF, None, TIMES),
        "cont2discrete": ((A, B, C, D), 0.2), "find_peaks_cwt": (LONG, np.arange(1, 4)),
    }.items()
} | {
    f"scipy.interpolate.{name}": given
    for name, given in {
        "splev": (X, (KNOTS, COEFFICIENTS, 3)), "splint": (0.1, 0.8, (KNOTS, COEFFICIENTS, 3)),
        "spalde": (0.3, (KNOTS, PADDED, 3)), "bisplev": (X, X, (KNOTS, KNOTS, np.ones(36), 3, 3)),
        "lagrange": (UP, X), "pade": (np.array([1.0, 1.0, 0.5, 0.2]), 1),
        "griddata": (POINTS, np.sin(POINTS[:, 0]), QUERIES), "sproot": ((KNOTS, PADDED, 3),),
        "barycentric_interpolate": (UP, X, np.array([0.3, 0.5])),
        "krogh_interpolate": (UP, X, np.array([0.3, 0.5])),
        "splrep": (UP, X),
        "splprep": ([X, UP], None, None, None, None, 3, 0, 0),
        "splder": ((KNOTS, PADDED, 3),), "splantider": ((KNOTS, PADDED, 3),),
        "approximate_taylor_polynomial": (_wave, 0.3, 3, 1.0),
    }.items()
} | {
    f"scipy.optimize.{name}": given
    for name, given in {
        "fmin_l_bfgs_b": (both, V), "fmin_slsqp": (nearest, V),
        "fmin_cobyla": (nearest, V, _inside), "brent": (_one, (), (0.1, 0.7)),
        "golden": (_one, (), (0.1, 0.7)), "approx_fprime": (V, nearest),
        "broyden1": (residuals, V), "anderson": (residuals, V), "newton_krylov": (residuals, V),
        "lsq_linear": (np.eye(3) + 0.1, X[:3]), "isotonic_regression": (X,),
    }.items()
} | {
    "scipy.integrate.nquad": (_product, [[0.1, 0.9], [0.2, 0.7]]),
    "scipy.integrate.fixed_quad": (_wave, 0.1, 0.9),
    "scipy.integrate.cumulative_trapezoid": (X, UP),
}  # fmt: skip
