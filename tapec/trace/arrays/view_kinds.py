"""The kinds of view steps: each a rule to read it, to write through it, and as a NumPy view."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from tapec.errors import MutationError, ReadOnlyError
from tapec.ir.core import Value
from tapec.ir.places import is_run, slices
from tapec.trace.arrays.layout import Array, Shape, Strides
from tapec.trace.arrays.session import Session, where


class DynamicSlice:
    """A slice with traced starts: its specification and the starts.

    Places are equal where the starts are provably so (`forms` are their linear forms).
    """

    __slots__ = ("at", "forms", "starts")

    def __init__(self, at: tuple[Any, ...], starts: tuple[Any, ...], forms: tuple[Any, ...]):
        self.at, self.starts, self.forms = at, starts, forms

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DynamicSlice)
            and (self.at, len(self.forms)) == (other.at, len(other.forms))
            and all(map(operator.eq, self.forms, other.forms))
        )

    __hash__ = None  # type: ignore[assignment]

    def operands(self, session: Session) -> list[Value]:
        """The starts as values in this trace."""
        return [s._value(session) for s in self.starts]

    def fixed(self) -> tuple[Any, ...]:
        """The slice with its starts at zero, for questions about memory layout."""
        return tuple(
            (0 if isinstance(e, int) else (0, *e[1:])) if is_run(e) else e for e in self.at
        )


def inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse permutation."""
    result = [0] * len(perm)
    for i, p in enumerate(perm):
        result[p] = i
    return tuple(result)


class ViewKind(NamedTuple):
    """A kind of step: how it is read, what it is of a NumPy array, how a write goes through it.

    `put` gives the array under the step with what it shows replaced. `ordered` says whether axes
    that lie in C order still do.
    """

    look: Callable[[Session, Value, Any], Value]
    of_array: Callable[[Array, Any], Array]
    put: Callable[[Session, Value, Value, Any], Value]
    ordered: bool = False
    read_only: bool = False


def _transposed(session: Session, value: Value, perm: Sequence[int]) -> Value:
    same = list(perm) == list(range(len(perm)))
    return value if same else session.emit("transpose", value, perm=tuple(perm))


def _reshaped(session: Session, value: Value, shape: Shape) -> Value:
    return value if value.type.shape == shape else session.emit("reshape", value, shape=shape)


def _to_front(rank: int, axes: Sequence[int]) -> tuple[int, ...]:
    return (*axes, *(k for k in range(rank) if k not in axes))


def _constant(session: Session, indices: Any) -> Value:
    return session.array(np.asarray(indices, np.int64), "i64")


Diagonal = tuple[int, int, int]  # offset and both axes


def diagonal_size(shape: Shape, arg: Diagonal) -> int:
    """The number of elements of a diagonal."""
    offset, *axes = arg
    rows, columns = (shape[a] for a in axes)
    return max(0, min(rows - max(-offset, 0), columns - max(offset, 0)))


def _places(shape: Shape, arg: Diagonal) -> tuple[Array, Array]:
    """The indices of the elements of a diagonal along both axes."""
    i = np.arange(diagonal_size(shape, arg))
    return i + max(-arg[0], 0), i + max(arg[0], 0)


def _look_diagonal(session: Session, value: Value, arg: Diagonal) -> Value:
    rank = len(value.type.shape)
    places = [_constant(session, p) for p in _places(value.type.shape, arg)]
    front = _transposed(session, value, _to_front(rank, arg[1:]))
    found = session.emit("gather", front, *places)
    return _transposed(session, found, (*range(1, rank - 1), 0))


def _put_diagonal(session: Session, under: Value, new: Value, arg: Diagonal) -> Value:
    rank = len(under.type.shape)
    places = [_constant(session, p) for p in _places(under.type.shape, arg)]
    perm = _to_front(rank, arg[1:])
    new = _transposed(session, new, (rank - 2, *range(rank - 2)))
    made = session.emit("scatter", _transposed(session, under, perm), new, *places)
    return _transposed(session, made, inverse(perm))


def _diagonal_of(array: Array, arg: Diagonal) -> Array:
    offset, *axes = arg
    front = array.transpose(_to_front(array.ndim, axes))[max(-offset, 0) :, max(offset, 0) :]
    n = min(front.shape[:2])
    # Unlike np.diagonal, this may be written.
    seen: Array = np.einsum("ii...->...i", front[:n, :n])
    return seen


Strided = tuple[int, Shape, Strides]  # the first element, the shape and the strides


def _elements(arg: Strided) -> Array:
    """Which element of the memory each element of a strided view is."""
    start, shape, strides = arg
    found = np.full(shape, start, np.int64)
    for step, indices in zip(strides, np.indices(shape, sparse=True), strict=True):
        found += step * indices
    return found


def _look_strided(session: Session, value: Value, arg: Strided) -> Value:
    flat = _reshaped(session, value, (prod(value.type.shape),))
    return session.emit("gather", flat, _constant(session, _elements(arg)))


def _put_strided(session: Session, under: Value, new: Value, arg: Strided) -> Value:
    places = _elements(arg)
    if np.unique(places).size < places.size:
        raise MutationError(
            "a write through a view whose elements overlap",
            where=where(),
            hint="write into the array itself",
        )
    flat = _reshaped(session, under, (prod(under.type.shape),))
    made = session.emit("scatter", flat, new, _constant(session, places))
    return _reshaped(session, made, under.type.shape)


def _strided(array: Array, arg: Strided) -> Array:
    start, shape, strides = arg
    size = array.itemsize
    memory = as_strided(array, (max(start, 0) + 1,), (size,))[start:]
    return as_strided(memory, shape, tuple(s * size for s in strides))


Windows = tuple[tuple[int, ...], tuple[int, ...]]  # sizes and axes


def _look_windows(session: Session, value: Value, arg: Windows) -> Value:
    for size, axis in zip(*arg, strict=True):
        rank, n = len(value.type.shape), value.type.shape[axis]
        places = np.arange(n - size + 1)[:, None] + np.arange(size)
        front = _transposed(session, value, _to_front(rank, [axis]))
        found = session.emit("gather", front, _constant(session, places))
        rest = [*range(2, rank + 1)]
        value = _transposed(session, found, [*rest[:axis], 0, *rest[axis:], 1])
    return value


def _refuse(session: Session, under: Value, new: Value, arg: Any) -> Value:
    raise read_only_error()


def read_only_error() -> ReadOnlyError:
    """NumPy's error for a write into a read-only array."""
    return ReadOnlyError("assignment destination is read-only", where=where(),
                         hint="write into a copy: a = a.copy()")  # fmt: skip


def _read_only(array: Array, _: Any) -> Array:
    seen = array.view()
    seen.flags.writeable = False
    return seen


def _put_dynamic(session: Session, under: Value, new: Value, arg: DynamicSlice) -> Value:
    return session.emit("dynamic_update", under, new, *arg.operands(session), at=arg.at)


KINDS = {
    "index": ViewKind(
        lambda s, v, at: s.emit("index", v, at=at),
        lambda a, at: a[(*slices(at), ...)],
        lambda s, v, new, at: s.emit("update", v, new, at=at),
        ordered=True,
    ),
    "dynamic": ViewKind(
        lambda s, v, arg: s.emit("dynamic_index", v, *arg.operands(s), at=arg.at),
        lambda a, arg: a[(*slices(arg.fixed()), ...)],
        _put_dynamic,
        ordered=True,
    ),
    "transpose": ViewKind(
        lambda s, v, perm: s.emit("transpose", v, perm=perm),
        lambda a, perm: a.transpose(perm),
        lambda s, v, new, perm: s.emit("transpose", new, perm=inverse(perm)),
    ),
    "reshape": ViewKind(
        _reshaped,
        lambda a, shape: a.reshape(shape),
        lambda s, v, new, shape: _reshaped(s, new, v.type.shape),
        ordered=True,
    ),
    # `x.flat`: all elements in C order, wherever they lie.
    "flat": ViewKind(
        _reshaped,
        lambda a, shape: a.reshape(shape),
        lambda s, v, new, shape: _reshaped(s, new, v.type.shape),
        ordered=True,
    ),
    "diagonal": ViewKind(_look_diagonal, _diagonal_of, _put_diagonal),
    "broadcast": ViewKind(
        lambda s, v, shape: s.emit("broadcast_to", v, shape=shape),
        np.broadcast_to,
        _refuse,
        read_only=True,
    ),
    "windows": ViewKind(
        _look_windows,
        lambda a, arg: sliding_window_view(a, *arg),
        _refuse,
        read_only=True,
    ),
    "strided": ViewKind(_look_strided, _strided, _put_strided),
    # What `x.flags.writeable = False` makes of a view.
    "read only": ViewKind(lambda s, v, _: v, _read_only, _refuse, ordered=True, read_only=True),
}
FLATTEN = frozenset(["reshape", "flat"])
