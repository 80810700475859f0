"""Tables filled in place by double loops."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(13)
A, B = rng.normal(size=6), rng.normal(size=5)
WEIGHTS = rng.random((5, 5)) * 3.0 + 0.2
WORD, OTHER = np.array([1, 0, 2, 2, 1]), np.array([0, 2, 1, 1])


@program((A, B), (B, A[:5].copy()), second=False)
def dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    d = np.full((n + 1, m + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            d[i, j] = cost + min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
    return d[n, m]


@program((A, B, 0.5), (B, A[:5].copy(), 1.5), second=False)
def soft_dynamic_time_warping(a, b, gamma):
    n, m = len(a), len(b)
    r = np.full((n + 1, m + 1), 1e10)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d = (a[i - 1] - b[j - 1]) ** 2
            r0, r1, r2 = -r[i - 1, j - 1] / gamma, -r[i - 1, j] / gamma, -r[i, j - 1] / gamma
            top = max(max(r0, r1), r2)
            total = np.exp(r0 - top) + np.exp(r1 - top) + np.exp(r2 - top)
            r[i, j] = d - gamma * (np.log(total) + top)
    return r[n, m]


@program((1.0, 1.5, WORD, OTHER), (2.0, 0.4, WORD[::-1].copy(), OTHER))
def edit_distance(gap, change, s, t):
    n, m = len(s), len(t)
    d = np.zeros((n + 1, m + 1))
    for i in range(n + 1):
        d[i, 0] = i * gap
    for j in range(m + 1):
        d[0, j] = j * gap
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = 0.0 if s[i - 1] == t[j - 1] else change
            d[i, j] = min(d[i - 1, j] + gap, d[i, j - 1] + gap, d[i - 1, j - 1] + swap)
    return d[n, m]


@program((2.0, -1.1, 0.7, WORD, OTHER), (1.0, -0.3, 1.1, OTHER, WORD))
def smith_waterman(match, mismatch, gap, s, t):
    h = np.zeros((len(s) + 1, len(t) + 1))
    best = 0.0
    for i in range(1, len(s) + 1):
        for j in range(1, len(t) + 1):
            score = match if s[i - 1] == t[j - 1] else mismatch
            h[i, j] = max(0.0, h[i - 1, j - 1] + score, h[i - 1, j] - gap, h[i, j - 1] - gap)
            if h[i, j] > best:
                best = h[i, j]
    return best


@program((WEIGHTS,), (WEIGHTS.T.copy(),), second=False)
def floyd_warshall(w):
    d = w.copy()
    n = d.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return d


@program((WEIGHTS,), (WEIGHTS.T.copy(),), second=False)
def floyd_warshall_rows(path):
    path = path.copy()
    for k in range(path.shape[0]):
        path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))
    return path


@program((WEIGHTS,), (WEIGHTS[::-1].copy(),))
def cheapest_path_through_a_grid(cost):
    best = np.zeros((5, 5))
    best[0, 0] = cost[0, 0]
    for i in range(1, 5):
        best[i, 0] = best[i - 1, 0] + cost[i, 0]
        best[0, i] = best[0, i - 1] + cost[0, i]
    for i in range(1, 5):
        for j in range(1, 5):
            best[i, j] = cost[i, j] + min(best[i - 1, j], best[i, j - 1])
    return best[-1, -1]


@program((np.array([1.0, 2.0, 4.0, 5.5]), 9), (np.array([2.1, 1.0, 3.0, 3.1]), 7))
def knapsack(values, capacity):
    weights = [1, 3, 4, 5]
    best = np.zeros(capacity + 1)
    for i in range(4):
        for c in range(capacity, weights[i] - 1, -1):
            best[c] = max(best[c], best[c - weights[i]] + values[i])
    return best[capacity]


@program((np.array([0.3, 0.9, 0.4]),), (np.array([0.8, 0.2, 0.6]),))
def poisson_binomial(p):
    mass = np.zeros(4)
    mass[0] = 1.0
    for i in range(3):
        for k in range(i + 1, 0, -1):
            mass[k] = mass[k] * (1 - p[i]) + mass[k - 1] * p[i]
        mass[0] = mass[0] * (1 - p[i])
    return mass


@program((A,), (np.linspace(-1.0, 1.3, 6),))
def longest_decreasing_chain(x):
    score = np.zeros(6)
    for i in range(6):
        score[i] = np.abs(x[i])
        for j in range(i):
            if x[j] > x[i] and score[j] + np.abs(x[i]) > score[i]:
                score[i] = score[j] + np.abs(x[i])
    return np.max(score)


@program((WEIGHTS, 0.7), (WEIGHTS.T.copy(), 0.9), second=False)
def value_iteration(reward, discount):
    v = np.zeros(5)
    change = 1.0
    sweeps = 0
    while change > 1e-9 and sweeps < 300:
        q = reward + discount * v[None, :]
        new = np.max(q, axis=1)
        change = np.max(np.abs(new - v)).real
        v = new
        sweeps += 1
    return v
