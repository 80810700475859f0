"""Calls of NumPy's functions on arrays of all memory orders, followed by writes.

A program calls a function, writes through its result and through its argument, and returns both.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import tapec
from tapec.trace.arrays.layout import order_alone, strides_of

Array = Any
Layout = Callable[[Array], Array]

# How an array comes to lie in memory: as the caller has it, or made by the program.
LAYOUTS: list[Layout] = [
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


def _first(x: Array) -> None:
    x[0] = 3


def _row(x: Array) -> None:
    x.reshape(-1)[-1] = 9


def _ravelled(x: Array) -> None:
    x.ravel()[0] = 7


def _any_order(x: Array) -> None:
    x.ravel("K")[-1] = 6


def _fortran(x: Array) -> None:
    x.reshape(-1, order="F")[0] = 5


def _flat(x: Array) -> None:
    x.flat[1:3] = 4


def _turned(x: Array) -> None:
    x.T[-1] = 2


def _all(x: Array) -> None:
    x *= 1


WRITES = [_first, _row, _ravelled, _any_order, _fortran, _flat, _turned, _all]


def _orders(method: str) -> list[Callable[..., Any]]:
    return [lambda f, x, o=o: getattr(x, method)(order=o) for o in "CFAK"]


# Calls beside those of any function; those of methods, items and operators are under "methods".
MORE: dict[str, list[Callable[..., Any]]] = {
    **{
        name: [lambda f, x, o=o: f(x, order=o) for o in "CFAK"]
        for name in ("copy", "zeros_like", "ones_like", "asarray", "ravel", "asanyarray")
    },
    "array": [
        *(lambda f, x, o=o, c=c: f(x, order=o, copy=c) for o in "CFAK" for c in (True, None)),
        lambda f, x: f(x, ndmin=3, copy=None),
    ],
    "reshape": [
        *(lambda f, x, o=o: f(x, x.shape[::-1], order=o) for o in "CFA"),
        lambda f, x: f(x, (1, -1)),
        lambda f, x: f(x, (*x.shape, 1)),
    ],
    "require": [lambda f, x, r=r: f(x, requirements=r) for r in ("C", "F", "W")],
    "nan_to_num": [lambda f, x: f(x, copy=False)],
    "roll": [lambda f, x: f(x, 0), lambda f, x: f(x, 1, 0)],
    "tile": [lambda f, x: f(x, 1), lambda f, x: f(x, (1, 2))],
    "take": [lambda f, x: f(x, [0, 0], axis=-1), lambda f, x: f(x, 0, axis=0)],
    "diff": [lambda f, x: f(x, n=0), lambda f, x: f(x, axis=0)],
    "meshgrid": [lambda f, x: f(x, x, copy=False), lambda f, x: f(x, x, sparse=True, copy=False)],
    "einsum": [
        lambda f, x: f("ij->ji", x),
        lambda f, x: f("ii->i", x[: min(x.shape), : min(x.shape)]),
        lambda f, x: f("...->...", x),
        lambda f, x: f("ij->i", x),
        lambda f, x, y: f("...,...->...", x, y),
    ],
    "lib.stride_tricks.sliding_window_view": [
        lambda f, x: f(x, 2, axis=0),
        lambda f, x: f(x, 1, axis=-1),
    ],
    "where": [lambda f, x: f(x > 0.5, x, 0), lambda f, x, y: f(x > y, x, y)],
    "split": [lambda f, x: f(x, [1])],
    "rot90": [lambda f, x, k=k: f(x, k) for k in range(4)],
    "fill_diagonal": [lambda f, x: (f(x, 2), x)[1]],
    "methods": [
        *(lambda f, x, o=o, c=c: x.astype("f8", order=o, copy=c)
          for o in "CFAK" for c in (True, False)),
        *_orders("copy"),
        *_orders("flatten"),
        *_orders("ravel"),
        lambda f, x: x.conj(),
        lambda f, x: x.real,
        lambda f, x: x.T,
        lambda f, x: x.view(),
        lambda f, x: x.diagonal(),
        lambda f, x: x.flat[1:],
        lambda f, x: x[None].squeeze(),
        lambda f, x: x[None].squeeze(0),
        lambda f, x: x.swapaxes(0, -1),
        lambda f, x: x[[0, 0]],
        lambda f, x: x[..., [0, 0]],
        lambda f, x: x[[0], ..., None],
        lambda f, x: x[x > 0.5],
        lambda f, x: x[None, ..., ::-1],
        lambda f, x: x[1:, ...],
        lambda f, x: +x,
        lambda f, x, y: x * 2 + y,
        lambda f, x: np.multiply(x, 2, order="F"),
        lambda f, x: np.add.accumulate(x),
        lambda f, x: np.add.outer(x, x),
        lambda f, x: x.sum(axis=0),
        lambda f, x: np.multiply(x, 2, out=x),
    ],
}  # fmt: skip


def general_calls(rng: np.random.Generator) -> Iterator[tuple[int, Callable[..., Any]]]:
    """Calls that many functions take, with the number of their arrays."""
    axis, n = int(rng.integers(-2, 2)), int(rng.integers(0, 3))
    yield 1, lambda f, x: f(x)
    yield 2, lambda f, x, y: f(x, y)
    yield 3, lambda f, x, y, z: f(x, y, z)
    yield 1, lambda f, x: f(x, axis=axis)
    yield 1, lambda f, x: f(x, axis=axis, keepdims=True)
    yield 1, lambda f, x: f(x, axis=tuple(range(x.ndim))[:2])
    yield 1, lambda f, x: f(x, n)
    yield 1, lambda f, x: f(x, n, axis)
    yield 1, lambda f, x: f(x, (x.size, 1))
    yield 1, lambda f, x: f(x, (2, *x.shape))
    yield 1, lambda f, x: f([x, x * 2])
    yield 2, lambda f, x, y: f([x, y], axis=axis)
    yield 2, lambda f, x, y: f(x, y, axis=axis)
    yield 1, lambda f, x: f(x, dtype="f4")
    yield 1, lambda f, x: f(x, axis, 0)
    yield 1, lambda f, x: f(x, [0, -1, 0], axis=axis)
    yield 1, lambda f, x: f(x, 0.4, axis=axis, keepdims=True)


def resolve(name: str) -> Any:
    """NumPy's function of this name; None for those that are no functions."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if callable(found) and not isinstance(found, type) else None


class Case(NamedTuple):
    """A program: the call, layouts of its arguments, and writes through result and argument."""

    name: str
    args: list[Array]
    call: Callable[..., Any]
    laid: list[Layout]  # by the caller
    relaid: list[Layout]  # by the program
    writes: list[Callable[[Array], None]]

    def program(self, *args: Array) -> Any:
        """What is compiled."""
        args = tuple(lay(x) for lay, x in zip(self.relaid, args, strict=True))
        made = self.call(resolve(self.name), *args)
        results = made if isinstance(made, (tuple, list)) else (made,)
        for write, x in zip(self.writes, (results[0], args[0]), strict=True):
            if getattr(x, "ndim", 0):
                write(x)
        return results, args

    def given(self) -> list[Array]:
        """Arguments as the caller has them."""
        return [lay(x.copy()) for lay, x in zip(self.laid, self.args, strict=True)]

    def __str__(self) -> str:
        layouts = [[LAYOUTS.index(lay) for lay in given] for given in (self.laid, self.relaid)]
        lines = inspect.getsource(self.call).strip()[:60]
        shapes = [x.shape for x in self.args]
        return f"{self.name} {lines} {shapes} {layouts} {[w.__name__ for w in self.writes]}"


def _arrays(rng: np.random.Generator, count: int) -> list[Array]:
    """Arrays that broadcast, the first of them with all axes."""
    full = tuple(rng.integers(1, 4, rng.integers(1, 4)).tolist())
    made = []
    for k in range(count):
        shape = tuple(n if not k or rng.random() < 0.75 else 1 for n in full)
        shape = shape[rng.integers(0, len(shape)) :] if k and rng.random() < 0.4 else shape
        made.append(rng.uniform(0.2, 0.9, shape))
    return made


def cases(name: str, seed: int) -> Iterator[Case]:
    """Random calls of one function."""
    rng = np.random.default_rng(seed)
    own = [(c.__code__.co_argcount - 1 - len(c.__defaults__ or ()), c) for c in MORE.get(name, ())]
    for count, call in [*own, *(general_calls(rng) if name != "methods" else ())]:
        plain = rng.random() < 0.5
        args = _arrays(rng, count)
        laid = [LAYOUTS[rng.integers(len(LAYOUTS)) if plain else 0] for _ in args]
        relaid = [LAYOUTS[0 if plain else rng.integers(len(LAYOUTS))] for _ in args]
        writes = [WRITES[k] for k in rng.integers(len(WRITES), size=2)]
        yield Case(name, args, call, laid, relaid, writes)


def run(f: Callable[..., Any], case: Case) -> Any:
    """Results, arguments inside and outside afterwards, and what shares memory with what."""
    args = case.given()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        results, inner = f(*args)
    results = [*map(np.asarray, results)]
    among = [*results, *args]
    shared = [[bool(np.shares_memory(a, b)) for b in among] for a in among]
    return results, [*map(np.asarray, inner)], args, shared


def order(x: Array) -> Any:
    """The order of the axes in memory."""
    x = x.squeeze()
    return None if x.size < 2 else order_alone(x.shape, strides_of(x))


def outcome(case: Case, backend: Any = "numpy") -> str:
    """Right, refused, skipped where NumPy takes no such call, or what differs from NumPy."""
    refused = False
    try:
        want = run(case.program, case)
    except Exception as error:
        refused = isinstance(error, ValueError) and "read-only" in str(error)
        if not refused:
            return "skipped"
    try:
        got = run(tapec.compile(case.program, backend=backend), case)
    except Exception:
        return "right" if refused else "refused"
    return "NumPy refuses the write" if refused else _compared(got, want)


def _compared(got: Any, want: Any) -> str:
    for title, ours, theirs in zip(("result", "argument", "own"), got, want, strict=False):
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            if a.shape != b.shape or a.dtype != b.dtype:
                return f"{title} {k}: {a.dtype}{a.shape}, NumPy {b.dtype}{b.shape}"
            if a.dtype != object and not np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True):
                return f"{title} {k}: {a.tolist()}, NumPy {b.tolist()}"
            if title == "result" and order(a) != order(b):
                return f"order of {title} {k}: {order(a)}, NumPy {order(b)}"
    return "right" if got[3] == want[3] else f"shared memory: {got[3]}, NumPy {want[3]}"
