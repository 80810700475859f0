"""Which functions need rewriting, and which cannot be rewritten."""

from __future__ import annotations

import ast
from collections.abc import Sequence

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
    return has_hidden_callee(node) or any(
        isinstance(
            n,
            (
                ast.If,
                ast.While,
                ast.For,
                ast.IfExp,
                ast.BoolOp,
                ast.Assert,
                ast.ExceptHandler,
                ast.FormattedValue,
            ),
        )
        or (isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not))
        or is_lookup(n)
        or is_class_read(n)
        or (isinstance(n, ast.Compare) and (len(n.ops) > 1 or isinstance(n.ops[0], IDENTITY)))
        for n in walk(node)
    )


def refuse_odd(body: Sequence[ast.stmt]) -> None:
    """Raise where a function cannot be rewritten."""
    for n in own_nodes(body):
        if isinstance(n, SUSPENDING) or (isinstance(n, ast.Name) and n.id in _RUN_HERE):
            raise NotRewritable("it suspends, or looks at its own frame")
