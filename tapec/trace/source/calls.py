"""Calls whose callee is known at run time only: they look up its stand-in.

Functions named in globals and in the variables of enclosing functions have stand-ins already. A
callee found anywhere else (``self.rhs``, ``table["f"]``, a parameter) is looked at by the call:
``f(x)`` becomes ``__tapec_callee__(f)(x)``.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence

from tapec.trace.source.build import at, load
from tapec.trace.source.walk import walk

FOLLOW = "__tapec_callee__"
# The usual names of modules whose members have stand-ins, and the generated name.
MODULES = frozenset(["np", "numpy", "math", "__tapec__"])
_CALLERS = frozenset(["map", "filter", "reduce", "vectorize", "apply_along_axis"])
_SORTERS = frozenset(["sorted", "sort", "min", "max"])


def has_hidden_callee(root: ast.AST) -> bool:
    """Whether any call has a callee that is only known when it runs."""
    names: set[str] = set()
    calls: list[ast.Call] = []
    for node in walk(root):
        if isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return any(
        _is_hidden(call.func, names) or any(_is_hidden(a, names) for a in called_by(call))
        for call in calls
    )


def _is_hidden(function: ast.expr, variables: Container[str]) -> bool:
    """Whether a callee may be a function without a stand-in."""
    match function:
        case ast.Name(id=name):
            return name in variables or getattr(function, "inner", False)
        case ast.Lambda() | ast.Constant():
            return False
        case ast.Attribute():
            return not _is_module(function, variables)
    return True


def _is_module(node: ast.expr, variables: Container[str]) -> bool:
    """Whether a chain of attributes starts at a module whose members have stand-ins."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return (
        isinstance(node, ast.Name)
        and node.id in MODULES
        and node.id not in variables
        and not getattr(node, "inner", False)
    )


def mark_objects(root: ast.AST, names: Container[str]) -> None:
    """Mark the usual names of modules that are those of other objects here."""
    for node in walk(root):
        if isinstance(node, ast.Name) and node.id in names:
            node.inner = True  # type: ignore[attr-defined]


def called_by(call: ast.Call) -> Sequence[ast.expr]:
    """The arguments that Python's own functions call: the first of `map`, the key of `sorted`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name in _SORTERS:
                return [k.value for k in call.keywords if k.arg == "key"]
            if name in _CALLERS and call.args and not isinstance(call.args[0], ast.Starred):
                return call.args[:1]
    return ()


def followed(function: ast.expr, variables: Container[str]) -> ast.expr:
    """The callee, wrapped in a look-up of its stand-in where that may be needed."""
    if not _is_hidden(function, variables):
        return function
    return at(ast.Call(load(FOLLOW), [function], []), function)
