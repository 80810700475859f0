"""Bonds, options, rates and volatilities."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(83)
RETURNS = rng.normal(size=120) * 0.02
PATHS = rng.normal(size=(30, 10))


@kernel(np.array([0.03, 0.032, 0.035, 0.037, 0.04]), 0.05, 100.0)
def bond_portfolio(rates, coupon, face):
    total = 0.0
    for maturity in range(1, len(rates) + 1):
        price = 0.0
        for t in range(1, 2 * maturity + 1):
            years = t / 2
            lo = min(int(years), len(rates) - 1)
            r = rates[lo]
            price += face * coupon / 2 / (1 + r / 2) ** t
        price += face / (1 + rates[maturity - 1] / 2) ** (2 * maturity)
        total += price
    return total


@kernel(98.0, 0.05, 20)
def yield_to_maturity(price, coupon, periods):
    y = 0.03
    for _ in range(50):
        pv, dpv = 0.0, 0.0
        for t in range(1, periods + 1):
            cash = 100 * coupon / 2 + (100.0 if t == periods else 0.0)
            d = (1 + y / 2) ** (-t)
            pv += cash * d
            dpv -= cash * t / 2 * d / (1 + y / 2)
        step = (pv - price) / dpv
        y = y - step
        if abs(step) < 1e-13:
            break
    return y


@kernel(100.0, 100.0, 0.04, 0.25, PATHS)
def least_squares_monte_carlo(s0, strike, r, sigma, z):
    paths, steps = z.shape
    dt = 1.0 / steps
    s = np.zeros((paths, steps + 1))
    s[:, 0] = s0
    for t in range(steps):
        s[:, t + 1] = s[:, t] * np.exp((r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z[:, t])
    cash = np.maximum(strike - s[:, steps], 0.0)
    disc = np.exp(-r * dt)
    for t in range(steps - 1, 0, -1):
        cash = disc * cash
        x = s[:, t] / strike
        basis = np.stack([np.ones(paths), x, x**2], axis=1)
        coef = np.linalg.solve(basis.T @ basis + 1e-6 * np.eye(3), basis.T @ cash)
        hold = basis @ coef
        exercise = np.maximum(strike - s[:, t], 0.0)
        cash = np.where((exercise > hold) & (exercise > 0), exercise, cash)
    return disc * np.mean(cash)


@kernel(np.array([0.03, 0.034, 0.037, 0.04, 0.042]), np.array([0.2, 0.19, 0.18, 0.17, 0.16]))
def black_derman_toy(yields, vols):
    n = len(yields)
    rates = np.zeros((n, n))
    rates[0, 0] = yields[0]
    for t in range(1, n):
        target = (1 + yields[t]) ** (-(t + 1))
        base = yields[t]
        for _ in range(30):
            up = np.exp(2 * vols[t])
            price, slope = np.ones(n + 1), np.zeros(n + 1)
            for i in range(t, -1, -1):
                for j in range(i + 1):
                    r = base * up**j if i == t else rates[i, j]
                    dr = up**j if i == t else 0.0
                    half = 0.5 * (price[j] + price[j + 1])
                    slope[j] = 0.5 * (slope[j] + slope[j + 1]) / (1 + r) - half * dr / (1 + r) ** 2
                    price[j] = half / (1 + r)
            base = base - (price[0] - target) / slope[0]
        for j in range(t + 1):
            rates[t, j] = base * np.exp(2 * vols[t]) ** j
    return rates


@kernel(np.array([1e-5, 0.1, 0.85, 0.05]), RETURNS)
def gjr_garch(p, y):
    omega, alpha, beta, gamma = p
    h = np.mean(y**2)
    ll = 0.0
    for t in range(len(y)):
        ll -= 0.5 * (np.log(h) + y[t] ** 2 / h)
        leverage = gamma * y[t] ** 2 if y[t] < 0 else 0.0
        h = omega + alpha * y[t] ** 2 + beta * h + leverage
    return ll


@kernel(np.array([0.5, -0.2]), np.array([0.3, 0.1]), 0.02, RETURNS)
def arma_likelihood(ar, ma, sigma, y):
    p, q = len(ar), len(ma)
    e = np.zeros(len(y))
    for t in range(len(y)):
        fit = 0.0
        for i in range(p):
            if t - 1 - i >= 0:
                fit += ar[i] * y[t - 1 - i]
        for j in range(q):
            if t - 1 - j >= 0:
                fit += ma[j] * e[t - 1 - j]
        e[t] = y[t] - fit
    return -0.5 * np.sum(e**2) / sigma**2 - len(y) * np.log(sigma)


@kernel(rng.random(30) + 0.5, np.array([0.2, 0.5, 0.1]))
def hawkes_likelihood(gaps, p):
    mu, alpha, beta = p[0], p[1], 1.0 + p[2]
    t, s, ll = 0.0, 0.0, 0.0
    for k in range(len(gaps)):
        decay = np.exp(-beta * gaps[k])
        ll -= mu * gaps[k] + alpha / beta * s * (1 - decay)
        s = s * decay
        ll += np.log(mu + alpha * s)
        s = s + 1.0
        t += gaps[k]
    return ll
