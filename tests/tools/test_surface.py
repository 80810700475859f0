"""The page of functions that work is made by calling them, and it is what this version does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import scipy

from tapec.tools import surface

PAGE = (Path(__file__).parents[2] / "docs" / "surface.md").read_text()


def same_versions() -> bool:
    return f"NumPy {np.__version__} and SciPy {scipy.__version__}" in PAGE


@pytest.mark.parametrize(
    ("module", "function", "state"),
    [
        ("numpy", np.sin, surface.NATIVE),
        ("numpy", np.cumsum, surface.NATIVE),
        ("numpy.linalg", np.linalg.eig, surface.CALLED),
        ("numpy", np.finfo, surface.ASIDE),
        ("numpy", np.union1d, surface.REFUSED),
    ],
)
def test_a_function_is_called(module: str, function: object, state: str) -> None:
    found = surface.probe(module, function.__name__, function)  # type: ignore[attr-defined]
    assert found.state == state
    assert bool(found.said) == (state == surface.REFUSED)


def test_a_wrong_result_is_no_success() -> None:
    state, _ = surface._traced(np.sin, (np.ones(3),), [np.full(3, 7.0)])
    assert state == surface.WRONG


@pytest.mark.parametrize("module", ["numpy.linalg", "numpy.fft", "scipy.integrate"])
def test_the_page_is_fresh(module: str) -> None:
    if not same_versions():
        pytest.skip("the page is of other versions")
    section = surface.markdown(surface.survey([module])).partition("\n## ")[2]
    assert section.strip() in PAGE


@pytest.mark.slow
def test_the_whole_page_is_fresh() -> None:
    if not same_versions():
        pytest.skip("the page is of other versions")
    assert surface.markdown(surface.survey()) == PAGE


def test_at_least_nine_of_ten_work() -> None:
    """Of the modules of NumPy, by the page."""
    counts = dict(re.findall(r"^## (numpy[\w.]*)\n\n.*?(\d+ of \d+)", PAGE, re.MULTILINE))
    works, total = (sum(int(c.split(" of ")[k]) for c in counts.values()) for k in (0, 1))
    assert works >= 0.9 * total
    assert "**wrong**" not in PAGE
