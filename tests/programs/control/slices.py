"""Places known only at run time: windows, views, rows, indices from data."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(19)
VECTOR = rng.normal(size=20)
MATRIX = rng.normal(size=(6, 4))
INDEX = np.array([3, 3, 0, 17, 9, 3])


@program((VECTOR, INDEX), (VECTOR, INDEX[::-1].copy() + 1))
def gathered_in_a_loop(x, idx):
    total = 0.0
    for k in range(len(idx)):
        total = np.sin(total) + x[idx[k]] ** 2
    return total


@program((VECTOR, INDEX), (VECTOR, INDEX + 1))
def scattered_in_a_loop(x, idx):
    bins = np.zeros(20)
    for k in range(6):
        bins[idx[k]] += x[k] * x[k + 1]
    return bins


@program((VECTOR,), (VECTOR[::-1].copy(),))
def moving_window(x):
    out = np.zeros(18)
    for i in range(1, 19):
        out[i - 1] = np.sum(x[i - 1 : i + 2] * np.array([0.25, 0.5, 0.25]))
    return out


@program((VECTOR,), (VECTOR**2,))
def prefix_sums(x):
    total = 0.0
    for i in range(len(x)):
        total += np.sum(x[:i]) * x[i]
    return total


@program((VECTOR,), (VECTOR**2,))
def suffix_maximum(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += np.max(x[i:]) * x[i]
    return total


@program((MATRIX,), (MATRIX[::-1].copy(),))
def row_views(a):
    a = a.copy()
    for i in range(1, a.shape[0]):
        row = a[i]
        row += 0.5 * a[i - 1]
        row[0] = row[1] * row[2]
    return a


@program((MATRIX,), (MATRIX[::-1].copy(),))
def column_updates(a):
    out = np.zeros_like(a)
    for j in range(a.shape[1]):
        out[:, j] = a[:, j] * (j + 1)
        if j > 0:
            out[:, j] += out[:, j - 1] ** 2
    return out


@program((MATRIX, VECTOR[:4].copy()), (MATRIX * 2, VECTOR[4:8].copy()))
def rank_one_updates(a, v):
    b = np.zeros((4, 4))
    for i in range(6):
        b += np.outer(a[i], v) * (i + 1)
        v = v + 0.1 * a[i]
    return b


@program((VECTOR,), (VECTOR * 0.3,))
def negative_places(x):
    y = x.copy()
    for i in range(8):
        y[-i - 1] = y[i] * y[-i - 1]
    return y


@program((VECTOR, 4), (VECTOR, 11))
def ring_buffer(x, n):
    ring = np.zeros(5)
    total = 0.0
    for i in range(20):
        total += ring[i % 5] * x[i]
        ring[i % 5] = x[i] + 0.1 * ring[(i + n) % 5]
    return total


@program((VECTOR, 2.3), (VECTOR, 14.9), (VECTOR, 0.0))
def linear_interpolation(table, at):
    i = 0
    while i < len(table) - 2 and at >= i + 1:
        i += 1
    w = at - i
    return (1 - w) * table[i] + w * table[i + 1]


@program((VECTOR[:6].copy(),), (VECTOR[6:12].copy(),))
def polynomial_product(p):
    out = np.zeros(11)
    for i in range(6):
        for j in range(6):
            out[i + j] += p[i] * p[j]
    return out


@program((VECTOR, VECTOR[:4].copy()), (VECTOR[::-1].copy(), VECTOR[8:12].copy()))
def convolution(x, kernel):
    out = np.zeros(17)
    for i in range(17):
        out[i] = x[i : i + 4] @ kernel
    return out


@program((MATRIX,), (MATRIX * 3.0,))
def alternating_buffers(a):
    old, new = a.copy(), np.zeros_like(a)
    for _ in range(6):
        new[1:] = 0.5 * (old[1:] + old[:-1])
        new[0] = old[0]
        old, new = new, old
    return old


@program((VECTOR[:8].copy(),), (VECTOR[8:16].copy(),))
def odd_even_updates(x):
    y = x.copy()
    for _ in range(5):
        y[1:-1:2] = 0.5 * (y[0:-2:2] + y[2::2])
        y[2:-1:2] = np.tanh(y[1:-2:2] + y[3::2])
    return y


@program((VECTOR, np.array([4, 9])), (VECTOR, np.array([0, 15])))
def segment_between_data(x, span):
    total = 0.0
    for i in range(span[0], span[1]):
        total += x[i] * x[i + 1]
    return total + x[span[0]] * x[span[1]]


@program((VECTOR,), (VECTOR[::-1].copy(),))
def index_of_the_largest(x):
    k = np.argmax(x)
    return x[k] ** 2 + x[k - 1]


@program((MATRIX,), (MATRIX[::-1].copy(),))
def stacked_rows(a):
    rows = []
    for i in range(a.shape[0]):
        rows.append(a[i] / (1.0 + np.sum(a[i] ** 2)))
    return np.array(rows)
