"""LLVM text of the functions through which CPython calls a kernel.

`wrapper_text` emits, to be compiled together with the kernel:

- `entry`, a vectorcall function: checks the arguments, allocates the results, calls the kernel. A
  call that does not match goes on to the function that the variable `tapec.next` holds, so that
  the entries of several specialisations can be chained (`link_chain`); it starts out as
- `tapec.mismatch`, which calls the Python function `slow(self, *args, **kwargs)`;
- `bound`, a vectorcall function without arguments for fixed buffers: its instance's data word
  points to a table of the kernel's pointers, with the result object at the end.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import (
    STATUS,
    UNKNOWN_STATUS,
    WORK_ALIGNMENT,
    Out,
    Signature,
)
from tapec.backends.llvm.entry import CALL, NEXT, SIZE_MASK, EntryWriter
from tapec.backends.llvm.jit import ARENA, Library
from tapec.fastcall import DATA_OFFSET

_EXTERNALS = """\
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyErr_NoMemory()
declare void @PyErr_SetString(ptr, ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyFloat_FromDouble(double)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyLong_FromLongLong(i64)
declare void @PyMem_RawFree(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare ptr @PyType_GenericAlloc(ptr, i64)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
"""

# The way to Python: `slow` gets self, then the same arguments. Copies, so that nothing of the
# caller's is written; a call that comes here costs microseconds anyway.
_MISMATCH = f"""\
define internal ptr @tapec.mismatch({CALL}) nounwind {{
start:
  %nargs = and i64 %nargsf, {SIZE_MASK}
  %plain = icmp eq ptr %kwnames, null
  br i1 %plain, label %copy, label %named
named:
  %psize = getelementptr i8, ptr %kwnames, i64 {capi.HEAD}
  %nnames = load i64, ptr %psize
  br label %copy
copy:
  %extra = phi i64 [ 0, %start ], [ %nnames, %named ]
  %total = add i64 %nargs, %extra
  %slots = add i64 %total, 1
  %bytes = shl i64 %slots, 3
  %copied = call ptr @PyMem_RawMalloc(i64 %bytes)
  %got = icmp ne ptr %copied, null
  br i1 %got, label %first, label %empty
empty:
  %none = call ptr @PyErr_NoMemory()
  ret ptr null
first:
  store ptr %self, ptr %copied
  br label %test
test:
  %i = phi i64 [ 0, %first ], [ %after, %each ]
  %more = icmp ult i64 %i, %total
  br i1 %more, label %each, label %call
each:
  %from = getelementptr ptr, ptr %args, i64 %i
  %value = load ptr, ptr %from
  %after = add i64 %i, 1
  %to = getelementptr ptr, ptr %copied, i64 %after
  store ptr %value, ptr %to
  br label %test
call:
  %count = add i64 %nargs, 1
  %result = call ptr @PyObject_Vectorcall(ptr @tapec.slow, ptr %copied, i64 %count, ptr %kwnames)
  call void @PyMem_RawFree(ptr %copied)
  ret ptr %result
}}
"""


def wrapper_text(sig: Signature, kernel: str = "kernel") -> str:
    """LLVM text of `entry` and `bound` for a kernel defined in the same module.

    Link it with `capi.symbols(slow)`; see the module's text for what the functions do.
    """
    parts = [
        _EXTERNALS,
        "".join(f"@{name} = external global i8\n" for name in capi.OBJECT_NAMES),
        "@tapec.slow = external global i8\n",
        f"@{NEXT} = global ptr @tapec.mismatch\n",
        "" if sig.work_on_stack else _arena_text(sig.work_bytes),
        _dimension_constants(sig.outs),
        _raise_text(),
        _MISMATCH,
        EntryWriter(sig, kernel).text(),
        _bound_text(sig, kernel),
    ]
    return "\n".join(part for part in parts if part)


def link_chain(libraries: Sequence[Library]) -> int:
    """Let every entry pass a call it does not take to the next library's entry, the last to Python.

    Returns the address to call: the first entry. All libraries must live as long as it is called.
    """
    entries = [library.address("entry") for library in libraries]
    for library, following in zip(libraries, entries[1:], strict=False):
        ctypes.c_void_p.from_address(library.address(NEXT)).value = following
    return entries[0]


def _dimension_constants(outs: Sequence[Out]) -> str:
    """One constant array of extents for each output that has any."""
    lines = []
    for number, out in enumerate(outs):
        sizes = ", ".join(f"i64 {extent}" for extent in out.shape)
        if sizes:
            kind = f"[{len(out.shape)} x i64]"
            lines.append(f"@tapec.dims.{number} = private constant {kind} [{sizes}]\n")
    return "".join(lines)


def _arena_text(size: int) -> str:
    """Work memory too large for the stack: one block is kept for the next call.

    `take` exchanges it for null, so a call that finds null (another thread's or an outer call has
    the block) gets a block of its own; `give` leaves one block there and frees the other.
    """
    return f"""\
@{ARENA} = global ptr null
define internal ptr @tapec.take() nounwind {{
  %kept = atomicrmw xchg ptr @{ARENA}, ptr null acquire
  %usable = icmp ne ptr %kept, null
  br i1 %usable, label %found, label %grow
found:
  ret ptr %kept
grow:
  %fresh = call ptr @PyMem_RawMalloc(i64 {size + WORK_ALIGNMENT})
  %made = icmp ne ptr %fresh, null
  br i1 %made, label %done, label %starved
done:
  ret ptr %fresh
starved:
  %none = call ptr @PyErr_NoMemory()
  ret ptr null
}}
define internal void @tapec.give(ptr %block) nounwind {{
  %other = atomicrmw xchg ptr @{ARENA}, ptr %block release
  call void @PyMem_RawFree(ptr %other)
  ret void
}}
"""


def _raise_text() -> str:
    """`tapec.raise(status)`: set the Python exception that belongs to a kernel's status."""
    cases = {status: (kind.__name__, message) for status, (kind, message) in STATUS.items()}
    known = {**cases, 0: ("RuntimeError", UNKNOWN_STATUS)}  # 0 stands for all others here
    messages = "".join(_message(f"tapec.message.{key}", text) for key, (_, text) in known.items())
    targets = " ".join(f"i32 {status}, label %status.{status}" for status in cases)
    blocks = "".join(
        f"status.{key}:\n"
        f"  call void @PyErr_SetString(ptr @py.{kind}, ptr @tapec.message.{key})\n  ret void\n"
        for key, (kind, _) in known.items()
    )
    return (
        f"{messages}define internal void @tapec.raise(i32 %status) nounwind {{\n"
        f"  switch i32 %status, label %status.0 [ {targets} ]\n{blocks}}}\n"
    )


def _message(name: str, text: str) -> str:
    return f'@{name} = private constant [{len(text) + 1} x i8] c"{text}\\00"\n'


def _bound_text(sig: Signature, kernel: str) -> str:
    """`bound`: the kernel on a table of pointers (arguments, outputs, work), then the result."""
    count = len(sig.args) + len(sig.outs) + 1
    loads = "".join(
        f"  %place.{k} = getelementptr ptr, ptr %table, i64 {k}\n"
        f"  %pointer.{k} = load ptr, ptr %place.{k}\n"
        for k in range(count + 1)
    )
    passed = ", ".join(f"ptr %pointer.{k}" for k in range(count))
    save = "  %thread = call ptr @PyEval_SaveThread()\n" if sig.nogil else ""
    restore = "  call void @PyEval_RestoreThread(ptr %thread)\n" if sig.nogil else ""
    return f"""\
{_message("tapec.message.bound", "a bound kernel takes no arguments")}
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
  call void @PyErr_SetString(ptr @py.TypeError, ptr @tapec.message.bound)
  ret ptr null
}}
"""
