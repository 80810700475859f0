"""Functions that ops are declared to be: translated as their declarations say (`public`)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import TapecError
from tapec.ir.primitive import PRIMITIVES, Primitive
from tapec.trace.arrays.operands import as_array, key_of, need_session, operand, session_of
from tapec.trace.arrays.promote import common_float
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.arrays.ufuncs import with_options


def made_by(primitive: Primitive, *operands: Any, **attrs: Any) -> Any:
    """The op on traced values, with floats for integers; several results are a tuple."""
    operands = tuple(map(as_array, operands))
    session = session_of(*operands) or need_session()
    dtype, _ = common_float(*map(key_of, operands))
    values = [operand(session, a, dtype) for a in operands]
    made = tuple(wrap(session, v) for v in session.emit_all(primitive.name, *values, **attrs))
    return made if primitive.results != 1 else made[0]


def _translation(primitive: Primitive, name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the rule's arguments, but for the op that comes first."""
    op = functools.partial(made_by, primitive)

    def function(*args: Any, **kwargs: Any) -> Any:
        if "out" in kwargs or "where" in kwargs:
            return with_options(name, args, kwargs)
        try:
            found = rule(op, *map(_known, args), **{k: _known(a) for k, a in kwargs.items()})
        except TapecError as error:
            raise _located(error) from None
        return _tuple_of(name)(*found) if type(found) is tuple else found

    signature = inspect.signature(rule)
    _, *parameters = signature.parameters.values()
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__name__ = name.rpartition(".")[2]
    return function


def _located(error: TapecError) -> TapecError:
    """The error with the user's line, if it has none."""
    if error.where is not None:
        return error
    return type(error)(error.message, where=where(), hint=error.hint)


def _known(a: Any) -> Any:
    """An argument; a constant array as NumPy's own."""
    return a if type(a) is not Tracer or a._storage.array is None else a._array


@functools.cache
def _tuple_of(name: str) -> Callable[..., Any]:
    """What NumPy returns several results in: a class with names for them, or a tuple."""
    module, _, function = name.rpartition(".")
    real = getattr(getattr(np, module), function)
    kind = type(real(np.eye(1)))
    return kind if hasattr(kind, "_fields") else lambda *found: found


for _primitive in PRIMITIVES.values():
    for _name, _rule in _primitive.public.items():
        if _rule is not None:
            TABLE[_name] = _translation(_primitive, _name, _rule)
