"""Iterables that a `for` can index: sequences whose items are functions of the counter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.session import where
from tapec.trace.arrays.special import SPECIAL
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic


@dataclass(frozen=True, slots=True)
class Forced:
    """An iterable with a directive: unroll its loop, or roll it with a number of checkpoints."""

    iterable: Any
    rolled: bool
    checkpoint: int | bool = False

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)


def unroll(iterable: Any) -> Any:
    """``for item in tapec.unroll(iterable)``: one copy of the body for every item.

    The length must be known while tracing (ControlFlowError otherwise); the body may do what a loop
    that stays one may not, such as changing types. Outside of traced code it is the iterable
    itself.

    >>> @tapec.compile
    ... def f(x):
    ...     parts = []
    ...     for k in tapec.unroll(range(3)):
    ...         parts.append(x**k)
    ...     return parts
    >>> f(2.0)
    [1.0, 2.0, 4.0]
    """
    return Forced(iterable, rolled=False)


def rolled(iterable: Any, *, checkpoint: int | bool = False) -> Any:
    """``for item in tapec.rolled(iterable)``: stays a loop, or is an error that says why not.

    `iterable` is a range, an array (its leading axis), `enumerate` or `zip` of such. What the body
    changes keeps its type from one iteration to the next (ControlFlowError otherwise). With
    `checkpoint=c` the reverse sweep keeps the carried values of at most c iterations and computes
    the others again (`True`: about the square root of the length), as in `tapec.scan`. Outside of
    traced code it is the iterable itself.

    >>> @tapec.compile
    ... def f(x):
    ...     for _ in tapec.rolled(range(100_000), checkpoint=True):
    ...         x = x - 1e-3 * np.sin(x)
    ...     return x
    >>> round(float(f.grad(0.5)), 6)
    0.0
    """
    return Forced(iterable, True, checkpoint)


def kept(checkpoint: int | bool, length: int) -> int:
    """How many carries a reverse sweep keeps, 0 for all."""
    return math.isqrt(max(length - 1, 0)) + 1 if checkpoint is True else int(checkpoint)


class IndexedSequence:
    """A sequence given by its length and its items; iterates as Python would."""

    __slots__ = ("item", "length")

    def __init__(self, length: Any, item: Callable[[Any], Any]) -> None:
        self.length, self.item = length, item

    def __len__(self) -> int:
        if is_symbolic(self.length):
            raise ControlFlowError("the length of a loop is not known while tracing", where=where())
        return int(self.length)

    def __iter__(self) -> Iterator[Any]:
        return (self.item(i) for i in range(len(self)))


class DynamicRange(IndexedSequence):
    """``range`` with traced bounds."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: Any, stop: Any, step: Any = 1) -> None:
        self.start, self.stop, self.step = start, stop, step
        super().__init__(_count(start, stop, step), self._item)

    def _item(self, i: Any) -> Any:
        scaled = i if _is(self.step, 1) else i * self.step
        return scaled if _is(self.start, 0) else self.start + scaled


def _is(x: Any, number: int) -> bool:
    return not is_symbolic(x) and int(x) == number


def _count(start: Any, stop: Any, step: Any) -> Any:
    """How many items a range has; negative for an empty one."""
    if is_symbolic(step):
        ends = TABLE["where"](step > 0, stop - start + step - 1, stop - start + step + 1)
        return ends // step
    step = int(step)
    if step == 0:
        raise ValueError("range() arg 3 must not be zero")
    span = stop if _is(start, 0) else stop - start
    if step == 1:
        return span
    return -span if step == -1 else (span + (step - 1 if step > 0 else step + 1)) // step


def indexed_sequence(iterable: Any) -> IndexedSequence | None:
    """A sequence that can be looped over by index; None for any other iterable."""
    if isinstance(iterable, IndexedSequence):
        return iterable
    if isinstance(iterable, range):
        start, step = iterable.start, iterable.step
        if step == 1:
            return IndexedSequence(len(iterable), lambda i: start + i if start else i)
        return IndexedSequence(len(iterable), lambda i: start + i * step)
    if type(iterable) is Tracer and iterable._shape:
        return _rows(iterable)
    if type(iterable) in SPECIAL:
        return IndexedSequence(iterable.length, lambda i: iterable[i])
    return None


def _rows(x: Tracer) -> IndexedSequence:
    """The rows of an array whose shape the loop leaves as it is."""
    count = x._shape[0]

    def row(i: Any) -> Any:
        if x._shape[:1] != (count,):
            raise ControlFlowError(
                "an array gets another shape while a loop goes through its rows",
                where=where(),
                hint="loop over a copy: for row in x.copy():",
            )
        return x[i]

    return IndexedSequence(count, row)


def enumerate_(iterable: Any, start: int = 0) -> Any:
    """``enumerate``: indexable where its iterable is."""
    items = indexed_sequence(iterable)
    if items is None:
        return enumerate(iterable, start)
    return IndexedSequence(items.length, lambda i: (i + start if start else i, items.item(i)))


def zip_(*iterables: Any, strict: bool = False) -> Any:
    """``zip``: indexable where all its iterables are."""
    parts = [indexed_sequence(x) for x in iterables]
    known = [p for p in parts if p is not None and not is_symbolic(p.length)]
    if not parts or len(known) < len(parts):
        return zip(*iterables, strict=strict)
    lengths = {p.length for p in known}
    if strict and len(lengths) > 1:
        raise ValueError("zip() arguments have different lengths")
    return IndexedSequence(min(lengths), lambda i: tuple(p.item(i) for p in known))


def reversed_(sequence: Any) -> Any:
    """``reversed``: indexable where its sequence is."""
    items = indexed_sequence(sequence)
    if items is None:
        return reversed(sequence)
    return IndexedSequence(items.length, lambda i: items.item(items.length - 1 - i))
