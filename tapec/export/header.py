"""C headers: declarations with dimensions, status codes, and where nonzeros are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.backends.llvm.c_face import USER_ERRORS
from tapec.export.program import Program, Variable
from tapec.export.tuning import LINE_WIDTH
from tapec.ir.ops.loop import STATUS

C_TYPES: Mapping[str, str] = {
    "f64": "double",
    "f32": "float",
    "i64": "int64_t",
    "i32": "int32_t",
    "bool": "bool",
}
# Names of the statuses that any function may return.
_STATUS_NAMES = {
    0: "OK",
    1: "INDEX",
    2: "MEMORY",
    3: "SINGULAR",
    4: "NEGATIVE_POWER",
    5: "NOT_POSITIVE_DEFINITE",
    6: "NO_EIGENVALUES",
    7: "NO_SVD",
}


@dataclass(frozen=True)
class Made:
    """How the object was made: for its user to know where it runs and what it needs."""

    version: str
    target: str
    routines: tuple[str, ...]
    functions: tuple[str, ...]

    @property
    def links(self) -> str:
        """What to link with."""
        return "LAPACK and BLAS (as -llapack -lblas), " * bool(self.routines) + self.system

    @property
    def system(self) -> str:
        """The system's libraries, as arguments of a linker."""
        return "-lm -lpthread" if "pthread_create" in self.functions else "-lm"


def declaration(program: Program, by_value: bool = False) -> str:
    """The C declaration of a function, without a semicolon."""
    params = [_parameter(p, k not in program.updated) for k, p in enumerate(program.params)]
    outs = [] if by_value else [_parameter(r, constant=False) for r in program.results]
    returns = C_TYPES[program.results[0].type.dtype] if by_value else "int"
    return f"{returns} {program.name}({', '.join([*params, *outs]) or 'void'})"


def _parameter(v: Variable, constant: bool) -> str:
    kind = C_TYPES[v.type.dtype]
    if v.number:
        return f"{kind} {v.name}"
    return f"{'const ' if constant else ''}{kind} *{v.name}"


def header(names: tuple[str, str], programs: Sequence[Program], made: Made) -> str:
    """The whole header of an object with these functions; `names` are that of the files, and what
    begins all names in them."""
    file, name = names
    guard = f"{name.upper()}_H"
    bodies = "\n".join(_function(p) for p in programs)
    return f"""\
/* {file}.h: machine code of {", ".join(p.func.name for p in programs)}, by tapec {made.version}.
 *
 * Made for {made.target}.
 * Link with {made.links}.{_needs(made)}
 *
 * Arrays lie in C order and share no memory with results. All functions may run in
 * several threads at the same time; memory they take is given back before they return.
 * What they return is 0, or why there is no result: see {name}_status, and {USER_ERRORS} + k for
 * the k-th error of the function itself. Results are undefined then.
 */
#ifndef {guard}
#define {guard}

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{_statuses(name, programs)}
{bodies}
#ifdef __cplusplus
}}
#endif

#endif
"""


def _needs(made: Made) -> str:
    names = [*made.routines, *made.functions]
    if not names:
        return ""
    lines = _wrapped("It calls ", [f"{n}," for n in names[:-1]] + [f"{names[-1]}."])
    return "".join(f"\n * {line}" for line in lines)


def _wrapped(first: str, words: Sequence[str]) -> Iterator[str]:
    line = first.rstrip()
    for word in words:
        if len(line) + len(word) > LINE_WIDTH:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def _statuses(name: str, programs: Sequence[Program]) -> str:
    known = {0: "", **{k: message for k, (_, message) in STATUS.items() if k in _STATUS_NAMES}}
    values = ",\n".join(f"    {name.upper()}_{_STATUS_NAMES[k]} = {k}" for k in known)
    cases = "\n".join(
        f'    case {k}: return "{message or "success"}";' for k, message in known.items()
    )
    return f"""\
enum {name}_status {{
{values}
}};

/* What a status says. */
static inline const char *{name}_message(int status)
{{
    switch (status) {{
{cases}
    default: return "an error of the function: see its declaration";
    }}
}}
"""


# ---- one function --------------------------------------------------------------------------------


def _function(program: Program) -> str:
    lines = [f"{program.name}: {program.about}", ""]
    for k, p in enumerate(program.params):
        lines.append(f"  {p.name:<10} {_described(p)}{_role(program, k)}")
    lines += [f"  {title} = {value}, part of the code" for title, value in program.fixed]
    lines += [f"  {r.name:<10} {_described(r)}, result{_sparse(r)}" for r in program.results]
    lines += [
        f"  {USER_ERRORS + k} is returned where Python raises {_one_line(e)}"
        for k, e in enumerate(program.errors, 1)
    ]
    text = "\n".join(f" * {line}".rstrip() for line in lines)
    sizes = "".join(_sizes(program, v) for v in (*program.params, *program.results))
    tables = "".join(
        _table(f"{_of(program, r)}_{title}", table)
        for r in program.results
        if r.structure is not None
        for title, table in r.structure.tables.items()
    )
    return f"/* {_safe(text[3:])}\n */\n{sizes}{tables}{declaration(program)};\n"


def _described(v: Variable) -> str:
    kind = C_TYPES[v.type.dtype]
    if v.number or not v.type.shape:
        return kind
    return f"{kind}[{']['.join(map(str, v.type.shape))}]"


def _role(program: Program, k: int) -> str:
    return ", argument that is updated" if k in program.updated else ", argument"


def _sparse(v: Variable) -> str:
    s = v.structure
    if s is None:
        return ""
    rows, columns = s.shape
    return f": the nonzeros of a {rows} x {columns} matrix in {s.format.upper()}"


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _safe(text: str) -> str:
    """Text that ends no comment, and has no letters that compilers may not read."""
    ascii_only = text.encode("ascii", "replace").decode()
    return ascii_only.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _of(program: Program, v: Variable) -> str:
    """What belongs to an argument or result; the result of `f_grad` is not `f_grad_grad`."""
    only = program.results == (v,) and program.name.endswith(f"_{v.name}")
    return program.name if only else f"{program.name}_{v.name}"


def _sizes(program: Program, v: Variable) -> str:
    """Macros with the number of elements, and rows, columns and nonzeros where sparse."""
    name = _of(program, v).upper()
    found = {} if v.number or not v.type.shape else {"SIZE": v.type.size}
    if v.structure is not None:
        rows, columns = v.structure.shape
        found |= {"ROWS": rows, "COLUMNS": columns, "NONZEROS": v.type.size}
    return "".join(f"#define {name}_{what} {count}\n" for what, count in found.items())


def _table(name: str, table: np.ndarray[Any, Any]) -> str:
    """A constant array; C has none without elements."""
    numbers = [f"{x}," for x in table.tolist()] or ["0,"]
    kind = "int" if table.dtype.itemsize <= 4 else "int64_t"
    body = "\n".join(f"    {line}" for line in _wrapped("", numbers))
    return f"static const {kind} {name}[{max(table.size, 1)}] = {{\n{body}\n}};\n"


__all__ = ["C_TYPES", "Made", "declaration", "header"]
