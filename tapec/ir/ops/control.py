"""Control flow: branches, loops, calls, rules of the user's, and the tape of dynamic loops.

Regions are closed: what a body reads, it gets as a parameter. All carried values keep their types.
Loops pass their operands as `consts` (the same in every iteration), then `carry`, then what is
read slice by slice.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.errors import DTypeError, ShapeError, VerifyError
from tapec.ir.core import Block
from tapec.ir.primitive import Form, Primitive, register
from tapec.ir.regions import Groups, split
from tapec.ir.types import Type

Types = tuple[Type, ...]
TAPE = Type("tape")


def _region(name: str, block: Block, params: Sequence[Type], what: str) -> Types:
    """The result types of a region; raises VerifyError where its parameters are not `params`."""
    found = tuple(p.type for p in block.params)
    if found != tuple(params):
        listed = [", ".join(map(str, types)) for types in (found, params)]
        raise VerifyError(f"{name}: {what} takes ({listed[0]}), it is given ({listed[1]})")
    return tuple(v.type for v in block.results)


def _carried(name: str, before: Sequence[Type], after: Sequence[Type]) -> None:
    """Raise ShapeError for the first carried value whose type changes."""
    if len(before) != len(after):
        raise VerifyError(f"{name}: carries {len(before)} values, the body returns {len(after)}")
    for k, (a, b) in enumerate(zip(before, after, strict=True)):
        if a != b:
            raise ShapeError(f"{name}: carried value {k} is {a} before the body and {b} after it")


def _no_tape(name: str, what: str, types: Sequence[Type]) -> None:
    if TAPE in types:
        raise VerifyError(f"{name}: a tape changes, it cannot be {what}")


def _branch_types(name: str, operands: Types, regions: tuple[Block, ...]) -> Types:
    first, *others = (_region(name, r, operands, f"branch {k}") for k, r in enumerate(regions))
    for k, types in enumerate(others, 1):
        if types != first:
            listed = [", ".join(map(str, t)) for t in (first, types)]
            raise ShapeError(f"{name}: branch 0 returns ({listed[0]}), branch {k} ({listed[1]})")
    return first


def _cond(pred: Type, *operands: Type, regions: tuple[Block, ...]) -> Types:
    if pred != Type("bool") or len(regions) != 2:
        raise DTypeError(f"cond needs one boolean and two branches, got {pred}")
    return _branch_types("cond", operands, regions)


def _switch(index: Type, *operands: Type, regions: tuple[Block, ...]) -> Types:
    if index != Type("i64") or not regions:
        raise DTypeError(f"switch needs an i64 number and at least one branch, got {index}")
    return _branch_types("switch", operands, regions)


def _scan(
    *operands: Type,
    consts: int,
    carry: int,
    length: int,
    regions: tuple[Block, ...],
    reverse: bool = False,
    checkpoint: int = 0,
) -> Types:
    (body,) = regions
    fixed, init, xs = _groups(operands, consts, carry)
    if length < 0:
        raise ShapeError(f"scan: the length {length} is negative")
    for x in xs:
        if not x.shape or x.shape[0] != length:
            raise ShapeError(f"scan: {x} has no leading axis of length {length}")
    slices = tuple(x.with_shape(x.shape[1:]) for x in xs)
    found = _region("scan", body, (Type("i64"), *fixed, *init, *slices), "the body")
    _carried("scan", init, found[:carry])
    _no_tape("scan", "a stacked result", found[carry:])
    return (*init, *(y.with_shape((length, *y.shape)) for y in found[carry:]))


def _fori(
    count: Type,
    *operands: Type,
    consts: int,
    carry: int,
    regions: tuple[Block, ...],
    reverse: bool = False,
) -> Types:
    (body,) = regions
    fixed, init, rest = _groups(operands, consts, carry)
    if count != Type("i64") or rest:
        raise VerifyError(f"fori_loop needs an i64 trip count, got {count}")
    found = _region("fori_loop", body, (Type("i64"), *fixed, *init), "the body")
    _carried("fori_loop", init, found)
    return init


def _while(*operands: Type, consts: int, carry: int, regions: tuple[Block, ...]) -> Types:
    cond, body = regions
    _, init, rest = _groups(operands, consts, carry)
    if rest:
        raise VerifyError(f"while_loop: {len(rest)} operands too many")
    test = _region("while_loop", cond, operands, "the condition")
    if test != (Type("bool"),):
        raise DTypeError(f"while_loop: the condition returns ({', '.join(map(str, test))})")
    if any(p.type == TAPE and any(p in op.operands for op in cond.ops) for p in cond.params):
        raise VerifyError("while_loop: the condition cannot use a tape")
    _carried("while_loop", init, _region("while_loop", body, operands, "the body"))
    return init


def _groups(operands: Types, consts: int, carry: int) -> Groups[Type]:
    _no_tape("a loop", "a constant", operands[:consts])
    return split(operands, consts, carry)


def _call(
    *operands: Type, name: str, regions: tuple[Block, ...], checkpoint: bool = False
) -> Types:
    return _region(name, regions[0], operands, "the function")


def _custom(
    *operands: Type,
    rules: tuple[str, ...],
    regions: tuple[Block, ...],
    captured: int = 0,
    given_results: bool = False,
) -> Types:
    """Regions: the function, then one rule per name in `rules`."""
    results = _region("custom", regions[0], operands, "the function")
    known = (*operands, *results) if given_results else operands
    moving = tuple(t for t in operands if t.is_float)
    moved = tuple(t for t in results if t.is_float)
    extra = {"jvp": (moving, moved), "vjp": (moved, moving)}
    for rule, block in zip(rules, regions[1:], strict=True):
        given, wanted = extra[rule]
        if _region("custom", block, (*known, *given), rule) != wanted:
            raise ShapeError(f"custom: {rule} must return ({', '.join(map(str, wanted))})")
    return results


def _push(tape: Type, *values: Type) -> Type:
    return TAPE


def _pop(tape: Type, *, types: Types) -> Types:
    return (TAPE, *types)


COND = register(
    Primitive(
        name="cond",
        kind="region",
        infer=_cond,
        results=None,
        form=Form(lead=1),
        doc="The first region's results where the first operand is true, else the second's.",
    )
)
SWITCH = register(
    Primitive(
        name="switch",
        kind="region",
        infer=_switch,
        results=None,
        form=Form(lead=1),
        doc="The results of the region whose number is the first operand, clamped to those there.",
    )
)
SCAN = register(
    Primitive(
        name="scan",
        kind="region",
        infer=_scan,
        results=None,
        form=Form(skip=1, loop=True),
        doc="The region for i in range(length), backwards with `reverse`: "
        "(i, consts, carry, xs[i]) -> (carry, ys[i]). `checkpoint` > 0 bounds the carries that its "
        "adjoint stores.",
    )
)
FORI = register(
    Primitive(
        name="fori_loop",
        kind="region",
        infer=_fori,
        results=None,
        form=Form(lead=1, skip=1, loop=True),
        doc="The region for i in range(count), backwards with `reverse`: "
        "(i, consts, carry) -> carry.",
    )
)
WHILE = register(
    Primitive(
        name="while_loop",
        kind="region",
        infer=_while,
        results=None,
        form=Form(first=1, loop=True),
        doc="The second region, (consts, carry) -> carry, as long as the first one is true.",
    )
)
CALL = register(
    Primitive(
        name="call",
        kind="region",
        infer=_call,
        results=None,
        form=Form(),
        doc="A function that is not inlined; calls of equal regions are compiled once. With "
        "`checkpoint`, the adjoint keeps its operands only and runs it again.",
    )
)
CUSTOM = register(
    Primitive(
        name="custom",
        kind="region",
        infer=_custom,
        results=None,
        doc="The first region, with derivative rules of the user's in the others: "
        "jvp (operands, tangents) -> tangents, vjp (operands, cotangents) -> cotangents; with "
        "`given_results` they take the results after the operands. The rules know nothing of the "
        "last `captured` operands: no derivative goes through those.",
    )
)
TAPE_NEW = register(
    Primitive(name="tape", kind="region", infer=lambda: TAPE, doc="An empty tape: a growing stack.")
)
PUSH = register(
    Primitive(name="push", kind="region", infer=_push, doc="The tape with values on top.")
)
POP = register(
    Primitive(
        name="pop",
        kind="region",
        infer=_pop,
        results=None,
        doc="The tape without the values pushed last, and those values, of the given types.",
    )
)
