"""NumPy's objects that are called or indexed: `vectorize`, `r_`, `nditer`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.memory import in_c_order, shadow
from tapec.trace.arrays.operands import any_symbolic, as_array, as_tracer, key_of, unwrap
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.join import concatenate
from tapec.trace.numpy.shape import broadcast_to, ravel, transpose


@implements("ndenumerate")
def ndenumerate(x: Any) -> Any:
    """Index and element pairs."""
    x = as_tracer(x)
    return ((i, x[i]) for i in np.ndindex(*x.shape))


class Joiner:
    """``np.r_`` and ``np.c_`` for arrays, numbers and slices."""

    def __init__(self, real: Any, columns: bool) -> None:
        self._real, self._columns = real, columns

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not any(is_symbolic(p) for p in parts):
            from tapec.trace.arrays.concrete import concrete
            from tapec.trace.arrays.operands import unwrap

            return concrete(self._real[unwrap(key)])
        given = [np.r_[p] if isinstance(p, slice) else as_array(p) for p in parts]
        arrays = [TABLE["atleast_1d"](p) for p in _of_one_kind(given)]
        if self._columns:
            return concatenate([_column(a) for a in arrays], -1)
        return concatenate(arrays, 0)


def _of_one_kind(parts: list[Any]) -> list[Any]:
    """What is joined; Python's numbers bend to the element type of the others."""
    kind = NUMPY_DTYPES[common(*map(key_of, parts))[0]]
    return [TABLE["astype"](p, kind) if key_of(p)[1] else p for p in parts]


def _column(a: Any) -> Any:
    return transpose(TABLE["atleast_2d"](a)) if as_tracer(a).ndim == 1 else a


class Vectorized:
    """``np.vectorize(f)``: `f` called on every element."""

    def __init__(self, pyfunc: Any, otypes: Any = None, doc: Any = None, excluded: Any = None,
                 cache: bool = False, signature: Any = None) -> None:  # fmt: skip
        self._function, self._types = pyfunc, otypes
        self._excluded = frozenset(excluded or ())
        self._cores = None if signature is None else _core_dimensions(signature)

    @classmethod
    def of(cls, made: Any, function: Any) -> Vectorized:
        """What stands for an object made outside the trace."""
        return cls(function, made.otypes, excluded=made.excluded or None, signature=made.signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs or self._excluded:
            return self._with_excluded(args, kwargs)
        if self._cores is not None:
            return self._on_parts([as_tracer(a) for a in args], self._cores)
        return self._on_elements(args)

    def _with_excluded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call on what varies: excluded arguments are given to the function whole."""
        places = [k for k in range(len(args)) if k not in self._excluded]
        names = [n for n in kwargs if n not in self._excluded]

        def function(*items: Any) -> Any:
            found = list(args)
            for k, item in zip(places, items, strict=False):
                found[k] = item
            named = dict(zip(names, items[len(places) :], strict=True))
            return self._function(*found, **{**kwargs, **named})

        inner = Vectorized(function, self._types)
        inner._cores = self._cores
        return inner(*(args[k] for k in places), *(kwargs[n] for n in names))

    def _on_parts(self, arrays: list[Tracer], cores: list[int]) -> Any:
        """The function on arrays of the core dimensions, for all others."""
        if len(arrays) != len(cores):
            raise TypeError(f"wrong number of positional arguments: expected {len(cores)}")
        loops = [a.shape[: a.ndim - n] for a, n in zip(arrays, cores, strict=True)]
        shape = np.broadcast_shapes(*loops)
        spread = [
            broadcast_to(a, (*shape, *a.shape[len(loop) :]))
            for a, loop in zip(arrays, loops, strict=True)
        ]
        found = [self._function(*(a[i] for a in spread)) for i in np.ndindex(*shape)]
        if not isinstance(found[0], tuple):
            return self._array(found, shape, 0)
        return tuple(self._array(f, shape, k) for k, f in enumerate(zip(*found, strict=True)))

    def _on_elements(self, arrays: tuple[Any, ...]) -> Any:
        spread = TABLE["broadcast_arrays"](*arrays)
        shape = spread[0].shape
        flat = zip(*(TABLE["ravel"](a) for a in spread), strict=True)
        found = [self._function(*items) for items in flat]
        if not isinstance(found[0], tuple):
            return self._array(found, shape, 0)
        return tuple(self._array(f, shape, k) for k, f in enumerate(zip(*found, strict=True)))

    def _array(self, items: Any, shape: tuple[int, ...], k: int) -> Any:
        kind = None if self._types is None else self._types[k]
        # The first result decides the element type, as in NumPy.
        made = TABLE["array"](list(items), dtype=kind or TABLE["result_type"](items[0]))
        return TABLE["reshape"](made, (*shape, *made.shape[1:]))


def _core_dimensions(signature: str) -> list[int]:
    """How many core dimensions each argument has, in a signature as `(m,n),(n)->(m)`."""
    inputs = re.findall(r"\(([^()]*)\)", signature.split("->")[0])
    return [len([d for d in core.split(",") if d.strip()]) for core in inputs]


def nditer(
    op: Any, flags: Any = None, op_flags: Any = None, order: str = "K", **kwargs: Any
) -> Any:
    """``np.nditer`` of traced arrays, element by element."""
    if not any_symbolic(op):
        return np.nditer(unwrap(op), **{"flags": flags or [], "order": order, **kwargs},
                         **({} if op_flags is None else {"op_flags": op_flags}))  # fmt: skip
    arrays = [as_tracer(x) for x in op] if isinstance(op, (list, tuple)) else [as_tracer(op)]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    # One whole array in C order decides for all of them.
    plain = order == "C" or any(x.shape == shape and _is_read_in_c_order(x) for x in arrays)
    if flags or kwargs or not plain:
        raise unsupported(np.nditer, ' other than np.nditer(x, order="C")')
    writes = _written(op_flags, len(arrays))
    each = [_views(x, shape) if written else _elements(ravel(broadcast_to(x, shape)))
            for x, written in zip(arrays, writes, strict=True)]  # fmt: skip
    return each[0] if len(each) == 1 else zip(*each, strict=True)


def _written(op_flags: Any, count: int) -> list[bool]:
    """Which operands may be written, by their flags: of each, or of all of them."""
    if op_flags is None:
        return [False] * count
    each = [op_flags] * count if isinstance(op_flags[0], str) else op_flags
    return [any("write" in flag for flag in flags) for flags in each]


def _views(x: Any, shape: Any) -> Iterator[Any]:
    """Arrays without axes that lie in `x`, one after the other."""
    if x.shape != shape:
        raise ValueError("output operand requires a reduction, but reduction is not enabled")
    return (x[(*place, ...)] for place in np.ndindex(*shape))


def _is_read_in_c_order(x: Any) -> bool:
    """Whether elements as they follow each other in memory are in C order."""
    return in_c_order(x) and all(s >= 0 for s in shadow(x).strides)


def _elements(flat: Any) -> Iterator[Any]:
    return (flat[k] for k in range(flat.size))
