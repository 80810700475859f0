"""NumPy 2 promotion, weak Python scalars included."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.types import NUMPY_DTYPES, dtype_name

# A weak operand behaves as the Python scalar it came from.
_WEAK: dict[str, Any] = {"bool": False, "i64": 0, "f64": 0.0, "i32": 0, "f32": 0.0}
_PYTHON = {bool: "bool", int: "i64", float: "f64"}

Key = tuple[str, bool]


@lru_cache(maxsize=4096)
def common(*keys: Key) -> Key:
    """The element type, and whether it is weak, of an operation on operands of these."""
    args = [_WEAK[dtype] if weak else NUMPY_DTYPES[dtype] for dtype, weak in keys]
    weak = all(w for _, w in keys)
    return dtype_name(np.result_type(*args)), weak


@lru_cache(maxsize=4096)
def common_float(*keys: Key) -> Key:
    """As `common`, with integers and booleans becoming f64, as true division does."""
    dtype, weak = common(*keys)
    return (dtype if dtype[0] == "f" else "f64"), weak


def scalar_key(value: Any) -> Key:
    """Key of a number that is not a tracer."""
    name = _PYTHON.get(type(value))
    if name is not None:
        return name, True
    if isinstance(value, complex):
        raise DTypeError(
            "this function takes no complex numbers", hint="keep real and imaginary parts"
        )
    return dtype_name(np.asarray(value).dtype), False


def is_complex_type(dtype: Any) -> bool:
    """Whether this names a complex element type."""
    return dtype is not None and dtype is not np._NoValue and np.dtype(dtype).kind == "c"
