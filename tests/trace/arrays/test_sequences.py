"""Named tuples, deques and other sequences are lists to NumPy, traced or not."""

from __future__ import annotations

import itertools
from collections import UserList, deque, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled_tuples

import tapec

Pair = namedtuple("Pair", "a b")


class Rows(list):  # type: ignore[type-arg]
    pass


KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "named tuple": Pair,
    "list of a class": lambda a, b: Rows([a, b]),
    "deque": lambda a, b: deque([a, b]),
    "UserList": lambda a, b: UserList([a, b]),
    "inside a list": lambda a, b: [Pair(a, b)],
    "qr": lambda a, b: np.linalg.qr(np.array([a, b, a * b])),
}


def written(s: Any) -> Any:
    made = np.zeros(np.shape(s))
    made[:] = s
    return made


USES: dict[str, Callable[[Any], Any]] = {
    "array": np.array,
    "stack": np.stack,
    "concatenate": np.concatenate,
    "mean": lambda s: np.mean(s, axis=0),
    "sin": np.sin,
    "add": lambda s: np.add(s, 1.0),
    "operator": lambda s: np.arange(3.0) * s,
    "method": lambda s: np.ones(np.shape(s)[0]).dot(s),
    "where": lambda s: np.where(True, s, 0.0),
    "norm": lambda s: np.linalg.norm(np.array(s).ravel()),
    "written": written,
}


@pytest.mark.parametrize(("kind", "use"), sampled_tuples(itertools.product(KINDS, USES), 20))
def test_what_numpy_makes_of_it(kind: str, use: str) -> None:
    def f(x: Any) -> Any:
        return USES[use](KINDS[kind](x * 1.5, np.cos(x)))

    x = np.array([0.3, 0.4, 0.9])
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(x), f(x), rtol=1e-13)


PLACES = {"x[1]": "x[1] = {}", "x[...]": "x[..., 1] = {}", "x[1:2]": "x[1:2] = {}"}
VALUES = ("y[:1]", "y[:1] * np.ones((1, 1))", "np.float64(2.0)", "y[0]")


@pytest.mark.parametrize(("place", "value"), list(itertools.product(PLACES, VALUES)))
def test_arrays_of_one_element_are_written_where_numpy_takes_them(place: str, value: str) -> None:
    scope: dict[str, Any] = {"np": np}
    text = f"def f(y):\n    x = y * 1.0\n    {PLACES[place].format(value)}\n    return x\n"
    exec(text, scope)

    def outcome(f: Callable[..., Any]) -> Any:
        try:
            return f(np.array([0.3, 0.4])).tolist()
        except Exception as error:
            return next(k for k in type(error).__mro__ if k.__module__ == "builtins")

    assert outcome(tapec.compile(scope["f"], backend="numpy")) == outcome(scope["f"])


def test_numbers_have_no_items_to_write() -> None:
    def f(x: Any) -> Any:
        s = x.sum()
        s[0] = 1.0
        return s

    with pytest.raises(TypeError, match="item assignment"):
        tapec.compile(f)(np.ones(2))
