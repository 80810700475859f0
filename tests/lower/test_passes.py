"""The list of passes: names, stages that show them, faults in what one of them makes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tapec
from tapec.errors import VerifyError
from tapec.ir.nested import every
from tapec.ir.parser import parse
from tapec.ir.verify import verify
from tapec.look.stages import LOWERING, NESTS
from tapec.lower import PASSES, lower, stages
from tapec.lower.frame import ELEMENTS
from tapec.lower.nests import CONTROL
from tapec.lower.scalars import RULES

PROGRAM = """
func @f(%x: f64[200], %v: f64[10]) -> (f64[200], f64) {
  %y = sin %x : f64[200]
  %z = update %y, %v {at=[5:10:2]} : f64[200]
  %w = update %z, %v {at=[30:10:1]} : f64[200]
  %s = reduce_sum %w {axes=[0]} : f64
  return %w, %s
}"""


def test_stages_are_the_passes() -> None:
    assert tuple(PASSES) == LOWERING
    names = list(PASSES)
    assert names[names.index(NESTS) + 1] == "to_loops"


@pytest.mark.parametrize("stage", ["nests", *LOWERING])
def test_every_stage_is_shown(stage: str) -> None:
    kernel = tapec.compile(lambda x: np.cumsum(np.sin(x)) * x)
    parse(kernel.ir(stage, np.ones(300)))


def test_few_elements_need_no_more_passes() -> None:
    few = parse("func @f(%x: f64) -> (f64) {\n  %y = sin %x : f64\n  return %y\n}")
    assert list(stages(few))[-1] == "unroll"


def test_every_pass_is_watched() -> None:
    seen: list[str] = []
    lower(parse(PROGRAM), watch=lambda name, before, after, seconds: seen.append(name))
    assert seen == list(PASSES)


def test_nothing_is_read_after_its_memory_is_taken_over() -> None:
    placed = stages(parse(PROGRAM))["take_over_memory"]
    assert "share" in {op.name for op in placed.ops}
    verify(placed)
    wrong = PROGRAM.replace("%w = update", "%t = share %z, %y : f64[200]\n  %w = update")
    verify(parse(wrong))
    with pytest.raises(VerifyError, match="taken over"):
        verify(parse(wrong.replace("reduce_sum %w", "reduce_sum %y")))


@pytest.mark.parametrize("name", sorted(RULES))
def test_no_op_is_written_out_only(name: str) -> None:
    from tapec.lower.own_loops import OWN_LOOPS

    assert name in ELEMENTS or name in OWN_LOOPS or name in CONTROL


def loads(body: Callable[..., object]) -> int:
    """How often inner loops go over the array: loops of the lowered program."""
    text = tapec.compile(body).ir("loops", np.linspace(0.0, 1.0, 3000))
    return sum(op.name == "for" for op in every(parse(text).ops))


def test_a_chain_over_one_space_is_one_loop() -> None:
    def chain(x: np.ndarray) -> object:
        y = np.sin(x) * np.exp(-(x**2))
        return y, np.tanh(y) * y

    assert loads(chain) == 1
