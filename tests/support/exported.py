"""Exported kernels in a program without Python, against the same kernels in Python, to the bit."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy

from tapec.call.products import asked, product
from tapec.export.names import identifier
from tapec.tree import flatten

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@functools.cache
def scipy_blas() -> tuple[str, ...]:
    """Arguments that link SciPy's own BLAS, whose symbols are `scipy_{}_`; empty without one."""
    folder = Path(scipy.__file__).parents[1] / "scipy.libs"
    found = sorted(folder.glob("libscipy_openblas*.so"))
    return (str(found[0]), f"-Wl,-rpath,{folder}") if found else ()


def compiled(exported: Any, *link: str) -> Path:
    """The example, compiled with all warnings as errors."""
    program = exported.example.with_suffix("")
    run(
        "cc", *STRICT, str(exported.example), str(exported.object), "-o", str(program), *link, "-lm"
    )
    return program


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def printed(program: Path) -> dict[str, dict[str, list[str]]]:
    """What the example prints: function -> result -> elements."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in run(str(program), "--all").splitlines():
        place, _, value = line.partition(" = ")
        function, _, element = place.partition(" ")
        found[function][element.partition("[")[0]].append(value.split()[-1])
    return found


def bits(values: Sequence[str], like: np.ndarray[Any, Any]) -> bytes:
    """Printed elements as memory."""
    read: Callable[[str], Any] = float.fromhex if like.dtype.kind == "f" else int
    return np.array([read(v) for v in values], like.dtype).tobytes()


def same_bits(
    exported: Any, kernel: Any, args: Sequence[Any], of: Sequence[str], *link: str, **options: Any
) -> None:
    """Compare what the program prints with what Python gives, product by product."""
    found = printed(compiled(exported, *link))
    question = asked(kernel, options.get("argnums", 0), tuple(args), options.get("sparse", False))
    for each, function in zip(of, exported.functions, strict=True):
        p = product(each, question)
        wanted = flatten(p.kernel(*p.args))[0]
        given = list(found[function].values())
        assert len(given) == len([w for w in wanted if np.size(w)]), function
        for values, array in zip(given, (a for a in wanted if np.size(a)), strict=True):
            array = np.asarray(getattr(array, "data", array) if hasattr(array, "nnz") else array)
            assert bits(values, array) == np.ascontiguousarray(array).tobytes(), function


def check(folder: Path, kernel: Any, args: Sequence[Any], of: Sequence[str], **options: Any) -> Any:
    """Export, compile, run, compare; with SciPy's BLAS."""
    link = scipy_blas()
    blas = {"blas": "scipy_{}_", "link": link} if link else {}
    chosen = {k: v for k, v in options.items() if k in ("argnums", "sparse")}
    exported = kernel.export(folder / identifier(kernel.__name__), *args, of=of, **blas, **options)
    same_bits(exported, kernel, args, of, *link, **chosen)
    return exported
