"""What random programs over arrays call: functions that give back, write and exchange arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Box", "applied", "bump", "fresh", "moved", "np", "pick", "same", "swapped", "turned"]


class Box:
    """Three arrays."""

    def __init__(self, a: Any, b: Any, m: Any) -> None:
        self.a, self.b, self.m = a, b, m


def bump(a: Any, s: Any) -> Any:
    a += s
    return a


def moved(a: Any, b: Any) -> None:
    a[:] = 0.5 * b + a


def pick(a: Any, b: Any, s: Any) -> Any:
    if s > 0.1:
        return a
    return b


def same(a: Any) -> Any:
    return a


def turned(a: Any) -> Any:
    return a[::-1]


def fresh(a: Any) -> Any:
    return a * 1.0


def swapped(a: Any, b: Any) -> Any:
    return b, a


def applied(function: Any, a: Any) -> None:
    function(a, out=a)
