"""Which subscripts may have a traced index: ``xs[k]`` becomes ``__tapec__.indexed(xs)[k]``."""

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


def is_item(node: ast.Subscript) -> bool:
    """Whether a subscript may be of a list that an array replaces: also at constant indices."""
    key = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    number = isinstance(key, ast.Constant) and type(key.value) is int
    return is_lookup(node) or (number and not isinstance(node.ctx, ast.Del))


def is_class_read(node: ast.AST) -> bool:
    """Whether an expression is ``x.__class__``: a traced value has the class it stands for."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "__class__"
        and isinstance(node.ctx, ast.Load)
    )
