"""LLVM text that makes the scalars of a result, NumPy's and Python's."""

from __future__ import annotations

from collections.abc import Mapping

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import Output
from tapec.backends.llvm.elements import ELEMENTS
from tapec.backends.llvm.function_text import FunctionText

# Python scalars are made from a double or an i64.
_WIDEN: Mapping[str, str] = {"f32": "fpext float {} to double", "i32": "sext i32 {} to i64"}
_BOX: Mapping[str, str] = {
    "pyfloat": "call ptr @PyFloat_FromDouble(double {})",
    "pyint": "call ptr @PyLong_FromLongLong(i64 {})",
    "pycomplex": "call ptr @PyComplex_FromDoubles([2 x double] {})",
}


def boxed(text: FunctionText, out: Output, pointer: str) -> str:
    """The object for a number in memory, owned."""
    element = ELEMENTS[out.dtype]
    number = text.value(f"load {element.llvm}, ptr {pointer}")
    if out.dtype == "bool":
        return _truth(text, number, "np" if out.kind == "scalar" else "py")
    if out.kind == "scalar":
        kind = f"@np.type.{element.scalar}"
        thing = text.own(text.value(f"call ptr @PyType_GenericAlloc(ptr {kind}, i64 0)"))
        text.emit(f"store {element.llvm} {number}, ptr {text.place(thing, capi.HEAD)}")
        return thing
    widen = _WIDEN.get(out.dtype)
    wide = text.value(widen.format(number)) if widen else number
    return text.own(text.value(_BOX[element.python].format(wide)))


def _truth(text: FunctionText, number: str, owner: str) -> str:
    nonzero = text.value(f"icmp ne i8 {number}, 0")
    thing = text.value(f"select i1 {nonzero}, ptr @{owner}.True, ptr @{owner}.False")
    text.emit(f"call void @Py_IncRef(ptr {thing})")
    text.owned.append(thing)
    return thing
