"""The cheapest operation of a power network: AC optimal power flow.

Alsac, Stott: Optimal load flow with steady-state security. IEEE Transactions on Power Apparatus and
Systems, 1974: 30 nodes, 41 lines, 6 generators, with the rounded data that MATPOWER distributes as
`case30` (Zimmerman et al., 2011), whose optimum is 576.89 $/h. Voltages are in polar coordinates,
powers in units of 100 MVA.
"""

from __future__ import annotations

import importlib.util

import numpy as np

import tapec
from tapec.interop import ipopt

NODES, BASE = 30, 100.0
# From, to, resistance, reactance, charging, limit (MVA).
LINES = np.array("""
1 2 .02 .06 .03 130; 1 3 .05 .19 .02 130; 2 4 .06 .17 .02 65; 3 4 .01 .04 0 130; 2 5 .05 .2 .02 130;
2 6 .06 .18 .02 65; 4 6 .01 .04 0 90; 5 7 .05 .12 .01 70; 6 7 .03 .08 .01 130; 6 8 .01 .04 0 32;
6 9 0 .21 0 65; 6 10 0 .56 0 32; 9 11 0 .21 0 65; 9 10 0 .11 0 65; 4 12 0 .26 0 65;
12 13 0 .14 0 65; 12 14 .12 .26 0 32; 12 15 .07 .13 0 32; 12 16 .09 .2 0 32; 14 15 .22 .2 0 16;
16 17 .08 .19 0 16; 15 18 .11 .22 0 16; 18 19 .06 .13 0 16; 19 20 .03 .07 0 32; 10 20 .09 .21 0 32;
10 17 .03 .08 0 32; 10 21 .03 .07 0 32; 10 22 .07 .15 0 32; 21 22 .01 .02 0 32; 15 23 .1 .2 0 16;
22 24 .12 .18 0 16; 23 24 .13 .27 0 16; 24 25 .19 .33 0 16; 25 26 .25 .38 0 16; 25 27 .11 .21 0 16;
28 27 0 .4 0 65; 27 29 .22 .42 0 16; 27 30 .32 .6 0 16; 29 30 .24 .45 0 16; 8 28 .06 .2 .02 32;
6 28 .02 .06 .01 32
""".replace(";", " ").split(), float).reshape(-1, 6)  # fmt: skip
# Node, active and reactive demand (MW, MVAr).
DEMAND = np.array("""
2 21.7 12.7; 3 2.4 1.2; 4 7.6 1.6; 7 22.8 10.9; 8 30 30; 10 5.8 2; 12 11.2 7.5; 14 6.2 1.6;
15 8.2 2.5; 16 3.5 1.8; 17 9 5.8; 18 3.2 .9; 19 9.5 3.4; 20 2.2 .7; 21 17.5 11.2; 23 3.2 1.6;
24 8.7 6.7; 26 3.5 2.3; 29 2.4 .9; 30 10.6 1.9
""".replace(";", " ").split(), float).reshape(-1, 3)  # fmt: skip
# Node, most active, least and most reactive power (MW, MVAr), quadratic and linear cost.
GENERATORS = np.array("""
1 80 -20 150 .02 2; 2 80 -20 60 .0175 1.75; 22 50 -15 62.5 .0625 1; 27 55 -15 48.7 .00834 3.25;
23 30 -10 40 .025 3; 13 40 -15 44.7 .025 3
""".replace(";", " ").split(), float).reshape(-1, 6)  # fmt: skip
SHUNTS = np.array([[5, 0.19], [24, 0.04]])  # node, susceptance (MVAr at 1 p.u.)

START, END = (LINES[:, :2] - 1).astype(int).T
AT = (GENERATORS[:, 0] - 1).astype(int)
SERIES = 1 / (LINES[:, 2] + 1j * LINES[:, 3])
G, B, CHARGING = SERIES.real, SERIES.imag, LINES[:, 4] / 2
WANTED = np.zeros((2, NODES))
WANTED[:, (DEMAND[:, 0] - 1).astype(int)] = DEMAND[:, 1:].T / BASE
SHUNT = np.zeros(NODES)
SHUNT[(SHUNTS[:, 0] - 1).astype(int)] = SHUNTS[:, 1] / BASE
VARIABLES = 2 * NODES + 2 * len(AT)


def parts(x):
    """Angles and magnitudes of voltages, active and reactive powers of generators."""
    k = len(AT)
    return x[:NODES], x[NODES : 2 * NODES], x[2 * NODES : 2 * NODES + k], x[2 * NODES + k :]


def cost(x):
    """Dollars an hour."""
    power = BASE * parts(x)[2]
    return np.sum(GENERATORS[:, 4] * power**2 + GENERATORS[:, 5] * power)


def flows(angle, size, near, far):
    """Active and reactive power that enters each line at its near end."""
    d, product = angle[near] - angle[far], size[near] * size[far]
    active = G * size[near] ** 2 - product * (G * np.cos(d) + B * np.sin(d))
    reactive = -(B + CHARGING) * size[near] ** 2 - product * (G * np.sin(d) - B * np.cos(d))
    return active, reactive


def constraints(x):
    """Power balances of the nodes, then squared flows at both ends of the lines, and the angle of
    the first node."""
    angle, size, active, reactive = parts(x)
    p, q = -WANTED[0], -WANTED[1] + SHUNT * size**2
    p[AT] += active
    q[AT] += reactive
    squared = []
    for near, far in ((START, END), (END, START)):
        in_p, in_q = flows(angle, size, near, far)
        np.subtract.at(p, near, in_p)
        np.subtract.at(q, near, in_q)
        squared.append(in_p**2 + in_q**2)
    return p, q, *squared, angle[0]


def limits():
    """Bounds of the variables and of the constraints."""
    high = np.full(NODES, 1.05)
    high[AT[1:]] = 1.1
    angle, least, most = np.full(NODES, np.pi), GENERATORS[:, 2] / BASE, GENERATORS[:, 3] / BASE
    power = GENERATORS[:, 1] / BASE
    bounds = (
        np.concatenate([-angle, np.full(NODES, 0.95), 0 * power, least]),
        np.concatenate([angle, high, power, most]),
    )
    flow = np.tile((LINES[:, 5] / BASE) ** 2, 2)
    balance = np.zeros(2 * NODES)
    low = np.concatenate([balance, np.full(flow.size, -np.inf), [0.0]])
    return bounds, (low, np.concatenate([balance, flow, [0.0]]))


def flat_start():
    """All voltages 1, all generators in the middle of their range."""
    low, high = limits()[0]
    x = (low + high) / 2
    x[:NODES], x[NODES : 2 * NODES] = 0.0, 1.0
    return x


def main():
    """Print the program, and its solution."""
    program = tapec.nlp(cost, constraints, VARIABLES)
    print(program)
    if importlib.util.find_spec("cyipopt") is None:
        print("IPOPT is not installed")
        return
    bounds, within = limits()
    found = ipopt.solve(program, flat_start(), bounds=bounds, constraint_bounds=within)
    print(f"{found.iterations} iterations, {found.value:.2f} $/h")
    assert abs(found.value - 576.89) < 0.01


if __name__ == "__main__":
    main()
