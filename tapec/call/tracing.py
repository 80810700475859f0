"""From a function, a signature and captured state to a cleaned program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tapec.call.changes import Changes
from tapec.call.engine import Engine
from tapec.call.program import TracedProgram, face_of
from tapec.call.signature import Input, Signature, leaf_hints, program_name, roots_of
from tapec.call.specialize import Specialization
from tapec.call.state import CapturedState
from tapec.ir.core import Loc
from tapec.ir.nested import count
from tapec.pipeline import Journal, clean
from tapec.trace import NeedStatic, Param, trace
from tapec.trace.arrays.linear_errors import UnreadResults, checking
from tapec.trace.python.changed import Refused
from tapec.trace.python.clone import given
from tapec.trace.python.inputs import Captured
from tapec.trace.python.plan import InputPlan
from tapec.trace.python.walk import Walk
from tapec.trace.results import flattened, result_structure
from tapec.trace.staging.attempts import is_mistake


class CapturesTracer(Exception):
    """The function reads values of a running trace: it is a part of that trace, not a kernel."""


class GeneratorsLoaded(Exception):
    """Modules of random generators were loaded by a trace: it may have drawn from them."""


class StoredOnSomePaths(Exception):
    """Globals and attributes are stored to on some paths only: their values before count as read.

    Whether a path stores what is there already is not known otherwise.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        super().__init__(", ".join(sorted(names)))


def specialize(
    f: Callable[..., Any], signature: Signature, engine: Engine, plan: InputPlan | None = None
) -> Specialization:
    """Trace and clean `f` for this signature and the captured state as it is now.

    `plan` names captured values that are known to change. Those that cannot be inputs of the
    program are constants of it.
    """
    plan = InputPlan() if plan is None else plan
    checked: frozenset[Loc] = frozenset()
    while True:
        walk = Walk(roots_of(f, signature), stored=plan.stored)
        captured = Captured(walk.edges, plan)
        changes = Changes(f, walk, captured)
        try:
            with changes.undone(), checking(checked):
                return _specialized(f, signature, engine, captured, plan, changes)
        except CapturesTracer:
            raise
        except GeneratorsLoaded:
            pass  # the next trace will see what they do
        except UnreadResults as found:
            checked |= found.lines
        except StoredOnSomePaths as found:
            plan = replace(plan, stored=plan.stored | found.names)
        except NeedStatic as need:
            known = frozenset(captured.inputs[-1 - k].title for k in need.params if k < 0)
            if not known:
                raise
            plan = replace(plan, known=plan.known | known)
        except Refused as error:
            again = functools.partial(_traced_again, f, signature, changes)
            raise changes.located(error, again) from None
        except Exception as error:
            if not captured.inputs or is_mistake(error):
                raise
            plan = replace(plan, fixed=True)  # untraceable code may still work on constants


def _params(f: Callable[..., Any], signature: Signature) -> list[Param]:
    return [
        Param(leaf.type, hint, leaf.python, leaf.narrow, leaf.strides, leaf.boxed)
        for leaf, hint in zip(signature.leaves, leaf_hints(f, signature.tree), strict=True)
        if isinstance(leaf, Input)
    ]


def _traced_again(f: Callable[..., Any], signature: Signature, changes: Changes) -> None:
    """Trace without keeping anything: somebody looks at what happens."""

    def arguments(tracers: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return changes.watching(signature.rebuild(tracers))

    trace(f, arguments, _params(f, signature), flatten=flattened, outside=changes.outside)


def _specialized(
    f: Callable[..., Any],
    signature: Signature,
    engine: Engine,
    captured: Captured,
    plan: InputPlan,
    changes: Changes,
) -> Specialization:
    journal, params = Journal(), _params(f, signature)

    def arguments(tracers: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return changes.watching(signature.rebuild(tracers, lambda thing: given(thing, captured)))

    traced = journal.timed(
        "trace",
        lambda: trace(
            f,
            arguments,
            params,
            flatten=flattened,
            captured=captured,
            outside=changes.outside,
            called=True,
        ),
        lambda t: count(t.func.ops),
    )
    if traced.captures:
        raise CapturesTracer(program_name(f))
    if changes.outside.generators.have_more():
        raise GeneratorsLoaded
    if unread := changes.unread(traced.changes) - plan.stored:
        raise StoredOnSomePaths(unread)
    raw = traced.func.renamed(program_name(f))
    if traced.code is not None:
        raw = raw.with_results([*raw.results, traced.code])
    func = clean(raw, journal)
    leaves, tree = result_structure(traced.out)
    changes.undo()  # the captured state is that before the call
    effects = changes.effects(traced.changes)
    roots, made = roots_of(f, signature), bool(changes.made)
    places = changes.without_effect()
    state = CapturedState(roots, captured.inputs, places, made, plan.stored) or None
    return Specialization(
        signature,
        TracedProgram(raw, func, journal, traced.choices),
        face_of(func),
        tree,
        tuple(leaves),
        tuple(traced.mutated),
        engine,
        traced.errors,
        state,
        plan,
        traced.exclusive,
        effects,
        asked=frozenset(traced.asked),
    )
