"""The syntax tree of a code object: found in the file it came from, checked against it."""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
import os
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType
from typing import Any

from tapec.lazy import STARTED
from tapec.trace.source.walk import walk

FunctionNode = ast.FunctionDef | ast.Lambda
_GENERATED = 0x20 | 0x80 | 0x100 | 0x200  # generators and coroutines


def tree_of(code: CodeType) -> FunctionNode | None:
    """The definition that `code` was compiled from, its lines as in the file; None if not found."""
    if code.co_flags & _GENERATED or not has_source(code):
        return None
    try:
        node = _lambda(code) if code.co_name == "<lambda>" else _definition(code)
    except (SyntaxError, ValueError, IndexError, RecursionError):
        return None
    if node is None or not _matches(node, code) or _is_edited(code):
        return None
    return node


def _is_edited(code: CodeType) -> bool:
    """Whether the file was written since we started, and says something else now."""
    try:
        changed = os.stat(code.co_filename).st_mtime > STARTED
    except OSError:  # source that is in no file
        return False
    if not changed:
        return False
    text = "".join(linecache.getlines(code.co_filename))
    pending = [compile(text, code.co_filename, "exec", dont_inherit=True)]
    while pending:
        found = pending.pop()
        if _text_of(found) == _text_of(code):
            return False
        pending += [c for c in found.co_consts if isinstance(c, CodeType)]
    return True


def _text_of(code: CodeType) -> tuple[Any, ...]:
    """What code does, and where: flags may differ by how it was compiled."""
    constants = [repr(c) for c in code.co_consts if not isinstance(c, CodeType)]
    names = code.co_name, code.co_names, code.co_varnames
    return code.co_firstlineno, code.co_code, constants, names


def has_source(code: CodeType) -> bool:
    """Whether the lines of this code can be read."""
    return bool(linecache.getlines(code.co_filename))


def _definition(code: CodeType) -> ast.FunctionDef | None:
    lines = linecache.getlines(code.co_filename)
    block = inspect.getblock(lines[code.co_firstlineno - 1 :])
    # An indented block becomes the body of an `if`: columns stay as they are.
    head = ["if 1:\n"] if block[0][:1].isspace() else []
    # Empty lines before it put every node on its line of the file.
    above = ["\n"] * (code.co_firstlineno - 1 - len(head))
    body = ast.parse("".join([*above, *head, *block])).body
    node = body[0].body[0] if head and isinstance(body[0], ast.If) else body[0]
    if not isinstance(node, ast.FunctionDef):
        return None
    return ast.increment_lineno(node, -1) if head and code.co_firstlineno == 1 else node


@lru_cache(maxsize=32)
def _lambdas(lines: tuple[str, ...]) -> dict[int, list[ast.Lambda]]:
    """The lambdas of a file by the line they start on."""
    found: dict[int, list[ast.Lambda]] = {}
    for node in walk(ast.parse("".join(lines))):
        if isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(node)
    return found


def _lambda(code: CodeType) -> ast.Lambda | None:
    """The smallest lambda on the line whose body has all the positions of the instructions."""
    nodes = _lambdas(tuple(linecache.getlines(code.co_filename))).get(code.co_firstlineno, [])
    places = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if line is not None and end_line is not None and column is not None
        and end_column is not None and (end_column or column)
    ]  # fmt: skip
    if not places:
        return None
    first, last = min(a for a, _ in places), max(b for _, b in places)
    fitting = [n for n in nodes if _start(n.body) <= first and last <= _end(n.body)]
    # Callers modify the tree, so the cached one is copied.
    return copy.deepcopy(max(fitting, key=lambda n: _start(n.body), default=None))


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0


def parameters(arguments: ast.arguments) -> list[str]:
    """The parameters in the order of a code object's variables."""
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return names + [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]


def _matches(node: FunctionNode, code: CodeType) -> bool:
    """Whether the tree is that of the compiled code: name, parameters, the names it uses."""
    if isinstance(node, ast.FunctionDef) and node.name != code.co_name:
        return False
    names = [mangled(p, code) for p in parameters(node.args)]
    if list(code.co_varnames[: len(names)]) != names:
        return False
    nodes = [*walk(node)]
    if any(isinstance(n, ast.Assert) for n in nodes):
        return True  # test runners compile assertions in their own way
    return set(code.co_names) <= {mangled(name, code) for name in _mentioned(nodes)}


def _mentioned(nodes: Iterable[ast.AST]) -> set[str]:
    texts = {getattr(n, field) for n in nodes for field in _names_of(type(n))}
    return {part for t in texts if isinstance(t, str) for part in (t, *t.split("."))}


_NAMED: dict[type[ast.AST], tuple[str, ...]] = {}


def _names_of(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of nodes that hold names of the code."""
    if kind not in _NAMED:
        fields = ("id", "attr", "name", "module", "arg")
        _NAMED[kind] = tuple(f for f in fields if f in kind._fields)
    return _NAMED[kind]


def class_of(code: CodeType) -> str:
    """The innermost class around a definition; empty outside of classes."""
    parts = code.co_qualname.split(".")[:-1]
    while parts and parts[-1] == "<locals>":
        parts = parts[:-2]
    return parts[-1].lstrip("_") if parts else ""


def mangled(name: str, code: CodeType) -> str:
    """A private name (``__x`` in a class) as the compiler writes it."""
    if not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    owner = class_of(code)
    return f"_{owner}{name}" if owner else name
