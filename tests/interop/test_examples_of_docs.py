"""The examples in the documentation of what solvers call."""

from __future__ import annotations

import doctest
import importlib
import importlib.util

import numpy as np
import pytest

import tapec


@pytest.mark.parametrize("name", ["optimize", "integrate", "sensitivities", "ipopt", "nlp"])
def test_examples_run(name: str) -> None:
    if name == "ipopt" and importlib.util.find_spec("cyipopt") is None:
        pytest.skip("needs cyipopt: see the README")
    module = importlib.import_module(f"tapec.interop.{name}")
    failed, attempted = doctest.testmod(module, extraglobs={"np": np, "tapec": tapec})
    assert attempted
    assert not failed
