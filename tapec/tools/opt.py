"""Passes on programs written as text: what `tapec opt` runs, and the file tests with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tapec import ad, lower, passes
from tapec.ad.taylor import taylor
from tapec.errors import TapecError
from tapec.ir import Func

# One pass as written: its name, and what stands in parentheses behind it.
_STEP = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<inside>[^()]*)\)\s*)?(?:,|$)")
# Numbers that passes take where none is given: points of `batch`, the degree of `taylor`.
NUMBERS = {"batch": ("size", 4), "taylor": ("degree", 3)}

Plain = Callable[[Func], Func]
Derivation = Callable[[Func, Sequence[bool]], Func]

LOWERING: Mapping[str, Plain] = {**lower.PASSES, "lower": lower.lower}
PLAIN: Mapping[str, Plain] = {**passes.PASSES, "clean": passes.clean, **LOWERING}
# By the parameters named in parentheses: all floats where there are none.
DERIVATIONS: Mapping[str, Derivation] = {
    "tangent": ad.tangent,
    "adjoint": ad.adjoint,
    "gradient": ad.gradient,
    "value_and_gradient": ad.value_and_gradient,
    "jacobian": ad.jacobian_func,
    "hessian": ad.hessian_func,
    "hvp": ad.hvp_func,
    "gnvp": ad.gnvp_func,
}
NAMES = (*PLAIN, *DERIVATIONS, *NUMBERS)


class OptError(TapecError):
    """A list of passes that cannot be run as written."""


@dataclass(frozen=True)
class PassCall:
    """One pass to run: ``cse``, ``tangent(x, y)``, ``batch(x, size=8)``,
    ``taylor(x, degree=2)``.
    """

    name: str
    params: tuple[str, ...] = ()
    number: int = 0

    def __call__(self, func: Func) -> Func:
        """The program after the pass."""
        if self.name in PLAIN:
            return PLAIN[self.name](func)
        if self.name == "batch":
            return ad.batch(func, self.flags(func), self.number)
        if self.name == "taylor":
            return taylor(func, self.flags(func), self.number)
        return DERIVATIONS[self.name](func, self.flags(func))

    @property
    def __name__(self) -> str:
        """The name by which messages call it."""
        return self.name

    def flags(self, func: Func) -> list[bool]:
        """Which parameters of the program are meant."""
        if not self.params:
            return [self.name == "batch" or p.type.is_float for p in func.params]
        known = [p.hint for p in func.params]
        for name in self.params:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise OptError(f"{self.name}: @{func.name} has no parameter {name}, only {listed}")
        return [name in self.params for name in known]


def steps(text: str) -> tuple[PassCall, ...]:
    """The passes in ``"simplify,tangent(x),dce"``; raises OptError for what is none."""
    found, at = [], 0
    while text[at:].strip():
        match = _STEP.match(text, at)
        if match is None:
            raise OptError(f"cannot read the passes from {text[at:]!r} on", hint="write a,b(x),c")
        found.append(_step(match["name"], match["inside"]))
        at = match.end()
    return tuple(found)


def _step(name: str, inside: str | None) -> PassCall:
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"passes: {', '.join(NAMES)}"
        raise OptError(f"there is no pass {name!r}", hint=hint)
    words = [word.strip() for word in (inside or "").split(",") if word.strip()]
    numbers = [word for word in words if "=" in word]
    params = tuple(word.removeprefix("%") for word in words if "=" not in word)
    if words and name in PLAIN:
        raise OptError(f"{name} takes nothing in parentheses")
    return PassCall(name, params, _number(name, numbers))


def _number(name: str, options: Iterable[str]) -> int:
    known, number = NUMBERS.get(name, ("", 0))
    for option in options:
        key, _, value = (part.strip() for part in option.partition("="))
        if key != known or not value.isdecimal():
            hint = "batch(x, y, size=8) and taylor(x, degree=3) have one"
            raise OptError(f"{name} has no option {option!r}", hint=hint)
        number = int(value)
    return number


def checked_name(name: str | None, pipeline: Sequence[PassCall]) -> str | None:
    """A name of ``--print-after``: one of the passes that are run, or ``all``."""
    run = [step.name for step in pipeline]
    if name not in (None, "all", *run):
        raise OptError(f"{name} is not among the passes to run", hint=f"these are: {run}")
    return name


def summaries() -> list[tuple[str, str]]:
    """Every pass with the first line of its docstring."""
    counted: dict[str, Callable[..., Func]] = {"batch": ad.batch, "taylor": taylor}
    functions = {**PLAIN, **DERIVATIONS, **counted}
    return [(name, (f.__doc__ or "").partition("\n")[0]) for name, f in functions.items()]
