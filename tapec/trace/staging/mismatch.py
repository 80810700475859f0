"""Messages on type mismatches: the part of a value, its type on each path, and the lines that
computed it.
"""

from __future__ import annotations

import dis
import itertools
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from tapec.ir.core import Loc
from tapec.trace.arrays.frames import is_user_code
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.jumps import TITLES
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.objects import structure
from tapec.trace.staging.values import kind_of, merged
from tapec.trace.tuning import LISTED_PARTS, RECENT_OPS
from tapec.tree import Tree


def differing(name: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The first part in which nested values differ in type: its path, and the part of each."""
    parts = [structure(v) for v in values]
    trees = [tree for _, tree in parts]
    first = trees[0]
    if first is None or any(t is None or not _alike(t, first) for t in trees):
        return name, [*values]
    children = [_children(leaves, tree) for leaves, tree in parts if tree is not None]
    for path, group in zip(_names(name, first), zip(*children, strict=True), strict=True):
        if _differ(group):
            return differing(path, group)
    return name, [*values]


def _alike(a: Tree, b: Tree) -> bool:
    """Whether two values are containers of one kind with the same keys."""
    return a.kind is not None and (a.kind, a.keys, len(a.children)) == (
        b.kind, b.keys, len(b.children),
    )  # fmt: skip


def _children(leaves: Sequence[Any], tree: Tree) -> list[Any]:
    rest = iter(leaves)
    return [t.unflatten(list(itertools.islice(rest, t.size))) for t in tree.children]


def _differ(values: Sequence[Any]) -> bool:
    parts = [structure(v) for v in values]
    if any(tree != parts[0][1] for _, tree in parts):
        return True
    return any(_unequal(leaves) for leaves in zip(*(leaves for leaves, _ in parts), strict=True))


def _unequal(leaves: Sequence[Any]) -> bool:
    kind = kind_of(leaves[0])
    for leaf in leaves[1:]:
        other = kind_of(leaf)
        if kind is None or other is None:
            return leaf is not leaves[0]
        kind = merged(kind, other)
        if kind is None:
            return True
    return False


# -- in words ----------------------------------------------------------------------------------


def described(value: Any) -> str:
    """A value in an error message: the types of all its parts."""
    leaves, tree = structure(value)
    if tree is None:
        return "undefined"
    return _described(tree, iter(leaves))


def _described(tree: Tree, leaves: Iterator[Any]) -> str:
    if tree.kind is None:
        return _leaf(next(leaves))
    if tree.kind is type(None):
        return "None"
    names = _keys(tree)
    parts = [f"{n}{_described(t, leaves)}" for n, t in zip(names, tree.children, strict=True)]
    inner = ", ".join(parts[:LISTED_PARTS]) + (", ..." if len(parts) > LISTED_PARTS else "")
    return f"{tree.kind.__name__}({inner})"


def _leaf(leaf: Any) -> str:
    if leaf is UNDEFINED:
        return "undefined"
    kind = kind_of(leaf)
    if kind is None or type(leaf) in (bool, int, float):
        text = repr(leaf)
        return text if len(text) < 40 else f"a {type(leaf).__name__}"
    return str(kind)


def _keys(tree: Tree) -> list[str]:
    """The labels of the parts of a container."""
    if tree.kind is not None and issubclass(tree.kind, dict):
        return [f"{key!r}: " for key in tree.keys]
    return [f"{field}=" for field in _fields(tree)] or [""] * len(tree.children)


def _fields(tree: Tree) -> tuple[str, ...]:
    """The names of the attributes of a named tuple or dataclass."""
    if tree.kind is None or issubclass(tree.kind, dict):
        return ()
    return tree.keys or getattr(tree.kind, "_fields", ())


def _names(name: str, tree: Tree) -> list[str]:
    """How the user would write the parts of a container called `name`."""
    if fields := _fields(tree):
        return [f"{name}.{field}" for field in fields]
    keys = tree.keys or range(len(tree.children))
    return [f"{name}[{key!r}]" for key in keys]


def leaf_paths(name: str, tree: Tree) -> list[str]:
    """How the user would write each leaf of a value called `name`."""
    if tree.kind is None:
        return [name]
    pairs = zip(_names(name, tree), tree.children, strict=True)
    return [path for inner, child in pairs for path in leaf_paths(inner, child)]


# -- where values come from ------------------------------------------------------------------------


def made_at(value: Any) -> Loc | None:
    """The user's line that computed a traced value, or a part of it; None where it is not found.

    Views have no op of their own, so their line is not found.
    """
    for leaf in structure(value)[0]:
        if type(leaf) is Tracer and leaf._storage.session is not None and not leaf._steps:
            ops, wanted = leaf._storage.session.builder.ops, leaf._storage.value
            for op in itertools.islice(reversed(ops), RECENT_OPS):
                if wanted in op.results:
                    return op.loc
    return None


def assigned_in(function: Any, name: str) -> Loc | None:
    """The last line of a piece of the user's code that assigns a variable.

    For a function given to one of our forms (its `source`) that is the line where it returns.
    """
    source = getattr(function, "source", None)
    code = getattr(source or function, "__code__", None)
    if code is None or not is_user_code(code):
        return None
    found = assigned_lines(code).get(_root(name)) if source is None else _returns(code)
    return _loc(code, found[-1]) if found else None


def _returns(code: CodeType) -> tuple[int, ...]:
    """The lines where a function returns."""
    starts = [*dis.findlinestarts(code)]
    ends = [i.offset for i in dis.get_instructions(code) if i.opname == "RETURN_VALUE"]
    return tuple(max((at, line) for at, line in starts if at <= end)[1] for end in ends)


def around_loop(name: str, line: int) -> tuple[Any, Any]:
    """The last assignment of a variable before a line, and the first from there on.

    The first of the two is a text where the variable is an argument.
    """
    name = _root(name)
    codes = _running()
    lines = {n for code in codes for n in assigned_lines(code).get(name, ())}
    first = max((n for n in lines if n < line), default=None)
    later = min((n for n in lines if n >= line), default=None)
    places = [None if n is None else _loc(codes[0], n) for n in (first, later)]
    if first is None and any(name in code.co_varnames[: code.co_argcount] for code in codes):
        return f"the argument {name}", places[1]
    return places[0], places[1]


def listed(titles: Sequence[str], places: Sequence[Any]) -> list[str]:
    """Lines of a message for places that are not the line that the message is about."""
    here = where()
    own = None if here is None else (here.file, here.line)
    return [
        f"  {title}: " + (place if isinstance(place, str) else f"made at {place}")
        for title, place in zip(titles, places, strict=True)
        if place is not None and (isinstance(place, str) or (place.file, place.line) != own)
    ]


def _running() -> list[CodeType]:
    """The code of the user's running function: the statements around us first."""
    frame: Any = sys._getframe(2)
    found: list[CodeType] = []
    while frame is not None:
        code = frame.f_code
        if not found and is_user_code(code):
            found = [code]
        elif found and (code.co_filename, code.co_qualname) == _identity(found[0]):
            found.append(code)
        frame = frame.f_back
    return found


def _identity(code: CodeType) -> tuple[str, str]:
    return code.co_filename, code.co_qualname


def _loc(code: CodeType, line: int) -> Loc:
    return Loc(code.co_filename, line, code.co_name)


def _root(name: str) -> str:
    """The variable at the start of a path."""
    for k, c in enumerate(name):
        if c in ".[":
            return name[:k]
    return name


@lru_cache(maxsize=1024)
def assigned_lines(code: CodeType) -> dict[str, tuple[int, ...]]:
    """The lines that assign each variable, in code and in the closures made of its statements."""
    found: dict[str, set[int]] = {}
    pending = [code]
    while pending:
        c = pending.pop()
        for instruction in dis.get_instructions(c):
            line = instruction.positions and instruction.positions.lineno
            raw = instruction.argval
            if line and instruction.opname.startswith("STORE_") and isinstance(raw, str):
                found.setdefault(TITLES.get(raw.rstrip("0123456789"), raw), set()).add(line)
        pending += [x for x in c.co_consts
                    if isinstance(x, CodeType) and x.co_qualname == code.co_qualname]  # fmt: skip
    return {name: tuple(sorted(lines)) for name, lines in found.items()}
