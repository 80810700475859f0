"""Calls of Python functions from compiled code: one C callback for each call of a program."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from tapec.backends.fastcall import immortal
from tapec.backends.llvm.raised import PENDING
from tapec.backends.locks import ForkedLock
from tapec.ir.core import Op
from tapec.ir.nested import every
from tapec.ir.ops import opaque, packed
from tapec.ir.ops.library import HOST, NUMPY
from tapec.ir.ops.loop import RAISED
from tapec.ir.primitive import Primitive
from tapec.ir.types import NUMPY_DTYPES, Type

PREFIX = "tapec.host."
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))
_lock = ForkedLock()
_callbacks: dict[tuple[Any, ...], tuple[int, Any]] = {}  # numbered; never freed


def callback(op: Op) -> tuple[str, int]:
    """The symbol and the address of what a `host` or `numpy` op calls, with a table of its buffers.

    The callback takes the interpreter lock, and returns a status.
    """
    types = tuple(v.type for v in op.operands)
    # A function's name keeps it alive; plain strings do not, as callbacks are never freed.
    attrs = {k: str(v) if isinstance(v, str) else v for k, v in op.attrs.items()}
    key = (op.primitive, *attrs.items(), types)
    with _lock.held():
        if key not in _callbacks:
            run = _runner(_FUNCTIONS[op.primitive], attrs, types)
            _callbacks[key] = len(_callbacks), immortal(_CALLBACK(run))
        number, made = _callbacks[key]
    return f"{PREFIX}{number}", ctypes.cast(made, ctypes.c_void_p).value or 0


def symbols(ops: Iterable[Op]) -> dict[str, int]:
    """The symbols and addresses of all such ops of a lowered program."""
    return dict(callback(op) for op in every(ops) if op.primitive in _FUNCTIONS)


def called_name(op: Op) -> str:
    """What a call into Python calls; empty for other ops."""
    if op.primitive is HOST:
        return str(op.attrs["function"]).rpartition(".")[0]
    return str(op.attrs["of"]) if op.primitive is NUMPY else ""


def _runner(function: Callable[..., Any], attrs: dict[str, Any], types: Sequence[Type]) -> Any:
    views = [_viewer(t) for t in types]

    def run(table: Any) -> int:
        try:
            out, *given = (view(table[k]) for k, view in enumerate(views))
            out[...] = function(out, *given, **attrs)
        except BaseException as error:  # raised again in the caller by `reraise`
            PENDING.error = error
            return RAISED
        return 0

    return run


def _host(out: np.ndarray[Any, Any], *given: Any, **attrs: Any) -> Any:
    return opaque.evaluate(*given, count=out.shape[-1], **attrs)


def _numpy(out: np.ndarray[Any, Any], *given: Any, **attrs: Any) -> Any:
    return packed.evaluate(*given, **attrs)


_FUNCTIONS: dict[Primitive, Callable[..., Any]] = {HOST: _host, NUMPY: _numpy}


def _viewer(type: Type) -> Callable[[int], np.ndarray[Any, Any]]:
    """The array of a type at an address."""
    dtype, shape = NUMPY_DTYPES[type.dtype], type.shape
    memory: Any = ctypes.c_char * (prod(shape) * dtype.itemsize)
    return lambda address: np.ndarray(shape, dtype, memory.from_address(address))
