"""Statistics of tests and of regressions, of scipy.stats: formulas of its pages.

Samples are whole: two-sided tests without limits, permutations or trimming; these options are
refused by name.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.continuous import sc
from tapec.trace.numpy.summaries import along, kurtosis, of_stats, skew

TestResult = namedtuple("TestResult", ["statistic", "pvalue"])


class TtestResult(TestResult):
    """Two numbers, with the degrees of freedom beside them."""

    df: Any


class LinregressResult(
    namedtuple("LinregressResult", ["slope", "intercept", "rvalue", "pvalue", "stderr"])
):
    """Five numbers, with the error of the intercept beside them."""

    intercept_stderr: Any


def _both_tails(t: Any, df: Any) -> Any:
    """How probable a Student's t farther from 0 is."""
    share = df / (df + t * t)
    return sc.betainc(0.5 * df, 0.5 * np.ones_like(share), share)


def _chi_tail(x: Any, df: Any) -> Any:
    return sc.gammaincc(0.5 * df + 0.0 * x, 0.5 * x)


def _f_tail(x: Any, first: float, second: float) -> Any:
    return sc.fdtrc(first + 0.0 * x, second + 0.0 * x, x)


# --- means ---------------------------------------------------------------------------------------


def _t_result(t: Any, df: Any) -> Any:
    found = TtestResult(t, _both_tails(t, df))
    found.df = df
    return found


@of_stats("ttest_1samp")
def ttest_1samp(a: Any, popmean: Any, axis: Any = 0) -> Any:
    """Student's t of a mean."""
    a, axis = along(a, axis)
    n = a.shape[axis]
    error = np.std(a, axis=axis, ddof=1) / math.sqrt(n)
    return _t_result((np.mean(a, axis=axis) - popmean) / error, n - 1.0)


@of_stats("ttest_rel")
def ttest_rel(a: Any, b: Any, axis: Any = 0) -> Any:
    """Student's t of differences of pairs."""
    return ttest_1samp(as_array(a) - as_array(b), 0.0, axis)


@of_stats("ttest_ind")
def ttest_ind(a: Any, b: Any, *, axis: Any = 0, equal_var: Any = True) -> Any:
    """Student's or Welch's t of two means."""
    (a, place), (b, _) = along(a, axis), along(b, axis)
    n, m = a.shape[place], b.shape[place]
    v, w = np.var(a, axis=place, ddof=1), np.var(b, axis=place, ddof=1)
    if equal_var:
        df: Any = n + m - 2.0
        square = ((n - 1) * v + (m - 1) * w) / df * (1.0 / n + 1.0 / m)
    else:
        v, w = v / n, w / m
        square, df = v + w, (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1))
    return _t_result((np.mean(a, axis=place) - np.mean(b, axis=place)) / np.sqrt(square), df)


@of_stats("f_oneway")
def f_oneway(*samples: Any, axis: Any = 0) -> Any:
    """The F of several means."""
    groups = [along(s, axis) for s in samples]
    joined = np.concatenate([g for g, _ in groups], axis=groups[0][1])
    place, count = groups[0][1], joined.shape[groups[0][1]]
    mean = np.mean(joined, axis=place)
    between: Any = 0.0
    within: Any = 0.0
    for g, _ in groups:
        own = np.mean(g, axis=place, keepdims=True)
        between = between + g.shape[place] * (np.mean(g, axis=place) - mean) ** 2
        within = within + np.sum((g - own) ** 2, axis=place)
    first, second = len(groups) - 1.0, count - float(len(groups))
    f = (between / first) / (within / second)
    return TestResult(f, _f_tail(f, first, second))


# --- spread and shape ----------------------------------------------------------------------------


@of_stats("bartlett")
def bartlett(*samples: Any, axis: Any = 0) -> Any:
    """Whether variances agree, of normal numbers."""
    groups = [along(s, axis) for s in samples]
    counts = [g.shape[place] for g, place in groups]
    spreads = [np.var(g, axis=place, ddof=1) for g, place in groups]
    total, k = float(sum(counts)), len(groups)
    pooled = sum((n - 1.0) * v for n, v in zip(counts, spreads, strict=True)) / (total - k)
    logs = sum((n - 1.0) * np.log(v) for n, v in zip(counts, spreads, strict=True))
    scale = sum(1.0 / (n - 1.0) for n in counts) - 1.0 / (total - k)
    found = ((total - k) * np.log(pooled) - logs) / (1.0 + scale / (3.0 * (k - 1)))
    return TestResult(found, _chi_tail(found, k - 1.0))


@of_stats("levene")
def levene(*samples: Any, center: Any = "median", axis: Any = 0) -> Any:
    """Whether spreads agree: the F of distances from medians or means."""
    middle = {"median": np.median, "mean": np.mean}.get(center)
    if middle is None:
        raise UnsupportedOperation(
            f"scipy.stats.levene with center={center!r} has no translation for traced values",
            where=user_line(), hint="'median' and 'mean' have",
        )  # fmt: skip
    groups = [along(s, axis) for s in samples]
    spreads = [np.absolute(g - middle(g, axis=p, keepdims=True)) for g, p in groups]  # type: ignore[operator]
    return f_oneway(*spreads, axis=groups[0][1])


@of_stats("jarque_bera")
def jarque_bera(x: Any, *, axis: Any = None) -> Any:
    """Whether skewness and kurtosis are normal."""
    x, axis = along(x, axis)
    squares = skew(x, axis) ** 2 + 0.25 * kurtosis(x, axis) ** 2
    found = x.shape[axis] / 6.0 * squares
    return TestResult(found, _chi_tail(found, 2.0))


def _skew_score(a: Any, axis: Any) -> Any:
    """D'Agostino, Biometrika 57, 1970."""
    n = float(a.shape[axis])
    if n < 8:
        return np.sum(a, axis=axis) * math.nan
    y = skew(a, axis) * math.sqrt((n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0)))
    beta = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
    beta /= (n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0)
    square = math.sqrt(2.0 * (beta - 1.0)) - 1.0
    return np.arcsinh(y * math.sqrt(0.5 * (square - 1.0))) / math.sqrt(0.5 * math.log(square))


def _kurtosis_score(a: Any, axis: Any) -> Any:
    """Anscombe and Glynn, Biometrika 70, 1983."""
    n = float(a.shape[axis])
    if n < 5:
        return np.sum(a, axis=axis) * math.nan
    mean = 3.0 * (n - 1.0) / (n + 1.0)
    spread = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    x = (kurtosis(a, axis, fisher=False) - mean) / math.sqrt(spread)
    root = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
    root *= math.sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    df = 6.0 + 8.0 / root * (2.0 / root + math.sqrt(1.0 + 4.0 / (root * root)))
    part = 1.0 - 2.0 / (9.0 * df)
    bottom = 1.0 + x * math.sqrt(2.0 / (df - 4.0))
    size = np.cbrt((1.0 - 2.0 / df) / np.absolute(bottom))
    return (part - np.sign(bottom) * size) / math.sqrt(2.0 / (9.0 * df))


def _normal_result(z: Any) -> Any:
    return TestResult(z, 2.0 * sc.ndtr(-np.absolute(z)))


@of_stats("skewtest")
def skewtest(a: Any, axis: Any = 0) -> Any:
    """Whether the skewness is normal."""
    return _normal_result(_skew_score(*along(a, axis)))


@of_stats("kurtosistest")
def kurtosistest(a: Any, axis: Any = 0) -> Any:
    """Whether the kurtosis is normal."""
    return _normal_result(_kurtosis_score(*along(a, axis)))


@of_stats("normaltest")
def normaltest(a: Any, axis: Any = 0) -> Any:
    """Whether skewness and kurtosis are normal, by their scores."""
    a, axis = along(a, axis)
    found = _skew_score(a, axis) ** 2 + _kurtosis_score(a, axis) ** 2
    return TestResult(found, _chi_tail(found, 2.0))


# --- counts --------------------------------------------------------------------------------------

_POWERS = {
    "pearson": 1.0, "log-likelihood": 0.0, "freeman-tukey": -0.5, "mod-log-likelihood": -1.0,
    "neyman": -2.0, "cressie-read": 2.0 / 3.0,
}  # fmt: skip


def _power(given: Any) -> Any:
    if isinstance(given, str):
        if given not in _POWERS:
            raise ValueError(f"invalid string for lambda_: {given!r}. Valid: {sorted(_POWERS)}")
        return _POWERS[given]
    return 1.0 if given is None else given


@of_stats("power_divergence")
def power_divergence(
    f_obs: Any, f_exp: Any = None, ddof: Any = 0, axis: Any = 0, lambda_: Any = None
) -> Any:
    """Cressie's and Read's statistics of counts; that they sum to the same is not checked."""
    power = _power(lambda_)
    seen, axis = along(f_obs, axis)
    meant = np.mean(seen, axis=axis, keepdims=True) if f_exp is None else as_array(f_exp)
    if power == 1.0:
        terms = (seen - meant) ** 2 / meant
    elif power in (0.0, -1.0):
        first, second = (seen, meant) if power == 0.0 else (meant, seen)
        terms = 2.0 * sc.xlogy(first, first / second)
    else:
        terms = seen * ((seen / meant) ** power - 1.0) * (2.0 / (power * (power + 1.0)))
    found = np.sum(terms, axis=axis)
    return TestResult(found, _chi_tail(found, seen.shape[axis] - 1.0 - ddof))


@of_stats("chisquare")
def chisquare(
    f_obs: Any, f_exp: Any = None, ddof: Any = 0, axis: Any = 0, *, sum_check: Any = True,
) -> Any:  # fmt: skip
    """Pearson's chi-squared of counts."""
    return power_divergence(f_obs, f_exp, ddof, axis, "pearson")


# --- regression ----------------------------------------------------------------------------------


@of_stats("linregress")
def linregress(x: Any, y: Any, *, axis: Any = 0) -> Any:
    """A line by least squares."""
    x, y = (TABLE["astype"](v, float) for v in (x, y))  # as np.cov, which SciPy calls
    (x, place), (y, _) = along(x, axis), along(y, axis)
    df = x.shape[place] - 2.0
    center, height = (np.mean(v, axis=place, keepdims=True) for v in (x, y))
    u, v = x - center, y - height
    xx, xy, yy = (np.mean(e, axis=place) for e in (u * u, u * v, v * v))
    mean = np.mean(x, axis=place)
    r, slope = xy / np.sqrt(xx * yy), xy / xx
    t = r * np.sqrt(df / ((1.0 - r) * (1.0 + r)))
    error = np.sqrt((1.0 - r * r) * yy / xx / df)
    begins = np.mean(y, axis=place) - slope * mean
    found = LinregressResult(slope, begins, r, _both_tails(t, df), error)
    found.intercept_stderr = error * np.sqrt(xx + mean * mean)
    return found
