"""What a branch on a traced condition leaves undetermined is an error where it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

from tapec.errors import ControlFlowError

X = np.array([0.3, 0.4])


def is_none(x: Any) -> Any:
    r = None if x[0] < 1 else x
    return x[0] * 2 if r is None else x[0]


def is_not_none(x: Any) -> Any:
    r = None
    if x[0] < 1:
        r = x
    return x[0] * 2 if r is not None else x[0]


def nothing_at_all(r: Any) -> Any:
    return r is None


def is_none_elsewhere(x: Any) -> Any:
    r = None if x[0] < 1 else x
    return x * nothing_at_all(r)


def of_a_class(x: Any) -> Any:
    r = 1.0 if x[0] < 1 else x
    return x[0] * 2 if isinstance(r, float) else x[0]


def of_a_type(x: Any) -> Any:
    r = None if x[0] < 1 else x
    return x[0] * 2 if type(r) is type(None) else x[0]


def as_a_key(x: Any) -> Any:
    r = "a" if x[0] < 1 else "b"
    return {"a": 1.0, "b": 2.0}.get(r, 3.0) * x[0]


def in_a_set(x: Any) -> Any:
    r = "a" if x[0] < 1 else "b"
    return x[0] * 2 if r in {"a", "c"} else x[0]


def equal(x: Any) -> Any:
    r = "a" if x[0] < 1 else "b"
    return x[0] * 2 if r == "a" else x[0]


def returned(x: Any) -> Any:
    r = "a" if x[0] < 1 else x
    return r, np.sum(x)


def returned_on_one_path(x: Any) -> Any:
    if x[0] > 1:
        return np.sum(x)


def other_structure(x: Any) -> Any:
    if x[0] < 1:
        return {"a": x[0]}
    return {"b": x[0]}


def other_length(x: Any) -> Any:
    r = [x[0]]
    if x[0] > 1:
        r.append(x[1])
    return sum(r)


def an_element(x: Any) -> Any:
    r = [None, x[0]]
    if x[0] < 1:
        r[0] = x[1]
    return x[0] * 2 if r[0] is None else x[1]


@pytest.mark.parametrize(
    "f",
    [is_none, is_not_none, is_none_elsewhere, of_a_class, of_a_type, as_a_key, in_a_set, equal,
     returned, returned_on_one_path, other_structure, other_length, an_element],
)  # fmt: skip
def test_looking_at_it_is_an_error(f: Callable[[Any], Any]) -> None:
    with pytest.raises(ControlFlowError, match="traced condition"):
        traced(f, X)


def test_having_it_is_none() -> None:
    def f(x: Any) -> Any:
        r = None if x[0] < 1 else x
        s = [r]
        return x * len(s)

    traced(f, X)
