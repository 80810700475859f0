"""From an array or a lowered program to a loaded kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tapec.backends.llvm import blas, pycalls
from tapec.backends.llvm.abi import KernelAbi, Output
from tapec.backends.llvm.constants import external
from tapec.backends.llvm.emit import Emitted, emit_kernel
from tapec.backends.llvm.jit import Library, emit_object, exported_names, imported_names
from tapec.backends.llvm.linking import ObjectCode, linked
from tapec.backends.llvm.tuning import (
    LONG_BLOCK_OPS,
    OPTIMIZED_LOOP_OPS,
    OPTIMIZED_OPS,
    RELEASE_WORK,
    REPEATED_TRIPS,
)
from tapec.backends.llvm.wrapper import wrapper_text
from tapec.ir.core import Func, Op
from tapec.ir.nested import count, every
from tapec.lower.work import work

# report(stage, size before, size after, unit of the size after, seconds)
Report = Callable[[str, int, int, str, float], object]


@dataclass(frozen=True)
class Lowered:
    """A lowered program with its signature and the compilation options."""

    loops: Func
    signature: KernelAbi
    opt: int | None
    wrapper: bool
    unit = "ops"

    @property
    def size(self) -> int:
        """Number of ops."""
        return count(self.loops.ops)


@dataclass(frozen=True)
class LlvmText:
    """LLVM IR: of the kernel, and with the wrapper that calls it."""

    loops: Func
    signature: KernelAbi
    kernel: str
    module: str
    opt: int
    passes: int
    unit = "lines"

    @property
    def size(self) -> int:
        """Number of lines."""
        return self.module.count("\n")


@dataclass(frozen=True)
class Image:
    """Machine code that can be loaded at any address."""

    text: LlvmText
    data: bytes
    unit = "bytes"

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)


@dataclass(frozen=True)
class CompiledKernel:
    """Machine code with everything that led to it.

    `signature` is the one given, with the work memory and the release of the
    interpreter lock filled in; `library` exports `kernel`, and
    `entry` when a wrapper was wanted, linked from `code` (None once nobody wants to keep it).
    `raiser` is what the entry calls to raise the user's errors.
    """

    library: Library
    signature: KernelAbi
    code: ObjectCode | None
    raiser: Callable[[int], None]
    llvm_text: str
    loops_func: Func
    opt: int
    passes: int
    size: int
    unit = "bytes"


def compile_func(
    func: Func,
    signature: KernelAbi,
    *,
    opt: int | None = None,
    wrapper: bool = True,
    report: Report | None = None,
) -> CompiledKernel:
    """Lower, emit and compile a clean array program.

    The parameters of `func` are the arguments of `signature`, its results the outputs. `opt` is the
    level of the code generator, chosen by size when None. Raises UnsupportedLowering (a
    BackendError) naming the op that native code does not know: use the interpreter then.
    """
    from tapec.lower import lower

    watch = report and _passes(func, report)
    threads, fastmath = signature.threads, signature.fastmath
    loops = lower(func, blas.usable, threads=threads, fastmath=fastmath, watch=watch)
    return compile_loops(loops, signature, opt=opt, wrapper=wrapper, report=report)


def compile_loops(
    loops: Func,
    signature: KernelAbi,
    *,
    opt: int | None = None,
    wrapper: bool = True,
    report: Report | None = None,
) -> CompiledKernel:
    """Emit and compile a lowered program, whose parameters are the arguments' buffers and then the
    outputs'. `report` is told every stage."""
    made: Any = Lowered(loops, signature, opt, wrapper)
    for stage in STAGES:
        before, start = made, time.perf_counter()
        made = stage(made)
        seconds = time.perf_counter() - start
        if report is not None:
            report(stage.__name__, before.size, made.size, made.unit, seconds)
    kernel: CompiledKernel = made
    return kernel


def emit_alone(func: Func, threads: int = 0, fastmath: bool = False) -> LlvmText:
    """LLVM IR of a clean array program without an entry for Python: its kernel, to the letter as
    `compile_func` makes it. Raises UnsupportedLowering as that does."""
    from tapec.lower import lower

    outs = tuple(Output(v.type.dtype, v.type.shape) for v in func.results)
    signature = KernelAbi((), outs, "tuple")
    loops = lower(func, blas.usable, threads=threads, fastmath=fastmath)
    return emit(Lowered(loops, signature, None, wrapper=False))


def emit(lowered: Lowered) -> LlvmText:
    """LLVM IR of the loops and of their wrapper, and the level at which to compile it."""
    loops, signature, opt = lowered.loops, lowered.signature, lowered.opt
    emitted = emit_kernel(loops)
    total = work(loops.ops)
    level = _level(emitted, total, loops.ops) if opt is None else opt
    nogil = signature.nogil or total > RELEASE_WORK
    signature = replace(signature, work_bytes=emitted.work_bytes, nogil=nogil)
    module = emitted.text + (wrapper_text(signature) if lowered.wrapper else "")
    return LlvmText(loops, signature, emitted.text, module, level, 1 if opt is None else 0)


def assemble(text: LlvmText) -> Image:
    """Machine code by LLVM."""
    return Image(text, emit_object(text.module, opt=text.opt, passes=text.passes))


def link(image: Image) -> CompiledKernel:
    """Load the code into this process, linked to the functions that it calls."""
    text = image.text
    code = ObjectCode(
        image.data,
        imported_names(text.module),
        exported_names(text.module),
        external(text.loops.ops),
        pycalls.symbols(text.loops.ops),
    )
    raiser = text.signature.raise_error
    return CompiledKernel(
        linked(code, text.signature, raiser), text.signature, code, raiser, text.kernel,
        text.loops, text.opt, text.passes, image.size,
    )  # fmt: skip


STAGES: tuple[Callable[[Any], Any], ...] = (emit, assemble, link)


def _passes(func: Func, report: Report) -> Callable[[str, Func, Func, float], None]:
    """Reports every pass of lowering; ops are counted once in each program."""
    size = count(func.ops)

    def watch(name: str, before: Func, after: Func, seconds: float) -> None:
        nonlocal size
        found = size if after is before else count(after.ops)
        report(name, size, found, "ops", seconds)
        size = found

    return watch


def _level(emitted: Emitted, total: int, ops: Sequence[Op]) -> int:
    repeated = total > REPEATED_TRIPS * emitted.ops
    looped = 2 * len(ops) < count(ops)  # more ops are in loops than in straight lines
    if emitted.ops > (OPTIMIZED_LOOP_OPS if looped else OPTIMIZED_OPS):
        return 1 if repeated else 0
    return 2 if repeated and longest(ops) <= LONG_BLOCK_OPS else 1


def longest(ops: Sequence[Op]) -> int:
    """The number of ops in the longest straight-line stretch inside loops and branches."""
    return max((len(part.ops) for op in every(ops) for part in op.regions), default=0)
