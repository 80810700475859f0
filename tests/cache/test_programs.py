"""Programs of all kinds, twice: the second process has the same numbers without compiling."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.cache.shared import CACHE
from tapec.cache.store import Store
from tests.support.processes import fresh, write

TEXT = """\
import functools
import math
from dataclasses import dataclass
from typing import NamedTuple
import numpy as np
import scipy.special
import tapec

K = 2.0
BIG = np.linspace(0.0, 1.0, 64)

def plain(x):
    return np.sum(np.sin(x) * K)

def loop(x):
    y = x[0]
    for k in range(len(x)):
        if x[k] > 0.5:
            y = y * x[k] + K
    return y

def long_loop(x):
    y = x.copy()
    for _ in range(500):
        y = np.sin(y) * 0.9
    return np.sum(y)

def writes(x):
    x[0] = 2.0 * x[1]
    return np.sum(x ** 2)

def views(x):
    return x[1:], x * 2.0, x

def nested(x):
    return {"a": x[0] * 2.0, "b": (x ** 2, [x[1]])}

def captured(x):
    return np.sum(x * BIG[: 3]) + np.sum(BIG ** 2) * x[0]

def matrix(x):
    a = np.outer(x, x) + np.eye(3)
    return np.sum(np.linalg.solve(a, x)) + np.linalg.det(a) + np.sum(np.linalg.cholesky(a))

def product(x):
    a = np.ones((80, 80)) * x[0]
    return np.sum(a @ a)

def special(x):
    return np.sum(scipy.special.gammaln(x + 1.0) + scipy.special.i0(x) + scipy.special.erf(x))

def raising(x):
    if x[0] > 100.0:
        raise ValueError("too large")
    return x[0] ** 2

def rotated(x):
    return np.exp(1j * x) * (2.0 + 1j)

def spectrum(x):
    return np.sum(np.abs(np.fft.fft(x)) ** 2)

def constant(x):
    return x * np.arange(3) + np.array([1.0, 2.0, 3.0])

@tapec.custom_rule
def ruled(x):
    return x * x

ruled.rules["jvp"] = lambda p, t: (p[0] * p[0], 3.0 * p[0] * t[0])

def with_rule(x):
    return np.sum(ruled(x))

root = tapec.implicit(lambda a: np.sqrt(a), lambda x, a: x * x - a)

def with_implicit(x):
    return root(x[0]) * x[1]

def with_checkpoint(x):
    return np.sum(tapec.checkpoint(lambda z: np.sin(np.cos(z)))(x))

def with_scan(x):
    y, ys = tapec.scan(lambda c, a: (c * a, c), 1.0, x)
    return y + np.sum(ys)

def with_grad(x):
    return tapec.grad(plain)(x)[0] * x[1]

compiled = tapec.compile(plain)

def with_kernel(x):
    return compiled(x) ** 2

class Model:
    def __init__(self, k):
        self.k = k
        self.calls = 0
    def energy(self, x):
        return self.k * np.sum(x ** 2)
    def __call__(self, x):
        return self.energy(x) + 1.0

model = Model(1.5)
energy = model.energy
partial = functools.partial(lambda a, x: a * np.sum(x), 3.0)
lambda_ = lambda x: np.sum(np.exp(x))
vectorized = np.vectorize(lambda t: t * t + K)

def with_vectorize(x):
    return np.sum(vectorized(x))

def records(p):
    return p.u * np.sum(p.v)

class Pair(NamedTuple):
    u: float
    v: object

@dataclass
class Box:
    u: float
    v: object
    def total(self):
        return self.u * np.sum(self.v)

def of_box(p):
    return p.total()

def count(x, n):
    y = x
    for _ in range(n):
        y = y * x
    return np.sum(y)
"""
NAMES = """plain loop long_loop writes views nested captured matrix product special raising constant rotated spectrum
with_rule with_implicit with_checkpoint with_scan with_grad with_kernel model energy partial lambda_
with_vectorize""".split()
X = np.array([0.3, 0.8, 1.1])
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value": tapec.compile,
    "grad": tapec.grad,
    "value_and_grad": tapec.value_and_grad,
    "jacobian": tapec.jacobian,
    "hessian": tapec.hessian,
    "vmap": lambda f: tapec.vmap(tapec.compile(f)),
    "hvp": tapec.hvp,
}
NOT_SCALAR = {"views", "nested", "constant", "rotated"}


@pytest.fixture
def module(disk: Store, tmp_path: Path) -> Callable[[], Any]:
    write(tmp_path, "programs", TEXT)
    return functools.partial(fresh, tmp_path, "programs")


def leaves(found: Any) -> list[Any]:
    from tapec.tree import flatten

    return [np.asarray(x) for x in flatten(found)[0]]


def run(kernel: Any, *args: Any) -> tuple[list[Any], str]:
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    found = leaves(kernel(*given)) + [a for a in given if isinstance(a, np.ndarray)]
    return found, kernel.specialization(*args).program.kept


def twice(module: Callable[[], Any], make: Callable[[Any], Any], *args: Any) -> None:
    """The second process has what the first one made, and the same bits."""
    first, note = run(make(module()), *args)
    assert note == "compiled, and kept"
    second, note = run(make(module()), *args)
    assert note.startswith("from disk"), note
    CACHE.enabled = False
    third, _ = run(make(module()), *args)
    CACHE.enabled = True
    for a, b, c in zip(first, second, third, strict=True):
        assert a.dtype == b.dtype
        assert a.strides == b.strides
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


@pytest.mark.parametrize("name", NAMES)
def test_values(module: Callable[[], Any], name: str) -> None:
    twice(module, lambda m: tapec.compile(getattr(m, name)), X)


@pytest.mark.slow
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", [n for n in NAMES if n not in NOT_SCALAR])
def test_derivatives(module: Callable[[], Any], name: str, transform: str) -> None:
    args = {"vmap": (np.stack([X, 2 * X]),), "hvp": (X, X)}.get(transform, (X,))
    twice(module, lambda m: TRANSFORMS[transform](getattr(m, name)), *args)


def test_gradient(module: Callable[[], Any]) -> None:
    twice(module, lambda m: tapec.grad(m.loop), X)


@pytest.mark.parametrize("layout", ["strided", "fortran", "float32", "python"])
def test_signatures(module: Callable[[], Any], layout: str) -> None:
    a = np.arange(12.0).reshape(3, 4) / 10
    args = {"strided": a[:, ::2], "fortran": a.T, "float32": a.astype(np.float32),
            "python": 0.5}  # fmt: skip
    twice(module, lambda m: tapec.compile(lambda x: m.np.cumsum(m.np.sin(x * 1.0))), args[layout])


def test_arguments_of_the_users_classes(module: Callable[[], Any]) -> None:
    twice(module, lambda m: lambda_kernel(m.records, m.Pair), X)
    twice(module, lambda m: lambda_kernel(m.of_box, m.Box), X)


def lambda_kernel(f: Any, kind: Any) -> Any:
    inner = tapec.grad(f)

    class Call:
        def __call__(self, x: Any) -> Any:
            return inner(kind(2.0, x))

        def specialization(self, x: Any) -> Any:
            return inner.specialization(kind(2.0, x))

    return Call()


def test_methods_of_classes_of_arguments(module: Callable[[], Any], tmp_path: Path) -> None:
    first = module()
    assert tapec.compile(first.of_box)(first.Box(2.0, X)) == first.Box(2.0, X).total()
    write(tmp_path, "programs", TEXT.replace("self.u * np.sum(self.v)", "self.u + np.sum(self.v)"))
    second = module()
    assert tapec.compile(second.of_box)(second.Box(2.0, X)) == second.Box(2.0, X).total()


def test_static_arguments(module: Callable[[], Any]) -> None:
    for n in (2, 3, 2.0 > 1.0):
        for make in (functools.partial(tapec.compile, static_argnums=1), tapec.compile):
            twice(module, lambda m, make=make: make(m.count), X, n)  # type: ignore[misc]
            CACHE.store.clear()  # type: ignore[union-attr]


def test_errors_are_raised(module: Callable[[], Any]) -> None:
    for _ in range(2):
        kernel = tapec.compile(module().raising)
        kernel(X)
        with pytest.raises(ValueError, match="too large"):
            kernel(X + 100.0)


def test_captured_state_is_live(module: Callable[[], Any]) -> None:
    for k in range(3):
        m = module()
        kernel = tapec.compile(m.captured)
        assert np.isclose(kernel(X), m.captured(X))
        m.BIG[:] = k
        assert np.isclose(kernel(X), m.captured(X))
        m.BIG = np.ones(64)
        assert np.isclose(kernel(X), m.captured(X))
        m.K = 5.0
        plain = tapec.compile(m.plain)
        for factor in (5.0, 6.0, 7.0, 2.0):
            m.K = factor
            assert np.isclose(plain(X), m.plain(X))
        energy = tapec.compile(m.energy)
        for factor in (1.5, 2.5, 3.5):
            m.model.k = factor
            assert np.isclose(energy(X), m.energy(X))


def test_explain_and_stages_of_what_comes_from_disk(module: Callable[[], Any]) -> None:
    texts: list[list[str]] = []
    for note in ("cache: compiled, and kept", "cache: from disk in "):
        kernel = tapec.grad(module().loop)
        kernel(X)
        assert note in kernel.explain(X)
        texts.append([kernel.ir(s, X) for s in ("trace", "optimized", "loops", "llvm", "asm")])
        assert kernel.graph(X).number_of_nodes() > 0
        turned = tapec.compile(module().rotated)
        assert note in turned.explain(X)
        texts[-1] += [turned.ir(s, X) for s in ("loops", "llvm")]
    assert texts[0] == texts[1]


@pytest.mark.filterwarnings("ignore:slow")
@pytest.mark.parametrize(("body", "why"), [
    ("print('here')\n    return x", "print"),
    ("return x * len(os.environ.get('HOME', ''))", "os"),
    ("return x * open(__file__).read().count('x')", "open"),
    ("return x + np.loadtxt(io.StringIO('1.0'))", "loadtxt|StringIO|io"),
    ("return x * time.daylight", "time"),
    ("return x * (hash('a') % 7)", "hash"),
    ("return x * RNG.normal()", "."),
    ("return x * next(NUMBERS)", "."),
    ("import os\n    return x * len(os.sep)", "os"),
    ("import time as t\n    return x * t.daylight", "time"),
    ("warnings.warn('slow')\n    return x", "warnings"),
    ("CALLS.append(1)\n    return x", "."),
    ("return x * builtins.eval('2.0')", "eval"),
    ("return x * (np.datetime64('now') > np.datetime64('2000-01-01'))", "datetime64"),
    ("return x * operator.methodcaller('upper')('a').count('A')", "methodcaller"),
    ("return x * len(fields.__doc__)", "__doc__"),
    ("return x * remembered()", "remembers"),
])  # fmt: skip
def test_what_has_no_key_is_compiled(disk: Store, tmp_path: Path, body: str, why: str) -> None:
    head = "import builtins, functools, io, itertools, operator, os, time, warnings\nimport numpy as np\n"
    head += "RNG = np.random.default_rng(0)\nNUMBERS = itertools.count(1)\nCALLS = []\n"
    head += (
        "def fields():\n    'text'\nremembered = functools.lru_cache(lambda: 2.0)\nremembered()\n"
    )
    write(tmp_path, "outside", f"{head}\ndef f(x):\n    {body}\n")
    for _ in range(2):
        kernel = tapec.compile(fresh(tmp_path, "outside").f)
        try:
            kernel(X)
        except tapec.TapecError:
            continue  # refused, which is as good
        assert re.search(f"not kept: .*({why})", kernel.explain(X))


def test_objects_that_fail_when_looked_at(
    module: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: Any) -> Any:
        raise OSError("not there")

    monkeypatch.setattr("tapec.call.cached.Fingerprint", failing)
    kernel = tapec.compile(module().plain)
    assert kernel(X) == module().plain(X)
    assert "cache: not kept: OSError" in kernel.explain(X)


def test_registered_classes_have_no_key(disk: Store, tmp_path: Path) -> None:
    text = ("import abc\nclass Kind(abc.ABC):\n    pass\nclass Some:\n    pass\nsome = Some()\n"
            "def f(x):\n    return 2.0 * x if isinstance(some, Kind) else x\n")  # fmt: skip
    write(tmp_path, "kinds", text)
    for _ in range(2):
        assert np.array_equal(tapec.compile(fresh(tmp_path, "kinds").f)(X), X)
    write(tmp_path, "kinds", f"{text}Kind.register(Some)\n")
    assert np.array_equal(tapec.compile(fresh(tmp_path, "kinds").f)(X), 2.0 * X)


# Neither derivatives nor passes, nor lowering; of tracing the walk over captured state.
WARM_ROOMS = "backends cache call config derive errors ir lazy pipeline trace tree"


def test_another_process_finds_it(disk: Store, tmp_path: Path) -> None:
    import os
    import subprocess

    write(tmp_path, "script", "import numpy as np, tapec\n\ndef f(x):\n    y = x[0]\n"
          "    for k in range(3):\n        y = y * np.sin(x[k])\n    return y\n\n"
          "g = tapec.grad(f)\nx = np.array([0.3, 0.8, 1.1])\nprint(g(x).tolist())\n"
          "print(g.specialization(x).program.kept[:9])\nimport sys\n"
          "print(*[m for m in sys.modules if m.startswith('tapec.')])\n")  # fmt: skip
    env = {**os.environ, "TAPEC_CACHE": "1", "TAPEC_CACHE_DIR": str(tmp_path / "cache")}
    runs = [
        subprocess.run([sys.executable, str(tmp_path / "script.py")], env=env, text=True,
                       capture_output=True, check=True).stdout.splitlines()
        for _ in range(2)
    ]  # fmt: skip
    assert runs[0][0] == runs[1][0]
    assert [r[1] for r in runs] == ["compiled,", "from disk"]
    loaded = set(runs[1][2].split())
    assert {m.split(".")[1] for m in loaded} == {*WARM_ROOMS.split()}
    assert not loaded & {"tapec.trace.entry", "tapec.ir.core", "tapec.backends.llvm.compile"}
    assert "tapec.lower" in runs[0][2].split()
