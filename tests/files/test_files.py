"""Every `*.tape` file under tests/files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import filetest

from tapec.ir import PRIMITIVES
from tapec.ir.ops.lapack import ROUTINES
from tapec.ir.primitive import FAMILIES

FILES = Path(__file__).parent
CASES = sorted(FILES.rglob("*.tape"))
OP = re.compile(r"^(?:#> )? *(?:%[^=]* = )?([a-z_0-9]+)\b", re.MULTILINE)
# Functions that programs call by name are in no table that a text can refer to.
UNNAMED = {"opaque", "packed"}


@pytest.mark.parametrize("path", CASES, ids=lambda p: str(p.relative_to(FILES)))
def test_file(path: Path, request: pytest.FixtureRequest) -> None:
    filetest.check(filetest.read(path), bless=bool(request.config.getoption("--bless")))


def used(folder: str) -> Iterator[str]:
    """The ops in the programs of a folder, and in what came of them."""
    for path in (FILES / folder).glob("*.tape"):
        yield from OP.findall(path.read_text())


# What is declared with a public function is derived by tests/trace/numpy/test_declared.py, and with
# it the routines of LAPACK that stand for it.
@pytest.mark.parametrize("folder", ["tangent", "adjoint", "batch"])
def test_every_family_is_derived(folder: str) -> None:
    array = {FAMILIES[n] for n, p in PRIMITIVES.items() if p.kind != "loop" and not p.public}
    array -= UNNAMED | {FAMILIES[n] for n in ROUTINES}
    assert {FAMILIES[name] for name in used(folder) if name in PRIMITIVES} >= array


def test_every_op_with_regions_is_derived() -> None:
    control = {name for name, p in PRIMITIVES.items() if p.kind == "region"}
    assert {*used("tangent"), *used("adjoint"), *used("batch")} >= control
