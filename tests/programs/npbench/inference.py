"""Finance, time series, hidden states and small learning loops."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(61)


OBSERVED = rng.integers(0, 5, size=40)


@kernel(rng.random((4, 4)), rng.random((4, 5)), np.ones(4) / 4, OBSERVED)
def viterbi(a, b, pi, obs):
    n, t_max = len(pi), len(obs)
    la, lb = np.log(a), np.log(b)
    delta = np.zeros((t_max, n))
    psi = np.zeros((t_max, n), dtype=np.int64)
    delta[0] = np.log(pi) + lb[:, obs[0]]
    for t in range(1, t_max):
        for j in range(n):
            best, arg = delta[t - 1, 0] + la[0, j], 0
            for i in range(1, n):
                score = delta[t - 1, i] + la[i, j]
                if score > best:
                    best, arg = score, i
            delta[t, j] = best + lb[j, obs[t]]
            psi[t, j] = arg
    path = np.zeros(t_max, dtype=np.int64)
    last = 0
    for j in range(1, n):
        if delta[t_max - 1, j] > delta[t_max - 1, last]:
            last = j
    path[t_max - 1] = last
    for t in range(t_max - 2, -1, -1):
        path[t] = psi[t + 1, path[t + 1]]
    return delta[-1, path[-1]], path


@kernel(rng.random((4, 4)), rng.random((4, 5)), np.ones(4) / 4, OBSERVED)
def hmm_forward_scaled(a, b, pi, obs):
    a = a / np.sum(a, axis=1, keepdims=True)
    b = b / np.sum(b, axis=1)[:, None]
    alpha = pi * b[:, obs[0]]
    ll = 0.0
    for t in range(1, len(obs)):
        c = np.sum(alpha)
        ll += np.log(c)
        alpha = (alpha / c) @ a * b[:, obs[t]]
    return ll + np.log(np.sum(alpha))


def logsumexp(x, axis):
    m = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - m), axis=axis)) + np.squeeze(m, axis=axis)


LABELS = rng.integers(0, 5, size=30)


@kernel(rng.normal(size=(30, 5)), rng.normal(size=(5, 5)), LABELS, analytic=False)
def crf_loss(scores, transition, labels):
    alpha = scores[0]
    gold = scores[0, labels[0]]
    for t in range(1, len(scores)):
        alpha = logsumexp(alpha[:, None] + transition, axis=0) + scores[t]
        gold += transition[labels[t - 1], labels[t]] + scores[t, labels[t]]
    return logsumexp(alpha, axis=0) - gold


@kernel(rng.normal(size=(20, 6)), np.array([1, 3, 3, 2]), analytic=False)
def ctc_forward(logits, target):
    steps = logits.shape[0]
    shift = logits - np.max(logits, axis=1, keepdims=True)
    probs = np.exp(shift) / np.sum(np.exp(shift), axis=1, keepdims=True)
    size = 2 * len(target) + 1
    labels = np.zeros(size, dtype=np.int64)
    for k in range(len(target)):
        labels[2 * k + 1] = target[k]
    alpha = np.zeros(size)
    alpha[0] = probs[0, 0]
    alpha[1] = probs[0, labels[1]]
    ll = 0.0
    for t in range(1, steps):
        new = np.zeros(size)
        for s in range(size):
            total = alpha[s]
            if s > 0:
                total += alpha[s - 1]
            if s > 1 and labels[s] != 0 and labels[s] != labels[s - 2]:
                total += alpha[s - 2]
            new[s] = total * probs[t, labels[s]]
        c = np.sum(new)
        ll += np.log(c)
        alpha = new / c
    return -(ll + np.log(alpha[-1] + alpha[-2]))


NOISE = rng.normal(size=(25, 20))
SEEN = rng.normal(size=25)


@kernel(np.array([0.9, 0.5, 0.7]), SEEN, NOISE)
def particle_filter(p, y, noise):
    phi, q, r = p
    steps, n = noise.shape
    x = noise[0] * q
    w = np.ones(n) / n
    ll = 0.0
    for t in range(1, steps):
        x = phi * x + q * noise[t]
        w = w * np.exp(-0.5 * ((y[t] - x) / r) ** 2) / r
        total = np.sum(w)
        ll += np.log(total)
        w = w / total
        ess = 1.0 / np.sum(w**2)
        if ess < 0.3 * n:
            w = 0.5 * w + 0.5 / n
    return ll, np.sum(w * x)


@kernel(rng.random((8, 2)), rng.random((3, 2)), np.ones(3) / 3, 15)
def soft_kmeans(x, centers, mix, steps):
    for _ in range(steps):
        d = np.zeros((len(x), len(centers)))
        for i in range(len(x)):
            for k in range(len(centers)):
                d[i, k] = np.sum((x[i] - centers[k]) ** 2)
        w = mix * np.exp(-10.0 * d)
        w = w / np.sum(w, axis=1, keepdims=True)
        mix = np.mean(w, axis=0)
        centers = (w.T @ x) / np.sum(w, axis=0)[:, None]
    return centers, mix


@kernel(
    rng.normal(size=(20, 3)),
    rng.normal(size=20),
    rng.normal(size=(4, 3)) * 0.5,
    rng.normal(size=4) * 0.5,
    0.1,
)
def train_by_hand(x, y, w1, w2, rate):
    for _ in range(30):
        h = np.tanh(x @ w1.T)
        e = h @ w2 - y
        g2 = h.T @ e / len(y)
        g1 = ((e[:, None] * w2) * (1 - h**2)).T @ x / len(y)
        w1 = w1 - rate * g1
        w2 = w2 - rate * g2
    return np.mean((np.tanh(x @ w1.T) @ w2 - y) ** 2)


@kernel(rng.random((12, 3)), rng.random((4, 3)), 0.1, 0.9)
def self_organising_map(data, nodes, rate, decay):
    nodes = nodes.copy()
    for k in range(len(data)):
        best = 0
        smallest = np.sum((data[k] - nodes[0]) ** 2)
        for j in range(1, len(nodes)):
            d = np.sum((data[k] - nodes[j]) ** 2)
            if d < smallest:
                smallest, best = d, j
        for j in range(len(nodes)):
            influence = np.exp(-float(1) * (j - best) ** 2)
            nodes[j] += rate * influence * (data[k] - nodes[j])
        rate = rate * decay
    return nodes


@kernel(
    rng.normal(size=(15, 4)),
    rng.normal(size=(6, 4)),
    rng.normal(size=(6, 6)),
    rng.normal(size=6),
    rng.normal(size=6),
)
def gru_free_rnn(x, w, u, b, out):
    h = np.zeros(len(b))
    total = 0.0
    for t in range(len(x)):
        z = 1.0 / (1.0 + np.exp(-(w @ x[t] + b)))
        new = np.tanh(w @ x[t] + u @ (z * h))
        h = (1 - z) * h + z * new
        total += out @ h
    return total, h


@kernel(rng.random((10, 10)), rng.random(10), 0.2, 0.85)
def page_rank_until(link, teleport, mix, damping):
    m = link / np.sum(link, axis=0)
    t = teleport / np.sum(teleport)
    r = np.ones(10) / 10
    change = 1.0
    while change > 1e-12:
        new = damping * (m @ r) + (1 - damping) * (mix * t + (1 - mix) / 10)
        change = np.sum(np.abs(new - r))
        r = new
    return r


@kernel(rng.random((6, 4, 4)), rng.random((6, 4)), 0.9)
def policy_evaluation(transition, reward, discount):
    s = reward.shape[1]
    v = np.zeros(s)
    p = transition / np.sum(transition, axis=2, keepdims=True)
    delta = 1.0
    n = 0
    while delta > 1e-10 and n < 400:
        delta = 0.0
        for i in range(s):
            best = -1e9
            for a in range(reward.shape[0]):
                q = reward[a, i] + discount * (p[a, i] @ v)
                if q > best:
                    best = q
            delta = max(delta, abs(best - v[i]))
            v[i] = best
        n += 1
    return v


@kernel(rng.integers(0, 2, size=(12, 4)), np.array([0.1, -0.3, 0.2, 0.5]), 0.05)
def rasch_by_newton(answers, start, ridge):
    theta = np.zeros(answers.shape[0])
    b = start
    for _ in range(10):
        for i in range(len(theta)):
            g, h = -ridge * theta[i], -ridge
            for j in range(len(b)):
                p = 1.0 / (1.0 + np.exp(-(theta[i] - b[j])))
                g += answers[i, j] - p
                h -= p * (1 - p)
            theta[i] = theta[i] - g / h
    return theta


@kernel(rng.random((5, 7)), np.array([0.4, 0.7]))
def needleman_wunsch_affine(score, gap):
    n, m = score.shape
    big = -1e6
    h = np.full((n + 1, m + 1), big)
    e = np.full((n + 1, m + 1), big)
    f = np.full((n + 1, m + 1), big)
    h[0, 0] = 0.0
    for i in range(1, n + 1):
        f[i, 0] = -gap[1] - gap[0] * i
        h[i, 0] = f[i, 0]
    for j in range(1, m + 1):
        e[0, j] = -gap[1] - gap[0] * j
        h[0, j] = e[0, j]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            e[i, j] = max(e[i, j - 1], h[i, j - 1] - gap[1]) - gap[0]
            f[i, j] = max(f[i - 1, j], h[i - 1, j] - gap[1]) - gap[0]
            h[i, j] = max(h[i - 1, j - 1] + score[i - 1, j - 1], e[i, j], f[i, j])
    return h[n, m]
