"""Exported programs run without Python, and give the bits that Python gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exported
from support.export_programs import QUICK, SLOW

import tapec
from tapec.backends.llvm import target

pytestmark = exported.needs_compiler


def named(case: Any) -> str:
    return f"{case[0].__name__}-{case[2].replace(' ', '-')}"


@pytest.mark.parametrize("case", QUICK, ids=named)
def test_the_same_bits(case: Any, tmp_path: Path) -> None:
    f, args, of, options = case
    exported.check(tmp_path, tapec.compile(f), args, of.split(), **options)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=named)
def test_the_same_bits_of_more(case: Any, tmp_path: Path) -> None:
    f, args, of, options = case
    exported.check(tmp_path, tapec.compile(f), args, of.split(), **options)


def test_a_difference_of_one_bit_is_seen(tmp_path: Path) -> None:
    args = (1.0, 2.0)
    made = tapec.compile(lambda a, b: a * b).export(tmp_path / "f", *args, shared=False)
    other = tapec.compile(lambda a, b: a * b * (1.0 + 2.0**-52))
    with pytest.raises(AssertionError, match="f"):
        exported.same_bits(made, other, args, ["value"])


def test_threads(tmp_path: Path) -> None:
    """Parts of loops run in threads there too."""
    x = np.linspace(0.1, 2.0, 60_001)

    def f(x: Any) -> Any:
        return np.sum(np.exp(np.sin(x)) * np.log(x + np.cos(x) ** 2))

    kernel = tapec.compile(f, threads=3)
    assert "parallel {" in kernel.ir("loops", x)
    exported.check(tmp_path, kernel, (x,), ["value", "grad"])
    made = kernel.export(tmp_path / "more", x, shared=False)
    assert "-lpthread" in made.header.read_text()


@pytest.mark.slow
def test_levels_of_several_functions_in_one_object(tmp_path: Path) -> None:
    """A long program is compiled at another level than its neighbour, and keeps its bits."""

    def long(x: Any) -> Any:
        for k in tapec.unroll(range(1100)):
            x = np.sin(x) + 0.5 * x * (k % 7)
            x = x / (1.0 + np.abs(x))
        return np.sum(x)

    x = np.array([0.3, 0.4])
    kernel = tapec.compile(long)
    levels = {k.specialization(x).compiled.level for k in (kernel, tapec.grad(long))}
    exported.check(tmp_path, kernel, (x,), ["value", "grad"])
    assert levels == {0, 1}


@pytest.mark.slow
@pytest.mark.parametrize("cpu", ["generic", "x86-64-v3"])
def test_other_processors_give_close_results(cpu: str, tmp_path: Path) -> None:
    if not target.host().triple.startswith("x86_64"):
        pytest.skip("names of x86-64 processors")
    x = np.linspace(0.1, 1.3, 37)
    kernel = tapec.grad(lambda x: np.sum(np.exp(x) * np.sin(x) ** 2))
    made = kernel.export(tmp_path / "f", x, cpu=cpu, shared=False)
    found = exported.printed(exported.compiled(made))["f"]["value"]
    assert np.allclose([float.fromhex(v) for v in found], kernel(x), rtol=1e-14)
    assert cpu.replace("generic", "x86-64") in made.header.read_text()


def test_in_place_arguments_are_updated(tmp_path: Path) -> None:
    @tapec.compile
    def cumulate(x: Any) -> None:
        for k in range(1, x.shape[0]):
            x[k] += x[k - 1]

    x = np.linspace(0.1, 1.3, 9)
    made = cumulate.export(tmp_path / "f", x, shared=False)
    found = exported.printed(exported.compiled(made))["f"]["x"]
    assert exported.bits(found, x) == np.cumsum(x).tobytes()
    assert "int f(double *x);" in made.header.read_text()


def test_large_work_memory_comes_from_the_heap(tmp_path: Path) -> None:
    x = np.linspace(0.1, 1.3, 10_000)
    kernel = tapec.compile(lambda x: np.sort(x)[::-1] + np.cumsum(x))
    made = kernel.export(tmp_path / "f", x, shared=False)
    assert "malloc" in made.header.read_text()
    found = exported.printed(exported.compiled(made))["f"]["value"]
    assert exported.bits(found, x) == kernel(x).tobytes()
