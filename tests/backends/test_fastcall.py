"""The call path: what native entries take, return, refuse, keep and free."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from support.collection import no_collection

from tapec.backends import fastcall
from tapec.backends.fastcall import FastCallable, enable_vectorcall, entry_of, set_entry
from tapec.backends.llvm import (
    ArrayArg,
    KernelAbi,
    Library,
    Output,
    ScalarArg,
    available,
    compile_module,
    link_chain,
    symbols,
    wrapper_text,
)
from tapec.backends.llvm.elements import ELEMENTS
from tapec.errors import BackendError

pytestmark = [
    pytest.mark.skipif(not available()[0], reason=available()[1]),
    pytest.mark.skipif(not fastcall.SUPPORTED, reason="no vectorcall on this interpreter"),
]


@enable_vectorcall
class Callee(FastCallable):
    """Records the calls that reach Python."""

    def __init__(self, library: Library | None = None) -> None:
        self.library = library
        self.slow_calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        if library is not None:
            set_entry(self, library.address("entry"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.slow_calls.append((args, kwargs))
        return "slow"


def kernel_text(pointers: int, body: str) -> str:
    params = ", ".join(f"ptr %p{k}" for k in range(pointers))
    return f"define i32 @kernel({params}) {{\n{body}\n}}\n"


def copying(dtype: str, count: int) -> str:
    """Kernel that copies `count` elements from its argument to its output."""
    size = ELEMENTS[dtype].size * count
    return "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n" + kernel_text(
        3, f"call void @llvm.memcpy.p0.p0.i64(ptr %p1, ptr %p0, i64 {size}, i1 false)\nret i32 0"
    )


def build(sig: KernelAbi, text: str, opt: int = 1) -> Library:
    return compile_module(text + wrapper_text(sig), symbols(), opt=opt, verify=True)


def copier(dtype: str = "f64", shape: tuple[int, ...] = (3,), **options: Any) -> Callee:
    sig = KernelAbi((ArrayArg(dtype, shape),), (Output(dtype, shape),), **options)
    return Callee(build(sig, copying(dtype, int(np.prod(shape)))))


# ---- what goes through ----


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (0,), (2, 0, 4), (1, 1, 1, 1, 2)])
def test_arrays_pass_and_come_back_fresh(dtype: str, shape: tuple[int, ...]) -> None:
    callee = copier(dtype, shape)
    given = np.asarray(np.arange(np.prod(shape)).reshape(shape) % 2, ELEMENTS[dtype].numpy)
    got = callee(given)
    assert type(got) is np.ndarray
    assert got.dtype == given.dtype
    assert got.shape == shape
    assert got.flags.owndata
    assert got.flags.c_contiguous
    assert got.flags.writeable
    np.testing.assert_array_equal(got, given)
    assert not np.shares_memory(got, given)
    assert callee.slow_calls == []


@pytest.mark.parametrize("opt", range(4))
def test_every_level_of_code_generation(opt: int) -> None:
    sig = KernelAbi((ArrayArg("f64", (3,)),), (Output("f64", (3,)),))
    callee = Callee(build(sig, copying("f64", 3), opt))
    assert callee(np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]
    assert callee([1.0]) == "slow"


@pytest.mark.parametrize(
    ("kind", "dtype", "value"),
    [
        ("float", "f64", 2.5),
        ("float", "f64", -0.0),
        ("float", "f64", float("nan")),
        ("int", "i64", 7),
        ("int", "i64", -(2**63)),
        ("int", "i64", 2**63 - 1),
        ("bool", "bool", True),
        ("bool", "bool", False),
    ],
)
@pytest.mark.parametrize("result", ["scalar", "python", "array"])
def test_scalars(kind: Any, dtype: str, value: Any, result: Any) -> None:
    callee = Callee(
        build(KernelAbi((ScalarArg(kind),), (Output(dtype, (), result),)), copying(dtype, 1))
    )
    got = callee(value)
    wanted = np.array(value, ELEMENTS[dtype].numpy)
    kinds = {"scalar": wanted.dtype.type, "array": np.ndarray, "python": type(wanted.item())}
    assert type(got) is kinds[result]
    assert callee.slow_calls == []
    assert np.asarray(got).tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("dtype", "result"),
    [(d, r) for d in ELEMENTS for r in ("scalar", "python") if (d, r) != ("c64", "python")],
)
def test_scalar_results_of_every_dtype(dtype: str, result: Any) -> None:
    sig = KernelAbi((ArrayArg(dtype, ()),), (Output(dtype, (), result),))
    given = np.array(1, ELEMENTS[dtype].numpy)
    got = Callee(build(sig, copying(dtype, 1)))(given)
    assert type(got) is (type(given[()]) if result == "scalar" else type(given.item()))
    assert got == given


def test_nested_results() -> None:
    one = np.dtype("f8").type
    outs = (Output("f64", (), "scalar"), Output("f64", (2,)), Output("f64", (), "python"))
    body = """
    %x = load double, ptr %p0
    store double %x, ptr %p1
    store <2 x double> <double 1.0, double 2.0>, ptr %p2, align 8
    store double 4.0, ptr %p3
    ret i32 0"""
    sig = KernelAbi((ScalarArg("float"),), outs, result=(2, (0, 1), ()))
    callee = Callee(build(sig, kernel_text(5, body)))
    last, (first, middle), empty = callee(8.5)
    assert (type(last), last, type(first), first, empty) == (float, 4.0, one, 8.5, ())
    assert middle.tolist() == [1.0, 2.0]
    sig = KernelAbi(sig.args, outs, result="tuple")
    assert [np.ndim(part) for part in Callee(build(sig, kernel_text(5, body)))(1.0)] == [0, 1, 0]


def test_no_arguments_and_no_outputs() -> None:
    callee = Callee(build(KernelAbi((), (), result=()), kernel_text(1, "ret i32 0")))
    assert callee() == ()
    assert callee(1) == "slow"


def test_writeable_arguments() -> None:
    sig = KernelAbi((ArrayArg("f64", (1,), writeable=True),), (), result=())
    callee = Callee(build(sig, kernel_text(2, "store double 9.0, ptr %p0\nret i32 0")))
    given = np.zeros(1)
    assert callee(given) == ()
    assert given[0] == 9.0
    given.flags.writeable = False
    assert callee(given) == "slow"


# ---- what does not ----


class Sub(np.ndarray[Any, Any]):
    pass


def misaligned() -> np.ndarray[Any, Any]:
    return np.zeros(25, np.uint8)[1:].view(np.float64)


@pytest.mark.parametrize(
    "args",
    [
        (),
        (np.zeros(3), np.zeros(3)),
        ([1.0, 2.0, 3.0],),
        (None,),
        (np.zeros(3, np.float32),),
        (np.zeros(3, ">f8"),),
        (np.zeros(4),),
        (np.zeros((3, 1)),),
        (np.zeros(()),),
        (np.zeros(6)[::2],),
        (np.zeros(3)[::-1],),
        (np.zeros(3).view(Sub),),
        (misaligned(),),
        (np.zeros(3, object),),
        tuple(np.zeros(3) for _ in range(100)),
    ],
    ids=lambda args: f"{len(args)}-{type(args[0]).__name__ if args else ''}",
)
def test_other_arguments_reach_python_unchanged(args: tuple[Any, ...]) -> None:
    callee = copier()
    assert callee(*args) == "slow"
    ((given, kwargs),) = callee.slow_calls
    assert kwargs == {}
    assert len(given) == len(args)
    assert all(a is b for a, b in zip(given, args, strict=True))


def test_keywords_reach_python() -> None:
    callee, x = copier(), np.zeros(3)
    assert callee(x, out=x, k=2) == "slow"
    assert callee(x=x) == "slow"
    assert callee.slow_calls == [((x,), {"out": x, "k": 2}), ((), {"x": x})]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("float", 1),
        ("float", np.float32(1)),
        ("float", True),
        ("float", "1"),
        ("int", 1.0),
        ("int", True),
        ("int", 2**63),
        ("int", -(2**63) - 1),
        ("int", np.int64(1)),
        ("bool", 1),
        ("bool", np.True_),
        ("bool", None),
    ],
)
def test_other_scalars_reach_python(kind: Any, value: Any) -> None:
    dtype = ScalarArg(kind).dtype
    callee = Callee(build(KernelAbi((ScalarArg(kind),), (Output(dtype, ()),)), copying(dtype, 1)))
    assert callee(value) == "slow"
    assert sys.exc_info()[0] is None


def test_fortran_order_and_transposes_reach_python() -> None:
    callee = copier(shape=(2, 3))
    assert callee(np.zeros((2, 3), order="F")) == "slow"
    assert callee(np.zeros((3, 2)).T) == "slow"


def test_exceptions_of_the_slow_path_come_through() -> None:
    @enable_vectorcall
    class Failing(FastCallable):
        def __call__(self, *args: Any) -> Any:
            raise LookupError(f"{len(args)} arguments")

    library, failing = copier().library, Failing()
    assert library is not None
    set_entry(failing, library.address("entry"))
    with pytest.raises(LookupError, match="2 arguments"):
        failing(1, 2)


def test_chained_entries_try_one_after_the_other() -> None:
    callees = [copier(shape=(n,)) for n in (1, 2, 3)]
    callee = Callee()
    callee.library = [c.library for c in callees]  # type: ignore[assignment]
    set_entry(callee, link_chain(callee.library, symbols()["tapec.mismatch"]))  # type: ignore[arg-type]
    for n in (3, 1, 2):
        np.testing.assert_array_equal(callee(np.ones(n)), np.ones(n))
    assert callee(np.ones(4)) == "slow"
    assert len(callee.slow_calls) == 1


# ---- references and lifetime ----


def test_reference_counts_stay() -> None:
    outs = (Output("f64", (3,)), Output("bool", (), "scalar"), Output("f64", (), "scalar"))
    body = "store i8 1, ptr %p2\nstore double 1.0, ptr %p3\nret i32 0"
    sig = KernelAbi((ArrayArg("f64", (3,)), ScalarArg("float")), outs, "tuple")
    callee = Callee(build(sig, kernel_text(6, body.replace("%p3", "%p4").replace("%p2", "%p3"))))
    x, y, other = np.zeros(3), 1234.5, object()
    watched = [x, y, other, np.dtype("f8"), np.True_, np.float64, np.ndarray, callee]
    with no_collection():
        before = [sys.getrefcount(thing) for thing in watched]
        blocks = sys.getallocatedblocks()
        for _ in range(100_000):
            callee(x, y)
        for _ in range(100_000):
            callee(x, other)
            callee.slow_calls.clear()
        assert [sys.getrefcount(thing) for thing in watched] == before
        assert sys.getallocatedblocks() - blocks < 500


def test_callees_in_cycles_are_collected_with_their_code() -> None:
    callee = copier()
    callee.me = callee  # type: ignore[attr-defined]
    gone, library = weakref.ref(callee), weakref.ref(callee.library)
    del callee
    gc.collect()
    assert gone() is None
    assert library() is None


def test_code_may_be_freed_during_its_own_slow_call() -> None:
    @enable_vectorcall
    class Replacing(FastCallable):
        library: Library | None

        def __call__(self, *args: Any) -> Any:
            set_entry(self, 0)
            assert self.library is not None
            self.library.close()
            self.library = None
            gc.collect()
            return "replaced"

    replacing = Replacing()
    replacing.library = copier().library
    set_entry(replacing, replacing.library.address("entry"))  # type: ignore[union-attr]
    assert replacing("text") == "replaced"


# ---- the base class ----


def test_without_an_entry_calls_are_ordinary() -> None:
    callee = Callee()
    assert entry_of(callee) == 0
    assert callee(1, a=2) == "slow"
    assert callee.slow_calls == [((1,), {"a": 2})]


def test_the_entry_can_be_taken_away_again() -> None:
    callee, x = copier(), np.zeros(3)
    assert isinstance(callee(x), np.ndarray)
    set_entry(callee, 0)
    assert callee(x) == "slow"


def test_calls_by_other_routes() -> None:
    callee, x = copier(), np.ones(3)
    assert [r.tolist() for r in map(callee, [x, x])] == [[1.0] * 3] * 2
    assert callee(*[x]).tolist() == [1.0] * 3
    assert callee(**{"x": x}) == "slow"
    assert type(callee).__call__(callee, x) == "slow"


def test_subclasses_must_be_enabled_themselves() -> None:
    class Plain(Callee):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return "plain"

    library, x = copier().library, np.zeros(3)
    assert Plain(library)(x) == "plain"
    assert isinstance(enable_vectorcall(Plain)(library)(x), np.ndarray)


def test_misuse_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="FastCallable"):
        enable_vectorcall(dict)
    with pytest.raises(TypeError, match="FastCallable"):
        set_entry(print, 1)  # type: ignore[arg-type]


def test_signatures_refuse_nonsense() -> None:
    with pytest.raises(BackendError, match="dtype"):
        ArrayArg("f16", (3,))
    with pytest.raises(BackendError, match="shape"):
        ArrayArg("f64", (-1,))
    with pytest.raises(BackendError, match="scalar argument"):
        ScalarArg("quaternion")  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="cannot be"):
        Output("f64", (3,), "scalar")
    with pytest.raises(BackendError, match="cannot be"):
        Output("c64", (), "python")
    with pytest.raises(BackendError, match="outputs once"):
        KernelAbi((), (Output("f64", ()),), result=(0, 0))
