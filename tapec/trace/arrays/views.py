"""View steps: how a view is read from its storage, and how a write goes through it.

A step is a pair ``(kind, argument)``: ``("index", at)``, ``("transpose", perm)``,
``("reshape", shape)`` or, with starts known at run time only, ``("dynamic", DynamicSlice)``.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapec.ir.core import Value
from tapec.ir.places import is_run, slices
from tapec.trace.arrays.session import Session

Step = tuple[str, Any]
Array = np.ndarray[Any, Any]


class DynamicSlice:
    """A slice with traced starts: its specification and the starts.

    Places are equal where the starts are provably so (`forms` are their linear forms).
    """

    __slots__ = ("at", "forms", "starts")

    def __init__(self, at: tuple[Any, ...], starts: tuple[Any, ...], forms: tuple[Any, ...]):
        self.at, self.starts, self.forms = at, starts, forms

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DynamicSlice)
            and (self.at, len(self.forms)) == (other.at, len(other.forms))
            and all(map(operator.eq, self.forms, other.forms))
        )

    __hash__ = None  # type: ignore[assignment]

    def operands(self, session: Session) -> list[Value]:
        """The starts as values in this trace."""
        return [s._value(session) for s in self.starts]

    def fixed(self) -> tuple[Any, ...]:
        """The slice with its starts at zero, for questions about memory layout."""
        return tuple(
            (0 if isinstance(e, int) else (0, *e[1:])) if is_run(e) else e for e in self.at
        )


def inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse permutation."""
    result = [0] * len(perm)
    for i, p in enumerate(perm):
        result[p] = i
    return tuple(result)


def look(session: Session, value: Value, step: Step) -> Value:
    """Apply one step."""
    kind, arg = step
    if kind == "index":
        return session.emit("index", value, at=arg)
    if kind == "transpose":
        return session.emit("transpose", value, perm=arg)
    if kind == "dynamic":
        return session.emit("dynamic_index", value, *arg.operands(session), at=arg.at)
    return value if value.type.shape == arg else session.emit("reshape", value, shape=arg)


def look_concrete(array: Array, step: Step) -> Array:
    """Apply one step to a NumPy array: a NumPy view."""
    kind, arg = step
    if kind == "dynamic":
        kind, arg = "index", arg.fixed()
    if kind == "index":
        return array[(*slices(arg), ...)]
    return array.transpose(arg) if kind == "transpose" else array.reshape(arg)


def put(session: Session, base: Value, steps: tuple[Step, ...], new: Value) -> Value:
    """`base` with the part seen through `steps` replaced by `new`."""
    if not steps:
        return new
    seen = [base]
    for step in steps[:-1]:
        seen.append(look(session, seen[-1], step))
    for (kind, arg), under in zip(reversed(steps), reversed(seen), strict=True):
        if kind == "index":
            new = session.emit("update", under, new, at=arg)
        elif kind == "dynamic":
            new = session.emit("dynamic_update", under, new, *arg.operands(session), at=arg.at)
        elif kind == "transpose":
            new = session.emit("transpose", new, perm=inverse(arg))
        elif new.type.shape != under.type.shape:
            new = session.emit("reshape", new, shape=under.type.shape)
    return new


def reshape_is_view(
    shape: tuple[int, ...], steps: tuple[Step, ...], target: tuple[int, ...]
) -> bool:
    """Whether NumPy's reshape of this view shares memory (else it copies)."""
    if all(kind == "reshape" for kind, _ in steps):
        return True
    shadow = np.empty(shape, np.bool_)
    seen = shadow
    for step in steps:
        seen = look_concrete(seen, step)
    return bool(np.may_share_memory(seen.reshape(target), shadow))
