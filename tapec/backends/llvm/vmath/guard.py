"""Fast code for lanes that nearly all are, with a branch to slow code for vectors with others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.backends.llvm.vmath.core import Kit, Val
from tapec.backends.llvm.vmath.lines import Lines


def guarded(
    kit: Kit, name: str, usual: Val, fast: Sequence[Val], operands: Sequence[Val]
) -> list[Val]:
    """`fast` in the lanes that are `usual`, in all others what the slow function of `name` gives.

    `define_slow`, or a definition of one's own, gives that function; it is called where a lane
    needs it, which one test and a branch decide.
    """

    def slow() -> list[str]:
        made = kit.lines.emit(
            f"call {results_type(kit, len(fast))} @tapec.slow.{name}.{kit.suffix}("
            + ", ".join(f"{kit.D} {v.name}" for v in operands)
            + ")"
        )
        return [
            kit.select(usual, v, Val(kit, z, "d")).name
            for v, z in zip(fast, _results(kit, made, len(fast)), strict=True)
        ]

    names = kit.lines.rarely(_everywhere(kit, usual), [v.name for v in fast], slow, kit.D)
    return [Val(kit, n, "d") for n in names]


def define_slow(kit: Kit, name: str, operands: int, write: Callable[..., Sequence[Val]]) -> None:
    """Define the slow function of `name` by code for vectors."""
    body = Lines()
    inner = Kit(body, kit.width, kit.format)
    made = write(inner, *(Val(inner, f"%a{k}", "d") for k in range(operands)))
    for text in body.declarations:
        kit.lines.declare(text)
    value = _joined(body, kit, [v.name for v in made])
    params = ", ".join(f"{kit.D} %a{k}" for k in range(operands))
    result = results_type(kit, len(made))
    head = f"define internal {result} @tapec.slow.{name}.{kit.suffix}({params})"
    code = "\n".join([*body.body, f"ret {result} {value}"])
    text = f"{head} noinline cold nounwind {{\n{code}\n}}"
    kit.lines.define(f"tapec.slow.{name}.{kit.suffix}", text)


def results_type(kit: Kit, count: int) -> str:
    """What a function of `count` results returns."""
    return kit.D if count == 1 else "{" + ", ".join([kit.D] * count) + "}"


def _everywhere(kit: Kit, mask: Val) -> str:
    """Whether a mask holds in every lane."""
    if kit.width == 1:
        return mask.name
    bits = kit.lines.emit(f"bitcast {kit.B} {mask.name} to i{kit.width}")
    return kit.lines.emit(f"icmp eq i{kit.width} {bits}, -1")


def _results(kit: Kit, made: str, count: int) -> list[str]:
    """The results of a call."""
    if count == 1:
        return [made]
    type = results_type(kit, count)
    return [kit.lines.emit(f"extractvalue {type} {made}, {k}") for k in range(count)]


def _joined(body: Lines, kit: Kit, names: Sequence[str]) -> str:
    """What a function returns for these results."""
    if len(names) == 1:
        return names[0]
    type, made = results_type(kit, len(names)), "poison"
    for k, name in enumerate(names):
        made = body.emit(f"insertvalue {type} {made}, {kit.D} {name}, {k}")
    return made
