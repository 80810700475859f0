# mypy: disable-error-code="no-any-return, import-untyped"
"""Equations solved by loops that stop when they have converged."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact


def kepler(p: Array) -> Array:
    """Distance from the focus at a mean anomaly, by Newton's iteration; p = (anomaly, e)."""
    mean, e = p[0], p[1]
    x = mean
    delta = 1.0
    while abs(delta) > 1e-13:
        delta = (x - e * np.sin(x) - mean) / (1.0 - e * np.cos(x))
        x = x - delta
    return 1.0 - e * np.cos(x)


def kepler_gradient(p: Array) -> Array:
    """By the theorem of implicit functions."""
    mean, e = p
    x = mean
    for _ in range(50):
        x = x - (x - e * np.sin(x) - mean) / (1.0 - e * np.cos(x))
    r = 1.0 - e * np.cos(x)
    return np.array([e * np.sin(x) / r, -np.cos(x) + e * np.sin(x) ** 2 / r])


def call_price(vol: Any, spot: Any, strike: Any, rate: Any) -> Any:
    """Black and Scholes, one year to go."""
    d1 = (np.log(spot / strike) + rate) / vol + 0.5 * vol
    n1, n2 = (0.5 * (1.0 + erf(d / np.sqrt(2.0))) for d in (d1, d1 - vol))
    return spot * n1 - strike * np.exp(-rate) * n2


def implied_volatility(p: Array) -> Any:
    """The volatility that explains a price: bisection, then Newton; p = (price, S, K, r)."""
    price, spot, strike, rate = p
    low, high = 0.01, 3.0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        if call_price(middle, spot, strike, rate) > price:
            high = middle
        else:
            low = middle
    vol = 0.5 * (low + high)
    for _ in range(2):
        d1 = (np.log(spot / strike) + rate) / vol + 0.5 * vol
        vega = spot * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
        vol = vol - (call_price(vol, spot, strike, rate) - price) / vega
    return vol


def implied_gradient(p: Array) -> Array:
    """Implicit: minus the slopes of the price over its vega."""
    vol = implied_volatility(p)
    _, spot, strike, rate = p
    d1 = (np.log(spot / strike) + rate) / vol + 0.5 * vol
    n1, n2 = (0.5 * (1.0 + erf(d / np.sqrt(2.0))) for d in (d1, d1 - vol))
    vega = spot * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
    discounted = strike * np.exp(-rate)
    return np.array([1.0, -n1, discounted / strike * n2, -discounted * n2]) / vega


def _quote(rng: np.random.Generator) -> Arguments:
    strike, rate, vol = rng.uniform(90.0, 110.0), rng.uniform(0.0, 0.05), rng.uniform(0.1, 0.6)
    price = call_price(vol, np.float64(100.0), strike, rate)
    return (np.array([price, 100.0, strike, rate]),)


CASES = (
    Case(
        name="newton",
        about="Kepler's equation by Newton's iteration in a while loop",
        f=kepler,
        inputs=lambda rng: (np.array([rng.uniform(0.5, 2.5), rng.uniform(0.1, 0.8)]),),
        references={Task.GRADIENT: Exact(kepler_gradient)},
        family="newton",
        floor=True,
    ),
    Case(
        name="bisection",
        about="implied volatility by bisection and two steps of Newton",
        f=implied_volatility,
        inputs=_quote,
        references={Task.GRADIENT: Exact(implied_gradient)},
        family="bisection",
        rtol=1e-8,
        skip={"torch": "numpy.log of tensors in a Python loop"},
    ),
)
