"""File tests: a program, the passes to run, and the text expected from them.

    # run: simplify, tangent(x)   passes as `tapec opt` takes them; none for parsing alone
    # inexact                     compare values up to rounding, not bit for bit
    # error: text                 instead: it must fail with a message containing this
    func @f(...) ... }
    #> func @f(...) ... }         precise output; `pytest --bless` rewrites it

Every case is a differential test too: the programs before and after each pass are interpreted on
seeded random arrays, and must mean what the pass says (see `meaning`). `# domain: low, high` sets
where floats are drawn from; with `# specials` they are zeros of both signs, infinities, NaN,
subnormal and large numbers, and signs of zero must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import meaning
from tapec.errors import TapecError
from tapec.ir.core import Func
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.types import Type
from tapec.passes import run
from tapec.tools.opt import PassCall, steps

MARK = "#>"
SPECIALS = (0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -3e-308, 1e308, 1.0, -1.5, 3.0)


@dataclass(frozen=True)
class Case:
    """One file, taken apart."""

    path: Path
    program: str
    expected: str
    headers: dict[str, str]

    @property
    def steps(self) -> tuple[PassCall, ...]:
        """The passes of `# run:`."""
        return steps(self.headers.get("run", ""))


def read(path: Path) -> Case:
    """Take a file apart into header, program and expectation."""
    lines = path.read_text().splitlines()
    expected = [
        line.removeprefix(MARK).removeprefix(" ") for line in lines if line.startswith(MARK)
    ]
    kept = [line for line in lines if not line.startswith(MARK)]
    return Case(path, "\n".join(kept), "\n".join(expected), dict(_headers(kept)))


def _headers(lines: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for line in lines:
        if not line.startswith("#"):
            break
        key, _, value = line[1:].partition(":")
        found.append((key.strip(), value.strip()))
    return found


def check(case: Case, *, bless: bool = False) -> None:
    """Run the case; `bless` writes what came out as the new expectation."""
    if "error" in case.headers:
        _check_error(case)
        return
    programs = [parse(case.program)]
    for step in case.steps:
        programs.append(run([step], programs[-1], check=True))
        text = print_func(programs[-1])
        assert print_func(parse(text)) == text, f"after {step.name}: it is not read as printed"
    for step, before, after in zip(case.steps, programs[:-1], programs[1:], strict=True):
        _compare(case, step, before, after)
    text = print_func(programs[-1])
    if bless:
        _bless(case, text)
    else:
        assert text == case.expected


def _check_error(case: Case) -> None:
    with pytest.raises(TapecError) as raised:
        run(case.steps, parse(case.program), check=True)
    assert case.headers["error"] in str(raised.value)


def _bless(case: Case, text: str) -> None:
    lines = [f"{MARK} {line}".rstrip() for line in text.splitlines()]
    case.path.write_text("\n".join([case.program.rstrip(), *lines]) + "\n")


def _compare(case: Case, step: PassCall, before: Func, after: Func) -> None:
    low, high = map(float, case.headers.get("domain", "-2, 2").split(","))
    rng = np.random.default_rng(1)
    specials = "specials" in case.headers
    for _ in range(100 if specials else 3):
        args = [_random(rng, v.type, low, high, specials) for v in before.params]
        if step.name in meaning.DERIVATIVES:
            meaning.DERIVATIVES[step.name](step, before, after, args, rng)
            continue
        tolerance = 1e-12 if "inexact" in case.headers else 0.0
        meaning.equal(meaning.run(after, args), meaning.run(before, args), tolerance, specials)


def _random(rng: np.random.Generator, type: Type, low: float, high: float, specials: bool) -> Any:
    if type.dtype == "bool":
        return rng.random(type.shape) < 0.5
    if specials and type.is_float:
        return np.asarray(rng.choice(SPECIALS, type.shape), type.numpy)
    if type.is_float:
        return np.asarray(rng.uniform(low, high, type.shape), type.numpy)
    return np.asarray(rng.integers(0, 4, type.shape), type.numpy)
