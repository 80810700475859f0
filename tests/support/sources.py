"""Source texts as syntax trees, parsed once for all tests of a process."""

from __future__ import annotations

import ast
import functools
from pathlib import Path


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The tree of a file."""
    return tree(path.read_text())


@functools.cache
def tree(text: str) -> ast.Module:
    """The tree of a text."""
    return ast.parse(text)


@functools.cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """All nodes of a text's tree."""
    return tuple(ast.walk(tree(text)))
