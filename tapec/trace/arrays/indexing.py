"""Reading and writing items with NumPy's semantics: basic indices are views, arrays copy."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from tapec.ir.places import full_range, kept, selected
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.dynamic import Bounds, is_dynamic, parse_dynamic, place
from tapec.trace.arrays.fresh import laid_out_as_numpy
from tapec.trace.arrays.handlers import HANDLERS, may_raise
from tapec.trace.arrays.keys import ARRAYS, ParsedIndex, checked, completed, parse
from tapec.trace.arrays.memory import fresh, in_c_order, is_number
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_array,
    need_session,
    operand,
    session_of,
    unwrap,
)
from tapec.trace.arrays.overwriting import lies_in, write_in_steps
from tapec.trace.arrays.storage import element_at
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap
from tapec.trace.arrays.writes import copyto, fit


def getitem(x: Tracer, key: Any) -> Any:
    """``x[key]`` of integers, slices and arrays of indices, traced or not."""
    if type(key) is int and len(x.shape) == 1 and x._storage.array is None:
        session = session_of(x) or need_session()
        at = (checked(key, x.shape[0], 0),)
        known = None if x._steps else x._storage.element(session, at)
        value = known or session.emit("index", x._value(session), at=at)
        return wrap(session, value, False, x._deps)
    if not is_symbolic(x) and not any_symbolic(key):
        return _concrete_item(x, key)
    parsed = parse(x.shape, key)
    if parsed.arrays:
        return _gather(x, parsed)
    view = basic_view(x, parsed)
    if view.shape:
        return view
    if not parsed.boxed:
        return number(view)
    return fresh(view) if is_number(x) else view


def setitem(x: Tracer, key: Any, value: Any) -> None:
    """``x[key] = value`` for such keys."""
    if not (is_symbolic(x) or is_symbolic(value) or any_symbolic(key)):
        x._array[unwrap(key)] = unwrap(value)
        x._storage.changed()
        return
    parsed = parse(x.shape, key)
    if parsed.arrays and not any_symbolic(key) and lies_in(value, x):
        write_in_steps(x, value, lambda a, b: operator.setitem(a, unwrap(key), b))
    elif parsed.arrays:
        scatter("scatter", x, parsed, value)
    else:
        view = basic_view(x, parsed)
        if not (view.shape or parsed.boxed) and np.ndim(value):
            np.zeros(1)[0] = np.zeros(np.shape(value))  # NumPy says whether it takes an array
        write_through(x, view, value)


def write_through(x: Tracer, view: Tracer, value: Any) -> None:
    """``view[...] = value``, where the view is a part of `x`."""
    if type(value) is Tracer and value._storage is x._storage and value._steps == view._steps:
        return  # `x[i] += v` has already written through the view
    copyto(view, value)


def number(view: Tracer) -> Tracer:
    """The element that a view without axes looks at: a number, not memory."""
    session = session_of(view) or need_session()
    at = element_at(view._steps)
    known = None if at is None else view._storage.element(session, at)
    return wrap(session, known or view._value(session), False, view._deps)


class Window(NamedTuple):
    """The view that an index with traced numbers means, and what is left to do with it."""

    view: Tracer
    rest: Any = None  # the index arrays of the key, still to be applied; None where it has none
    bounds: Mapping[int, Bounds] = MappingProxyType({})  # by axis: slices of run-time length


def dynamic_view(x: Tracer, key: Any) -> Window:
    """The view of a part at a traced place."""
    entries, boxed = completed(x.shape, key)
    session = session_of(x, *_numbers(key)) or need_session()
    if any(isinstance(e, ARRAYS) and np.ndim(e) for e in entries):
        # Slices are applied first, as they keep their axes; then arrays and numbers together.
        cut = tuple(e if isinstance(e, slice) else slice(None) for e in entries if e is not None)
        rest = tuple(slice(None) if isinstance(e, slice) else e for e in entries)
        return (dynamic_view(x, cut) if is_dynamic(cut) else Window(x[cut]))._replace(rest=rest)
    shape = iter(x.shape)
    for k, e in enumerate(entries):
        n = 0 if e is None else next(shape)
        if not (e is None or isinstance(e, slice) or is_symbolic(e)):
            entries[k] = checked(e, n, k)
        elif is_symbolic(e):
            _may_be_outside(e, n, k)
    index = parse_dynamic(x, entries, session)
    view = place(x, index, session) if index.starts else basic_view(
        x, ParsedIndex(index.at, {}, [], boxed))  # fmt: skip
    if "new" in index.layout:
        sizes = iter(view.shape)
        shape_ = tuple(1 if e == "new" else next(sizes) for e in index.layout)
        view = view._view(("reshape", shape_), shape_)
    return Window(view, bounds=_cut_axes(index))


def _may_be_outside(index: Any, n: int, axis: int) -> None:
    """Let a `try` around catch what NumPy raises for places outside of an axis."""
    if HANDLERS.get():
        inside = lambda: TABLE["all"](TABLE["logical_and"](index >= -n, index < n))  # noqa: E731
        may_raise(IndexError, inside, f"index is out of bounds for axis {axis} with size {n}")


def _cut_axes(index: Any) -> dict[int, Any]:
    """The bounds by axis of the view, new axes included."""
    axes = iter(kept(index.at))
    places = (None if e == "new" else next(axes) for e in index.layout)
    return {k: index.bounds[a] for k, a in enumerate(places) if a in index.bounds}


def _numbers(key: Any) -> list[Any]:
    """All that is in a key, the bounds of slices included."""
    entries = key if type(key) is tuple else (key,)
    return [part for e in entries
            for part in ((e.start, e.stop) if type(e) is slice else (e,))]  # fmt: skip


def _concrete_item(x: Tracer, key: Any) -> Any:
    array = x._array
    seen = array[unwrap(key)]
    if not isinstance(seen, np.ndarray):
        return seen
    if not np.may_share_memory(seen, array) or _has_arrays(key):
        return concrete(seen)
    return basic_view(x, parse(x.shape, unwrap(key)))


def _has_arrays(key: Any) -> bool:
    return any(isinstance(e, ARRAYS) for e in (key if isinstance(key, tuple) else (key,)))


def basic_view(x: Tracer, parsed: ParsedIndex) -> Tracer:
    view = x
    if parsed.at != full_range(x.shape):
        view = x._view(("index", parsed.at), selected(parsed.at))
    if "new" in parsed.layout:
        sizes = iter(selected(parsed.at))
        shape = tuple(1 if e == "new" else next(sizes) for e in parsed.layout)
        view = view._view(("reshape", shape), shape)
    return x._view(("reshape", x.shape), x.shape) if view is x else view


def _front(x: Tracer, parsed: ParsedIndex) -> Tracer:
    """The basic part applied and the indexed axes brought to the front: a view."""
    view = x
    if parsed.at != full_range(x.shape):
        shape = selected(parsed.at)
        view = x._view(("index", parsed.at), shape)
    axes = list(parsed.arrays)
    perm = (*axes, *(i for i in range(view.ndim) if i not in parsed.arrays))
    if perm == tuple(range(view.ndim)):
        return view
    return view._view(("transpose", perm), tuple(view.shape[i] for i in perm))


def _operands(x: Tracer, parsed: ParsedIndex, *more: Any) -> tuple[Any, list[Any]]:
    arrays = [as_array(a) for a in parsed.arrays.values()]
    session = session_of(x, *arrays, *more) or need_session()
    values = []
    for axis, a in zip(parsed.arrays, arrays, strict=True):
        if np.dtype(a.dtype).kind not in "iu":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        if is_symbolic(a):
            _may_be_outside(a, x.shape[axis], axis)
        else:
            plain = np.asarray(unwrap(a))
            n = x.shape[axis]
            if plain.size and (plain.min() < -n or plain.max() >= n):
                raise IndexError(f"index out of bounds for axis {axis} with size {n}")
            plain = plain.astype(np.int64)
            a = np.where(plain < 0, plain + n, plain)
        values.append(operand(session, a, "i64"))
    return session, values


def _gather(x: Tracer, parsed: ParsedIndex) -> Any:
    session, indices = _operands(x, parsed)
    base = _front(x, parsed)
    result = wrap(session, session.emit("gather", base._value(session), *indices))
    rank = result.ndim - (base.ndim - len(indices))
    made = _arrange(result, parsed, rank)
    if in_c_order(x) and all(map(in_c_order, parsed.arrays.values())):
        return made
    seen = (
        x
        if parsed.at == full_range(x.shape)
        else x._view(("index", parsed.at), selected(parsed.at))
    )
    return laid_out_as_numpy(operator.getitem, (seen, _key(parsed)), {}, made)


def _key(parsed: ParsedIndex) -> tuple[Any, ...]:
    """The index once more, of the part that its slices select."""
    arrays = iter(parsed.arrays.values())
    known = {"slice": slice(None), "new": None}
    return tuple(as_array(next(arrays)) if e == "adv" else known[e] for e in parsed.layout)


def _position(parsed: ParsedIndex) -> int | None:
    """Where the indexed axes belong in the result; None for the front."""
    places = [i for i, e in enumerate(parsed.layout) if e == "adv"]
    if places[-1] - places[0] + 1 != len(places):
        return None
    return places[0] or None


def _arrange(result: Tracer, parsed: ParsedIndex, rank: int) -> Tracer:
    """Insert new axes and move the block of indexed axes to NumPy's place."""
    rest = iter(result.shape[rank:])
    shape = (*result.shape[:rank],
             *(1 if e == "new" else next(rest) for e in parsed.layout if e != "adv"))  # fmt: skip
    made: Any = result if shape == result.shape else TABLE["reshape"](result, shape)
    position = _position(parsed)
    if position is None or rank == 0:
        return made  # type: ignore[no-any-return]
    perm = (*range(rank, rank + position), *range(rank), *range(rank + position, made.ndim))
    return TABLE["transpose"](made, perm)  # type: ignore[no-any-return]


def is_mask(key: Any) -> bool:
    """Whether a key is a traced array of booleans."""
    return is_symbolic(key) and key._dtype == "bool" and bool(key.shape)


def mask_for(key: Tracer, x: Tracer) -> Any:
    """A mask of leading axes with all axes of the array."""
    if key.ndim == x.ndim:
        return key
    return TABLE["reshape"](key, key.shape + (1,) * (x.ndim - key.ndim))


def scatter(name: str, x: Tracer, parsed: ParsedIndex, value: Any) -> None:
    session, indices = _operands(x, parsed, value)
    base = _front(x, parsed)
    values = operand(session, value, x._dtype)
    shape = np.broadcast_shapes(*(i.type.shape for i in indices))
    rank = len(shape)
    rest = base.shape[len(indices) :]
    position = _position(parsed)
    if position is None or not rank or not values.type.shape:
        values = fit(session, values, (*shape, *rest))
    else:
        slices = [e for e in parsed.layout[:position] if e == "slice"]
        lead = len(slices)
        seen = (*rest[:lead], *shape, *rest[lead:])
        values = fit(session, values, seen)
        perm = (*range(lead, lead + rank), *range(lead), *range(lead + rank, len(seen)))
        values = session.emit("transpose", values, perm=perm)
    new = session.emit(name, base._value(session), values, *indices)
    base._storage.write(session, base._steps, new)
