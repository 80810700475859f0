"""Loops whose body raises: as in Python, where and only where they are entered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

POINTS = [np.array(p) for p in ([0.5, 2.0], [3.0, 0.5], [3.0, 3.0])]


def unbound(x: Any) -> Any:
    while x[0] > 1.0:
        x = x / missing  # type: ignore[name-defined]  # noqa: F821
    return np.sum(x)


def raises(x: Any) -> Any:
    count = 0
    while count < 4 and x[0] > 1.0:
        x, count = x / 2, count + 1
        raise ValueError("inside")
    return np.sum(x)


def nested(x: Any) -> Any:
    while x[0] > 1.0:
        while x[1] > 1.0:
            x = x / [][0]
        x = x / 2
    return np.sum(x)


def caught(x: Any) -> Any:
    while x[0] > 1.0:
        x = x / 2
        try:
            x = x * missing  # type: ignore[name-defined]
        except NameError:
            x = x * 1.5
    return np.sum(x)


def in_a_helper(x: Any) -> Any:
    while x[0] > 1.0:
        x = x / helper(x)
    return np.sum(x)


def helper(x: Any) -> Any:
    raise KeyError(len(x))


def outcome(f: Any, x: Any) -> Any:
    try:
        return f(x)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("f", [unbound, raises, nested, caught, in_a_helper])
def test_as_in_python(f: Any) -> None:
    for x in POINTS:
        want = outcome(f, x)
        assert outcome(tapec.compile(f), x) == want
        slope = outcome(tapec.grad(f), x)
        assert slope == want if isinstance(want, tuple) else np.all(np.isfinite(slope))
