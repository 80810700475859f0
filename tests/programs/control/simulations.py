"""Simulations: fixed and adaptive steps, events, controllers, particles."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
RATES = np.array([1.1, 0.4, 0.1, 0.4])
OTHER = np.array([0.9, 0.6, 0.2, 0.5])
PLACES = np.random.default_rng(6).normal(size=(4, 2)) * 2.0
SPEEDS = np.random.default_rng(7).normal(size=(4, 2)) * 0.1


def lotka_volterra(y, p):
    prey, predators = y
    return np.array(
        [p[0] * prey - p[1] * prey * predators, p[2] * prey * predators - p[3] * predators]
    )


@program((RATES, np.array([1.0, 0.5])), (OTHER, np.array([2.0, 1.0])))
def runge_kutta(p, y):
    dt = 0.1
    for _ in range(40):
        k1 = lotka_volterra(y, p)
        k2 = lotka_volterra(y + 0.5 * dt * k1, p)
        k3 = lotka_volterra(y + 0.5 * dt * k2, p)
        k4 = lotka_volterra(y + dt * k3, p)
        y = y + dt / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@program((RATES, np.array([1.0, 0.5])), (OTHER, np.array([2.0, 1.0])), second=False)
def trajectory_stored(p, y0):
    ys = np.zeros((31, 2))
    ys[0] = y0
    for i in range(30):
        ys[i + 1] = ys[i] + 0.05 * lotka_volterra(ys[i], p)
    return np.sum(ys**2, axis=1)


@program((1.0, 0.5, 1e-4), (2.5, -0.3, 1e-3), second=False)
def adaptive_heun(stiffness, y, tolerance):
    t, h = 0.0, 0.1
    while t < 2.0:
        if t + h > 2.0:
            h = 2.0 - t
        k1 = -stiffness * y + np.sin(t)
        k2 = -stiffness * (y + h * k1) + np.sin(t + h)
        error = abs(0.5 * h * (k2 - k1)).real
        if error <= 1e-3:
            y = y + 0.5 * h * (k1 + k2)
            t = t + h
            h = 1.5 * h
        else:
            h = 0.5 * h
    return y + 0.0 * tolerance


FEHLBERG = (
    (1 / 4,),
    (3 / 32, 9 / 32),
    (1932 / 2197, -7200 / 2197, 7296 / 2197),
    (439 / 216, -8.0, 3680 / 513, -845 / 4104),
    (-8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40),
)
FIFTH = (16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55)
FOURTH = (25 / 216, 0.0, 1408 / 2565, 2197 / 4104, -1 / 5, 0.0)


def pendulum(y, p):
    return np.array([y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]])


@program(
    (np.array([9.81, 0.2]), np.array([0.5, 0.0])),
    (np.array([3.0, 0.5]), np.array([2.5, 1.0])),
    second=False,
)
def adaptive_runge_kutta_fehlberg(p, y):
    t, end, h = 0.0, 1.5, 0.05
    steps = 0
    while t < end and steps < 1000:
        h = np.minimum(h, end - t)
        stages = [pendulum(y, p)]
        for row in FEHLBERG:
            at = y
            for a, k in zip(row, stages):
                at = at + h * a * k
            stages.append(pendulum(at, p))
        fifth, fourth = y, y
        for b, c, k in zip(FIFTH, FOURTH, stages):
            fifth = fifth + h * b * k
            fourth = fourth + h * c * k
        error = np.sqrt(np.sum((fifth - fourth) ** 2)) + 1e-12
        if error < 1e-6:
            t = t + h
            y = fifth
        # The step is part of the program and is differentiated with it.
        h = h * np.minimum(2.0, np.maximum(0.2, 0.9 * (1e-6 / error) ** 0.2))
        steps += 1
    return y


@program((10.0, 0.1), (30.0, 0.02), (5.0, 0.5))
def projectile_with_drag(speed, drag):
    x, y = 0.0, 0.0
    vx, vy = speed * np.cos(0.8), speed * np.sin(0.8)
    dt = 0.02
    last_x, last_y = x, y
    while y >= 0:
        last_x, last_y = x, y
        v = np.sqrt(vx**2 + vy**2)
        vx, vy = vx - dt * drag * v * vx, vy - dt * (9.81 + drag * v * vy)
        x, y = x + dt * vx, y + dt * vy
    # The place where the last step crossed the ground.
    w = last_y / (last_y - y)
    return last_x + w * (x - last_x)


@program((2.0, 0.8), (1.0, 0.5))
def bouncing_ball(height, restitution):
    y, v = height, 0.0
    dt = 0.01
    bounces = 0
    for _ in range(150):
        v = v - 9.81 * dt
        y = y + v * dt
        if y < 0:
            y = -y * restitution
            v = -v * restitution
            bounces += 1
    return y + 0.1 * v + bounces


@program((1.2, 0.1, 0.05), (4.0, 1.0, 0.3))
def pid_controller(kp, ki, kd):
    x, v, integral, previous = 0.0, 0.0, 0.0, 1.0
    cost = 0.0
    for k in range(100):
        target = 1.0 if k < 50 else -0.5
        error = target - x
        integral = integral + error * 0.05
        force = kp * error + ki * integral + kd * (error - previous) / 0.05
        if force > 2.0:
            force = 2.0
        elif force < -2.0:
            force = -2.0
        v = v + 0.05 * (force - 0.5 * v)
        x = x + 0.05 * v
        previous = error
        cost += error**2 * 0.05
    return cost


@program((0.5, 0.2), (0.9, 0.1))
def sir_epidemic(beta, gamma):
    s, i, r = 0.99, 0.01, 0.0
    peak = 0.0
    for _ in range(120):
        new, healed = beta * s * i * 0.5, gamma * i * 0.5
        s, i, r = s - new, i + new - healed, r + healed
        peak = max(peak, i)
    return peak + r


@program((0.5, 0.7, 0.8), (0.2, 0.7, 0.8))
def fitzhugh_nagumo(current, a, b):
    v, w = -1.0, 1.0
    for _ in range(300):
        dv = v - v**3 / 3 - w + current
        dw = 0.08 * (v + a - b * w)
        v, w = v + 0.1 * dv, w + 0.1 * dw
    return v * w


@program((0.9, 1.0), (2.0, 0.5))
def pendulum_verlet(angle, length):
    previous = angle
    dt = 0.02
    for _ in range(80):
        angle, previous = 2 * angle - previous - dt**2 * 9.81 / length * np.sin(angle), angle
    return angle


@program((PLACES, SPEEDS), (PLACES * 1.5, SPEEDS * 2), second=False)
def n_body_double_loop(x, v):
    n = len(x)
    x, v = x.copy(), v.copy()
    for _ in range(12):
        a = np.zeros((n, 2))
        for i in range(n):
            for j in range(n):
                if i != j:
                    d = x[j] - x[i]
                    r2 = d[0] ** 2 + d[1] ** 2 + 0.1
                    a[i] += d / r2**1.5
        v += 0.05 * a
        x += 0.05 * v
    return np.sum(x**2) + 0.5 * np.sum(v**2)


@program((PLACES, SPEEDS), (PLACES * 1.5, SPEEDS * 2), second=False)
def n_body_vectorised(x, v):
    for _ in range(12):
        d = x[None, :, :] - x[:, None, :]
        r2 = np.sum(d**2, axis=2) + 0.1
        a = np.sum(d / r2[:, :, None] ** 1.5, axis=1)
        v = v + 0.05 * a
        x = x + 0.05 * v
    return np.sum(x**2) + 0.5 * np.sum(v**2)


@program((PLACES,), (PLACES * 0.8,))
def lennard_jones_cutoff(x):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            r2 = np.sum((x[i] - x[j]) ** 2)
            if r2 < 9.0:
                s = (1.0 / r2) ** 3
                energy += 4.0 * (s * s - s)
    return energy


@program((0.4, 1.0), (0.9, 0.3))
def leapfrog(x, momentum):
    momentum = momentum - 0.05 * x**3
    for _ in range(49):
        x = x + 0.1 * momentum
        momentum = momentum - 0.1 * x**3
    x = x + 0.1 * momentum
    momentum = momentum - 0.05 * x**3
    return 0.5 * momentum**2 + 0.25 * x**4 + x


@program((np.linspace(0.0, 1.0, 12), 0.8), (np.linspace(1.0, -0.5, 12) ** 2, 0.3))
def advection_with_cfl(u, cfl):
    t = 0.0
    dx = 1.0 / 12
    while t < 0.1:
        speed = np.max(np.abs(u)) + 1e-3
        dt = np.minimum(cfl * dx / speed, 0.1 - t + 1e-9)
        flux = 0.5 * u**2
        u = u - dt / dx * (flux - np.roll(flux, 1))
        t = t + dt
    return np.sum(u**2)


@program((np.array([0.1, -0.3, 0.8, 0.4]),), (np.array([-1.0, 0.5, 0.2, 2.0]),))
def hybrid_thermostat(p):
    temperature, on = 18.0 + p[0], 0.0
    cost = 0.0
    for k in range(80):
        if temperature < 19.0 + 0.1 * p[1]:
            on = 1.0
        elif temperature > 21.0 + 0.1 * p[2]:
            on = 0.0
        temperature = temperature + 0.1 * (on * (8.0 + p[3]) - 0.3 * (temperature - 5.0))
        cost += on * 0.01 + (temperature - 20.0) ** 2 * 0.001 * k
    return cost
