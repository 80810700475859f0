"""Writes into arrays: NumPy's rules for casts and shapes, then a new value of the storage."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError, MutationError, ShapeError
from tapec.ir.core import Value
from tapec.ir.types import NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.operands import (
    any_symbolic,
    as_array,
    key_of,
    operand,
    result_shape,
    session_of,
    unwrap,
)
from tapec.trace.arrays.overwriting import is_copied_in_steps, write_in_steps
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.special import complex_call
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer
from tapec.tree import ComplexParts, is_complex, parts_of


@implements("copyto")
def copyto_checked(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """``np.copyto``, with its rule for casts."""
    if type(dst) is Tracer and not is_complex(src):
        check_cast(as_array(src), dst._dtype, casting)
    copyto(dst, src, where=where)


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    """``dst[...] = src``, where a mask says so."""
    if isinstance(dst, ComplexParts):
        for part, new in zip((dst.real, dst.imag), _parts(src), strict=True):
            copyto(part, new, casting, where)
        return
    if is_complex(src):
        raise _drops_imaginary(src, dst)
    if type(dst) is Tracer and is_copied_in_steps(dst, src):
        _copy_in_steps(dst, src, where)
        return
    if where is not None and where is not True:
        src = TABLE["where"](where, src, dst)
    if type(dst) is not Tracer:
        if any_symbolic(src):
            raise real_array_write()
        np.copyto(dst, unwrap(src))
        return
    dst._check_writable()
    src = as_array(src)
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


def _copy_in_steps(dst: Tracer, src: Any, mask: Any) -> None:
    dst._check_writable()
    if any_symbolic(mask):
        raise MutationError(
            "a part of an array is written with another part of it under a traced mask: NumPy"
            " overwrites elements before it reads them",
            where=where(),
            hint="write a copy: np.copyto(a, b.copy(), where=mask)",
        )
    fixed = True if mask is None else unwrap(mask)
    write_in_steps(dst, src, lambda a, b: np.copyto(a, b, where=fixed))


def _parts(x: Any) -> tuple[Any, Any]:
    """Real and imaginary parts of what is written into a complex array."""
    if type(x) in (list, tuple):
        x = np.array(x) if not any_symbolic(x) else complex_call("array", x)
    return parts_of(x)


def _drops_imaginary(src: Any, dst: Any) -> DTypeError:
    return DTypeError(
        f"complex numbers cannot be stored in an array of {dst.dtype}",
        where=where(),
        hint="make the array with dtype=complex, or store the real part: z.real",
    )


def deliver(out: Any, result: Any, mask: Any = True) -> Any:
    """``out=``: the result written there (where a mask says so), cast as NumPy casts it."""
    if isinstance(out, tuple):
        if len(out) == 1:
            return deliver(out[0], result, mask)
        return tuple(r if o is None else deliver(o, r, mask)
                     for o, r in zip(out, result, strict=True))  # fmt: skip
    if isinstance(out, ComplexParts):
        for part, made in zip((out.real, out.imag), _parts(result), strict=True):
            deliver(part, made, mask)
        return out
    if is_complex(result):
        raise _drops_imaginary(result, out)
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
    if not np.can_cast(NUMPY_DTYPES[own], NUMPY_DTYPES[dtype], casting):
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


def inplace(target: Tracer, result: Any) -> None:
    """Write an in-place operator's result, with NumPy's casting rule."""
    check_cast(result, target._dtype)
    if result_shape(result) != target.shape:
        raise ShapeError(
            f"in-place operation: result shape {result_shape(result)} does not fit {target.shape}",
            where=where(),
        )
    copyto(target, result)
