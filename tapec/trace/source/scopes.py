"""Which variables a piece of a function binds and mentions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tapec.trace.source.reading import parameters
from tapec.trace.source.walk import children, walk

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of this scope: nested functions and classes appear, their bodies do not."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack += own_parts(node)


def own_parts(node: ast.AST) -> Iterable[ast.AST]:
    """The parts of a node that belong to the same scope."""
    return outer_parts(node) if isinstance(node, _SCOPES) else children(node)


def outer_parts(node: ast.AST) -> list[ast.AST]:
    """The parts of a definition that the enclosing scope evaluates."""
    parts: list[ast.AST | None] = list(getattr(node, "decorator_list", []))
    if isinstance(node, ast.ClassDef):
        parts += [*node.bases, *node.keywords]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        parts += [*node.args.defaults, *node.args.kw_defaults]
    return [p for p in parts if p is not None]


def bound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements of one scope assign (or delete)."""
    return set().union(*(_gathered(n, "names_bound", _bound_by, own_parts) for n in nodes))


def _gathered(
    node: ast.AST,
    note: str,
    found_in: Callable[[ast.AST], set[str]],
    parts: Callable[[ast.AST], Iterable[ast.AST]],
) -> set[str]:
    """What is found in a node and below it; cached at statements."""
    known: set[str] | None = getattr(node, note, None)
    if known is not None:
        return known
    found = found_in(node).union(*(_gathered(p, note, found_in, parts) for p in parts(node)))
    if isinstance(node, ast.stmt):
        setattr(node, note, found)
    return found


def forget(statement: ast.stmt) -> None:
    """Drop what is cached at a statement, whose blocks have changed."""
    for note in ("names_bound", "names_mentioned"):
        vars(statement).pop(note, None)


def _bound_by(node: ast.AST) -> set[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return set() if getattr(node, "inner", False) else {name}
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return {name}
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {a.asname or a.name.split(".")[0] for a in names}
    return set()


def mark_comprehensions(root: ast.AST) -> None:
    """Mark the variables of comprehensions as inner: they are not the function's."""
    for node in walk(root):
        if isinstance(node, _COMPREHENSIONS):
            targets = [n for g in node.generators for n in walk(g.target)]
            own = {n.id for n in targets if isinstance(n, ast.Name)}
            for n in walk(node):
                if isinstance(n, ast.Name) and n.id in own:
                    n.inner = True  # type: ignore[attr-defined]


def mentioned(nodes: Iterable[ast.AST]) -> set[str]:
    """All names that occur, in nested scopes too."""
    return set().union(*(_gathered(n, "names_mentioned", _name_of, children) for n in nodes))


def _name_of(node: ast.AST) -> set[str]:
    return {node.id} if isinstance(node, ast.Name) else set()


@dataclass(frozen=True)
class FunctionScope:
    """The variables of one function: `visible` are those that closures made in it may share."""

    locals: frozenset[str]
    globals: frozenset[str]
    visible: frozenset[str]
    shared: frozenset[str]  # mentioned by functions defined in it: they may change at any call
    parameters: tuple[str, ...] = ()

    @property
    def first_parameter(self) -> str:
        """`self`, in a method."""
        return self.parameters[0] if self.parameters else ""

    def with_locals(self, names: frozenset[str]) -> FunctionScope:
        """More variables: the flags of jumps."""
        return replace(self, locals=self.locals | names, visible=self.visible | names)

    @staticmethod
    def of(node: ast.FunctionDef | ast.Lambda, outer: frozenset[str]) -> FunctionScope:
        """The scope of a function whose enclosing functions' variables are `outer`."""
        body: list[ast.AST] = [*node.body] if isinstance(node, ast.FunctionDef) else [node.body]
        given = parameters(node.args)
        declared = {ast.Global: frozenset[str](), ast.Nonlocal: frozenset[str]()}
        inside: list[ast.AST] = []
        for n in own_nodes(body):
            if isinstance(n, (ast.Global, ast.Nonlocal)):
                declared[type(n)] |= set(n.names)
            elif isinstance(n, _SCOPES):
                inside.append(n)
        own = (bound(body) | set(given)) - declared[ast.Global] - declared[ast.Nonlocal]
        visible = (outer | own) - declared[ast.Global]
        return FunctionScope(
            frozenset(own),
            declared[ast.Global],
            visible,
            frozenset(mentioned(inside)) & visible,
            tuple(given),
        )


def nonlocals(body: Sequence[ast.stmt]) -> set[str]:
    """The names that a function's own statements declare nonlocal."""
    return {name for n in own_nodes(body) if isinstance(n, ast.Nonlocal) for name in n.names}
