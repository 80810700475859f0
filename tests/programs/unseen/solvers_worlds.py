"""Graphics, robots and markets by loops."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(106)


def scene(p, radius):
    sphere = np.sqrt(np.sum((p - np.array([0.0, 0.0, 3.0])) ** 2)) - radius
    floor = p[1] + 1.0
    return np.minimum(sphere, floor)


@kernel(0.9, np.array([0.5, 1.0, -0.6]), 6, costly=True)
def ray_marching(radius, light, size):
    image = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            d = np.array([(j - size / 2) / size, (size / 2 - i) / size, 1.0])
            d = d / np.sqrt(np.sum(d * d))
            t = 0.0
            hit = False
            for step in range(40):
                h = scene(t * d, radius)
                if h < 1e-9:
                    hit = True
                    break
                if t > 10:
                    break
                t += h
            if not hit:
                continue
            p = t * d
            n = np.zeros(3)
            for k in range(3):
                e = np.zeros(3)
                e[k] = 1e-3
                n[k] = scene(p + e, radius) - scene(p - e, radius)
            n = n / np.sqrt(np.sum(n * n))
            image[i, j] = np.maximum(n @ light, 0.0) / (1 + 0.1 * t)
    return image


@kernel(rng.random((4, 3, 2)) * 8, rng.random(4), 0.5, costly=True)
def soft_triangles(tri, colour, sharp):
    image = np.zeros((8, 8))
    for t in range(len(tri)):
        a, b, c = tri[t]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        s = 1.0 if area > 0 else -1.0
        for y in range(8):
            for x in range(8):
                inside = 1.0
                for u, v in ((a, b), (b, c), (c, a)):
                    e = s * ((v[0] - u[0]) * (y + 0.5 - u[1]) - (v[1] - u[1]) * (x + 0.5 - u[0]))
                    inside *= 1 / (1 + np.exp(-e * sharp))
                image[y, x] = (1 - inside) * image[y, x] + inside * colour[t]
    return image


@kernel(rng.normal(size=(6, 2)), np.linspace(0, 1, 11))
def de_casteljau(control, ts):
    out = np.empty((len(ts), 2))
    for k, t in enumerate(ts):
        pts = control.copy()
        n = len(pts)
        while n > 1:
            for i in range(n - 1):
                pts[i] = (1 - t) * pts[i] + t * pts[i + 1]
            n -= 1
        out[k] = pts[0]
    return out


def rotation(axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = axis
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + s * K + (1 - c) * (K @ K)


AXES = np.array([[0.0, 0, 1], [0, 1, 0], [0, 1, 0], [1, 0, 0]])


@kernel(np.array([0.3, -0.4, 0.8, 0.2]), np.array([0.5, 1.0, 0.8, 0.2]), np.array([0.6, 0.4, 1.2]))
def inverse_kinematics(q, lengths, target):
    """Damped least squares with the geometric Jacobian."""
    for it in range(30):
        R = np.eye(3)
        p = np.zeros(3)
        origins, axes = [], []
        for k in range(4):
            axes.append(R @ AXES[k])
            origins.append(p)
            R = R @ rotation(AXES[k], q[k])
            p = p + R @ np.array([lengths[k], 0.0, 0.0])
        e = target - p
        if np.sqrt(e @ e) < 1e-10:
            break
        J = np.zeros((3, 4))
        for k in range(4):
            J[:, k] = np.cross(axes[k], p - origins[k])
        q = q + J.T @ np.linalg.solve(J @ J.T + 0.01 * np.eye(3), e)
    return q


class Link:
    def __init__(self, mass, length):
        self.mass = mass
        self.length = length
        self.inertia = mass * length**2 / 12


@kernel(rng.normal(size=4), rng.normal(size=4), rng.normal(size=4), 1 + rng.random(4), np.ones(4))
def planar_newton_euler(q, qd, qdd, masses, lengths):
    """Outward velocities, inward forces."""
    links = [Link(m, l) for m, l in zip(masses, lengths)]
    n = len(links)
    w = dw = 0.0
    theta = 0.0
    acc = np.array([0.0, 9.81])
    centres, dws, us = [], [], []
    for k, link in enumerate(links):
        theta = theta + q[k]
        w = w + qd[k]
        dw = dw + qdd[k]
        u = np.array([np.cos(theta), np.sin(theta)])
        v = np.array([-u[1], u[0]])
        centres.append(acc + 0.5 * link.length * (dw * v - w**2 * u))
        acc = acc + link.length * (dw * v - w**2 * u)
        dws.append(dw)
        us.append(u)
    tau = np.zeros(n)
    f = np.zeros(2)
    moment = 0.0
    for k in reversed(range(n)):
        link = links[k]
        total = link.mass * centres[k] + f
        arm = us[k] * link.length
        moment = (
            moment
            + link.inertia * dws[k]
            + 0.5 * (arm[0] * link.mass * centres[k][1] - arm[1] * link.mass * centres[k][0])
            + arm[0] * f[1]
            - arm[1] * f[0]
        )
        tau[k] = moment
        f = total
    return tau


CLOUD = rng.normal(size=(20, 2))


@kernel(CLOUD, CLOUD @ np.array([[0.95, -0.3], [0.3, 0.95]]) + 0.05)
def iterative_closest_point(source, target):
    pts = source.copy()
    angle, shift = 0.0, np.zeros(2)
    for it in range(15):
        matched = np.zeros_like(pts)
        for i in range(len(pts)):
            best, which = np.inf, 0
            for j in range(len(target)):
                d = (pts[i, 0] - target[j, 0]) ** 2 + (pts[i, 1] - target[j, 1]) ** 2
                if d < best:
                    best = d
                    which = j
            matched[i] = target[which]
        mp, mm = pts.mean(axis=0), matched.mean(axis=0)
        a, b = pts - mp, matched - mm
        theta = np.arctan(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / np.sum(a * b))
        R = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
        t = mm - R @ mp
        pts = pts @ R.T + t
        angle += theta
        shift = R @ shift + t
    return angle, shift


EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])


@kernel(
    rng.normal(size=(5, 3)) * 0.2 + np.array([1.0, 0.0, 0.7]), np.cumsum(rng.normal(size=(4, 3)), 0)
)
def pose_graph(z, start):
    """Gauss-Newton on planar poses, the first held fast."""
    x = start.copy()
    for it in range(4):
        H = 1e-6 * np.eye(12)
        b = np.zeros(12)
        for k, (i, j) in enumerate(EDGES):
            c, s = np.cos(x[i, 2]), np.sin(x[i, 2])
            dx, dy = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1]
            e = np.array(
                [
                    c * dx + s * dy - z[k, 0],
                    -s * dx + c * dy - z[k, 1],
                    np.sin(x[j, 2] - x[i, 2] - z[k, 2]),
                ]
            )
            A = np.array([[-c, -s, -s * dx + c * dy], [s, -c, -c * dx - s * dy], [0.0, 0.0, -1.0]])
            B = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
            ii, jj = slice(3 * i, 3 * i + 3), slice(3 * j, 3 * j + 3)
            H[ii, ii] += A.T @ A
            H[ii, jj] += A.T @ B
            H[jj, ii] += B.T @ A
            H[jj, jj] += B.T @ B
            b[ii] += A.T @ e
            b[jj] += B.T @ e
        H[:3, :3] += 1e3 * np.eye(3)
        x = x - 0.5 * np.linalg.solve(H, b).reshape(4, 3)
    return x


@kernel(0.04, 1.5, 0.04, 0.3, -0.6, 0.1 + rng.normal(size=(30, 20, 2)), costly=True)
def heston(v0, kappa, theta, xi, rho, noise):
    paths, steps, _ = noise.shape
    dt = 1.0 / steps
    payoff = 0.0
    for p in range(paths):
        logs, v = 0.0, v0
        for t in range(steps):
            z1 = noise[p, t, 0]
            z2 = rho * z1 + np.sqrt(1 - rho**2) * noise[p, t, 1]
            vp = max(v, 0.0)
            logs += -0.5 * vp * dt + np.sqrt(vp * dt + 1e-12) * z1
            v += kappa * (theta - vp) * dt + xi * np.sqrt(vp * dt + 1e-12) * z2
        s = 100 * np.exp(logs)
        if s > 95.0:
            payoff += s - 95.0
    return payoff / paths


@kernel(100.0, 105.0, 0.03, 0.25, 60, costly=True)
def american_tree(spot, strike, rate, vol, n):
    dt = 1.0 / n
    u = np.exp(vol * np.sqrt(dt))
    p = (np.exp(rate * dt) - 1 / u) / (u - 1 / u)
    disc = np.exp(-rate * dt)
    v = np.zeros(n + 1)
    for j in range(n + 1):
        v[j] = max(strike - spot * u ** (2 * j - n), 0.0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            hold = disc * (p * v[j + 1] + (1 - p) * v[j])
            now = strike - spot * u ** (2 * j - i)
            v[j] = hold if hold > now else now
    return v[0]


@kernel(np.maximum(1.0 - np.linspace(0.2, 2, 25), 0), 0.3, 0.04)
def psor(payoff, vol, rate):
    n = len(payoff)
    dx, dt = 1.8 / (n - 1), 0.05
    v = payoff.copy()
    for step in range(6):
        old = v.copy()
        while True:
            err = 0.0
            for i in range(1, n - 1):
                s = 0.2 + i * dx
                a = 0.5 * vol**2 * s**2 / dx**2
                b = 0.5 * rate * s / dx
                gs = (old[i] + dt * ((a - b) * v[i - 1] + (a + b) * v[i + 1])) / (
                    1 + dt * (2 * a + rate)
                )
                new = max(payoff[i], v[i] + 1.2 * (gs - v[i]))
                err += (new - v[i]) ** 2
                v[i] = new
            if err < 1e-24:
                break
    return v


@kernel(np.array([0.02, 0.023, 0.025, 0.028, 0.031]))
def curve_bootstrap(swap):
    """Annual par swaps: each discount factor by Newton on a flat forward."""
    dfs = []
    for k, rate in enumerate(swap):
        f = 0.03
        last = dfs[-1] if dfs else 1.0
        for it in range(50):
            df = last * np.exp(-f)
            value = rate * (sum(dfs) + df) + df - 1.0
            slope = -(1 + rate) * df
            move = value / slope
            f -= move
            if np.abs(move) < 1e-15:
                break
        dfs.append(last * np.exp(-f))
    return np.array(dfs)


@kernel(np.array([0.05, 0.1, 0.8]), rng.normal(size=200))
def garch_likelihood(p, r):
    omega, alpha, beta = p
    var = np.mean(r**2)
    total = 0.0
    for t in range(1, len(r)):
        var = omega + alpha * r[t - 1] ** 2 + beta * var
        total += np.log(var) + r[t] ** 2 / var
    return 0.5 * total


@kernel(np.array([0.9, 0.2, 0.4]), rng.normal(size=80))
def state_space_likelihood(p, y):
    """A local level with missing observations; returns early where a variance is not positive."""
    phi, q, r = p
    if q <= 0 or r <= 0:
        return -1e10
    a, P = 0.0, q / (1 - phi**2)
    total = 0.0
    for t in range(len(y)):
        if t % 7 == 3:
            a, P = phi * a, phi**2 * P + q
            continue
        F = P + r
        v = y[t] - a
        total -= 0.5 * (np.log(2 * np.pi * F) + v * v / F)
        K = P / F
        a = phi * (a + K * v)
        P = phi**2 * P * (1 - K) + q
    return total
