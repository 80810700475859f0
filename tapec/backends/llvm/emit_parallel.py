"""Parts that threads run: the region as a function of the number of a part, and its call."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.backends.llvm.emit_calls import pass_on
from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_scalar import REGISTER
from tapec.backends.llvm.target import function_attributes
from tapec.ir.core import Op, Value
from tapec.ir.nested import every, reads


def parallel(e: FunctionEmitter, op: Op) -> None:
    """Hand what the region reads to `tapec.parallel`, in a table; its status is passed on."""
    free = _free(e, op)
    name = _function(e, op, free)
    e.declare("declare i32 @tapec.parallel(ptr, ptr, i64, i64)")
    table = f"%parts.{len(e.head)}"
    e.head.append(f"{table} = alloca [{max(len(free), 1)} x i64]")
    for k, value in enumerate(free):
        at = e.emit(f"getelementptr i64, ptr {table}, i64 {k}")
        e.effect(f"store {_type(value)} {e.names[value]}, ptr {at}")
    parts, threads = op.attrs["parts"], op.attrs["threads"]
    call = f"ptr @{name}.run, ptr {table}, i64 {parts}, i64 {threads}"
    pass_on(e, e.emit(f"call i32 @tapec.parallel({call})"))


def _free(e: FunctionEmitter, op: Op) -> list[Value]:
    """What the region reads from outside, without literals."""
    inside = {v for o in every([op]) for v in o.results}
    inside |= {p for o in every([op]) for region in o.regions for p in region.params}
    found = dict.fromkeys(v for v in reads(op) if v not in inside)
    return [v for v in found if e.names[v][0] == "%"]


def _type(value: Value) -> str:
    return "ptr" if value.type.buffer else REGISTER[value.type.dtype]


def _function(e: FunctionEmitter, op: Op, free: Sequence[Value]) -> str:
    """The function of one part, and the one that reads its arguments from a table; its name."""
    name = f"{e.name}.parts{e.fresh_label()}"
    inner = e.apart()
    arguments = {v: f"%a{k}" for k, v in enumerate(free)}
    inner.names.update(arguments)
    inner.names.update(zip(op.regions[0].params, ("%k", "%t"), strict=True))
    inner.block(op.regions[0])
    given = ", ".join(
        f"{_type(v)}{' noalias' if v.type.buffer else ''} {arguments[v]}" for v in free
    )
    head = f"define internal i32 @{name}({given}{', ' if free else ''}i64 %k, i64 %t) noinline"
    lines = [f"{head} {function_attributes()} {{", "start:", *inner.head, *inner.lines, "ret i32 0"]
    for status in inner.failures:
        lines += [f"status{status}:", f"ret i32 {status}"]
    e.module.add("\n".join([*lines, "}", _runner(name, free)]))
    return name


def _runner(name: str, free: Sequence[Value]) -> str:
    lines = [f"define internal i32 @{name}.run(ptr %table, i64 %k, i64 %t) {{", "start:"]
    for n, value in enumerate(free):
        lines.append(f"%p{n} = getelementptr i64, ptr %table, i64 {n}")
        lines.append(f"%a{n} = load {_type(value)}, ptr %p{n}")
    given = "".join(f"{_type(v)} %a{n}, " for n, v in enumerate(free))
    return "\n".join(
        [*lines, f"%status = call i32 @{name}({given}i64 %k, i64 %t)", "ret i32 %status", "}"]
    )
