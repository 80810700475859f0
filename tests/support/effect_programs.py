"""Functions that change what is around them, against plain Python: random programs.

Plain Python runs in a copy of the program's world: after every call the result and the whole state
must be the same in both, and the same arrays must be one object; derivatives are compared with
complex steps from copies of that state.
"""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import tapec
from support.captured_programs import Program, X, outcome

LIMIT = 1e-9
REFUSALS = {n for n, v in vars(tapec.errors).items() if isinstance(v, type)}
Space = dict[str, Any]


@dataclass
class Step:
    """What plain Python gives at one call: the change before it, value and gradient, the state."""

    change: str
    value: Any
    slope: Any
    state: Any


def seen(value: Any, depth: int = 6) -> Any:
    """A value with all it holds, as plain data; numbers and arrays stay."""
    if depth == 0 or isinstance(value, types.ModuleType):
        return "..."
    if isinstance(value, dict):
        items = [(k, seen(v, depth - 1)) for k, v in value.items() if k != "_tapec_kept"]
        return type(value).__name__, items
    if isinstance(value, list | tuple | collections.deque):
        return type(value).__name__, [seen(v, depth - 1) for v in value]
    if isinstance(value, set):
        return "set", sorted(map(repr, value))
    if isinstance(value, np.ndarray | float | int | np.generic):
        return value.copy() if isinstance(value, np.ndarray) else value
    if isinstance(value, functools.partial):
        return "partial", seen(value.keywords, depth - 1)
    if isinstance(value, types.FunctionType):
        return "function", seen(value.__dict__, depth - 1), seen(value.__defaults__, depth - 1)
    if isinstance(value, type):
        plain = {k: v for k, v in vars(value).items() if not callable(v) and k[0] != "_"}
        return value.__name__, seen({k: v for k, v in plain.items() if _is_data(v)}, depth - 1)
    if hasattr(value, "__dict__"):
        return type(value).__name__, seen(vars(value), depth - 1)
    return repr(value) if isinstance(value, str | type(None)) else type(value).__name__


def _is_data(value: Any) -> bool:
    return not isinstance(value, property | functools.cached_property | types.MemberDescriptorType)


def state_of(p: Program, space: Space) -> Any:
    """All that a program can change."""
    names = sorted(n for n in space if n[0] != "_" and n not in ("SET", "f", "made"))
    shown = [eval(s, space) for q in p.pieces for s in q.shown]
    known = {n: space[n] for n in names}
    numbers: dict[int, int] = {}
    arrays = [id(a) for a in arrays_in([X, known, shown])]
    return seen(known), seen(shown), [numbers.setdefault(i, k) for k, i in enumerate(arrays)]


def arrays_in(value: Any, depth: int = 7) -> Iterator[Any]:
    """All arrays in a value, in order: which are one object is a part of the state."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth:
        for part in _parts(value):
            yield from arrays_in(part, depth - 1)


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return [v for k, v in value.items() if k != "_tapec_kept"]
    if isinstance(value, list | tuple | collections.deque):
        return value
    if isinstance(value, functools.partial):
        return [value.keywords]
    if isinstance(value, types.FunctionType):
        return [value.__dict__, value.__defaults__]
    if isinstance(value, type):
        return [v for k, v in vars(value).items() if not callable(v) and k[0] != "_"]
    return [] if isinstance(value, types.ModuleType) else [getattr(value, "__dict__", ())]


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal, numbers up to rounding."""
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        if type(a) is not type(b) or a.shape != b.shape or a.dtype != b.dtype:
            return False
        return bool(np.allclose(a, b, rtol=LIMIT, atol=LIMIT, equal_nan=True))
    if isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS):  # branches give numbers one type
        return bool(np.allclose(a, b, rtol=LIMIT, atol=LIMIT, equal_nan=True))
    return bool(a == b)


_NUMBERS = float | int | np.generic


def differing(a: Any, b: Any) -> str:
    """The smallest parts of two states that differ."""
    if isinstance(a, tuple | list) and type(a) is type(b) and len(a) == len(b):
        return next((differing(x, y) for x, y in zip(a, b, strict=True) if not same(x, y)), "")
    return f"{a!r}, not {b!r}"


def changed(space: Space, change: str) -> bool:
    """Apply a change; whether it was possible."""
    try:
        exec(change, space)
    except Exception:
        return False
    return True


def plain_steps(p: Program, gradients: bool) -> Iterator[Step]:
    """The calls of plain Python, one after each change."""
    space, done = p.space(), []
    for change in ["", *p.changes]:
        if not changed(space, change):
            continue
        done.append(change)
        slope = slope_after(p, done) if gradients else None
        value = outcome(lambda: space["f"](X))
        yield Step(change, value, slope, state_of(p, space))
        if isinstance(value, str):
            return


def slope_after(p: Program, done: list[str]) -> Any:
    """The gradient of the last call by complex steps, each in a world of its own."""
    found = []
    for e in np.eye(3):
        space = p.space()
        for change in done[:-1]:
            changed(space, change)
            outcome(lambda: space["f"](X))  # noqa: B023
        changed(space, done[-1])
        try:
            with np.errstate(all="ignore"):
                found.append(space["f"](X + 1e-30j * e).imag / 1e-30)
        except Exception:
            return None  # not a function of complex numbers
    return np.array(found)


def jvp_of(f: Any) -> Any:
    return lambda x: np.append(*tapec.jvp(f, (x,), (np.ones(3),)))


def vjp_of(f: Any) -> Any:
    def both(x: Any) -> Any:
        value, pull = tapec.vjp(f, x)
        return np.append(value, pull(1.0)[0])

    return both


WAYS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "value": (tapec.compile, lambda value, slope: value),
    "interpreter": (lambda f: tapec.compile(f, backend="numpy"), lambda value, slope: value),
    "gradient": (tapec.grad, lambda value, slope: slope),
    "jvp": (jvp_of, lambda value, slope: np.append(value, np.sum(slope))),
    "vjp": (vjp_of, lambda value, slope: np.append(value, slope)),
}


def wrong(p: Program, ways: tuple[str, ...]) -> str:
    """What is wrong with the kernels of a program, after which change; empty if nothing."""
    gradients = any(w in ("gradient", "jvp", "vjp") for w in ways)
    steps = [*plain_steps(p, gradients)]
    return next((f"{way} {found}" for way in ways if (found := wrong_way(p, steps, way))), "")


def wrong_way(p: Program, steps: list[Step], way: str) -> str:
    make, expected = WAYS[way]
    space = p.space()
    kernel = make(space["f"])
    for step in steps:
        changed(space, step.change)
        before = state_of(p, space)
        if way not in ("value", "interpreter") and (
            step.slope is None or isinstance(step.value, str)
        ):
            return ""
        got = outcome(lambda: kernel(X))
        now = state_of(p, space)
        if isinstance(got, str):
            if got in REFUSALS or got == step.value:
                return "" if same(before, now) or got == step.value else (
                    f"after {step.change!r}: refused, but state {differing(now, before)}"
                )  # fmt: skip
            return f"after {step.change!r}: {got}, not {step.value}"
        want = step.value if isinstance(step.value, str) else expected(step.value, step.slope)
        if isinstance(want, str) or not np.allclose(got, want, LIMIT, LIMIT, equal_nan=True):
            return f"after {step.change!r}: {got}, not {want}"
        if not same(now, step.state):
            return f"after {step.change!r}: state {differing(now, step.state)}"
    return ""


def shrunk(p: Program, ways: tuple[str, ...]) -> Program:
    """The smallest program found that is still wrong."""
    for q in p.smaller():
        if wrong(q, ways):
            return shrunk(q, ways)
    return p
