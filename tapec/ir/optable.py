"""The table of primitives as text: what `tapec ops` prints and OPS.md holds.

Everything is read off the declarations; regenerate the page with `tapec ops --markdown`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tapec.ir import ops
from tapec.ir.ops.reduce import no_jvp
from tapec.ir.ops.rules import zero
from tapec.ir.primitive import FAMILIES, PRIMITIVES, Primitive

_HEAD = """# Primitives

Generated from the declarations in `tapec/ir/ops`; write it anew with
`tapec ops --markdown > tapec/ir/OPS.md`.

- **derivative**: `partials` are formulas dy/dx per operand, `linear` a transpose rule,
  `jvp, vjp` rules of their own, `regions` a transformation of what they hold (`tapec/ad`);
  `zero` is piecewise constant, `constant` has no tangent at all.
- **native**: the LLVM instruction or intrinsic, the vectorised function (`vmath`), the C library
  function (`libm`) or the expansion of one element; empty for ops that are loops or addresses.
  `interpreter`: no native code, programs with it run in the NumPy interpreter.
- **kinks**: where the derivative jumps.
"""
_COLUMNS = ("name", "operands", "derivative", "native", "kinks", "doc")


@dataclass(frozen=True)
class OpRow:
    """One primitive, in words."""

    name: str
    family: str
    operands: str
    derivative: str
    native: str
    kinks: str
    doc: str


def rows() -> tuple[OpRow, ...]:
    """All primitives, by family in alphabetical order, as declared within each."""
    by_family = sorted(PRIMITIVES, key=lambda name: FAMILIES[name])
    return tuple(_row(PRIMITIVES[name], FAMILIES[name]) for name in by_family)


def markdown() -> str:
    """The content of OPS.md."""
    parts = [_HEAD]
    for family, members in _grouped(rows()).items():
        summary = (getattr(ops, family).__doc__ or "").partition("\n")[0]
        parts += [f"## {family}\n", f"{summary}\n"]
        parts.append("\n".join([_line(_COLUMNS), _line(("---",) * len(_COLUMNS))]))
        parts += [_line(_cells(row)) for row in members]
        parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n"


def text() -> str:
    """The table for a terminal: name, operands, derivative, what it is."""
    lines = []
    for family, members in _grouped(rows()).items():
        lines.append(f"{family}:")
        lines += [f"  {r.name:<14} {r.operands:<24} {r.derivative:<10} {r.doc}" for r in members]
    return "\n".join(lines)


def derivative(primitive: Primitive) -> str:
    """How it is differentiated, in one of the words that the head of the page explains."""
    if primitive.jvp is no_jvp:
        return "constant"
    if primitive.kind == "region":
        return "regions"
    if primitive.partials and all(partial is zero for partial in primitive.partials):
        return "zero"
    if primitive.kind == "linear":
        return "linear"
    if any(partial is not None for partial in primitive.partials):
        return "linear" if primitive.transpose else "partials"
    return "jvp, vjp" if primitive.jvp or primitive.vjp else "constant"


def _row(primitive: Primitive, family: str) -> OpRow:
    return OpRow(
        name=primitive.name,
        family=family,
        operands=_operands(primitive),
        derivative=derivative(primitive),
        native=primitive.lower,
        kinks=primitive.kinks,
        doc=primitive.doc,
    )


def _operands(primitive: Primitive) -> str:
    """Operands and attributes, by the names the declaration's functions give them."""
    functions = [f for f in primitive.partials if f is not None]
    parameters = [_parameters(f)[1:] for f in functions] + [_parameters(primitive.infer)]
    found = next((names for p in parameters if (names := _positional(p))), "")
    if primitive.domain and found.startswith("*"):
        count = len(primitive.domain)
        found = "x" if count == 1 else ", ".join("abcd"[:count])
    attrs = dict.fromkeys(p.name for group in parameters for p in group if p.kind == p.KEYWORD_ONLY)
    return " ".join(filter(None, (found, f"{{{', '.join(attrs)}}}" if attrs else "")))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _positional(parameters: list[inspect.Parameter]) -> str:
    """`x, v, *indices`, as in a signature."""
    named = [p.name for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD]
    rest = [f"*{p.name}" for p in parameters if p.kind == p.VAR_POSITIONAL]
    return ", ".join([*named, *rest]).replace("*types", "*xs")


def _grouped(table: tuple[OpRow, ...]) -> Mapping[str, list[OpRow]]:
    groups: dict[str, list[OpRow]] = {}
    for row in table:
        groups.setdefault(row.family, []).append(row)
    return groups


def _cells(row: OpRow) -> tuple[str, ...]:
    def code(content: str) -> str:
        return f"`{content}`" if content else ""

    return (
        code(row.name),
        code(row.operands),
        row.derivative,
        code(row.native),
        row.kinks,
        row.doc,
    )


def _line(cells: tuple[str, ...]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
