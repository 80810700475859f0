"""Items of tracers: masks and slices of run-time length here, all other keys in `arrays`."""

from __future__ import annotations

from typing import Any

from tapec.trace.arrays import indexing as plain
from tapec.trace.arrays.dynamic import is_dynamic
from tapec.trace.arrays.memory import is_number
from tapec.trace.arrays.narrow import narrowed, widened_integers, widened_key
from tapec.trace.arrays.operands import any_special, as_array, listed
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import copyto
from tapec.trace.numpy import flat
from tapec.trace.parts.items import gather, scatter
from tapec.trace.parts.masked import masked, write_masked
from tapec.trace.parts.places import mask_of
from tapec.trace.parts.ragged import Ragged, mismatch, ragged, write


def getitem(x: Tracer, key: Any) -> Any:
    """``x[key]``."""
    if x._storage.narrow:
        return narrowed(getitem(widened_integers(x), key), x._storage.narrow)
    if type(key) is int:
        return plain.getitem(x, key)
    key = widened_key(listed(key))
    if flat.is_flat(x):
        return flat.items(x, getitem(flat.as_row(x), key))
    if any_special(key):
        key = mask_of(x, key)
        if any_special(key):
            return gather(x, key)
    if plain.is_mask(key):
        return masked(x, key)
    if not is_dynamic(key):
        return plain.getitem(x, key)
    view, rest, bounds = plain.dynamic_view(x, key)
    if bounds:
        part = ragged(view, bounds)
        return part if rest is None else part[rest]
    if rest is not None:
        return plain.getitem(view, rest)
    boxed = any(e is Ellipsis for e in (key if type(key) is tuple else (key,)))
    return view if view.shape or boxed else plain.number(view)


def setitem(x: Tracer, key: Any, value: Any) -> None:
    """``x[key] = value``."""
    x._check_writable()
    if is_number(x):
        raise TypeError(f"'numpy.{x.dtype}' object does not support item assignment")
    key, value = widened_key(listed(key)), listed(value)
    if flat.is_flat(x):
        if flat.write_as_numpy(x, key, value):
            return
        x = flat.as_row(x)
        value = flat.values_for(getitem(x, key), value)
    if any_special(key):
        key = mask_of(x, key)
        if any_special(key):
            scatter(x, key, value)
    value = as_array(value)
    if plain.is_mask(key):
        _set_masked(x, key, value)
    elif is_dynamic(key):
        _set_window(x, plain.dynamic_view(x, key), value)
    elif type(value) is Ragged:
        raise mismatch(value, 0)
    else:
        plain.setitem(x, key, value)


def _set_masked(x: Tracer, mask: Tracer, value: Any) -> None:
    if type(value) is Ragged:
        write_masked(x, mask, value)
    else:
        copyto(x, value, where=plain.mask_for(mask, x))


def _set_window(x: Tracer, window: plain.Window, value: Any) -> None:
    if window.bounds:
        part = ragged(window.view, window.bounds)
        write(part if window.rest is None else part[window.rest], value)
    elif type(value) is Ragged:
        raise mismatch(value, 0)
    elif window.rest is not None:
        plain.setitem(window.view, window.rest, value)
    else:
        plain.write_through(x, window.view, value)


for _name, _function in {"__getitem__": getitem, "__setitem__": setitem}.items():
    setattr(Tracer, _name, _function)
