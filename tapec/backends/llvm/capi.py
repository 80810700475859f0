"""What wrappers need of CPython and NumPy: object layouts, checked here, and addresses by name.

The emitted text names every function, type and singleton; `process_symbols` binds the names to
addresses of this process when the code is linked.
"""

from __future__ import annotations

import copy
import ctypes
import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.backends import fastcall
from tapec.backends.llvm.elements import ELEMENTS, NARROW

HEAD = object.__basicsize__  # fields follow the object head
TYPE = HEAD - 8  # the type pointer is the head's last word

# PyArrayObject_fields, the same in NumPy 1 and 2.
DATA, NDIM, DIMS, STRIDES = HEAD, HEAD + 8, HEAD + 16, HEAD + 24
DESCR, FLAGS = HEAD + 40, HEAD + 48
ELEMENT = HEAD + 8  # of a dtype: the word that has its kind, byte order and number
# PyVarObject, tuples and lists.
SIZE, TUPLE_ITEMS, LIST_ITEMS = HEAD, HEAD + 8, HEAD + 8
C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400

# Slots of the table of NumPy's C API.
_SLOTS = {
    "PyArray_NewCopy": 85,
    "PyArray_NewFromDescr": 94,
    "PyArray_FromArray": 109,
    "PyArray_SetBaseObject": 282,
}

_FUNCTIONS = (
    "Py_IncRef",
    "Py_DecRef",
    "PyErr_NoMemory",
    "PyErr_SetString",
    "PyEval_RestoreThread",
    "PyEval_SaveThread",
    "PyFloat_FromDouble",
    "PyLong_AsLongLongAndOverflow",
    "PyLong_FromLongLong",
    "PyMem_RawFree",
    "PyMem_RawMalloc",
    "PyMem_RawRealloc",
    "PyComplex_FromDoubles",
    "PyDict_New",
    "PyDict_Next",
    "PyDict_SetItem",
    "PyDict_Size",
    "PyErr_CheckSignals",
    "PyGILState_Check",
    "PyGILState_Ensure",
    "PyGILState_Release",
    "PyList_New",
    "PyObject_Vectorcall",
    "PyTuple_New",
    "PyType_GenericAlloc",
    "PyUnicode_Compare",
)

_OBJECTS: dict[str, object] = {
    "py.float": float,
    "py.int": int,
    "py.complex": complex,
    "py.tuple": tuple,
    "py.list": list,
    "py.dict": dict,
    "py.str": str,
    "py.None": None,
    "py.True": True,
    "py.False": False,
    "py.IndexError": IndexError,
    "py.LinAlgError": np.linalg.LinAlgError,
    "py.MemoryError": MemoryError,
    "py.RuntimeError": RuntimeError,
    "py.TypeError": TypeError,
    "py.ValueError": ValueError,
    "np.ndarray": np.ndarray,
    "np.True": np.True_,
    "np.False": np.False_,
    **{f"np.type.{e.scalar}": np.dtype(e.numpy).type for e in ELEMENTS.values()},
    **{f"np.descr.{e.numpy}": np.dtype(e.numpy) for e in ELEMENTS.values()},
    **{f"np.descr.{name}": np.dtype(name) for name in NARROW},
}

OBJECT_NAMES: tuple[str, ...] = tuple(_OBJECTS)


@functools.cache
def process_symbols() -> dict[str, int]:
    """Addresses of everything a wrapper may refer to in CPython and NumPy."""
    functions = {name: _address(getattr(ctypes.pythonapi, name)) for name in _FUNCTIONS}
    objects = {name: id(fastcall.immortal(value)) for name, value in _OBJECTS.items()}
    return functions | objects | {name: _array_api(slot) for name, slot in _SLOTS.items()}


@functools.cache
def supported() -> tuple[bool, str]:
    """Whether native wrappers can serve calls in this process, and the reason if not."""
    if not fastcall.SUPPORTED:
        return False, "the interpreter does not have the vectorcall layout known here"
    failed = next((name for name, holds in _LAYOUT_CHECKS.items() if not holds()), None)
    return (True, "") if failed is None else (False, f"unknown memory layout: {failed}")


def _read(kind: Any, thing: object, offset: int) -> Any:
    return kind.from_address(id(thing) + offset).value


def _ndarray_layout() -> bool:
    array = np.arange(6, dtype=np.float64).reshape(2, 3)
    view = array.T
    return (
        _read(ctypes.c_void_p, array, TYPE) == id(np.ndarray)
        and _read(ctypes.c_void_p, array, DATA) == array.ctypes.data
        and _read(ctypes.c_int, array, NDIM) == 2
        and _sizes(array, DIMS) == (2, 3)
        and _sizes(array, STRIDES) == (24, 8)
        and _read(ctypes.c_void_p, array, DESCR) == id(np.dtype(np.float64))
        and _read(ctypes.c_int, array, FLAGS) == array.flags.num
        and _read(ctypes.c_int, view, FLAGS) == view.flags.num
    )


def _sizes(array: np.ndarray[Any, Any], offset: int) -> tuple[int, ...]:
    pointer = _read(ctypes.c_void_p, array, offset)
    return tuple((ctypes.c_ssize_t * array.ndim).from_address(pointer))


def _flags_meaning() -> bool:
    flags = np.zeros((2, 3)).flags
    frozen = np.zeros((2, 3)).T
    frozen.flags.writeable = False
    wanted = C_CONTIGUOUS | ALIGNED | WRITEABLE
    return flags.num & wanted == wanted and frozen.flags.num & wanted == ALIGNED


def element_word(dtype: np.dtype[Any]) -> int:
    """The word that tells elements apart, also those of dtypes that are equal but not the same."""
    word: int = _read(ctypes.c_uint64, dtype, ELEMENT)
    return word


def _dtypes() -> bool:
    """Arrays made here have the dtypes known by name; copies, as of unpickled arrays, are equal."""
    known = [np.dtype(name) for name in {*NARROW, *(e.numpy for e in ELEMENTS.values())}]
    words = [element_word(dtype) for dtype in known]
    return (
        all(np.zeros(1, dtype).dtype is dtype for dtype in known)
        and words == [element_word(copy.copy(dtype)) for dtype in known]
        and len({*words, element_word(np.dtype(np.float64).newbyteorder())}) == 1 + len(known)
    )


def _pair(kind: Any, thing: object) -> tuple[float, float]:
    return _read(kind, thing, HEAD), _read(kind, thing, HEAD + ctypes.sizeof(kind))


def _scalar_layout() -> bool:
    return (
        _read(ctypes.c_double, 2.5, HEAD) == 2.5
        and _read(ctypes.c_double, np.float64(2.5), HEAD) == 2.5
        and _read(ctypes.c_float, np.float32(2.5), HEAD) == 2.5
        and _pair(ctypes.c_double, 2.5 + 1.5j) == (2.5, 1.5)
        and _pair(ctypes.c_double, np.complex128(2.5 + 1.5j)) == (2.5, 1.5)
        and _pair(ctypes.c_float, np.complex64(2.5 + 1.5j)) == (2.5, 1.5)
        and _read(ctypes.c_int64, np.int64(-(2**40)), HEAD) == -(2**40)
        and _read(ctypes.c_int32, np.int32(-7), HEAD) == -7
        and _read(ctypes.c_bool, np.True_, HEAD) > _read(ctypes.c_bool, np.False_, HEAD)
        and np.bool_(1) is np.True_
        and np.bool_(0) is np.False_
    )


def _sequence_layout() -> bool:
    row, items = (2.5, 3.5), [2.5, 3.5]
    first = _read(ctypes.c_void_p, items, LIST_ITEMS)
    return (
        _read(ctypes.c_ssize_t, row, SIZE) == _read(ctypes.c_ssize_t, items, SIZE) == 2
        and _read(ctypes.c_void_p, row, TUPLE_ITEMS) == id(row[0])
        and ctypes.c_void_p.from_address(first + 8).value == id(items[1])
    )


_LAYOUT_CHECKS: dict[str, Callable[[], bool]] = {
    "ndarray": _ndarray_layout,
    "ndarray flags": _flags_meaning,
    "dtypes": _dtypes,
    "scalars": _scalar_layout,
    "sequences": _sequence_layout,
}


def _address(function: Any) -> int:
    value = ctypes.cast(function, ctypes.c_void_p).value
    assert value is not None
    return value


def _array_api(slot: int) -> int:
    """An entry of the function table that NumPy offers to C extensions."""
    umath = importlib.import_module("numpy._core._multiarray_umath")
    get = fastcall.api("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    table = get(umath._ARRAY_API, None)
    return int(ctypes.c_void_p.from_address(table + slot * 8).value or 0)
