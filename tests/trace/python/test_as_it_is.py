"""Python as it is: wrappers, aliases of builtins, subclasses of arrays, results, names of parameters."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import linalg, special
from scipy.spatial.transform import Rotation
from scipy.special import expit, gammaln, logsumexp

import tapec
from tapec.errors import DTypeError, TapecError, UnsupportedOperation

X = np.array([0.5, 1.5, 2.0])
REAL = [
    np.sin,
    np.exp,
    np.sum,
    np.mean,
    np.cumsum,
    np.linalg.norm,
    np.ptp,
    expit,
    gammaln,
    logsumexp,
]


def tenfold(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def wrapper(x: Any) -> Any:
        return 10.0 * f(x * 2.0)

    return wrapper


@pytest.mark.parametrize("real", REAL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("depth", [1, 2])
def test_a_wrapper_is_not_what_it_wraps(real: Callable[..., Any], depth: int) -> None:
    f = real
    for _ in range(depth):
        f = tenfold(f)
    want = f(X)
    assert np.allclose(tapec.compile(f)(X), want)
    assert np.allclose(tapec.compile(lambda x: f(x) + 1.0)(X), want + 1.0)
    h = 1e-6
    slope = (np.sum(f(X + h)) - np.sum(f(X - h))) / (2 * h)
    assert np.isclose(np.sum(tapec.grad(lambda x: np.sum(f(x)))(X)), slope, rtol=1e-5)


instance_of, kind_of, largest, number, total = isinstance, type, max, float, sum
ARRAYS = (list, np.ndarray)
ALIASED: dict[str, Callable[[Any], Any]] = {
    "isinstance": lambda x: np.sum(x) if instance_of(x, np.ndarray) else 0.0,
    "a tuple of classes": lambda x: np.sum(x) if instance_of(x, ARRAYS) else 0.0,
    "type": lambda x: np.sum(x) if kind_of(x) is np.ndarray else 0.0,
    "subclass": lambda x: np.sum(x) if issubclass(kind_of(x), np.ndarray) else 0.0,
    "class": lambda x: np.sum(x) if x.__class__ is np.ndarray else 0.0,
    "another class": lambda x: np.sum(x) if x.__class__ is not list else 0.0,
    "equal class": lambda x: np.sum(x) if x.__class__ == np.ndarray else 0.0,
    "name of a class": lambda x: np.sum(x) if x.__class__.__name__ == "ndarray" else 0.0,
    "class without a test": lambda x: np.sum(x) * len(x.__class__.__name__),
    "class of an element": lambda x: x[0] * (x[0].__class__ is np.float64),
    "class of a result": lambda x: np.sum(x) * (np.sin(x).__class__ in ARRAYS),
    "class by getattr": lambda x: np.sum(x) if getattr(x, "__class__") is np.ndarray else 0.0,  # noqa: B009
    "max": lambda x: largest(x[0], x[1]) * number(2),
    "sum": lambda x: total(x) * 2.0,
}


@pytest.mark.parametrize("name", ALIASED)
def test_builtins_by_other_names(name: str) -> None:
    assert np.isclose(tapec.compile(ALIASED[name])(X), ALIASED[name](X))


class Scale:
    """Makes another of its own class."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def twice(self) -> Scale:
        return self.__class__(self.a * 2.0)


class Offset(Scale):
    """A class of that kind."""


def test_the_class_of_an_object_is_its_own() -> None:
    def f(x: Any) -> Any:
        made = Offset(x).twice()
        return np.sum(made.a) if isinstance(made, Offset) and made.__class__ is Offset else 0.0

    assert tapec.compile(f)(X) == f(X)
    assert np.array_equal(tapec.grad(f)(X), np.full(3, 2.0))


class Metres(np.ndarray):
    def __mul__(self, other: Any) -> Any:
        return np.asarray(self) * other * 1000.0


class Tagged(np.ndarray):
    """No behaviour of its own."""


@pytest.mark.parametrize(
    "x", [np.ma.masked_array(X, mask=[0, 0, 1]), np.matrix(np.eye(2)), X.view(Metres)]
)
@pytest.mark.parametrize("derive", [tapec.compile, tapec.jacobian, tapec.vmap])
def test_arrays_that_behave_otherwise_are_refused(x: Any, derive: Any) -> None:
    with pytest.raises(DTypeError, match="behaves otherwise"):
        derive(lambda x: x * 2.0)(x)


def test_other_subclasses_are_arrays(tmp_path: Path) -> None:
    assert np.array_equal(tapec.compile(lambda x: x * 2.0)(X.view(Tagged)), X * 2.0)
    mapped = np.memmap(tmp_path / "data", dtype=float, mode="w+", shape=(3,))
    mapped[:] = X
    assert np.array_equal(tapec.compile(lambda x: x * 2.0)(mapped), X * 2.0)


def generated(x: Any) -> Iterator[Any]:
    yield from x


RESULTS: dict[str, Callable[[Any], Any]] = {
    "namespace": lambda x: types.SimpleNamespace(a=x * 2),
    "list of namespaces": lambda x: [types.SimpleNamespace(a=x * 2)],
    "zip": lambda x: zip(x, x, strict=True),
    "map": lambda x: map(np.sin, x),
    "generator": generated,
    "function": lambda x: lambda: x * 2,
    "nested": lambda x: {"a": (x, iter([x]))},
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_never_hold_traced_values(name: str) -> None:
    with pytest.raises(UnsupportedOperation, match="the function returns a"):
        tapec.compile(RESULTS[name])(X)


def scaled(x: Any, out: Any = 3.0) -> Any:
    return x * out


@pytest.mark.parametrize("out", [2.0, np.array([5.0, 7.0, 1.0]), 2])
def test_a_parameter_may_be_named_out(out: Any) -> None:
    k = tapec.compile(scaled)
    for _ in range(2):
        assert np.array_equal(k(X, out=out), X * out)
        assert np.array_equal(k(X), X * 3.0)
    assert np.array_equal(tapec.grad(lambda x: np.sum(scaled(x, out=out)))(X), np.ones(3) * out)
    given = np.empty(3)
    assert tapec.compile(lambda x: x + 1.0)(X, out=given) is given


def test_derivatives_have_the_parameters_of_their_function() -> None:
    def f(x: Any, a: float = 1.0) -> Any:
        return np.sum(x * a)

    k = tapec.compile(f)
    for derived in (k.grad, k.value_and_grad, k.hessian, k.jacobian, tapec.grad(f)):
        assert list(inspect.signature(derived).parameters) == ["x", "a"]
    assert list(inspect.signature(k).parameters) == ["x", "a"]
    assert Path(inspect.getfile(tapec)).with_name("py.typed").exists()


TEXT = """import numpy as np
def f(x):
    if x[0] > 0:
        return np.sum(x) * 2.0
    return np.sum(x)
g = lambda x: np.sum(x) * 2.0 if x[0] > 0 else np.sum(x)
"""
EDITS = [("2.0", "7.0"), ("> 0", "< 0"), ("np.sum(x) *", "np.max(x) *"), ("import", "\nimport")]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["f", "g"])
def test_the_code_in_memory_counts(
    edit: tuple[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"edited_{abs(hash((edit, name, str(tmp_path))))}"
    path = tmp_path / f"{module}.py"
    path.write_text(TEXT)
    f = getattr(importlib.import_module(module), name)
    path.write_text(TEXT.replace(*edit))
    os.utime(path, (4e9, 4e9))
    try:
        got = tapec.compile(f)(X)
    except TapecError:
        return
    finally:
        sys.modules.pop(module)
    assert got == f(X)


def test_unedited_code_of_a_new_file_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "unedited_module.py").write_text(TEXT)
    os.utime(tmp_path / "unedited_module.py", (4e9, 4e9))
    module = importlib.import_module("unedited_module")
    for f in (module.f, module.g):
        assert tapec.compile(f)(X) == f(X)
        assert tapec.compile(f)(-X) == f(-X)


def written() -> Any:
    a = np.eye(3)
    a[0, 1], a[2] = 0.5, 2.0
    return a


CONSTANT: dict[str, Callable[[], Any]] = {
    "toeplitz": lambda: linalg.toeplitz([1.0, 2.0, 3.0]),
    "rotation": lambda: Rotation.from_rotvec([0.1, 0.2, 0.3]).as_matrix(),
    "hilbert": lambda: linalg.hilbert(3),
    "expm": lambda: linalg.expm(np.eye(3) * 0.1),
    "logm": lambda: linalg.logm(np.diag([1.0, 2.0, 3.0])),
    "sqrtm of a written array": lambda: linalg.sqrtm(written()).real,
    "solve_triangular": lambda: linalg.solve_triangular(np.tri(3), np.eye(3), lower=True),
    "factors": lambda: linalg.cho_solve(linalg.cho_factor(np.eye(3) * 2.0), np.eye(3)),
    "overwritten": lambda: linalg.inv(np.tri(3), overwrite_a=True),
    "nodes": lambda: np.diag(special.roots_legendre(3)[0]),
    "binomials": lambda: special.comb(4, np.arange(3.0)) * np.eye(3),
    "copies": lambda: np.array(X, copy=np._CopyMode.IF_NEEDED) * np.eye(3),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_scipy_on_constants_is_scipy(name: str) -> None:
    made = CONSTANT[name]
    assert np.allclose(tapec.compile(lambda x: made() @ x)(X), made() @ X)


@pytest.mark.parametrize("f", [special.pro_ang1_cv, special.obl_rad1_cv, special.smirnovi])
def test_refusals_name_functions_that_exist(f: Any) -> None:
    with pytest.raises(UnsupportedOperation, match=f"scipy.special.{f.__name__}"):
        tapec.compile(lambda x: f(*[x] * f.nin))(X)
