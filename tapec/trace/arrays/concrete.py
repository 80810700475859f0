"""NumPy arrays as tracers whose content is known while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES, dtype_name
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.tree import joined

_KNOWN = frozenset(NUMPY_DTYPES.values())


def _part(x: Any) -> Any:
    """A part of a complex array as memory of its own, which lies as that array does."""
    return np.array(x, order="K")


def concrete(result: Any, frozen: bool = False) -> Any:
    """NumPy arrays of supported element types as concrete tracers, inside lists and tuples too."""
    if isinstance(result, np.ndarray):
        if result.dtype.kind == "c" and type(result) is np.ndarray:
            fixed = frozen or not result.flags.writeable
            return joined(*(concrete(_part(x), fixed) for x in (result.real, result.imag)))
        if result.dtype not in _KNOWN or type(result) is not np.ndarray:
            return result
        storage = Storage(None, None, result)
        if frozen or not result.flags.writeable:
            storage.frozen = "a global or closure array"
        storage.boxed = not result.shape
        return Tracer(storage, dtype_name(result.dtype), result.shape)
    if type(result) in (list, tuple):
        made = {id(r): concrete(r) for r in result}  # one array may be in it several times
        return type(result)(made[id(r)] for r in result)
    return result
