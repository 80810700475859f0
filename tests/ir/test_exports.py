"""Routines of SciPy's BLAS and LAPACK are found without importing all of `scipy.linalg`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tapec.ir.exports import addresses

CODE = """
import sys
{before}
import numpy as np, tapec
a = np.random.default_rng(0).normal(size=(90, 90))
found = tapec.compile(np.linalg.inv)(a), tapec.compile(lambda a: a @ a)(a)
assert ("scipy.linalg" in sys.modules) == bool("{before}")
import scipy.linalg, scipy.optimize
from scipy.linalg import cython_blas
assert scipy.linalg.cython_lapack.__pyx_capi__ and cython_blas.__pyx_capi__
np.testing.assert_allclose(found[0], scipy.linalg.inv(a), rtol=1e-8)
np.testing.assert_allclose(found[1], a @ a, rtol=1e-10, atol=1e-10)
"""


@pytest.mark.parametrize("before", ["", "import scipy.linalg"])
def test_kernels_before_and_after_the_package(before: str) -> None:
    code = CODE.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_missing_is_nothing() -> None:
    assert addresses("cython_nothing", ("dgemm",), "p.") == {}
    assert addresses("cython_blas", ("no_such_routine",), "p.") == {}
    assert list(addresses("cython_blas", ("dgemm",), "p.")) == ["p.dgemm"]
