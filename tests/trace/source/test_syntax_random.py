"""Random functions of Python, traced and interpreted, against Python itself."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.random_objects import ObjectSource
from support.random_source import Source

from tapec import compile as tapec_compile
from tapec.errors import TapecError

POINTS = [np.array([0.3, -0.7, 0.2, 0.9]), np.array([-0.3, 0.4, 1.2, -0.1])]
COUNTS = [np.array([3, 2]), np.array([0, 4])]
# A break that is certain only after two conditions that are not.
CERTAIN = """
def f(x, n):
    i, j, a = 1, 2, 0.5
    for k in range(n[1], 0, -1):
        i = i + k
        if n[0] > j:
            break
        if a < 0.0 < a:
            break
        if -0.5 < 0.06 < a:
            break
    return i * 1.0
"""


def loaded(source: str, path: Path) -> Any:
    """The function of a module with this text."""
    head = "" if source.startswith("import") else "import numpy as np\nfrom tapec import rolled\n"
    path.write_text(head + source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("seed", [None, *range(24)])
def test_traced_functions_do_what_python_does(seed: int | None, tmp_path: Path) -> None:
    source = CERTAIN if seed is None else Source(seed).function()
    f = loaded(source, tmp_path / "made.py")
    kernel = tapec_compile(f, backend="numpy")
    for x in POINTS:
        for n in COUNTS:
            want, got = f(x.copy(), n.copy()), kernel(x.copy(), n.copy())
            np.testing.assert_allclose(got, want, rtol=1e-9, err_msg=source)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("seed", range(100, 400))
def test_many_traced_functions_do_what_python_does(seed: int, tmp_path: Path) -> None:
    test_traced_functions_do_what_python_does(seed, tmp_path)


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("seed", range(30))
def test_objects_with_several_names(seed: int, tmp_path: Path) -> None:
    """The same result, or a refusal: never another result."""
    source = ObjectSource(seed).module()
    f = loaded(source, tmp_path / "made.py")
    kernel = tapec_compile(f, backend="numpy")
    for x in POINTS:
        want = f(x.copy())
        try:
            got = kernel(x.copy())
        except TapecError as refused:
            assert "made.py" in str(refused)  # noqa: PT017
            return
        np.testing.assert_allclose(got, want, rtol=1e-9, err_msg=source)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("seed", range(100, 700))
def test_many_objects_with_several_names(seed: int, tmp_path: Path) -> None:
    test_objects_with_several_names(seed, tmp_path)
