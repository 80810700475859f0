"""From a call with tracers among its arguments to ops: the entry points NumPy's protocols use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tapec.errors import DTypeError, MutationError, ShapeError, UnsupportedOperation
from tapec.ir.core import Value
from tapec.ir.types import dtype_name
from tapec.trace.arrays.arguments import admitted, without_out
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import CURE, CURES
from tapec.trace.arrays.overloads import SPECIAL
from tapec.trace.arrays.promote import Key, scalar_key
from tapec.trace.arrays.session import NeedStatic, Session, current, where
from tapec.trace.arrays.table import METHODS, TABLE, implements, name_of
from tapec.trace.arrays.tracer import Tracer, is_symbolic, wrap

_SCALARS = (bool, int, float)


def any_symbolic(args: Any) -> bool:
    """Whether traced values occur among (nested) arguments."""
    kind = type(args)
    if kind is Tracer:
        return args._storage.array is None
    if kind in (list, tuple):
        return any(any_symbolic(a) for a in args)
    return kind in SPECIAL or (kind is dict and any(any_symbolic(a) for a in args.values()))


def any_special(args: Any) -> bool:
    """Whether slices of run-time length occur among (nested) arguments."""
    kind = type(args)
    if kind in (list, tuple):
        return any(any_special(a) for a in args)
    return kind in SPECIAL or (kind is dict and any(any_special(a) for a in args.values()))


def any_tracer(args: Any) -> bool:
    """Whether tracers, concrete ones included, occur among (nested) arguments."""
    kind = type(args)
    if kind in (list, tuple):
        return any(any_tracer(a) for a in args)
    return kind is Tracer or (kind is dict and any(any_tracer(a) for a in args.values()))


def unwrap(args: Any) -> Any:
    """Concrete tracers as the NumPy arrays they hold."""
    kind = type(args)
    if kind is Tracer:
        return args._coerce("index", "sizes of arrays must be known while tracing")
    if kind in (list, tuple):
        return kind(unwrap(a) for a in args)
    if kind is dict:
        return {k: unwrap(a) for k, a in args.items()}
    return args


@implements("__call__")
def call(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function: eagerly where nothing is traced, by its translation otherwise."""
    if not any_symbolic(args) and not any_symbolic(kwargs):
        return eager(function, args, kwargs)
    if any_special(args) or any_special(kwargs):
        return TABLE["__ragged__"](name_of(function), args, kwargs)
    name = name_of(function)
    translation = TABLE.get(name)
    if translation is None:
        # What depends on Python ints alone, such as the size of np.zeros, can be known.
        if deps := deps_of([*_flat([*args, *kwargs.values()])]):
            raise NeedStatic(deps, where())
        raise unsupported(function)
    return translated(name, function, args, kwargs)


def translated(name: str, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The translation of a function called in NumPy's form; its result in `out` if one is given."""
    if not kwargs and len(args) == 1:
        return TABLE[name](*args)
    args, kwargs, out = without_out(function, args, kwargs)

    def refused(argument: str) -> UnsupportedOperation:
        return unsupported(function, f" with {argument}=")

    first, named = admitted(function, TABLE[name], args, kwargs, refused)
    made = TABLE[name](*first, **named)
    return made if out is None else deliver(out, made)


def _flat(args: Sequence[Any]) -> Iterator[Any]:
    """The leaves of nested lists and tuples."""
    for a in args:
        if type(a) in (list, tuple):
            yield from _flat(a)
        else:
            yield a


@implements("__method__")
def method(name: str, x: Tracer, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """`x.name(...)`: NumPy's own method on constants, a translation otherwise."""
    if any_special(args):
        return TABLE["__ragged__"](name, (x, *args), kwargs)
    if name in METHODS:
        return METHODS[name](x, *args, **kwargs)
    function = getattr(np, name)
    if name in _VIEWS or any_symbolic((x, args, kwargs)):
        if isinstance(function, np.ufunc):
            return TABLE[name](x, *args, **kwargs)
        return translated(name, function, (x, *args), kwargs)
    return eager(function, (x, *args), kwargs)


_VIEWS = frozenset(["ravel", "squeeze", "swapaxes"])  # of constant arrays, too


def eager(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """NumPy itself, its arrays wrapped; what it writes into is written by the trace."""
    args, kwargs, out = without_out(function, args, kwargs)
    made = concrete(function(*unwrap(tuple(args)), **unwrap(kwargs)))
    return made if out is None else deliver(out, made)


def unsupported(function: Any, what: str = "") -> UnsupportedOperation:
    """The error for a function (or an argument of it) without a translation."""
    key = name_of(function)
    name = key if key.startswith("linalg.") else getattr(function, "__name__", str(function))
    prefix = "" if name.startswith("ndarray.") else "np."
    return UnsupportedOperation(
        f"{prefix}{name}{what} has no translation for traced arrays",
        where=where(),
        hint=CURES.get(key, CURE),
    )


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


def normal(a: Any) -> Any:
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
        return operand(session, normal(a), dtype)
    array = np.asarray(a)
    return session.array(array.astype(_numpy(dtype)), dtype)


def _fill(a: Any, dtype: str) -> Any:
    return float(a) if dtype[0] == "f" else bool(a) if dtype == "bool" else int(a)


def _numpy(dtype: str) -> Any:
    from tapec.ir.types import NUMPY_DTYPES

    return NUMPY_DTYPES[dtype]


def convert(session: Session, value: Value, dtype: str) -> Value:
    """Another element type."""
    return session.emit("convert", value, dtype=dtype)


def tracer(a: Any) -> Tracer:
    """`a` as a tracer: arrays, numbers and lists become concrete or stacked ones."""
    if type(a) is Tracer:
        return a
    if type(a) in (list, tuple):
        result = TABLE["array"](a)
        return result if type(result) is Tracer else tracer(result)
    array = np.asarray(a)
    if array.dtype == object:
        raise DTypeError(f"cannot use {a!r} as an array", where=where())
    made: Tracer = concrete(array)
    dtype_name(array.dtype)
    made._weak = type(a) in _SCALARS
    return made


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


@implements("copyto")
def copyto_checked(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """``np.copyto``, with its rule for casts."""
    if type(dst) is Tracer:
        check_cast(normal(src), dst._dtype, casting)
    copyto(dst, src, where=where)


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    """``dst[...] = src``, where a mask says so."""
    if where is not None and where is not True:
        src = TABLE["where"](where, src, dst)
    if type(dst) is not Tracer:
        if any_symbolic(src):
            raise real_array_write()
        np.copyto(dst, unwrap(src))
        return
    dst._check_writable()
    src = normal(src)
    session = session_of(dst, src)
    if session is None:
        np.copyto(dst._array, unwrap(src), casting="unsafe")
        dst._storage.changed()
        return
    value = operand(session, src, dst._dtype)
    shape = value.type.shape
    if shape != dst.shape:
        value = fit(session, value, dst.shape)
    dst._storage.write(session, dst._steps, value)


def deliver(out: Any, result: Any, mask: Any = True) -> Any:
    """``out=``: the result written there (where a mask says so), cast as NumPy casts it."""
    if isinstance(out, tuple):
        if len(out) == 1:
            return deliver(out[0], result, mask)
        return tuple(r if o is None else deliver(o, r, mask)
                     for o, r in zip(out, result, strict=True))  # fmt: skip
    if type(out) is not Tracer:
        raise real_array_write()
    check_cast(result, out._dtype)
    fits = np.broadcast_shapes(result_shape(result), out.shape) == out.shape
    if not fits:
        raise ShapeError(
            f"out has shape {out.shape}, the result has {result_shape(result)}", where=where()
        )
    copyto(out, result, where=mask)
    return out


def check_cast(result: Any, dtype: str, casting: Any = "same_kind") -> None:
    """Raise where NumPy would not store such values in an array of this element type."""
    own = key_of(result)[0] if not isinstance(result, np.generic) else dtype_name(result.dtype)
    if not np.can_cast(_numpy(own), _numpy(dtype), casting):
        raise DTypeError(
            f"an in-place operation cannot store {own} in an array of {dtype}",
            where=where(),
            hint="make the array with dtype=float",
        )


def fit(session: Session, value: Value, shape: tuple[int, ...]) -> Value:
    """Broadcast a written value to its destination, dropping extra leading ones as NumPy does."""
    have = value.type.shape
    while len(have) > len(shape) and have[0] == 1:
        have = have[1:]
    if have != value.type.shape:
        value = session.emit("reshape", value, shape=have)
    if have == shape:
        return value
    try:
        fits = np.broadcast_shapes(have, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"could not broadcast input array from shape {have} into shape {shape}", where=where()
        )
    return session.emit("broadcast_to", value, shape=shape)


def real_array_write(at: Any = None) -> MutationError:
    """The error for writing a traced value into an array that was made outside the trace."""
    return MutationError(
        "a traced value is written into an array that was made outside the traced function",
        where=at or where(),
        hint="make the array inside the function (np.zeros, .copy()), or pass it as an argument",
    )


@implements("inplace")
def inplace(target: Tracer, result: Any) -> None:
    """Write an in-place operator's result, with NumPy's casting rule."""
    check_cast(result, target._dtype)
    if result_shape(result) != target.shape:
        raise ShapeError(
            f"in-place operation: result shape {result_shape(result)} does not fit {target.shape}",
            where=where(),
        )
    copyto(target, result)


def result_shape(a: Any) -> tuple[int, ...]:
    """The shape of a tracer, an array or a number."""
    return tuple(a.shape) if hasattr(a, "shape") else np.shape(a)


__all__ = ["call", "is_symbolic", "operand", "tracer"]
