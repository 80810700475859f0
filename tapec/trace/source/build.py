"""Small constructors of syntax trees that keep the place in the file."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, TypeVar

from tapec.trace.source.walk import children

Node = TypeVar("Node", bound=ast.AST)


def at(node: Node, like: ast.AST) -> Node:
    """`node` with the source position of `like`, unless it has one."""
    todo: list[ast.AST] = [node]
    while todo:
        n = todo.pop()
        if "lineno" in n._attributes and not hasattr(n, "lineno"):
            ast.copy_location(n, like)
        elif n is not node and hasattr(n, "lineno"):
            continue
        todo += children(n)
    return node


def copied(node: Node, **changes: Any) -> Node:
    """A shallow copy with other fields."""
    fields = {f: getattr(node, f) for f in node._fields if hasattr(node, f)} | changes
    made = type(node)(**fields)
    if "lineno" in node._attributes:
        ast.copy_location(made, node)
    if hasattr(node, "number"):
        made.number = node.number  # type: ignore[attr-defined]
    return made


def load(name: str) -> ast.Name:
    """Read a variable."""
    return ast.Name(name, ast.Load())


def assign(name: str, value: ast.expr, like: ast.AST) -> ast.Assign:
    """``name = value``."""
    return at(ast.Assign([ast.Name(name, ast.Store())], value), like)


def negated_any(flags: Sequence[str], like: ast.AST) -> ast.expr:
    """``not a and not b ...``."""
    tests: list[ast.expr] = [ast.UnaryOp(ast.Not(), load(f)) for f in flags]
    return at(tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests), like)


def thunk(value: ast.expr) -> ast.Lambda:
    """``lambda: value``."""
    return at(ast.Lambda(no_parameters(), value), value)


def no_parameters(*names: str) -> ast.arguments:
    """A parameter list of positional names."""
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def helper(
    name: str, args: Sequence[ast.expr], like: ast.AST, keywords: Sequence[ast.keyword] = ()
) -> ast.Call:
    """``__tapec__.name(*args, **keywords)``."""
    function = ast.Attribute(load("__tapec__"), name, ast.Load())
    return at(ast.Call(function, list(args), list(keywords)), like)


def definition(name: str, args: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    """``def name(args): body``."""
    made = ast.FunctionDef(name, args, body, [])
    made.returns = made.type_comment = None
    made.type_params = []  # type: ignore[attr-defined, unused-ignore]
    return made
