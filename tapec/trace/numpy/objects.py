"""NumPy's objects that are called or indexed: `vectorize`, `r_`, `c_`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.cures import unsupported
from tapec.trace.arrays.operands import as_array, as_tracer, key_of
from tapec.trace.arrays.promote import common
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.numpy.join import concatenate
from tapec.trace.numpy.shape import broadcast_to, transpose


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
        if isinstance(parts[0], str):
            return _directed(*_directive(parts[0]), parts[1:])
        given = [np.r_[p] if isinstance(p, slice) else as_array(p) for p in parts]
        arrays = [TABLE["atleast_1d"](p) for p in _of_one_kind(given)]
        if self._columns:
            return concatenate([_column(a) for a in arrays], -1)
        return concatenate(arrays, 0)


def _directive(text: str) -> tuple[int, int, int]:
    """The axis of joining, the least number of axes, and where a vector's axis goes."""
    try:
        numbers = [int(n) for n in text.split(",")]
    except ValueError:
        raise unsupported(np.concatenate, f" by np.r_[{text!r}, ...]") from None
    axis, least, place = (*numbers, *(0, 1, -1)[len(numbers) :])
    return axis, least, place


def _directed(axis: int, least: int, place: int, parts: Any) -> Any:
    given = [np.r_[p] if isinstance(p, slice) else as_array(p) for p in parts]
    arrays = []
    for p in _of_one_kind(given):
        axes = as_tracer(p).ndim
        missing = max(least - axes, 0)
        a = TABLE["reshape"](p, ((1,) * missing + as_tracer(p).shape))
        if place != -1 and axes < least:
            k = place + missing + 1 if place < 0 else place
            order = [*range(k), *range(missing, least), *range(k, missing)]
            a = transpose(a, order)
        arrays.append(a)
    return concatenate(arrays, axis)


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
