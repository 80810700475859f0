"""Bounds of a slice whose length is known at run time only."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.trace.arrays.dynamic import Bounds
from tapec.trace.arrays.linear import difference, linear
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import is_symbolic
from tapec.trace.numpy.select import where


class LengthMark:
    """A leaf that marks a value of unknown length."""

    __slots__ = ()


MARK = LengthMark()


class Size(int):
    """The size of an axis, the same object in all branches and loops."""


@functools.cache
def size_of(n: int) -> Size:
    """The one object for a size."""
    return Size(n)


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds on one axis of size `n`: elements `low` to `high`, within 0 and `n`.

    `start` and `stop` are what the user wrote: parts match where these provably do.
    """

    n: Size
    start: Any
    stop: Any
    low: Any
    high: Any
    mark: LengthMark = MARK

    @staticmethod
    def of(start: Any, stop: Any, n: int) -> Interval:
        """The bounds of ``start:stop`` as Python understands them."""
        low, high = within(start, n), within(stop, n)
        start, stop = (start if is_symbolic(start) else low), (stop if is_symbolic(stop) else high)
        return Interval(size_of(n), start, stop, low, high)

    @staticmethod
    def backwards(start: Any, stop: Any, n: int) -> Interval:
        """The bounds of ``start:stop:-1``, in an axis that runs backwards."""
        low, first = (0, 0) if stop is None else (within(stop, n, 1), stop + 1)
        high, last = (n, n) if start is None else (within(start, n, 1), start + 1)
        return Interval(size_of(n), first, last, low, high).flipped()

    def flipped(self) -> Interval:
        """The bounds once the axis runs backwards."""
        n = int(self.n)
        return Interval(self.n, n - self.stop, n - self.start, n - self.high, n - self.low)

    def same(self, other: Interval) -> bool:
        """Whether both have the same elements of equally long axes."""
        session = need_session()
        return (
            self.n == other.n
            and difference(self.start, other.start, session) == 0
            and difference(self.stop, other.stop, session) == 0
        )

    def as_long_as(self, other: Interval) -> bool:
        """Whether both provably have the same length."""
        session = need_session()
        mine = linear(self.stop, session) - linear(self.start, session)
        return mine == linear(other.stop, session) - linear(other.start, session)

    @property
    def length(self) -> Any:
        """The number of elements, traced."""
        return TABLE["maximum"](self.high - self.low, 0)

    def mask(self, axis: int, ndim: int) -> Any:
        """The mask of the elements in the interval, broadcastable to `ndim` axes."""
        k = np.arange(int(self.n)).reshape([-1 if a == axis else 1 for a in range(ndim)])
        low, high = self.low, self.high
        if not is_symbolic(low) and int(low) == 0:
            return TABLE["less"](k, high)
        meant = TABLE["greater_equal"](k, low)
        if not is_symbolic(high) and int(high) == int(self.n):
            return meant
        return TABLE["logical_and"](meant, TABLE["less"](k, high))


def within(bound: Any, n: Any, later: int = 0) -> Any:
    """A slice bound clipped to the axis; negative bounds count from the end.

    `later` is added before what leaves is cut off: backwards, the place behind a bound counts.
    """
    if not is_symbolic(bound) and not is_symbolic(n):
        return min(max((bound + n if bound < 0 else bound) + later, 0), n)
    counted = where(bound < 0, bound + n, bound) if is_symbolic(bound) or bound < 0 else bound
    return TABLE["minimum"](TABLE["maximum"](counted + later if later else counted, 0), n)


def interval_of(bounds: Bounds, n: int) -> Interval:
    """The interval of a slice as written."""
    if bounds.reverse:
        return Interval.backwards(bounds.start, bounds.stop, n)
    stop = n if bounds.stop is None else bounds.stop
    return Interval.of(0 if bounds.start is None else bounds.start, stop, n)
