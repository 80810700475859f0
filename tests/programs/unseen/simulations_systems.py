"""Plants, circuits, batteries, basins and the controllers that run them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(127)


class Pid:
    def __init__(self, kp, ki, kd, limit):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.limit = limit
        self.integral = 0.0
        self.previous = None

    def __call__(self, error, dt):
        derivative = 0.0 if self.previous is None else (error - self.previous) / dt
        self.previous = error
        u = self.kp * error + self.ki * self.integral + self.kd * derivative
        if u > self.limit:
            return self.limit
        if u < -self.limit:
            return -self.limit
        self.integral += error * dt  # no windup: only inside the limits
        return u


@kernel(np.array([3.0, 1.5, 0.4]), np.array([1.0, 0.6]), analytic=False)
def motor_with_pid(gains, plant):
    pid = Pid(gains[0], gains[1], gains[2], 2.0)
    speed, angle, dt = 0.0, 0.0, 0.02
    cost = 0.0
    for k in range(300):
        target = 1.0 if k < 150 else -0.5
        u = pid(target - angle, dt)
        speed += dt * (plant[0] * u - plant[1] * speed)
        angle += dt * speed
        cost += dt * (target - angle) ** 2 + 1e-3 * dt * u**2
    return cost, angle, pid.integral


@dataclass(frozen=True)
class Cell:
    soc: float
    v1: float
    temperature: float


@kernel(np.array([0.01, 0.02, 2000.0]), 0.3 + rng.random(80), analytic=False)
def battery_discharge(circuit, current):
    r0, r1, c1 = circuit
    cell = Cell(1.0, 0.0, 25.0)
    table = np.array([3.0, 3.4, 3.6, 3.7, 3.9, 4.2])
    voltages = np.zeros(len(current))
    for k, i in enumerate(current):
        s = cell.soc * 5
        lo = min(int(s), 4)
        ocv = table[lo] + (s - lo) * (table[lo + 1] - table[lo])
        v = ocv - i * r0 - cell.v1
        heat = i * i * (r0 + r1)
        cell = replace(
            cell,
            soc=max(0.0, cell.soc - i * 10.0 / 3600),
            v1=cell.v1 + 10.0 * (i / c1 - cell.v1 / (r1 * c1)),
            temperature=cell.temperature + 0.1 * heat - 0.01 * (cell.temperature - 25.0),
        )
        voltages[k] = v
        if v < 3.2:
            break
    return voltages, cell.soc, cell.temperature


@kernel(
    20.0 * rng.random(60) * (rng.random(60) < 0.4), np.array([80.0, 0.3, 0.1, 2.0]), analytic=False
)
def bucket_catchment(rain, p):
    capacity, k_fast, k_slow, evap = p
    soil, fast, slow, snow = 30.0, 0.0, 10.0, 0.0
    flow = np.zeros_like(rain)
    for day, r in enumerate(rain):
        temp = 5.0 - 10.0 * np.cos(2 * np.pi * day / 60)
        if temp < 0:
            snow += r
            water = 0.0
        else:
            melt = min(snow, 1.5 * temp)
            snow -= melt
            water = r + melt
        recharge = water * (soil / capacity) ** 2
        soil += water - recharge
        et = evap * min(1.0, soil / (0.7 * capacity))
        soil = max(soil - et, 0.0)
        if soil > capacity:
            recharge += soil - capacity
            soil = capacity
        fast += 0.7 * recharge
        slow += 0.3 * recharge
        q1, q2 = k_fast * fast, k_slow * slow
        fast -= q1
        slow -= q2
        flow[day] = q1 + q2
    return flow, soil + fast + slow + snow


@kernel(np.array([2.0, 1.5]), np.array([90.0, 20.0]), 12)
def counterflow_exchanger(capacity, inlet, n):
    """Cells in series; both streams relaxed until the profile stands still."""
    hot = np.full(n, inlet[0])
    cold = np.full(n, inlet[1])
    ua = 0.4
    for it in range(500):
        worst = 0.0
        for i in range(n):
            up = hot[i - 1] if i > 0 else inlet[0]
            new = (capacity[0] * up + ua * cold[i]) / (capacity[0] + ua)
            worst = max(worst, abs(new - hot[i]))
            hot[i] = new
        for i in range(n - 1, -1, -1):
            up = cold[i + 1] if i < n - 1 else inlet[1]
            new = (capacity[1] * up + ua * hot[i]) / (capacity[1] + ua)
            worst = max(worst, abs(new - cold[i]))
            cold[i] = new
        if worst < 1e-12:
            break
    return hot, cold, it


@kernel(np.array([1e3, 1e-6, 0.02]), 40)
def diode_rectifier(parts, steps):
    """Capacitor behind a diode: a Newton iteration in every step, damped."""
    r, c, dt = parts[0], parts[1] * 10, parts[2] / 40
    i_s, v_t = 1e-9, 0.05
    v = 0.0
    history = []
    for k in range(steps):
        source = 5.0 * np.sin(2 * np.pi * k / 20)
        x = v
        for _ in range(60):
            arg = min((source - x) / v_t, 40.0)
            i = i_s * (np.exp(arg) - 1)
            g = i_s * np.exp(arg) / v_t
            f = c * (x - v) / dt + x / r - i
            step = f / (c / dt + 1 / r + g)
            if step > 0.5:
                step = 0.5
            elif step < -0.5:
                step = -0.5
            x = x - step
            if abs(step) < 1e-13:
                break
        v = x
        history.append(v)
    return np.array(history)


@kernel(np.array([0.5, 0.1]), np.array([[1.0, 0.1], [0.0, 0.95]]), rng.normal(size=50))
def lqg_loop(noise, a, w):
    """Riccati recursions for gain and filter, then the loop with estimates."""
    b = np.array([0.0, 0.1])
    q, r = np.diag([1.0, 0.1]), 0.05
    s = q.copy()
    for _ in range(60):
        k = (b @ s @ a) / (r + b @ s @ b)
        s = q + a.T @ s @ (a - np.outer(b, k))
    h = np.array([1.0, 0.0])
    p = np.eye(2)
    x, xe = np.array([1.0, 0.0]), np.zeros(2)
    cost = 0.0
    for t in range(len(w) // 2):
        y = h @ x + noise[1] * w[2 * t]
        p = a @ p @ a.T + noise[0] ** 2 * np.outer(b, b)
        gain = p @ h / (h @ p @ h + noise[1] ** 2)
        xe = xe + gain * (y - h @ xe)
        p = (np.eye(2) - np.outer(gain, h)) @ p
        u = -k @ xe
        cost += x @ q @ x + r * u**2
        x = a @ x + b * (u + noise[0] * w[2 * t + 1])
        xe = a @ xe + b * u
    return cost, x


@kernel(np.array([1.2, 0.9, 1.4]), 0.5, 0.02 * rng.random(3), 200)
def generators_swing(power, coupling, angle, steps):
    n = 3
    delta = angle.copy()
    omega = np.zeros(n)
    load = np.array([1.1, 1.2, 1.2])
    dt = 0.02
    tripped = False
    trip_time = 0.0
    for k in range(steps):
        line = 0.2 * coupling if 50 <= k < 70 else coupling
        flow = np.zeros(n)
        for i in range(n):
            for j in range(n):
                if i != j:
                    flow[i] += line * np.sin(delta[i] - delta[j])
        for i in range(n):
            omega[i] += dt * (power[i] - load[i] - flow[i] - 0.4 * omega[i])
        delta += dt * omega
        if not tripped and np.max(omega) - np.min(omega) > 0.35:
            tripped = True
            trip_time = k * dt
            load[0] = 1.2
    return delta, omega, trip_time


@kernel(0.5 + rng.random(30), 0.4 + rng.random(30), 2, analytic=False)
def queue_with_servers(gaps, service, servers):
    """Each customer takes the server that is free first."""
    free = np.zeros(servers)
    t = 0.0
    waits = np.zeros(len(gaps))
    busy = 0.0
    for c in range(len(gaps)):
        t += gaps[c] * 0.6
        best = 0
        for s in range(1, servers):
            if free[s] < free[best]:
                best = s
        start = max(t, free[best])
        waits[c] = start - t
        free[best] = start + service[c]
        busy += service[c]
    return np.mean(waits), waits, busy / (servers * np.max(free))


@kernel(np.array([0.3, 60.0, 12.0]), 18.0 + 2.0 * rng.random(96), analytic=False)
def thermostat_house(house, outside):
    loss, capacity, power = house
    room, wall = 19.0, 17.0
    heating = False
    used, switches = 0.0, 0
    temps = []
    for k in range(96):
        if heating and room > 21.0:
            heating = False
            switches += 1
        elif not heating and room < 20.0:
            heating = True
            switches += 1
        q = power if heating else 0.0
        room += (
            0.25 * (q - loss * (room - outside[k] + 10.0) - 2.0 * (room - wall)) / (capacity / 10)
        )
        wall += 0.25 * 2.0 * (room - wall) / capacity
        used += 0.25 * q
        temps.append(room)
    return used, switches, np.array(temps)
