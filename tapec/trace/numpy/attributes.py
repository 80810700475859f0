"""What arrays tell of their memory: ``flags``, ``strides``, ``base``, whether two share it."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays import views
from tapec.trace.arrays.memory import check_known, pattern, shadow, whole_of
from tapec.trace.arrays.operands import as_tracer
from tapec.trace.arrays.promote import is_complex_type
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.sharing import may_be_one, same_memory
from tapec.trace.arrays.special import complex_call
from tapec.trace.arrays.table import ATTRIBUTES, implements, method_of_arrays
from tapec.trace.arrays.tracer import Tracer


def _is_argument(x: Tracer) -> bool:
    """Whether the memory is the caller's, of which the trace knows no more than it needs."""
    session: Session | None = current()
    while session is not None and session.is_region:
        session = session.parent
    return session is not None and any(x._storage is p for p in session.params)


def _refuse(what: str) -> UnsupportedOperation:
    return UnsupportedOperation(
        f"{what} may differ from call to call",
        where=where(),
        hint="ask a copy: x.copy()",
    )


class Flags:
    """``x.flags``: the layout is NumPy's, of a shadow; `writeable` may be set."""

    __slots__ = ("_of",)

    def __init__(self, of: Tracer) -> None:
        object.__setattr__(self, "_of", of)

    def __getattr__(self, name: str) -> Any:
        check_known(self._of, "the flags")
        if name == "owndata":
            if _is_argument(self._of) and not self._of._steps:
                raise _refuse("flags.owndata of an argument")
            return not self._of._steps
        if name == "writeable":
            return not (views.is_read_only(self._of._steps) or self._of._storage.frozen)
        return getattr(shadow(self._of).flags, name)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, _FLAGS.get(key, key.lower()))

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "writeable":
            raise AttributeError(f"cannot set flags.{name} of a traced array")
        _set_writeable(self._of, bool(value))

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, _FLAGS.get(key, key.lower()), value)


_FLAGS = {"C": "c_contiguous", "CONTIGUOUS": "c_contiguous", "F": "f_contiguous", "FORTRAN":
          "f_contiguous", "W": "writeable", "O": "owndata", "A": "aligned", "FA": "farray",
          "CA": "carray", "B": "behaved"}  # fmt: skip
_LOCK = ("read only", None)


def _set_writeable(x: Tracer, writeable: bool) -> None:
    """Let this array, and the views that are made of it later, be written or not."""
    if not writeable:
        x._steps = (*x._steps, _LOCK)
        return
    kept = tuple(step for step in x._steps if step != _LOCK)
    if views.is_read_only(kept) or x._storage.frozen:
        raise ValueError("cannot set WRITEABLE flag to True of this array")
    x._steps = kept


@method_of_arrays("setflags")
def setflags(x: Tracer, write: Any = None, align: Any = None, uic: Any = None) -> None:
    """``x.setflags(write=...)``."""
    if write is not None:
        _set_writeable(x, bool(write))


def _strides(x: Tracer) -> tuple[int, ...]:
    check_known(x, "the strides")
    if _is_argument(x) and x._storage.strides is not None:
        raise _refuse("the strides of an argument")
    found: tuple[int, ...] = shadow(x).strides
    return found


def _base(x: Tracer) -> Any:
    """The array whose memory this is a view of, None where it is its own."""
    if _is_argument(x):
        raise _refuse("the base of an argument")
    if not x._steps:
        return None
    # NumPy's base is the very array that owns the memory: it is found by its reference to that.
    owners = (t for t in gc.get_referrers(x._storage) if type(t) is Tracer and not t._steps)
    return next(owners, whole_of(x))


ATTRIBUTES.update({"flags": Flags, "strides": _strides, "base": _base})


@method_of_arrays("view")
def view(x: Tracer, dtype: Any = None, type: Any = None) -> Any:
    """``x.view()``: of other element types it is refused, but for complex ones."""
    if type is None and is_complex_type(dtype):
        return complex_call("paired", x, dtype=dtype)
    if type not in (None, np.ndarray) or (dtype is not None and np.dtype(dtype) != x.dtype):
        raise UnsupportedOperation(
            "a view of the bytes of an array as another element type",
            where=where(),
            hint="convert the elements: x.astype(dtype)",
        )
    return x._view(("reshape", x.shape), x.shape)


@implements("shares_memory")
def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Whether two arrays have an element in common."""
    x, y = as_tracer(a), as_tracer(b)
    _check_decided(x, y)
    return same_memory(x, y)


@implements("may_share_memory")
def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Whether the stretches of memory of two arrays overlap."""
    x, y = as_tracer(a), as_tracer(b)
    _check_decided(x, y)
    return x._storage is y._storage and bool(np.may_share_memory(pattern(x), pattern(y)))


def _check_decided(x: Tracer, y: Tracer) -> None:
    """Raise where it is the call that decides."""
    session = current()
    if session is not None and may_be_one(session, x, y):
        raise _refuse("whether memory is shared by arguments, or on some paths only")
    kinds = {kind for t in (x, y) for kind, _ in t._steps}
    if x._storage is y._storage and "dynamic" in kinds:
        raise _refuse("whether memory is shared by parts at traced places")
