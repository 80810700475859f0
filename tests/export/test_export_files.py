"""What is written: headers that every compiler takes, libraries side by side, nothing by halves."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exported

import tapec
from tapec.errors import BackendError, ExportError

X = np.array([0.3, -0.2, 0.7])


def energy(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


def test_what_the_header_says(tmp_path: Path) -> None:
    def f(x: Any, double: float, flags: Any, mode: str) -> Any:
        if x[0] < -100.0:
            raise ValueError("x is small")
        return x[1:] * double, flags

    kernel = tapec.compile(f, static_argnames="mode")
    args = X, 2.0, np.array([True, False]), "fast"
    text = kernel.export(tmp_path / "my-f", *args, shared=False).header.read_text()
    declared = "int my_f(const double *x, double double_, const bool *flags, double *value0, bool *value1);"
    assert declared in text
    assert "mode = 'fast', part of the code" in text
    assert "#define MY_F_X_SIZE 3\n" in text
    assert "#define MY_F_VALUE0_SIZE 2\n" in text
    assert "101 is returned where Python raises ValueError: x is small" in text
    assert "Link with -lm." in text


def test_tables_of_a_sparse_jacobian(tmp_path: Path) -> None:
    f = tapec.compile(lambda x: x[1:] * x[:-1])
    made = f.export(tmp_path / "f", X, of="jac", sparse=True, shared=False)
    text = made.header.read_text()
    assert "static const int f_jac_row_starts[3] = {\n    0, 2, 4,\n};" in text
    assert "static const int f_jac_columns[4] = {\n    0, 1, 1, 2,\n};" in text
    assert "#define F_JAC_ROWS 2\n#define F_JAC_COLUMNS 3\n#define F_JAC_NONZEROS 4\n" in text


def test_sparse_blocks_of_several_arguments(tmp_path: Path) -> None:
    f = tapec.compile(lambda x, y: x * y)
    made = f.export(tmp_path / "f", X, X, of="jac", sparse=True, argnums=(0, 1), shared=False)
    assert "int f_jac(const double *x, const double *y, double *jac0, double *jac1);" in (
        made.header.read_text()
    )


def test_integers_that_decide_the_pattern_are_part_of_the_code(tmp_path: Path) -> None:
    def f(x: Any, i: Any) -> Any:
        return x[i] ** 2

    made = tapec.compile(f).export(
        tmp_path / "f", X, np.array([2, 0]), of="jac", sparse=True, shared=False
    )
    text = made.header.read_text()
    assert "int f_jac(const double *x, double *jac);" in text
    assert "i = an array int64[2], part of the code" in text


def test_sparse_kernels_offer_the_same(tmp_path: Path) -> None:
    jacobian = tapec.jacobian(lambda x: x[1:] * x[:-1], sparse=True, format="csc")
    out = np.empty(4)
    assert jacobian.ctypes(X)(X, out) == 0
    assert np.array_equal(out, jacobian(X).data)
    text = jacobian.export(tmp_path / "f.h", X, shared=False).header.read_text()
    assert "static const int f_value_column_starts[4] = {\n    0, 1, 3, 4,\n};" in text


@exported.needs_compiler
def test_several_functions_in_one_library(tmp_path: Path) -> None:
    def g(x: Any) -> Any:
        return x[1:] * x[:-1]

    parts = {
        "objective": (energy, X),
        "gradient": (tapec.grad(energy), X),
        "jacobian": (tapec.jacobian(g, sparse=True), X),
    }
    made = tapec.to_c(tmp_path / "files", parts, prefix="nlp", shared=False)
    assert made.functions == ("nlp_objective", "nlp_gradient", "nlp_jacobian")
    text = made.header.read_text()
    assert "enum nlp_status {" in text
    assert "static const int nlp_jacobian_columns[4]" in text
    found = exported.printed(exported.compiled(made))
    assert exported.bits(found["nlp_gradient"]["gradient"], X) == tapec.grad(energy)(X).tobytes()
    with pytest.raises(ExportError, match="nothing to export"):
        tapec.to_c(tmp_path / "none", {})


@exported.needs_compiler
def test_a_nonlinear_program(tmp_path: Path) -> None:
    p = tapec.nlp(energy, lambda x: (x[1:] * x[:-1], np.sum(x)), 3)
    made = p.export(tmp_path / "p", shared=False)
    text = made.header.read_text()
    assert (
        "int p_hessian(const double *x, double factor, const double *multipliers, double *hessian);"
        in text
    )
    assert "static const int p_jacobian_rows[7] = {\n    0, 0, 1, 1, 2, 2, 2,\n};" in text
    found = exported.printed(exported.compiled(made))
    x, weights = np.zeros(3), np.zeros(3)
    for name, wanted in {"jacobian": p.jacobian(x), "hessian": p.hessian(x, weights)}.items():
        assert exported.bits(found[f"p_{name}"][name], x) == wanted.tobytes()


def test_a_bundle_has_the_names_of_its_parts() -> None:
    function = tapec.derive(energy, "value", "grad").ctypes(X)
    assert function.__doc__.endswith("(const double *x, double *value, double *grad)")


@exported.needs_compiler
@pytest.mark.parametrize("name", ["kernel", "run", "chunk0", "double", "printf"])
def test_names_of_ours_and_of_c(name: str, tmp_path: Path) -> None:
    def f(x: Any, errno: float, NULL: float, asm: float) -> Any:
        return np.sum(x) * errno + NULL * asm

    made = tapec.compile(f).export(tmp_path / name, X, 2.0, 3.0, 4.0, shared=False)
    ((_, found),) = exported.printed(exported.compiled(made)).items()
    assert float.fromhex(found["value"][0]) == f(X, 2.0, 3.0, 4.0)


def test_names_differ_in_capitals_and_text_is_plain(tmp_path: Path) -> None:
    def f(x: Any, X: Any, é: Any) -> Any:
        return x * X * é

    text = tapec.compile(f).export(tmp_path / "f", X, X, 2.0, shared=False).header.read_text()
    assert "int f(const double *x, const double *X_2, double x_3, double *value);" in text


@exported.needs_compiler
def test_a_shared_library_beside_others_in_one_process(tmp_path: Path) -> None:
    a = tapec.compile(energy).export(tmp_path / "a", X, of=("value", "grad"))
    b = tapec.compile(lambda x: np.sum(x)).export(tmp_path / "b", X)
    first, second = ctypes.CDLL(str(a.library)), ctypes.CDLL(str(b.library))
    pointer, out = X.ctypes.data_as(ctypes.c_void_p), ctypes.c_double()
    assert first.a(pointer, ctypes.byref(out)) == 0
    assert out.value == tapec.compile(energy)(X)
    assert second.b(pointer, ctypes.byref(out)) == 0
    assert out.value == np.sum(X)
    exports = (
        exported.run("nm", "-D", "--defined-only", str(a.library)) if shutil.which("nm") else ""
    )
    names = {line.split()[-1] for line in exports.splitlines()}
    assert not names or names == {"a", "a_grad"}


@exported.needs_compiler
def test_two_objects_in_one_program_and_in_cpp(tmp_path: Path) -> None:
    kernel = tapec.compile(energy)
    for name in ("first", "second"):
        kernel.export(tmp_path / name, X, of=("value", "grad"), shared=False)
    source = tmp_path / "both.cpp"
    source.write_text(
        '#include "first.h"\n#include "second.h"\n'
        "int main() {\n"
        "    const double x[FIRST_X_SIZE] = {0.3, -0.2, 0.7};\n"
        "    double a, b;\n"
        "    int status = first(x, &a) | second(x, &b);\n"
        "    return status != FIRST_OK || a != b || *first_message(0) != 's';\n}\n"
    )
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    flags = ("-Wall", "-Wextra", "-Werror")
    objects = (str(tmp_path / "first.o"), str(tmp_path / "second.o"))
    exported.run(compiler, *flags, str(source), *objects, "-o", str(tmp_path / "both"), "-lm")
    exported.run(str(tmp_path / "both"))


@exported.needs_compiler
def test_statuses_instead_of_exceptions(tmp_path: Path) -> None:
    @tapec.compile
    def f(x: Any, i: Any) -> Any:
        if x[0] < 0.0:
            raise ValueError("negative")
        if x[0] > 5.0:
            raise KeyError("large")
        return x[i]

    library = ctypes.CDLL(str(f.export(tmp_path / "f", X, 1).library))
    out = ctypes.c_double()

    def status(first: float, i: int) -> int:
        x = np.array([first, 1.0, 2.0])
        return int(
            library.f(x.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(i), ctypes.byref(out))
        )

    assert [status(1.0, 2), status(1.0, 3), status(-1.0, 0), status(9.0, 0)] == [0, 1, 101, 102]


def test_captured_values_are_those_of_the_export(tmp_path: Path) -> None:
    weights = np.array([1.0, 2.0, 3.0])
    kernel = tapec.compile(lambda x: np.sum(weights * x))
    before = kernel.export(tmp_path / "f", X, shared=False).object.read_bytes()
    weights[0] = 5.0
    after = kernel.export(tmp_path / "f", X, shared=False).object.read_bytes()
    assert before != after


def test_a_method_and_a_folder(tmp_path: Path) -> None:
    class Model:
        def __init__(self, k: float) -> None:
            self.k = k

        @tapec.compile
        def energy(self, x: Any) -> Any:
            return self.k * np.sum(x**2)

    made = Model(2.0).energy.export(tmp_path, X, of=("value", "grad"), shared=False)
    assert made.functions == ("energy", "energy_grad")
    assert "int energy_grad(const double *x, double *grad);" in made.header.read_text()
    assert Model(2.0).energy.ctypes(X)(X) == Model(2.0).energy(X)


# ---- refusals ------------------------------------------------------------------------------------


def refused(
    match: str, f: Any, *args: Any, kind: type[Exception] = ExportError, **options: Any
) -> None:
    with pytest.raises(kind, match=match):
        tapec.compile(f).export(options.pop("path"), *args, **options)


def test_what_has_no_form_in_c(tmp_path: Path) -> None:
    from scipy.special import jv

    path, log = tmp_path / "out" / "f", []
    opaque = tapec.opaque(lambda x: np.asarray(x) * 2.0, like=X)
    refused("calls .* in Python", lambda x: opaque(x), X, path=path)
    refused("scipy.special.jv, which", lambda x: jv(1.0, x), X, path=path)
    refused("changes objects outside", lambda x: log.append(np.sum(x)), X, path=path)
    refused("a result is a str", lambda x: (x, "text"), X, path=path)
    refused("there is no 'slope'", energy, X, path=path, of="slope")
    refused("names a product twice", energy, X, path=path, of=("grad", "grad"))
    refused("nothing to export", energy, X, path=path, of=())
    refused("argnums=3 for 1", energy, X, path=path, of="grad", argnums=3)
    refused("no processor 'abacus'", energy, X, path=path, cpu="abacus", kind=BackendError)
    refused("names no routine", energy, X, path=path, blas="dgemm_")
    refused("C library that the code calls", lambda x: np.sin(x), 0.5, path=tmp_path / "sin")
    assert not path.parent.exists()


def test_nothing_is_written_where_linking_fails(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "f"
    monkeypatch.setenv("CC", "no-such-compiler")
    refused("no C compiler 'no-such-compiler'", energy, X, path=path)
    monkeypatch.setenv("CC", "false")
    refused("linking failed", energy, X, path=path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("CC")
    made = tapec.compile(energy).export(path, X, shared=False)
    assert made.library is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.h", "f.o", "f_example.c"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused("cannot write to", energy, X, path=tmp_path / "f")


def test_a_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused("cannot write to", energy, X, path=tmp_path / "file" / "f")


def test_code_for_another_architecture(tmp_path: Path) -> None:
    made = tapec.compile(energy).export(
        tmp_path / "f", X, cpu="generic", triple="aarch64-unknown-linux-gnu", shared=False
    )
    assert made.object.read_bytes()[18:20] == b"\xb7\x00"  # EM_AARCH64
    assert np.isclose(tapec.compile(energy)(X), energy(X))  # code for this machine as ever
