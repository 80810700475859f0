"""Recurrences over data: filters, networks, prices, chains."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(11)
SERIES = np.cumsum(rng.normal(size=25)) * 0.3
NORMALS = rng.normal(size=(8, 20))
INPUTS = rng.normal(size=(15, 3))
SMALL = rng.normal(size=(4, 3)) * 0.5
SQUARE = rng.normal(size=(4, 4)) * 0.5
LOGITS = rng.normal(size=(3, 3))
EMISSION = rng.normal(size=(3, 4))
OBSERVED = rng.integers(0, 4, size=12)
COST = rng.random((4, 4)) * 2.0


@program((0.5, -1.0, 0.3), (0.9, 0.2, -0.5))
def kalman_filter(a, log_q, log_r):
    q, r = np.exp(log_q), np.exp(log_r)
    mean, variance = 0.0, 1.0
    loglik = 0.0
    for y in SERIES:
        mean, variance = a * mean, a * a * variance + q
        s = variance + r
        e = y - mean
        loglik += -0.5 * (np.log(2 * np.pi * s) + e * e / s)
        gain = variance / s
        mean, variance = mean + gain * e, (1 - gain) * variance
    return loglik


@program((np.array([0.1, 0.05]), np.array([[1.0, 0.2], [0.0, 0.9]])), second=False)
def kalman_filter_matrices(log_q, f):
    x, p = np.zeros(2), np.eye(2)
    q = np.diag(np.exp(log_q))
    h = np.array([1.0, 0.0])
    total = 0.0
    for k in range(len(SERIES)):
        x = f @ x
        p = f @ p @ f.T + q
        s = h @ p @ h + 0.5
        gain = p @ h / s
        e = SERIES[k] - h @ x
        x = x + gain * e
        p = p - np.outer(gain, h @ p)
        total += np.log(s) + e**2 / s
    return total


def logsumexp(x, axis):
    top = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + np.squeeze(top, axis)


@program((LOGITS, EMISSION), (LOGITS * 2, EMISSION[::-1].copy()), second=False)
def hidden_markov_forward(transition, emission):
    log_a = transition - logsumexp(transition, 1)[:, None]
    log_b = emission - logsumexp(emission, 1)[:, None]
    alpha = np.log(np.ones(3) / 3) + log_b[:, OBSERVED[0]]
    for t in range(1, len(OBSERVED)):
        alpha = logsumexp(alpha[:, None] + log_a, 0) + log_b[:, OBSERVED[t]]
    return logsumexp(alpha, 0)


@program((LOGITS, EMISSION, OBSERVED), (LOGITS, EMISSION, OBSERVED[::-1].copy()), second=False)
def viterbi_score(log_a, log_b, observed):
    best = log_b[:, observed[0]]
    for t in range(1, observed.size):
        best = np.max(best[:, None] + log_a, axis=0) + log_b[:, observed[t]]
    return np.max(best)


@program((SQUARE, SMALL, np.zeros(4)), (SQUARE * 0.5, SMALL * 2, np.ones(4)), second=False)
def recurrent_network(w, u, h):
    loss = 0.0
    for x in INPUTS:
        h = np.tanh(w @ h + u @ x)
        loss += np.sum(h**2)
    return loss


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


@program((rng.normal(size=(8, 5)) * 0.4, np.zeros(8)), second=False)
def lstm(w, b):
    h, c = np.zeros(2), np.zeros(2)
    for t in range(INPUTS.shape[0]):
        z = w @ np.concatenate((h, INPUTS[t])) + b
        i, f, o, g = sigmoid(z[0:2]), sigmoid(z[2:4]), sigmoid(z[4:6]), np.tanh(z[6:8])
        c = f * c + i * g
        h = o * np.tanh(c)
    return np.sum(h)


@program((100.0, 0.05, 0.2), (110.0, 0.02, 0.4))
def monte_carlo_asian_option(s0, rate, sigma):
    dt = 1.0 / NORMALS.shape[1]
    payoff = 0.0
    for path in range(NORMALS.shape[0]):
        s, mean = s0, 0.0
        for k in range(NORMALS.shape[1]):
            s = s * np.exp((rate - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * NORMALS[path, k])
            mean += s / NORMALS.shape[1]
        if mean > 100.0:
            payoff += mean - 100.0
    return np.exp(-rate) * payoff / NORMALS.shape[0]


@program((100.0, 0.05, 0.2), (110.0, 0.02, 0.4), second=False)
def heston_paths(s0, kappa, xi):
    s = s0 * np.ones(8)
    v = 0.04 * np.ones(8)
    dt = 0.05
    for k in range(20):
        z = NORMALS[:, k]
        positive = np.maximum(v, 0.0)
        v = v + kappa * (0.04 - positive) * dt + xi * np.sqrt(positive * dt) * z * 0.1
        s = s * np.exp(-0.5 * positive * dt + np.sqrt(positive * dt) * z)
    return np.mean(np.maximum(s - 100.0, 0.0))


@program((101.3, 100.0, 0.05, 0.2), (90.0, 100.0, 0.02, 0.4))
def binomial_option(spot, strike, rate, sigma):
    n = 30
    dt = 1.0 / n
    u = np.exp(sigma * np.sqrt(dt))
    d = 1 / u
    p = (np.exp(rate * dt) - d) / (u - d)
    values = np.maximum(spot * u ** np.arange(n, -n - 1.0, -2.0) - strike, 0.0)
    for _ in range(n):
        values = np.exp(-rate * dt) * (p * values[:-1] + (1 - p) * values[1:])
    return values[0]


@program((100.0, 100.0, 0.05, 0.2), (90.0, 100.0, 0.02, 0.4), second=False)
def american_option(spot, strike, rate, sigma):
    n = 25
    dt = 1.0 / n
    u = np.exp(sigma * np.sqrt(dt))
    p = (np.exp(rate * dt) - 1 / u) / (u - 1 / u)
    v = np.zeros(n + 1)
    for j in range(n + 1):
        v[j] = max(strike - spot * u ** (2.0 * j - n), 0.0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            hold = np.exp(-rate * dt) * (p * v[j + 1] + (1 - p) * v[j])
            exercise = strike - spot * u ** (2.0 * j - i)
            v[j] = hold if hold > exercise else exercise
    return v[0]


@program(
    (np.array([0.3, 0.5]), np.array([-1.0, 1.0])), (np.array([0.6, 0.9]), np.array([-0.5, 2.0]))
)
def em_iterations(scale, means):
    x = SERIES
    weights = np.array([0.5, 0.5])
    for _ in range(10):
        d = weights * np.exp(-0.5 * ((x[:, None] - means) / scale) ** 2) / scale
        r = d / np.sum(d, axis=1)[:, None]
        weights = np.mean(r, axis=0)
        means = np.sum(r * x[:, None], axis=0) / np.sum(r, axis=0)
    return np.sum(means * weights)


@program((COST, 0.5), (COST + 0.3 * np.eye(4), 1.0), second=False)
def sinkhorn(cost, epsilon):
    k = np.exp(-cost / epsilon)
    u, v = np.ones(4) / 4, np.ones(4) / 4
    change = 1.0
    while change > 1e-13:
        new = 0.25 / (k @ v)
        change = np.max(np.abs(new - u)).real
        u = new
        v = 0.25 / (k.T @ u)
    return np.sum(u[:, None] * k * v[None, :] * cost)


@program((SERIES, 0.2), (SERIES[::-1].copy(), 0.7))
def exponential_smoothing(x, alpha):
    level = x[0]
    loss = 0.0
    for i in range(1, len(x)):
        loss += (x[i] - level) ** 2
        level = alpha * x[i] + (1 - alpha) * level
    return loss


@program((0.1, 0.1, 0.8), (0.05, 0.3, 0.5))
def garch(omega, alpha, beta):
    returns = np.diff(SERIES)
    h = np.var(returns)
    nll = 0.0
    for t in range(len(returns)):
        nll += 0.5 * (np.log(h) + returns[t] ** 2 / h)
        h = omega + alpha * returns[t] ** 2 + beta * h
    return nll


@program((0.5, 0.2), (0.3, -0.4))
def ising_energy(coupling, field):
    spins = np.where(NORMALS[:6, :6] > 0, 1.0, -1.0)
    energy = 0.0
    for i in range(6):
        for j in range(6):
            s = spins[i, j]
            energy -= coupling * s * (spins[(i + 1) % 6, j] + spins[i, (j + 1) % 6]) + field * s
            if energy > 3.0:
                energy = energy * 0.9
    return energy


@program((SERIES,), (SERIES * 0.3,))
def spike_and_reset(current):
    v, spikes, trace = 0.0, 0, 0.0
    for i in range(len(current)):
        v = 0.9 * v + np.abs(current[i])
        if v > 2.0:
            v = v - 2.0
            spikes += 1
        trace = 0.8 * trace + v**2
    return trace + 0.1 * spikes
