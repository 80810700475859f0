"""Indices known at run time only: elements, rows and windows of fixed size are views too.

A part with traced starts is the view step ``("dynamic", DynamicSlice)``. Windows are slices whose
bounds differ by a number that does not depend on anything traced.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tapec.errors import UnsupportedOperation
from tapec.ir.core import Value
from tapec.ir.places import RUN, is_run, kept, of_slice, selected
from tapec.trace.arrays.linear import difference, linear
from tapec.trace.arrays.session import NeedStatic, Session, where
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.arrays.view_kinds import DynamicSlice

REVERSED = slice(None, None, -1)


class Bounds(NamedTuple):
    """An axis cut to ``start:stop`` as written, where the length is known at run time only."""

    start: Any
    stop: Any
    reverse: bool


class DynamicIndex(NamedTuple):
    """An index: `at` has an entry per axis, a full slice where `bounds` cut the axis."""

    at: tuple[Any, ...]
    starts: tuple[Tracer, ...]
    layout: list[str]  # "slice" or "new", as written
    bounds: dict[int, Bounds]  # by axis of the array
    flips: set[int]  # axes whose windows run backwards


def is_dynamic(key: Any) -> bool:
    """Whether an index has traced numbers in it (traced arrays of indices are another matter)."""
    entries = key if type(key) is tuple else (key,)
    return any(map(_is_dynamic_entry, entries))


def _is_dynamic_entry(e: Any) -> bool:
    if type(e) is slice:
        return is_symbolic(e.start) or is_symbolic(e.stop) or is_symbolic(e.step)
    return type(e) is Tracer and e._storage.array is None and not e._shape and e._dtype != "bool"


def parse_dynamic(x: Tracer, entries: list[Any], session: Session) -> DynamicIndex:
    """Normalise an index with one entry per axis, new axes aside."""
    at: list[Any] = []
    starts: list[Tracer] = []
    layout: list[str] = []
    bounds: dict[int, Bounds] = {}
    flips: set[int] = set()
    for e in entries:
        if e is None:
            layout.append("new")
            continue
        axis, n = len(at), x.shape[len(at)]
        if isinstance(e, slice):
            layout.append("slice")
            if not _is_dynamic_entry(e):
                at.append(of_slice(e, n))
                continue
            window = _window(e, n, session)
            if window is None:
                bounds[axis] = _bounds(e)
                at.append(of_slice(REVERSED if bounds[axis].reverse else slice(None), n))
            else:
                at.append((window[0], window[1], abs(window[2])))
                starts += [_first(e, window, n)] if window[0] == RUN else []
                flips |= {axis} if window[2] < 0 else set()
        elif type(e) is Tracer and is_symbolic(e):
            at.append(RUN)
            starts.append(_integer(e))
        else:
            at.append(e)
    return DynamicIndex(tuple(at), tuple(starts), layout, bounds, flips)


def _integer(e: Tracer) -> Tracer:
    if e._dtype not in ("i64", "i32"):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
            "boolean arrays are valid indices"
        )
    return e


def _window(e: slice, n: int, session: Session) -> tuple[int, int, int] | None:
    """The entry of a slice whose length is the same in every run; None for other slices."""
    step = 1 if e.step is None else e.step
    if is_symbolic(step):
        raise UnsupportedOperation(
            "a slice whose step is a traced value",
            where=where(),
            hint="use a constant step, or an array of indices: x[np.arange(n) * step]",
        )
    if e.start is None or e.stop is None or not is_symbolic(e.start):
        return None
    span = difference(e.stop, e.start, session)
    if span is None:
        return None
    count = len(range(0, span, step))
    return (RUN, count, int(step)) if count else (0, 0, 1)


def _first(e: slice, window: tuple[int, int, int], n: int) -> Any:
    """The lowest place of a window; one that would end before the array leaves it instead."""
    start: Any = _integer(e.start)
    _, count, step = window
    if step > 0:
        return start
    # A stop of -1 is the last element to Python, not the place before the first one.
    return TABLE["where"](e.stop < 0, n, start + (count - 1) * step)


def _bounds(e: slice) -> Bounds:
    """The bounds of a slice whose length differs from run to run."""
    for bound in (e.start, e.stop):
        if is_symbolic(bound) and _integer(bound)._deps:
            raise NeedStatic(bound._deps, where())
    if e.step is not None and int(e.step) not in (1, -1):
        raise UnsupportedOperation(
            "a slice with a step whose length is known at run time only",
            where=where(),
            hint="make its length constant (x[i : i + k : step]), or loop over the elements",
        )
    return Bounds(e.start, e.stop, e.step is not None and int(e.step) == -1)


def place(x: Tracer, index: DynamicIndex, session: Session) -> Tracer:
    """The view of a part, new axes left out."""
    base = _symbolic(x, session)
    shape = selected(index.at)
    forms = tuple(linear(s, session) for s in index.starts)
    starts = tuple(_held(s, session) for s in index.starts)
    merged = _merged(base, index.at, starts, forms)
    if merged is not None:
        view = Tracer(base._storage, base._dtype, shape, (merged,))
    else:
        view = base._view(("dynamic", DynamicSlice(index.at, starts, forms)), shape)
    if not index.flips:
        return view
    axes = kept(index.at)
    reversal = tuple(of_slice(REVERSED if a in index.flips else slice(None), n)
                     for a, n in zip(axes, shape, strict=True))  # fmt: skip
    return view._view(("index", reversal), shape)


def _held(start: Tracer, session: Session) -> Tracer:
    """A start of its own, as i64: what happens to the variable later does not move the view."""
    value: Value = start._value(session)
    if value.type.dtype != "i64":
        value = session.emit("convert", value, dtype="i64")
    return wrap(session, value)


def _merged(x: Tracer, at: tuple[Any, ...], starts: Any, forms: Any) -> Any:
    """Two view steps as one, where the second only slices axes that the first kept in full."""
    if len(x._steps) != 1 or x._steps[0][0] not in ("index", "dynamic"):
        return None
    kind, outer = x._steps[0]
    before = DynamicSlice(outer, (), ()) if kind == "index" else outer
    inner = iter(at)
    new, old = zip(starts, forms, strict=True), zip(before.starts, before.forms, strict=True)
    joined: list[Any] = []
    given: list[Any] = []
    for e, n in zip(before.at, x._storage.shape, strict=True):
        source = old
        if isinstance(e, tuple):
            if e != (0, n, 1):
                return None
            e, source = next(inner), new
        joined.append(e)
        given += [next(source)] if is_run(e) else []
    both = zip(*given, strict=True) if given else ((), ())
    return ("dynamic", DynamicSlice(tuple(joined), *map(tuple, both)))


def _symbolic(x: Tracer, session: Session) -> Tracer:
    """`x` as a traced array: a constant array that may be written becomes one where it is."""
    storage = x._storage
    if storage.array is None:
        owner = storage.session
        if owner is session or session.is_region:
            return x
        # A separately traced function sees a copy, as it may not write to this array.
        return _read_only(wrap(session, x._value(session)), "an array of the enclosing trace")
    if storage.frozen or not _is_of_function(storage, session):
        why = storage.frozen or "an array of the enclosing trace"
        return _read_only(wrap(session, x._value(session)), why)
    storage.trace_into(session)
    return x


def _is_of_function(storage: Storage, session: Session) -> bool:
    """Whether a constant array was made by the function that is being traced."""
    owner: Session | None = session
    while owner is not None and owner is not storage.born and owner.is_region:
        owner = owner.parent
    return storage.born in (owner, None)


def _read_only(x: Tracer, why: Any) -> Tracer:
    x._storage.frozen = why
    return x
