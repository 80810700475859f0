"""Ways to run a loaded kernel besides its entry: through ctypes, and bound to fixed buffers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from tapec.backends.fastcall import FastCallable, enable_vectorcall, prototype, set_entry
from tapec.backends.llvm import capi, runtime
from tapec.backends.llvm.abi import WORK_ALIGNMENT, KernelAbi, Output, status_error
from tapec.backends.llvm.arguments import ArrayArg, ScalarArg
from tapec.backends.llvm.elements import ELEMENTS
from tapec.backends.llvm.jit import Library, compile_module
from tapec.backends.llvm.nesting import assemble
from tapec.backends.llvm.wrapper import bound_text
from tapec.tree import flatten, is_complex

Array = np.ndarray[Any, Any]

# Types that convert to a scalar argument without loss.
_SCALARS: Mapping[str, tuple[type, ...]] = {
    "float": (float, int, np.floating, np.integer),
    "int": (int, np.integer),
    "bool": (bool, np.bool_),
    "complex": (complex, np.complexfloating),
}


class CtypesEntry:
    """Runs a kernel on arguments that already match its signature.

    Slower than the native entry (microseconds), but it works on any interpreter and takes
    preallocated outputs: `entry(*args, outs=arrays)`. Outputs given must be C-contiguous arrays of
    the signature's dtypes and shapes that overlap no argument.
    """

    def __init__(self, library: Library, sig: KernelAbi, kernel: str = "kernel") -> None:
        count = len(sig.args) + len(sig.outs) + 1
        self.library = library
        self.sig = sig
        self.kernel = kernel
        # Exceptions set by signal handlers are raised.
        self._kernel = prototype(ctypes.c_int32, *[ctypes.c_void_p] * count)(
            library.address(kernel)
        )

    def __call__(self, *args: Any, outs: Sequence[Array] | None = None) -> Any:
        """Run the kernel; returns the results, in `outs` where those are given."""
        sig = self.sig
        inputs = [as_buffer(spec, arg) for spec, arg in zip(sig.args, args, strict=True)]
        if outs is None:
            outs = [allocate(out.dtype, out.shape) for out in sig.outs]
        check_outputs(sig, outs)
        work = work_buffer(sig.work_bytes)
        self.run([array.ctypes.data for array in (*inputs, *outs, work)])
        if sig.errors:
            sig.raise_error(int(outs[-1]))
        values = [unbox(out, array) for out, array in zip(sig.outs, outs, strict=True)]
        return assemble(sig.tree, values)

    def run(self, pointers: Sequence[int | None]) -> None:
        """Call the kernel on addresses, unchecked; raises what its status says."""
        status = self._kernel(*pointers)
        if status:
            raise status_error(status)


class NativeEntry(FastCallable):
    """A kernel's entry as an object: calls that match go straight to native code.

    Other calls go through ctypes where that is possible (such as np.int64 for an int), else they
    raise ValueError. The library must have an `entry` linked with `runtime.symbols()`; without one
    (or without native calls on this interpreter) all calls go through ctypes.
    """

    def __init__(self, library: Library, sig: KernelAbi, kernel: str = "kernel") -> None:
        self.library = library
        self.sig = sig
        self._checked = CtypesEntry(library, sig, kernel)
        self.hidden: Callable[[], list[Any]] = list  # the inputs that calls do not pass
        if "entry" in library:
            set_entry(self, library.address("entry"))

    def __call__(self, *args: Any, outs: Sequence[Array] | None = None, **named: Any) -> Any:
        """Run the kernel; results go to `outs` where those are given."""
        found = flatten((args, named), is_leaf=is_complex)[0] if self.sig.layout else args
        return self._checked(*self.sig.passed(found), *self.hidden(), outs=outs)


enable_vectorcall(NativeEntry)


class Bound(FastCallable):
    """What `bind` returns: a callable without arguments, on buffers fixed for good.

    `args` and `outs` are the buffers, `result` is what every call returns: the outputs, arranged.
    """

    def __init__(self, entry: CtypesEntry, args: Sequence[Any], outs: Sequence[Array]) -> None:
        sig = entry.sig
        self.args = tuple(as_buffer(spec, arg) for spec, arg in zip(sig.args, args, strict=True))
        self.outs = tuple(outs)
        self.result = assemble(sig.tree, list(self.outs))
        self._work = work_buffer(sig.work_bytes)
        self._entry = entry
        buffers = [a.ctypes.data for a in (*self.args, *self.outs, self._work)]
        self._table = (ctypes.c_void_p * (len(buffers) + 1))(*buffers, id(self.result))
        if capi.supported()[0] and not sig.errors:
            self._code = _bound_code(entry)
            set_entry(self, self._code.address("bound"), ctypes.addressof(self._table))

    def __call__(self) -> Any:
        """Run the kernel on the buffers; returns `result`, the same object every time."""
        self._entry.run(self._table[:-1])
        if self._entry.sig.errors:
            self._entry.sig.raise_error(int(self.outs[-1]))
        return self.result


enable_vectorcall(Bound)


def bind(
    library: Library,
    sig: KernelAbi,
    args: Sequence[Any],
    outs: Sequence[Array] | None = None,
    kernel: str = "kernel",
) -> Bound:
    """Fix a kernel's buffers: `args` are read at every call, results are written to `outs`.

    Arrays must match the signature (they are not copied, so later changes of their elements are
    seen); scalar arguments are fixed at their present value. All results are arrays. One bound
    kernel must not run in two threads at the same time. Raises ValueError on a mismatch.
    """
    if outs is None:
        outs = [allocate(out.dtype, out.shape) for out in sig.outs]
    check_outputs(sig, outs)
    return Bound(CtypesEntry(library, sig, kernel), args, outs)


_bound_codes: WeakKeyDictionary[Library, Library] = WeakKeyDictionary()


def _bound_code(entry: CtypesEntry) -> Library:
    """The native function behind bound calls, compiled at the first `bind` of a library."""
    code = _bound_codes.get(entry.library)
    if code is None:
        name = entry.kernel
        given = {**runtime.symbols(), name: entry.library.address(name)}
        code = compile_module(bound_text(entry.sig, name), given, opt=1)
        _bound_codes[entry.library] = code
    return code


def allocate(dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """A fresh uninitialised array of one of our dtypes."""
    return np.empty(shape, ELEMENTS[dtype].numpy)


def unbox(out: Output, array: np.ndarray[Any, Any]) -> Any:
    """The Python object that an output stored in `array` becomes."""
    if out.kind == "array":
        return array.transpose(out.placed(range(array.ndim))) if out.order else array
    return array[()] if out.kind == "scalar" else array.item()


def as_buffer(spec: ArrayArg | ScalarArg, value: Any) -> Array:
    """The memory a kernel reads for an argument; ValueError if the argument does not match."""
    if isinstance(spec, ScalarArg):
        if not isinstance(value, _SCALARS[spec.kind]):
            raise ValueError(f"expected a {spec.kind}, got {type(value).__name__}")
        return np.array(value, ELEMENTS[spec.dtype].numpy)
    if spec.number and isinstance(value, np.generic):
        value = np.asarray(value)
    lying = spec.order and isinstance(value, np.ndarray) and value.ndim == len(spec.order)
    given = value.transpose(spec.order) if lying else value
    shape = tuple(spec.shape[axis] for axis in spec.axes)
    return _matching(spec.dtype, shape, given, spec.writeable)


def check_outputs(sig: KernelAbi, outs: Sequence[Array]) -> None:
    """Refuse preallocated outputs that the kernel cannot write (ValueError)."""
    if len(outs) != len(sig.outs):
        raise ValueError(f"{len(sig.outs)} outputs wanted, got {len(outs)}")
    for out, array in zip(sig.outs, outs, strict=True):
        _matching(out.dtype, out.shape, array, writeable=True)


def work_buffer(size: int) -> Array:
    """Work memory of `size` bytes, aligned as kernels want it."""
    memory = np.empty(size + WORK_ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % WORK_ALIGNMENT
    return memory[start : start + max(size, 1)]  # an empty slice would lose the alignment


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
