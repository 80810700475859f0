"""Which functions need rewriting, and which cannot be rewritten."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from tapec.trace.source.calls import has_hidden_callee
from tapec.trace.source.jumps import NotRewritable
from tapec.trace.source.lookups import is_class_read, is_lookup
from tapec.trace.source.scopes import own_nodes
from tapec.trace.source.walk import walk

SUSPENDING = (ast.Yield, ast.YieldFrom, ast.Await)
IDENTITY = (ast.Is, ast.IsNot)
_RUN_HERE = frozenset(["locals", "vars", "eval", "exec", "dir"])  # these read the frame


def has_work(node: ast.AST) -> bool:
    """Whether anything in a function would be rewritten."""
    return has_hidden_callee(node) or any(map(_is_work, walk(node)))


def _is_work(node: ast.AST) -> bool:
    kind = type(node)
    return kind in _CONTROL or (kind in _CONDITIONS and _CONDITIONS[kind](node))


def _is_compound(node: ast.Compare) -> bool:
    return len(node.ops) > 1 or isinstance(node.ops[0], IDENTITY)


_CONTROL = frozenset([ast.If, ast.While, ast.For, ast.IfExp, ast.BoolOp, ast.Assert,
                      ast.ExceptHandler, ast.FormattedValue])  # fmt: skip
_CONDITIONS: dict[type[ast.AST], Callable[[Any], bool]] = {
    ast.UnaryOp: lambda node: isinstance(node.op, ast.Not),
    ast.Compare: _is_compound,
    ast.Subscript: is_lookup,
    ast.Attribute: is_class_read,
}


# Comparisons of functions: a name gives the stand-in, a container the function.
OF_FUNCTIONS = {ast.Eq: "equal", ast.NotEq: "unequal", ast.In: "contains", ast.NotIn: "lacks"}
_PLACES = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)


def may_compare_functions(node: ast.Compare) -> bool:
    """Whether this compares something named or held with a name, or looks for it somewhere."""
    kind, other = type(node.ops[0]), node.comparators[0]
    if kind not in OF_FUNCTIONS or not isinstance(node.left, _PLACES):
        return False
    if kind in (ast.In, ast.NotIn):
        return not isinstance(other, ast.Constant)
    return isinstance(other, _PLACES)


def refuse_odd(body: Sequence[ast.stmt]) -> None:
    """Raise where a function cannot be rewritten."""
    for n in own_nodes(body):
        if isinstance(n, SUSPENDING) or (isinstance(n, ast.Name) and n.id in _RUN_HERE):
            raise NotRewritable("it suspends, or looks at its own frame")
