"""View steps: how a view is read from its storage, and how a write goes through it.

A step is a pair ``(kind, argument)``, its kind a key of `KINDS`: ``("index", at)``,
``("transpose", perm)``, ``("reshape", shape)`` or, with starts known at run time only,
``("dynamic", DynamicSlice)``. Steps speak of elements by their indices; where these lie in memory
is what NumPy says of the same steps on a shadow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tapec.ir.core import Value
from tapec.trace.arrays.layout import Array, Shape, Strides, shadow, viewed
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.view_kinds import FLATTEN, KINDS

Step = tuple[str, Any]


def look(session: Session, value: Value, step: Step) -> Value:
    """Apply one step."""
    return KINDS[step[0]].look(session, value, step[1])


def look_concrete(array: Array, step: Step) -> Array:
    """Apply one step to a NumPy array: a NumPy view."""
    return KINDS[step[0]].of_array(array, step[1])


def put(session: Session, base: Value, steps: tuple[Step, ...], new: Value) -> Value:
    """`base` with the part seen through `steps` replaced by `new`."""
    if not steps:
        return new
    seen = [base]
    for step in steps[:-1]:
        seen.append(look(session, seen[-1], step))
    for (kind, arg), under in zip(reversed(steps), reversed(seen), strict=True):
        new = KINDS[kind].put(session, under, new, arg)
    return new


def is_read_only(steps: Sequence[Step]) -> bool:
    """Whether NumPy lets nobody write through these steps."""
    return any(KINDS[kind].read_only for kind, _ in steps)


def keep_order(steps: Sequence[Step]) -> bool:
    """Whether the axes of an array in C order lie so in its view, too."""
    return all(KINDS[kind].ordered for kind, _ in steps)


def shadow_of(shape: Shape, strides: Strides | None, dtype: str, steps: tuple[Step, ...]) -> Array:
    """A shadow of the view that steps show of an array."""
    known = tuple(("index", s[1].fixed()) if s[0] == "dynamic" else s for s in steps)
    return _shadow_of(shape, strides, dtype, known)


@lru_cache(maxsize=4096)
def _shadow_of(shape: Shape, strides: Strides | None, dtype: str, steps: tuple[Step, ...]) -> Array:
    seen = shadow(shape, strides, dtype)
    for step in steps:
        seen = (
            _reshaped_shadow(seen, step[1], dtype)
            if step[0] in FLATTEN
            else look_concrete(seen, step)
        )
    return seen


def _reshaped_shadow(array: Array, shape: Shape, dtype: str) -> Array:
    """A reshaped shadow; `x.flat` of what is no row of elements is one with gaps."""
    found = viewed(array, shape)
    return shadow(shape, (2,), dtype) if found is None else found
