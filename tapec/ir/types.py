"""Types of values: an element type and a static shape, with NumPy 2's promotion rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError

# Element types by name; "index" is the loop counter of lowered programs, "tape" the growing stack
# on which dynamic loops keep what their reverse sweep needs (no NumPy array ever is one).
NUMPY_DTYPES: Mapping[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "index": np.dtype(np.int64),
    "tape": np.dtype(object),
}
_NAMES = {d: name for name, d in NUMPY_DTYPES.items() if name not in ("index", "tape")}
FLOATS = frozenset({"f32", "f64"})
INTEGERS = frozenset({"i32", "i64", "index"})


@dataclass(frozen=True)
class Type:
    """An element type and a shape; `buffer` marks the mutable memory of lowered programs."""

    dtype: str
    shape: tuple[int, ...] = ()
    buffer: bool = False

    def __str__(self) -> str:
        text = self.dtype + (f"[{','.join(map(str, self.shape))}]" if self.shape else "")
        return f"buf {text}" if self.buffer else text

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape) if self.shape else 1

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether values of this type can carry a tangent."""
        return self.dtype in FLOATS

    @property
    def is_tape(self) -> bool:
        """Whether values of this type are stacks of what a reverse sweep needs."""
        return self.dtype == "tape"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy element type."""
        return NUMPY_DTYPES[self.dtype]

    def with_shape(self, shape: Sequence[int]) -> Type:
        """The same element type in another shape."""
        return Type(self.dtype, tuple(shape), self.buffer)

    def with_dtype(self, dtype: str) -> Type:
        """The same shape with another element type."""
        return Type(dtype, self.shape, self.buffer)


def dtype_name(dtype: Any) -> str:
    """Our name of a NumPy element type; raises DTypeError for those we do not compile."""
    name = _NAMES.get(np.dtype(dtype))
    if name is None:
        raise DTypeError(
            f"arrays of dtype {np.dtype(dtype)} are not supported",
            hint="convert with .astype(float) (supported: bool, integers, float32, float64, "
            "complex64, complex128, all in the byte order of the machine)",
        )
    return name


def type_of(array: Any) -> Type:
    """The type of a NumPy array or scalar."""
    return Type(dtype_name(array.dtype), tuple(array.shape))


@lru_cache(maxsize=4096)
def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """NumPy's common shape of several; raises ShapeError where there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(str(list(s)) for s in shapes)
        raise ShapeError(f"shapes {listed} do not broadcast together") from None


@lru_cache(maxsize=1024)
def promote(*dtypes: str) -> str:
    """NumPy 2's common element type of arrays (Python scalars are the tracer's business)."""
    return _NAMES[np.result_type(*(NUMPY_DTYPES[d] for d in dtypes))]
