"""LLVM text of the functions through which CPython calls a kernel.

`wrapper_text` emits `entry`, to be compiled together with the kernel: a vectorcall function that
checks the arguments, allocates the results and calls the kernel. A call that does not match goes on
to the function that the variable `tapec.next` holds, so that the entries of several specialisations
can be chained (`link_chain`). At first that is `tapec.mismatch`, which calls the Python function
`slow(self, *args, **kwargs)`; this and other shared parts come from `runtime`.

`bound_text` emits `bound`, a vectorcall function without arguments for fixed buffers: its
instance's data word points to a table of the kernel's pointers.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence

from tapec.backends.fastcall import DATA_OFFSET
from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import KernelAbi
from tapec.backends.llvm.entry import CALL, NEXT, EntryWriter
from tapec.backends.llvm.entry_arrays import extent_constants
from tapec.backends.llvm.entry_nesting import SIZE_MASK
from tapec.backends.llvm.jit import ARENA, Library
from tapec.backends.llvm.names import FIXED, KEY, RAISER, RECORD
from tapec.backends.llvm.watch import STATE

_FUNCTIONS = tuple(
    (line.partition("@")[2].partition("(")[0], line)
    for line in """\
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyComplex_FromDoubles([2 x double])
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyTuple_New(i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare ptr @PyList_New(i64)
declare ptr @PyDict_New()
declare i64 @PyDict_Size(ptr)
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare ptr @PyType_GenericAlloc(ptr, i64)
declare i1 @tapec.key(ptr, ptr)
declare ptr @tapec.item(ptr, ptr, ptr)
declare ptr @tapec.array(ptr, ptr, i32, i32, ptr)
declare ptr @tapec.number(ptr, ptr)
declare ptr @tapec.ordered(ptr, ptr, i32, i32, ptr, ptr)
declare i1 @tapec.gapped(ptr, ptr, i32, ptr, ptr)
declare ptr @tapec.gather(ptr, ptr, ptr)
declare ptr @tapec.widen(ptr, ptr, ptr)
declare ptr @tapec.new(ptr, i32, ptr, ptr)
declare ptr @tapec.view(ptr, i64, ptr, i32, ptr, ptr, i32)
declare ptr @tapec.take(ptr, i64)
declare void @tapec.give(ptr, ptr)
declare void @PyMem_RawFree(ptr)
declare void @tapec.raise(i32)
""".splitlines(keepends=True)
)
_WATCHING = "declare i1 @tapec.unchanged(ptr)\n"
_RAISING = f"""\
@{RAISER} = external global i8
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
"""
_OBJECTS = tuple((name, f"@{name} = external global i8\n") for name in capi.OBJECT_NAMES)


def wrapper_text(sig: KernelAbi, kernel: str = "kernel", *, alone: bool = True) -> str:
    """LLVM text of `entry` for a kernel defined in the same module (with its state: `alone`).

    Link it with `runtime.symbols(slow)` and, where there are errors, with the address of a Python
    function as `RAISER`, and with those of the signature's fixed objects; the module's
    docstring says what it does.
    """
    entry = EntryWriter(sig, kernel).text()
    state = "global ptr null" if alone else "external global ptr"
    parts = [
        _named_in(entry, (*_FUNCTIONS, *_OBJECTS)),
        f"declare ptr @tapec.mismatch(ptr, ptr, i64, ptr)\n@{NEXT} = global ptr @tapec.mismatch\n",
        "" if sig.work_on_stack else f"@{ARENA} = global ptr null\n",
        f"@{STATE} = {state}\n{_WATCHING}" if sig.watched else "",
        _RAISING if sig.errors else "",
        "".join(f"@{FIXED}{place} = external global i8\n" for place, _ in sig.fixed),
        _external(RECORD, len(sig.records)),
        _external(KEY, len(sig.keys)),
        extent_constants(sig),
        entry,
    ]
    return "\n".join(part for part in parts if part)


def other_text(sig: KernelAbi, kernel: str = "kernel") -> str:
    """LLVM text of an `entry` for a kernel, and a state, that are symbols of the module's."""
    return _declared(sig, kernel) + wrapper_text(sig, kernel, alone=False)


def _declared(sig: KernelAbi, kernel: str) -> str:
    kinds = ", ".join(["ptr"] * (len(sig.args) + len(sig.outs) + 1))
    return f"declare i32 @{kernel}({kinds})\n"


def _external(name: str, count: int) -> str:
    return "".join(f"@{name}{k} = external global i8\n" for k in range(count))


def _named_in(text: str, declarations: Iterable[tuple[str, str]]) -> str:
    """The declarations of what a text names; LLVM and the linker look at each one."""
    return "".join(line for name, line in declarations if f"@{name}" in text)


def link_chain(libraries: Sequence[Library], python: int) -> int:
    """Let every entry pass a call it does not take to the next library's entry, the last to
    `python`, the address of `tapec.mismatch`.

    Returns the address to call: the first entry. All libraries must live as long as it is called.
    """
    entries = [library.address("entry") for library in libraries]
    for library, following in zip(libraries, [*entries[1:], python], strict=True):
        ctypes.c_void_p.from_address(library.address(NEXT)).value = following
    return entries[0]


def bound_text(sig: KernelAbi, kernel: str = "kernel") -> str:
    """LLVM text of `bound`, for a kernel that is a symbol of the module's.

    Its table holds the kernel's pointers (arguments, outputs, work), then the result object.
    """
    count = len(sig.args) + len(sig.outs) + 1
    loads = "".join(
        f"  %place.{k} = getelementptr ptr, ptr %table, i64 {k}\n"
        f"  %pointer.{k} = load ptr, ptr %place.{k}\n"
        for k in range(count + 1)
    )
    passed = ", ".join(f"ptr %pointer.{k}" for k in range(count))
    save = "  %thread = call ptr @PyEval_SaveThread()\n" if sig.nogil else ""
    restore = "  call void @PyEval_RestoreThread(ptr %thread)\n" if sig.nogil else ""
    return (
        _declared(sig, kernel)
        + f"""\
declare void @Py_IncRef(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare void @tapec.raise(i32)
declare ptr @tapec.mismatch(ptr, ptr, i64, ptr)
define ptr @bound({CALL}) nounwind {{
  %nargs = and i64 %nargsf, {SIZE_MASK}
  %none = icmp eq i64 %nargs, 0
  %unnamed = icmp eq ptr %kwnames, null
  %matches = and i1 %none, %unnamed
  br i1 %matches, label %run, label %refuse
run:
  %pdata = getelementptr i8, ptr %self, i64 {DATA_OFFSET}
  %table = load ptr, ptr %pdata
{loads}{save}  %status = call i32 @{kernel}({passed})
{restore}  %fine = icmp eq i32 %status, 0
  br i1 %fine, label %done, label %failed
done:
  call void @Py_IncRef(ptr %pointer.{count})
  ret ptr %pointer.{count}
failed:
  call void @tapec.raise(i32 %status)
  ret ptr null
refuse:
  %refused = musttail call ptr @tapec.mismatch({CALL})
  ret ptr %refused
}}
"""
    )
