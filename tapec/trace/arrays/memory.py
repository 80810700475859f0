"""Questions about the memory of traced arrays, which NumPy answers (see `layout`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays import layout, views
from tapec.trace.arrays.layout import Array, Shape, Strides
from tapec.trace.arrays.operands import need_session, session_of
from tapec.trace.arrays.session import where
from tapec.trace.arrays.storage import ROW, MaybeShared
from tapec.trace.arrays.tracer import Tracer, wrap

UNKNOWN: Strides = ()  # of arrays that lie differently on different paths
_ELEMENTWISE = {1: np.positive, 2: np.add}


def in_c_order(a: Any) -> bool:
    """Whether the axes of an operand lie in C order, gaps and signs aside."""
    if type(a) is Tracer:
        return len(a._shape) < 2 or (
            a._storage.strides is None and (not a._steps or views.keep_order(a._steps))
        )
    return type(a) is not np.ndarray or a.ndim < 2 or a.flags.c_contiguous


def lies_differently(a: Any) -> bool:
    """Whether an operand lies differently on different paths."""
    return type(a) is Tracer and a._storage.strides is UNKNOWN


def turned_strides(x: Tracer) -> Strides | None:
    """The strides of an array if what is behind it, whose order is not known, lies in Fortran's."""
    if any(kind == "reshape" for kind, _ in x._steps):  # of a copy on some paths, a view on others
        return layout.packed(x._shape, range(len(x._shape))[::-1])
    shape = x._storage.shape
    strides = layout.packed(shape, range(len(shape))[::-1])
    return layout.strides_of(views.shadow_of(shape, strides, x._dtype, x._steps))


# Set while both parts of a complex array are treated as the whole that they are.
WHOLE: ContextVar[bool] = ContextVar("tapec_whole", default=False)


@contextmanager
def as_whole() -> Iterator[None]:
    """Parts lie as the complex array does: functions of both are asked about that."""
    token = WHOLE.set(True)
    try:
        yield
    finally:
        WHOLE.reset(token)


def is_part(x: Tracer) -> bool:
    """Whether elements of another part lie between those of an array."""
    return x._storage.part and not WHOLE.get()


def shadow(x: Tracer) -> Array:
    """The array as NumPy would have it, over memory that must not be touched."""
    x._storage.asked = True
    found = _shadow(x)
    if not is_part(x):
        return found
    return as_strided(found, found.shape, tuple(2 * s for s in found.strides))


def _shadow(x: Tracer) -> Array:
    storage = x._storage
    strides = None if storage.strides is UNKNOWN else storage.strides
    return views.shadow_of(storage.shape, strides, x._dtype, x._steps)


def pattern(x: Tracer) -> Array:
    """What NumPy may take as the pattern of a new array, which only the order of axes enters."""
    return _shadow(x)


def strides_of(a: Any) -> Strides | None:
    """The strides of an operand in elements; None where it is C-contiguous."""
    if type(a) is Tracer and a._storage.strides is None and not a._steps:
        return None
    return layout.strides_of(_shadow(a) if type(a) is Tracer else a)


def layout_of(a: Any) -> Strides | None:
    """What decides how NumPy treats the memory of an array or number: its canonical strides."""
    if type(a) is Tracer and a._storage.strides is UNKNOWN:
        return UNKNOWN
    strides = strides_of(a)
    return None if strides is None else layout.canonical(tuple(a.shape), strides)


def set_order(made: Tracer, operands: Sequence[Any]) -> Tracer:
    """Let the fresh result of an elementwise operation lie as NumPy has it."""
    if len(made._shape) > 1 and not all(map(in_c_order, operands)):
        if any(map(lies_differently, operands)):
            made._storage.strides = UNKNOWN
            return made
        arrays = [a for a in operands if type(a) in (Tracer, np.ndarray)]
        kinds = tuple((tuple(a.shape), strides_of(a)) for a in arrays)
        made._storage.strides = _elementwise_strides(made._shape, kinds)
    return made


@lru_cache(maxsize=4096)
def _elementwise_strides(
    shape: Shape, operands: tuple[tuple[Shape, Strides | None], ...]
) -> Strides | None:
    found = _ELEMENTWISE[len(operands)](*(layout.miniature(*kind, "f64") for kind in operands))
    return layout.in_order(shape, layout.order_of(found.shape, found.strides))


def fresh(x: Tracer, strides: Strides | None = None) -> Tracer:
    """A copy of an array with these strides."""
    session = session_of(x) or need_session()
    made = wrap(session, x._value(session), x._weak, x._deps)
    made._storage.boxed = not made._shape
    made._storage.strides = strides
    return made


def strided_view(x: Tracer, seen: Array) -> Tracer:
    """The view of `x`, or of what is behind it, that NumPy gives: of a shadow or of its content."""
    storage = x._storage
    if storage.strides is not None:
        raise UnsupportedOperation(
            "a view of an array that does not lie in C order",
            where=where(),
            hint="take it of a copy: np.ascontiguousarray(a)",
        )
    whole = storage.array if storage.array is not None else _shadow(whole_of(x))
    start = (_address(seen) - _address(whole)) // seen.itemsize
    strides = layout.strides_of(seen) or layout.c_strides(seen.shape)
    made = whole_of(x)._view(("strided", (start, seen.shape, strides)), seen.shape)
    return made if seen.flags.writeable else made._view(("read only", None), seen.shape)


def whole_of(x: Tracer) -> Tracer:
    """The array whose memory a view shows."""
    return Tracer(x._storage, x._dtype, x._storage.shape)


def _address(array: Array) -> int:
    found: int = array.__array_interface__["data"][0]
    return found


def is_number(x: Tracer) -> bool:
    """Whether this is a NumPy scalar or a number of Python's, which nobody can write into."""
    if x._shape or x._storage.boxed:
        return False
    return not x._steps or (len(x._steps) == 1 and x._storage.frozen == ROW)


def reshape_is_view(x: Tracer, shape: Shape) -> bool:
    """Whether NumPy's reshape of an array shares memory with it."""
    if len(x._shape) < 2:
        return True
    if x._storage.strides is UNKNOWN:
        return False
    if x._storage.strides is None and all(kind == "reshape" for kind, _ in x._steps):
        x._storage.asked = True
        return True
    return layout.viewed(shadow(x), shape) is not None


def is_contiguous(x: Tracer) -> bool:
    """Whether NumPy takes an array for C-contiguous."""
    if x._storage.strides is UNKNOWN:
        return False
    x._storage.asked = True
    if is_part(x):
        return bool(shadow(x).flags.c_contiguous)
    plain = x._storage.strides is None and not x._steps
    return plain or _shadow(x).flags.c_contiguous


def maybe_shared(x: Tracer) -> Any:
    """Why a copy may not be written where it is none on some paths."""
    return MaybeShared([x._storage]) if x._storage.strides is UNKNOWN else ""


def check_known(x: Tracer, what: str) -> None:
    """Raise where what is asked for depends on the path on which an array was made."""
    if x._storage.strides is UNKNOWN:
        raise UnsupportedOperation(
            f"{what} of an array that lies differently in memory on different paths",
            where=where(),
            hint="let the paths agree, by np.ascontiguousarray",
        )


class Answer(NamedTuple):
    """What NumPy gives for an array: itself or a view (`shares`), or a copy, and its strides.

    `unsure` where that differs with the paths on which the array was made.
    """

    shares: bool
    shape: Shape
    strides: Strides | None
    unsure: bool = False


def ask(function: Any, x: Tracer, **options: Any) -> Answer:
    """What NumPy's function gives for an array, told by a miniature."""
    x._storage.asked |= bool(x._shape)
    writeable, given = not views.is_read_only(x._steps), tuple(options.items())
    known = [layout.strides_of(shadow(x)) if is_part(x) else strides_of(x)]
    if x._storage.strides is UNKNOWN:
        known = [None, layout.packed(x._shape, range(len(x._shape))[::-1])]
    one, *others = [_answer(function, x._shape, k, x._dtype, writeable, given) for k in known]
    if one in others or not others:
        return one
    return one._replace(shares=False, strides=UNKNOWN, unsure=one.shares != others[0].shares)


@lru_cache(maxsize=4096)
def _answer(
    function: Any, shape: Shape, strides: Strides | None, dtype: str, writeable: bool, given: Any
) -> Answer:
    small = layout.miniature(shape, strides, dtype)
    if not writeable:
        small.flags.writeable = False
    made = function(small, **dict(given))
    order = layout.order_of(made.shape, made.strides)
    full = (1,) * (made.ndim - len(shape)) + shape
    return Answer(np.may_share_memory(made, small), full, layout.in_order(full, order))
