"""Tracers: what the user's function sees in place of arrays and numbers.

A tracer looks at a `Storage` through view steps. The storage holds either the current SSA value
of a traced array, or a plain NumPy array (*concrete*) until something traced is written into it.
Operators, items, methods and NumPy's protocols are given to the class by `overloads` and `parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import DTypeError, EscapedTracerError, MutationError, TraceError
from tapec.ir.core import Value
from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays import views
from tapec.trace.arrays.coercions import refuse
from tapec.trace.arrays.layout import Array
from tapec.trace.arrays.reshaping import check_new_shape
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.texts import TracedText, note_traced
from tapec.trace.arrays.view_kinds import read_only_error

Deps = frozenset[int] | None


class Tracer:
    """An array (or number) of the traced program; behaves as the NumPy array it stands for."""

    __slots__ = ("_deps", "_dtype", "_memo", "_seen", "_shape", "_steps", "_storage", "_weak")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000.0

    def __init__(
        self,
        storage: Storage,
        dtype: str,
        shape: tuple[int, ...],
        steps: tuple[views.Step, ...] = (),
        weak: bool = False,
        deps: Deps = None,
    ) -> None:
        self._storage, self._dtype, self._shape, self._steps = storage, dtype, shape, steps
        self._weak, self._deps = weak, deps
        self._memo: Any = None
        self._seen: Any = -1

    # -- content ---------------------------------------------------------------------------

    def _value(self, session: Session) -> Value:
        """The current value as an operand in `session`."""
        storage = self._storage
        if storage.array is not None:
            return self._constant(session, storage)
        if storage.narrow:
            self._refuse_narrow(storage.narrow)
        own = storage.session
        assert own is not None
        assert storage.value is not None
        if not own.alive:
            raise EscapedTracerError(
                "a traced value is used after the call that traced it has ended",
                where=where(),
                hint="return it from the traced function instead of storing it elsewhere",
            )
        if storage.frozen and not isinstance(storage.frozen, str):
            storage.frozen.check()
        if own is not session and session.is_region:
            session.enter(storage)
            own = session
        value: Value = storage.value
        if self._steps:
            if self._seen != storage.version:
                for step in self._steps:
                    value = views.look(own, value, step)
                self._memo, self._seen = value, storage.version
            value = self._memo
        return value if own is session else session.capture(self, value)

    def _refuse_narrow(self, narrow: str) -> None:
        raise DTypeError(
            f"an argument of dtype {narrow} is used for more than indices",
            where=where(),
            hint="convert it first: i.astype(int), or x.astype(float)",
        )

    def _constant(self, session: Session, storage: Storage) -> Value:
        key = (storage.version, session.serial)
        if self._seen != key:
            self._memo, self._seen = session.array(self._array, self._dtype), key
        value: Value = self._memo
        return value

    @property
    def _array(self) -> Array:
        """The NumPy array of a concrete tracer (a view of its storage)."""
        array = self._storage.array
        assert array is not None
        for step in self._steps:
            array = views.look_concrete(array, step)
        return array

    def _view(self, step: views.Step, shape: tuple[int, ...]) -> Tracer:
        return Tracer(self._storage, self._dtype, shape, (*self._steps, step), deps=self._deps)

    def _check_writable(self) -> None:
        """Raise where NumPy refuses a write, or it would reach memory outside the trace."""
        if self._steps and views.is_read_only(self._steps):
            raise read_only_error()
        frozen = self._storage.frozen
        if frozen and (isinstance(frozen, str) or frozen.refuses_writes()):
            raise MutationError(
                f"the function writes into {frozen}",
                where=where(),
                hint="write into a copy: a = a.copy()",
            )
        session = current()
        if session is not None:
            session.claim(self._storage)

    # -- coercions -------------------------------------------------------------------------

    def _coerce(self, what: str, cure: str) -> Any:
        """The NumPy array of a concrete tracer; otherwise the error of this coercion."""
        if self._storage.array is not None:
            return self._array
        refuse(self._storage.session, self._deps, repr(self), what, cure)

    def __bool__(self) -> bool:
        return bool(self._coerce("bool", "use np.where(cond, a, b), np.maximum or np.minimum"))

    def __index__(self) -> int:
        array = self._coerce("index", "mark the argument static, or use np.take and np.where")
        return int(array.__index__())

    def __int__(self) -> int:
        return int(self._coerce("int", "keep it an array: x.astype(int)"))

    def __float__(self) -> float:
        return float(self._coerce("float", "leave out float(): traced numbers need no conversion"))

    def __complex__(self) -> complex:
        return complex(self._coerce("float", "leave out complex(): traced numbers need none"))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        array = self._coerce("array", "use NumPy functions on it, imported as `import numpy as np`")
        return np.array(array, dtype=dtype)

    # -- protocol --------------------------------------------------------------------------

    if TYPE_CHECKING:  # given to the class by the modules above this one

        def __getitem__(self, key: Any) -> Any: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def __copy__(self) -> Any:
        return TABLE["copy"](self)

    def __deepcopy__(self, memo: Any) -> Any:
        return TABLE["copy"](self)

    def __repr__(self) -> str:
        if self._storage.array is not None:
            return repr(self._array)
        note_traced()
        dims = f"[{','.join(map(str, self.shape))}]" if self.shape else ""
        return TracedText(f"traced {self._dtype}{dims}")

    def __format__(self, spec: str) -> str:
        return format(self._array, spec) if self._storage.array is not None else repr(self)

    def __str__(self) -> str:
        return str(self._array) if self._storage.array is not None else repr(self)

    def __reduce__(self) -> Any:
        raise TraceError("a traced value cannot be pickled", where=where())

    # -- properties ------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy element type."""
        return np.dtype(self._storage.narrow or NUMPY_DTYPES[self._dtype])

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes; assigning reshapes this view in place, as in NumPy."""
        return self._shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        made = TABLE["reshape"](self, shape)
        check_new_shape(self, made)
        self._steps, self._shape, self._seen = made._steps, made._shape, -1

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes in all."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """Transpose."""
        return self if TABLE["isscalar"](self) else TABLE["transpose"](self)

    @property
    def mT(self) -> Any:
        """Transpose of the last two axes."""
        return TABLE["swapaxes"](self, -1, -2)

    @property
    def real(self) -> Any:
        """Itself; assigning writes all elements, and numbers have none to write."""
        return self

    @real.setter
    def real(self, values: Any) -> None:
        self[...] = values

    @property
    def imag(self) -> Any:
        """Zeros, read only."""
        zeros = TABLE["zeros_like"](self)
        if TABLE["isscalar"](self):
            return zeros[()]
        return zeros._view(("read only", None), self.shape)

    @property
    def flat(self) -> Any:
        """The elements in C order, wherever they lie; its slices are copies."""
        return self._view(("flat", (self.size,)), (self.size,))


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a traced value that is not concrete."""
    return type(x) is Tracer and x._storage.array is None


def of_numpy(made: Any) -> Any:
    """What NumPy's functions give for Python's numbers: numbers of NumPy's, which do not bend."""
    if type(made) is Tracer and made._weak:
        return Tracer(made._storage, made._dtype, made._shape, made._steps, False, made._deps)
    return type(made)(map(of_numpy, made)) if type(made) in (tuple, list) else made


def wrap(session: Session, value: Value, weak: bool = False, deps: Deps = None) -> Tracer:
    """A tracer of a fresh result."""
    t = value.type
    return Tracer(Storage(session, value, None), t.dtype, t.shape, (), weak, deps)
