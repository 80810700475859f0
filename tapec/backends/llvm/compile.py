"""From an array or a lowered program to a loaded kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tapec.backends.llvm import blas, lapack, pycalls, special
from tapec.backends.llvm.abi import KernelAbi
from tapec.backends.llvm.emit import Emitted, emit_kernel
from tapec.backends.llvm.entry import FIXED, RAISER
from tapec.backends.llvm.jit import Library, compile_module
from tapec.backends.llvm.runtime import symbols
from tapec.backends.llvm.tuning import LONG_BLOCK_OPS, OPTIMIZED_OPS, RELEASE_WORK, REPEATED_TRIPS
from tapec.backends.llvm.work import work
from tapec.backends.llvm.wrapper import wrapper_text
from tapec.ir.core import Func, Op


@dataclass(frozen=True)
class CompiledKernel:
    """Machine code with everything that led to it.

    `signature` is the one given, with the work memory and the release of the
    interpreter lock filled in; `library` exports `kernel`, and
    `entry` when a wrapper was wanted. `raiser` is what the entry calls to raise the user's errors.
    """

    library: Library
    signature: KernelAbi
    raiser: Callable[[int], None]
    llvm_text: str
    loops_func: Func
    opt: int
    passes: int


def compile_func(
    func: Func, signature: KernelAbi, *, opt: int | None = None, wrapper: bool = True
) -> CompiledKernel:
    """Lower, emit and compile a clean array program.

    The parameters of `func` are the arguments of `signature`, its results the outputs. `opt` is the
    level of the code generator, chosen by size when None. Raises UnsupportedLowering (a
    BackendError) naming the op that native code does not know: use the interpreter then.
    """
    from tapec.lower import lower

    return compile_loops(lower(func, blas.usable), signature, opt=opt, wrapper=wrapper)


def compile_loops(
    loops: Func, signature: KernelAbi, *, opt: int | None = None, wrapper: bool = True
) -> CompiledKernel:
    """Emit and compile a lowered program, whose parameters are the arguments' buffers and then the
    outputs'."""
    emitted = emit_kernel(loops)
    total = work(loops.ops)
    level = _level(emitted, total, longest(loops.ops)) if opt is None else opt
    passes = 1 if opt is None else 0
    nogil = signature.nogil or total > RELEASE_WORK
    signature = replace(signature, work_bytes=emitted.work_bytes, nogil=nogil)
    text = emitted.text + (wrapper_text(signature) if wrapper else "")
    raiser = signature.raise_error
    objects = {f"{FIXED}{place}": id(value) for place, value in signature.fixed}
    known = {**symbols(), **objects, RAISER: id(raiser), **pycalls.symbols(loops.ops)}
    for calls in (blas, lapack, special):
        known = {**known, **(calls.symbols() if calls.PREFIX in emitted.text else {})}
    library = compile_module(text, known, opt=level, passes=passes)
    return CompiledKernel(library, signature, raiser, emitted.text, loops, level, passes)


def _level(emitted: Emitted, total: int, block: int) -> int:
    repeated = total > REPEATED_TRIPS * emitted.ops
    if emitted.ops > OPTIMIZED_OPS:
        return 1 if repeated else 0
    return 2 if repeated and block <= LONG_BLOCK_OPS else 1


def longest(ops: Sequence[Op]) -> int:
    """Ops one after the other in the longest stretch inside loops and branches."""
    inner = [region.ops for op in ops for region in op.regions]
    return max((max(len(part), longest(part)) for part in inner), default=0)
