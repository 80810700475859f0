"""Operands of operations: traced arrays, NumPy arrays, numbers and nested lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, UnsupportedOperation
from tapec.ir.core import Value
from tapec.ir.types import NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.promote import Key, scalar_key
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.special import is_special, is_traced_special
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.tree import ComplexParts, joined

_SCALARS = (bool, int, float)
_NO_SEQUENCES = (str, bytes, bytearray, memoryview, range)


def listed(a: Any) -> Any:
    """Named tuples, deques and other sequences, which NumPy takes for lists, as lists.

    Those inside of lists, tuples and dicts too; everything else is the same object.
    """
    kind = type(a)
    if kind is Tracer or kind in _SCALARS:
        return a
    if kind is list or kind is tuple:
        made = [listed(x) for x in a]
        return a if all(x is y for x, y in zip(a, made, strict=True)) else kind(made)
    if kind is dict:
        return {k: listed(x) for k, x in a.items()}
    if isinstance(a, Sequence) and not isinstance(a, _NO_SEQUENCES):
        return (tuple if isinstance(a, tuple) else list)(map(listed, a))
    return a


def any_symbolic(args: Any) -> bool:
    """Whether traced values occur among (nested) arguments."""
    kind = type(args)
    if kind is Tracer:
        return args._storage.array is None
    if kind in (list, tuple):
        return any(any_symbolic(a) for a in args)
    if kind is dict:
        return any(any_symbolic(a) for a in args.values())
    return is_traced_special(args)


def any_special(args: Any) -> bool:
    """Whether slices of run-time length or complex numbers occur among (nested) arguments."""
    kind = type(args)
    if kind in (list, tuple):
        return any(any_special(a) for a in args)
    if kind is dict:
        return any(any_special(a) for a in args.values())
    return is_special(args)


def any_tracer(args: Any) -> bool:
    """Whether tracers, concrete ones included, occur among (nested) arguments."""
    kind = type(args)
    if kind in (list, tuple):
        return any(any_tracer(a) for a in args)
    if kind is dict:
        return any(any_tracer(a) for a in args.values())
    return kind is Tracer or isinstance(args, ComplexParts)


def unwrap(args: Any) -> Any:
    """Concrete tracers as the NumPy arrays they hold."""
    kind = type(args)
    if kind is Tracer:
        return args._coerce("index", "sizes of arrays must be known while tracing")
    if kind in (list, tuple):
        return kind(unwrap(a) for a in args)
    if kind is dict:
        return {k: unwrap(a) for k, a in args.items()}
    return _whole(args) if isinstance(args, ComplexParts) else args


def _whole(z: ComplexParts) -> Any:
    """A complex array whose parts are constants, as NumPy's."""
    made = joined(*(np.asarray(unwrap(part)) for part in (z.real, z.imag)))
    return made if made.ndim else made[()]


def session_of(*args: Any) -> Session | None:
    """The innermost trace among the operands; None where nothing is traced."""
    found: Session | None = None
    for a in args:
        if type(a) is Tracer and a._storage.array is None:
            session = a._storage.session
            if found is None or (session is not None and session.depth > found.depth):
                found = session
    if found is not None:
        running = current()
        # Inside a nested trace, values of the enclosing one are captured.
        if running is not None and running is not found and running.depth > found.depth:
            return running
    return found


def key_of(a: Any) -> Key:
    """Element type and weakness."""
    if type(a) is Tracer:
        return a._dtype, a._weak
    return scalar_key(a)


def as_array(a: Any) -> Any:
    """Lists (of tracers) as arrays; everything else unchanged."""
    if type(a) in (list, tuple):
        return TABLE["array"](a)
    return np.arange(a.start, a.stop, a.step) if type(a) is range else a


def operand(session: Session, a: Any, dtype: str) -> Value:
    """`a` as a value of this element type."""
    if type(a) is Tracer:
        value = a._value(session)
        return value if value.type.dtype == dtype else convert(session, value, dtype)
    kind = type(a)
    if kind in _SCALARS:
        return session.const(_fill(a, dtype), dtype)
    if kind in (list, tuple):
        return operand(session, as_array(a), dtype)
    array = _plain(a)
    return session.array(array.astype(NUMPY_DTYPES[dtype]), dtype)


def _fill(a: Any, dtype: str) -> Any:
    return float(a) if dtype[0] == "f" else bool(a) if dtype == "bool" else int(a)


def convert(session: Session, value: Value, dtype: str) -> Value:
    """Another element type."""
    return session.emit("convert", value, dtype=dtype)


def _plain(a: Any) -> Any:
    """`a` as an array; what means something else than an array does is refused."""
    if isinstance(a, np.matrix | np.ma.MaskedArray):
        kind = "np.matrix" if isinstance(a, np.matrix) else "a masked array"
        raise UnsupportedOperation(
            f"{kind} beside traced arrays",
            where=where(),
            hint="np.asarray(m), with @ for products, or np.where(mask, 0.0, values)",
        )
    return np.asarray(a)


def as_tracer(a: Any) -> Tracer:
    """`a` as a tracer: arrays, numbers and lists become concrete or stacked ones."""
    if type(a) is Tracer:
        return a
    if type(a) in (list, tuple):
        result = TABLE["array"](a)
        return result if type(result) is Tracer else as_tracer(result)
    array = _plain(a)
    if array.dtype == object:
        raise DTypeError(f"cannot use {a!r} as an array", where=where())
    made: Tracer = concrete(array)
    dtype_name(array.dtype)
    made._weak = type(a) in _SCALARS
    return made


def strong(a: Any) -> Tracer:
    """`a` as ``np.asarray`` makes it: a Python number has the element type of an array, too."""
    x = as_tracer(a)
    if not x._weak:
        return x
    if x._storage.array is not None:
        return as_tracer(x._array)
    session = session_of(x) or need_session()
    return wrap(session, x._value(session), False, x._deps)


def deps_of(args: Sequence[Any]) -> frozenset[int] | None:
    """Parameters from which alone a result derives, where all of them may be made static."""
    deps: frozenset[int] = frozenset()
    for a in args:
        if type(a) is Tracer and a._storage.array is None:
            if a._deps is None:
                return None
            deps |= a._deps
    return deps or None


def run(name: str, x: Tracer, **attrs: Any) -> Tracer:
    """Emit a one-operand op on a tracer in its own element type."""
    session = session_of(x) or need_session()
    return wrap(session, session.emit(name, x._value(session), **attrs))


def need_session() -> Session:
    """The running trace; called where at least one operand should have been traced."""
    session = current()
    if session is None:
        raise unsupported("this operation", " outside a trace")
    return session


def result_shape(a: Any) -> tuple[int, ...]:
    """The shape of a tracer, an array or a number."""
    return tuple(a.shape) if hasattr(a, "shape") else np.shape(a)
