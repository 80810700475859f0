"""Programs as text: names from hints, one op per line, exact enough to be read back."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from tapec.ir.core import Block, Dense, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.indexing import PLACE
from tapec.ir.ops.nest import ACCUMULATE
from tapec.ir.patterns import Pattern
from tapec.ir.tuning import LISTED
from tapec.ir.types import Type, type_of

_UNPRINTABLE = re.compile(r"[^A-Za-z0-9_.]")


class Names:
    """A unique name for every value: its hint, with ``_1``, ``_2`` ... where taken."""

    def __init__(self) -> None:
        self._names: dict[Value, str] = {}
        self._next: dict[str, int] = {}
        self._taken: set[str] = set()
        self._count = 0

    def __getitem__(self, value: Value) -> str:
        return self._names.get(value) or f"%<undefined {value.hint or value.type}>"

    def define(self, value: Value, default: str = "") -> str:
        """Name the value; `default` is used where it has no hint of its own."""
        base = _UNPRINTABLE.sub("_", value.hint) or default
        name = self._fresh(base) if base else self._number()
        self._taken.add(name)
        self._names[value] = f"%{name}"
        return self._names[value]

    def define_all(self, block: Block) -> None:
        """Name every value of a block and of the regions in it, in the order of the text."""
        for value in block.params:
            self.define(value)
        for op in block.ops:
            self.define_results(op)
            for region in op.regions:
                self.define_all(region)

    def define_results(self, op: Op) -> list[str]:
        """Name what an op makes."""
        default = "c" if is_const(op) else ""
        return [self.define(v, default) for v in op.results]

    def _fresh(self, base: str) -> str:
        if base not in self._taken:
            return base
        n = self._next.get(base, 1)
        while f"{base}_{n}" in self._taken:
            n += 1
        self._next[base] = n + 1
        return f"{base}_{n}"

    def _number(self) -> str:
        while str(self._count) in self._taken:
            self._count += 1
        return str(self._count)


def print_func(func: Func, *, locs: bool = False) -> str:
    """The program as text, ending without a newline; `locs` adds the user's lines as comments."""
    names = Names()
    params = _params(func.params, names)
    types = ", ".join(str(v.type) for v in func.results)
    lines = [f"func @{func.name}({params}) -> ({types}) {{"]
    lines += _body(func.block, names, "  ", locs)
    results = ", ".join(names[v] for v in func.results)
    lines += [f"  return {results}".rstrip(), "}"]
    return "\n".join(lines)


def print_op(op: Op, names: Names | None = None, *, locs: bool = False) -> str:
    """One op as text; without `names` its operands are named by their hints."""
    if names is None:
        names = Names()
        for value in dict.fromkeys(op.operands):
            names.define(value)
    return "\n".join(_op(op, names, "", locs))


def _params(values: Sequence[Value], names: Names) -> str:
    return ", ".join(f"{names.define(v)}: {v.type}" for v in values)


def _body(block: Block, names: Names, indent: str, locs: bool) -> Iterator[str]:
    for op in block.ops:
        yield from _op(op, names, indent, locs)


def _op(op: Op, names: Names, indent: str, locs: bool) -> Iterator[str]:
    operands = ", ".join(names[v] for v in op.operands)
    attrs = print_attrs(op)
    head = " ".join(part for part in (op.name, operands, attrs) if part)
    types = ", ".join(str(v.type) for v in op.results)
    tail = (f" : {types}" if types else "") + (f"  # {op.loc}" if locs and op.loc else "")
    prefix = f"{indent}{_results(op, names)}{head}"
    for region in op.regions:
        yield f"{prefix} ({_params(region.params, names)}) {{"
        yield from _body(region, names, indent + "  ", locs)
        if region.results:
            yield f"{indent}  yield {', '.join(names[v] for v in region.results)}"
        prefix = f"{indent}}}"
    yield f"{prefix}{tail}"


def _results(op: Op, names: Names) -> str:
    listed = ", ".join(names.define_results(op))
    return f"{listed} = " if listed else ""


def print_attrs(op: Op) -> str:
    """The attributes as ``{key=value, ...}``; a constant's type is left to its annotation."""
    items = [
        f"{key}={_attr(op, key, value)}"
        for key, value in op.attrs.items()
        if not (is_const(op) and key == "type")
    ]
    return f"{{{', '.join(items)}}}" if items else ""


def _attr(op: Op, key: str, value: Any) -> str:
    if key == "at" and isinstance(value, tuple):
        if op.primitive is PLACE or op.primitive is ACCUMULATE:
            return f"[{', '.join(_spec(s) for s in value)}]"
        return _spec(value)
    if is_const(op) and isinstance(value, Dense) and _is_plain(op.attrs, value):
        return f"dense({_data(value)})"
    return literal(value)


def _is_plain(attrs: Mapping[str, Any], value: Dense) -> bool:
    type = attrs.get("type")
    return isinstance(type, Type) and (type.shape, type.numpy) == (
        value.array.shape,
        value.array.dtype,
    )


def _spec(spec: tuple[Any, ...]) -> str:
    """Entries of a view; a start known at run time only is a question mark."""
    entries = (e if isinstance(e, tuple) else (e,) for e in spec)
    shown = (("?" if start < 0 else start, *rest) for start, *rest in entries)
    return f"[{', '.join(':'.join(map(str, e)) for e in shown)}]"


def literal(value: Any) -> str:
    """One attribute value; floats by `repr`, which is exact."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Dense):
        return f"dense({_data(value)}, {type_of(value.array)})"
    if isinstance(value, Pattern):
        return _formula(value)
    return "none" if value is None else str(value) if isinstance(value, Type) else repr(value)


def _data(value: Dense) -> str:
    """The formula of the array, its elements, or its bytes."""
    if value.pattern is not None:
        return _formula(value.pattern)
    array = value.array
    if array.size > LISTED or _odd_nans(array):
        return '"' + base64.b64encode(array.tobytes()).decode("ascii") + '"'
    return _nested(array.tolist())


def _formula(pattern: Pattern) -> str:
    """``name(field, ...)``, as the class has them."""
    values = (getattr(pattern, f.name) for f in fields(pattern))
    return f"{type(pattern).__name__.lower()}({', '.join(map(literal, values))})"


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else literal(value)


def _odd_nans(array: np.ndarray[Any, Any]) -> bool:
    """Whether a NaN differs from the usual one, so that its name would not bring it back."""
    if array.dtype.kind != "f":
        return False
    nans = array[np.isnan(array)]
    return bool(nans.tobytes() != np.full(nans.shape, np.nan, array.dtype).tobytes())
