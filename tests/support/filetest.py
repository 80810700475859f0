"""File tests: a program, the passes to run, and the text expected from them.

    # run: simplify, dce          passes by name, in order; none for parsing alone
    # inexact                     compare values up to rounding, not bit for bit
    # error: text                 instead: it must fail with a message containing this
    func @f(...) ... }
    #> func @f(...) ... }         precise output; `pytest --bless` rewrites it

Every case is a differential test too: the program is interpreted before and after on seeded
random arrays. `# domain: low, high` sets where floats are drawn from; with `# specials` they are
zeros of both signs, infinities, NaN, subnormal and large numbers, and signs of zero must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tapec.backends import interpreter
from tapec.errors import TapecError
from tapec.ir.core import Func
from tapec.ir.parser import parse
from tapec.ir.printer import print_func
from tapec.ir.types import Type
from tapec.ir.verify import verify
from tapec.passes import PASSES, run

MARK = "#>"
SPECIALS = (0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -3e-308, 1e308, 1.0, -1.5, 3.0)


@dataclass(frozen=True)
class Case:
    """One file, taken apart."""

    path: Path
    program: str
    expected: str
    headers: dict[str, str]

    def passes(self) -> list[Any]:
        """The passes of `# run:`."""
        return [PASSES[name.strip()] for name in self.headers.get("run", "").split(",") if name]


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
    before = parse(case.program)
    after = run(case.passes(), before, check=True)
    text = print_func(after)
    assert print_func(parse(text)) == text, "the output does not survive printing and parsing"
    if bless:
        _bless(case, text)
    else:
        assert text == case.expected
    _compare(case, before, after)


def _check_error(case: Case) -> None:
    with pytest.raises(TapecError) as raised:
        run(case.passes(), parse(case.program), check=True)
    assert case.headers["error"] in str(raised.value)


def _bless(case: Case, text: str) -> None:
    lines = [f"{MARK} {line}".rstrip() for line in text.splitlines()]
    case.path.write_text("\n".join([case.program.rstrip(), *lines]) + "\n")


def _compare(case: Case, before: Func, after: Func) -> None:
    verify(after)
    low, high = map(float, case.headers.get("domain", "-2, 2").split(","))
    rng = np.random.default_rng(1)
    specials = "specials" in case.headers
    for _ in range(100 if specials else 3):
        args = [_random(rng, v.type, low, high, specials) for v in before.params]
        old = interpreter.run(before, [a.copy() for a in args])
        new = interpreter.run(after, [a.copy() for a in args])
        for x, y in zip(old, new, strict=True):
            assert (x.dtype, x.shape) == (y.dtype, y.shape)
            tolerance = 1e-12 if "inexact" in case.headers else 0.0
            np.testing.assert_allclose(y, x, rtol=tolerance, atol=0.0)
            if specials and x.dtype.kind == "f":
                numbers = ~np.isnan(x)
                np.testing.assert_array_equal(np.signbit(y)[numbers], np.signbit(x)[numbers])


def _random(rng: np.random.Generator, type: Type, low: float, high: float, specials: bool) -> Any:
    if type.dtype == "bool":
        return rng.random(type.shape) < 0.5
    if specials and type.is_float:
        return np.asarray(rng.choice(SPECIALS, type.shape), type.numpy)
    if type.is_float:
        return np.asarray(rng.uniform(low, high, type.shape), type.numpy)
    return np.asarray(rng.integers(0, 4, type.shape), type.numpy)
