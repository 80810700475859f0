"""Robust, circular and transformed samples, of scipy.stats; what goes by ranks is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.continuous import sc
from tapec.trace.numpy.select import where
from tapec.trace.numpy.summaries import along, of_stats

# --- trimmed and robust --------------------------------------------------------------------------


@of_stats("tmean")
def tmean(a: Any, axis: Any = None) -> Any:
    """The mean."""
    return np.mean(as_array(a), axis=axis)


@of_stats("tvar")
def tvar(
    a: Any, axis: Any = 0, ddof: Any = 1,
) -> Any:  # fmt: skip
    """The variance."""
    return np.var(as_array(a), axis=axis, ddof=ddof)


@of_stats("tstd")
def tstd(
    a: Any, axis: Any = 0, ddof: Any = 1,
) -> Any:  # fmt: skip
    """The standard deviation."""
    return np.sqrt(tvar(a, axis=axis, ddof=ddof))


@of_stats("median_abs_deviation")
def median_abs_deviation(x: Any, axis: Any = 0, *, scale: Any = 1.0) -> Any:
    """The median of distances from the median."""
    x, axis = along(x, axis)
    factor = 0.6744897501960817 if isinstance(scale, str) and scale == "normal" else scale
    middle = TABLE["median"](x, axis=axis, keepdims=True)
    return TABLE["median"](np.absolute(x - middle), axis=axis) / factor


# --- angles --------------------------------------------------------------------------------------


def _circle(samples: Any, high: Any, low: Any, axis: Any) -> tuple[Any, Any, Any]:
    """The mean of cosines and sines, and radians per unit."""
    samples, axis = along(samples, axis)
    scale = 2.0 * math.pi / (high - low)
    angles = (samples - low) * scale
    return np.mean(np.cos(angles), axis=axis), np.mean(np.sin(angles), axis=axis), scale


@of_stats("circmean")
def circmean(samples: Any, high: Any = 2.0 * math.pi, low: Any = 0, axis: Any = None) -> Any:
    """The mean direction."""
    cos, sin, scale = _circle(samples, high, low, axis)
    angle = np.arctan2(sin, cos)
    return where(angle < 0, angle + 2.0 * math.pi, angle) / scale + low


@of_stats("circvar")
def circvar(samples: Any, high: Any = 2.0 * math.pi, low: Any = 0, axis: Any = None) -> Any:
    """One less the length of the mean direction."""
    cos, sin, _ = _circle(samples, high, low, axis)
    return 1.0 - np.hypot(sin, cos)


@of_stats("circstd")
def circstd(
    samples: Any, high: Any = 2.0 * math.pi, low: Any = 0, axis: Any = None, *,
    normalize: Any = False,
) -> Any:  # fmt: skip
    """The standard deviation that a normal angle of this mean length has."""
    cos, sin, scale = _circle(samples, high, low, axis)
    made = np.sqrt(-2.0 * np.log(np.hypot(sin, cos)))
    return made if normalize else made / scale


# --- transformations -----------------------------------------------------------------------------


@of_stats("boxcox_llf")
def boxcox_llf(lmb: Any, data: Any, *, axis: Any = 0) -> Any:
    """The log-likelihood of Box's and Cox's transformation."""
    data, axis = along(data, axis)
    made = sc.boxcox(data, lmb)
    spread = np.log(np.var(made, axis=axis))
    return (lmb - 1.0) * np.sum(np.log(data), axis=axis) - 0.5 * data.shape[axis] * spread


@of_stats("yeojohnson")
def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    """Yeo's and Johnson's transformation of a known exponent."""
    if lmbda is None:
        raise UnsupportedOperation(
            "scipy.stats.yeojohnson without lmbda= has no translation for traced values",
            where=user_line(), hint="maximise yeojohnson_llf with scipy.optimize, and pass it",
        )  # fmt: skip
    x = as_array(x) * 1.0
    right = x >= 0
    up, down = where(right, x, 0.0), where(right, 0.0, -x)
    return where(right, sc.boxcox1p(up, lmbda), -sc.boxcox1p(down, 2.0 - lmbda))


@of_stats("yeojohnson_llf")
def yeojohnson_llf(lmb: Any, data: Any, *, axis: Any = 0) -> Any:
    """The log-likelihood of Yeo's and Johnson's transformation."""
    data, axis = along(data, axis)
    made = yeojohnson(data, lmb)
    logs = np.sum(np.sign(data) * np.log1p(np.absolute(data)), axis=axis)
    return (lmb - 1.0) * logs - 0.5 * data.shape[axis] * np.log(np.var(made, axis=axis))


def _ranks(name: str, cure: str) -> None:
    @of_stats(name)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedOperation(
            f"scipy.stats.{name} of traced values has no translation",
            where=user_line(),
            hint=cure,
        )

    refuse.__name__, refuse.takes_all = name, True  # type: ignore[attr-defined]


_BY_RANKS = "ranks are step functions: compute it outside, or use a smooth statistic (pearsonr)"
for _name in (
    "weightedtau", "mannwhitneyu", "ranksums",
    "wilcoxon", "kruskal", "brunnermunzel", "mode", "theilslopes",
    "siegelslopes",
):  # fmt: skip
    _ranks(_name, _BY_RANKS)
_BY_STEPS = "it is a step function of the numbers: compute it outside"
for _name in ("kstest", "ks_2samp", "shapiro", "cumfreq"):
    _ranks(_name, _BY_STEPS)


# -- cumulants -------------------------------------------------------------------------------------

# Of sums of powers, and the number of elements (Kendall and Stuart, The Advanced Theory of
# Statistics, volume 1, 1969, section 12.8).
_K_STATISTICS: dict[int, Callable[..., Any]] = {
    1: lambda n, s: s[1] / n,
    2: lambda n, s: (n * s[2] - s[1] ** 2) / (n * (n - 1.0)),
    3: lambda n, s: (
        (2.0 * s[1] ** 3 - 3.0 * n * s[1] * s[2] + n * n * s[3]) / (n * (n - 1.0) * (n - 2.0))
    ),
    4: lambda n, s: (
        -6.0 * s[1] ** 4 + 12.0 * n * s[1] ** 2 * s[2] - 3.0 * n * (n - 1.0) * s[2] ** 2
        - 4.0 * n * (n + 1.0) * s[1] * s[3] + n * n * (n + 1.0) * s[4]
    ) / (n * (n - 1.0) * (n - 2.0) * (n - 3.0)),
}  # fmt: skip


@of_stats("kstat")
def kstat(data: Any, n: int = 2, *, axis: Any = None) -> Any:
    """The unbiased estimator of a cumulant."""
    if n not in _K_STATISTICS:
        raise ValueError("k-statistics only supported for 1<=n<=4")
    x, axis = along(data, axis)
    sums = {k: np.sum(x**k, axis=axis) for k in range(1, n + 1)}
    return _K_STATISTICS[n](float(x.shape[axis]), sums)


@of_stats("kstatvar")
def kstatvar(data: Any, n: int = 2, *, axis: Any = None) -> Any:
    """The unbiased estimator of the variance of a k-statistic."""
    x, axis = along(data, axis)
    size = float(x.shape[axis])
    if n not in (1, 2):
        raise ValueError("Only n=1 or n=2 supported.")
    second = kstat(x, 2, axis=axis)
    if n == 1:
        return second / size
    fourth = kstat(x, 4, axis=axis)
    return (2.0 * size * second**2 + (size - 1.0) * fourth) / (size * (size + 1.0))
