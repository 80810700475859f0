"""Slices whose length is known at run time only: ``x[:i]``, ``A[k + 1 :, k]``.

Shapes of a program are fixed, so such a part is kept as the whole axis, its `frame`, with bounds:
elements outside the bounds exist but mean nothing. Elementwise work runs over the frame; whatever
combines elements replaces the others by its neutral element, whatever is written keeps the old
ones. Parts of equal length at other offsets are moved to where their partner is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tapec.errors import ShapeError, TraceError, UnsupportedOperation
from tapec.trace.arrays.linear import difference
from tapec.trace.arrays.operands import key_of, need_session
from tapec.trace.arrays.overloads import give_operators
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.special import call_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import copyto
from tapec.trace.numpy.select import where
from tapec.trace.numpy.ufunc_methods import NumpyProtocols
from tapec.trace.parts.intervals import Interval, interval_of

CURE = "make its length constant (x[i : i + k]), loop over the elements, or use np.where(m, a, b)"


@dataclass(eq=False, repr=False, slots=True)
class Ragged(NumpyProtocols):
    """A part of an array between bounds known at run time only."""

    frame: Tracer
    intervals: dict[int, Interval]

    __array_priority__: ClassVar[float] = 2000.0

    # -- what NumPy asks -------------------------------------------------------------------

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the axes; traced where they are cut."""
        return tuple(self.intervals[a].length if a in self.intervals else n
                     for a, n in enumerate(self.frame.shape))  # fmt: skip

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.frame.ndim

    @property
    def size(self) -> Any:
        """Number of elements, traced."""
        return math.prod(self.shape)

    @property
    def length(self) -> Any:
        """``len`` of it."""
        return self.shape[0]

    @property
    def dtype(self) -> Any:
        """NumPy element type."""
        return self.frame.dtype

    @property
    def T(self) -> Any:
        """Transpose."""
        return call_special("transpose", (self,), {})

    def __len__(self) -> int:
        raise TraceError("the length of a slice is not known while tracing", where=user_line(),
                         hint=CURE)  # fmt: skip

    def __iter__(self) -> Iterator[Any]:
        raise TraceError("the length of a slice is not known while tracing", where=user_line(),
                         hint="loop over a range: for k in range(i): ... x[k]")  # fmt: skip

    def __bool__(self) -> bool:
        raise TraceError("the truth of a slice of run-time length", where=user_line(), hint=CURE)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise unsupported("code that needs a real NumPy array")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("frame", "intervals"):
            raise UnsupportedOperation(
                f"a store to .{name} of a slice whose length is known at run time only",
                where=user_line(),
                hint=CURE,
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'ndarray' object has no attribute {name!r}")
        if not callable(getattr(np.ndarray, name)):
            raise UnsupportedOperation(
                f"ndarray.{name} of a slice whose length is known at run time only",
                where=user_line(),
                hint=CURE,
            )
        return lambda *args, **kwargs: call_special(name, (self, *args), kwargs)

    def __getitem__(self, key: Any) -> Any:
        return call_special("getitem", (self, key), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        call_special("setitem", (self, key, value), {})

    def __repr__(self) -> str:
        sizes = ("?" if a in self.intervals else str(n) for a, n in enumerate(self.frame.shape))
        return f"traced {self.frame._dtype}[{','.join(sizes)}]"

    # -- what rules use --------------------------------------------------------------------

    def mask(self, axes: Any = None) -> Any:
        """The mask of the elements inside the bounds of these axes (all by default)."""
        made: Any = None
        for a, interval in self.intervals.items():
            if axes is None or a in axes:
                one = interval.mask(a, self.ndim)
                made = one if made is None else TABLE["logical_and"](made, one)
        return made

    def filled(self, value: Any, axes: Any = None) -> Tracer:
        """The frame with `value` outside of the bounds, as `np.ma.filled`."""
        mask = self.mask(axes)
        made: Tracer = self.frame if mask is None else where(mask, self.frame, value)
        return made

    def moved(self, axis: int, to: Interval) -> Ragged:
        """The elements moved to another interval; ShapeError where lengths may differ."""
        interval = self.intervals.get(axis)
        if interval is None or not interval.as_long_as(to):
            raise mismatch(self, axis)
        if interval.same(to):
            return self
        place = np.arange(int(to.n)) + _offset(interval, to)
        place = TABLE["minimum"](TABLE["maximum"](place, 0), int(interval.n) - 1)
        frame = self.frame[(slice(None),) * axis + (place,)]
        return Ragged(frame, {**self.intervals, axis: to})


def _offset(interval: Interval, to: Interval) -> Any:
    """The distance between the starts of two intervals."""
    known = difference(interval.start, to.start, need_session())
    return interval.low - to.low if known is None else known


def mismatch(part: Any, axis: int) -> ShapeError:
    """The error for lengths that may differ."""
    return ShapeError(
        f"axis {axis} of {part!r} is not provably as long as the axis it meets",
        where=user_line(),
        hint="cut both operands by the same bounds; x[n - k :] is provably k long, x[-k:] is not",
    )


def unsupported(what: str) -> UnsupportedOperation:
    """The error for what cannot be done with a length known at run time only."""
    return UnsupportedOperation(
        f"{what} with a slice whose length is known at run time only", where=user_line(), hint=CURE
    )


def ragged(view: Tracer, bounds: Mapping[int, Any]) -> Ragged:
    """The part of a view between bounds, by axis."""
    return Ragged(view, {a: interval_of(b, view.shape[a]) for a, b in bounds.items()})


def write(part: Ragged, value: Any) -> None:
    """``part[...] = value``: elements outside of the bounds keep their values."""
    part.frame._check_writable()
    if type(value) is Ragged:
        if is_same_memory(part, value):
            return
        lead = part.ndim - value.ndim
        for a in sorted(part.intervals):
            if a >= lead and value.frame.shape[a - lead] != 1:
                value = value.moved(a - lead, part.intervals[a])
        if any(a + lead not in part.intervals for a in value.intervals):
            raise mismatch(value, 0)
        value = value.frame
    else:
        _check_fits(part, np.shape(value) if not hasattr(value, "shape") else value.shape)
    mask = part.mask()
    if key_of(value)[0] != part.frame._dtype:
        value = TABLE["asarray"](value, dtype=part.frame.dtype)
    copyto(part.frame, where(mask, value, part.frame))


def is_same_memory(part: Ragged, value: Ragged) -> bool:
    """Whether `value` is the same part: `x[:i] += v` has already written through it."""
    return (
        value.frame._storage is part.frame._storage
        and value.frame._steps == part.frame._steps
        and value.intervals.keys() == part.intervals.keys()
        and all(value.intervals[a].same(c) for a, c in part.intervals.items())
    )


def _check_fits(part: Ragged, shape: tuple[int, ...]) -> None:
    for back in range(1, min(len(shape), part.ndim) + 1):
        if part.ndim - back in part.intervals and shape[-back] != 1:
            raise mismatch(part, part.ndim - back)


def _written(part: Ragged, made: Any) -> Ragged:
    write(part, made)
    return part


give_operators(Ragged, _written)
