"""Kernels as C functions in this process: addresses, typed ctypes functions, SciPy's callbacks.

What a function captures has the values that it has when the C function is made. None of it needs
the interpreter lock, but for calls into Python (`tapec.opaque`), which take it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.backends.llvm import pycalls
from tapec.backends.llvm.c_callbacks import CALLBACKS, Callback, canonical
from tapec.backends.llvm.c_face import CKernel, callback_text, status_text, value_text
from tapec.backends.llvm.c_module import object_code
from tapec.backends.llvm.jit import Library, load_object
from tapec.backends.llvm.linking import libraries
from tapec.errors import ExportError
from tapec.export.compiled import EmittedProgram, Faces, emitted
from tapec.export.ctypes_types import NUMBERS, pointer_to
from tapec.export.program import Program, Request, program

_ENTRY = "tapec.c"


@dataclass(frozen=True)
class Loaded:
    """A C function in this process. `function` keeps its code, as does this."""

    library: Library
    function: Any

    @property
    def address(self) -> int:
        """Where the code is."""
        return self.library.address(_ENTRY)


def load(request: Request) -> Loaded:
    """`double f(...)` of a function that returns one floating-point number, else `int f(...)` with
    a pointer for every result."""
    made = emitted(program(request))
    by_value = returns_number(made.program)
    library = _loaded(made, _value if by_value else _status)
    return Loaded(library, _typed(library, made.program, by_value))


def returns_number(program: Program) -> bool:
    """Whether the only result is a floating-point number, so that NaN can say there is none."""
    kinds = [r.type for r in program.results]
    return len(kinds) == 1 and not kinds[0].shape and kinds[0].is_float


def _value(kernel: CKernel) -> str:
    return value_text(kernel, _ENTRY)


def _status(kernel: CKernel) -> str:
    return status_text(kernel, _ENTRY)


def _loaded(made: EmittedProgram, faces: Faces) -> Library:
    part = made.part(faces)
    code, needed = object_code([part], {_ENTRY: _ENTRY})
    known = pycalls.symbols(made.text.loops.ops) | libraries(needed)
    symbols = {name: known[name] for name in needed if name in known}
    return load_object(code, symbols, exports=[_ENTRY])


def _typed(library: Library, program: Program, by_value: bool) -> Any:
    args = [NUMBERS[p.type.dtype] if p.number else pointer_to(p.type) for p in program.params]
    outs = [] if by_value else [pointer_to(r.type) for r in program.results]
    result: Any = NUMBERS[program.results[0].type.dtype] if by_value else ctypes.c_int
    function: Any = ctypes.CFUNCTYPE(result, *args, *outs)(library.address(_ENTRY))
    function.library = library  # keeps the code
    function.__doc__ = described(program, by_value)
    return function


def described(program: Program, by_value: bool) -> str:
    """The C declaration, as the documentation of a function."""
    from tapec.export.header import declaration

    return declaration(program, by_value)


# ---- callbacks of SciPy --------------------------------------------------------------------------


def low_level(request: Request, signature: str, values: Sequence[Any], given: int) -> Any:
    """A `scipy.LowLevelCallable` of this C signature.

    `values` are the arguments, of which the first `given` come from SciPy and the others from here:
    the callable keeps them, and reads them at every call.
    """
    from scipy import LowLevelCallable

    text = canonical(signature)
    form = form_of(signature)
    made = emitted(program(request))
    _check(made.program, form, text, given)
    library = _loaded(made, lambda kernel: callback_text(kernel, _ENTRY, form, given))
    function = _prototype(form, text)(library.address(_ENTRY))
    function.library = library
    if not form.data:
        return LowLevelCallable(function, signature=text)
    behind = given + len(made.program.updated)
    types = [p.type for p in made.program.params[behind:]]
    buffers = [
        np.ascontiguousarray(x, t.numpy) for x, t in zip(values[behind:], types, strict=True)
    ]
    table = (ctypes.c_void_p * max(len(buffers), 1))(*(b.ctypes.data for b in buffers))
    function.data = (table, buffers)
    pointer = ctypes.cast(table, ctypes.c_void_p)
    return LowLevelCallable(function, pointer, signature=text)


def form_of(signature: str) -> Callback:
    """The callback of a signature; ExportError for others than SciPy's."""
    form = CALLBACKS.get(canonical(signature))
    if form is None:
        known = "; ".join(CALLBACKS)
        raise ExportError(f"SciPy calls no {signature!r}", hint=f"signatures: {known}")
    return form


def _check(program: Program, form: Callback, signature: str, given: int) -> None:
    """Refuse functions whose arguments and results are not what the signature passes."""
    wanted = "f64" if form.dtype == "f64" else "i64"
    numbers = 1 if form.params.startswith("double %x") else None
    sources = [p.type for p in program.params[:given]]
    behind = given + len(program.updated)
    results = [r.type for r in (*program.params[given:behind], *program.results)]
    fits = (
        all(t.dtype == wanted for t in sources)
        and all(t.dtype == "f64" for t in results)
        and program.updated in ((), (given,))
        and bool(program.results) != bool(program.updated)
        and (form.target not in ("%out", "%value") or sum(t.size for t in results) == 1)
        and (numbers is None or [t.shape for t in sources] == [()])
        and (form.data or len(program.params) == behind)
    )
    if not fits:
        have = ", ".join(str(p.type) for p in program.params)
        gives = ", ".join(map(str, results)) or "nothing"
        raise ExportError(
            f"{program.name} takes ({have}) and returns ({gives}), which is no {signature!r}",
            hint="see the table of signatures in docs/c.md",
        )


def _prototype(form: Callback, signature: str) -> Any:
    kinds: dict[str, Any] = {
        "double": ctypes.c_double,
        "int": ctypes.c_int,
        "npy_intp": ctypes.c_ssize_t,
        "double *": ctypes.POINTER(ctypes.c_double),
        "npy_intp *": ctypes.POINTER(ctypes.c_ssize_t),
        "void *": ctypes.c_void_p,
    }
    returns, _, rest = signature.partition(" (")
    return ctypes.CFUNCTYPE(kinds[returns], *(kinds[t] for t in rest[:-1].split(", ")))
