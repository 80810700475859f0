"""`max`, `min` and `sorted` where keys are traced: what is taken may still be written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.lazy import deferred
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.arrays.session import current
from tapec.trace.arrays.session import where as user_line
from tapec.trace.arrays.special import SPECIAL, call_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.select import where
from tapec.trace.python.comparisons import ordered
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.state import Cells
from tapec.trace.staging.values import NARROW, Kind, kind_of, memory_of, rounds, traced, truth
from tapec.trace.tuning import LONG_ARRAY

if TYPE_CHECKING:
    from tapec.trace.staging import branch, merged_memory
else:
    branch = deferred("tapec.trace.staging.branch")
    merged_memory = deferred("tapec.trace.staging.merged_memory")


def extreme(real: Any, better: str) -> Callable[..., Any]:
    """`max` or `min`, in whose order one item is `better` than another."""

    @functools.wraps(real)
    def taken(*args: Any, key: Any = None, **kwargs: Any) -> Any:
        items = args[0] if len(args) == 1 else args
        if type(items) in SPECIAL:
            return call_special(real.__name__, (items,), kwargs)
        if (
            type(items) is Tracer
            and len(items.shape) == 1
            and items.shape[0] > LONG_ARRAY
            and not key
        ):
            return TABLE[real.__name__](items)
        found = items if len(args) != 1 else list(items)
        if not found or (len(args) != 1 and kwargs):
            return real(*(args if len(args) != 1 else (found,)), key=key, **kwargs)
        keys = found if key is None else [key(item) for item in found]
        if not any_symbolic(list(keys)):
            return found[real(range(len(found)), key=keys.__getitem__)]
        first, top = found[0], keys[0]
        for item, value in zip(found[1:], keys[1:], strict=True):
            # As in Python, the first of equal values is kept.
            wins = ordered(value, top, better)
            first = _either(wins, item, first)
            top = first if key is None else _either(wins, value, top)
        return first

    return taken


def _either(wins: Any, a: Any, b: Any) -> Any:
    """The first where a condition holds, else the second; tuples element by element."""
    if not is_symbolic(wins):
        return a if wins else b
    if type(a) is type(b) is tuple and len(a) == len(b):
        return tuple(_either(wins, x, y) for x, y in zip(a, b, strict=True))
    return _merged(wins, a, b) if _is_value(a) and _is_value(b) else _one_of(wins, a, b)


def _is_value(x: Any) -> bool:
    """Whether it is a number; arrays and objects have names, under which they may change."""
    return isinstance(x, _NUMBERS) or (type(x) is Tracer and memory_of(x) is None)


def _one_of(test: Any, a: Any, b: Any) -> Any:
    """``a if test else b``."""
    session = current()
    assert session is not None
    chosen = Cells(value=UNDEFINED)
    works = [lambda: chosen.set((a,)), lambda: chosen.set((b,))]
    branch.branch(truth(session, test), works, chosen, "a choice between objects")
    return chosen.values[0]


def _merged(wins: Any, a: Any, b: Any) -> Any:
    """One of two numbers, which keeps its class as far as one program can."""
    made = where(wins, a, b)
    _keep_class(made, [kind for kind in map(kind_of, (a, b)) if kind is not None])
    return made


def _keep_class(made: Any, kinds: Sequence[Kind]) -> None:
    """Note of which classes a number may be, as one of several that were found."""
    if made.shape:
        return
    if len(kinds) > 1 and any(rounds(kind, made._dtype) for kind in kinds):
        raise ControlFlowError(
            f"{' or '.join(map(str, kinds))} is taken, and rounded to the narrower type",
            where=user_line(),
            hint="give them one class: float(x)",
        )
    classes = frozenset[Any]().union(*(kind.classes for kind in kinds))
    made._weak = all(kind.weak for kind in kinds)
    if made._dtype not in NARROW:
        made._storage.mixed = classes if len(classes) > 1 else frozenset()


_NUMBERS = (int, float, np.generic)


def sorted_(items: Iterable[Any], /, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted`: numbers, arrays of one shape or tuples of these, in the order of traced keys."""
    found = list(items)
    keys = found if key is None else [key(item) for item in found]
    if not any(is_symbolic(k) for k in keys) or not all(map(_is_number, keys)):
        return _in_order(found, keys, reverse)
    if not _have_one_form(found):
        return _in_order(found, keys, reverse)
    numbers = TABLE["array"](keys)
    # Sorting is stable, also in descending order.
    order = TABLE["argsort"](numbers[::-1] if reverse else numbers)
    order = (len(found) - 1 - order)[::-1] if reverse else order
    return _permuted(found, order)


def _have_one_form(items: Sequence[Any]) -> bool:
    """Whether all are numbers or arrays of one shape, or tuples of such things."""
    if all(type(item) is tuple for item in items):
        same = len({len(item) for item in items}) == 1
        return same and all(map(_have_one_form, zip(*items, strict=True)))
    return None not in map(kind_of, items) and len({np.shape(item) for item in items}) == 1


def _permuted(found: Sequence[Any], order: Any) -> list[Any]:
    """The items in a traced order."""
    if type(found[0]) is tuple:
        columns = [_permuted(column, order) for column in zip(*found, strict=True)]
        return list(zip(*columns, strict=True))
    session = current()
    assert session is not None
    kinds = [kind for kind in map(kind_of, found) if kind is not None]
    made = []
    for row, frozen in zip(
        TABLE["array"](found)[order], merged_memory.permuted_memory(session, found), strict=True
    ):
        kind = kind_of(row)
        assert kind is not None
        made.append(traced(session, row._value(session), kind, frozen))
        _keep_class(made[-1], kinds)
    return made


def sort_list(items: list[Any], *, key: Any = None, reverse: Any = False) -> None:
    """``items.sort()``."""
    items[:] = sorted_(items, key=key, reverse=reverse)


def _in_order(items: Any, keys: Any, reverse: Any) -> Any:
    order = sorted(range(len(items)), key=keys.__getitem__, reverse=reverse)
    return [items[k] for k in order]


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) or not np.shape(x)
