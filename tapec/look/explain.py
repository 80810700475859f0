"""The report of a compilation: stages, loops, memory, and fallbacks with their reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tapec.ir import Func, Op, Type
from tapec.ir.nested import every
from tapec.ir.ops.const import is_const
from tapec.ir.ops.library import HOST, NUMPY
from tapec.ir.ops.loop import FOR, IF, INVOKE, REPEAT, WHILE
from tapec.ir.ops.memory import ALLOC, TAPE_OPEN
from tapec.ir.primitive import FAMILIES
from tapec.ir.types import INTEGERS

MOST_ROWS = 12  # loops listed one by one
# Families of ops that move data or control; the other families compute.
AROUND = frozenset({"memory", "loop", "const", "library"})
LOOPS = (FOR, REPEAT, WHILE)


def explain(special: Any) -> str:
    """A specialization as a report of several lines."""
    kernel = special.compiled
    parts = [
        [f"{special.face.name}{special}"],
        _table(special.program.journal.steps),
        [f"  {choice}" for choice in special.program.choices],
        _captured(special),
        _memory(special.func, kernel),
        [] if kernel is None else _fusion(special.func, kernel.loops),
        _backend(special, kernel),
        [f"cache: {special.program.kept}"] if special.program.kept else [],
    ]
    return "\n".join(line for part in parts for line in part)


def _captured(special: Any) -> list[str]:
    """The captured state of the function, and the changes of it that forced a retrace."""
    rows = [] if special.state is None else special.state.rows()
    again = [f"compiled again {n} times: {t} changed" for t, n in special.changes.items()]
    return [f"  {row}" for row in (*rows, *again)]


# ---- stages --------------------------------------------------------------------------------


def _table(steps: Sequence[Any]) -> list[str]:
    rows = [("pass", "before", "after", "ms")]
    rows += [(s.name, str(s.before), _after(s), f"{s.seconds * 1e3:.2f}") for s in steps]
    rows.append(("total", "", "", f"{sum(s.seconds for s in steps) * 1e3:.2f}"))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    return [_aligned(row, widths) for row in rows]


def _after(step: Any) -> str:
    return str(step.after) if step.unit == "ops" else f"{step.after} {step.unit}"


def _aligned(row: tuple[str, ...], widths: Sequence[int]) -> str:
    name, *numbers = (text.ljust(w) if k == 0 else text.rjust(w)
                      for k, (text, w) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
    return "  ".join([name, *numbers]).rstrip()


# ---- memory --------------------------------------------------------------------------------


def _memory(func: Func, kernel: Any) -> list[str]:
    """Bytes of inputs and results, and of the kernel's own memory."""
    given = f"memory: arguments {_bytes(p.type for p in func.params)}"
    text = f"{given}, results {_bytes(v.type for v in func.results)}"
    if kernel is None:
        return [text]
    allocs = [op for op in every(kernel.loops.ops) if op.primitive is ALLOC]
    work = [op.result.type for op in allocs if op.attrs.get("data") is None]
    constant = [op.result.type for op in allocs if op.attrs.get("data") is not None]
    text += f", work {kernel.work_bytes} bytes"
    lines = [text]
    if work:
        lines.append(f"  work arrays: {_listed(_plain(t) for t in work)}")
    if constant:
        lines.append(f"  constant arrays: {_bytes(constant)}")
    tapes = sum(op.primitive is TAPE_OPEN for op in every(kernel.loops.ops))
    if tapes:
        lines.append(f"  tapes that grow while it runs: {tapes}")
    return lines


def _bytes(types: Iterable[Type]) -> str:
    return f"{sum(t.size * t.numpy.itemsize for t in types)} bytes"


def _plain(type: Type) -> str:
    return str(type).removeprefix("buf ")


# ---- loops ---------------------------------------------------------------------------------


def _fusion(func: Func, loops: Func) -> list[str]:
    """Which loops the array ops became, and what each of them computes."""
    arrays = sum(_is_array(op) for op in every(func.ops))
    nests = [op for op in loops.ops if op.primitive in (*LOOPS, IF, INVOKE)]
    calls = Counter(_called(op) for op in every(loops.ops) if FAMILIES[op.name] == "library")
    lines = [f"loops: {arrays} array operations in {_plural(len(nests), 'nest')}"]
    lines += [f"  {_nest(op)}" for op in nests[:MOST_ROWS]]
    if len(nests) > MOST_ROWS:
        lines.append(f"  and {len(nests) - MOST_ROWS} more")
    straight = sum(_computes(op) for op in loops.ops if not op.regions)
    if straight:
        lines.append(f"  outside of loops: {_plural(straight, 'scalar operation')}")
    if calls:
        lines.append(f"calls: {', '.join(f'{name} x{n}' for name, n in calls.items())}")
    return lines


def _plural(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number != 1 else "")


def _is_array(op: Op) -> bool:
    return any(v.type.shape for v in (*op.operands, *op.results)) and not is_const(op)


def _called(op: Op) -> str:
    """The callee of an op that is a call: a library, NumPy for one op, the user's function."""
    if op.primitive is HOST:
        return f"Python's {op.attrs['function']}"
    return f"NumPy's {op.attrs['of']}" if op.primitive is NUMPY else op.name


def _nest(op: Op) -> str:
    computed = Counter(inner.name for inner in _inside(op) if _computes(inner))
    listed = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in computed.items())
    return f"{' / '.join(_levels(op))}: {listed or 'moves numbers'}"


def _levels(op: Op) -> Iterator[str]:
    """The levels of a nest, outermost first along its first loops: trip count and kind."""
    if op.primitive is FOR:
        trips = op.attrs["upper"] - op.attrs["lower"]
        kind = op.attrs.get("kind", "serial")
        yield f"{trips}" if kind == "serial" else f"{trips} {kind}"
    elif op.primitive is INVOKE:
        yield f"function {op.attrs['name']}"
    else:
        yield op.name
    for inner in op.regions[-1].ops:
        if inner.primitive in LOOPS:
            yield from _levels(inner)
            return


def _computes(op: Op) -> bool:
    """Whether an op computes, rather than moving data or computing addresses."""
    if FAMILIES[op.name] in AROUND:
        return False
    places = bool(op.results) and all(v.type.dtype in INTEGERS for v in op.results)
    return not places


def _inside(op: Op) -> Iterator[Op]:
    return (inner for region in op.regions for inner in every(region.ops))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{n} x {name}" if n > 1 else name for name, n in Counter(names).items())


# ---- backend -------------------------------------------------------------------------------


def _backend(special: Any, kernel: Any) -> list[str]:
    """The backend that runs the call, and the reason where it is the interpreter."""
    if kernel is not None:
        return [f"backend: native, code generation level {kernel.level}"]
    reason = special.program.journal.fallback or "as asked for"
    return [f"backend: NumPy interpreter, {reason}"]
