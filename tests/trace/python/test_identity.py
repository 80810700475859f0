"""One function under two names: in a table, an attribute, a parameter and by its own name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec


def one(x: Any) -> Any:
    return x


def other(x: Any) -> Any:
    return 2.0 * x


class Holder:
    def __init__(self, f: Any) -> None:
        self.f = f


TABLE: dict[str, Any] = {"one": one, "sin": np.sin, "sum": np.sum}
FUNCTIONS = [other, one, np.sin]
HOLDER = Holder(one)
ASKED: dict[str, Callable[..., Any]] = {
    "item is name": lambda x: x if TABLE["one"] is one else 5.0 * x,
    "item is not name": lambda x: x if TABLE["one"] is not other else 5.0 * x,
    "item == name": lambda x: x if TABLE["one"] == one else 5.0 * x,
    "item != name": lambda x: 5.0 * x if TABLE["one"] != one else x,
    "name == item": lambda x: x if one == TABLE["one"] else 5.0 * x,
    "attribute": lambda x: x if HOLDER.f is one else 5.0 * x,
    "in a list": lambda x: x if one in FUNCTIONS else 5.0 * x,
    "not in a list": lambda x: 5.0 * x if one not in FUNCTIONS else x,
    "got in a tuple": lambda x: x if TABLE.get("one") in (one,) else 5.0 * x,
    "in a set": lambda x: x if TABLE["one"] in {one, other} else 5.0 * x,
    "ufunc": lambda x: x if TABLE["sin"] is np.sin and np.sin in FUNCTIONS else 5.0 * x,
    "function of NumPy's": lambda x: x if TABLE["sum"] is np.sum else 5.0 * x,
    "default": lambda x, f=one: x if f is one and f == TABLE["one"] else 5.0 * x,
    "others differ": lambda x: 5.0 * x if TABLE["one"] is other or one == other else x,
}


@pytest.mark.parametrize("name", ASKED)
def test_functions_are_what_they_are_in_python(name: str) -> None:
    f = ASKED[name]
    assert tapec.compile(f, backend="numpy")(2.0) == f(2.0) == 2.0
    assert tapec.grad(lambda x: f(x) ** 2)(2.0) == 4.0
