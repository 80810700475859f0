"""Arrays that may be one another, or lie differently, on some paths: as in Python, or refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec

FIRST = ["a = q if c > 0 else np.cos(x)", "a = q\n    if c > 0: a = np.cos(x)",
         "a = q\n    for i in range(30):\n        if x[i % 3] + c > 2: a = np.sin(x + i)"]  # fmt: skip
SECOND = ["b = q if d > 0 else np.tan(x)", "b = a if d > 0 else np.tan(x)",
          "b = a\n    if d > 0: b = q"]  # fmt: skip
LOST = ["q = 2 * x", "del q", "pass"]
WRITES = ["a[0] = 7.0", "b += 1.0", "a *= 2.0\n    b[1] = 5.0", "q = a\n    q[2] = 4.0"]
PROGRAMS = [*itertools.product(FIRST, SECOND, LOST, WRITES)]


@pytest.mark.parametrize("program", PROGRAMS[::3], ids=" ; ".join)
def test_writes_under_names_that_may_be_others(program: tuple[str, ...]) -> None:
    lines = ["q = np.sin(x)", *program, "return np.sum(a * [1, 2, 3]) + np.sum(b * [4, 5, 6])"]
    f = function("def program(x, c, d):\n    " + "\n    ".join(lines) + "\n", " ; ".join(program))
    x = np.arange(3.0)
    kernel = tapec.compile(f, backend="numpy")
    for c, d in itertools.product((1.0, -1.0), repeat=2):
        try:
            found = kernel(x, c, d)
        except tapec.TapecError:
            continue
        np.testing.assert_allclose(found, f(x, c, d), rtol=1e-13)


HEADS = [
    "for k in rolled(range(3)):",
    "for k in range(30):",
    "k = 0\n    while k < 2 + c:\n        k += 1",
]
MERGED = ["u = q if c > 0 else q * 0.8", "u = v if c > 0 else q", "u = q\n    if c > 0: u = v",
          "u, t = (q, v) if c > 0 else (v, q)", "u = max(q, v, key=np.sum)"]  # fmt: skip
EXCHANGED = ["v, q = q, u", "v = q", "v, q, t = q, u, v", "q = u", "t = q"]
CHANGED = ["q += 0.4", "u += 0.4", "q[0] = v[1]", "u[1] = 0.5", "t *= 0.5"]
REBOUND = ["q = v * 0.6", "v = q * 0.6", "u = v + 0.1", "pass"]
LOOPS = [*itertools.product(HEADS, MERGED, EXCHANGED, CHANGED, REBOUND)]


@pytest.mark.parametrize("block", sampled(range(60), 20))
def test_merged_names_in_loops_that_exchange_them(block: int) -> None:
    x = np.array([0.1, 0.2, 0.3])
    for number in range(block, len(LOOPS), 60):
        head, merged, *body = LOOPS[number]
        lines = ["q, v, t = np.sin(x), x * 0.3, x", merged, head, *("    " + s for s in body)]
        lines.append("return q @ [1, 2, 3] + v @ [4, 5, 6] + t @ [7, 8, 9] + u @ [1, 5, 4]")
        text = "def program(x, c):\n    " + "\n    ".join(lines) + "\n"
        f = function(text, f"<exchanged {number}>")
        kernel = tapec.compile(f, backend="numpy")
        for c in (1.0, -1.0):
            try:
                found = kernel(x.copy(), c)
            except tapec.TapecError:
                continue
            np.testing.assert_allclose(found, f(x.copy(), c), rtol=1e-12, err_msg=text)


ENTRIES = ["while k < 3 and c > 0:\n        k += 1", "for k in range(int(n)):",
           "for k in range(30):\n        if c < 0: break", "for k in rolled(range(3)):"]  # fmt: skip
STARTS = ["v = q = x * 0.7", "v = x * 0.7\n    q = v", "v = q = x", "q = x * 0.7\n    v = q[:]",
          "v = x * 0.5\n    q = v if c > 0 else t"]  # fmt: skip
ITERATIONS = ["v = t", "q = np.sin(q)", "v, q = t, np.sin(q)", "v, q = q, t", "q = q + 1.0\n        v = q",
              "v = v * 0.5\n        q = q * 0.4"]  # fmt: skip
AFTER = ["q[0] = 5.0", "v += 1.0", "np.sin(v, out=q)", "t[1] = 4.0", "q *= 0.5\n    v[2] = 3.0"]
ENTERED = [*itertools.product(STARTS, ENTRIES, ITERATIONS, AFTER)]


@pytest.mark.parametrize("block", sampled(range(40), 20))
def test_names_after_loops_that_may_not_be_entered(block: int) -> None:
    x = np.array([0.1, 0.2, 0.3])
    for number in range(block, len(ENTERED), 40):
        start, entry, iteration, after = ENTERED[number]
        lines = ["t, k = x * 0.3, 0", start, entry, "    " + iteration, after]
        lines.append("return q @ [1, 2, 3] + v @ [4, 5, 6] + t @ [7, 8, 9] + x @ [2, 5, 3]")
        text = "def program(x, c, n):\n    " + "\n    ".join(lines) + "\n"
        f = function(text, f"<entered {number}>")
        kernel = tapec.compile(f, backend="numpy")
        for c, n in ((1.0, 2.0), (-1.0, 0.0)):
            try:
                found = kernel(x.copy(), c, n)
            except tapec.TapecError:
                continue
            np.testing.assert_allclose(found, f(x.copy(), c, n), rtol=1e-12, err_msg=text)


ROWS = ["for u in q:", "for u in q[::-1]:", "for u, z in zip(q, q):", "for k in rolled(range(3)):\n        u = q[k]",
        "for k, u in enumerate(q):"]  # fmt: skip
ANEW = ["if c > 0: q = np.cos(y)", "for j in range(4):\n            if c > 0: q = np.cos(y)",
        "j = 0\n        while j < 4 and c > 0:\n            j += 1\n            q = np.cos(y)",
        "q = np.cos(y) if c > 0 else q", "if c > 0: q = q.T.copy().T\n        if c > 1: q = np.cos(y)"]  # fmt: skip
WRITES = ["u[0] += 1.0", "q[1] += 1.0\n    t = u", "u *= 0.5\n    t = q[0]", "np.sin(u, out=u)"]
NESTED = [*itertools.product(ROWS, ANEW, WRITES)]


@pytest.mark.parametrize("block", sampled(range(20), 8))
def test_rows_of_arrays_that_a_loop_inside_replaces(block: int) -> None:
    y = np.arange(12.0).reshape(3, 4)
    for number in range(block, len(NESTED), 20):
        head, anew, write = NESTED[number]
        lines = ["q, t = np.cos(y), y[0]", head, "    " + anew, write]
        lines.append("return q @ [1, 2, 3, 4] @ [5, 6, 7] + u @ [1, 5, 4, 2] + t @ [3, 1, 6, 2]")
        text = "def program(y, c):\n    " + "\n    ".join(lines) + "\n"
        f = function(text, f"<rows {number}>")
        kernel = tapec.compile(f, backend="numpy")
        for c in (1.0, -1.0):
            try:
                found = kernel(y.copy(), c)
            except tapec.TapecError:
                continue
            np.testing.assert_allclose(found, f(y.copy(), c), rtol=1e-12, err_msg=text)


USES = ["m", "np.sin(m + m[0])", "-m", "np.cumsum(m, 0)", "np.where(m > 3, m, 1.0)", "m.T.cumsum(0)",
        "np.expand_dims(m, 0)", "np.atleast_3d(m)", "np.roll(m, 1, 0)", "m[1:] * 1", "m[[0, 1]]",
        "np.stack([m, m])", "np.array(m, order='C')", "m @ m.T", "np.clip(m, 0, 4)"]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_orders_that_differ_with_the_path(use: str) -> None:
    text = f"def program(y, s):\n    m = y if s > 0 else y.copy()\n    return ({use}).ravel('K')\n"
    f, y = function(text, use), np.arange(12.0).reshape(4, 3).T
    for s in (1.0, -1.0):
        try:
            found = tapec.compile(f, backend="numpy")(y, s)
        except tapec.TapecError:
            continue
        np.testing.assert_array_equal(found, f(y, s))
