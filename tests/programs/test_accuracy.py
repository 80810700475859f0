"""Every elementwise function and its derivatives against mpmath, to the bound stated in its case."""

from __future__ import annotations

import numpy as np
import pytest
from support import accuracy_parameters
from support.accuracy import errors
from support.accuracy_cases import CASES, SPECIAL, UNLIKE, Accuracy

import tapec


def label(case: Accuracy) -> str:
    return case.name + (" second" if case.swapped else "")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("case", CASES, ids=label)
def test_errors_are_within_the_bounds(case: Accuracy, backend: str) -> None:
    found = list(errors(case, backend))
    bad = [row for row in found if row[3] > case.bounds[row[2]]]
    assert found
    assert not bad


@pytest.mark.slow
@pytest.mark.parametrize("case", accuracy_parameters.CASES, ids=lambda case: case.name)
def test_slopes_by_parameters_are_within_the_bounds(case: accuracy_parameters.ByParameter) -> None:
    _, *slopes = accuracy_parameters.errors(case)
    assert all(e <= bound for e, bound in zip(slopes, case.bounds, strict=True)), slopes


@pytest.mark.parametrize("backend", ["llvm", pytest.param("numpy", marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES, ids=label)
def test_values_out_of_the_ordinary_are_those_of_numpy_and_scipy(case, backend) -> None:
    for _, f, _ in case.calls():
        with np.errstate(all="ignore"):
            want = np.asarray(f(SPECIAL))
        got = np.asarray(tapec.compile(f, backend=backend)(SPECIAL))
        numbers = np.isfinite(want) & (np.abs(want) > 1e-290)
        close = np.abs(got - want) <= 1e-13 * np.maximum(np.abs(want), 1.0)
        tiny = (np.abs(want) <= 1e-290) & (np.abs(got) <= 1e-289)
        same = np.where(numbers, close, tiny | (got == want) | (np.isnan(got) & np.isnan(want)))
        same |= np.isin(SPECIAL, UNLIKE.get(case.name, ()))
        assert same.all(), list(zip(SPECIAL[~same], got[~same], want[~same], strict=True))
