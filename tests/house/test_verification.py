"""Under pytest every program that a step makes is verified, and the step at fault is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tapec import ad
from tapec import lower as lowering
from tapec.ad.partition import partition
from tapec.ad.solution import solution
from tapec.ad.taylor import taylor
from tapec.config import SETTINGS
from tapec.errors import VerifyError
from tapec.ir import PRIMITIVES, Func
from tapec.ir.parser import parse
from tapec.pipeline import clean


def broken() -> Func:
    """A program with an op that the table of primitives lacks."""
    func = parse("func @f(%x: f64) -> (f64) {\n  %y = sin %x : f64\n  return %y\n}")
    (op,) = func.ops
    return func.with_ops([replace(op, primitive=replace(op.primitive))])


STEPS: dict[str, Callable[[Func], Any]] = {
    "adjoint": lambda f: ad.adjoint(f, [True]),
    "batch": lambda f: ad.batch(f, [False], 2, [False]),
    "gnvp_func": lambda f: ad.gnvp_func(f, [True]),
    "gradient": lambda f: ad.gradient(f, [True]),
    "hessian_func": lambda f: ad.hessian_func(f, [True]),
    "hvp_func": lambda f: ad.hvp_func(f, [True]),
    "jacobian_func": lambda f: ad.jacobian_func(f, [True]),
    "solution": lambda f: solution(f, None, [0], 2),
    "tangent": lambda f: ad.tangent(f, [True]),
    "taylor": lambda f: taylor(f, [True], 2),
    "value_and_gradient": lambda f: ad.value_and_gradient(f, [True]),
    "partition": lambda f: partition(f, []),
}


def test_it_is_on() -> None:
    assert SETTINGS.check
    code = "from tapec.config import SETTINGS; print(SETTINGS.check)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "True\n"


def test_all_derivations_are_steps() -> None:
    assert set(ad.__all__) <= set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_fault_is_reported_where_it_is_made(name: str) -> None:
    with pytest.raises(VerifyError, match=r"^after .* not a known primitive"):
        STEPS[name](broken())


def test_a_fault_in_a_lowered_program_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    func = parse("func @f(%x: f64) -> (f64) {\n  %y = sin %x : f64\n  return %y\n}")
    monkeypatch.delitem(PRIMITIVES, "store")
    with pytest.raises(VerifyError, match=r"^after .*'store' is not a known primitive"):
        lowering.lower(func)


@pytest.mark.parametrize("name", lowering.PASSES)
def test_a_pass_of_lowering_at_fault_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    func = parse("func @f(%x: f64[900]) -> (f64[900]) {\n  %y = sin %x : f64[900]\n  return %y\n}")
    monkeypatch.setattr(lowering, "PASSES", {name: lambda *_: broken()})
    with pytest.raises(VerifyError, match=f"^after {name}: .* not a known primitive"):
        lowering.lower(func, lambda: True, threads=2, fastmath=True)


def test_what_is_traced_is_verified() -> None:
    with pytest.raises(VerifyError, match=r"^@f: .* not a known primitive"):
        clean(broken())
