"""Tests, scores, regressions and kernel densities of traced samples: values, slopes, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from support.sampling import sampled

import tapec
from tapec.errors import UnsupportedOperation
from tapec.tools.differences import ridders

RNG = np.random.default_rng(4)
A, B = RNG.normal(size=21) + 1.5, RNG.normal(size=21) * 1.3 + 0.7
P, ROWS = np.abs(A) + 0.2, RNG.normal(size=(7, 3))
COV = ROWS.T @ ROWS / 7 + np.eye(3)
FLAT = np.outer([1.0, 2.0, 0.5], [1.0, 2.0, 0.5])
POINTS = np.array([0.3, 0.8])
KDE = stats.gaussian_kde(A, bw_method=0.4)
PLANE = stats.gaussian_kde(ROWS[:, :2].T, weights=np.arange(7) + 1.0, bw_method="silverman")

PROGRAMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "linregress": (lambda a: np.array([*stats.linregress(a, B)]), A),
    "linregress errors": (lambda a: stats.linregress(a, B).intercept_stderr, A),
    "ttest_ind": (lambda a: np.array(stats.ttest_ind(a, B)[:2]), A),
    "welch": (lambda a: np.array(stats.ttest_ind(a, B[:9], equal_var=False)[:2]), A),
    "ttest_1samp": (lambda a: stats.ttest_1samp(a, 0.3).statistic, A),
    "ttest_rel": (lambda a: stats.ttest_rel(a, B).pvalue, A),
    "f_oneway": (lambda a: np.array([*stats.f_oneway(a, B, A[:9] * 2)]), A),
    "bartlett": (lambda a: np.array([*stats.bartlett(a, B)]), A),
    "levene": (lambda a: stats.levene(a, B, center="mean").statistic, A),
    "levene by medians": (lambda a: stats.levene(a, B)[0], A),
    "jarque_bera": (lambda a: np.array([*stats.jarque_bera(a)]), A),
    "skewtest": (lambda a: np.array([*stats.skewtest(a)]), A),
    "kurtosistest": (lambda a: np.array([*stats.kurtosistest(a)]), A),
    "normaltest": (lambda a: np.array([*stats.normaltest(a)]), A),
    "chisquare": (lambda a: np.array([*stats.chisquare(a, np.sum(a) / 21 * np.ones(21))]), P),
    "power_divergence": (lambda a: stats.power_divergence(a, lambda_="cressie-read")[0], P),
    "log-likelihood": (lambda a: stats.power_divergence(a, lambda_="log-likelihood")[1], P),
    "tmean": (lambda a: stats.tmean(a) + stats.tvar(a) + stats.tstd(a), A),
    "median_abs_deviation": (lambda a: stats.median_abs_deviation(a, scale="normal"), A),
    "circmean": (lambda a: stats.circmean(a), A),
    "circvar": (lambda a: stats.circvar(a), A),
    "circstd": (lambda a: stats.circstd(a, high=10.0), A),
    "boxcox_llf": (lambda c: stats.boxcox_llf(c, P), 0.4),
    "yeojohnson": (lambda c: stats.yeojohnson(A - 1.5, c), 0.4),
    "yeojohnson_llf": (lambda c: stats.yeojohnson_llf(c, A - 1.5), 0.4),
    "density": (lambda x: KDE(x), POINTS),
    "density of the plane": (lambda x: PLANE.logpdf(x), ROWS[:2, :2]),
    "density of samples": (lambda a: stats.gaussian_kde(a).evaluate(POINTS), A),
    "density of weights": (lambda w: stats.gaussian_kde(A, weights=w).pdf(POINTS), P),
    "singular": (
        lambda c: stats.multivariate_normal.logpdf([1.0, 2.0, 0.5], None, c * FLAT, True), 1.3,
    ),
    "regular": (
        lambda c: stats.multivariate_normal(ROWS[0], COV + c * FLAT, True).logpdf(ROWS), 1.3,
    ),
    "repeated": (
        lambda c: stats.multivariate_normal.pdf(ROWS, None, (2 + c) * np.eye(3), True), 0.3,
    ),
    "normal entropy": (lambda c: stats.multivariate_normal.entropy(ROWS[0], COV + c * FLAT), 0.3),
    "dirichlet": (lambda c: stats.dirichlet.var(c) + stats.dirichlet.mean(c), P[:4]),
    "dirichlet entropy": (lambda c: stats.dirichlet(c).entropy(), P[:4]),
    "wishart": (lambda c: stats.wishart.mean(c, COV), 5.2),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(PROGRAMS, 15))
def test_values_and_slopes(name: str) -> None:
    f, x = PROGRAMS[name]
    kernel = tapec.compile(f)
    np.testing.assert_allclose(kernel(x), f(x), rtol=1e-10, atol=1e-13)
    assert "backend: native" in str(kernel.explain(x))
    move = np.cos(np.arange(np.size(x)) + 1.0).reshape(np.shape(x)) if np.ndim(x) else 1.0
    line = lambda t: np.sum(f(x + t * move) * 1.0)  # noqa: E731
    want = ridders(lambda t: float(line(t)), step=0.01)[0]
    np.testing.assert_allclose(tapec.grad(line)(0.0), want, rtol=1e-7, atol=1e-9)
    curve = ridders(lambda t: float(tapec.grad(line)(t)), step=0.01)[0]
    np.testing.assert_allclose(tapec.grad(tapec.grad(line))(0.0), curve, rtol=1e-6, atol=1e-7)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "ranksums": (lambda a: stats.ranksums(a, B)[0], "scipy.stats.ranksums"),
    "kstest": (lambda a: stats.kstest(a, "norm")[0], "scipy.stats.kstest"),
    "one-sided": (
        lambda a: stats.ttest_ind(a, B, alternative="less")[0],
        "scipy.stats.ttest_ind with alternative=",
    ),
    "fit": (lambda a: stats.gamma.fit(a)[0], "scipy.stats.gamma.fit"),
    "box": (lambda a: KDE.integrate_box_1d(0.0, a[0]), "gaussian_kde.integrate_box_1d"),
    "rule": (lambda a: stats.gaussian_kde(a, "other")(0.3), "gaussian_kde with a function"),
    "power": (lambda a: stats.yeojohnson(a)[0], "yeojohnson without lmbda="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_function(name: str) -> None:
    f, said = REFUSED[name]
    with pytest.raises(UnsupportedOperation, match=rf"{said}(.|\n)*test_sample_tests\.py"):
        tapec.compile(f)(A)
