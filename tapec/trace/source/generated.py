"""The closures that statements become: their names, and the variables they share."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tapec.trace.source.build import at
from tapec.trace.source.scopes import FunctionScope

THEN, OTHERWISE, BODY, TEST = "_tapec_then", "_tapec_otherwise", "_tapec_body", "_tapec_test"
TRY, ITEM = "_tapec_try", "_tapec_item"
# Nodes that contain statements.
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)
GENERATED = frozenset([THEN, OTHERWISE, BODY, TEST, TRY])


def assigned_in_closures(body: Sequence[ast.stmt]) -> set[str]:
    """Names that generated closures declare nonlocal: the function itself must bind them."""
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef) and node.name in GENERATED:
            found |= {n for s in node.body if isinstance(s, ast.Nonlocal) for n in s.names}
        elif not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            stack += [n for n in ast.iter_child_nodes(node) if isinstance(n, _BLOCKS)]
    return found


def bindings(names: Sequence[str], scope: FunctionScope, node: ast.AST) -> list[ast.stmt]:
    """``if False: a = b = None``: makes the names variables of the function, binds nothing."""
    own = [n for n in names if n in scope.locals]
    if not own:
        return []
    targets: list[ast.expr] = [ast.Name(n, ast.Store()) for n in own]
    bind = ast.Assign(targets, ast.Constant(None))
    return [at(ast.If(ast.Constant(False), [bind], []), node)]
