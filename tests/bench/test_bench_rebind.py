"""The same code on another array library."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from tapec.bench.peers.rebind import rebind

FACE = SimpleNamespace(sin=lambda x: f"sin({x})", cos=lambda x: f"cos({x})", pi=3)


def helper(x: Any, depth: int = 0) -> Any:
    """Calls itself, so that cloning must close a loop."""
    return np.sin(x) if depth else helper(x, depth=1)


def outer(x: Any) -> Any:
    """Uses a helper, a nested function and a module that stays."""

    def inner(y: Any) -> Any:
        return np.cos(y)

    return helper(x), inner(x), math.pi


def test_helpers_and_nested_functions_see_the_substitute() -> None:
    assert rebind(outer, {np: FACE})("x") == ("sin(x)", "cos(x)", math.pi)


def test_the_original_is_untouched() -> None:
    rebind(outer, {np: FACE})
    assert outer(0.0)[:2] == (0.0, 1.0)


def test_closures_and_defaults() -> None:
    library, factor = np, 2

    def f(x: Any, *, times: int = 3) -> Any:
        return (library.sin(x), factor, times)

    assert rebind(f, {np: FACE})("y") == ("sin(y)", 2, 3)


def test_builtins_pass_through() -> None:
    assert rebind(math.sin, {np: FACE}) is math.sin
