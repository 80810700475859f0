"""Taylor mode: the program of the coefficients of f(x(t)), from those of x(t).

A value that varies is *lifted*: its coefficients are stacked along a new leading axis. How they
follow from those of the operands is declared with each op (`tapec.ir.series`): ops that are linear
in what varies take the whole axis, as a batch, all others compute one coefficient after the other
(`tapec.ad.taylor_rules`). Loops, branches and calls are those of a batch: which way they go, and
every integer and boolean, is decided by the values at t = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.activity import active_params
from tapec.ad.batch_regions import REGION_RULES
from tapec.ad.batch_scope import BatchScope
from tapec.ad.batch_tape import TapeFamilies, with_tapes
from tapec.ad.batching import declared, elementwise
from tapec.ad.taylor_rates import custom
from tapec.ad.taylor_rules import define, expand, located
from tapec.ad.taylor_scope import Expansion, Key, TaylorScope, expanded
from tapec.ad.terms import Series
from tapec.ad.tuning import UNROLLED_TERMS
from tapec.errors import ShapeError, TapecError
from tapec.ir.build import Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.control import CALL, CUSTOM, TAPE_NEW
from tapec.ir.ops.indexing import INDEX
from tapec.ir.pauses import gc_paused
from tapec.ir.places import full_range
from tapec.ir.series import Recurrence
from tapec.ir.verify import verified


@verified
@gc_paused()
def taylor(func: Func, active: Sequence[bool], degree: int, given: int | None = None) -> Func:
    """The program of the coefficients 0 to `degree` of the float results, along a leading axis.

    Flagged inputs have a leading axis too, of their first `given` coefficients (all of them where
    it is None; the others are zero). Raises DTypeError where one is not a float, ShapeError for a
    negative degree or more coefficients than those up to it.
    """
    if degree < 0:
        raise ShapeError(f"the degree {degree} is negative")
    count = degree + 1 if given is None else given
    if not 1 <= count <= degree + 1:
        raise ShapeError(f"{count} coefficients are given for a degree of {degree}")
    independents = active_params(func, active)
    return with_tapes(func, lambda tapes: _expanded(func, independents, degree, count, tapes))


def _expanded(
    func: Func, independents: Sequence[Value], degree: int, given: int, tapes: TapeFamilies
) -> Func:
    scope = TaylorScope(degree + 1, tapes, _visit)
    scope.expansion = Expansion(define, _terms(func, degree) > UNROLLED_TERMS)
    for p in func.params:
        if p in independents:
            stack = scope.builder.param(p.type.with_shape((given, *p.type.shape)), p.hint)
            _enter(scope, p, stack, given)
        else:
            scope.builder.params.append(p)
    scope.expanded |= expanded(func)
    scope.run(func.ops)
    scope.builder.loc = None
    results = [scope.final(v) for v in func.results]
    found = [scope.full(v) if v.type.is_float else v for v in results]
    return scope.builder.func(f"{func.name}.taylor", found)


def _enter(scope: TaylorScope, value: Value, stack: Value, given: int) -> None:
    """A parameter of which some coefficients are given."""
    if given == scope.size:
        scope.lifted[value] = stack
    whole = full_range(value.type.shape)

    def step(k: int) -> Expr | None:
        if k >= given:
            return None
        emitted = scope.builder.emit(INDEX, (stack,), {"at": (k, *whole)}, hint=value.hint)
        return Expr(scope.builder, emitted.result)

    scope.series[value] = Series([], step)
    if given < scope.size:
        scope.stack(value)


def _terms(func: Func, degree: int) -> int:
    """How many products the coefficients of all ops would take, written out."""
    operands = range(2)  # as if all varied
    ops = [op for op in every(func.ops) if not op.regions and not _by_coefficient(op, operands)]
    return len(ops) * (degree + 1) * (degree + 2) // 2


def _by_coefficient(op: Op, varying: Sequence[int]) -> bool:
    """Whether a coefficient of the result needs only those of the same order."""
    taylor = op.primitive.taylor
    if isinstance(taylor, Recurrence):
        return taylor.together or (len(varying) == 1 and varying[0] in taylor.alone)
    if op.primitive.kind == "linear":
        return not op.primitive.separate or len(varying) == 1
    return not op.operands


# --- ops -----------------------------------------------------------------------------------------


def _visit(outer: BatchScope, op: Op) -> None:
    assert isinstance(outer, TaylorScope)
    scope, single = outer, outer.lifted.keys().isdisjoint(op.operands)
    if single and op.primitive is not TAPE_NEW:
        scope.append(op)
    elif scope.expanded.isdisjoint(op.results) and op.primitive is not TAPE_NEW:
        firsts = tuple(map(scope.first, op.operands))
        scope.builder.ops.append(Op(op.primitive, firsts, op.attrs, op.results, op.regions, op.loc))
    elif op.primitive.kind == "region":
        (custom if op.primitive is CUSTOM else REGION_RULES[op.name])(scope, op)
    else:
        try:
            _expand(scope, op)
        except TapecError as error:
            raise located(error, op) from None


def _expand(scope: TaylorScope, op: Op) -> None:
    if _at_once(scope, op):
        rule = elementwise if op.primitive.kind == "elementwise" else declared
        results = rule(scope, _with_zeros(scope, op))
        scope.lifted.update(zip(op.results, results, strict=True))
    elif scope.expansion.outline and not _by_coefficient(op, _varying(scope, op)):
        _call(scope, op)
    else:
        expand(scope, op)
        for y in op.results:
            if y in scope.series:
                scope.stack(y)
            else:
                scope.alias[y] = scope.stands[y]


def _at_once(scope: TaylorScope, op: Op) -> bool:
    """Whether to take the whole axis: the op is linear, and some operand is at hand as a stack."""
    varying = _varying(scope, op)
    if all(op.operands[k] in scope.series for k in varying):
        return False
    return _by_coefficient(op, varying)


def _varying(scope: TaylorScope, op: Op) -> list[int]:
    """The operands that vary, by their number."""
    return [k for k, v in enumerate(op.operands) if v in scope.lifted]


def _with_zeros(scope: TaylorScope, op: Op) -> Op:
    """The op with zeros as the other coefficients of operands that do not vary, if it adds them."""
    taylor = op.primitive.taylor
    if op.primitive.separate or (isinstance(taylor, Recurrence) and not taylor.together):
        return op
    operands = list(op.operands)
    for k, v in enumerate(operands):
        if v.type.is_float and v not in scope.lifted:
            operands[k] = Value(v.type, v.hint)
            scope.lifted[operands[k]] = scope.full(v)
    return Op(op.primitive, tuple(operands), op.attrs, op.results, op.regions, op.loc)


def _call(scope: TaylorScope, op: Op) -> None:
    """The op as a call of a function, which ops of the same kind, types and numbers share."""
    distinct = tuple(dict.fromkeys(op.operands))
    given = [v for v in distinct if v not in scope.numbers]
    known = tuple((v.type, v in scope.lifted, scope.numbers.get(v)) for v in distinct)
    places = tuple(distinct.index(v) for v in op.operands)
    key: Key = (op.primitive, tuple(sorted(op.attrs.items())), places, known)
    if key not in scope.expansion.functions:
        scope.expansion.functions[key] = _function(scope, op, distinct)
    block = scope.expansion.functions[key]
    call = Op(CALL, tuple(given), {"name": f"{op.name}.taylor"}, op.results, (), op.loc)
    operands = [scope.value(v) for v in given]
    scope.emit(call, operands, [block], [v.type.is_float for v in op.results])


def _function(scope: TaylorScope, op: Op, operands: Sequence[Value]) -> Block:
    """The op as a function of operands that are no numbers."""
    body = scope.opened()
    assert isinstance(body, TaylorScope)
    env = {}
    for v in operands:
        if v in scope.numbers:
            env[v] = body.builder.const(scope.numbers[v], v.type)
            body.numbers[env[v]] = scope.numbers[v]
        else:
            env[v] = body.take(v, v in scope.lifted)
    inner = body.copied(op, env)
    expand(body, inner)
    for y in inner.results:
        if y in body.series:
            body.stack(y)
    return body.close([body.value(body.stands.get(y, y)) for y in inner.results])
