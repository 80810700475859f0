"""Functions that raise for their values do so where nobody reads what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.random_memory import function

import tapec

CALLS = ["np.linalg.inv({a})", "np.linalg.cholesky({a})", "np.linalg.solve({a}, np.ones(2))",
         "np.linalg.inv({a} + 0.0)[0] * 2"]  # fmt: skip
PLACES = [
    "{call}",
    "unread = {call}",
    "if a[0, 1] > 0: {call}",
    "for i in range(3): {call}",
    "for i in range(50): a = a + 0 * i\n    {call}",
    "def check(m): return {call}\n    check(a)",
    "try: {call}\n    except np.linalg.LinAlgError: raise",
]
WAYS = {
    "native": lambda f: tapec.compile(f),
    "interpreted": lambda f: tapec.compile(f, backend="numpy"),
    "gradient": tapec.grad,
    "jvp": lambda f: lambda a: tapec.jvp(f, (a,), (a,)),
    "vjp": lambda f: lambda a: tapec.vjp(f, a)[0],
}
BAD, GOOD = np.array([[-1.0, 2.0], [-2.0, 4.0]]), np.array([[4.0, 1.0], [1.0, 3.0]])


@pytest.mark.parametrize("k", range(len(CALLS) * len(PLACES)))
def test_the_error_is_raised(k: int) -> None:
    call, place = CALLS[k % len(CALLS)], PLACES[k // len(CALLS)]
    lines = place.format(call=call.format(a="m" if "def" in place else "a"))
    f = function(f"def program(a):\n    {lines}\n    return np.sum(a * a)\n", f"unread {k}")
    way = WAYS[sorted(WAYS)[k % len(WAYS)]](f)
    way(GOOD)
    with pytest.raises(np.linalg.LinAlgError):
        way(BAD)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_changes_before_errors_stay(way: str) -> None:
    log: list[Any] = []

    def f(a: Any) -> Any:
        log.append(1)
        np.linalg.inv(a)
        log.append(2)
        return np.sum(a * a)

    with pytest.raises(np.linalg.LinAlgError):
        WAYS[way](f)(BAD)
    assert log == [1]
