"""Tangents through regions: one op computes primal and tangent together.

Operands, carried values and results that vary are followed by their tangents; the rest has none.
Conditions and trip counts read primals only. Pushes put tangents on a tape of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tapec.ad.flow import Flow
from tapec.ad.joint import closed
from tapec.ad.rules import hint_of, refuse_captured, rule_operands
from tapec.ad.shown import Shown
from tapec.ad.zeros import ZERO, materialise
from tapec.errors import NonDifferentiableError
from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import TAPE_NEW
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import RegionOp, region_op
from tapec.ir.rewrite import replay

Tangents = dict[Value, Value]  # a value without an entry has a structurally zero tangent
# push(builder, body, tangents, targets, forward): the tangents of a body (see `tapec.ad.forward`)
Push = Callable[[Builder, "Func | Block", Tangents, Sequence[Value], "Forward"], None]


@dataclass(slots=True)
class Forward:
    """One application of forward mode: what its rules share."""

    push: Push
    flow: Flow = field(default_factory=Flow)
    # What shows in the only result, of a derivative in a direction that nobody takes to be zero.
    shown: Shown = field(default_factory=Shown)
    # The tangent bodies of calls: equal calls stay equal.
    calls: dict[tuple[Block, tuple[bool, ...]], tuple[Block, tuple[bool, ...]]] = field(
        default_factory=dict
    )

    def body(
        self, body: Block, entering: Sequence[Value], targets: Sequence[Value]
    ) -> tuple[Builder, Tangents]:
        """A builder with the body's ops and tangents; the parameters in `entering` have some."""
        builder = Builder()
        tangents = {p: Value(p.type, hint_of(p, "t")) for p in entering}
        self.push(builder, body, tangents, targets, self)
        return builder, tangents


def region_tangent(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    """Append the op that computes primal and tangent; `tangents` gains those of its results."""
    if op.primitive is not TAPE_NEW and all(v not in tangents for v in op.operands):
        builder.ops.append(op)
        return
    _RULES[op.name](builder, op, tangents, forward)


def _derived(values: Iterable[Value], tangents: Tangents) -> list[Value]:
    return [tangents[v] for v in values if v in tangents]


def _made(values: Iterable[Value], tangents: Tangents, builder: Builder) -> list[Value]:
    """The tangents of values, zeros where they have none."""
    return [materialise(builder, tangents.get(v, ZERO), v.type) for v in values]


def emit_as(
    builder: Builder, op: Op, operands: Sequence[Value], attrs: Any, regions: tuple[Block, ...],
    results: Sequence[Value],
) -> None:  # fmt: skip
    """Append another form of an op, defining these results."""
    new = builder.emit(op.primitive, operands, attrs, regions)
    assert [v.type for v in new.results] == [v.type for v in results], op.name
    builder.ops[-1] = replace(new, results=tuple(results))


def _announced(values: Iterable[Value], flags: Iterable[bool], tangents: Tangents) -> list[Value]:
    """The tangents of the flagged values, about to be defined."""
    moving = [v for v, flag in zip(values, flags, strict=True) if flag]
    tangents.update((v, Value(v.type, hint_of(v, "t"))) for v in moving)
    return [tangents[v] for v in moving]


# --- branches and calls --------------------------------------------------------------------------


def _branch(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    form = region_op(op)
    moving = [v in tangents for v in op.operands[form.lead :]]
    made = [_branch_body(body, moving, forward) for body in form.bodies]
    columns = zip(*(flags for _, _, flags in made), strict=True)
    flags = [any(column) for column in columns]
    regions = tuple(
        _closed_branch(inner, body, moved, flags)
        for body, (inner, moved, _) in zip(form.bodies, made, strict=True)
    )
    _emit_branch(builder, op, tangents, regions, flags, op.attrs)


def _branch_body(
    body: Block, moving: Sequence[bool], forward: Forward
) -> tuple[Builder, Tangents, list[bool]]:
    entering = [p for p, m in zip(body.params, moving, strict=True) if m]
    inner, tangents = forward.body(body, entering, body.results)
    inner.params = [*body.params, *(tangents[p] for p in entering)]
    return inner, tangents, [v in tangents for v in body.results]


def _closed_branch(inner: Builder, body: Block, tangents: Tangents, flags: Sequence[bool]) -> Block:
    moved = [v for v, f in zip(body.results, flags, strict=True) if f]
    found = _made(moved, tangents, inner)
    return closed(inner.ops, inner.params, [*body.results, *found])


def _emit_branch(
    builder: Builder, op: Op, tangents: Tangents, regions: tuple[Block, ...],
    flags: Sequence[bool], attrs: Any,
) -> None:  # fmt: skip
    operands = (*op.operands, *_derived(op.operands[region_op(op).lead :], tangents))
    results = (*op.results, *_announced(op.results, flags, tangents))
    emit_as(builder, op, operands, attrs, regions, results)


def _call(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    (body,) = op.regions
    moving = tuple(v in tangents for v in op.operands)
    key = body, moving
    if key not in forward.calls:
        inner, moved, flags = _branch_body(body, moving, forward)
        forward.calls[key] = _closed_branch(inner, body, moved, flags), tuple(flags)
    region, found = forward.calls[key]
    attrs = {**op.attrs, "name": f"{op.attrs['name']}.tangent"}
    _emit_branch(builder, op, tangents, (region,), found, attrs)


def _custom(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    builder.ops.append(op)
    rules = dict(zip(op.attrs["rules"], op.regions[1:], strict=True))
    if "jvp" not in rules:
        raise NonDifferentiableError(
            "this function has a rule for reverse mode only",
            where=op.loc,
            hint="give jvp= to custom_rule",
        )
    refuse_captured(op, tangents)
    moving = [v for v in op.operands if v.type.is_float]
    given = [*rule_operands(op), *_made(moving, tangents, builder)]
    found = replay(rules["jvp"], builder, given)
    moving = [v for v in op.results if v.type.is_float]
    tangents.update(zip(moving, found, strict=True))


# --- loops ---------------------------------------------------------------------------------------


def _loop(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    form = region_op(op)
    given, body = op.operands[form.lead :], form.body
    flags = forward.flow.fixpoint(op, [v in tangents for v in op.operands])[form.lead :]
    params = form.params(body)
    entering = [p for p, m in zip(params, flags, strict=True) if m]
    inner, moved = forward.body(body, entering, body.results)
    consts, carried, _ = form.groups(flags)
    regions = (*_conditions(op, form, flags), _loop_body(inner, form, moved, carried))
    attrs = form.attrs(form.consts + sum(consts), form.carry + sum(carried))
    operands = list(op.operands[: form.lead])
    for group, moving in zip(form.groups(given), form.groups(flags), strict=True):
        active = [v for v, m in zip(group, moving, strict=True) if m]
        operands += [*group, *_made(active, tangents, builder)]
    after, ys = op.results[: form.carry], op.results[form.carry :]
    moved_ys = [v in moved for v in body.results[form.carry :]]
    results = (*after, *_announced(after, carried, tangents),
               *ys, *_announced(ys, moved_ys, tangents))  # fmt: skip
    emit_as(builder, op, operands, attrs, regions, results)


def _loop_body(inner: Builder, form: RegionOp, moved: Tangents, carried: Sequence[bool]) -> Block:
    """Parameters and results, each group followed by its tangents."""
    body = form.body
    params = [*body.params[: form.skip]]
    for group in form.groups(form.params(body)):
        params += [*group, *_derived(group, moved)]
    after, ys = body.results[: form.carry], body.results[form.carry :]
    changing = [v for v, f in zip(after, carried, strict=True) if f]
    results = [*after, *_made(changing, moved, inner), *ys, *_derived(ys, moved)]
    return closed(inner.ops, params, results)


def _conditions(op: Op, form: RegionOp, flags: Sequence[bool]) -> tuple[Block, ...]:
    """The condition of a `while_loop`, blind to the tangents it is given."""
    if not op.primitive.conditional:
        return ()
    test = op.regions[0]
    params: list[Value] = []
    for group, moving in zip(form.groups(test.params), form.groups(flags), strict=True):
        params += [*group, *(Value(p.type) for p, m in zip(group, moving, strict=True) if m)]
    return (closed(test.ops, params, test.results),)


# --- tapes ---------------------------------------------------------------------------------------


def _tape(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    builder.ops.append(op)
    tangents[op.result] = builder.emit(op.primitive, (), hint=hint_of(op.result, "t")).result


def _push(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    builder.ops.append(op)
    tape, *values = op.operands
    floats = _made([v for v in values if v.type.is_float], tangents, builder)
    if not floats:
        tangents[op.result] = tangents[tape]
        return
    tangents[op.result] = builder.emit(op.primitive, (tangents[tape], *floats)).result


def _pop(builder: Builder, op: Op, tangents: Tangents, forward: Forward) -> None:
    builder.ops.append(op)
    tape, *values = op.results
    floats = [v for v in values if v.type.is_float]
    derived = tangents[op.operands[0]]
    if not floats:
        tangents[tape] = derived
        return
    types = tuple(v.type for v in floats)
    found = builder.emit(PRIMITIVES["pop"], (derived,), {"types": types}).results
    tangents.update(zip([tape, *floats], found, strict=True))


_RULES: dict[str, Callable[[Builder, Op, Tangents, Forward], None]] = {
    "call": _call,
    "cond": _branch,
    "custom": _custom,
    "fori_loop": _loop,
    "pop": _pop,
    "push": _push,
    "scan": _loop,
    "switch": _branch,
    "tape": _tape,
    "while_loop": _loop,
}
