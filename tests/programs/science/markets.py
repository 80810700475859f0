"""Prices and risks of quantitative finance."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels
from scipy.linalg import solve_banded
from scipy.special import ndtr

KERNELS, kernel = kernels()
rng = np.random.default_rng(223)


def black(f, k, t, vol):
    d1 = np.log(f / k) / (vol * np.sqrt(t)) + 0.5 * vol * np.sqrt(t)
    return f * ndtr(d1) - k * ndtr(d1 - vol * np.sqrt(t))


@kernel(np.array([0.04, 0.5, 0.3, -0.4]), 0.035, np.array([0.025, 0.03, 0.036, 0.045]))
def sabr_smile(params, forward, strikes):
    alpha, beta, nu, rho = params
    t = 2.0
    mid = (forward * strikes) ** ((1 - beta) / 2)
    log_m = np.log(forward / strikes)
    z = nu / alpha * mid * log_m
    x = np.log((np.sqrt(1 - 2 * rho * z + z**2) + z - rho) / (1 - rho))
    spread = 1 + (1 - beta) ** 2 / 24 * log_m**2 + (1 - beta) ** 4 / 1920 * log_m**4
    drift = (
        (1 - beta) ** 2 / 24 * alpha**2 / mid**2
        + 0.25 * rho * beta * nu * alpha / mid
        + (2 - 3 * rho**2) / 24 * nu**2
    )
    return alpha / (mid * spread) * z / x * (1 + drift * t)


@kernel(np.array([0.04, 1.5, 0.05, 0.4, -0.7]), 1.02, analytic=False)
def heston_by_fourier(params, spot):
    v0, kappa, theta, xi, rho = params
    t, strike = 1.0, 1.0
    u = np.linspace(1e-3, 60.0, 400)

    def characteristic(u):
        b = kappa - rho * xi * 1j * u
        d = np.sqrt(b**2 + xi**2 * (1j * u + u**2))
        g = (b - d) / (b + d)
        e = np.exp(-d * t)
        c = kappa * theta / xi**2 * ((b - d) * t - 2 * np.log((1 - g * e) / (1 - g)))
        return np.exp(c + (b - d) / xi**2 * (1 - e) / (1 - g * e) * v0 + 1j * u * np.log(spot))

    integrand = np.real(np.exp(-1j * u * np.log(strike)) * characteristic(u - 0.5j)) / (u**2 + 0.25)
    step = u[1] - u[0]
    integral = step * (integrand.sum() - 0.5 * (integrand[0] + integrand[-1]))
    return spot - np.sqrt(strike) / np.pi * integral


@kernel(np.full(8, 0.04), np.full(8, 0.2), rng.normal(size=(5, 4)), analytic=False)
def libor_market_swaption(forwards, vols, normals):
    delta, strike = 0.5, 0.04
    payoffs = 0.0
    for path in normals:
        rates = forwards.copy()
        for z in path:
            drift = 0.0
            for i in range(len(rates)):
                weight = delta * rates[i] * vols[i] / (1 + delta * rates[i])
                drift += weight
                rates[i] *= np.exp(
                    (vols[i] * drift - 0.5 * vols[i] ** 2) * delta + vols[i] * np.sqrt(delta) * z
                )
        discount, annuity = 1.0, 0.0
        for rate in rates:
            discount /= 1 + delta * rate
            annuity += delta * discount
        payoffs += max(1 - discount - strike * annuity, 0.0)
    return payoffs / len(normals)


@kernel(np.array([0.25, 0.03, 0.02]), 100.0, analytic=False)
def crank_nicolson_barrier(market, spot):
    sigma, r, q = market
    s = np.linspace(0.0, 150.0, 41)
    n, dt = len(s), 0.05
    v = np.where(s < 140.0, np.maximum(s - 90.0, 0.0), 0.0)
    i = np.arange(n)
    a = 0.25 * dt * (sigma**2 * i**2 - (r - q) * i)
    b = -0.5 * dt * (sigma**2 * i**2 + r)
    c = 0.25 * dt * (sigma**2 * i**2 + (r - q) * i)
    bands = np.zeros((3, n))
    bands[0, 2:] = -c[1:-1]
    bands[1] = 1.0
    bands[1, 1:-1] = 1.0 - b[1:-1]
    bands[2, :-2] = -a[1:-1]
    for _ in range(10):
        rhs = np.zeros(n)
        rhs[1:-1] = a[1:-1] * v[:-2] + (1.0 + b[1:-1]) * v[1:-1] + c[1:-1] * v[2:]
        v = np.where(s < 140.0, solve_banded((1, 1), bands, rhs), 0.0)
    return np.interp(spot, s, v)


@kernel(np.array([0.2, 0.25, 0.3]), np.array([0.3, -0.2, 0.5]), rng.normal(size=(40, 3)))
def basket_by_correlated_normals(vols, angles, normals):
    c = np.cos(angles)
    s = np.sin(angles)
    factor = np.zeros((3, 3))
    factor[0, 0] = 1.0
    factor[1, :2] = c[0], s[0]
    factor[2] = c[1], s[1] * c[2], s[1] * s[2]
    shocks = normals @ factor.T * vols
    terminal = np.exp(shocks - 0.5 * vols**2)
    basket = terminal @ np.array([0.5, 0.3, 0.2])
    return np.mean(np.log1p(np.exp(20 * (basket - 1.0))) / 20)


@kernel(np.array([0.02, 0.3, 0.01]), np.array([1.0, 2.0, 5.0, 7.0, 10.0]))
def cir_bond_curve(params, maturities):
    r0, kappa, theta_part = params
    sigma = 0.1
    h = np.sqrt(kappa**2 + 2 * sigma**2)
    growth = np.exp(h * maturities) - 1
    denominator = 2 * h + (kappa + h) * growth
    b = 2 * growth / denominator
    a = (
        2
        * theta_part
        / sigma**2
        * np.log(2 * h * np.exp((kappa + h) * maturities / 2) / denominator)
    )
    return (b * r0 - a) / maturities


@kernel(np.array([0.3, 0.9]), np.array([0.01, 0.02, 0.015, 0.03]), analytic=False)
def gaussian_copula_tranche(theta, hazards):
    rho = 1 / (1 + np.exp(-theta[0]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    default = 1 - np.exp(-hazards * 5.0 * theta[1])
    from scipy.special import ndtri

    barrier = ndtri(default)
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        p = ndtr((barrier - np.sqrt(rho) * node) / np.sqrt(1 - rho))
        losses = np.zeros(len(hazards) + 1)
        losses[0] = 1.0
        for k in range(len(hazards)):
            shifted = np.concatenate([np.zeros(1), losses[:-1]])
            losses = losses * (1 - p[k]) + shifted * p[k]
        tranche = np.clip(0.6 * np.arange(len(losses)) / len(hazards) - 0.1, 0.0, 0.2)
        total += weight * (losses @ tranche)
    return total / np.sqrt(2 * np.pi)
