"""Names that share memory before a loop and no longer in it, or the other way round.

The loops are generated: how a second name is made, how the loop writes, how it rebinds, which kind
of loop it is. Compiled loops give what NumPy gives, or are refused with the line and a cure.
"""

from __future__ import annotations

import itertools
import linecache
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

SECOND = {
    "same": "v = x",
    "view": "v = x[::-1]",
    "transposed": "v = x.T",
    "row": "v = x[0] + 0.0 * x",
    "either": "v = x if x[0, 0] > -9.0 else x.copy()",
    "copy": "v = x.copy()",
    "in a list": "kept = [x]; v = kept[0]",
}
WRITES = {
    "augmented": "x += 1.0",
    "item": "x[1, 0] = 0.5 * x[0, 0]",
    "row": "x[0] = x[1] - 1.0",
    "out": "np.multiply(x, 0.9, out=x)",
    "view": "x.T[0] += 0.25",
    "sort": "x[::-1].sort(axis=0)",
    "fill": "x[1].fill(0.1 * i)",
    "through a branch": "if x[0, 0] > 0.0:\n    x -= 0.125",
    "nothing": "pass",
}
REBOUND = {
    "used": "v = v * 0.5",
    "turned": "v = v.T",
    "fresh": "v = np.cos(x)",
    "copied": "v = x.copy()",
    "never": "if x[0, 0] < -99.0:\n    v = v * 2.0",
    "late": "if x[0, 0] > 2.0:\n    v = x.copy()",
    "swapped": "x, v = v, x",
    "taken again": "v = x",
    "not": "pass",
}
LOOPS = {
    "rolled": "for i in tapec.rolled(range(5)):",
    "long": "for i in range(40):",
    "short": "for i in range(3):",
    "traced": "for i in range(int(n)):",
    "while": "i = 0\nwhile x[0, 1] + i < 6.0:\n    i += 1",
    "broken": "for i in tapec.rolled(range(5)):\n    if x[0, 1] > 4.0:\n        break",
}
TEXT = """def f(x, n):
    x = x * 1.0
    {second}
{loop}
{body}
    return np.sum(v * [[1.0, -0.5], [0.25, 2.0]]) + np.sum(x[0] * [0.3, 0.7]) + x[1, 1]
"""


def indented(text: str, depth: int) -> str:
    return "\n".join("    " * depth + line for line in text.splitlines())


def function(second: str, loop: str, *body: str) -> Callable[..., Any]:
    source = TEXT.format(
        second=second, loop=indented(loop, 1), body="\n".join(indented(b, 2) for b in body)
    )
    name = f"<{hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {"np": np, "tapec": tapec}
    exec(compile(source, name, "exec"), space)
    found: Callable[..., Any] = space["f"]
    return found


def outcome(f: Callable[..., Any]) -> str:
    """Whether a function is compiled right or refused; a wrong value fails."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    want = f(x.copy(), 4)
    try:
        got = tapec.compile(f, backend="numpy")(x.copy(), 4)
    except tapec.TapecError as error:
        if not error.hint:
            raise
        return str(error).splitlines()[0]
    np.testing.assert_allclose(got, want, rtol=1e-13)
    return "right"


# The share of loops that must compile, by how the second name goes on.
COMPILED = {"used": 0.8, "turned": 0.5, "fresh": 0.9, "copied": 0.9, "never": 0.3, "late": 0.3,
            "swapped": 0.2, "taken again": 0.5, "not": 1.0}  # fmt: skip


def outcomes(loop: str, rebound: str, every: int) -> Counter[str]:
    """How every so many-th of the loops fare."""
    found: Counter[str] = Counter()
    cases = list(itertools.product(SECOND, WRITES, (1, -1)))
    start = zlib.crc32(f"{loop} {rebound}".encode()) % every
    for second, write, order in cases[start::every]:
        body = [WRITES[write], REBOUND[rebound]][::order]
        found[outcome(function(SECOND[second], LOOPS[loop], *body))] += 1
    return found


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("rebound", REBOUND)
def test_right_or_refused(loop: str, rebound: str) -> None:
    outcomes(loop, rebound, 40)


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("rebound", REBOUND)
def test_all(loop: str, rebound: str) -> None:
    found = outcomes(loop, rebound, 1)
    assert found["right"] >= COMPILED[rebound] * found.total(), found


def in_a_tuple(x: Any) -> Any:
    u = x * 1.0
    kept = (u, x)
    for i in tapec.rolled(range(3)):
        u[0] = x[1] + i
        u = 0.7 * u
    return kept[0], u


def of_the_caller(x: Any) -> Any:
    def decayed(u: Any) -> Any:
        for i in tapec.rolled(range(3)):
            u[0] = x[1] + i
            u = 0.7 * u
        return u

    given = x * 1.0
    return decayed(given), given


def swapped_with_a_third_name(x: Any) -> Any:
    third = x * 0.7
    a, b = third, x
    for _ in tapec.rolled(range(1, 4)):
        a, b = b, a
        a -= np.tanh(third)
    return x, third, a, b


@pytest.mark.parametrize("f", [in_a_tuple, of_the_caller, swapped_with_a_third_name])
def test_one_array_that_others_hold(f: Any) -> None:
    x = np.array([0.1, 0.2, 0.3])
    want = f(x.copy())
    try:
        got = tapec.compile(f)(x.copy())
    except tapec.errors.ControlFlowError as error:
        assert f is swapped_with_a_third_name, error  # noqa: PT017
        return
    np.testing.assert_allclose(got, want)


def either(a: Any, b: Any, s: Any) -> Any:
    if s > 0.1:
        return a
    return b


def chosen_inside_a_branch(x: Any) -> Any:
    u, v = x * 1.0, x * 0.7
    w = v
    for i in range(30):
        if i % 2:
            w = v.T
            u[:] = 0.5 * v + u
            v = either(u, x, u[i % 2])
    return w


def chosen_then_written(x: Any) -> Any:
    u, v = x * 1.0, x * 0.7
    if x[0] < 5.0:
        v = either(u, x, x[1])
    u += 1.0
    return v


def chosen_and_written(x: Any) -> Any:
    u, v = x * 1.0, x * 0.7
    if x[0] < 5.0:
        v = either(u, x, x[1])
    v += 1.0
    return u, v


@pytest.mark.parametrize("f", [chosen_inside_a_branch, chosen_then_written, chosen_and_written])
def test_branches_inside_of_branches(f: Any) -> None:
    """What an inner branch may alias, the outer one may."""
    x = np.array([-1.0, 0.3])
    f(x.copy())
    with pytest.raises((tapec.errors.ControlFlowError, tapec.errors.MutationError)):
        tapec.compile(f)(x.copy())
