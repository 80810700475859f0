"""Running kernels: status, work memory, threads, the ctypes route, bound buffers."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.collection import no_collection

from tapec.backends import fastcall
from tapec.backends.fastcall import entry_of, set_entry
from tapec.backends.llvm import (
    ArrayArg,
    CtypesEntry,
    KernelAbi,
    Library,
    NativeEntry,
    Output,
    ScalarArg,
    available,
    bind,
    compile_module,
    symbols,
    wrapper_text,
)

pytestmark = [
    pytest.mark.skipif(not available()[0], reason=available()[1]),
    pytest.mark.skipif(not fastcall.SUPPORTED, reason="no vectorcall on this interpreter"),
]


def kernel_text(pointers: int, body: str) -> str:
    params = ", ".join(f"ptr %p{k}" for k in range(pointers))
    return f"define i32 @kernel({params}) {{\n{body}\n}}\n"


def copying(dtype: str, count: int) -> str:
    """Kernel that copies a vector from its argument to its output."""
    vector = f"<{count} x {dtype}>"
    return kernel_text(
        3, f"%v = load {vector}, ptr %p0, align 8\nstore {vector} %v, ptr %p1, align 8\nret i32 0"
    )


def build(sig: KernelAbi, text: str) -> Library:
    return compile_module(text + wrapper_text(sig), symbols(), verify=True)


# ---- failures of the kernel ----


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (1, IndexError),
        (2, MemoryError),
        (3, np.linalg.LinAlgError),
        (77, RuntimeError),
        (-1, RuntimeError),
    ],
)
@pytest.mark.parametrize("nogil", [False, True])
def test_status_becomes_an_exception(status: int, error: type[Exception], nogil: bool) -> None:
    outs = (Output("f64", (3,)), Output("f64", (), "scalar"))
    sig = KernelAbi((ScalarArg("float"),), outs, "tuple", work_bytes=1 << 20, nogil=nogil)
    library = build(sig, kernel_text(4, f"ret i32 {status}"))
    calls: list[Callable[[], Any]] = [
        lambda: NativeEntry(library, sig)(1.0),
        lambda: CtypesEntry(library, sig)(1.0),
        bind(library, sig, [1.0]),
    ]
    with no_collection():
        before = sys.getrefcount(np.dtype("f8"))
        for call in calls * 100:
            with pytest.raises(error):
                call()
        assert abs(sys.getrefcount(np.dtype("f8")) - before) < 20


BIG = 1 << 20


def arena_kernel() -> str:
    """Fills all of a large work memory with its argument, then sums it: interference shows."""
    count = BIG // 8
    return kernel_text(
        3,
        f"""
  %x = load double, ptr %p0
  br label %fill
fill:
  %i = phi i64 [ 0, %0 ], [ %i1, %fill ]
  %at = getelementptr double, ptr %p2, i64 %i
  store double %x, ptr %at
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, {count}
  br i1 %more, label %fill, label %sum
sum:
  %j = phi i64 [ 0, %fill ], [ %j1, %sum ]
  %s = phi double [ 0.0, %fill ], [ %s1, %sum ]
  %from = getelementptr double, ptr %p2, i64 %j
  %v = load volatile double, ptr %from
  %s1 = fadd double %s, %v
  %j1 = add i64 %j, 1
  %again = icmp ult i64 %j1, {count}
  br i1 %again, label %sum, label %done
done:
  %a = ptrtoint ptr %p2 to i64
  %low = and i64 %a, 63
  %skew = uitofp i64 %low to double
  %r = fadd double %s1, %skew
  store double %r, ptr %p1
  ret i32 0""",
    )


@pytest.mark.parametrize("nogil", [False, True])
def test_threads_share_a_kernel_with_large_work_memory(nogil: bool) -> None:
    sig = KernelAbi(
        (ScalarArg("float"),), (Output("f64", (), "python"),), work_bytes=BIG, nogil=nogil
    )
    entry = NativeEntry(build(sig, arena_kernel()), sig)
    wrong: list[float] = []

    def work(value: float) -> None:
        for _ in range(50):
            if entry(value) != value * (BIG // 8):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("work_bytes", [0, 8, 1000, 16 * 1024, 16 * 1024 + 1, 1 << 20])
def test_work_memory_is_there_and_aligned(work_bytes: int) -> None:
    body = "%a = ptrtoint ptr %p2 to i64\nstore i64 %a, ptr %p1\n"
    if work_bytes:
        body += f"%e = getelementptr i8, ptr %p2, i64 {work_bytes - 1}\nstore i8 1, ptr %e\n"
    sig = KernelAbi((ScalarArg("int"),), (Output("i64", (), "python"),), work_bytes=work_bytes)
    library = build(sig, kernel_text(3, body + "ret i32 0"))
    calls: list[Callable[[int], Any]] = [NativeEntry(library, sig), CtypesEntry(library, sig)]
    addresses = [int(call(0)) for call in calls for _ in range(3)]
    assert all(address % 64 == 0 for address in addresses)
    assert all(addresses) or not work_bytes
    assert int(bind(library, sig, [0])()) % 64 == 0


# ---- the other ways to run a kernel ----


def test_ctypes_entry_with_and_without_outputs() -> None:
    sig = KernelAbi((ArrayArg("f64", (3,)),), (Output("f64", (3,)),))
    library = build(sig, copying("double", 3))
    for entry in (CtypesEntry(library, sig), NativeEntry(library, sig)):
        x, out = np.arange(3.0), np.empty(3)
        np.testing.assert_array_equal(entry(x), x)
        assert entry(x, outs=[out]) is out
        assert out.tolist() == x.tolist()
        for bad in ([1.0], np.zeros(4), np.zeros(3, np.float32), np.zeros(6)[::2]):
            with pytest.raises(ValueError, match="expected"):
                entry(bad)
        with pytest.raises(ValueError, match="outputs wanted"):
            entry(x, outs=[])
        out.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            entry(x, outs=[out])


def test_ctypes_entry_refuses_lossy_scalars() -> None:
    sig = KernelAbi((ScalarArg("int"),), (Output("i64", (), "python"),))
    entry = NativeEntry(build(sig, copying("i64", 1)), sig)
    assert entry(3) == 3
    assert entry(np.int64(4)) == 4
    with pytest.raises(ValueError, match="expected a int"):
        entry(3.5)


@pytest.mark.parametrize("nogil", [False, True])
def test_bound_kernels_read_and_write_fixed_buffers(nogil: bool) -> None:
    sig = KernelAbi((ArrayArg("f64", (3,)),), (Output("f64", (3,)),), "tuple", 64, nogil)
    x, out = np.arange(3.0), np.empty(3)
    bound = bind(build(sig, copying("double", 3)), sig, [x], [out])
    gc.collect()
    assert entry_of(bound) != 0
    (got,) = bound()
    assert got is out
    assert out.tolist() == [0.0, 1.0, 2.0]
    x[:] = 7.0
    result = bound()
    assert result is bound.result
    assert out.tolist() == [7.0] * 3
    before = sys.getrefcount(result)
    for _ in range(1000):
        bound()
    after = sys.getrefcount(result)
    assert after == before
    with pytest.raises(TypeError):
        bound(1)  # type: ignore[call-arg]
    set_entry(bound, 0)
    out[:] = 0.0
    bound()
    assert out.tolist() == [7.0] * 3


def test_bound_kernels_keep_everything_alive() -> None:
    sig = KernelAbi((ArrayArg("f64", (2,)),), (Output("f64", (2,)),))
    bound = bind(build(sig, copying("double", 2)), sig, [np.array([3.0, 4.0])])
    gc.collect()
    assert bound().tolist() == [3.0, 4.0]
