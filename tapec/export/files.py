"""Kernels as files: object, shared library, header and example."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapec.backends.llvm import target
from tapec.backends.llvm.c_face import CKernel, status_text
from tapec.errors import ExportError
from tapec.export.compiled import EmittedProgram, Faces, emitted, inner_name, standalone
from tapec.export.example import example
from tapec.export.header import Made, header
from tapec.export.names import identifier
from tapec.export.program import Request, program

_LIBRARY = {"darwin": "lib{}.dylib", "win32": "{}.dll"}


@dataclass(frozen=True)
class Options:
    """How files are made.

    `prefix` begins all names (by default the files' name), `cpu` and `triple` name the machine the
    code is for, `blas` the symbols of BLAS and LAPACK with {} for a routine's name, `shared` asks
    for a shared library, which `link` adds arguments to.
    """

    prefix: str | None = None
    cpu: str = "native"
    triple: str | None = None
    blas: str = "{}_"
    shared: bool = True
    link: Sequence[str] = ()


@dataclass(frozen=True)
class Exported:
    """The files written, and the C functions in them.

    `libraries` says what a program must be linked with; `library` is None where no shared library
    was asked for.
    """

    header: Path
    object: Path
    library: Path | None
    example: Path
    functions: tuple[str, ...]
    libraries: str

    def __str__(self) -> str:
        files = [f for f in (self.header, self.object, self.library, self.example) if f]
        return "\n".join(map(str, files))


def export(path: str | os.PathLike[str], requests: Sequence[Request], options: Options) -> Exported:
    """Write the files beside `path`, whose last part names them; all of them or none.

    Raises ExportError where a program has no form in C or no compiler links the library,
    BackendError where there is no native code for it.
    """
    place = Path(path)
    if "{}" not in options.blas:
        raise ExportError(
            f"blas={options.blas!r} names no routine", hint='{} stands for the name: "{}_"'
        )
    there = target.processor(options.cpu, options.triple)
    with target.compiling_for(there):
        parts = [emitted(program(request)) for request in requests]
        code, routines, functions = standalone(
            [(part, _face(part)) for part in parts], [p.program.name for p in parts], options.blas
        )
    made = Made(_version(), f"{there.triple}, {there.cpu}", routines, functions)
    programs = [part.program for part in parts]
    file = identifier(place.name)
    names = file, identifier(options.prefix or file)
    calls = [(p, r.examples) for p, r in zip(programs, requests, strict=True)]
    texts = {
        f"{file}.h": header(names, programs, made),
        f"{file}_example.c": example(names, calls, _flags(made)),
    }
    library = _LIBRARY.get(sys.platform, "lib{}.so").format(file)
    found = Exported(
        place.parent / f"{file}.h",
        place.parent / f"{file}.o",
        place.parent / library if options.shared else None,
        place.parent / f"{file}_example.c",
        tuple(p.name for p in programs),
        made.links,
    )
    _write(found, {name: t.encode("ascii", "replace") for name, t in texts.items()}, code, options)
    return found


def _face(part: EmittedProgram) -> Faces:
    name = part.program.name

    def text(kernel: CKernel) -> str:
        return status_text(kernel, inner_name(name))

    return text


def _flags(made: Made) -> str:
    return "-llapack -lblas " * bool(made.routines) + made.system


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("tapec")
    except PackageNotFoundError:
        return "unknown"


def _write(found: Exported, texts: Mapping[str, bytes], code: bytes, options: Options) -> None:
    """Write everything into a folder of its own first, then move it to its place."""
    folder = found.header.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".tapec-", dir=folder))
    except OSError as problem:
        raise ExportError(f"cannot write to {folder}: {problem.strerror}") from problem
    try:
        for name, content in {**texts, found.object.name: code}.items():
            (made / name).write_bytes(content)
        if found.library is not None:
            _link(made / found.object.name, made / found.library.name, options)
        for file in made.iterdir():
            file.replace(folder / file.name)
    except OSError as problem:
        raise ExportError(f"cannot write to {folder}: {problem.strerror}") from problem
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _link(code: Path, library: Path, options: Options) -> None:
    """Link a shared library by the system's compiler, or by the one that CC names."""
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(compiler[0]) is None:
        raise ExportError(
            f"no C compiler {compiler[0]!r} to link the shared library",
            hint="install one, name it by CC, or ask for no shared library (shared=False)",
        )
    named = [f"-Wl,-soname,{library.name}"] if sys.platform == "linux" else []
    command = [*compiler, "-shared", *named, "-o", str(library), str(code), *options.link, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "returned 1 exit status" not in line]
        raise ExportError(
            f"linking failed: {said[-1] if said else f'status {done.returncode}'}",
            hint="see link= for libraries, shared=False for none; another machine needs its own CC",
        )


__all__ = ["Exported", "Options", "export"]
