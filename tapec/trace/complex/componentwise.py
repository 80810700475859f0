"""Functions that treat real and imaginary parts alike: moving, joining and adding elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.memory import as_whole
from tapec.trace.arrays.table import TABLE
from tapec.trace.complex.array import METHODS, RULES, ComplexTracer, pair, rule
from tapec.trace.complex.options import like
from tapec.tree import is_complex

# The numbers and names of the arguments that may be complex, by function; lists of them count.
_DATA: dict[tuple[int, ...], str] = {
    (0,): "reshape ravel transpose permute_dims matrix_transpose linalg.matrix_transpose"
    " swapaxes moveaxis rollaxis squeeze expand_dims atleast_1d atleast_2d atleast_3d flip flipud"
    " fliplr rot90 roll broadcast_to diagonal linalg.diagonal diag diagflat trace linalg.trace sum"
    " cumsum cumulative_sum mean diff ediff1d tile repeat resize compress delete take"
    " take_along_axis nan_to_num tril triu copy concatenate"
    " concat stack vstack hstack dstack column_stack block split array_split hsplit vsplit dsplit"
    " unstack negative positive round around broadcast_arrays pad meshgrid gradient average require"
    " sliding_window_view ix_",
    (0, 1): "add subtract append linspace",
    (0, 2): "insert",
    (1,): "choose",
    (2,): "interp",
    (1, 2): "where",
}
# The names of data arguments that may be given by keyword.
_NAMED = frozenset(
    ["a", "x", "arr", "m", "v", "values", "fp", "y", "arrays", "tup", "start", "stop"]
)
# Numbers among the options: real ones have the imaginary part 0.
_NUMBERS = frozenset(
    ["initial", "constant_values", "end_values", "prepend", "append", "to_end", "to_begin", "left",
     "right"]
)  # fmt: skip


def part_of(x: Any, k: int) -> Any:
    """The real (0) or imaginary (1) part of an argument that may be complex, or holds such."""
    if type(x) in (list, tuple):
        return type(x)([part_of(item, k) for item in x])
    if is_complex(x):
        return (x.real, x.imag)[k]
    return x if k == 0 or x is None or x is np._NoValue else _zeros(x)


def _option(name: str, x: Any, k: int) -> Any:
    return part_of(x, k) if name in _NAMED or name in _NUMBERS else x


def _zeros(x: Any) -> Any:
    return TABLE["zeros_like"](x) if getattr(x, "shape", ()) else 0.0


def _alike(name: str, places: tuple[int, ...]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        def on(k: int) -> Any:
            given = [part_of(a, k) if n in places or spread else a for n, a in enumerate(args)]
            return TABLE[name](*given, **{n: _option(n, a, k) for n, a in kwargs.items()})

        spread, dtype = name in _SPREAD, kwargs.pop("dtype", None)
        with as_whole():
            real, imag = on(0), on(1)
            made = zipped(real, imag)
        if spread and len(args) > 1:  # results of real arguments are such
            pairs = zip(args, made, real, strict=True)
            made = type(made)([m if is_complex(a) else r for a, m, r in pairs])
        return made if dtype is None else _typed(made, dtype)

    function.__name__ = name
    return like(name, function)


# Functions all of whose arguments are data.
_SPREAD = frozenset(
    ["atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "meshgrid", "ix_"]
)


def _typed(made: Any, dtype: Any) -> Any:
    if isinstance(made, tuple):
        return (_typed(made[0], dtype), *made[1:])
    return RULES["astype"](made, dtype)


def zipped(real: Any, imag: Any) -> Any:
    """Results of functions of both parts as complex ones."""
    if isinstance(real, (list, tuple)):
        return type(real)([zipped(r, i) for r, i in zip(real, imag, strict=True)])
    return pair(real, imag)


for _places, _names in _DATA.items():
    for _name in _names.split():
        RULES[_name] = _alike(_name, _places)


def _by_method(name: str) -> Callable[..., Any]:
    def method(z: ComplexTracer, *args: Any, **kwargs: Any) -> Any:
        with as_whole():
            made = [
                getattr(part, name)(*args, **{n: _option(n, a, k) for n, a in kwargs.items()})
                for k, part in enumerate((z.real, z.imag))
            ]
        return pair(*made)

    return method


# Methods that take the same arguments for either part.
_METHODS = (
    "reshape ravel flatten transpose swapaxes squeeze diagonal repeat take compress copy round"
)
for _name in _METHODS.split():
    METHODS[_name] = _by_method(_name)


@rule("select")
def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    """``np.select``."""
    made = [
        TABLE["select"](conditions, [part_of(c, k) for c in choices], part_of(default, k))
        for k in (0, 1)
    ]
    return pair(*made)


@rule("nansum")
def nansum(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = np._NoValue) -> Any:
    """The sum of the elements of which no part is NaN."""
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axis, keepdims=keepdims)


@rule("nanmean")
def nanmean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = np._NoValue) -> Any:
    """The mean of the elements of which no part is NaN."""
    count = np.sum(np.logical_not(np.isnan(a)), axis=axis, keepdims=keepdims)
    return nansum(a, axis, None, keepdims) / TABLE["astype"](count, a.real.dtype)
