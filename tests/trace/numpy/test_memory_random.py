"""Every function of the table on arrays of all memory orders, then writes, against NumPy.

A program calls a function, writes through its result and through its argument, and returns both.
Values, the memory that results share with arguments, and the order of their axes are NumPy's, or
the program is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import tapec
from tapec.trace.arrays.layout import order_alone, strides_of
from tapec.trace.arrays.table import TABLE
from tests.trace.numpy.test_shapes_random import KNOWN, SKIPPED, calls, resolve

VIEWS = ("asarray", "asanyarray", "lib.stride_tricks.sliding_window_view")
FUNCTIONS = sorted(
    {name for name in TABLE if name not in SKIPPED | KNOWN and resolve(name)}
    | {*VIEWS, "fill_diagonal"}
)

# How an array comes to lie in memory: as the caller has it, or made by the program.
LAYOUTS: list[Callable[[Any], Any]] = [
    lambda x: x,
    lambda x: x.copy(order="F"),
    lambda x: np.ascontiguousarray(x.T).T,
    lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: x[..., ::-1].copy()[..., ::-1],
    lambda x: x[::-1].T.copy().T[::-1],
    lambda x: np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0),
    lambda x: np.stack([x, x * 2], axis=1)[:, 0],
    lambda x: np.moveaxis(np.stack([x, x * 2], axis=-1), -1, 0)[1],
]


def _first(x: Any) -> None:
    x[0] = 3


def _row(x: Any) -> None:
    x.reshape(-1)[-1] = 9


def _ravelled(x: Any) -> None:
    x.ravel()[0] = 7


def _any_order(x: Any) -> None:
    x.ravel("K")[-1] = 6


def _fortran(x: Any) -> None:
    x.reshape(-1, order="F")[0] = 5


def _flat(x: Any) -> None:
    x.flat[1:3] = 4


def _turned(x: Any) -> None:
    x.T[-1] = 2


def _all(x: Any) -> None:
    x *= 1


WRITES = [_first, _row, _ravelled, _any_order, _fortran, _flat, _turned, _all]

# Calls beside those of any function.
MORE: dict[str, list[Callable[..., Any]]] = {
    **{
        name: [lambda f, x, o=o: f(x, order=o) for o in "CFAK"]
        for name in ("copy", "zeros_like", "ones_like", "array", "asarray", "ravel", "asanyarray")
    },
    "reshape": [lambda f, x, o=o: f(x, x.shape[::-1], order=o) for o in "CFA"]
    + [lambda f, x: f(x, (1, -1)), lambda f, x: f(x, (*x.shape, 1))],
    "astype": [lambda f, x, o=o, c=c: f(x, "f8", order=o, copy=c) if False else x.astype("f8", order=o, copy=c) for o in "CFAK" for c in (True, False)],
    "array": [lambda f, x, o=o, c=c: f(x, order=o, copy=c) for o in "CFAK" for c in (True, None)]
    + [lambda f, x: f(x, ndmin=3, copy=None)],
    "require": [lambda f, x, r=r: f(x, requirements=r) for r in ("C", "F", "W")],
    "nan_to_num": [lambda f, x: f(x, copy=False)],
    "roll": [lambda f, x: f(x, 0), lambda f, x: f(x, 1, 0)],
    "tile": [lambda f, x: f(x, 1), lambda f, x: f(x, (1, 2))],
    "take": [lambda f, x: f(x, [0, 0], axis=-1), lambda f, x: f(x, 0, axis=0)],
    "diff": [lambda f, x: f(x, n=0)],
    "meshgrid": [lambda f, x: f(x, x, copy=False), lambda f, x: f(x, x, sparse=True, copy=False)],
    "einsum": [
        lambda f, x: f("ij->ji", x),
        lambda f, x: f("ii->i", x[: min(x.shape), : min(x.shape)]),
        lambda f, x: f("...->...", x),
        lambda f, x: f("ij->i", x),
        lambda f, x, y: f("...,...->...", x, y),
    ],
    "flatten": [lambda f, x, o=o: x.flatten(o) for o in "CFAK"],
    "lib.stride_tricks.sliding_window_view": [lambda f, x: f(x, 2, axis=0), lambda f, x: f(x, 1, axis=-1)],
    "conj": [lambda f, x: x.conj()],
    "real": [lambda f, x: x.real],
    "sort": [lambda f, x: f(x, axis=0)],
    "where": [lambda f, x: f(x > 0.5, x, 0), lambda f, x, y: f(x > y, x, y)],
    "split": [lambda f, x: f(x, [1])],
    "rot90": [lambda f, x, k=k: f(x, k) for k in range(4)],
    "fill_diagonal": [lambda f, x: (f(x, 2), x)[1]],
    "squeeze": [lambda f, x: x[None].squeeze(), lambda f, x: x[None].squeeze(0)],
    "negative": [lambda f, x: x[[0, 0]], lambda f, x: x[..., [0, 0]], lambda f, x: x[x > 0.5],
                 lambda f, x: x[..., None], lambda f, x: x[None, ..., ::-1], lambda f, x: +x],
}  # fmt: skip


class Case(NamedTuple):
    """A program: the call, layouts of its arguments, and writes through result and argument."""

    name: str
    args: list[Any]
    call: Callable[..., Any]
    laid: list[Callable[[Any], Any]]  # by the caller
    relaid: list[Callable[[Any], Any]]  # by the program
    writes: list[Callable[[Any], None]]

    def program(self, *args: Any) -> Any:
        """What is compiled."""
        args = tuple(lay(x) if x.ndim else x for lay, x in zip(self.relaid, args, strict=True))
        made = self.call(resolve(self.name), *args)
        results = made if isinstance(made, (tuple, list)) else (made,)
        for write, x in zip(self.writes, (results[0], args[0]), strict=True):
            if np.ndim(x):
                write(x)
        return results, args

    def given(self) -> list[Any]:
        """Arguments as the caller has them."""
        made = [x.copy() for x in self.args]
        return [lay(x) if x.ndim else x for lay, x in zip(self.laid, made, strict=True)]


def cases(name: str, rng: np.random.Generator) -> Iterator[Case]:
    """Random calls of one function."""
    general = [(args, call) for args, call in calls(rng)]
    own = [
        (
            general[2][0][: call.__code__.co_argcount - 1 - len(call.__defaults__ or ())]
            or general[0][0],
            call,
        )
        for call in MORE.get(name, [])
    ]
    for args, call in [*general, *own]:
        plain = rng.random() < 0.5
        relaid = [LAYOUTS[0 if plain else rng.integers(len(LAYOUTS))] for _ in args]
        laid = [LAYOUTS[rng.integers(len(LAYOUTS)) if plain else 0] for _ in args]
        writes = [WRITES[k] for k in rng.integers(len(WRITES), size=2)]
        given = [x.astype("f8") if rng.random() < 0.9 else x for x in args]
        yield Case(name, given, call, laid, relaid, writes)


def run(f: Callable[..., Any], case: Case) -> Any:
    """Results, arguments afterwards, and what shares memory; or the error."""
    args = case.given()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        results, inner = f(*args)
    results = [np.asarray(x) for x in results]
    shared = [[bool(np.shares_memory(r, a)) for a in args] for r in results]
    among = [[bool(np.shares_memory(r, s)) for s in results] for r in results]
    return results, [*map(np.asarray, inner)], args, shared, among


def order(x: Any) -> Any:
    """The order of the axes in memory."""
    x = x.squeeze()
    return None if x.size < 2 else order_alone(x.shape, strides_of(x))


def difference(case: Case, backend: str = "numpy") -> str | None:
    """What differs from NumPy; "refused" where the program is, None where nothing does."""
    try:
        want = run(case.program, case)
    except Exception as error:
        if not isinstance(error, ValueError) or "read-only" not in str(error):
            return "skipped"
        want = None
    try:
        got = run(tapec.compile(case.program, backend=backend), case)
    except Exception:
        return "refused"
    if want is None:
        return "NumPy refuses the write"
    for title, ours, theirs in zip(
        ("result", "argument inside", "argument"), got, want, strict=False
    ):
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if b.dtype == np.float16:
                return "skipped"
            if a.shape != b.shape or not np.allclose(a, b, equal_nan=True):
                return f"{title} {k}: {a.tolist()}, NumPy {b.tolist()}"
            if title == "result" and order(a) != order(b):
                return f"order of {title} {k} {a.shape}: {order(a)}, NumPy {order(b)}"
    if got[3:] != want[3:]:
        return f"shared memory: {got[3:]}, NumPy {want[3:]}"
    return None
