"""From a call with tracers among its arguments to ops: the entry points NumPy's protocols use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tapec.errors import MutationError, UnsupportedOperation
from tapec.trace.arrays.arguments import admitted, without_out
from tapec.trace.arrays.boxes import as_method_gives, as_numpy_gives
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.fresh import arrays_in, laid_out_as_numpy
from tapec.trace.arrays.handlers import HANDLERS
from tapec.trace.arrays.linear_errors import expect_success, is_checked, noted
from tapec.trace.arrays.memory import strided_view
from tapec.trace.arrays.operands import any_special, any_symbolic, deps_of, listed, unwrap
from tapec.trace.arrays.promote import is_complex_type
from tapec.trace.arrays.session import NeedStatic, where
from tapec.trace.arrays.sharing import same_memory
from tapec.trace.arrays.special import call_special, complex_call
from tapec.trace.arrays.table import METHODS, OWN, TABLE, VIEWS, name_of
from tapec.trace.arrays.tracer import Tracer, of_numpy
from tapec.trace.arrays.writes import deliver


def call(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function: eagerly where nothing is traced, by its translation otherwise."""
    name, args, kwargs = name_of(function), listed(tuple(args)), listed(kwargs)
    if not any_symbolic(args) and not any_symbolic(kwargs) and name not in OWN:
        return eager(function, args, kwargs)
    if any_special(args) or any_special(kwargs):
        return call_special(name, args, kwargs)
    if kwargs and is_complex_type(kwargs.get("dtype")):
        return complex_call("complex", name, *args, **kwargs)
    translation = TABLE.get(name)
    if translation is None:
        # What depends on Python ints alone, such as the size of np.zeros, can be known.
        if deps := deps_of([*_flat([*args, *kwargs.values()])]):
            raise NeedStatic(deps, where())
        raise unsupported(function)
    if "linalg." not in name:
        return translated(name, function, args, kwargs)
    if HANDLERS.get() or is_checked():
        expect_success(function, args, kwargs)
    return noted(name, translated(name, function, args, kwargs))


# They read an attribute, which Python's numbers have too, or give a truth of Python's.
_READS = frozenset(["real", "imag", "allclose", "array_equal", "array_equiv"])
# They write `out` piece by piece, without a look at what they still have to read.
_PIECEWISE = frozenset(["concatenate", "concat", "stack"])


def _check_apart(name: str, out: Any, args: Sequence[Any]) -> None:
    pieces = [a for a in arrays_in(args) if type(a) is Tracer]
    if type(out) is Tracer and any(same_memory(out, a) for a in pieces):
        raise MutationError(
            f"out= of np.{name} shares memory with its arguments: NumPy overwrites them before it "
            "reads them",
            where=where(),
            hint="pass copies: a.copy()",
        )


def translated(name: str, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The translation of a function called in NumPy's form; its result in `out` if one is given."""
    made = _translated(name, function, args, kwargs)
    return made if name in _READS else of_numpy(as_numpy_gives(name, args, made))


def _translated(name: str, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if not kwargs and len(args) == 1:
        made = TABLE[name](*args)
        return made if name in VIEWS else laid_out_as_numpy(function, args, kwargs, made)
    args, kwargs, out = without_out(function, args, kwargs)

    def refused(argument: str) -> UnsupportedOperation:
        return unsupported(function, f" with {argument}=")

    first, named = admitted(function, TABLE[name], args, kwargs, refused)
    if out is not None and name in _PIECEWISE:
        _check_apart(name, out, args)
    made = TABLE[name](*first, **named)
    if out is not None:
        return deliver(out, made)
    return made if name in VIEWS else laid_out_as_numpy(function, args, kwargs, made)


def _flat(args: Sequence[Any]) -> Iterator[Any]:
    """The leaves of nested lists and tuples."""
    for a in args:
        if type(a) in (list, tuple):
            yield from _flat(a)
        else:
            yield a


def method(name: str, x: Tracer, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """`x.name(...)`: NumPy's own method on constants, a translation otherwise."""
    args, kwargs = listed(tuple(args)), listed(kwargs)
    if any_special(args) or any_special(kwargs):
        return call_special(name, (x, *args), kwargs)
    if kwargs and is_complex_type(kwargs.get("dtype")):
        return complex_call("complex", name, x, *args, **kwargs)
    if name in METHODS:
        return as_method_gives(name, x, METHODS[name](x, *args, **kwargs))
    function = getattr(np, name)
    if name in OWN or any_symbolic((x, args, kwargs)):
        if isinstance(function, np.ufunc):
            return TABLE[name](x, *args, **kwargs)
        made = translated(name, function, (x, *args), kwargs)
        return as_method_gives(name, x, made)
    return eager(function, (x, *args), kwargs)


def eager(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """NumPy itself, its arrays wrapped; what it writes into is written by the trace."""
    args, kwargs, out = without_out(function, args, kwargs)
    if out is not None and name_of(function) in _PIECEWISE:
        _check_apart(name_of(function), out, args)
    made = function(*unwrap(tuple(args)), **unwrap(kwargs))
    if type(made) is np.ndarray and made.base is not None:
        made = _view_of_argument(made, (*args, *kwargs.values()))
    made = concrete(made)
    return made if out is None else deliver(out, made)


def _view_of_argument(made: Any, args: Sequence[Any]) -> Any:
    """A result of NumPy's that is a view of a constant array, as a view of its tracer."""
    for a in arrays_in(args):
        if type(a) is Tracer and np.may_share_memory(made, a._storage.array):
            return strided_view(a, made)
    return made
