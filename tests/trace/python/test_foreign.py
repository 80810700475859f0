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
    (lambda a: scipy.signal.sawtooth(a), r"scipy\.signal\.\w*sawtooth"),
    (lambda a: scipy.signal.order_filter(a, np.eye(3), 1), r"scipy\.signal\.\w*order_filter"),
    (lambda a: scipy.linalg.bandwidth(a), r"scipy\.linalg\.bandwidth cannot"),
    (lambda a: scipy.signal.correlate2d(a, a), r"scipy\.signal\.\w*correlate2d"),
    (lambda a: scipy.signal.medfilt(a), r"scipy\.signal\.\w*medfilt"),
    (lambda a: scipy.signal.find_peaks(a[0])[0], r"scipy\.signal\.\w*find_peaks"),
    (lambda a: statistics.mean(a[0]), r"statistics\.mean"),
])  # fmt: skip
def test_the_line_is_the_users(f: Any, name: str) -> None:
    with pytest.raises(TraceError, match=name) as info:
        tapec.compile(f)(A)
    assert "test_foreign.py" in str(info.value)
    assert "tapec.implicit" in str(info.value)


@pytest.mark.parametrize("f", [
    lambda a: scipy.signal.medfilt(a),
    lambda a: scipy.signal.correlate2d(a, a),
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
