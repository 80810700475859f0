"""The integer types that programs do not compute in: they are read as int64."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError

# By NumPy's names.
NARROW = frozenset(["int8", "int16", "uint8", "uint16", "uint32", "uint64"])


def widened_array(x: Any) -> Any:
    """An argument of a narrow type as int64; raises DTypeError where a number does not fit."""
    array = np.asarray(x)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise DTypeError("an argument of dtype uint64 has numbers beyond those of int64")
    return array.astype(np.int64)
