"""Types of ctypes for arguments and results: numbers by value, arrays that are checked."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
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
    element = NUMBERS[t.dtype]
    plain = ctypes.POINTER(element)

    def from_param(cls: Any, thing: Any) -> Any:
        if isinstance(thing, np.ndarray):
            _check(thing, t)
            return thing.ctypes.data_as(plain)
        return plain.from_param(thing)

    name = f"PointerTo_{t}"
    body = {"_type_": element, "from_param": classmethod(from_param)}
    return type(ctypes.POINTER(element))(name, (ctypes._Pointer,), body)


def _check(array: np.ndarray[Any, Any], t: Type) -> None:
    if array.dtype != t.numpy:
        raise DTypeError(f"an array of {t.numpy} is wanted, not of {array.dtype}")
    if array.size != t.size or not array.flags.c_contiguous:
        raise ShapeError(
            f"a C-contiguous array of shape {list(t.shape)} is wanted, not {list(array.shape)}"
        )
