"""Populations, queues, particles and filters, with their events."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(79)
ARRIVALS = rng.exponential(size=100)
SERVICES = rng.exponential(size=100)


@kernel(np.array([10.0, 5.0]), np.array([1.0, 0.1, 0.5, 0.02]), 0.3, 12.0)
def harvested_predator_prey(x, p, effort, limit):
    caught = 0.0
    for day in range(365):
        prey, pred = x[0], x[1]
        if prey > limit:
            harvest = effort * (prey - limit)
            if day % 30 < 5:
                harvest = 2 * harvest
        elif pred > 20.0:
            harvest = 0.0
            pred = pred - 0.01 * (pred - 20.0)
        else:
            harvest = 0.0
        caught += harvest * 0.01
        dprey = p[0] * prey - p[1] * prey * pred - harvest
        dpred = -p[2] * pred + p[3] * prey * pred
        x = np.array([prey + 0.01 * dprey, pred + 0.01 * dpred])
    return x, caught


@kernel(ARRIVALS, SERVICES, 0.9)
def two_server_queue(gaps, services, speed):
    free = np.zeros(2)
    clock = 0.0
    waits = np.zeros(len(gaps))
    for k in range(len(gaps)):
        clock += gaps[k]
        server = 0
        if free[1] < free[0]:
            server = 1
        start = max(clock, free[server])
        waits[k] = start - clock
        free[server] = start + services[k] / speed
    return np.mean(waits), free


@kernel(rng.random(90) * 10, 15.0, 40.0, 2.0, 0.1, 5.0)
def inventory(demand, reorder, up_to, unit, holding, shortage):
    on_hand, pipeline = up_to, np.zeros(3)
    cost = 0.0
    for d in demand:
        on_hand += pipeline[0]
        pipeline[:-1] = pipeline[1:].copy()
        pipeline[-1] = 0.0
        sold = min(on_hand, d)
        lost = d - sold
        on_hand -= sold
        if on_hand + np.sum(pipeline) < reorder:
            order = up_to - on_hand - np.sum(pipeline)
            pipeline[-1] = order
            cost += 10.0 + unit * order
        cost += holding * on_hand + shortage * lost
    return cost / len(demand)


@kernel(rng.normal(size=(16, 2)) * 3, np.zeros((16, 2)), 0.01, 20, inplace=(0, 1))
def molecular_dynamics_cells(x, v, dt, steps):
    n = len(x)
    energy = 0.0
    for _ in range(steps):
        forces = np.zeros_like(x)
        energy = 0.0
        for i in range(n - 1):
            for j in range(i + 1, n):
                d = x[i] - x[j]
                r2 = d[0] * d[0] + d[1] * d[1] + 0.05
                if r2 > 9.0:
                    continue
                s6 = 1.0 / r2**3
                energy += 4.0 * (0.01 * s6 * s6 - 0.1 * s6)
                f = 0.48 * (0.01 * s6 * s6 - 0.05 * s6) / r2 * d
                forces[i] += f
                forces[j] -= f
        v += dt * forces
        x += dt * v
    return energy


@kernel(rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.random(5) + 0.5, 0.01, 30)
def planets(pos, vel, mass, dt, steps):
    n = len(mass)
    pos, vel = pos.copy(), vel.copy()
    for _ in range(steps):
        for i in range(n):
            for j in range(i + 1, n):
                d = pos[i] - pos[j]
                mag = dt * (np.sum(d * d) + 0.1) ** -1.5
                vel[i] -= d * mass[j] * mag
                vel[j] += d * mass[i] * mag
        for i in range(n):
            pos[i] += dt * vel[i]
    return pos, vel


@kernel(np.array([0.99, 0.01, 0.0]), 0.3, 0.1, 40.0, 0.05)
def epidemic_with_lockdown(state, beta, gamma, days, threshold):
    t, dt = 0.0, 0.5
    locked = False
    locked_days = 0
    while t < days:
        s, i, r = state
        if not locked and i > threshold:
            locked = True
        elif locked and i < 0.5 * threshold:
            locked = False
        b = 0.3 * beta if locked else beta
        locked_days += 1 if locked else 0
        flow, heal = b * s * i, gamma * i
        state = np.array([s - dt * flow, i + dt * (flow - heal), r + dt * heal])
        t += dt
    return state, locked_days


@kernel(np.array([0.0, 2.0, 3.0, 1.0]), 9.81, 0.8, 0.02)
def balls_in_a_box(state, g, bounce, dt):
    x, y, vx, vy = state
    hits = 0
    for _ in range(200):
        vy -= g * dt
        x += vx * dt
        y += vy * dt
        if y < 0.0:
            y = -y
            vy = -bounce * vy
            hits += 1
        if x < 0.0 or x > 4.0:
            x = -x if x < 0.0 else 8.0 - x
            vx = -bounce * vx
            hits += 1
    return x, y, vx, vy, hits


@kernel(rng.normal(size=64), 0.3, 50)
def cellular_reaction(u, rate, steps):
    n = len(u)
    for t in range(steps):
        new = np.empty(n)
        for i in range(n):
            left, right = u[(i - 1) % n], u[(i + 1) % n]
            s = left + right - 2 * u[i]
            if t % 2 == 0 and u[i] > 0.5:
                new[i] = u[i] + rate * s - 0.1 * u[i] ** 3
            else:
                new[i] = u[i] + rate * s
        u = new
    return u


@kernel(np.array([0.3, 0.1, 20.0]), rng.normal(size=40))
def extended_kalman_filter(p, noise):
    q, r, scale = p[0], p[1], p[2]
    x = np.array([1.0, 0.5])
    cov = np.eye(2)
    f = np.array([[1.0, 0.1], [-0.1, 0.98]])
    h = np.array([[1.0, 0.0]])
    loss = 0.0
    for k in range(40):
        z = np.sin(0.1 * k) + 0.1 * noise[k]
        x = f @ x
        cov = f @ cov @ f.T + q * np.eye(2)
        s = (h @ cov @ h.T)[0, 0] + r
        gain = (cov @ h.T)[:, 0] / s
        e = z - x[0]
        if np.abs(e) > 3.0 * np.sqrt(s):
            e = 0.0 * e
        x = x + gain * e
        cov = (np.eye(2) - np.outer(gain, h[0])) @ cov
        loss += 0.5 * (e * e / s + np.log(s)) / scale
    return loss, x, cov
