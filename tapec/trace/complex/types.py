"""Making complex arrays: element types, lists, copies, and views of other element types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError, UnsupportedOperation
from tapec.trace.arrays.memory import as_whole
from tapec.trace.arrays.promote import is_complex_type
from tapec.trace.arrays.session import where
from tapec.trace.arrays.storage import MaybeShared
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import copyto
from tapec.trace.complex.array import RULES, ComplexTracer, apply, both, method, pair, rule
from tapec.trace.complex.componentwise import part_of
from tapec.trace.complex.options import check_rule
from tapec.tree import is_complex, parts_of


def _part_type(dtype: Any) -> np.dtype[Any]:
    """The element type of the parts of a complex one."""
    return np.zeros((), dtype).real.dtype


def astype(x: Any, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True,
           copy: bool = True) -> Any:  # fmt: skip
    """Another element type, where that or the present one is complex."""
    check_rule(x, np.dtype(dtype), casting)
    if not is_complex_type(dtype):
        raise DTypeError(
            f"a conversion from complex numbers to {np.dtype(dtype)} drops the imaginary part",
            where=where(),
            hint="say so: z.real",
        )
    part = _part_type(dtype)
    if not is_complex(x):
        real = TABLE["astype"](x, part, order)
        return pair(real, TABLE["zeros_like"](real))
    if copy is False and x.real.dtype == part:
        return x
    with as_whole():
        return both(lambda p: TABLE["astype"](p, part, order), x)


rule("astype")(astype)
method("astype")(astype)


@rule("array")
def array(x: Any, dtype: Any = None, *, copy: Any = True, order: Any = None, ndmin: int = 0,
          **options: Any) -> Any:  # fmt: skip
    """``np.array`` of complex arrays and nested lists with such in them."""
    if type(x) in (list, tuple):
        made = pair(*(TABLE["array"](part_of(x, k), order=order, ndmin=ndmin) for k in (0, 1)))
        return made if dtype is None else astype(made, dtype)
    return _like(x, dtype, lambda p: TABLE["array"](p, copy=copy, order=order, ndmin=ndmin))


@rule("asarray", "asanyarray")
def asarray(
    x: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, **options: Any
) -> Any:
    """``np.asarray``: no copy of what is a complex array already."""
    if type(x) in (list, tuple):
        return array(x, dtype, order=order)
    return _like(x, dtype, lambda p: TABLE["asarray"](p, order=order, copy=copy))


def _like(x: Any, dtype: Any, function: Callable[[Any], Any]) -> Any:
    """What a function makes of both parts, itself where that is nothing new."""
    if not is_complex(x):
        return astype(function(x), dtype)
    if isinstance(x, complex | np.generic):
        x = pair(TABLE["array"](x.real), TABLE["array"](x.imag))
    if dtype is not None and np.dtype(dtype) != x.dtype:
        return astype(x, dtype)
    with as_whole():
        made = both(function, x)
    return x if made.real is x.real and made.imag is x.imag else made


@rule("ascontiguousarray")
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """``np.ascontiguousarray``: in C order, with at least one axis."""
    return np.atleast_1d(asarray(a, dtype, "C"))


@rule("asfortranarray")
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """``np.asfortranarray``: in Fortran's order, with at least one axis."""
    return np.atleast_1d(asarray(a, dtype, "F"))


def _filled(name: str) -> Callable[..., Any]:
    def function(x: Any, *args: Any, dtype: Any = None, shape: Any = None, **options: Any) -> Any:
        kind = np.dtype(dtype) if dtype is not None else x.dtype
        like = x.real if is_complex(x) else x
        if kind.kind != "c":
            return TABLE[name](like, *args, dtype=kind, shape=shape)
        value = args[0] if args else 1.0 if name == "ones_like" else 0.0
        part = _part_type(kind)
        real, imag = (TABLE["full_like"](like, v, dtype=part, shape=shape) for v in parts_of(value))
        return pair(real, imag)

    return function


for _name in ("zeros_like", "ones_like", "empty_like", "full_like"):
    rule(_name)(_filled(_name))


@rule("full")
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **options: Any) -> Any:
    """``np.full`` of one complex number."""
    if dtype is not None:
        fill_value = astype(fill_value, dtype)
    real, imag = parts_of(fill_value)
    part = None if dtype is None else _part_type(dtype)
    return pair(TABLE["full"](shape, real, part, order), TABLE["full"](shape, imag, part, order))


@rule("copyto")
def copy_into(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``np.copyto``."""
    copyto(dst, src, casting, where)


@rule("fill_diagonal")
def fill_diagonal(a: Any, value: Any, wrap: bool = False) -> None:
    """``np.fill_diagonal``."""
    for part, v in zip((a.real, a.imag), parts_of(value), strict=True):
        TABLE["fill_diagonal"](part, v, wrap)


@rule("complex")
def with_complex_type(name: str, *args: Any, dtype: Any, **kwargs: Any) -> Any:
    """A function of real arrays that is to compute in a complex type."""
    if name in ("astype", "array", "asarray", "asanyarray") or name.endswith("_like"):
        return RULES[name](*args, dtype=dtype, **kwargs)
    first, *rest = args
    return apply(name, (astype(first, dtype), *rest), {**kwargs, "dtype": dtype})


@rule("paired")
def paired(x: Tracer, dtype: Any) -> Any:
    """``x.view(complex)``: every other element of the last axis is an imaginary part."""
    if _part_type(dtype) != x.dtype or not x.ndim or x.shape[-1] % 2:
        raise ValueError(
            "When changing to a larger dtype, its size must be a divisor of the total size in bytes"
            " of the last axis of the array."
        )
    return pair(x[..., ::2], x[..., 1::2])


@method("view")
def view(z: ComplexTracer, dtype: Any = None, type: Any = None) -> Any:
    """``z.view(float)``: the parts side by side. It shows `z` as it is now, and is read only."""
    if dtype is None or np.dtype(dtype) == z.dtype:
        return both(lambda part: part.view(), z)
    if np.dtype(dtype) != z.real.dtype or not z.ndim:
        raise UnsupportedOperation(
            f"a view of the bytes of a {z.dtype} array as {np.dtype(dtype)}", where=where(),
            hint="use z.real and z.imag",
        )  # fmt: skip
    made = TABLE["stack"]([z.real, z.imag], axis=-1)
    made = TABLE["reshape"](made, (*z.shape[:-1], 2 * z.shape[-1]))
    made._storage.frozen = MaybeShared([z.real._storage, z.imag._storage])
    return made
