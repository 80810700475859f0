"""Replacements of expressions: chained comparisons, iterators of loops, negated flags."""

from __future__ import annotations

import ast

from tapec.trace.source.build import at, helper, load, no_parameters, thunk


def binds(*nodes: ast.expr) -> bool:
    """Whether an expression assigns: it must then stay in its scope."""
    return any(isinstance(n, ast.NamedExpr) for root in nodes for n in ast.walk(root))


def negated(flag: str, like: ast.AST) -> ast.expr:
    """``not flag``."""
    return at(ast.UnaryOp(ast.Not(), load(flag)), like)


def looped(node: ast.expr) -> ast.expr:
    """``enumerate(xs)`` as a loop's iterable: a sequence may replace its private iterator."""
    match node:
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "reversed") as function):
            return helper("each", [function, *map(looped, node.args)], node, node.keywords)
    return node


def chain(
    left: ast.expr, ops: list[ast.cmpop], rest: list[ast.expr], node: ast.expr, depth: int
) -> ast.expr:
    """``a < b < c`` as ``(lambda l, r: and_(lambda: l < r, lambda: r < c))(a, b)``."""
    l, r = f"_tapec_l{depth}", f"_tapec_r{depth}"  # noqa: E741
    first = at(ast.Compare(load(l), [ops[0]], [load(r)]), node)
    later: ast.expr = (
        at(ast.Compare(load(r), [ops[1]], [rest[1]]), node)
        if len(ops) == 2
        else chain(at(load(r), node), ops[1:], rest[1:], node, depth + 1)
    )
    body = helper("and_", [thunk(first), thunk(later)], node)
    pair = ast.Lambda(no_parameters(l, r), body)
    return at(ast.Call(at(pair, node), [left, rest[0]], []), node)
