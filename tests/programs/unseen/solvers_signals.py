"""Filters, hidden states, alignments and small learning machines, by loops."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

import tapec

KERNELS, kernel = kernels()
rng = np.random.default_rng(105)


@kernel(np.array([0.2, 0.3, 0.1]), np.array([1.0, -0.4, 0.2]), rng.normal(size=60))
def iir_direct_form_two(b, a, x):
    y = np.zeros_like(x)
    w1 = w2 = 0.0
    for n in range(len(x)):
        w0 = x[n] - a[1] * w1 - a[2] * w2
        y[n] = b[0] * w0 + b[1] * w1 + b[2] * w2
        w2, w1 = w1, w0
    return y


@kernel(rng.normal(size=64), 5.0)
def goertzel(x, k):
    w = 2 * np.pi * k / len(x)
    c = 2 * np.cos(w)
    s_prev = s_prev2 = 0.0
    for v in x:
        s = v + c * s_prev - s_prev2
        s_prev2 = s_prev
        s_prev = s
    return s_prev**2 + s_prev2**2 - c * s_prev * s_prev2


@kernel(rng.normal(size=32), rng.normal(size=32), inplace=(0, 1))
def fft_by_loops(re, im):
    """Radix two, in place, bit reversal first."""
    n = len(re)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    size = 2
    while size <= n:
        half = size // 2
        for start in range(0, n, size):
            for k in range(half):
                c, s = np.cos(2 * np.pi * k / size), -np.sin(2 * np.pi * k / size)
                i, m = start + k, start + k + half
                tr = re[m] * c - im[m] * s
                ti = re[m] * s + im[m] * c
                re[m], im[m] = re[i] - tr, im[i] - ti
                re[i], im[i] = re[i] + tr, im[i] + ti
        size *= 2
    return re, im


@kernel(rng.normal(size=(25, 2)), np.array([[1.0, 0.1], [0.0, 1.0]]), 0.05, 0.3)
def kalman_smoother(z, F, q, r):
    """Rauch, Tung and Striebel; all steps kept in arrays."""
    n = len(z)
    Q, R = q * np.eye(2), r * np.eye(2)
    xf, Pf = np.zeros((n, 2)), np.zeros((n, 2, 2))
    xp, Pp = np.zeros((n, 2)), np.zeros((n, 2, 2))
    x, P = np.zeros(2), np.eye(2)
    loglik = 0.0
    for t in range(n):
        x = F @ x
        P = F @ P @ F.T + Q
        xp[t], Pp[t] = x, P
        S = P + R
        det = S[0, 0] * S[1, 1] - S[0, 1] * S[1, 0]
        inv = np.array([[S[1, 1], -S[0, 1]], [-S[1, 0], S[0, 0]]]) / det
        e = z[t] - x
        loglik -= 0.5 * (np.log(det) + e @ inv @ e)
        K = P @ inv
        x = x + K @ e
        P = (np.eye(2) - K) @ P
        xf[t], Pf[t] = x, P
    xs = xf.copy()
    for t in range(n - 2, -1, -1):
        C = Pf[t] @ F.T @ np.linalg.inv(Pp[t + 1])
        xs[t] = xf[t] + C @ (xs[t + 1] - xp[t + 1])
    return xs, loglik


@kernel(rng.normal(size=20), 0.4, 0.5)
def unscented_filter(z, q, r):
    x, P = 0.1, 1.0
    out = np.zeros(len(z))
    for t, obs in enumerate(z):
        s = np.sqrt(2.0 * P)
        sigma = [x, x + s, x - s]
        w = [0.5, 0.25, 0.25]
        moved = [0.9 * p + np.sin(p) for p in sigma]
        x = sum(a * b for a, b in zip(w, moved))
        P = q + sum(a * (b - x) ** 2 for a, b in zip(w, moved))
        s = np.sqrt(2.0 * P)
        sigma = [x, x + s, x - s]
        seen = [p + 0.1 * p**2 for p in sigma]
        m = sum(a * b for a, b in zip(w, seen))
        S = r + sum(a * (b - m) ** 2 for a, b in zip(w, seen))
        C = sum(a * (p - x) * (b - m) for a, p, b in zip(w, sigma, seen))
        K = C / S
        x, P = x + K * (obs - m), P - K * K * S
        out[t] = x
    return out


@kernel(rng.normal(size=12), rng.normal(size=(12, 30)), rng.random(12), 0.8)
def particle_filter(z, noise, u, phi):
    """Systematic resampling where the effective size falls; uniforms are given."""
    n = noise.shape[1]
    p = np.zeros(n)
    w = np.ones(n) / n
    estimate = np.zeros(len(z))
    for t in range(len(z)):
        p = phi * p + 0.5 * noise[t]
        w = w * np.exp(-0.5 * (z[t] - p) ** 2)
        w = w / w.sum()
        estimate[t] = w @ p
        if 1.0 / np.sum(w**2) < n / 2:
            q = np.zeros(n)
            c = w[0]
            i = 0
            for k in range(n):
                target = (k + u[t]) / n
                while c < target and i < n - 1:
                    i += 1
                    c += w[i]
                q[k] = p[i]
            p = q
            w = np.ones(n) / n
    return estimate


@kernel(rng.normal(size=80), rng.normal(size=80), 0.02, 6)
def lms(x, d, mu, taps):
    w = np.zeros(taps)
    e = np.zeros(len(x))
    for n in range(taps, len(x)):
        window = x[n - taps : n][::-1]
        e[n] = d[n] - w @ window
        w += 2 * mu * e[n] * window
    return w, e


@kernel(rng.normal(size=60), rng.normal(size=60), 0.98)
def rls(x, d, lam):
    w = np.zeros(4)
    P = 10.0 * np.eye(4)
    for n in range(4, len(x)):
        u = x[n - 4 : n]
        k = P @ u / (lam + u @ P @ u)
        w = w + k * (d[n] - w @ u)
        P = (P - np.outer(k, u @ P)) / lam
    return w


LETTERS = np.array([0, 2, 1, 1, 0, 2, 2, 1, 0, 0])


@kernel(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), LETTERS)
def viterbi(transition, emission, seen):
    n, states = len(seen), 3
    score = emission[:, seen[0]].copy()
    back = np.zeros((n, states), dtype=int)
    for t in range(1, n):
        new = np.zeros(states)
        for j in range(states):
            best, arg = score[0] + transition[0, j], 0
            for i in range(1, states):
                s = score[i] + transition[i, j]
                if s > best:
                    best, arg = s, i
            new[j] = best + emission[j, seen[t]]
            back[t, j] = arg
        score = new
    path = np.zeros(n)
    state = int(np.argmax(score))
    for t in range(n - 1, -1, -1):
        path[t] = emission[state, seen[t]]
        state = back[t, state]
    return score.max(), path


@kernel(rng.random((3, 3)) + 0.1, rng.random((3, 3)) + 0.1, np.ones(3) / 3, LETTERS, costly=True)
def baum_welch(A, B, pi, seen):
    """Two rounds of scaled forward-backward."""
    A = A / A.sum(axis=1, keepdims=True)
    B = B / B.sum(axis=1, keepdims=True)
    n = len(seen)
    loglik = 0.0
    for rounds in range(2):
        alpha, beta, scale = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros(n)
        for t in range(n):
            if t == 0:
                alpha[0] = pi * B[:, seen[0]]
            else:
                for j in range(3):
                    alpha[t, j] = np.sum(alpha[t - 1] * A[:, j]) * B[j, seen[t]]
            scale[t] = alpha[t].sum()
            alpha[t] /= scale[t]
        beta[n - 1] = 1.0
        for t in range(n - 2, -1, -1):
            beta[t] = A @ (B[:, seen[t + 1]] * beta[t + 1]) / scale[t + 1]
        gamma = alpha * beta
        gamma = gamma / gamma.sum(axis=1)[:, None]
        xi = np.zeros((3, 3))
        for t in range(n - 1):
            m = alpha[t][:, None] * A * (B[:, seen[t + 1]] * beta[t + 1])[None, :]
            xi += m / m.sum()
        A = xi / gamma[:-1].sum(axis=0)[:, None]
        newB = np.zeros((3, 3))
        for t in range(n):
            newB[:, seen[t]] += gamma[t]
        B = newB / gamma.sum(axis=0)[:, None]
        loglik = np.sum(np.log(scale))
    return A, B, loglik


def logaddexp(a, b):
    m = np.maximum(a, b)
    return m + np.log(np.exp(a - m) + np.exp(b - m))


@kernel(rng.normal(size=(15, 5)), np.array([1, 3, 3, 2]))
def ctc(logits, label):
    T = len(logits)
    ext = [0]
    for c in label:
        ext += [c, 0]
    S = len(ext)
    logp = logits - np.log(np.sum(np.exp(logits), axis=1))[:, None]
    a = np.full(S, -1e10)
    a[0] = logp[0, 0]
    a[1] = logp[0, ext[1]]
    for t in range(1, T):
        new = np.full(S, -1e10)
        for s in range(S):
            v = a[s]
            if s > 0:
                v = logaddexp(v, a[s - 1])
            if s > 1 and ext[s] != 0 and ext[s] != ext[s - 2]:
                v = logaddexp(v, a[s - 2])
            new[s] = v + logp[t, ext[s]]
        a = new
    return logaddexp(a[S - 1], a[S - 2])


@kernel(rng.normal(size=30), rng.normal(size=25))
def dynamic_time_warping(a, b):
    D = np.full((len(a) + 1, len(b) + 1), np.inf)
    D[0, 0] = 0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[-1, -1]


@kernel(rng.normal(size=(6, 6)), rng.integers(0, 6, 24), rng.integers(0, 6, 20), 0.7)
def smith_waterman(score, a, b, gap):
    H = np.zeros((len(a) + 1, len(b) + 1))
    best = 0.0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            h = H[i - 1, j - 1] + score[a[i - 1], b[j - 1]]
            if H[i - 1, j] - gap > h:
                h = H[i - 1, j] - gap
            if H[i, j - 1] - gap > h:
                h = H[i, j - 1] - gap
            H[i, j] = h if h > 0 else 0.0
            if H[i, j] > best:
                best = H[i, j]
    return best


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


@kernel(
    rng.normal(size=(10, 3)),
    rng.normal(size=(3, 16)) * 0.4,
    rng.normal(size=(4, 16)) * 0.4,
    rng.normal(size=16),
)
def lstm(xs, Wx, Wh, b):
    h, c = np.zeros(4), np.zeros(4)
    hs = []
    for x in xs:
        i, f, g, o = np.split(x @ Wx + h @ Wh + b, 4)
        c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.array(hs)


@kernel(
    rng.normal(size=(7, 6)),
    rng.normal(size=(6, 6)) * 0.4,
    rng.normal(size=(6, 6)) * 0.4,
    rng.normal(size=(6, 6)),
    2,
)
def causal_attention(x, Wq, Wk, Wv, heads):
    n, d = x.shape
    size = d // heads
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    out = np.zeros((n, d))
    for h in range(heads):
        s = slice(h * size, (h + 1) * size)
        for i in range(n):
            scores = np.zeros(i + 1)
            for j in range(i + 1):
                scores[j] = q[i, s] @ k[j, s] / np.sqrt(size)
            w = np.exp(scores - np.max(scores))
            w /= w.sum()
            for j in range(i + 1):
                out[i, s] += w[j] * v[j, s]
    return out


@kernel(np.concatenate([rng.normal(size=20) - 2, rng.normal(size=25) + 2]), np.array([-1.0, 1.5]))
def mixture_em(x, means):
    mu, var, weight = means.copy(), np.ones(2), np.array([0.5, 0.5])
    last = -1e10
    for it in range(50):
        resp = np.zeros((len(x), 2))
        for k in range(2):
            resp[:, k] = weight[k] * np.exp(-0.5 * (x - mu[k]) ** 2 / var[k]) / np.sqrt(var[k])
        total = resp.sum(axis=1)
        loglik = np.log(total).sum()
        resp /= total[:, None]
        nk = resp.sum(axis=0)
        for k in range(2):
            mu[k] = resp[:, k] @ x / nk[k]
            var[k] = resp[:, k] @ (x - mu[k]) ** 2 / nk[k]
        weight = nk / len(x)
        if loglik - last < 1e-4:
            break
        last = loglik
    return mu, var, weight


@kernel(rng.normal(size=(30, 2)), np.array([[-0.5, 0.0], [0.5, 0.2], [0.0, 1.0]]))
def lloyd(points, centres):
    for it in range(20):
        total = np.zeros((3, 2))
        count = np.zeros(3)
        for p in points:
            best, which = np.inf, 0
            for k in range(3):
                d = np.sum((p - centres[k]) ** 2)
                if d < best:
                    best, which = d, k
            total[which] += p
            count[which] += 1
        new = total / np.maximum(count, 1)[:, None]
        if np.max(np.abs(new - centres)) < 1e-12:
            break
        centres = new
    return centres


@kernel(rng.normal(size=(25, 3)), (rng.random(25) > 0.5).astype(float), 0.5)
def logistic_irls(X, y, ridge):
    w = np.zeros(3)
    for it in range(30):
        p = sigmoid(X @ w)
        g = X.T @ (p - y) + ridge * w
        H = (X * (p * (1 - p))[:, None]).T @ X + ridge * np.eye(3)
        step = np.linalg.solve(H, g)
        w = w - step
        if np.max(np.abs(step)) < 1e-12:
            break
    return w


@kernel(rng.random(15), rng.normal(size=15), rng.random(4), 0.4, 0.2)
def gaussian_process(x, y, xs, ell, noise):
    n = len(x)
    K = np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / ell**2) + noise**2 * np.eye(n)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = K[i, j] - L[i, :j] @ L[j, :j]
            L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
    v = np.zeros(n)
    for i in range(n):
        v[i] = (y[i] - L[i, :i] @ v[:i]) / L[i, i]
    alpha = np.zeros(n)
    for i in range(n - 1, -1, -1):
        alpha[i] = (v[i] - L[i + 1 :, i] @ alpha[i + 1 :]) / L[i, i]
    ks = np.exp(-0.5 * (xs[:, None] - x) ** 2 / ell**2)
    nlml = 0.5 * v @ v + np.log(np.diag(L)).sum()
    return ks @ alpha, nlml


@kernel(rng.random((4, 2, 4)) + 0.05, rng.normal(size=(4, 2)), 0.9)
def value_iteration(P, r, gamma):
    V = np.zeros(4)
    while True:
        Q = np.zeros((4, 2))
        for s in range(4):
            for a in range(2):
                Q[s, a] = r[s, a] + gamma * (P[s, a] @ V) / P[s, a].sum()
        new = Q.max(axis=1)
        if np.abs(new - V).max() < 1e-13:
            return new
        V = new


def inner_loss(w, x, y):
    return np.mean((np.tanh(x @ w[:-1] + w[-1]) - y) ** 2)


@kernel(
    rng.normal(size=4),
    rng.normal(size=(12, 3)),
    rng.normal(size=12) * 0.5,
    0.05,
    analytic=False,
    costly=True,
)
def adam_training(w, x, y, rate):
    m, v = np.zeros(4), np.zeros(4)
    slope = tapec.grad(inner_loss)
    for t in range(1, 40):
        g = slope(w, x, y)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return inner_loss(w, x, y)


@kernel(rng.normal(size=(5, 3)), rng.random((20, 2)), 0.9)
def policy_gradient(theta, u, gamma):
    """A walk on five cells by given uniforms; the score function estimate of its return."""
    state = 2
    total = 0.0
    score = np.zeros((5, 3))
    for t in range(len(u)):
        p = np.exp(theta[state] - np.max(theta[state]))
        p = p / np.sum(p)
        action = 0
        c = p[0]
        while u[t, 0] > c and action < 2:
            action += 1
            c += p[action]
        onehot = np.zeros(3)
        onehot[action] = 1.0
        score[state] += onehot - p
        state = min(max(state + action - 1, 0), 4)
        reward = 1.0 if state == 4 else -0.1 * p[action]
        total += gamma**t * reward
    return total * score
