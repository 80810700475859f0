"""Models of physics, traffic, trade and life, as their users write them."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(31)
NOISE = rng.normal(size=40)
UNIFORM = rng.random(40)


@program((10.0, 28.0, 8.0 / 3.0), (9.0, 20.0, 2.0))
def lorenz(sigma, rho, beta):
    x, y, z = 1.0, 1.0, 1.0
    dt = 0.005
    for _ in range(100):
        dx = sigma * (y - x)
        dy = x * (rho - z) - y
        dz = x * y - beta * z
        x, y, z = x + dt * dx, y + dt * dy, z + dt * dz
    return x + y + z


@program((1.0, 0.5), (1.4, 0.9))
def double_pendulum(a, b):
    state = np.array([a, b, 0.0, 0.0])

    def rates(s):
        d = s[0] - s[1]
        den = 2.0 - np.cos(d) ** 2
        w1 = (
            -9.81 * (2 * np.sin(s[0]) - np.sin(s[1]) * np.cos(d))
            - np.sin(d) * (s[3] ** 2 + s[2] ** 2 * np.cos(d))
        ) / den
        w2 = (
            2 * 9.81 * (np.sin(s[0]) * np.cos(d) - np.sin(s[1]))
            + np.sin(d) * (2 * s[2] ** 2 + s[3] ** 2 * np.cos(d))
        ) / den
        return np.array([s[2], s[3], w1, w2])

    for _ in range(40):
        k1 = rates(state)
        k2 = rates(state + 0.005 * k1)
        state = state + 0.01 * k2
    return state[0] * state[3]


@program((np.array([0.5, 0.2]),), (np.array([-1.0, 0.4]),))
def metropolis(p):
    x, total = 0.0, 0.0
    for k in range(20):
        y = x + p[0] * NOISE[k]
        if np.log(UNIFORM[k]) < 0.5 * (x**2 - y**2) * p[1]:
            x = y
        total += x**2
    return total


@program((1.1, 0.4), (0.7, 0.6))
def queue_of_customers(service, gap):
    wait, total = 0.0, 0.0
    for k in range(39):
        wait = max(0.0, wait - service * np.log(UNIFORM[k]) + gap * np.log(UNIFORM[k + 1]))
        total += wait
    return total / 39


@program((3.0, 8.0, 0.5), (2.0, 10.0, 1.0))
def inventory_policy(low, high, price):
    stock, cost = 5.0, 0.0
    for k in range(40):
        stock -= 2.0 * UNIFORM[k]
        if stock < low:
            cost += 1.0 + price * (high - stock)
            stock = high
        cost += 0.1 * stock if stock > 0 else -2.0 * stock
    return cost


@program((1.0, 0.5), (0.3, 0.2))
def gillespie_with_given_numbers(birth, death):
    n, t, k = 5, 0.0, 0
    area = 0.0
    while t < 3.0 and k < 38:
        rate = birth * 3.0 + death * n
        dt = -np.log(UNIFORM[k]) / rate
        if t + dt > 3.0:
            dt = 3.0 - t
        area += n * dt
        t = t + dt
        if UNIFORM[k + 1] * rate < 3.0 * birth:
            n += 1
        elif n > 0:
            n -= 1
        k += 2
    return area


@program((20.0, 1.2, 1.5), (15.0, 0.8, 1.0))
def car_following(v0, headway, acceleration):
    x, v = np.array([100.0, 80.0, 60.0]), np.array([10.0, 12.0, 11.0])
    for _ in range(40):
        new_v = np.zeros(3)
        for i in range(3):
            free = acceleration * (1 - (v[i] / v0) ** 4)
            if i == 0:
                a = free
            else:
                gap = x[i - 1] - x[i] - 5.0
                wish = 2.0 + max(0.0, v[i] * headway + v[i] * (v[i] - v[i - 1]) / 4.0)
                a = free - acceleration * (wish / gap) ** 2
            new_v[i] = max(0.0, v[i] + 0.1 * a)
        v = new_v
        x = x + 0.1 * v
    return x


@program((12.0, 0.02), (20.0, 0.05))
def rocket_landing(gain, drag):
    y, v, fuel = 100.0, -20.0, 50.0
    t = 0
    while y > 0.0 and t < 400:
        thrust = gain * (-v / (y + 5.0) * 0.5)
        thrust = min(max(thrust, 0.0), 25.0)
        if fuel <= 0.0:
            thrust = 0.0
        fuel -= 0.01 * thrust
        v = v + 0.05 * (thrust - 9.81 - drag * v * np.abs(v))
        y = y + 0.05 * v
        t += 1
    return v**2 + y + fuel


@program((0.5, 0.3), (0.8, 0.1))
def shallow_water(height, friction):
    n = 10
    h = np.ones(n)
    h[3:6] += height
    q = np.zeros(n)
    for _ in range(12):
        fh, fq = q, q**2 / h + 0.5 * h**2
        h_new, q_new = h.copy(), q.copy()
        for i in range(1, n - 1):
            h_new[i] = 0.5 * (h[i - 1] + h[i + 1]) - 0.1 * (fh[i + 1] - fh[i - 1])
            q_new[i] = 0.5 * (q[i - 1] + q[i + 1]) - 0.1 * (fq[i + 1] - fq[i - 1])
            q_new[i] -= 0.05 * friction * q_new[i]
        h, q = h_new, q_new
    return np.sum(h**2) + np.sum(q * np.arange(n))


@program((1.3, 0.02), (0.9, 0.1))
def lattice_boltzmann(tau, force):
    weights = np.array([4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0])
    c = np.array([0.0, 1.0, -1.0])
    f = weights[:, None] * (1.0 + 0.1 * np.sin(np.arange(8.0)))[None, :]
    for _ in range(10):
        rho = np.sum(f, axis=0)
        u = np.sum(f * c[:, None], axis=0) / rho + force
        eq = (
            weights[:, None]
            * rho
            * (1 + 3 * c[:, None] * u + 4.5 * (c[:, None] * u) ** 2 - 1.5 * u**2)
        )
        f = f - (f - eq) / tau
        f[1] = np.roll(f[1], 1)
        f[2] = np.roll(f[2], -1)
    return np.sum(f**2)


@program((0.05, 3.0), (0.15, 1.0))
def fish_harvest_schedule(rate, growth):
    stock, income = 1.0, 0.0
    for year in range(30):
        season = year % 4
        if season == 0:
            catch = 0.0
        elif season in (1, 2):
            catch = rate * stock
        else:
            catch = min(2 * rate * stock, 0.2)
        income += catch * 0.97**year
        stock = stock + 0.1 * growth * stock * (1 - stock) - catch
    return income


@program((0.2, 0.1), (0.4, 0.05))
def backward_induction(cost, drift):
    n = 9
    value = np.maximum(np.linspace(-1.0, 1.0, n), 0.0) ** 2
    for _ in range(10):
        new = np.zeros(n)
        for s in range(n):
            stay = 0.95 * value[s]
            up = (
                0.95
                * ((0.5 + drift) * value[min(s + 1, n - 1)] + (0.5 - drift) * value[max(s - 1, 0)])
                - 0.01 * cost
            )
            new[s] = up if up > stay else stay
        value = new
    return value


@program((0.3, 2.0), (0.9, 0.5))
def piecewise_controls(a, b):
    x = np.array([1.0, 0.0])
    controls = np.array([a, b, -a, 0.5 * b])
    m = np.array([[1.0, 0.1], [-0.1, 0.95]])
    cost = 0.0
    for t in range(24):
        u = controls[t // 6]
        x = m @ x + np.array([0.0, 0.1]) * u
        cost += x @ x + 0.1 * u**2
    return cost
