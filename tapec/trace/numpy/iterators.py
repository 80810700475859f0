"""``np.nditer`` of traced arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.memory import in_c_order, shadow
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy.shape import broadcast_to, ravel

# Flags that change nothing where elements are visited one by one, or in one piece.
_IDLE = frozenset(["refs_ok", "zerosize_ok", "buffered", "reduce_ok", "copy_if_overlap",
                   "delay_bufalloc", "grow_inner", "common_dtype", "growinner"])  # fmt: skip
_KNOWN = _IDLE | {"multi_index", "c_index", "external_loop"}
_ALLOCATED = ["writeonly", "allocate"]


def nditer(
    op: Any, flags: Any = None, op_flags: Any = None, op_dtypes: Any = None, order: str = "K",
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``np.nditer``, element by element or in one piece, over arrays that lie in C order."""
    flags, several = list(flags or []), isinstance(op, (list, tuple))
    written = any("write" in f for f in np.ravel(op_flags or []).tolist())
    if not any_symbolic(op) and not written:
        more = {"flags": flags, "order": order, "op_dtypes": op_dtypes, **kwargs}
        return np.nditer(unwrap(op), **more, **({} if op_flags is None else {"op_flags": op_flags}))
    given = list(op) if several else [op]
    arrays = [None if x is None else as_tracer(x) for x in given]
    known = [x for x in arrays if x is not None]
    shape = np.broadcast_shapes(*(x.shape for x in known))
    # One whole array in C order decides for all of them.
    plain = order == "C" or any(x.shape == shape and _is_read_in_c_order(x) for x in known)
    if kwargs or op_dtypes or not plain or not _KNOWN.issuperset(flags):
        raise unsupported(np.nditer, " other than of arrays in C order, without other options")
    kind = np.result_type(*(x.dtype for x in known))
    filled = [as_tracer(concrete(np.zeros(shape, kind))) if x is None else x for x in arrays]
    return ArrayIterator(filled, shape, _written(op_flags, arrays), "external_loop" in flags)


class ArrayIterator:
    """The elements of arrays that broadcast, one after the other: the iterator of NumPy."""

    def __init__(
        self, operands: list[Any], shape: tuple[int, ...], writes: list[bool], whole: bool
    ) -> None:
        self.operands, self.shape, self.ndim = tuple(operands), shape, len(shape)
        self.nop, self.itersize = len(operands), int(np.prod(shape, dtype=int))
        self.iterindex, self.has_multi_index = 0, True
        self._parts = [
            _views(x, shape, whole) if write else _whole(x, shape, whole)
            for x, write in zip(operands, writes, strict=True)
        ]
        self._count = 1 if whole else self.itersize

    @property
    def finished(self) -> bool:
        """Whether all elements were visited."""
        return self.iterindex >= self._count

    @property
    def multi_index(self) -> tuple[int, ...]:
        """The place of the element."""
        return tuple(int(i) for i in np.unravel_index(self.iterindex, self.shape))

    @property
    def index(self) -> int:
        """The number of the element, in C order."""
        return self.iterindex

    @property
    def value(self) -> Any:
        """The element, or a tuple of those of several arrays."""
        found = tuple(part(self.iterindex) for part in self._parts)
        return found[0] if len(found) == 1 else found

    def iternext(self) -> bool:
        """Go on to the next element; whether there is one."""
        self.iterindex += 1
        return not self.finished

    def reset(self) -> None:
        """Go back to the first element."""
        self.iterindex = 0

    def close(self) -> None:
        """Nothing is written late."""

    def __enter__(self) -> ArrayIterator:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.nop

    def __getitem__(self, k: int) -> Any:
        return self._parts[k](self.iterindex)

    def __setitem__(self, k: int, value: Any) -> None:
        self._parts[k](self.iterindex)[...] = value

    def __iter__(self) -> Iterator[Any]:
        while not self.finished:
            yield self.value
            self.iterindex += 1

    def __next__(self) -> Any:
        if self.finished:
            raise StopIteration
        found = self.value
        self.iterindex += 1
        return found


def _written(op_flags: Any, arrays: list[Any]) -> list[bool]:
    """Which operands may be written, by their flags: of each, or of all of them."""
    if op_flags is None:
        return [x is None for x in arrays]
    each = [op_flags] * len(arrays) if isinstance(op_flags[0], str) else op_flags
    return [any("write" in flag for flag in flags) for flags in each]


def _views(x: Any, shape: Any, whole: bool) -> Any:
    """Makes arrays without axes that lie in `x`, by their number; or one vector of all."""
    if x.shape != shape:
        raise ValueError("output operand requires a reduction, but reduction is not enabled")
    if whole:
        return lambda k: TABLE["reshape"](x, (-1,))
    return lambda k: x[(*(int(i) for i in np.unravel_index(k, shape)), ...)] if shape else x


def _whole(x: Any, shape: Any, whole: bool) -> Any:
    flat = ravel(broadcast_to(x, shape))
    return (lambda k: flat) if whole else (lambda k: flat[k])


def _is_read_in_c_order(x: Any) -> bool:
    """Whether elements as they follow each other in memory are in C order."""
    return in_c_order(x) and all(s >= 0 for s in shadow(x).strides)
