"""Errors inside other packages are told at the user's line, with what to do there."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.signal

import tapec
from tapec.errors import TraceError

A = np.eye(3) + 0.1


@pytest.mark.parametrize(("f", "name"), [
    (lambda a: scipy.signal.symiirorder1(a, a[0, 0], 0.3), r"scipy\.signal\.\w*symiirorder1"),
    (lambda a: scipy.signal.iircomb(a[0, 1], 5.0), r"scipy\.signal\.\w*iircomb"),
    (lambda a: scipy.linalg.bandwidth(a), r"scipy\.linalg\.bandwidth cannot"),
    (lambda a: scipy.signal.windows.tukey(5, a[0, 0]), r"scipy\.signal\.windows\.tukey"),
    (lambda a: statistics.mean(a[0]), r"statistics\.mean"),
])  # fmt: skip
def test_the_line_is_the_users(f: Any, name: str) -> None:
    with pytest.raises(TraceError, match=name) as info:
        tapec.compile(f)(A)
    assert "test_foreign.py" in str(info.value)
    assert "tapec.implicit" in str(info.value)


@pytest.mark.parametrize("f", [
    lambda a: scipy.signal.symiirorder1(a, 0.5, 0.3),
    lambda a: scipy.signal.symiirorder2(a, 0.5, 0.3),
    lambda a: scipy.linalg.bandwidth(a),
    lambda a: scipy.linalg.issymmetric(a),
])  # fmt: skip
def test_reasons_are_not_insides_of_python(f: Any) -> None:
    with pytest.raises(TraceError) as info:
        tapec.compile(f)(A)
    assert "test_foreign.py" in str(info.value)
    assert not any(w in str(info.value) for w in ("SystemError", "exception set", "_CopyMode"))


def test_mistakes_of_other_kinds_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match=r"square|expected"):
        tapec.compile(lambda a: a * scipy.linalg.expm(np.ones((2, 3)))[0, 0])(A)
    with pytest.raises(ZeroDivisionError):
        tapec.compile(lambda a: a * (1 / 0))(A)
