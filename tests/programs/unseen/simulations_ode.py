"""Ordinary differential equations, integrated by schemes written out where they are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(101)


@kernel(np.array([0.8, -0.1]), np.array([1.5, 0.25, 0.7]), 0.02, 150)
def forced_duffing_heun(state, params, dt, n):
    delta, alpha, gamma = params
    x, v = state
    t = 0.0
    log = []
    for k in range(n):
        ax = -delta * v + alpha * x - x**3 + gamma * np.cos(1.2 * t)
        xp, vp = x + dt * v, v + dt * ax
        t += dt
        axp = -delta * vp + alpha * xp - xp**3 + gamma * np.cos(1.2 * t)
        x = x + 0.5 * dt * (v + vp)
        v = v + 0.5 * dt * (ax + axp)
        if k % 30 == 0:
            log.append(x)
    return np.array(log), x, v


class DormandPrince:
    """Adaptive integrator with a PI controller, kept as an object with state."""

    A = (
        [],
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    )
    B4 = (5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40)
    C = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)

    def __init__(self, rhs, rtol, atol):
        self.rhs = rhs
        self.rtol = rtol
        self.atol = atol
        self.err_old = 1e-4
        self.rejected = 0

    def step(self, t, y, h):
        k = [self.rhs(t, y)]
        for i in range(1, 7):
            yi = y.copy()
            for j, a in enumerate(self.A[i]):
                yi += h * a * k[j]
            k.append(self.rhs(t + self.C[i] * h, yi))
        y4 = y + h * sum(b * kj for b, kj in zip(self.B4, k, strict=True))
        return yi, y4

    def integrate(self, t, y, t_end):
        h = 0.01
        while t < t_end:
            h = min(h, t_end - t)
            y5, y4 = self.step(t, y, h)
            scale = self.atol + self.rtol * np.maximum(np.abs(y), np.abs(y5))
            err = np.sqrt(np.mean(((y5 - y4) / scale) ** 2))
            if err <= 1.0:
                t += h
                y = y5
                factor = 0.9 * err ** (-0.7 / 5) * self.err_old ** (0.4 / 5)
                self.err_old = max(err, 1e-4)
            else:
                factor = 0.9 * err ** (-1 / 5)
                self.rejected += 1
            h *= min(5.0, max(0.2, factor))
        return y


@kernel(np.array([1.0, 0.0, 0.0, 0.9]), 1.0, analytic=False)
def kepler_adaptive(y0, mu):
    def gravity(t, y):
        r3 = (y[0] ** 2 + y[1] ** 2) ** 1.5
        return np.array([y[2], y[3], -mu * y[0] / r3, -mu * y[1] / r3])

    solver = DormandPrince(gravity, 1e-6, 1e-9)
    y = solver.integrate(0.0, y0, 3.0)
    return y, solver.rejected


@kernel(np.array([2.0, 0.0]), 8.0, 60)
def stiff_van_der_pol_implicit(y0, mu, n):
    h = 0.05
    y = y0.copy()
    newton_steps = 0
    trajectory = np.zeros((n + 1, 2))
    trajectory[0] = y
    for k in range(n):
        z = y.copy()
        for _ in range(12):
            f = np.array([z[1], mu * (1 - z[0] ** 2) * z[1] - z[0]])
            res = z - y - h * f
            jac = np.array(
                [
                    [1.0, -h],
                    [h * (2 * mu * z[0] * z[1] + 1.0), 1.0 - h * mu * (1 - z[0] ** 2)],
                ]
            )
            det = jac[0, 0] * jac[1, 1] - jac[0, 1] * jac[1, 0]
            dz = np.array(
                [
                    (jac[1, 1] * res[0] - jac[0, 1] * res[1]) / det,
                    (jac[0, 0] * res[1] - jac[1, 0] * res[0]) / det,
                ]
            )
            z = z - dz
            newton_steps += 1
            if np.max(np.abs(dz)) < 1e-13:
                break
        y = z
        trajectory[k + 1] = y
    return trajectory[::10], newton_steps


@kernel(np.array([1.0, 0.5, -0.3]), np.array([10.0, 28.0, 8.0 / 3.0]), 80)
def lorenz_adams_bashforth(u, p, n):
    def rhs(u):
        x, y, z = u
        return np.array([p[0] * (y - x), x * (p[1] - z) - y, x * y - p[2] * z])

    dt = 0.005
    history = [rhs(u)]
    for _ in range(2):
        k2 = rhs(u + 0.5 * dt * history[-1])
        u = u + dt * k2
        history.append(rhs(u))
    for _ in range(n):
        u = u + dt * (23 * history[2] - 16 * history[1] + 5 * history[0]) / 12
        history = [history[1], history[2], rhs(u)]
    return u


@kernel(np.array([0.04, 3e3, 1e2]), np.array([1.0, 0.0, 0.0]))
def robertson_bdf2(rates, y0):
    k1, k2, k3 = rates

    def f(y):
        r1, r2, r3 = k1 * y[0], k2 * y[1] ** 2, k3 * y[1] * y[2]
        return np.array([-r1 + r3, r1 - r2 - r3, r2])

    def jacobian(y):
        j = np.zeros((3, 3))
        j[0] = [-k1, k3 * y[2], k3 * y[1]]
        j[1] = [k1, -2 * k2 * y[1] - k3 * y[2], -k3 * y[1]]
        j[2, 1] = 2 * k2 * y[1]
        return j

    h = 0.02
    eye = np.eye(3)
    y_old = y0
    y = y0
    for _ in range(6):
        y = y - np.linalg.solve(eye - h * jacobian(y), y - y_old - h * f(y))
    for _ in range(40):
        rhs = (4 * y - y_old) / 3
        z = 2 * y - y_old
        for _ in range(6):
            z = z - np.linalg.solve(eye - 2 / 3 * h * jacobian(z), z - rhs - 2 / 3 * h * f(z))
        y_old, y = y, z
    return y


@kernel(np.array([1.0, 1.0]), np.array([0.5, 2.0, 1.0]), 40)
def rosenbrock_brusselator(y, p, n):
    g = 1.0 + 1.0 / np.sqrt(2.0)
    h = 0.1
    out = np.empty((n, 2))
    for i in range(n):
        x, z = y[0], y[1]
        jac = np.array([[2 * x * z - p[1] - 1.0, x * x], [p[1] - 2 * x * z, -x * x]])
        w = np.eye(2) - g * h * jac

        def f(v):
            return np.array(
                [p[0] + v[0] ** 2 * v[1] - (p[1] + 1) * v[0], p[1] * v[0] - v[0] ** 2 * v[1]]
            )

        k1 = np.linalg.solve(w, f(y))
        k2 = np.linalg.solve(w, f(y + h * k1) - 2 * k1)
        y = y + 1.5 * h * k1 + 0.5 * h * k2
        out[i, :] = y
    return out * p[2]


@kernel(np.array([1.0, 1.2, 9.81]), np.array([2.0, 1.0]), np.array([0.6, -0.4]), 100)
def double_pendulum_rk4(constants, theta, omega, n):
    l1, l2, g = constants
    m1, m2 = 1.0, 0.7

    def accel(th, om):
        d = th[0] - th[1]
        den = 2 * m1 + m2 - m2 * np.cos(2 * d)
        a1 = (
            -g * (2 * m1 + m2) * np.sin(th[0])
            - m2 * g * np.sin(th[0] - 2 * th[1])
            - 2 * np.sin(d) * m2 * (om[1] ** 2 * l2 + om[0] ** 2 * l1 * np.cos(d))
        ) / (l1 * den)
        a2 = (
            2
            * np.sin(d)
            * (
                om[0] ** 2 * l1 * (m1 + m2)
                + g * (m1 + m2) * np.cos(th[0])
                + om[1] ** 2 * l2 * m2 * np.cos(d)
            )
        ) / (l2 * den)
        return np.array([a1, a2])

    dt = 0.01
    for _ in range(n):
        k1x, k1v = omega, accel(theta, omega)
        k2x, k2v = omega + dt / 2 * k1v, accel(theta + dt / 2 * k1x, omega + dt / 2 * k1v)
        k3x, k3v = omega + dt / 2 * k2v, accel(theta + dt / 2 * k2x, omega + dt / 2 * k2v)
        k4x, k4v = omega + dt * k3v, accel(theta + dt * k3x, omega + dt * k3v)
        theta = theta + dt / 6 * (k1x + 2 * k2x + 2 * k3x + k4x)
        omega = omega + dt / 6 * (k1v + 2 * k2v + 2 * k3v + k4v)
    return theta, omega


@dataclass
class Neuron:
    v: float
    w: float
    spikes: int = 0


@kernel(np.array([0.02, 0.2, -65.0, 6.0]), 14.0, analytic=False)
def izhikevich_spiking(abcd, current):
    a, b, c, d = abcd
    cell = Neuron(v=-65.0, w=-13.0)
    dt = 0.25
    last = 0.0
    for k in range(600):
        drive = current if k * dt > 10.0 else 0.0
        cell.v += dt * (0.04 * cell.v**2 + 5 * cell.v + 140 - cell.w + drive)
        cell.w += dt * a * (b * cell.v - cell.w)
        if cell.v >= 30.0:
            cell.v = c
            cell.w = cell.w + d
            cell.spikes += 1
            last = k * dt
    return cell.v, cell.w, cell.spikes, last


@kernel(np.array([990.0, 5.0, 4.0, 1.0]), np.array([0.6, 0.25, 0.15]), 120)
def seir_with_vaccination(initial, rates, days):
    beta, sigma, gamma = rates
    names = ("S", "E", "I", "R")
    pop = {name: initial[i] for i, name in enumerate(names)}
    total = sum(pop.values())
    peak, peak_day = 0.0, 0
    curve = np.zeros(days)
    for day in range(days):
        infection = beta * pop["S"] * pop["I"] / total
        onset = sigma * pop["E"]
        recovery = gamma * pop["I"]
        dose = min(4.0, pop["S"]) if day > 30 else 0.0
        pop["S"] -= infection + dose
        pop["E"] += infection - onset
        pop["I"] += onset - recovery
        pop["R"] += recovery + dose
        curve[day] = pop["I"]
        if pop["I"] > peak:
            peak = pop["I"]
            peak_day = day
    return curve, peak, peak_day, pop["R"]


@kernel(np.array([0.0, 0.05, 0.1, 0.0]), np.array([18.0, 1.2, 20.0, 2.0]))
def cart_pole_feedback(s, gains):
    force_max = 6.0
    dt = 0.02
    cost = 0.0
    for _ in range(200):
        x, th, xd, thd = s
        force = np.clip(
            gains[1] * x + gains[0] * th + gains[3] * xd + gains[2] * thd, -force_max, force_max
        )
        sin, cos = np.sin(th), np.cos(th)
        temp = (force + 0.05 * thd**2 * sin) / 1.1
        thdd = (9.8 * sin - cos * temp) / (0.5 * (4.0 / 3.0 - 0.1 * cos**2 / 1.1))
        xdd = temp - 0.05 * thdd * cos / 1.1
        s = s + dt * np.array([xd, thd, xdd, thdd])
        cost += dt * (x**2 + 10 * th**2 + 0.01 * force**2)
        if abs(th) > 0.8 or abs(x) > 2.4:
            cost += 100.0
            break
    return cost, s
