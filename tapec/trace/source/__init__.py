"""The user's functions rewritten: control flow becomes calls of `python.operators`.

Callees known at run time only are substituted when they are called, see `calls`.

`rewritten` is a pure function of code objects. The new code has the same variables, defaults and
closure, and its lines are the user's.
"""

from __future__ import annotations
import __future__

import ast
import dis
import functools
import operator
from types import CodeType

from tapec.trace.source.build import definition, no_parameters
from tapec.trace.source.calls import MODULES, mark_objects
from tapec.trace.source.closures import SourceRewriter, rewritten_lambda
from tapec.trace.source.generated import GENERATED
from tapec.trace.source.jumps import NotRewritable
from tapec.trace.source.mangling import mangle
from tapec.trace.source.reading import FunctionNode, tree_of
from tapec.trace.source.scopes import FunctionScope, mark_comprehensions
from tapec.trace.source.state import Variables
from tapec.trace.source.survey import has_work

_NONE: frozenset[str] = frozenset()
# By file too: equal code objects may come from different files.
_CACHE: dict[tuple[str, CodeType, frozenset[str]], CodeType] = {}
_WORK = frozenset(
    [*dis.hasjrel, *dis.hasjabs, dis.opmap["UNARY_NOT"], dis.opmap["IS_OP"]]
    + [n for name, n in dis.opmap.items() if name.startswith("CALL") or name.endswith("_SUBSCR")]
)
_FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names)
)


def rewritten(code: CodeType, objects: frozenset[str] = _NONE) -> CodeType:
    """The code with its control flow as calls; unchanged where there is none to rewrite.

    `objects` are the names in `MODULES` that are no modules where the code runs.
    """
    key = code.co_filename, code, objects
    found = _CACHE.get(key)
    if found is None:
        found = _CACHE[key] = _rewrite(code, objects) if _may_have_work(code) else code
        _remember(found)
    return found


def _may_have_work(code: CodeType) -> bool:
    """Whether any jump, call, subscript or class is there: cheaper than reading the source."""
    here = not _WORK.isdisjoint(code.co_code[::2]) or "__class__" in code.co_names
    return here or any(isinstance(c, CodeType) and _may_have_work(c) for c in code.co_consts)


def _remember(code: CodeType) -> None:
    """Mark rewritten code, nested functions included, as done."""
    _CACHE[code.co_filename, code, _NONE] = code
    for c in code.co_consts:
        if isinstance(c, CodeType):
            _remember(c)


def _rewrite(code: CodeType, objects: frozenset[str]) -> CodeType:
    node = tree_of(code)
    if node is None:
        return code
    if objects:
        mark_objects(node, objects)
    if not has_work(node):
        return code
    try:
        made = _compiled(_transformed(node, code), code)
    except (NotRewritable, SyntaxError, RecursionError):
        return code
    # Free variables that the function never had have no cells to bind.
    return made if {*made.co_freevars} <= {*code.co_freevars} else code


def _transformed(node: FunctionNode, code: CodeType) -> ast.stmt:
    mangle(node, code)
    mark_comprehensions(node)
    scope = FunctionScope.of(node, frozenset(code.co_freevars))
    if isinstance(node, ast.Lambda):
        return ast.copy_location(ast.Expr(rewritten_lambda(node, scope)), node)
    node.decorator_list, node.returns = [], None
    made = SourceRewriter(scope).function(node)
    made.name = "_tapec_function"  # so that its own name is still looked up outside
    return made


def _compiled(body: ast.stmt, code: CodeType) -> CodeType:
    """Compile inside a function whose parameters are the free variables."""
    function = body.value if isinstance(body, ast.Expr) else body
    assert isinstance(function, (ast.FunctionDef, ast.Lambda))
    args = function.args
    args.defaults, args.kw_defaults = [], [None for _ in args.kwonlyargs]
    for a in ast.walk(args):
        if isinstance(a, ast.arg):
            a.annotation = None
    outer = no_parameters(*code.co_freevars)
    factory = definition("_tapec_factory", outer, [body])
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(factory, function)], []))
    made = compile(
        module, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True
    )
    return _renamed(_inner(_inner(made)), code.co_name, code.co_qualname)


def _inner(code: CodeType) -> CodeType:
    return next(c for c in code.co_consts if isinstance(c, CodeType))


def _renamed(code: CodeType, name: str, qualname: str) -> CodeType:
    """Generated closures take the name of their enclosing function."""
    consts = []
    for c in code.co_consts:
        if isinstance(c, CodeType):
            part = c.co_name in GENERATED
            c = _renamed(c, name if part else c.co_name, qualname if part else c.co_qualname)
        consts.append(c)
    return code.replace(co_consts=tuple(consts), co_name=name, co_qualname=qualname)


__all__ = ["MODULES", "Variables", "rewritten"]
