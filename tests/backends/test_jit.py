"""Compiling LLVM text: symbols, errors, object files, lifetime of the code, vector registers."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading
import weakref

import pytest

from tapec.backends.llvm import jit, target
from tapec.errors import BackendError

pytestmark = pytest.mark.skipif(not target.available()[0], reason=target.available()[1])

TEXT = """
@tables = private constant [2 x double] [double 1.5, double 2.5]
@state = global i64 5
declare double @sin(double)
declare i32 @imported(i32)
define double @scaled_sine(double %x) {
  %s = call double @sin(double %x)
  %p = getelementptr double, ptr @tables, i64 1
  %c = load double, ptr %p
  %r = fmul double %s, %c
  ret double %r
}
define i32 @twice(i32 %x) {
  %a = call i32 @imported(i32 %x)
  %b = call i32 @helper(i32 %a)
  ret i32 %b
}
define internal i32 @helper(i32 %x) {
  %r = add i32 %x, %x
  ret i32 %r
}
"""

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)
SYMBOLS = {"imported": ctypes.cast(CALLBACK, ctypes.c_void_p).value or 0}
Double = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
Int = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


@pytest.mark.parametrize("opt", range(4))
@pytest.mark.parametrize("passes", [0, 2])
def test_code_runs_at_every_level(opt: int, passes: int) -> None:
    library = jit.compile_module(TEXT, SYMBOLS, opt=opt, passes=passes, verify=True)
    assert Double(library.address("scaled_sine"))(0.5) == pytest.approx(0.4794255386 * 2.5)
    assert Int(library.address("twice"))(4) == 10
    assert ctypes.c_int64.from_address(library.address("state")).value == 5


def test_exports_are_the_definitions_with_external_linkage() -> None:
    assert set(jit.exported_names(TEXT)) == {"scaled_sine", "twice", "state"}
    library = jit.compile_module(TEXT, SYMBOLS)
    assert "helper" not in library
    assert "twice" in library
    with pytest.raises(BackendError, match="no symbol 'helper'; it exports scaled_sine"):
        library.address("helper")


def test_exported_names_reads_quoted_names_and_attributes() -> None:
    text = (
        'define dso_local i32 @"a b"(ptr noalias %x) {\n'
        "define private i32 @c() {\n"
        "@d.1 = constant i8 0\n"
    )
    assert jit.exported_names(text) == ("a b", "d.1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("define i32 @f() { ret i64 0 }", "function result type"),
        ("define i32 @f() {", "LLVM refuses"),
        (
            "declare i32 @tapec_no_such()\n"
            "define i32 @f() {\n%r = call i32 @tapec_no_such()\nret i32 %r\n}",
            "link",
        ),
    ],
)
def test_bad_text_is_a_backend_error(text: str, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        jit.compile_module(text)


def test_unknown_level_is_a_backend_error() -> None:
    with pytest.raises(BackendError, match="level"):
        jit.compile_module(TEXT, SYMBOLS, opt=7)


def test_objects_are_the_same_in_every_process_and_hold_no_address() -> None:
    image = jit.emit_object(TEXT)
    code = (
        "import sys; from tapec.backends.llvm import jit\n"
        f"sys.stdout.buffer.write(jit.emit_object({TEXT!r}))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert other == image
    assert SYMBOLS["imported"].to_bytes(8, "little") not in image


def test_an_object_can_be_loaded_many_times() -> None:
    image = jit.emit_object(TEXT)
    loaded = [jit.load_object(image, SYMBOLS, exports=["twice", "state"]) for _ in range(3)]
    assert len({library.address("state") for library in loaded}) == 3
    assert [Int(library.address("twice"))(k) for k, library in enumerate(loaded)] == [2, 4, 6]


def test_code_lives_exactly_as_long_as_its_library() -> None:
    library = jit.compile_module(TEXT, SYMBOLS)
    assert library._loaded is not None
    tracker = library._loaded[0]
    gone = weakref.ref(library)
    del library
    assert gone() is None
    assert tracker.closed


def test_code_outlives_the_finalizers_of_its_cycle() -> None:
    class Holder:
        def __init__(self) -> None:
            self.library = jit.compile_module(TEXT, SYMBOLS)
            self.me = self

        def __del__(self) -> None:
            found.append((self.library.closed, Int(self.library.address("twice"))(4)))

    found: list[tuple[bool, int]] = []
    holder = Holder()
    assert holder.library._loaded is not None
    tracker = holder.library._loaded[0]
    del holder
    gc.collect()
    assert found == [(False, 10)]
    assert tracker.closed


def test_close_is_idempotent() -> None:
    library = jit.compile_module(TEXT, SYMBOLS)
    assert not library.closed
    library.close()
    library.close()
    assert library.closed
    assert "closed" in repr(library)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_loading_and_closing_does_not_grow_the_process() -> None:
    image = jit.emit_object(TEXT)

    def resident_kb() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4

    def cycle(count: int) -> None:
        for _ in range(count):
            jit.load_object(image, SYMBOLS, exports=["twice"]).close()

    cycle(100)
    before = resident_kb()
    cycle(400)
    assert resident_kb() - before < 1000  # 10 kB a library would be 4000


def test_compilation_in_threads() -> None:
    results: list[int] = []

    def work(k: int) -> None:
        for i in range(5):
            text = f"define i32 @f() {{ ret i32 {10 * k + i} }}"
            library = jit.compile_module(text)
            results.append(ctypes.CFUNCTYPE(ctypes.c_int)(library.address("f"))())

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(10 * k + i for k in range(4) for i in range(5))


def test_full_width_vectors_use_full_width_registers() -> None:
    width = target.vector_width("f64")
    text = f"""
    define i32 @kernel(ptr %x) {target.function_attributes()} {{
      %v = load <{width} x double>, ptr %x, align 8
      %s = fadd <{width} x double> %v, %v
      store <{width} x double> %s, ptr %x, align 8
      ret i32 0
    }}"""
    register = {8: "zmm", 4: "ymm"}.get(width)
    if register is None:
        pytest.skip("no wide registers on this machine")
    assert register in jit.disassemble(text, opt=2)


def test_host_describes_the_machine() -> None:
    here = target.host()
    assert here.cpu
    assert here.triple
    assert here.key
    assert target.vector_width("f32") == 2 * target.vector_width("f64")


def test_optimized_text_shows_the_passes_at_work() -> None:
    body = "{\n  %a = add i32 %x, 1\n  %b = add i32 %a, 1\n  ret i32 %b\n}\n"
    text = f'define i32 @f(i32 %x) "{jit.PASSES}" {body}'
    assert "add i32 %x, 2" in jit.optimized_text(text, passes=2)
    plain = f"define i32 @f(i32 %x) {body}"
    assert "add i32 %x, 2" not in jit.optimized_text(plain, passes=2)


def test_importing_the_package_does_not_import_llvmlite() -> None:
    code = "import sys, tapec.backends.llvm, tapec.backends.fastcall; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_llvmlite_there_is_a_reason() -> None:
    code = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "from tapec.backends.llvm import available; ok, why = available()\n"
        "sys.exit(0 if not ok and 'llvmlite' in why else 1)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
