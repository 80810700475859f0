# mypy: disable-error-code="no-any-return, import-untyped"
"""Black-Scholes price and Greeks of 100,000 European calls."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from tapec.bench.case import Arguments, Array, Case, Task
from tapec.bench.reference import Exact

OPTIONS = 100_000


def black_scholes(spot: Array, strike: Array, expiry: Array, rate: Array, vol: Array) -> Array:
    """Price of a European call; Black and Scholes, Journal of Political Economy 81 (1973)."""
    spread = vol * np.sqrt(expiry)
    d1 = (np.log(spot / strike) + (rate + 0.5 * vol * vol) * expiry) / spread
    d2 = d1 - spread
    n1 = 0.5 * (1.0 + erf(d1 / np.sqrt(2.0)))
    n2 = 0.5 * (1.0 + erf(d2 / np.sqrt(2.0)))
    return spot * n1 - strike * np.exp(-rate * expiry) * n2


def greeks(spot: Array, strike: Array, expiry: Array, rate: Array, vol: Array) -> tuple[Array, ...]:
    """Delta, dual delta, -theta, rho, vega in closed form (Haug, Option Pricing Formulas)."""
    root = np.sqrt(expiry)
    d1 = (np.log(spot / strike) + (rate + 0.5 * vol**2) * expiry) / (vol * root)
    d2 = d1 - vol * root
    n1, n2 = (0.5 * (1.0 + erf(d / np.sqrt(2.0))) for d in (d1, d2))
    density = np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
    discounted = strike * np.exp(-rate * expiry)
    decay = spot * density * vol / (2.0 * root) + rate * discounted * n2
    return n1, -discounted / strike * n2, decay, expiry * discounted * n2, spot * density * root


def _inputs(rng: np.random.Generator) -> Arguments:
    spot = rng.uniform(80.0, 120.0, OPTIONS)
    return (
        spot,
        spot * rng.uniform(0.8, 1.2, OPTIONS),
        rng.uniform(0.1, 2.0, OPTIONS),
        rng.uniform(0.0, 0.08, OPTIONS),
        rng.uniform(0.1, 0.5, OPTIONS),
    )


CASES = (
    Case(
        name="black_scholes",
        about=f"Black-Scholes price and five Greeks, {OPTIONS:,} options by vmap",
        f=black_scholes,
        primal=black_scholes,
        batch=True,
        inputs=_inputs,
        argnums=(0, 1, 2, 3, 4),
        references={Task.GRADIENT: Exact(greeks)},
        family="black_scholes",
    ),
)
