"""Statistics of samples, of scipy.stats: means, moments, scores, entropies, correlations."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import implements
from tapec.trace.numpy.continuous import sc

F = TypeVar("F", bound=Callable[..., Any])

PearsonRResult = namedtuple("PearsonRResult", ["statistic", "pvalue"])


def of_stats(name: str) -> Callable[[F], F]:
    """Register a function of scipy.stats."""
    return implements(f"scipy.stats.{name}")


def along(a: Any, axis: Any) -> tuple[Any, Any]:
    """With several axes as one: None stands for all."""
    a = as_array(a) * 1.0
    if isinstance(axis, tuple):
        count = len(axis)
        moved = np.moveaxis(a, axis, tuple(range(-count, 0)))
        return np.reshape(moved, (*moved.shape[:-count], -1)), -1
    return (np.ravel(a), 0) if axis is None else (a, axis)


def _weighted(a: Any, axis: Any, weights: Any) -> Any:
    """The mean; weights broadcast to the numbers."""
    if weights is None:
        return np.mean(a, axis=axis)
    weights = np.broadcast_to(as_array(weights), a.shape)
    return np.sum(weights * a, axis=axis) / np.sum(weights, axis=axis)


def _central(a: Any, order: int, axis: Any) -> Any:
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis)


@of_stats("zscore")
def zscore(a: Any, axis: Any = 0, ddof: Any = 0) -> Any:
    """Distances from the mean in standard deviations."""
    return zmap(a, a, axis, ddof)


@of_stats("zmap")
def zmap(scores: Any, compare: Any, axis: Any = 0, ddof: Any = 0) -> Any:
    """Distances from the mean of other numbers, in their standard deviations."""
    compare = as_array(compare) * 1.0
    mean = np.mean(compare, axis=axis, keepdims=True)
    return (as_array(scores) - mean) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


@of_stats("gzscore")
def gzscore(a: Any, *, axis: Any = 0, ddof: Any = 0) -> Any:
    """Scores of the logarithms."""
    return zscore(np.log(as_array(a)), axis, ddof)


@of_stats("moment")
def moment(a: Any, order: Any = 1, axis: Any = 0, *, center: Any = None) -> Any:
    """The mean of a whole power of distances from the mean, or from a centre."""
    a, axis = along(a, axis)
    if center is not None:
        return np.mean((a - center) ** int(order), axis=axis)
    return _central(a, int(order), axis)


@of_stats("skew")
def skew(a: Any, axis: Any = 0, bias: Any = True) -> Any:
    """The third moment over the power 3/2 of the second."""
    a, axis = along(a, axis)
    n, made = a.shape[axis], _central(a, 3, axis) / _central(a, 2, axis) ** 1.5
    return made if bias or n < 3 else (n * (n - 1.0)) ** 0.5 / (n - 2.0) * made


@of_stats("kurtosis")
def kurtosis(a: Any, axis: Any = 0, fisher: Any = True, bias: Any = True) -> Any:
    """The fourth moment over the square of the second, less 3 in Fisher's sense."""
    a, axis = along(a, axis)
    n, made = a.shape[axis], _central(a, 4, axis) / _central(a, 2, axis) ** 2
    if not bias and n > 3:
        made = ((n * n - 1.0) * made - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return made - 3.0 if fisher else made


@of_stats("sem")
def sem(a: Any, axis: Any = 0, ddof: Any = 1) -> Any:
    """The standard error of the mean."""
    a, axis = along(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / a.shape[axis] ** 0.5


@of_stats("variation")
def variation(a: Any, axis: Any = 0, *, ddof: Any = 0) -> Any:
    """The standard deviation over the mean."""
    a, axis = along(a, axis)
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


@of_stats("gmean")
def gmean(a: Any, axis: Any = 0, *, weights: Any = None) -> Any:
    """The geometric mean."""
    a, axis = along(a, axis)
    return np.exp(_weighted(np.log(a), axis, weights))


@of_stats("hmean")
def hmean(a: Any, axis: Any = 0, *, weights: Any = None) -> Any:
    """The harmonic mean."""
    a, axis = along(a, axis)
    return 1.0 / _weighted(1.0 / a, axis, weights)


@of_stats("pmean")
def pmean(a: Any, p: Any, *, axis: Any = 0, weights: Any = None) -> Any:
    """The mean of a power."""
    a, axis = along(a, axis)
    return _weighted(a**p, axis, weights) ** (1.0 / p)


@of_stats("iqr")
def iqr(
    x: Any, axis: Any = None, rng: Any = (25, 75), scale: Any = 1.0, interpolation: Any = "linear"
) -> Any:
    """The distance between quartiles, or other percentiles."""
    if isinstance(scale, str):
        raise UnsupportedOperation(
            f"scipy.stats.iqr with scale={scale!r} has no translation",
            where=user_line(),
            hint="divide the result",
        )
    low, high = (np.percentile(x, q, axis=axis, method=interpolation) for q in sorted(rng))
    return (high - low) / scale


@of_stats("trim_mean")
def trim_mean(a: Any, proportiontocut: Any, axis: Any = 0) -> Any:
    """The mean without the smallest and the largest numbers."""
    a, axis = along(a, axis)
    cut = int(proportiontocut * a.shape[axis])
    ordered = np.moveaxis(np.sort(a, axis=axis), axis, 0)
    return np.mean(ordered[cut : a.shape[axis] - cut], axis=0)


@of_stats("entropy")
def entropy(pk: Any, qk: Any = None, base: Any = None, axis: Any = 0) -> Any:
    """Shannon's of weights, or relative to others."""
    p = as_array(pk) / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        made = np.sum(sc.entr(p), axis=axis)
    else:
        made = np.sum(
            sc.rel_entr(p, as_array(qk) / np.sum(qk, axis=axis, keepdims=True)), axis=axis
        )
    return made if base is None else made / np.log(base)


@of_stats("pearsonr")
def pearsonr(x: Any, y: Any, *, axis: Any = 0) -> Any:
    """Pearson's correlation, and how probable a larger one is where there is none."""
    (x, axis), (y, _) = along(x, axis), along(y, axis)
    x, y = (v - np.mean(v, axis=axis, keepdims=True) for v in (x, y))
    squares = np.sum(x * x, axis=axis) * np.sum(y * y, axis=axis)
    r = np.sum(x * y, axis=axis) / np.sqrt(squares)
    half = 0.5 * x.shape[axis] - 1.0
    return PearsonRResult(r, 2.0 * sc.betainc(half, half, 0.5 * (1.0 - np.absolute(r))))
