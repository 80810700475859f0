"""From LLVM IR text to machine code in this process, and to object files that can be kept on disk.

Every compiled text becomes a library of its own in an ORC LLJIT, freed when its `Library` object
dies. Addresses of this process reach the code as imported symbols only, so an object made by
`emit_object` may be linked again by `load_object` in another process.

llvmlite serialises all calls of LLVM with a re-entrant lock of its own. There is no second lock
here on purpose: a library may be freed by the garbage collector at any point of any thread.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tapec.backends.fastcall import api
from tapec.backends.llvm import target
from tapec.backends.llvm.tuning import LIBRARIES_PER_ENGINE
from tapec.errors import BackendError

ARENA = "tapec.arena"  # global of a wrapper that caches the kernel's work memory
PASSES = "tapec.passes"  # attribute of functions that gain from LLVM's passes
CELL = "tapec.tape."  # globals of a kernel that cache the memory of its tapes, numbered

_LOCAL = r"(?!.*\b(?:internal|private|available_externally)\b)"
_FUNCTION = re.compile(rf"^define {_LOCAL}[^@\n]*@(?:\"([^\"]+)\"|([\w.$-]+))\(", re.MULTILINE)
_GLOBAL = re.compile(
    r"^@(?:\"([^\"]+)\"|([\w.$-]+)) = (?!external|internal|private|appending|extern_weak)",
    re.MULTILINE,
)

_DECLARED = re.compile(r"^declare [^@\n]*@(?:\"([^\"]+)\"|([\w.$-]+))\(", re.MULTILINE)
_EXTERNAL = re.compile(r"^@(?:\"([^\"]+)\"|([\w.$-]+)) = external ", re.MULTILINE)

_names = itertools.count()


class Library:
    """Machine code loaded in this process, with the addresses of its exported names.

    The code is freed by `close` or when the last reference goes. Whoever hands out an address must
    keep the library alive for as long as the code may run.
    """

    __slots__ = ("__weakref__", "_addresses", "_loaded", "reads", "size")

    def __init__(self, tracker: Any, engine: Any, names: Iterable[str], size: int) -> None:
        self._addresses = {name: int(tracker[name]) for name in names}
        self.size = size
        self.reads: tuple[object, ...] = ()  # objects whose addresses the code has
        self._loaded: tuple[Any, Any] | None = (tracker, engine)
        # The collector runs the finalizers of all objects of a cycle before it takes any apart: one
        # of them may still call this code. What the collector does not see goes after all of them.
        _untrack(self)

    def address(self, name: str) -> int:
        """The address of an exported function or variable; BackendError if there is none."""
        try:
            return self._addresses[name]
        except KeyError:
            known = ", ".join(sorted(self._addresses)) or "nothing"
            raise BackendError(
                f"compiled code has no symbol {name!r}; it exports {known}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._addresses

    @property
    def exports(self) -> tuple[str, ...]:
        """The exported names, sorted."""
        return tuple(sorted(self._addresses))

    @property
    def closed(self) -> bool:
        """True once the code is freed."""
        return self._loaded is None

    def close(self) -> None:
        """Free the code now; nothing may be executing it. Closing twice is harmless.

        The memory that it keeps between calls is freed before the code.
        """
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            return
        for name, address in self._addresses.items():
            if name == ARENA or name.startswith(CELL):
                cell = ctypes.c_void_p.from_address(address)
                memory, cell.value = cell.value, None
                api("PyMem_RawFree", None, ctypes.c_void_p)(memory)
        loaded[0].close()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # other threads may still run the code at exit
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.size} bytes"
        return f"<Library {', '.join(self.exports)}: {state}>"


def _untrack(library: Library) -> None:
    if sys.implementation.name == "cpython":
        api("PyObject_GC_UnTrack", None, ctypes.py_object)(library)


def compile_module(
    text: str,
    symbols: Mapping[str, int] | None = None,
    *,
    opt: int = 1,
    passes: int = 0,
    verify: bool = False,
) -> Library:
    """Compile LLVM IR text and load it.

    `symbols` gives the addresses of names the text declares but does not define (other names
    are looked up in the process: libm, libc). `opt` is the code generator's level 0..3;
    `passes` > 0 first simplifies the functions that bear the attribute `PASSES`, at that level of
    LLVM's. Raises BackendError when the text does not parse, verify or link.
    """
    image = emit_object(text, opt=opt, passes=passes, verify=verify)
    return load_object(image, symbols, exports=exported_names(text))


def exported_names(text: str) -> tuple[str, ...]:
    """Names that LLVM IR text defines with external linkage: functions, then variables."""
    return _found(text, (("define ", _FUNCTION), ("@", _GLOBAL)))


def imported_names(text: str) -> tuple[str, ...]:
    """Names that LLVM IR text declares and does not define: functions, then variables."""
    return _found(text, (("declare ", _DECLARED), ("@", _EXTERNAL)))


def _found(text: str, kinds: Iterable[tuple[str, re.Pattern[str]]]) -> tuple[str, ...]:
    """The names that patterns find in lines of their kind."""
    found = (pair for start, pattern in kinds for pair in pattern.findall(_lines(text, start)))
    return tuple(quoted or plain for quoted, plain in found)


def _lines(text: str, start: str) -> str:
    """The lines that start so: patterns tried at every character take long on long texts."""
    parts = f"\n{text}".split(f"\n{start}")[1:]
    return "\n".join(start + part.partition("\n")[0] for part in parts)


def emit_object(text: str, *, opt: int = 1, passes: int = 0, verify: bool = False) -> bytes:
    """The relocatable object file of LLVM IR text; no address of this process is in it."""
    module = _parse(text, verify)
    machine = target.machine(opt)
    if PASSES in text:  # asking LLVM for the attributes of every function takes longer
        run_passes(module, machine, passes)
    return bytes(machine.emit_object(module))


def load_object(
    image: bytes, symbols: Mapping[str, int] | None = None, *, exports: Iterable[str]
) -> Library:
    """Link an object file into this process; `exports` are the names to be found in it."""
    llvm = target.require()
    names = tuple(exports)
    builder = llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
    for name, address in (symbols or {}).items():
        builder.import_symbol(name, address)
    for name in names:
        builder.export_symbol(name)
    try:
        serial = next(_names)
        engine = _engine(serial // LIBRARIES_PER_ENGINE)
        tracker = builder.link(engine, f"tapec.{serial}")
    except RuntimeError as error:
        raise BackendError(f"compiled code does not link: {error}") from error
    return Library(tracker, engine, names, len(image))


def optimized_text(text: str, *, opt: int = 1, passes: int = 0) -> str:
    """The LLVM IR after the mid-level passes, as LLVM prints it."""
    module = _parse(text, verify=True)
    run_passes(module, target.machine(opt), passes)
    return str(module)


@functools.lru_cache(maxsize=32)
def disassemble(text: str, *, opt: int = 1, passes: int = 0) -> str:
    """The assembly that `compile_module` would produce for LLVM IR text."""
    module = _parse(text, verify=False)
    machine = target.machine(opt)
    run_passes(module, machine, passes)
    return str(machine.emit_assembly(module))


@functools.lru_cache(maxsize=1)
def _engine(generation: int) -> Any:
    """The JIT that new libraries go to. JITLink lays the parts of an object out side by side, so
    that relative addressing between code and constants never overflows."""
    llvm = target.require()
    return llvm.create_lljit_compiler(target.machine(2), use_jit_link=True)


def _parse(text: str, verify: bool) -> Any:
    llvm = target.require()
    try:
        module = llvm.parse_assembly(text, context=llvm.create_context())
        if verify:
            module.verify()
    except RuntimeError as error:
        raise BackendError(f"LLVM refuses the emitted text: {str(error).strip()}") from error
    module.triple = target.chosen().triple
    return module


def run_passes(module: Any, machine: Any, level: int) -> None:
    """LLVM's simplification of single functions, those marked: most need none, and it takes
    several times as long as making machine code."""
    marked = [f for f in module.functions if not f.is_declaration and _bears(f)] if level else []
    if not marked:
        return
    llvm = target.require()
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getFunctionPassManager()
    for function in marked:
        manager.run(function, builder)


def _bears(function: Any) -> bool:
    return any(PASSES in attributes.decode() for attributes in function.attributes)
