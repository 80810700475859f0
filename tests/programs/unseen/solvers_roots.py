"""Roots, fixed points, quadrature and interpolation by loops."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(103)


def kepler(E, M, e):
    return E - e * np.sin(E) - M


@kernel(0.4, 0.7)
def bisection(M, e):
    lo, hi = 0.0, 4.0
    flo = kepler(lo, M, e)
    while hi - lo > 1e-13:
        mid = 0.5 * (lo + hi)
        fm = kepler(mid, M, e)
        if fm == 0:
            return mid
        if (fm > 0) == (flo > 0):
            lo, flo = mid, fm
        else:
            hi = mid
    # One step of Newton makes the result depend smoothly on the parameters.
    E = 0.5 * (lo + hi)
    return E - kepler(E, M, e) / (1 - e * np.cos(E))


@kernel(0.9, 0.3)
def illinois(M, e):
    a, b = 0.0, 3.0
    fa, fb = kepler(a, M, e), kepler(b, M, e)
    side = 0
    c = a
    for n in range(100):
        c = (fa * b - fb * a) / (fa - fb)
        if np.abs(b - a) < 1e-13 * np.abs(b + a):
            break
        fc = kepler(c, M, e)
        if np.abs(fc) < 1e-14:
            break
        if fc * fb > 0:
            b, fb = c, fc
            if side == -1:
                fa /= 2
            side = -1
        elif fa * fc > 0:
            a, fa = c, fc
            if side == +1:
                fb /= 2
            side = +1
        else:
            break
    return c


@kernel(np.array([1.0, -6.1, 11.3, -5.9]))
def halley_deflation(p):
    """All real roots of a cubic: Horner for value and two derivatives, then synthetic division."""
    coeff = p / p[0]
    roots = []
    for degree in (3, 2, 1):
        x = 0.0
        for _ in range(60):
            b, c, d = coeff[0], 0.0, 0.0
            for k in range(1, degree + 1):
                d = d * x + c
                c = c * x + b
                b = b * x + coeff[k]
            step = 2.0 * b * c / (2.0 * c * c - b * (2.0 * d))
            x = x - step
            if np.abs(step) < 1e-15:
                break
        roots.append(x)
        quotient = [coeff[0]]
        for k in range(1, degree):
            quotient.append(coeff[k] + x * quotient[-1])
        coeff = np.array(quotient)
    return np.array(roots)


def circuit(x, r):
    """A diode bridge of sorts: two exponentials and a load."""
    f = np.empty(3)
    f[0] = x[0] + r[0] * (np.exp(x[0] - x[1]) - 1) - 2.0
    f[1] = x[1] - r[1] * (np.exp(x[0] - x[1]) - 1) + x[2]
    f[2] = x[2] * r[2] + np.tanh(x[1]) - 0.3 * x[0]
    return f


@kernel(np.array([0.3, 0.2, 2.0]))
def newton_finite_difference_jacobian(r):
    x = np.zeros(3)
    for it in range(50):
        f = circuit(x, r)
        if np.max(np.abs(f)) < 1e-13:
            break
        J = np.zeros((3, 3))
        h = 1e-6
        for j in range(3):
            xp = x.copy()
            xp[j] += h
            J[:, j] = (circuit(xp, r) - f) / h
        x = x - np.linalg.solve(J, f)
    return x


@kernel(np.array([0.3, 0.2, 2.0]), analytic=False)
def damped_newton(r):
    """Steps halved until the residual falls; the Jacobian by hand."""
    x = np.array([0.5, 0.0, 0.1])
    f = circuit(x, r)
    size = np.linalg.norm(f)
    it = 0
    while size > 1e-12 and it < 40:
        E = np.exp(x[0] - x[1])
        J = np.array([
            [1 + r[0] * E, -r[0] * E, 0.0],
            [-r[1] * E, 1 + r[1] * E, 1.0],
            [-0.3, 1 - np.tanh(x[1]) ** 2, r[2]],
        ])  # fmt: skip
        step = np.linalg.solve(J, -f)
        lam = 1.0
        while True:
            trial = x + lam * step
            ft = circuit(trial, r)
            if np.linalg.norm(ft) < (1 - 1e-4 * lam) * size or lam < 1e-8:
                break
            lam *= 0.5
        x, f = trial, ft
        size = np.linalg.norm(f)
        it += 1
    return x


@kernel(np.array([0.3, 0.2, 2.0]), analytic=False)
def broyden(r):
    x = np.zeros(3)
    B = np.eye(3)
    f = circuit(x, r)
    for _ in range(60):
        s = -B @ f
        x = x + s
        fn = circuit(x, r)
        y = fn - f
        By = B @ y
        denominator = s @ By
        if np.abs(denominator) < 1e-30:
            break
        B = B + np.outer(s - By, s @ B) / denominator
        f = fn
        if np.sqrt(f @ f) < 1e-13:
            break
    return x


@kernel(rng.normal(size=(6, 6)) * 0.3, rng.normal(size=6), 3, analytic=False)
def anderson(W, b, depth):
    """x = tanh(W x + b), mixed over a short history."""
    x = np.zeros(6)
    xs, fs = [], []
    for it in range(25):
        g = np.tanh(W @ x + b)
        f = g - x
        xs.append(g)
        fs.append(f)
        if len(fs) > depth:
            xs.pop(0)
            fs.pop(0)
        m = len(fs)
        if m == 1:
            x = g
            continue
        dF = np.stack([fs[i + 1] - fs[i] for i in range(m - 1)], axis=1)
        dG = np.stack([xs[i + 1] - xs[i] for i in range(m - 1)], axis=1)
        gamma = np.linalg.solve(dF.T @ dF + 1e-10 * np.eye(m - 1), dF.T @ f)
        x = g - dG @ gamma
    return x


@kernel(1.3, 0.4)
def muller(a, b):
    def f(x):
        return x**3 - a * x - b

    x0, x1, x2 = 1.0, 1.5, 1.3
    f0, f1, f2 = f(x0), f(x1), f(x2)
    for k in range(30):
        h1, h2 = x1 - x0, x2 - x1
        d1, d2 = (f1 - f0) / h1, (f2 - f1) / h2
        d = (d2 - d1) / (h2 + h1)
        slope = d2 + h2 * d
        root = np.sqrt(slope**2 - 4 * f2 * d)
        den = slope + root if np.abs(slope + root) > np.abs(slope - root) else slope - root
        dx = -2 * f2 / den
        x0, x1, x2 = x1, x2, x2 + dx
        f0, f1, f2 = f1, f2, f(x2)
        if np.abs(dx) < 1e-13:
            break
    return x2


def peaked(x, w):
    return 1.0 / (w * w + (x - 0.3) ** 2) + np.sin(8 * x)


def simpson(fa, fm, fb, h):
    return h / 6 * (fa + 4 * fm + fb)


@kernel(0.1, 1.2)
def simpson_stack(w, end):
    """Intervals on a list that grows; values are carried along."""
    eps = 1e-6
    a, b = 0.0, end
    m = 0.5 * (a + b)
    stack = np.zeros((64, 7))
    fa, fm, fb = peaked(a, w), peaked(m, w), peaked(b, w)
    stack[0, 0], stack[0, 1], stack[0, 2] = a, b, eps
    stack[0, 3:] = np.array([fa, fm, fb, simpson(fa, fm, fb, b - a)])
    n = 1
    total = 0.0
    while n:
        n -= 1
        a, b, eps, fa, fm, fb, whole = stack[n]
        m = (a + b) / 2
        fl, fr = peaked((a + m) / 2, w), peaked((m + b) / 2, w)
        left = simpson(fa, fl, fm, m - a)
        right = simpson(fm, fr, fb, b - m)
        delta = left + right - whole
        if np.abs(delta) <= 15 * eps or n > 60:
            total += left + right + delta / 15
            continue
        stack[n, :] = np.array([a, m, eps / 2, fa, fl, fm, left])
        stack[n + 1, :] = np.array([m, b, eps / 2, fm, fr, fb, right])
        n += 2
    return total


@kernel(7, 0.4, 2.1)
def gauss_legendre(n, a, b):
    """Nodes by Newton on the three-term recurrence, then the rule itself."""
    x = np.zeros(n)
    w = np.zeros(n)
    for i in range((n + 1) // 2):
        z = np.cos(pi * (i + 0.75) / (n + 0.5))
        dp = 1.0
        for _ in range(100):
            p1, p2 = 1.0, 0.0
            for j in range(n):
                p1, p2 = ((2 * j + 1) * z * p1 - j * p2) / (j + 1), p1
            dp = n * (z * p1 - p2) / (z * z - 1)
            dz = p1 / dp
            z -= dz
            if np.abs(dz) < 1e-14:
                break
        x[i], x[n - 1 - i] = -z, z
        w[i] = w[n - 1 - i] = 2 / ((1 - z * z) * dp * dp)
    mid, half = (a + b) / 2, (b - a) / 2
    return half * sum(w[i] * np.exp(-((mid + half * x[i]) ** 2)) for i in range(n))


@kernel(0.6, 1.7)
def tanh_sinh(p, c):
    h = 1.0
    total = 0.0
    previous = 0.0
    for level in range(7):
        s = 0.0
        k = -int(3.5 / h)
        while k <= int(3.5 / h):
            t = k * h
            u = 0.5 * pi * np.sinh(t)
            x = 0.5 * (1 + np.tanh(u))
            weight = 0.25 * pi * np.cosh(t) / np.cosh(u) ** 2
            if weight > 1e-14:
                s += weight * (x + 1e-9) ** (p - 1) * np.exp(-c * x)
            k += 1
        total = s * h
        if np.abs(total - previous) < 1e-10:
            break
        previous = total
        h /= 2
    return total


@kernel(rng.normal(size=4), 16)
def clenshaw_curtis(a, n):
    theta = np.pi * np.arange(n + 1) / n
    x = np.cos(theta)
    f = a[0] * np.exp(a[1] * x) + a[2] * np.cos(a[3] * x)
    total = 0.0
    for k in range(0, n + 1, 2):
        c = 0.0
        for j in range(n + 1):
            end = 0.5 if j in (0, n) else 1.0
            c += end * f[j] * np.cos(k * theta[j])
        c *= 2.0 / n
        if k == 0 or k == n:
            c /= 2
        total += c * 2.0 / (1.0 - k * k)
    return total


KNOTS = np.sort(rng.random(9)) * 4


@kernel(np.linspace(0, 4, 9) + 0.1 * rng.random(9), rng.normal(size=9), 4 * rng.random(20))
def natural_spline(x, y, at):
    n = len(x) - 1
    h = np.diff(x)
    alpha = np.zeros(n)
    for i in range(1, n):
        alpha[i] = 3 / h[i] * (y[i + 1] - y[i]) - 3 / h[i - 1] * (y[i] - y[i - 1])
    l, mu, z = np.ones(n + 1), np.zeros(n + 1), np.zeros(n + 1)
    for i in range(1, n):
        l[i] = 2 * (x[i + 1] - x[i - 1]) - h[i - 1] * mu[i - 1]
        mu[i] = h[i] / l[i]
        z[i] = (alpha[i] - h[i - 1] * z[i - 1]) / l[i]
    b, c, d = np.zeros(n), np.zeros(n + 1), np.zeros(n)
    for j in range(n - 1, -1, -1):
        c[j] = z[j] - mu[j] * c[j + 1]
        b[j] = (y[j + 1] - y[j]) / h[j] - h[j] * (c[j + 1] + 2 * c[j]) / 3
        d[j] = (c[j + 1] - c[j]) / (3 * h[j])
    out = np.zeros(len(at))
    for q, t in enumerate(at):
        k = 0
        while k < n - 1 and t > x[k + 1]:
            k += 1
        dt = t - x[k]
        out[q] = y[k] + dt * (b[k] + dt * (c[k] + dt * d[k]))
    return out


@kernel(np.cumsum(0.3 + rng.random(8)), rng.normal(size=8), 1 + 4 * rng.random(12))
def pchip(x, y, at):
    n = len(x)
    h = x[1:] - x[:-1]
    s = (y[1:] - y[:-1]) / h
    d = np.zeros(n)
    for i in range(1, n - 1):
        if s[i - 1] * s[i] > 0:
            w1 = 2 * h[i] + h[i - 1]
            w2 = h[i] + 2 * h[i - 1]
            d[i] = (w1 + w2) / (w1 / s[i - 1] + w2 / s[i])
    d[0], d[-1] = s[0], s[-1]
    out = np.empty_like(at)
    for q in range(len(at)):
        lo, hi = 0, n - 1
        while hi - lo > 1:
            mid = (lo + hi) // 2
            if x[mid] > at[q]:
                hi = mid
            else:
                lo = mid
        t = (at[q] - x[lo]) / h[lo]
        h00 = (1 + 2 * t) * (1 - t) ** 2
        h10 = t * (1 - t) ** 2
        h01 = t * t * (3 - 2 * t)
        h11 = t * t * (t - 1)
        out[q] = h00 * y[lo] + h10 * h[lo] * d[lo] + h01 * y[lo + 1] + h11 * h[lo] * d[lo + 1]
    return out


@kernel(np.linspace(-1, 1, 8), rng.normal(size=8), 0.37)
def barycentric(x, y, t):
    n = x.size
    w = np.ones(n)
    for j in range(n):
        for k in range(n):
            if k != j:
                w[j] /= x[j] - x[k]
    num = den = 0.0
    for j in range(n):
        if t == x[j]:
            return y[j]
        r = w[j] / (t - x[j])
        num += r * y[j]
        den += r
    return num / den


@kernel(
    np.array([0, 0, 0, 0, 1.0, 2.0, 3.0, 4, 4, 4, 4]),
    rng.normal(size=(7, 2)),
    np.linspace(0.1, 3.9, 9),
)
def de_boor(knots, control, ts):
    degree = 3
    curve = []
    for t in ts:
        k = degree
        while t >= knots[k + 1]:
            k += 1
        d = np.zeros((degree + 1, 2))
        for j in range(degree + 1):
            d[j] = control[j + k - degree]
        for r in range(1, degree + 1):
            for j in range(degree, r - 1, -1):
                left = knots[j + k - degree]
                alpha = (t - left) / (knots[j + 1 + k - r] - left)
                d[j] = (1 - alpha) * d[j - 1] + alpha * d[j]
        curve.append(d[degree])
    return np.array(curve)


@dataclass
class Field:
    values: np.ndarray
    spacing: float

    def at(self, x, y):
        i = int(np.floor(x / self.spacing))
        j = int(np.floor(y / self.spacing))
        i = min(max(i, 0), self.values.shape[0] - 2)
        j = min(max(j, 0), self.values.shape[1] - 2)
        u, v = x / self.spacing - i, y / self.spacing - j
        f = self.values
        return (
            f[i, j] * (1 - u) * (1 - v)
            + f[i + 1, j] * u * (1 - v)
            + f[i, j + 1] * (1 - u) * v
            + f[i + 1, j + 1] * u * v
        )


@kernel(rng.normal(size=(7, 9)), 0.25, 0.1 + rng.random((15, 2)), analytic=False)
def bilinear(values, spacing, points):
    field = Field(values, spacing)
    return np.array([field.at(p[0], p[1]) for p in points])


@kernel(rng.random((10, 2)), rng.normal(size=10), rng.random((6, 2)), 0.8)
def radial_basis(centres, y, points, eps):
    n = len(centres)
    phi = np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            r2 = np.sum((centres[i] - centres[j]) ** 2)
            phi[i, j] = phi[j, i] = np.sqrt(1 + eps * r2)
    weights = np.linalg.solve(phi + 1e-3 * np.eye(n), y)
    out = []
    for p in points:
        value = 0.0
        for c, w in zip(centres, weights):
            value += w * np.sqrt(1 + eps * np.dot(p - c, p - c))
        out.append(value)
    return out
