"""Private names (``__x`` in a class): the compiler renames them, so the rewritten tree does too."""

from __future__ import annotations

import ast
from types import CodeType

from tapec.trace.source.reading import class_of, mangled

_FIELDS = ("id", "attr", "arg", "name")


def mangle(node: ast.AST, code: CodeType) -> None:
    """Rename the private names in a definition, nested classes excepted."""
    if not class_of(code):
        return
    stack = [node]
    while stack:
        n = stack.pop()
        for field in _FIELDS:
            text = getattr(n, field, None)
            if isinstance(text, str) and n is not node:
                setattr(n, field, mangled(text, code))
        if isinstance(n, (ast.Global, ast.Nonlocal)):
            n.names = [mangled(name, code) for name in n.names]
        if not isinstance(n, ast.ClassDef):
            stack += ast.iter_child_nodes(n)
