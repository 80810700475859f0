"""What comes from disk in threads, forked children and pickles; entries that cannot be used."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.shared import CACHE
from tapec.cache.store import MAGIC, Store
from tapec.call import recalled
from tests.support.processes import fresh, write

TEXT = """\
import numpy as np

def f(x):
    y = x[0]
    for k in range(3):
        y = y * np.sin(x[k])
    return y

g = lambda x: np.sum(np.exp(x))
"""
X = np.array([0.3, 0.8, 1.1])


@pytest.fixture
def folder(disk: Store, tmp_path: Path) -> Path:
    write(tmp_path, "made", TEXT)
    return tmp_path


def kept(kernel: Any) -> str:
    return str(kernel.specialization(X).program.kept)


def test_threads_share_the_entries(folder: Path) -> None:
    def work(k: int) -> Any:
        return tapec.grad(module.f)(X)

    for _ in range(2):
        module = fresh(folder, "made")
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(work, range(12)))
        assert all(np.array_equal(found[0], other) for other in found)
    assert kept(tapec.grad(module.f)).startswith("from disk")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_read_and_write(folder: Path, disk: Store) -> None:
    module = fresh(folder, "made")
    tapec.compile(module.f)(X)
    pid = os.fork()
    if pid == 0:
        right = kept(tapec.compile(module.f)).startswith("from disk")
        right &= bool(np.isclose(tapec.compile(module.g)(X), module.g(X)))
        os._exit(0 if right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert kept(tapec.compile(module.g)).startswith("from disk")


def test_pickles_of_what_comes_from_disk(folder: Path) -> None:
    for _ in range(2):
        kernel = tapec.compile(fresh(folder, "made").g)
        value = kernel(X)
        again = pickle.loads(pickle.dumps(kernel))
        assert again(X) == value


def test_a_kernel_in_a_kernel(folder: Path) -> None:
    for _ in range(2):
        module = fresh(folder, "made")
        inner = tapec.compile(module.f)
        inner(X)
        module.inner = inner
        outer = tapec.grad(lambda x, inner=inner: inner(x) ** 2)
        assert np.allclose(outer(X), 2 * module.f(X) * tapec.grad(module.f)(X))


def test_kernels_of_sparse_derivatives(folder: Path) -> None:
    notes = []
    for _ in range(2):
        module = fresh(folder, "made")
        sparse = tapec.jacobian(lambda x, m=module: m.np.sin(x[1:] * x[:-1]), sparse=True)
        found = sparse(X)
        assert np.allclose(found.toarray(), tapec.jacobian(lambda x: np.sin(x[1:] * x[:-1]))(X))
        assert found.nnz == 4
        notes.append(sparse.kernel(X)._programs()[0].program.kept[:9])
    assert notes == ["compiled,", "from disk"]


def broken(disk: Store, change: Any) -> None:
    for path, _ in [*disk.entries()]:
        file = Path(path)
        file.write_bytes(change(file.read_bytes()))


@pytest.mark.parametrize("change", [lambda d: b"", lambda d: d[:100], lambda d: MAGIC + d])
def test_damaged_entries_are_compiled_again(folder: Path, disk: Store, change: Any) -> None:
    value = tapec.compile(fresh(folder, "made").f)(X)
    broken(disk, change)
    kernel = tapec.compile(fresh(folder, "made").f)
    assert kernel(X) == value
    assert "cache: compiled again: " in kernel.explain(X)
    assert kept(tapec.compile(fresh(folder, "made").f)).startswith("from disk")


def test_code_that_does_not_link_is_compiled_again(
    folder: Path, disk: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = recalled.entry_of

    def unlinkable(special: Any) -> Any:
        entry = first(special)
        code = recalled.CompiledEntry(*entry).code
        image = code.image.replace(b"tapec.new", b"tapec.old").replace(b"PyFloat_F", b"PyFloat_G")
        return entry._replace(code=type(code)(image, code.imports, code.exports))

    monkeypatch.setattr("tapec.call.cached.entry_of", unlinkable)
    value = tapec.grad(fresh(folder, "made").f)(X)
    kernel = tapec.grad(fresh(folder, "made").f)
    assert np.array_equal(kernel(X), value)
    assert "cache: compiled again: compiled code does not link" in kernel.explain(X)


def test_results_of_a_class_that_is_gone(folder: Path, tmp_path: Path) -> None:
    text = (
        "from typing import NamedTuple\nimport numpy as np\nclass Two(NamedTuple):\n    a: float\n"
    )
    write(tmp_path, "pairs", text)
    write(tmp_path, "made", "import numpy as np\nfrom pairs import Two\nh = lambda x: Two(x[0])\n")
    assert tapec.compile(fresh(tmp_path, "pairs", "made").h)(X).a == 0.3
    write(tmp_path, "pairs", text.replace("Two", "Both") + "Two = lambda a: Both(2 * a)\n")
    module = fresh(tmp_path, "pairs", "made")
    assert tapec.compile(module.h)(X) == module.h(X)


def test_the_script_that_runs_is_cached_too(tmp_path: Path) -> None:
    code = ("import numpy as np, tapec\n@tapec.compile\ndef f(x):\n    return np.sum(x ** K)\n"
            "K = 2.0\nx = np.arange(3.0)\nprint(f(x), f.specialization(x).program.kept[:9])\n")  # fmt: skip
    env = {**os.environ, "TAPEC_CACHE": "1", "TAPEC_CACHE_DIR": str(tmp_path / "cache")}

    def run(text: str) -> str:
        (tmp_path / "script.py").write_text(text)
        return subprocess.run([sys.executable, str(tmp_path / "script.py")], env=env, text=True,
                              capture_output=True, check=True).stdout.strip()  # fmt: skip

    assert [run(code), run(code)] == ["5.0 compiled,", "5.0 from disk"]
    assert run(code.replace("K = 2.0", "K = 3.0")) == "9.0 compiled,"


def test_nothing_is_written_where_it_is_off(folder: Path, disk: Store) -> None:
    CACHE.enabled = False
    tapec.compile(fresh(folder, "made").f)(X)
    assert disk.size() == (0, 0)
