"""What users may call is documented in full, and the examples run as they stand."""

from __future__ import annotations

import doctest
import inspect
import re
from typing import Any

import numpy as np
import pytest

import tapec

# What kernels have for the rest of the package, not for users.
INTERNAL = {"adopt", "derived", "transform", "specialization", "located"}
METHODS = {
    f"Kernel.{name}": inspect.getattr_static(tapec.Kernel, name)
    for name in (*dir(tapec.Kernel), "__call__")
    if not name.startswith("_") or name == "__call__"
    if name not in INTERNAL and inspect.getdoc(getattr(tapec.Kernel, name))
}
PUBLIC: dict[str, Any] = {**{name: getattr(tapec, name) for name in tapec.__all__}, **METHODS}


def test_methods_are_found() -> None:
    assert {"Kernel.grad", "Kernel.vjp", "Kernel.ir", "Kernel.bind"} <= set(METHODS)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    summary, *rest = text.split("\n\n")
    assert "\n" not in summary or name == "Kernel.graph"
    assert rest, "one line is not enough"
    assert ">>> " in text, "an example is missing"


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name: str) -> None:
    text = inspect.getdoc(PUBLIC[name]) or ""
    example = doctest.DocTestParser().get_doctest(
        text, {"np": np, "tapec": tapec}, name, None, None
    )
    told: list[str] = []
    failed, attempted = doctest.DocTestRunner().run(example, out=told.append)
    assert attempted
    assert not failed, "".join(told)


@pytest.mark.parametrize("name", ["grad", "jacobian", "jvp", "vjp", "vmap", "compile", "scan"])
def test_errors_are_named(name: str) -> None:
    named = set(re.findall(r"\b[A-Z]\w+Error\b", inspect.getdoc(PUBLIC[name]) or ""))
    assert named
    assert named <= {e for e in dir(__import__("tapec.errors").errors) if e.endswith("Error")}
