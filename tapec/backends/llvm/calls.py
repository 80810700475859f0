"""Ways to run a loaded kernel besides its entry: through ctypes, and bound to fixed buffers."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.backends.llvm.abi import (
    ELEMENTS,
    WORK_ALIGNMENT,
    ArrayArg,
    ScalarArg,
    Signature,
    allocate,
    assemble,
    status_error,
    unbox,
)
from tapec.backends.llvm.jit import Library
from tapec.fastcall import FastCallable, enable_vectorcall, set_entry

Array = np.ndarray[Any, Any]


class CtypesEntry:
    """Runs a kernel on arguments that already match its signature.

    Slower than the native entry (microseconds), but it works on any interpreter and takes
    preallocated outputs: `entry(*args, outs=arrays)`. Outputs given must be C-contiguous arrays of
    the signature's dtypes and shapes that overlap no argument.
    """

    def __init__(self, library: Library, sig: Signature, kernel: str = "kernel") -> None:
        count = len(sig.args) + len(sig.outs) + 1
        prototype = ctypes.CFUNCTYPE if sig.nogil else ctypes.PYFUNCTYPE
        self.library = library
        self.sig = sig
        self._run = prototype(ctypes.c_int32, *[ctypes.c_void_p] * count)(library.address(kernel))

    def __call__(self, *args: Any, outs: Sequence[Array] | None = None) -> Any:
        """Run the kernel; returns the results, in `outs` where those are given."""
        sig = self.sig
        inputs = [as_buffer(spec, arg) for spec, arg in zip(sig.args, args, strict=True)]
        if outs is None:
            outs = [allocate(out.dtype, out.shape) for out in sig.outs]
        else:
            check_outputs(sig, outs)
        work = work_buffer(sig.work_bytes)
        status = self._run(*[a.ctypes.data for a in (*inputs, *outs, work)])
        if status:
            raise status_error(status)
        values = [unbox(out, array) for out, array in zip(sig.outs, outs, strict=True)]
        return assemble(sig.tree, values)


class _Bound(FastCallable):
    """What `bind` returns: a callable without arguments, on buffers fixed for good."""

    def __init__(
        self, library: Library, sig: Signature, args: Sequence[Any], outs: Sequence[Array] | None
    ) -> None:
        if outs is None:
            outs = [allocate(out.dtype, out.shape) for out in sig.outs]
        else:
            check_outputs(sig, outs)
        self.args = tuple(as_buffer(spec, arg) for spec, arg in zip(sig.args, args, strict=True))
        self.outs = tuple(outs)
        self.result = assemble(sig.tree, list(self.outs))
        self._work = work_buffer(sig.work_bytes)
        self._library = library
        self._entry = CtypesEntry(library, sig)
        buffers = [a.ctypes.data for a in (*self.args, *self.outs, self._work)]
        self._table = (ctypes.c_void_p * (len(buffers) + 1))(*buffers, id(self.result))
        if "bound" in library:
            set_entry(self, library.address("bound"), ctypes.addressof(self._table))

    def __call__(self) -> Any:
        """Run the kernel on the buffers; returns `result`, the same object every time."""
        status = self._entry._run(*self._table[:-1])
        if status:
            raise status_error(status)
        return self.result


Bound = enable_vectorcall(_Bound)


def bind(
    library: Library, sig: Signature, args: Sequence[Any], outs: Sequence[Array] | None = None
) -> _Bound:
    """Fix a kernel's buffers: `args` are read at every call, results are written to `outs`.

    Arrays must match the signature (they are not copied, so later changes of their elements are
    seen); scalar arguments are fixed at their present value. All results are arrays. One bound
    kernel must not run in two threads at the same time. Raises ValueError on a mismatch.
    """
    return Bound(library, sig, args, outs)


def as_buffer(spec: ArrayArg | ScalarArg, value: Any) -> Array:
    """The memory a kernel reads for an argument; ValueError if the argument does not match."""
    if isinstance(spec, ScalarArg):
        return np.array(value, ELEMENTS[spec.dtype].numpy)
    return _matching(spec.dtype, spec.shape, value, spec.writeable)


def check_outputs(sig: Signature, outs: Sequence[Array]) -> None:
    """Refuse preallocated outputs that the kernel cannot write (ValueError)."""
    if len(outs) != len(sig.outs):
        raise ValueError(f"{len(sig.outs)} outputs wanted, got {len(outs)}")
    for out, array in zip(sig.outs, outs, strict=True):
        _matching(out.dtype, out.shape, array, writeable=True)


def work_buffer(size: int) -> Array:
    """Work memory of `size` bytes, aligned as kernels want it."""
    memory = np.empty(size + WORK_ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % WORK_ALIGNMENT
    return memory[start : start + size]


def _matching(dtype: str, shape: tuple[int, ...], array: Any, writeable: bool) -> Array:
    wanted = f"{ELEMENTS[dtype].numpy}{list(shape)}"
    if not isinstance(array, np.ndarray):
        raise ValueError(f"expected an array {wanted}, got {type(array).__name__}")
    if array.dtype != np.dtype(ELEMENTS[dtype].numpy) or array.shape != shape:
        raise ValueError(f"expected an array {wanted}, got {array.dtype}{list(array.shape)}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"expected a C-contiguous, aligned array {wanted}")
    if writeable and not array.flags.writeable:
        raise ValueError(f"expected a writeable array {wanted}, got a read-only one")
    return array
