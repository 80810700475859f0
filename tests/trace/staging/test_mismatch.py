"""Errors of types that do not match: the part, both types, the user's lines of both, the cure."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import tapec
from tapec.errors import ControlFlowError

V = np.array([0.3, 0.7, 0.2, 0.9])


class Point(NamedTuple):
    """A carried structure."""

    x: Any
    v: Any


def branch_of_views(x: Any) -> Any:
    y = x * 2
    if x[0] > 0.5:  # noqa: SIM108
        y = y[:2]
    else:
        y = y + 1
    return y.sum()


def branch_of_constants(x: Any) -> Any:
    if x[0] > 0.5:  # noqa: SIM108
        r = 1.0
    else:
        r = None
    return r


def returns(x: Any) -> Any:
    if x[0] > 0.5:
        return {"u": x, "v": x[0]}
    return {"u": x, "w": x[0]}


def nested(x: Any) -> Any:
    s = (x, {"a": [None, 1.0]})
    while s[0].sum() < 10:
        s = (s[0] * 2, {"a": [x, 2.0]})
    return s[0]


def argument(x: Any) -> Any:
    while x[0] < 10:
        x = np.append(x, x[:1])
    return x.sum()


def conditional_function(x: Any) -> Any:
    def then(a: Any) -> Any:
        return Point(a, {"k": [a * 2, a[:3]]})

    def otherwise(a: Any) -> Any:
        return Point(a, {"k": [a * 2, a[0]]})

    return tapec.cond(x[0] > 0, then, otherwise, x)


def carried_structure(x: Any) -> Any:
    def body(s: Any) -> Any:
        return Point(s.x * 2, (s.v, s.v))

    return tapec.while_loop(lambda s: s.x.sum() < 10, body, Point(x, x))


CASES: list[tuple[Any, list[str]]] = [
    (branch_of_views, ["y is f64[2] or f64[4]", "f64[2]: made at", "y = y[:2]",
                       "f64[4]: made at", "y = y + 1", "if x[0] > 0.5"]),
    (branch_of_constants, ["r is 1.0 or None", "1.0: made at", "r = 1.0", "r = None"]),
    (returns, ["the returned value is dict('u': f64[4], 'v': f64) or dict('u': f64[4], 'w': f64)",
               'return {"u": x, "v": x[0]}', 'return {"u": x, "w": x[0]}']),
    (nested, ["carries s[1]['a'][0], which is None before an iteration and f64[4] after it",
              'before: made at', 's = (x, {"a": [None, 1.0]})',
              'after: made at', 's = (s[0] * 2, {"a": [x, 2.0]})']),
    (argument, ["carries x, which is f64[4] before an iteration and f64[5] after it",
                "before: the argument x", "after: made at", "np.append(x, x[:1])"]),
    (conditional_function, ["result.v['k'][1] is f64[3] or f64",
                            'return Point(a, {"k": [a * 2, a[:3]]})',
                            'return Point(a, {"k": [a * 2, a[0]]})']),
    (carried_structure, ["carries init_val.v, which is f64[4] before an iteration and "
                         "tuple(f64[4], f64[4]) after it", "after: made at",
                         "return Point(s.x * 2, (s.v, s.v))"]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "words"), CASES, ids=lambda p: getattr(p, "__name__", ""))
def test_messages(f: Any, words: list[str]) -> None:
    with pytest.raises(ControlFlowError) as caught:
        tapec.compile(f, backend="numpy")(V)
    text = str(caught.value)
    place = 0
    for part in words:
        assert part in text[place:], (part, text)
        place = text.index(part, place)
    assert text.splitlines()[-1].startswith("  give ")
