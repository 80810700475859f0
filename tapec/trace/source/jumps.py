"""`return`, `break` and `continue` lowered to flags: code after a jump is guarded by them.

Statements that become closures cannot jump out of them. A branch that always jumps gets what
follows the `if` as its other branch, so that most early returns and `continue`s need no flag.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Sequence

from tapec.trace.source.build import assign, at, copied, load, negated_any
from tapec.trace.source.scopes import own_nodes

VALUE = "_tapec_value"
RETURN, BREAK, CONTINUE = "_tapec_return", "_tapec_break", "_tapec_continue"
TITLES = {VALUE: "the returned value", RETURN: "whether to return",
          BREAK: "whether to break", CONTINUE: "whether to continue"}  # fmt: skip

Kinds = frozenset[str]
NONE: Kinds = frozenset()
_LOOPS = (ast.For, ast.While)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class NotRewritable(Exception):
    """A construct that cannot be rewritten: the function stays as it is."""


def is_static(test: ast.expr) -> bool:
    """Whether a condition never depends on traced values, whatever they are."""
    match test:
        case ast.Constant():
            return True
        case ast.Compare(ops=ops, comparators=others):
            truths = (isinstance(x, ast.Constant) and type(x.value) is bool for x in others)
            return all(isinstance(op, (ast.Is, ast.IsNot)) for op in ops) and not any(truths)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return is_static(inner)
        case ast.BoolOp(values=values):
            return all(map(is_static, values))
        case ast.Call(func=ast.Name(id="isinstance" | "callable" | "hasattr" | "issubclass")):
            return True
    return False


def bodies(node: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of statements inside a statement of the same function."""
    if isinstance(node, _SCOPES):
        return []
    found = [getattr(node, f, []) for f in ("body", "orelse", "finalbody")]
    found += [h.body for h in getattr(node, "handlers", [])]
    found += [c.body for c in getattr(node, "cases", [])]
    return [b for b in found if b]


def _closes(node: ast.stmt) -> bool:
    """Whether the statement's blocks become closures."""
    if isinstance(node, ast.Try):
        return bool(node.handlers)
    return isinstance(node, _LOOPS) or (isinstance(node, ast.If) and not is_static(node.test))


def returns_inside(block: Sequence[ast.stmt], inside: bool = False) -> bool:
    """Whether some `return` has to leave a closure."""
    return any(
        (inside and isinstance(s, ast.Return))
        or any(returns_inside(b, inside or _closes(s)) for b in bodies(s))
        for s in block
    )


def ends(block: Sequence[ast.stmt]) -> bool:
    """Whether the end of a block is never reached."""
    return any(_ends(s) for s in block)


def _ends(s: ast.stmt) -> bool:
    match s:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return True
        case ast.If(body=body, orelse=orelse):
            return ends(body) and ends(orelse)
        case ast.With(body=body):
            return False  # a context manager may suppress an exception
        case ast.While(test=ast.Constant(value=value), body=body):
            return bool(value) and BREAK not in _kinds(body)
    return False


def _kinds(block: Sequence[ast.stmt]) -> Kinds:
    """The jumps that may leave a block."""
    found: Kinds = NONE
    for s in block:
        found |= _kinds_of(s)
    return found


_JUMPS: dict[type[ast.stmt], str] = {
    ast.Return: RETURN,
    ast.Break: BREAK,
    ast.Continue: CONTINUE,
}


def _kinds_of(s: ast.stmt) -> Kinds:
    if type(s) in _JUMPS:
        return frozenset({_JUMPS[type(s)]})
    if isinstance(s, _LOOPS):
        return (_kinds(s.body) & {RETURN}) | _kinds(s.orelse)
    return frozenset().union(*map(_kinds, bodies(s)))


class JumpLowering:
    """Rewrites the jumps of one function."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self.flags: list[str] = []  # set to False at the start of the function
        self._loops = 0
        self._returns = returns_inside(body)

    def function(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body of a function, its jumps out of closures lowered."""
        if not self._returns:
            return self.block(body, NONE, "")
        last = body[-1]
        if not ends(body):
            body = [*body, at(ast.Return(ast.Constant(None)), last)]
        made = self.block(body, NONE, "")
        start = [assign(RETURN, ast.Constant(False), body[0])] if self._used(made) else []
        return [*start, *made, at(ast.Return(load(VALUE)), last)]

    @staticmethod
    def _used(body: list[ast.stmt]) -> bool:
        return any(isinstance(n, ast.Name) and n.id == RETURN for s in body for n in ast.walk(s))

    def block(self, block: Sequence[ast.stmt], need: Kinds, loop: str) -> list[ast.stmt]:
        """Statements of the loop numbered `loop`; `need`: flags that are read afterwards."""
        out: list[ast.stmt] = []
        todo = deque(block)
        while todo:
            s = todo.popleft()
            if isinstance(s, _LOOPS) and s.orelse:
                s, after = self._without_else(s)
                todo.appendleft(after)
            kinds = self._own(_kinds_of(s))
            if type(s) in _JUMPS and kinds:
                return [*out, *self._jump(s, need, loop)]
            if isinstance(s, ast.If) and kinds and todo and (ends(s.body) or ends(s.orelse)):
                s, todo = _absorbing(s, [*todo]), deque()
            out += self._inner(s, need | kinds if todo else need, loop)
            if kinds and todo:
                test = negated_any([k if k == RETURN else k + loop for k in sorted(kinds)], s)
                guarded = self.block(todo, need, loop)
                return [*out, at(ast.If(test, guarded, []), todo[0])]
        return out

    def _own(self, kinds: Kinds) -> Kinds:
        return kinds if self._returns else kinds - {RETURN}

    def _jump(self, s: ast.stmt, need: Kinds, loop: str) -> list[ast.stmt]:
        if isinstance(s, ast.Return):
            value = s.value if s.value is not None else at(ast.Constant(None), s)
            done = assign(VALUE, value, s)
            return [done, assign(RETURN, ast.Constant(True), s)] if RETURN in need else [done]
        if isinstance(s, ast.Continue) and CONTINUE not in need:
            return [at(ast.Pass(), s)]
        return [assign(_JUMPS[type(s)] + loop, ast.Constant(True), s)]

    def _inner(self, s: ast.stmt, need: Kinds, loop: str) -> list[ast.stmt]:
        if isinstance(s, _LOOPS):
            return self._loop(s)
        if isinstance(s, ast.Try):
            return [self._try(s, need, loop)]
        if not bodies(s):
            return [s]
        s = copied(s)
        for field in ("body", "orelse"):
            if getattr(s, field, None):
                setattr(s, field, self.block(getattr(s, field), need, loop) or [_pass(s)])
        if isinstance(s, ast.Match):
            s.cases = [copied(c, body=self.block(c.body, need, loop)) for c in s.cases]
        return [s]

    def _try(self, s: ast.Try, need: Kinds, loop: str) -> ast.Try:
        if self._own(_kinds(s.finalbody)):
            raise NotRewritable("a jump in finally")
        kinds = self._own(_kinds(s.body))
        inner = need | kinds if s.orelse else need
        orelse = self.block(s.orelse, need, loop)
        if orelse and kinds:
            test = negated_any([k if k == RETURN else k + loop for k in sorted(kinds)], s)
            orelse = [at(ast.If(test, orelse, []), s.orelse[0])]
        return copied(
            s,
            body=self.block(s.body, inner, loop),
            handlers=[copied(h, body=self.block(h.body, need, loop)) for h in s.handlers],
            orelse=orelse,
            finalbody=self.block(s.finalbody, NONE, loop),
        )

    def _without_else(self, s: ast.For | ast.While) -> tuple[ast.For | ast.While, ast.stmt]:
        """A loop with `else` as the loop and an `if` after it."""
        number = self._number(s)
        plain: ast.For | ast.While = copied(s, orelse=[])
        plain.number = number  # type: ignore[union-attr]
        broken = BREAK in _kinds(s.body)
        test = negated_any([BREAK + number], s) if broken else at(ast.Constant(True), s)
        return plain, at(ast.If(test, s.orelse, []), s.orelse[0])

    def _number(self, s: ast.stmt) -> str:
        known: str | None = getattr(s, "number", None)
        if known is None:
            self._loops += 1
            known = str(self._loops)
        return known

    def _loop(self, s: ast.For | ast.While) -> list[ast.stmt]:
        number = self._number(s)
        kinds = self._own(_kinds(s.body))
        body = self.block(s.body, kinds & {RETURN, BREAK}, number)
        stops = [BREAK + number] * (BREAK in kinds) + [RETURN] * (RETURN in kinds)
        made: ast.For | ast.While = copied(s, body=_restarted(body, CONTINUE + number, s))
        made.stops = stops  # type: ignore[union-attr]
        if BREAK not in kinds:
            return [made]
        return [assign(BREAK + number, ast.Constant(False), s), made]


def _restarted(body: list[ast.stmt], flag: str, s: ast.stmt) -> list[ast.stmt]:
    """The body of a loop, with its `continue` flag cleared first."""
    used = any(isinstance(n, ast.Name) and n.id == flag for b in body for n in ast.walk(b))
    return [assign(flag, ast.Constant(False), s), *body] if used else body or [_pass(s)]


def _absorbing(s: ast.If, rest: list[ast.stmt]) -> ast.If:
    """`rest` moved into the branch that falls through to it."""
    if not ends(s.body):
        return copied(s, body=[*s.body, *rest])
    return s if ends(s.orelse) else copied(s, orelse=[*s.orelse, *rest])


def _pass(s: ast.stmt) -> ast.stmt:
    return at(ast.Pass(), s)


def started(parts: Iterable[ast.AST]) -> set[str]:
    """The flags of inner loops, which start as False."""
    return {
        n.targets[0].id
        for n in own_nodes(parts)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
        and n.targets[0].id.startswith((BREAK, CONTINUE))
        and isinstance(n.value, ast.Constant) and n.value.value is False
    }  # fmt: skip
