"""LLVM text of the functions that all wrappers share."""

from __future__ import annotations

import functools
import sys

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import INTERRUPTED, UNKNOWN_STATUS
from tapec.backends.llvm.dispatch import DISPATCH
from tapec.backends.llvm.entry import CALL
from tapec.backends.llvm.entry_nesting import COUNTED
from tapec.backends.llvm.runtime_arrays import ARRAYS
from tapec.backends.llvm.runtime_memory import memory_text
from tapec.backends.llvm.runtime_threads import threads_text
from tapec.backends.llvm.runtime_watch import UNCHANGED
from tapec.ir.ops.loop import RAISED, STATUS

# `tapec.key`: whether a name or key is the known text. `tapec.item`: the value at a position of a
# dictionary, which moves on; null where there is none, or where it has another key.
_DICTIONARIES = f"""\
define i1 @tapec.key(ptr %given, ptr %known) nounwind {{
start:
  %same = icmp eq ptr %given, %known
  br i1 %same, label %yes, label %text
text:
  %ptype = getelementptr i8, ptr %given, i64 {capi.TYPE}
  %type = load ptr, ptr %ptype
  %exact = icmp eq ptr %type, @py.str
  br i1 %exact, label %compare, label %no
compare:
  %order = call i32 @PyUnicode_Compare(ptr %given, ptr %known)
  %equal = icmp eq i32 %order, 0
  ret i1 %equal
yes:
  ret i1 true
no:
  ret i1 false
}}
define ptr @tapec.item(ptr %dict, ptr %position, ptr %known) nounwind {{
start:
  %pkey = alloca ptr
  %pvalue = alloca ptr
  %more = call i32 @PyDict_Next(ptr %dict, ptr %position, ptr %pkey, ptr %pvalue)
  %some = icmp ne i32 %more, 0
  br i1 %some, label %look, label %no
look:
  %key = load ptr, ptr %pkey
  %right = call i1 @tapec.key(ptr %key, ptr %known)
  br i1 %right, label %yes, label %no
yes:
  %value = load ptr, ptr %pvalue
  ret ptr %value
no:
  ret ptr null
}}
@py.str = external global i8
declare i32 @PyDict_Next(ptr, ptr, ptr, ptr)
declare i32 @PyUnicode_Compare(ptr, ptr)
"""

# `tapec.poll`: run the handlers of signals that have come, at most once a second of `clock`; the
# status for a kernel to end with, 0 to go on. It takes the interpreter lock for a moment; a kernel
# that holds it (short ones do, and loops of unknown length may run long) lets others run first.
_POLL = f"""\
define i32 @tapec.poll(ptr %clock) nounwind {{
start:
  %now = call i64 @time(ptr null)
  %last = load i64, ptr %clock
  %same = icmp eq i64 %now, %last
  br i1 %same, label %on, label %look
look:
  store i64 %now, ptr %clock
  %held = call i32 @PyGILState_Check()
  %free = icmp eq i32 %held, 0
  br i1 %free, label %ask, label %yield
yield:
  %thread = call ptr @PyEval_SaveThread()
  call void @PyEval_RestoreThread(ptr %thread)
  br label %ask
ask:
  %lock = call i32 @PyGILState_Ensure()
  %raised = call i32 @PyErr_CheckSignals()
  call void @PyGILState_Release(i32 %lock)
  %none = icmp eq i32 %raised, 0
  br i1 %none, label %on, label %stop
on:
  ret i32 0
stop:
  ret i32 {INTERRUPTED}
}}
declare i64 @time(ptr)
declare i32 @PyErr_CheckSignals()
declare i32 @PyGILState_Check()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
"""
_NO_POLL = "define i32 @tapec.poll(ptr %clock) nounwind {\n  ret i32 0\n}\n"

# The fallback to Python: `slow` gets self, then the arguments, which are copied since the caller's
# vector must not be written.
_MISMATCH = f"""\
define ptr @tapec.mismatch({CALL}) nounwind {{
{COUNTED}  %slots = add i64 %total, 1
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

_DECLARATIONS = """\
@np.ndarray = external global i8
@np.descr.int64 = external global i8
@tapec.slow = external global i8
@tapec.reraise = external global i8
@py.IndexError = external global i8
@py.LinAlgError = external global i8
@py.MemoryError = external global i8
@py.RuntimeError = external global i8
@py.ValueError = external global i8
declare void @Py_IncRef(ptr)
declare i32 @PyArray_SetBaseObject(ptr, ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyArray_NewCopy(ptr, i32)
declare ptr @PyArray_FromArray(ptr, ptr, i32)
declare ptr @PyErr_NoMemory()
declare void @PyErr_SetString(ptr, ptr)
declare void @PyMem_RawFree(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare ptr @PyMem_RawRealloc(ptr, i64)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
"""


@functools.cache
def runtime_text() -> str:
    """LLVM text of the shared functions."""
    poll = _NO_POLL if sys.platform == "win32" else _POLL  # no `time` to be found there
    parts = (
        _DECLARATIONS,
        ARRAYS,
        _DICTIONARIES,
        UNCHANGED,
        memory_text(),
        poll,
        threads_text(pool=True),
        _raise_text(),
        _MISMATCH,
        DISPATCH,
    )
    return "\n".join(parts)


def _raise_text() -> str:
    """`tapec.raise(status)`: set the Python exception that belongs to a kernel's status."""
    cases = {status: (kind.__name__, message) for status, (kind, message) in STATUS.items()}
    known = {**cases, 0: ("RuntimeError", UNKNOWN_STATUS)}  # 0 stands for all other statuses
    messages = "".join(_message(f"tapec.message.{key}", text) for key, (_, text) in known.items())
    targets = " ".join(f"i32 {status}, label %status.{status}" for status in cases)
    targets += f" i32 {INTERRUPTED}, label %done i32 {RAISED}, label %python"
    blocks = "".join(
        f"status.{key}:\n"
        f"  call void @PyErr_SetString(ptr @py.{kind}, ptr @tapec.message.{key})\n  ret void\n"
        for key, (kind, _) in known.items()
    )
    return (
        f"{messages}define void @tapec.raise(i32 %status) nounwind {{\n"
        f"  switch i32 %status, label %status.0 [ {targets} ]\n{blocks}"
        "python:\n"
        "  call ptr @PyObject_Vectorcall(ptr @tapec.reraise, ptr null, i64 0, ptr null)\n"
        "  br label %done\ndone:\n  ret void\n}\n"
    )


def _message(name: str, text: str) -> str:
    return f'@{name} = private constant [{len(text) + 1} x i8] c"{text}\\00"\n'
