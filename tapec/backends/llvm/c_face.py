"""C functions around a kernel, as LLVM text.

`run_text` emits `run`, which takes a pointer for every argument and result, finds work memory, and
stores the final values of arguments that the kernel updates. The others take what C programs pass:
numbers by value, results by pointer, for a status (`status_text`); for a number as the result
(`value_text`); or what SciPy's routines pass to their callbacks (`callback_text`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tapec.backends.llvm.abi import WORK_ALIGNMENT
from tapec.backends.llvm.c_callbacks import Callback
from tapec.backends.llvm.c_runtime import MEMORY
from tapec.backends.llvm.elements import ELEMENTS
from tapec.backends.llvm.emit_function import OUT_OF_MEMORY
from tapec.backends.llvm.target import function_attributes
from tapec.backends.llvm.tuning import STACK_WORK_BYTES
from tapec.ir.types import Type

USER_ERRORS = 100  # the user's error number k ends a C function with this status plus k
_COPY = "@llvm.memcpy.p0.p0.i64(ptr {}, ptr {}, i64 {}, i1 0)"
_NAN = "0x7FF8000000000000"
_EXTENDED: Mapping[str, str] = {"bool": "i8 zeroext"}  # how narrow numbers are passed


@dataclass(frozen=True)
class CKernel:
    """A kernel as C sees it.

    Its arguments' types, which of them are `numbers` passed by value, its results' types, which
    arguments are `updated` (their final values follow the results), whether a last result is the
    number of the user's error, and the bytes of its work memory. `bound` are arguments that C does
    not pass: their numbers among all of the kernel's, and the constants of the module.
    """

    params: tuple[Type, ...]
    numbers: tuple[bool, ...]
    results: tuple[Type, ...]
    updated: tuple[int, ...]
    errors: bool
    work_bytes: int
    bound: Mapping[int, str] = field(default_factory=dict)

    @property
    def passed(self) -> Iterator[str]:
        """What the kernel is called with, argument by argument, then result by result."""
        passed = iter(range(len(self.params) + len(self.results)))
        for k in range(len(self.params) + len(self.bound)):
            yield f"@{self.bound[k]}" if k in self.bound else f"%p{next(passed)}"
        yield from (f"%p{k}" for k in passed)

    @property
    def finals(self) -> tuple[tuple[int, int, int], ...]:
        """(argument, place in work memory, bytes) of the final values that are stored at the end,
        behind the kernel's own work memory."""
        found, at = [], aligned(self.work_bytes)
        for k in self.updated:
            found.append((k, at, size(self.params[k])))
            at = aligned(at + size(self.params[k]))
        return tuple(found)

    @property
    def memory(self) -> int:
        """All bytes of work memory."""
        return max([self.work_bytes, *(at + length for _, at, length in self.finals)])


def size(t: Type) -> int:
    """The bytes of a value in memory."""
    return t.size * ELEMENTS[t.dtype].size


def aligned(count: int) -> int:
    """The next multiple of the alignment of work memory."""
    return -(-count // WORK_ALIGNMENT) * WORK_ALIGNMENT


def run_text(kernel: CKernel, name: str = "kernel") -> str:
    """LLVM text of `run`, with the kernel `name` of the same module."""
    given = [f"%p{k}" for k in range(len(kernel.params) + len(kernel.results))]
    heap = kernel.memory > STACK_WORK_BYTES
    finals = [f"%final{k}" for k in kernel.updated]
    called = [*kernel.passed, *finals, *(["%number"] if kernel.errors else []), "%work"]
    return f"""\
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
{MEMORY if heap else ""}\
define internal i32 @run({_pointers(given)}) noinline {function_attributes()} {{
start:
  %number = alloca i64
{_heap(kernel.memory) if heap else _stack(kernel.memory)}\
call:
{"".join(_lines(_final(*final) for final in kernel.finals))}\
  %status = call i32 @{name}({_pointers(called)})
  %failed = icmp ne i32 %status, 0
  br i1 %failed, label %end, label %ran
ran:
{_ERROR if kernel.errors else _NO_ERROR}\
  br i1 %raised, label %end, label %store
store:
{"".join(_lines(_stored(*final) for final in kernel.finals))}\
  br label %end
end:
  %result = phi i32 [ %status, %call ], [ %code, %ran ], [ 0, %store ]
{"  call void @free(ptr %block)" if heap else ""}
  ret i32 %result
}}
"""


_ERROR = f"""\
  %error = load i64, ptr %number
  %raised = icmp ne i64 %error, 0
  %short = trunc i64 %error to i32
  %code = add i32 %short, {USER_ERRORS}
"""
_NO_ERROR = "  %raised = icmp ne i32 %status, 0\n  %code = add i32 %status, 0\n"


def _stack(count: int) -> str:
    memory = f"[{max(count, 1)} x i8], align {WORK_ALIGNMENT}"
    return f"  %work = alloca {memory}\n  br label %call\n"


def _heap(count: int) -> str:
    return f"""\
  %block = call ptr @malloc(i64 {count + WORK_ALIGNMENT - 1})
  %got = icmp ne ptr %block, null
  br i1 %got, label %place, label %starved
starved:
  ret i32 {OUT_OF_MEMORY}
place:
  %address = ptrtoint ptr %block to i64
  %beyond = sub i64 0, %address
  %skipped = and i64 %beyond, {WORK_ALIGNMENT - 1}
  %work = getelementptr i8, ptr %block, i64 %skipped
  br label %call
"""


def _final(k: int, at: int, _: int) -> str:
    return f"%final{k} = getelementptr i8, ptr %work, i64 {at}"


def _stored(k: int, _: int, count: int) -> str:
    return "call void " + _COPY.format(f"%p{k}", f"%final{k}", count)


def _lines(instructions: Iterator[str]) -> Iterator[str]:
    return (f"  {line}\n" for line in instructions)


def _pointers(names: Sequence[str]) -> str:
    return ", ".join(f"ptr {name}" for name in names)


# ---- what C programs call ----


def status_text(kernel: CKernel, name: str) -> str:
    """LLVM text of `int name(arguments..., results...)`; numbers are passed by value."""
    taken, before, pointers = _taken(kernel)
    results = [f"%r{k}" for k in range(len(kernel.results))]
    params = ", ".join([*taken, *(f"ptr {r}" for r in results)])
    return f"""\
define i32 @{name}({params}) {function_attributes()} {{
{before}\
  %status = call i32 @run({_pointers([*pointers, *results])})
  ret i32 %status
}}
"""


def value_text(kernel: CKernel, name: str) -> str:
    """LLVM text of `double name(arguments...)` (or float): NaN where there is no result."""
    taken, before, pointers = _taken(kernel)
    element = ELEMENTS[kernel.results[0].dtype].llvm
    return f"""\
define {element} @{name}({", ".join(taken)}) {function_attributes()} {{
{before}\
  %out = alloca {element}
  %status = call i32 @run({_pointers([*pointers, "%out"])})
{_value_or_nan(element)}\
}}
"""


def _taken(kernel: CKernel) -> tuple[list[str], str, list[str]]:
    """Parameters, the lines that put numbers into memory, and a pointer for each argument."""
    taken, before, pointers = [], "", []
    for k, (t, number) in enumerate(zip(kernel.params, kernel.numbers, strict=True)):
        element = ELEMENTS[t.dtype].llvm
        taken.append(f"{_EXTENDED.get(t.dtype, element)} %a{k}" if number else f"ptr %a{k}")
        pointers.append(f"%cell{k}" if number else f"%a{k}")
        if number:
            before += f"  %cell{k} = alloca {element}\n  store {element} %a{k}, ptr %cell{k}\n"
    return taken, before, pointers


def _value_or_nan(element: str) -> str:
    return f"""\
  %fine = icmp eq i32 %status, 0
  %value = load {element}, ptr %out
  %result = select i1 %fine, {element} %value, {element} {_NAN}
  ret {element} %result
"""


# ---- what SciPy calls ----


def callback_text(kernel: CKernel, name: str, form: Callback, given: int) -> str:
    """LLVM text of a callback: the first `given` arguments are where `form` says, the others where
    the table at the user data points. The argument that a kernel without results updates follows
    those given; it lies where results do."""
    behind = given + len(kernel.updated)
    filled = (*kernel.params[given:behind], *kernel.results)
    places = [
        *_consecutive(form.source, kernel.params[:given]),
        *_consecutive(form.target, kernel.params[given:behind]),
        *(_from_table(k) for k in range(len(kernel.params) - behind)),
        *_consecutive(form.target, kernel.results),
    ]
    lines = "".join(text for _, text in places)
    pointers = [place for place, _ in places]
    counts = {
        "inputs": sum(t.size for t in kernel.params[:given]),
        "outputs": sum(t.size for t in filled),
    }
    checks = "".join(_check(k, *c, counts) for k, c in enumerate(form.checks))
    return f"""\
define {form.returns} @{name}({form.params}) {function_attributes()} {{
start:
  %out = alloca double
  %in = alloca double
{form.before}{checks}{lines}\
  %status = call i32 @run({_pointers(pointers)})
{_value_or_nan("double") if form.returns == "double" else _SUCCESS}\
wrong:
  ret {form.returns} {_NAN if form.returns == "double" else "0"}
}}
"""


_SUCCESS = "  %fine = icmp eq i32 %status, 0\n  %one = zext i1 %fine to i32\n  ret i32 %one\n"


def _consecutive(start: str, types: Sequence[Type]) -> Iterator[tuple[str, str]]:
    """A pointer for each of several values that lie one behind the other, and its line."""
    at = 0
    for k, t in enumerate(types):
        name = f"{start}.{k}"
        yield name, f"  {name} = getelementptr i8, ptr {start}, i64 {at}\n"
        at += size(t)


def _from_table(k: int) -> tuple[str, str]:
    at = f"  %slot{k} = getelementptr ptr, ptr %data, i64 {k}\n"
    return f"%data{k}", f"{at}  %data{k} = load ptr, ptr %slot{k}\n"


def _check(k: int, type: str, param: str, what: str, counts: Mapping[str, int]) -> str:
    return (
        f"  %right{k} = icmp eq {type} {param}, {counts[what]}\n"
        f"  br i1 %right{k}, label %checked{k}, label %wrong\nchecked{k}:\n"
    )
