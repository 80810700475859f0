"""How kernels take their arguments: arrays, and the scalars of NumPy and Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from tapec.backends.llvm.elements import (
    ELEMENTS,
    SCALAR_DTYPES,
    check_dtype,
    check_shape,
    packed_strides,
)
from tapec.errors import BackendError


@dataclass(frozen=True)
class ArrayArg:
    """An argument that must be an exact ndarray, aligned and without gaps, of this dtype and shape.

    Its axes lie in C order, or where there is an `order` in that one, from the outermost to the
    innermost. `writeable` asks for a writeable array too: the kernel stores the final value of an
    argument that the user's function updates in place. With `gaps` other arrays whose axes lie in
    that order are taken as well: the kernel reads a copy. A `number` is one of NumPy's scalars
    (np.float64, ...) instead of an array. Where a `narrow` integer type is named the array is of
    that one, with any strides: the kernel reads a copy of int64.
    """

    dtype: str
    shape: tuple[int, ...]
    writeable: bool = False
    order: tuple[int, ...] = ()
    gaps: bool = False
    number: bool = False
    narrow: str = ""

    def __post_init__(self) -> None:
        check_dtype(self.dtype)
        check_shape(self.shape)

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * ELEMENTS[self.dtype].size

    @property
    def numpy(self) -> str:
        """NumPy's name of the element type."""
        return self.narrow or ELEMENTS[self.dtype].numpy

    @property
    def with_gaps(self) -> ArrayArg:
        """The same with gaps, where the order of the axes can be told from them."""
        return self if self.order and 1 in self.shape else replace(self, gaps=True)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes from the outermost to the innermost."""
        return self.order or tuple(range(len(self.shape)))

    @property
    def strides(self) -> tuple[int, ...]:
        """The strides of an array without gaps, in bytes."""
        return packed_strides(self.dtype, self.shape, self.axes)


@dataclass(frozen=True)
class ScalarArg:
    """An argument that must be exactly a Python float, int, bool or complex."""

    kind: Literal["float", "int", "bool", "complex"]

    def __post_init__(self) -> None:
        if self.kind not in SCALAR_DTYPES:
            raise BackendError(f"no such kind of scalar argument: {self.kind!r}")

    @property
    def dtype(self) -> str:
        """The dtype the kernel reads."""
        return SCALAR_DTYPES[self.kind]

    @property
    def shape(self) -> tuple[int, ...]:
        """A scalar is one element."""
        return ()

    @property
    def with_gaps(self) -> ScalarArg:
        """A scalar has none."""
        return self

    @property
    def size(self) -> int:
        """Bytes."""
        return ELEMENTS[self.dtype].size


Argument = ArrayArg | ScalarArg
