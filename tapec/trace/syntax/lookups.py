"""Which subscripts may meet a traced place: ``xs[k]`` becomes ``__tapec__.places(xs)[k]``."""

from __future__ import annotations

import ast


def is_lookup(node: ast.AST) -> bool:
    """Whether a subscript's key is computed: no constant, slice or tuple."""
    if not isinstance(node, ast.Subscript) or isinstance(node.ctx, ast.Del):
        return False
    key = node.slice
    if isinstance(key, ast.UnaryOp):
        key = key.operand
    return not isinstance(key, (ast.Constant, ast.Slice, ast.Tuple))
