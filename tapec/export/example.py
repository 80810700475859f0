"""A small C program that calls every exported function once and prints what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.export.header import C_TYPES
from tapec.export.program import Program, Variable
from tapec.export.tuning import EXAMPLE_ELEMENTS, EXAMPLE_SHOWN
from tapec.ir.types import FLOATS


def example(
    names: tuple[str, str], calls: Sequence[tuple[Program, Sequence[Any]]], links: str
) -> str:
    """The program: each function with these arguments. `--all` prints all elements, to the bit."""
    file, name = names
    functions = "\n".join(_call(name, program, values) for program, values in calls)
    needed = "#include <math.h>\n" if "NAN" in functions or "INFINITY" in functions else ""
    runs = "\n".join(f"    failed |= call_{program.name}();" for program, _ in calls)
    return f"""\
/* Calls what {file}.h declares.
 *
 *     cc -std=c99 {file}_example.c {file}.o -o {file}_example {links}
 *     ./{file}_example [--all]
 */
#include <inttypes.h>
{needed}#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "{file}.h"

static size_t shown = {EXAMPLE_SHOWN};

static size_t at_most_shown(size_t count)
{{
    return count < shown ? count : shown;
}}

{functions}
int main(int argc, char **argv)
{{
    int failed = 0;
    if (argc > 1 && strcmp(argv[1], "--all") == 0)
        shown = SIZE_MAX;
{runs}
    return failed;
}}
"""


def _call(name: str, program: Program, values: Sequence[Any]) -> str:
    given = "".join(
        _argument(p, x, k in program.updated)
        for k, (p, x) in enumerate(zip(program.params, values, strict=True))
    )
    results = "".join(
        f"    static {C_TYPES[r.type.dtype]} {r.name}[{max(r.type.size, 1)}];\n"
        for r in program.results
    )
    passed = ", ".join(v.name for v in (*program.params, *program.results))
    shown = [program.params[k] for k in program.updated] + list(program.results)
    prints = "".join(_print(program.name, v) for v in shown)
    return f"""\
static int call_{program.name}(void)
{{
{given}{results}{"".join(_fill(p, x) for p, x in zip(program.params, values, strict=True))}\
    int status = {program.name}({passed});
    if (status != 0) {{
        fprintf(stderr, "{program.name}: status %d, %s\\n", status, {name}_message(status));
        return 1;
    }}
{prints}    return 0;
}}
"""


def _argument(p: Variable, value: Any, updated: bool) -> str:
    """The declaration of an argument with its value."""
    kind = C_TYPES[p.type.dtype]
    numbers = np.asarray(value, p.type.numpy).ravel()[:EXAMPLE_ELEMENTS]
    if p.number:
        return f"    const {kind} {p.name} = {_literal(numbers[0])};\n"
    listed = ",".join(f"\n        {_literal(x)}" for x in numbers) or "0"
    if numbers.size < p.type.size:
        return (
            f"    static const {kind} {p.name}_start[{numbers.size}] = {{{listed}}};\n"
            f"    static {kind} {p.name}[{p.type.size}];\n"
        )
    constant = "" if updated else "const "
    return f"    static {constant}{kind} {p.name}[{max(p.type.size, 1)}] = {{{listed}}};\n"


def _fill(p: Variable, value: Any) -> str:
    """Repeat the elements that the program holds."""
    if p.type.size <= EXAMPLE_ELEMENTS:
        return ""
    return (
        f"    for (size_t element = 0; element < {p.type.size}; element++)\n"
        f"        {p.name}[element] = {p.name}_start[element % {EXAMPLE_ELEMENTS}];\n"
    )


def _literal(x: Any) -> str:
    """A number to the bit."""
    if isinstance(x, np.bool_):
        return "true" if x else "false"
    if isinstance(x, np.integer):
        return _integer(int(x))
    if not np.isfinite(x):
        return "NAN" if np.isnan(x) else ("INFINITY" if x > 0 else "-INFINITY")
    return float(x).hex()


def _integer(x: int) -> str:
    if x == -(2**63):
        return f"INT64_C({x + 1}) - 1"
    return f"INT64_C({x})" if abs(x) >= 2**31 else str(x)


def _print(function: str, v: Variable) -> str:
    format, cast = _format(v.type.dtype)
    label, element = f"{function} {v.name}", cast.format(f"{v.name}[element]")
    return (
        f"    for (size_t element = 0; element < at_most_shown({v.type.size}); element++)\n"
        f'        printf("{label}[%zu] = {format}\\n", element, {element});\n'
    )


def _format(dtype: str) -> tuple[str, str]:
    if dtype in FLOATS:
        return "%.17g %a", "(double){0}, (double){0}"
    return '%" PRId64 "', "(int64_t){0}"
