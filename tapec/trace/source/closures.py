"""Statements as closures over the function's variables, conditions as calls."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tapec.trace.source.build import at, copied, definition, helper, load, no_parameters, thunk
from tapec.trace.source.calls import called_by, followed
from tapec.trace.source.expressions import binds, chain, looped, negated
from tapec.trace.source.generated import (
    BODY,
    ITEM,
    OTHERWISE,
    TEST,
    THEN,
    TRY,
    assigned_in_closures,
    bindings,
)
from tapec.trace.source.jumps import JumpLowering, NotRewritable, is_static, started
from tapec.trace.source.lookups import is_class_read, is_item
from tapec.trace.source.scopes import FunctionScope, bound, mentioned, nonlocals
from tapec.trace.source.survey import (
    IDENTITY,
    OF_FUNCTIONS,
    SUSPENDING,
    may_compare_functions,
    refuse_odd,
)
from tapec.trace.source.unbound import FLAG, flag_reads

_CLASSES = frozenset(["int", "float", "bool", "range"])  # these have stand-ins
_EQUAL: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Is: ast.Eq, ast.IsNot: ast.NotEq}


class SourceRewriter(ast.NodeTransformer):
    """Rewrites one function, and those defined in it."""

    def __init__(self, scope: FunctionScope, in_lambda: bool = False) -> None:
        self.scope, self.in_lambda = scope, in_lambda
        self.thunks = 0  # the number of enclosing expressions that become thunks
        self.rebound: set[str] = set()  # the names that expressions in thunks assign

    # -- functions -------------------------------------------------------------------------

    def function(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """The rewritten definition of the function whose scope this is."""
        refuse_odd(node.body)
        flag_reads(node.body, self.scope)
        lowering = JumpLowering(node.body)
        body = lowering.function(node.body)
        extra = bound(body) - self.scope.locals - self.scope.globals - nonlocals(node.body)
        self.scope = self.scope.with_locals(frozenset(extra))
        made = self._block(body)
        hidden = sorted((assigned_in_closures(made) | self.rebound) - {*self.scope.parameters})
        return copied(node, body=[*bindings(hidden, self.scope, node), *made])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node = copied(
            node,
            args=self._defaults(node.args),
            decorator_list=[self.visit(d) for d in node.decorator_list],
        )
        try:
            return SourceRewriter(FunctionScope.of(node, self.scope.visible)).function(node)
        except NotRewritable:
            return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        inner = SourceRewriter(FunctionScope.of(node, self.scope.visible), in_lambda=True)
        return copied(node, args=self._defaults(node.args), body=inner.visit(node.body))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # The body of a class runs where closures could not share its variables.
        return copied(node, body=[self.visit(s) if isinstance(s, ast.FunctionDef) else s
                                  for s in node.body])  # fmt: skip

    def _defaults(self, args: ast.arguments) -> ast.arguments:
        return copied(
            args,
            defaults=[self.visit(d) for d in args.defaults],
            kw_defaults=[d and self.visit(d) for d in args.kw_defaults],
        )

    # -- statements ------------------------------------------------------------------------

    def _block(
        self, block: Sequence[ast.stmt], visit: Callable[[ast.AST], Any] | None = None
    ) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for s in block:
            made = (visit or self.visit)(s)
            out += made if isinstance(made, list) else [made]
        return out

    def visit_If(self, node: ast.If) -> Any:
        if is_static(node.test):
            return self.generic_visit(node)
        state = self._state([*node.body, *node.orelse], node)
        then = self._closure(THEN, node.body, node)
        otherwise = self._closure(OTHERWISE, node.orelse, node)
        call = helper("if_", [self.visit(node.test), load(THEN), load(OTHERWISE), state], node.test)
        return [then, otherwise, at(ast.Expr(call), node.test)]

    def visit_While(self, node: ast.While) -> Any:
        checks: list[ast.expr] = [negated(flag, node.test) for flag in node.stops]  # type: ignore[attr-defined]
        if not (checks and isinstance(node.test, ast.Constant) and node.test.value):
            checks.append(node.test)
        test = checks[0] if len(checks) == 1 else at(ast.BoolOp(ast.And(), checks), node.test)
        state = self._state([test, *node.body], node)
        look = self._closure(TEST, [at(ast.Return(test), node.test)], node)
        body = self._closure(BODY, node.body, node)
        call = helper("while_", [load(TEST), load(BODY), state], node.test)
        return [look, body, at(ast.Expr(call), node.test)]

    def visit_For(self, node: ast.For) -> Any:
        flags: list[str] = node.stops  # type: ignore[attr-defined]
        state = self._state([node.target, *node.body, *map(load, flags)], node)
        take = at(ast.Assign([node.target], load(ITEM)), node.target)
        body = self._closure(BODY, [take, *node.body], node, ITEM)
        args = [self.visit(looped(node.iter)), load(BODY), state]
        if flags:
            tests: list[ast.expr] = [negated(flag, node.iter) for flag in flags]
            both = tests[0] if len(tests) == 1 else at(ast.BoolOp(ast.And(), tests), node.iter)
            args.append(thunk(self.visit(both)))
        return [body, at(ast.Expr(helper("for_", args, node.iter)), node.iter)]

    def visit_Try(self, node: ast.Try) -> Any:
        """Handlers let errors of tracing pass; the body registers the types they catch."""
        if not node.handlers:
            return self.generic_visit(node)
        state = self._state([node], node)
        caught = [h.type or at(load("BaseException"), h) for h in node.handlers]
        types = thunk(at(ast.Tuple(caught, ast.Load()), caught[0]))
        first = helper("never_caught", [types], node)
        again = at(ast.ExceptHandler(first, None, [at(ast.Raise(), node)]), node)
        work = self._closure(TRY, [node], node)
        made: Any = next(s for s in work.body if isinstance(s, ast.Try))
        context = ast.withitem(helper("catching", [copy.deepcopy(types)], node), None)
        made.body = [at(ast.With([context], made.body), node)]
        made.handlers = [again, *made.handlers]
        call = helper("try_", [load(TRY), copy.deepcopy(types), state], node)
        return [work, at(ast.Expr(call), node)]

    def visit_Assert(self, node: ast.Assert) -> Any:
        if not __debug__:
            return node
        message = ast.Constant(None) if node.msg is None else thunk(self.visit(node.msg))
        return at(ast.Expr(helper("assert_", [self.visit(node.test), message], node)), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Variables of closures cannot be annotated."""
        if node.value is None:
            return at(ast.Pass(), node)
        return at(ast.Assign([self.visit(node.target)], self.visit(node.value)), node)

    def _closure(
        self, name: str, body: Sequence[ast.stmt], node: ast.AST, *params: str
    ) -> ast.FunctionDef:
        """``def name(params): nonlocal ...; body``."""
        names = bound(body) - {*params}
        visit = self.generic_visit if name == TRY else self.visit
        made = self._block(body, visit) or [at(ast.Pass(), node)]
        outer = sorted(names & self.scope.visible)
        shared = sorted(names & self.scope.globals)
        head: list[ast.stmt] = [ast.Nonlocal(outer)] if outer else []
        head += [ast.Global(shared)] if shared else []
        args = no_parameters(*params)
        return at(definition(name, args, [*head, *made]), body[0] if body else node)

    def _state(self, parts: Iterable[ast.AST], node: ast.AST) -> ast.expr:
        """``__tapec_state__(number assigned, names, lambda: variables)``."""
        parts = [*parts]
        visible = self.scope.visible - started(parts)
        assigned = sorted(bound(parts) & visible)
        read = sorted(((mentioned(parts) & visible) | self.scope.shared) - {*assigned})
        names = [*assigned, *read]
        look = thunk(at(ast.Tuple([load(n) for n in names], ast.Load()), node))
        layout: Any = (len(assigned), *names)
        return at(ast.Call(load("__tapec_state__"), [ast.Constant(layout), look], []), node)

    # -- expressions -----------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> Any:
        if not getattr(node, "unsure", False) or not isinstance(node.ctx, ast.Load):
            return node
        flag, value = thunk(at(load(FLAG + node.id), node)), thunk(at(load(node.id), node))
        return helper("read", [ast.Constant(node.id), flag, value], node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if is_static(node.test) or self._stays(node.body, node.orelse):
            return self.generic_visit(node)
        state = self._assigned([node.body, node.orelse], node)  # before these are rewritten
        test = self.visit(node.test)
        args = [test, self._thunk(node.body), self._thunk(node.orelse)]
        return helper("ifexp", args, node, state)

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        if is_static(node) or self._stays(*node.values):
            return self.generic_visit(node)
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        state = self._assigned(node.values, node)
        return helper(name, [self._thunk(v) for v in node.values], node, state)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        """In a thunk ``name := value`` binds the variable of the function around."""
        if not self.thunks:
            return self.generic_visit(node)
        name = node.target.id
        self.rebound.add(name)
        return helper("bound", [self._state([node.target], node), self.visit(node.value)], node)

    def _thunk(self, value: ast.expr) -> ast.expr:
        self.thunks += 1
        made = thunk(self.visit(value))
        self.thunks -= 1
        return made

    def _stays(self, *nodes: ast.expr) -> bool:
        """Whether expressions assign variables of a lambda, which closures cannot share."""
        return self.in_lambda and binds(*nodes)

    def _assigned(self, parts: Sequence[ast.expr], node: ast.AST) -> list[ast.keyword]:
        """``state=...`` where expressions assign variables."""
        if not binds(*parts):
            return []
        return [ast.keyword("state", self._state(parts, node))]

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        values = [copied(v, value=self.visit(v.value)) if isinstance(v, ast.FormattedValue) else v
                  for v in node.values]  # fmt: skip
        made = copied(node, values=values)
        if not any(isinstance(v, ast.FormattedValue) for v in values) or binds(node):
            return made
        return helper("text", [thunk(made)], node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if not isinstance(node.op, ast.Not) or is_static(node):
            return self.generic_visit(node)
        return helper("not_", [self.visit(node.operand)], node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        if any(isinstance(e, ast.Name) and e.id in _CLASSES for e in node.comparators):
            # `type(x) is int`: a stand-in is equal to the class, not identical.
            node = copied(node, ops=[_EQUAL.get(type(op), type(op))() for op in node.ops])
        if len(node.ops) == 1 and isinstance(node.ops[0], IDENTITY):
            name = "is_" if isinstance(node.ops[0], ast.Is) else "is_not"
            return helper(name, [self.visit(node.left), self.visit(node.comparators[0])], node)
        if len(node.ops) == 1 and may_compare_functions(node):
            name = OF_FUNCTIONS[type(node.ops[0])]
            return helper(name, [self.visit(node.left), self.visit(node.comparators[0])], node)
        if len(node.ops) == 1 or is_static(node) or binds(*node.comparators[1:]):
            return self.generic_visit(node)
        first, *others = [self.visit(e) for e in (node.left, *node.comparators)]
        return chain(first, node.ops, others, node, 0)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        lookup = is_item(node)
        made: Any = self.generic_visit(node)
        return copied(made, value=helper("indexed", [made.value], node)) if lookup else made

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        made: Any = self.generic_visit(node)
        return helper("class_of", [made.value], node) if is_class_read(node) else made

    def visit_Call(self, node: ast.Call) -> Any:
        called = {id(a) for a in called_by(node)}
        visible = self.scope.visible

        def argument(value: ast.expr) -> Any:
            made = self.visit(value)
            return followed(made, visible) if id(value) in called else made

        node = copied(
            node,
            func=followed(self.visit(node.func), visible),
            args=[argument(a) for a in node.args],
            keywords=[copied(k, value=argument(k.value)) for k in node.keywords],
        )
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            # `super()` without arguments does not work in a generated closure.
            names = [load(n) for n in ("__class__", self.scope.first_parameter)]
            first = [at(ast.Call(load("__tapec_class__"), [a], []), a) for a in node.args[:1]]
            node.args = [*first, *node.args[1:]] or [at(n, node) for n in names]
        return node


def rewritten_lambda(node: ast.Lambda, scope: FunctionScope) -> ast.Lambda:
    """A lambda's expression rewritten."""
    if any(isinstance(n, SUSPENDING) for n in ast.walk(node)):
        raise NotRewritable("it suspends")
    return copied(node, body=SourceRewriter(scope, in_lambda=True).visit(node.body))
