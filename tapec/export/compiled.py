"""Programs to machine code with C functions around them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from tapec.backends.llvm import pycalls
from tapec.backends.llvm.c_face import CKernel, run_text
from tapec.backends.llvm.c_module import CPart, object_code
from tapec.backends.llvm.compile import LlvmText, emit_alone
from tapec.backends.llvm.constants import external
from tapec.backends.llvm.jit import imported_names
from tapec.backends.llvm.names import BLAS, LAPACK, SPECIAL
from tapec.errors import ExportError
from tapec.export.program import Program
from tapec.ir.nested import every
from tapec.ir.pauses import gc_paused

# Writes the C functions around a kernel that are to be visible.
Faces = Callable[[CKernel], str]


@dataclass(frozen=True)
class EmittedProgram:
    """A program's LLVM text, and what C must know of its kernel."""

    program: Program
    text: LlvmText
    kernel: CKernel

    def part(self, faces: Faces) -> CPart:
        """The kernel with these functions around it."""
        data = external(self.text.loops.ops) | {
            self.kernel.bound[k]: array for k, array in self.program.bound.items()
        }
        text = self.text.kernel + run_text(self.kernel) + faces(self.kernel)
        return CPart(text, self.text.opt, self.text.passes, data)


@gc_paused()
def emitted(program: Program) -> EmittedProgram:
    """LLVM text of a program. Raises BackendError where the interpreter would serve."""
    text = emit_alone(program.func, program.threads, program.fastmath)
    params = program.params
    return EmittedProgram(
        program,
        text,
        CKernel(
            tuple(p.type for p in params),
            tuple(p.number for p in params),
            tuple(r.type for r in program.results),
            program.updated,
            bool(program.errors),
            text.signature.work_bytes,
            {k: f"tapec.bound.{k}" for k in program.bound},
        ),
    )


def standalone(
    parts: Sequence[tuple[EmittedProgram, Faces]], exports: Iterable[str], blas_name: str
) -> tuple[bytes, tuple[str, ...], tuple[str, ...]]:
    """(an object file that needs no Python, routines of BLAS and LAPACK, other functions it needs).

    `blas_name` is the symbol of a routine, with {} for its name. Raises ExportError for calls into
    Python.
    """
    symbols = {inner_name(name): name for name in exports}
    for emitted, _ in parts:
        _refuse_calls(emitted)
        _refuse_names(symbols.values(), emitted)
    prefixes = (BLAS, LAPACK)
    routines = set()

    def named(name: str) -> str:
        prefix = next((p for p in prefixes if name.startswith(p)), None)
        if prefix is None:
            return name
        symbol = blas_name.format(name.removeprefix(prefix))
        routines.add(symbol)
        return symbol

    made = [emitted.part(faces) for emitted, faces in parts]
    code, needed = object_code(made, symbols, named)
    return code, tuple(sorted(routines)), tuple(n for n in needed if n not in routines)


def inner_name(symbol: str) -> str:
    """What the functions around a kernel call a C function: by no name of C."""
    return f"tapec.c.{symbol}"


def _refuse_names(names: Collection[str], emitted: EmittedProgram) -> None:
    """Raise for a function that is called like one that it calls."""
    clash = sorted({*names}.intersection(imported_names(emitted.text.kernel)))
    if clash:
        raise ExportError(
            f"{clash[0]} is the name of a function of the C library that the code calls",
            hint="choose another name for the files",
        )


def _refuse_calls(emitted: EmittedProgram) -> None:
    """Raise for what only a process with Python and SciPy has."""
    name = emitted.program.name
    for op in every(emitted.text.loops.ops):
        what = pycalls.called_name(op)
        if what:
            raise ExportError(
                f"{name} calls {what} in Python, which has no form in C",
                where=op.loc,
                hint="write it with functions that tapec translates (see tapec ops)",
            )
        function = op.primitive.function
        if function and SPECIAL + function in emitted.text.kernel:
            raise ExportError(
                f"{name} calls scipy.special.{function}, which is no part of a C library",
                where=op.loc,
                hint="compute it in Python and pass the result as an argument",
            )
