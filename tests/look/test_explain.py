"""`Kernel.explain`: what is said of real programs is what happened to them."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available
from tapec.errors import BackendError, BackendWarning

native = pytest.mark.skipif(not available()[0], reason=available()[1])
X = np.linspace(0.1, 1.0, 1000)


def chain(x):
    return np.sum(np.sin(x) * np.exp(-(x**2)) + x)


def steps(x):
    s = x
    for _ in tapec.rolled(range(1000)):
        s = s + 0.1 * np.sin(s)
    return np.sum(s)


def rows(text: str) -> list[tuple[str, ...]]:
    """The lines of the table of stages, cut into words."""
    table = text.splitlines()[2:]
    end = next(k for k, line in enumerate(table) if line.startswith("total"))
    return [tuple(line.split()) for line in table[: end + 1]]


@native
@pytest.mark.parametrize("product", ["value", "grad", "hvp"])
def test_stages_from_trace_to_machine_code(product: str) -> None:
    kernel = tapec.compile(chain) if product == "value" else getattr(tapec, product)(chain)
    args = (X, X) if product == "hvp" else (X,)
    found = rows(kernel.explain(*args))
    names = [row[0] for row in found]
    assert names[0] == "trace"
    assert {"fold", "simplify", "cse", "dce"} < set(names)
    assert names[-4:] == ["emit", "assemble", "link", "total"]
    emitted, assembled = found[-4], found[-3]
    llvm = kernel.ir("llvm", *args)
    assert emitted[3] == "lines"
    assert int(emitted[2]) >= llvm.count("\n")
    assert assembled[1] == emitted[2]
    assert assembled[3] == "bytes"
    milliseconds = [float(row[-1]) for row in found]
    assert sum(milliseconds[:-1]) == pytest.approx(milliseconds[-1], abs=0.01 * len(found))


# Reports of derivatives, their derivations, and how often something is traced: what is derived is
# traced and cleaned before, the whole again after.
DERIVED = {
    "grad": (lambda: tapec.grad(chain).explain(X), ["value_and_gradient"], 2),
    "hessian": (
        lambda: tapec.hessian(chain).explain(X[:5]),
        ["jacobian_func", "jacobian_of_jacobian"],
        3,
    ),
    "hvp": (lambda: tapec.hvp(chain).explain(X, X), ["value_and_gradient", "along"], 2),
    "vmap": (lambda: tapec.vmap(np.sin).explain(X[None]), ["batch"], 2),
    "gnvp": (lambda: tapec.gnvp(np.sin).explain(X, X), ["along", "across"], 2),
}


@pytest.mark.parametrize("name", DERIVED)
def test_derivations_are_stages(name: str) -> None:
    report, wanted, traces = DERIVED[name]
    names = [row[0] for row in rows(report())]
    made = {step for _, steps, _ in DERIVED.values() for step in steps}
    assert [n for n in names if n in made] == wanted
    assert names.count("trace") == traces


@native
def test_sizes_are_those_of_the_programs() -> None:
    kernel = tapec.compile(steps)
    found = {row[0]: row for row in rows(kernel.explain(X))}
    for name, stage in (("trace", "trace"), ("dce", "optimized"), ("emit", "loops")):
        ops = re.findall(r"^ +(?:%.* = )?[a-z_]+ ", kernel.ir(stage, X), re.MULTILINE)
        ops = [op for op in ops if op.split()[0] not in ("yield", "return")]
        assert int(found[name][1 if name == "emit" else 2]) == len(ops)


@native
def test_what_is_fused_is_listed() -> None:
    text = tapec.compile(chain).explain(X)
    assert "array operations in 1 nest\n" in text
    (nest,) = re.findall(r"^  1000 vector: (.*)$", text, re.MULTILINE)
    assert {"sin", "exp"} <= set(re.findall(r"[a-z]+", nest))


@native
def test_memory_is_told_in_bytes() -> None:
    text = tapec.grad(steps).explain(np.ones(3))
    assert "arguments 24 bytes, results 24 bytes, work 24000 bytes" in text
    assert "work arrays: f64[1000,3]" in text
    assert "work 0 bytes" in tapec.compile(chain).explain(X)


@native
def test_tapes_and_calls_of_libraries_are_told() -> None:
    def halved(x):
        while np.sum(x) > 1.0:
            x = np.sin(x) * 0.5
        return np.sum(x)

    assert "tapes that grow while it runs: 1" in tapec.grad(halved).explain(np.ones(3))
    square = np.eye(200)
    assert "gemm x1" in tapec.compile(lambda a: a @ a).explain(square)


@native
def test_what_python_computes_is_told() -> None:
    def outside(x):
        return np.sort(x) * 2.0

    kernel = tapec.compile(lambda x: tapec.opaque(outside, like=np.zeros(4))(x) + 1.0)
    assert "calls: Python's " in kernel.explain(np.ones(4))


def test_the_interpreter_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tapec.compile(chain, backend="numpy").explain(X)
    assert asked.endswith("backend: NumPy interpreter, as asked for")

    def refuse(*args, **kwargs):
        raise BackendError("no rule for this op")

    monkeypatch.setattr("tapec.backends.llvm.compile.compile_func", refuse)
    with pytest.warns(BackendWarning, match="no rule for this op") as caught:
        fallen = tapec.compile(lambda x: np.cos(x)).explain(X)
    assert fallen.endswith("backend: NumPy interpreter, no rule for this op")
    if available()[0]:
        assert caught[0].filename == __file__


def test_loops_and_branches_of_python_are_told() -> None:
    assert "loop of 1000" in tapec.compile(steps, backend="numpy").explain(X)


def test_nothing_is_warned_of_what_is_native() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tapec.compile(chain).explain(X)
