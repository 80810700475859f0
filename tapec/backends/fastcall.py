"""Python objects whose call goes straight into native code, by vectorcall (PEP 590).

`FastCallable` is a base class with two hidden machine words per instance: the address of a native
function

    PyObject *entry(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames)

and a data pointer for that function's own use. A Python subclass decorated with `enable_vectorcall`
is called through the address when it is set (`set_entry`), and through its ordinary `__call__`
when it is zero. Everything is done through ctypes, and every offset is checked against what the
interpreter reports; where a check fails (PyPy, free-threaded builds, unknown layouts)
`FastCallable` is a plain class, `SUPPORTED` is False and `__call__` serves all calls.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import sysconfig
from typing import TYPE_CHECKING, Any, TypeVar

_HAVE_VECTORCALL = 1 << 11
_BASETYPE = 1 << 10
_DEFAULT = 1 << 18
_MEMBERS_SLOT, _CALL_SLOT = 72, 50
_T_PYSSIZET, _READONLY = 19, 1

_WORD = ctypes.sizeof(ctypes.c_void_p)
_HEAD = object.__basicsize__
_ENTRY = _HEAD  # offset of the native address in an instance
DATA_OFFSET = _HEAD + _WORD  # offset of the data pointer in an instance

# Offsets in PyTypeObject, after PyVarObject (the head and ob_size) and tp_name.
_TP_BASICSIZE = _HEAD + 2 * _WORD
_TP_VECTORCALL_OFFSET = _HEAD + 5 * _WORD
_TP_FLAGS = _HEAD + 19 * _WORD

_Class = TypeVar("_Class", bound=type)


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("pfunc", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


def api(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the interpreter's C API by name, without touching ctypes' shared prototypes."""
    return prototype(result, *arguments)((name, ctypes.pythonapi))


@functools.cache
def prototype(result: Any, *arguments: Any) -> Any:
    """The type of functions that keep the interpreter lock and raise exceptions set in them.

    ctypes makes a class at every request, and a class is a cycle: one per signature is kept.
    """
    return ctypes.PYFUNCTYPE(result, *arguments)


_Thing = TypeVar("_Thing")


def immortal(thing: _Thing) -> _Thing:
    """The same object, never freed: native code holds its address, also while the interpreter
    tears down its modules at exit."""
    api("Py_IncRef", None, ctypes.py_object)(thing)
    return thing


def _known_interpreter() -> bool:
    # Asked for only where it can be, as the answer takes a millisecond.
    gil_disabled = sys.version_info >= (3, 13) and bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return sys.implementation.name == "cpython" and _WORD == 8 and not gil_disabled


def _flags_are_where_expected(cls: type) -> bool:
    """Compare the type object's memory with what the interpreter says about the type."""
    base = id(cls)
    size = ctypes.c_ssize_t.from_address(base + _TP_BASICSIZE).value
    flags = ctypes.c_ulong.from_address(base + _TP_FLAGS).value
    return size == cls.__basicsize__ and flags == cls.__flags__


_KEEP: list[Any] = []  # C structures that the type object refers to for good


def _make_base() -> type:
    call = ctypes.cast(ctypes.pythonapi.PyVectorcall_Call, ctypes.c_void_p).value
    members = (_Member * 2)(
        _Member(b"__vectorcalloffset__", _T_PYSSIZET, _ENTRY, _READONLY, None), _Member()
    )
    slots = (_Slot * 3)(
        _Slot(_MEMBERS_SLOT, ctypes.addressof(members)), _Slot(_CALL_SLOT, call), _Slot(0, None)
    )
    flags = _DEFAULT | _BASETYPE | _HAVE_VECTORCALL
    spec = _Spec(b"tapec.backends.fastcall.FastCallable", _HEAD + 2 * _WORD, 0, flags, slots)
    _KEEP.extend((members, slots, spec))
    made: type = api("PyType_FromSpec", ctypes.py_object, ctypes.c_void_p)(ctypes.addressof(spec))
    return made


def _works(base: type) -> bool:
    """Whether the interpreter itself finds the address that we write into an instance."""
    vectorcall_offset = ctypes.c_ssize_t.from_address(id(base) + _TP_VECTORCALL_OFFSET).value
    if vectorcall_offset != _ENTRY or not _flags_are_where_expected(base):
        return False
    probe = _flagged(type("_Probe", (base,), {"__call__": lambda self: None}))()
    find = api("PyVectorcall_Function", ctypes.c_void_p, ctypes.py_object)
    word = ctypes.c_void_p.from_address(id(probe) + _ENTRY)
    if word.value is not None or find(probe) is not None:
        return False
    word.value = sentinel = id(probe)  # never called, only looked up
    found = find(probe)
    word.value = None
    return bool(found == sentinel)


def _flagged(cls: _Class) -> _Class:
    """Set HAVE_VECTORCALL: heap types of Python 3.11, and any class with `__call__`, lack it."""
    flags = ctypes.c_ulong.from_address(id(cls) + _TP_FLAGS)
    flags.value |= _HAVE_VECTORCALL
    api("PyType_Modified", None, ctypes.py_object)(cls)
    return cls


def _native_base() -> type | None:
    """The native base class, or None where the interpreter's layout is not the one known here."""
    if not _known_interpreter():
        return None
    if not all(map(_flags_are_where_expected, (object, int, type, _Member))):
        return None
    base = _make_base()
    return base if _works(base) else None


if TYPE_CHECKING:

    class FastCallable:
        """Base of objects with a native entry; see the module's text."""

    SUPPORTED: bool
else:
    _base = _native_base()
    SUPPORTED = _base is not None
    FastCallable = _base if SUPPORTED else type("FastCallable", (), {"__module__": __name__})


def enable_vectorcall(cls: _Class) -> _Class:
    """Class decorator: let instances of a `FastCallable` subclass be called through their entry.

    Apply it again to subclasses, and after replacing `__call__` of the class (CPython then clears
    the flag; calls stay correct without it).
    """
    if not issubclass(cls, FastCallable):
        raise TypeError(f"{cls.__name__} does not derive from FastCallable")
    if SUPPORTED and _flags_are_where_expected(cls):
        _flagged(cls)
    return cls


def set_entry(instance: FastCallable, address: int, data: int = 0) -> bool:
    """Make calls of `instance` run the native function at `address` (0: `__call__` again).

    `data` is stored where native code finds it, DATA_OFFSET bytes into the object. The code must
    stay loaded for as long as it is set, and as long as a call of it may be running. Returns False,
    and does nothing, where the interpreter offers no such route.
    """
    if not isinstance(instance, FastCallable):
        raise TypeError(f"{type(instance).__name__} object is no FastCallable")
    if not SUPPORTED:
        return False
    ctypes.c_void_p.from_address(id(instance) + DATA_OFFSET).value = data
    ctypes.c_void_p.from_address(id(instance) + _ENTRY).value = address
    return True


def call_slowly(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    """The fallback of native code for other arguments: `__call__` of the object's class."""
    return type(self).__call__(self, *args, **kwargs)


def entry_of(instance: FastCallable) -> int:
    """The native address that calls of `instance` go to, 0 when they go to `__call__`."""
    if not SUPPORTED:
        return 0
    return ctypes.c_void_p.from_address(id(instance) + _ENTRY).value or 0
