"""Seven small functions that users of autodiff libraries try first."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
X = np.array([0.7, -0.4, 1.2])
Y = np.array([-0.3, 0.8, 0.5])


@program((X,), (Y,))
def slicing_and_sum(x):
    return np.sum(x[1:] * x[:-1]) + x[::2].sum() ** 2


@program((np.array([0.7, 0.4, 1.2]),), (np.array([1.5, 0.1, 0.3]),))
def logarithm_and_norm(x):
    return np.log(np.sum(np.exp(x))) + np.linalg.norm(x)


@program((X,), (Y,))
def item_assignment(x):
    y = np.zeros(3)
    y[0] = x[0] * x[1]
    y[1] = np.sin(x[2])
    y[2] = x[0] ** 2
    y *= 2
    return y.sum() + y[0] * y[2]


@program((X,), (Y,))
def solve_and_outer(x):
    a = np.outer(x, x) + 2.0 * np.eye(3)
    return np.sum(np.linalg.solve(a, np.sin(x)))


@program((X,), (Y,))
def branch(x):
    if x[0] > 0:
        return np.sum(x**2)
    else:
        return np.sum(np.sin(x)) * x[1]


@program((X,), (Y,), (np.array([5.0, 0.01, 0.2]),))
def data_dependent_while(x):
    y = x[0] ** 2 + 0.5
    k = 0
    while y < 100.0:
        y = y * (1.5 + x[1] ** 2)
        k += 1
    return y * x[2] + k


@program((X,), (Y,), (np.array([0.05, -1.0, 0.25]),))
def where_root_maximum(x):
    safe = np.where(x > 0, np.sqrt(np.maximum(x, 1e-300)), 0.0)
    return np.sum(safe) + np.sum(np.maximum(x, 0.1) * np.arange(3))
