"""Variables that some path leaves unbound: a flag says whether they are bound where they are read.

Python raises UnboundLocalError at such a read. Branches and loops of traced code run on all paths,
so that the program must know which one was taken: next to each binding of such a variable its flag
is set, ``y = x; _tapec_bound_y = True``, and branches and loops carry it as any other variable.
Variables that are bound wherever they are read have none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tapec.trace.source.build import assign, at, load
from tapec.trace.source.scopes import FunctionScope, bound, forget, outer_parts, own_nodes
from tapec.trace.source.walk import children, walk

FLAG = "_tapec_bound_"
# The variables that are certainly bound at a place; None where it is never reached.
Bound = frozenset[str] | None
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.Match)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def flag_reads(body: list[ast.stmt], scope: FunctionScope) -> None:
    """Mark the reads of variables that may be unbound, and set flags where these are bound."""
    nodes = list(own_nodes(body))
    deleted = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}
    walruses = {n.target.id for n in nodes if isinstance(n, ast.NamedExpr)}
    # Functions defined inside may bind what they declare nonlocal at any call.
    inside = {
        name for s in body for n in walk(s) if isinstance(n, ast.Nonlocal) for name in n.names
    }
    given = frozenset(scope.parameters)
    names = scope.locals - (given - deleted) - walruses - inside
    flow = BindingFlow(frozenset(names), frozenset(deleted))
    flow.block(body, given & names)
    if flow.unsure:
        start = [_set(n, True, body[0]) for n in sorted(given & flow.unsure)]
        body[:] = [*start, *_flagged(body, flow.unsure)]


def _both(a: Bound, b: Bound) -> Bound:
    return b if a is None else a if b is None else a & b


@dataclass
class BindingFlow:
    """Follows which variables are bound through a function, in the order of execution."""

    names: frozenset[str]
    deleted: frozenset[str]
    unsure: set[str] = field(default_factory=set)
    _breaks: list[Bound] = field(default_factory=list)  # joined states at the breaks of each loop

    # -- expressions -----------------------------------------------------------------------

    def read(self, node: ast.AST | None, now: frozenset[str]) -> None:
        """Mark the names in an expression that may be unbound."""
        if node is None:
            return
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._name(node, now)
            return
        if isinstance(node, ast.ClassDef):
            for part in outer_parts(node):
                self.read(part, now)
            return
        if isinstance(node, _SCOPES):
            now = (now - self.deleted) | _own_names(node)
        for part in children(node):
            self.read(part, now)

    def _name(self, node: ast.Name, now: frozenset[str]) -> None:
        if node.id in self.names and node.id not in now and not getattr(node, "inner", False):
            node.unsure = True  # type: ignore[attr-defined]
            self.unsure.add(node.id)

    # -- statements ------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt], now: Bound) -> Bound:
        """What is bound behind statements."""
        for s in statements:
            if now is None:
                return None
            now = getattr(self, f"_{type(s).__name__.lower()}", self._simple)(s, now)
        return now

    def _simple(self, s: ast.stmt, now: frozenset[str]) -> Bound:
        self.read(s, now)
        return now | (bound([s]) & self.names)

    def _augassign(self, s: ast.AugAssign, now: frozenset[str]) -> Bound:
        if isinstance(s.target, ast.Name):
            self._name(s.target, now)
        return self._simple(s, now)

    def _delete(self, s: ast.Delete, now: frozenset[str]) -> Bound:
        for t in s.targets:
            if isinstance(t, ast.Name):
                self._name(t, now)
            self.read(t, now)
        return now - bound([s])

    def _return(self, s: ast.Return | ast.Raise, now: frozenset[str]) -> Bound:
        self.read(s, now)
        return None

    _raise = _return

    def _break(self, s: ast.Break, now: frozenset[str]) -> Bound:
        self._breaks[-1] = _both(self._breaks[-1], now)
        return None

    def _continue(self, s: ast.Continue, now: frozenset[str]) -> Bound:
        return None

    def _if(self, s: ast.If, now: frozenset[str]) -> Bound:
        self.read(s.test, now)
        return _both(self.block(s.body, now), self.block(s.orelse, now))

    def _for(self, s: ast.For, now: frozenset[str]) -> Bound:
        self.read(s.iter, now)
        self.read(s.target, now)
        head = now - (self.deleted & bound(s.body))
        return self._loop(s, head | (bound([s.target]) & self.names), head)

    def _while(self, s: ast.While, now: frozenset[str]) -> Bound:
        head = now - (self.deleted & bound(s.body))
        self.read(s.test, head)
        endless = isinstance(s.test, ast.Constant) and s.test.value
        return self._loop(s, head, None if endless else head)

    def _loop(self, s: ast.For | ast.While, inside: frozenset[str], after: Bound) -> Bound:
        self._breaks.append(None)
        self.block(s.body, inside)
        return _both(self.block(s.orelse, after), self._breaks.pop())

    def _with(self, s: ast.With, now: frozenset[str]) -> Bound:
        for item in s.items:
            self.read(item, now)
            now |= bound([item]) & self.names
        return self.block(s.body, now)

    def _try(self, s: ast.Try, now: frozenset[str]) -> Bound:
        end = self.block(s.body, now)
        end = self.block(s.orelse, end)
        before = now - (self.deleted & bound(s.body))
        for h in s.handlers:
            self.read(h.type, before)
            caught = self.block(h.body, before | ({h.name} & self.names if h.name else set()))
            end = _both(end, None if caught is None else caught - {h.name or ""})
        last = self.block(s.finalbody, before)
        return None if last is None or end is None else end | (last - before)

    def _match(self, s: ast.Match, now: frozenset[str]) -> Bound:
        self.read(s.subject, now)
        end: Bound = now
        for case in s.cases:
            inside = now | (bound([case.pattern]) & self.names)
            self.read(case.guard, inside)
            end = _both(end, self.block(case.body, inside))
        return end

    _trystar = _try


def _own_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The variables of a nested function."""
    given = {a.arg for a in walk(node.args) if isinstance(a, ast.arg)}
    return given if isinstance(node, ast.Lambda) else given | bound(node.body)


# -- flags -----------------------------------------------------------------------------------------


def _set(name: str, value: bool, like: ast.AST) -> ast.stmt:
    return assign(FLAG + name, ast.Constant(value), like)


def _flagged(block: Iterable[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """Statements with the flags of these variables set where they are bound and deleted."""
    made: list[ast.stmt] = []
    for s in block:
        made += _before(s)
        made.append(s)
        made += _within(s, names)
        forget(s)
    return made


def _before(s: ast.stmt) -> list[ast.stmt]:
    """Reads by statements that have no expression for it: ``y += 1`` and ``del y``."""
    if isinstance(s, ast.AugAssign) and getattr(s.target, "unsure", False):
        assert isinstance(s.target, ast.Name)
        return [assign(s.target.id, _unsure(s.target.id), s)]
    targets = s.targets if isinstance(s, ast.Delete) else []
    return [at(ast.Expr(_unsure(t.id)), s) for t in targets
            if isinstance(t, ast.Name) and getattr(t, "unsure", False)]  # fmt: skip


def _unsure(name: str) -> ast.Name:
    made = load(name)
    made.unsure = True  # type: ignore[attr-defined]
    return made


def _within(s: ast.stmt, names: set[str]) -> list[ast.stmt]:
    """Set the flags inside of a statement; returns those to be set after it."""
    if isinstance(s, (ast.FunctionDef, ast.ClassDef)):
        return [_set(s.name, True, s)] if s.name in names else []
    if isinstance(s, ast.Delete):
        return [_set(n, False, s) for n in sorted(bound([s]) & names)]
    if not isinstance(s, _COMPOUND):
        return _all_set([s], names, s)
    match s:
        case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
            for h in handlers:
                own = {h.name} & names if h.name else set()
                h.body = [*(_set(n, True, h) for n in own), *_flagged(h.body, names),
                          *(_set(n, False, h) for n in own)]  # fmt: skip
        case ast.Match(cases=cases):
            for c in cases:
                c.body = [*_all_set([c.pattern], names, c.body[0]), *_flagged(c.body, names)]
    for part in ("body", "orelse", "finalbody"):
        inner = getattr(s, part, None)
        if inner:
            setattr(s, part, _flagged(inner, names))
    if isinstance(s, (ast.For, ast.With)):
        heads: list[ast.AST] = [s.target] if isinstance(s, ast.For) else [*s.items]
        s.body = [*_all_set(heads, names, s), *s.body]
    return []


def _all_set(nodes: Iterable[ast.AST], names: set[str], like: ast.AST) -> list[ast.stmt]:
    return [_set(n, True, like) for n in sorted(bound(nodes) & names)]
