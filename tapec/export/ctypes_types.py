"""Types of ctypes for arguments and results: numbers by value, arrays that are checked."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError, TapecError
from tapec.ir import Type

NUMBERS: Mapping[str, Any] = {
    "f64": ctypes.c_double,
    "f32": ctypes.c_float,
    "i64": ctypes.c_int64,
    "i32": ctypes.c_int32,
    "bool": ctypes.c_bool,
}


@functools.cache
def pointer_to(t: Type) -> Any:
    """A pointer type that also takes a NumPy array of this type, after a look at it.

    Any other object is taken as by `ctypes.POINTER`: pointers, `byref`, ctypes arrays.
    """
    element, dtype, size = NUMBERS[t.dtype], t.numpy, t.size
    plain = ctypes.POINTER(element)

    def from_param(cls: Any, thing: Any) -> Any:
        if not isinstance(thing, np.ndarray):
            return plain.from_param(thing)
        if thing.dtype != dtype or thing.size != size or not thing.flags.c_contiguous:
            raise _wrong(thing, t)
        # The caller holds the array.
        return ctypes.c_void_p(thing.__array_interface__["data"][0])

    body = {"_type_": element, "from_param": classmethod(from_param)}
    return type(plain)(f"PointerTo_{t}", (ctypes._Pointer,), body)


def _wrong(array: np.ndarray[Any, Any], t: Type) -> TapecError:
    if array.dtype != t.numpy:
        return DTypeError(f"an array of {t.numpy} is wanted, not of {array.dtype}")
    return ShapeError(
        f"a C-contiguous array of shape {list(t.shape)} is wanted, not {list(array.shape)}"
    )
