"""LLVM text of the checks of array arguments, and the constants that they are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import KernelAbi, View
from tapec.backends.llvm.arguments import ArrayArg
from tapec.backends.llvm.elements import ELEMENTS


def extents(numbers: tuple[int, ...]) -> str:
    """The LLVM name of the constant array that holds a shape, strides or axes."""
    return f"@tapec.extents.{'x'.join(map(str, numbers))}" if numbers else "null"


def array_check(thing: str, argument: ArrayArg) -> str:
    """The call that gives the data of an array without gaps, null for anything else."""
    if argument.number:
        return f"@tapec.number(ptr {thing}, ptr @np.type.{ELEMENTS[argument.dtype].scalar})"
    if argument.narrow:
        return (
            f"@tapec.array(ptr {thing}, ptr {_descr(argument)}, i32 {len(argument.shape)}, i32 0, "
            f"ptr {extents(argument.shape)})"
        )
    contiguous = 0 if argument.order else capi.C_CONTIGUOUS
    flags = contiguous | capi.ALIGNED | (capi.WRITEABLE if argument.writeable else 0)
    strides = f", ptr {extents(argument.strides)}" if argument.order else ""
    name = "ordered" if argument.order else "array"
    return (
        f"@tapec.{name}(ptr {thing}, ptr {_descr(argument)}, i32 {len(argument.shape)}, "
        f"i32 {flags}, ptr {extents(argument.shape)}{strides})"
    )


def gap_check(thing: str, argument: ArrayArg) -> str:
    """The call that tells whether an array may be copied in place of one without gaps."""
    return (
        f"@tapec.gapped(ptr {thing}, ptr {_descr(argument)}, i32 {len(argument.shape)}, "
        f"ptr {extents(argument.shape)}, ptr {extents(argument.axes)})"
    )


def new_view(base: str, view: View) -> str:
    """The call that makes a view of an array."""
    flags = capi.WRITEABLE if view.writeable else 0
    return (
        f"call ptr @tapec.view(ptr {base}, i64 {view.offset}, "
        f"ptr @np.descr.{ELEMENTS[view.dtype].numpy}, i32 {len(view.shape)}, "
        f"ptr {extents(view.shape)}, ptr {extents(view.strides)}, i32 {flags})"
    )


def _descr(argument: ArrayArg) -> str:
    return f"@np.descr.{argument.numpy}"


def extent_constants(sig: KernelAbi) -> str:
    """One constant array for each that occurs."""
    return "".join(map(_constant, sorted({*_named(sig)} - {()})))


def _named(sig: KernelAbi) -> Iterator[tuple[int, ...]]:
    for arg in sig.args:
        yield arg.shape
        if isinstance(arg, ArrayArg) and (arg.order or arg.gaps):
            yield from (arg.strides, arg.axes)
    for out in sig.outs:
        yield from (out.placed(out.shape), out.strides) if out.order else (out.shape,)
    for view in sig.views:
        yield from (view.shape, view.strides)


def _constant(numbers: Iterable[int]) -> str:
    values = tuple(numbers)
    text = ", ".join(f"i64 {n}" for n in values)
    return f"{extents(values)} = private constant [{len(values)} x i64] [{text}]\n"
