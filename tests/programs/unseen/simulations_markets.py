"""Prices, savings and agents; Monte Carlo with the random numbers given."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(131)


@kernel(100.0, 105.0, np.array([0.03, 0.25, 0.01]), 40)
def american_put_tree(spot, strike, market, n):
    r, sigma, q = market
    dt = 0.5 / n
    up = np.exp(sigma * np.sqrt(dt))
    p = (np.exp((r - q) * dt) - 1 / up) / (up - 1 / up)
    disc = np.exp(-r * dt)
    values = [max(strike - spot * up ** (2 * j - n), 0.0) for j in range(n + 1)]
    for level in range(n - 1, -1, -1):
        for j in range(level + 1):
            hold = disc * (p * values[j + 1] + (1 - p) * values[j])
            exercise = strike - spot * up ** (2 * j - level)
            values[j] = hold if hold > exercise else exercise
    return values[0]


@kernel(100.0, np.array([0.05, 0.3]), 24, 10, analytic=False)
def american_put_psor(strike, market, nodes, steps):
    r, sigma = market
    s = np.linspace(0.0, 200.0, nodes + 1)
    payoff = np.maximum(strike - s, 0.0)
    v = payoff.copy()
    dt = 0.5 / steps
    for _ in range(steps):
        rhs = v.copy()
        for _ in range(200):
            err = 0.0
            for i in range(1, nodes):
                a = 0.5 * dt * (sigma**2 * i**2 - r * i)
                b = 1 + dt * (sigma**2 * i**2 + r)
                c = 0.5 * dt * (sigma**2 * i**2 + r * i)
                y = (rhs[i] + a * v[i - 1] + c * v[i + 1]) / b
                y = max(payoff[i], v[i] + 1.2 * (y - v[i]))
                err += (y - v[i]) ** 2
                v[i] = y
            if err < 1e-20:
                break
    return v, np.interp(95.0, s, v)


@kernel(np.array([0.04, 1.5, 0.04, 0.3, -0.6]), rng.normal(size=(2, 20, 12)), analytic=False)
def heston_barrier(p, z):
    v0, kappa, theta, xi, rho = p
    paths, steps = z.shape[1:]
    dt = 1.0 / steps
    total = 0.0
    knocked = 0
    for k in range(paths):
        s, v = 100.0, v0
        alive = True
        for t in range(steps):
            vp = max(v, 0.0)
            dw = z[0, k, t]
            dv = rho * dw + np.sqrt(1 - rho**2) * z[1, k, t]
            s *= np.exp(-0.5 * vp * dt + np.sqrt(vp * dt + 1e-12) * dw)
            v += kappa * (theta - vp) * dt + xi * np.sqrt(vp * dt + 1e-12) * dv
            if s < 80.0:
                alive = False
                knocked += 1
                break
        if alive:
            total += max(s - 95.0, 0.0)
    return total / paths, knocked


@kernel(
    np.array([0.36, 0.96, 1.0]),
    np.array([0.9, 1.1]),
    np.array([[0.8, 0.2], [0.3, 0.7]]),
    analytic=False,
    costly=True,
)
def growth_by_value_iteration(params, shocks, transition):
    alpha, beta, a0 = params
    grid = np.linspace(0.05, 0.5, 15)
    v = np.zeros((2, 15))
    policy = np.zeros((2, 15), dtype=int)
    for it in range(300):
        new = np.zeros_like(v)
        for z in range(2):
            expected = transition[z] @ v
            for i in range(15):
                best = -1e10
                wealth = a0 * shocks[z] * grid[i] ** alpha
                for j in range(15):
                    c = wealth - grid[j]
                    if c <= 0:
                        break
                    value = np.log(c) + beta * expected[j]
                    if value > best:
                        best = value
                        policy[z, i] = j
                new[z, i] = best
        gap = np.max(np.abs(new - v))
        v = new
        if gap < 1e-6:
            break
    return v, policy, it


@kernel(np.array([0.3, 0.95, 2.0]), 0.1 + 0.1 * rng.random(6), 150)
def overlapping_generations(params, assets, rounds):
    """Households of seven ages; the interest rate and wage that their savings make."""
    alpha, beta, gamma = params
    ages = 7
    wage_profile = [0.8, 1.0, 1.2, 1.3, 1.2, 0.0, 0.0]
    capital = np.mean(assets)
    for _ in range(rounds):
        r = alpha * capital ** (alpha - 1) - 0.1
        w = (1 - alpha) * capital**alpha
        growth = (beta * (1 + r)) ** (1 / gamma)
        pv_income, pv_cons = 0.0, 0.0
        for a in range(ages):
            pv_income += w * wage_profile[a] / (1 + r) ** a
            pv_cons += (growth / (1 + r)) ** a
        c = pv_income / pv_cons
        wealth = 0.0
        path = []
        for a in range(ages - 1):
            wealth = (1 + r) * wealth + w * wage_profile[a] - c * growth**a
            path.append(wealth)
        supply = sum(path) / ages
        capital = 0.9 * capital + 0.1 * max(supply, 0.01)
    return capital, np.array(path)


@kernel(rng.normal(size=(40, 3)), np.array([0.5, -0.2, 0.1]), rng.random(40), analytic=False)
def pricing_agents(traits, taste, noise):
    """Sellers undercut each other in turns; buyers take the best offer or nothing."""
    sellers = 4
    price = np.array([1.0, 1.1, 0.9, 1.2])
    stock = np.full(sellers, 8.0)
    revenue = np.zeros(sellers)
    for b in range(traits.shape[0]):
        worth = 1.0 + 0.2 * (traits[b] @ taste)
        best, who = 0.0, -1
        for s in range(sellers):
            if stock[s] < 1.0:
                continue
            gain = worth - price[s] + 0.3 * noise[(b + s) % 40]
            if gain > best:
                best, who = gain, s
        if who >= 0:
            stock[who] -= 1.0
            revenue[who] += price[who]
            price[who] *= 1.02
        else:
            price *= 0.98
    return revenue, price, stock


@kernel(0.02, np.array([0.1, 0.04, 0.01]), rng.normal(size=(15, 24)))
def vasicek_swaption(r0, p, z):
    a, b, sigma = p
    paths, steps = z.shape
    dt = 1.0 / 12
    payoff = 0.0
    for k in range(paths):
        r = r0
        discount = 1.0
        for t in range(steps):
            discount *= np.exp(-r * dt)
            r += a * (b - r) * dt + sigma * np.sqrt(dt) * z[k, t]
        annuity, last = 0.0, 1.0
        for m in range(1, 6):
            bm = (1 - np.exp(-a * m)) / a
            am = np.exp((bm - m) * (b - sigma**2 / (2 * a**2)) - sigma**2 * bm**2 / (4 * a))
            last = am * np.exp(-bm * r)
            annuity += last
        rate = (1 - last) / annuity
        if rate > 0.025:
            payoff += discount * annuity * (rate - 0.025)
    return payoff / paths
