"""Writer of the LLVM text of one entry: the vectorcall function of a kernel.

The function is written top to bottom: checks of the arguments, allocation of the results, the call,
boxing of scalars, the result. See `wrapper` for the functions around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import WORK_ALIGNMENT, KernelAbi, Output
from tapec.backends.llvm.arguments import Argument, ArrayArg
from tapec.backends.llvm.elements import ELEMENTS
from tapec.backends.llvm.entry_arrays import array_check, extents, gap_check, new_view
from tapec.backends.llvm.entry_nesting import Making, Taking
from tapec.backends.llvm.entry_scalars import boxed
from tapec.backends.llvm.function_text import FunctionText
from tapec.backends.llvm.jit import ARENA
from tapec.backends.llvm.names import FIXED, RAISER
from tapec.backends.llvm.nesting import leaves
from tapec.backends.llvm.tuning import KEPT_BYTES
from tapec.backends.llvm.watch import HEADER, STATE

NEXT = "tapec.next"  # variable: the function that gets calls whose arguments do not match
CALL = "ptr %self, ptr %args, i64 %nargsf, ptr %kwnames"

_AS_INT = "@PyLong_AsLongLongAndOverflow"


class EntryWriter(FunctionText):
    """Writer of one entry function, top to bottom: checks, allocation, call, results."""

    def __init__(self, sig: KernelAbi, kernel: str) -> None:
        super().__init__()
        self.sig, self.kernel = sig, kernel
        self.results: dict[int, str] = {}
        self.pointers: list[str] = []
        self.targets: dict[int, str] = {}  # the memory that the call gives for an output
        self.held: list[str] = []  # arrays in containers, which may drop them, and copies
        self.gathered: list[tuple[int, str, str]] = []  # arrays of which copies are read, and how
        self.failed = ("0", 0)  # the status at a failure, and how many objects were owned then
        self.state = ""  # the object that keeps captured inputs alive, if there are any
        self.error = ""  # the number of the user's error, if there is one

    def text(self) -> str:
        """The whole function."""
        receiver = self.take_arguments()
        if self.sig.watched:
            self.check_state()
        for thing in self.held:
            self.emit(f"call void @Py_IncRef(ptr {thing})")
        self.owned += self.held
        self.gather()
        self.place_results()
        self.call_kernel(self.take_work())
        self.check_errors()
        self.store_outputs()
        self.return_results(receiver or self.made_results())
        self.leave()
        body = "\n".join(["start:", *self.allocas, *self.lines])
        # Checks and calls gain nothing from optimisation, which takes a millisecond here.
        return f"define ptr @entry({CALL}) nounwind noinline optnone {{\n{body}\n}}\n"

    # ---- arguments ----

    def take_arguments(self) -> str:
        """Check the arguments; returns what is to receive the results, "" if that is made here."""
        taking = Taking(self, self.sig)
        found, receiver = taking.run()
        given, targets = found[: self.sig.leaves], found[self.sig.leaves :]
        for place, value in self.sig.fixed:
            self.check_fixed(given[place], place, value)
        passed = self.sig.passed(given)
        for thing, argument in zip(passed, self.sig.given, strict=True):
            self.check_argument(thing, argument)
        self.results |= {-1 - k: thing for k, thing in enumerate(passed)}
        for pair in self.sig.apart:
            self.expect_apart(*map(self.memory, pair))
        self.check_targets(targets)
        self.held = [thing for thing in found if thing in taking.inside]
        return receiver

    def check_targets(self, targets: Sequence[str]) -> None:
        """Check that arrays can receive the results and share no memory with anything else."""
        arrays = [k for k, a in enumerate(self.sig.given) if isinstance(a, ArrayArg)]
        taken = [self.memory(k) for k in arrays]
        for number, thing in zip(leaves(self.sig.tree), targets, strict=self.sig.into):
            out = self.sig.outs[number]
            wanted = ArrayArg(out.dtype, out.shape, writeable=True)
            self.targets[number] = self.array_pointer(thing, wanted)
            memory = self.targets[number], wanted.size
            for other in taken:
                self.expect_apart(memory, other)
            taken.append(memory)

    def memory(self, k: int) -> tuple[str, int]:
        """Where an argument lies, and its bytes."""
        return self.pointers[k], self.sig.args[k].size

    def check_fixed(self, thing: str, place: int, value: Any) -> None:
        if type(value) is int and abs(value) < 2**63:
            given = self.value(f"load i64, ptr {self.int_pointer(thing)}")
            self.expect(self.value(f"icmp eq i64 {given}, {value}"))
        else:
            self.expect(self.value(f"icmp eq ptr {thing}, @{FIXED}{place}"))

    def check_argument(self, thing: str, argument: Argument) -> None:
        if isinstance(argument, ArrayArg):
            self.pointers.append(self.array_pointer(thing, argument))
            return
        own = {"int": self.int_pointer, "bool": self.bool_pointer}.get(argument.kind)
        self.pointers.append(own(thing) if own else self.head_pointer(thing, argument.kind))

    def array_pointer(self, thing: str, argument: ArrayArg) -> str:
        data = self.value(f"call ptr {array_check(thing, argument)}")
        found = self.value(f"icmp ne ptr {data}, null")
        if argument.gaps:
            gapped = self.value(f"call i1 {gap_check(thing, argument)}")
            found = self.value(f"or i1 {found}, {gapped}")
            self.gathered.append((len(self.pointers), thing, "gather"))
        if argument.narrow:
            self.gathered.append((len(self.pointers), thing, "widen"))
        self.expect(found)
        return data

    def gather(self) -> None:
        """Copy the arrays that have gaps, or are of narrow types."""
        for place, thing, how in self.gathered:
            slot = self.local("ptr")
            passed = f"ptr {thing}, ptr {self.pointers[place]}, ptr {slot}"
            self.pointers[place] = self.value(f"call ptr @tapec.{how}({passed})")
            fine = self.value(f"icmp ne ptr {self.pointers[place]}, null")
            self.expect(fine, f"undo.{len(self.owned)}")
            self.held.append(self.value(f"load ptr, ptr {slot}"))
            self.owned.append(self.held[-1])

    def head_pointer(self, thing: str, kind: str) -> str:
        """Python's floats and complex numbers keep their doubles right behind the head."""
        self.expect(self.has_type(thing, f"py.{kind}"))
        return self.place(thing, capi.HEAD)

    def int_pointer(self, thing: str) -> str:
        self.expect(self.has_type(thing, "py.int"))
        overflow, spilled = self.local("i32"), self.local("i64")
        number = self.value(f"call i64 {_AS_INT}(ptr {thing}, ptr {overflow})")
        over = self.value(f"load i32, ptr {overflow}")
        self.expect(self.value(f"icmp eq i32 {over}, 0"))
        self.emit(f"store i64 {number}, ptr {spilled}")
        return spilled

    def bool_pointer(self, thing: str) -> str:
        true = self.value(f"icmp eq ptr {thing}, @py.True")
        false = self.value(f"icmp eq ptr {thing}, @py.False")
        self.expect(self.value(f"or i1 {true}, {false}"))
        spilled = self.local("i8")
        self.emit(f"store i8 {self.value(f'zext i1 {true} to i8')}, ptr {spilled}")
        return spilled

    def check_state(self) -> None:
        """Check that the captured state is unchanged, and load its inputs."""
        state = self.value(f"load ptr, ptr @{STATE}")
        self.expect(self.value(f"call i1 @tapec.unchanged(ptr {state})"))
        if self.sig.hidden:  # another call may rebind the inputs while this one runs
            self.state = self.own(self.field("ptr", state, 8 * (HEADER - 1)))
            self.emit(f"call void @Py_IncRef(ptr {self.state})")
        for k in range(self.sig.hidden):
            self.pointers.append(self.field("ptr", state, 8 * (HEADER + k)))

    # ---- results and memory ----

    def place_results(self) -> None:
        """Pointers to the memory of the outputs: given by the call, fresh arrays, or locals."""
        returned = {*leaves(self.sig.tree)}
        for number, out in enumerate(self.sig.outs):
            if number in self.targets:
                self.pointers.append(self.targets[number])
            elif out.kind == "array":
                self.results[number] = self.own(self.new_array(out))
                self.pointers.append(self.field("ptr", self.results[number], capi.DATA))
                self.held += [] if number in returned else [self.results[number]]
            else:
                self.pointers.append(self.local(ELEMENTS[out.dtype].llvm))

    def new_array(self, out: Output) -> str:
        descr = f"@np.descr.{ELEMENTS[out.dtype].numpy}"
        dims, strides = (
            extents(out.placed(out.shape)),
            extents(out.strides) if out.order else "null",
        )
        new = f"ptr {descr}, i32 {len(out.shape)}, ptr {dims}, ptr {strides}"
        return self.value(f"call ptr @tapec.new({new})")

    def take_work(self) -> str:
        """Add the work pointer; returns the arena to give back, "" if there is none."""
        if not self.sig.work_bytes:
            self.pointers.append("null")
            return ""
        if self.sig.work_on_stack:
            self.pointers.append(self.local(f"[{self.sig.work_bytes} x i8]", WORK_ALIGNMENT))
            return ""
        size = self.sig.work_bytes + WORK_ALIGNMENT
        arena = self.value(f"call ptr @tapec.take(ptr @{ARENA}, i64 {size})")
        self.expect(self.value(f"icmp ne ptr {arena}, null"), f"undo.{len(self.owned)}")
        address = self.value(f"ptrtoint ptr {arena} to i64")
        raised = self.value(f"add i64 {address}, {WORK_ALIGNMENT - 1}")
        aligned = self.value(f"and i64 {raised}, {-WORK_ALIGNMENT}")
        self.pointers.append(self.value(f"inttoptr i64 {aligned} to ptr"))
        return arena

    def call_kernel(self, arena: str) -> None:
        status = self.value_of_kernel()
        if arena and self.sig.work_bytes <= KEPT_BYTES:
            self.emit(f"call void @tapec.give(ptr @{ARENA}, ptr {arena})")
        elif arena:
            self.emit(f"call void @PyMem_RawFree(ptr {arena})")
        self.expect(self.value(f"icmp eq i32 {status}, 0"), "failed")
        self.failed = (status, len(self.owned))

    def check_errors(self) -> None:
        """Leave through `raised` where the user's code raises: the last output is not 0."""
        if self.sig.errors:
            self.error = self.value(f"load i64, ptr {self.pointers[-2]}")
            self.expect(self.value(f"icmp eq i64 {self.error}, 0"), "raised")

    def store_outputs(self) -> None:
        """Give arguments their final values: nothing can fail from here on but making results."""
        first = len(self.sig.args)
        for number, place in self.sig.stored:
            pair = f"ptr {self.pointers[place]}, ptr {self.pointers[first + number]}"
            size = self.sig.args[place].size
            self.emit(f"call void @llvm.memcpy.p0.p0.i64({pair}, i64 {size}, i1 false)")

    def value_of_kernel(self) -> str:
        passed = ", ".join(f"ptr {pointer}" for pointer in self.pointers)
        call = f"call i32 @{self.kernel}({passed})"
        if not self.sig.nogil:
            return self.value(call)
        thread = self.value("call ptr @PyEval_SaveThread()")
        status = self.value(call)
        self.emit(f"call void @PyEval_RestoreThread(ptr {thread})")
        return status

    def made_results(self) -> str:
        first = len(self.sig.args)
        for number, out in enumerate(self.sig.outs[: self.sig.count]):
            if out.kind != "array" and number in {*leaves(self.sig.tree)}:
                self.results[number] = boxed(self, out, self.pointers[first + number])
        for number, view in enumerate(self.sig.views, len(self.sig.outs)):
            self.results[number] = self.own(self.value(new_view(self.results[view.base], view)))
        return Making(self, self.sig, self.results).run()

    def return_results(self, root: str) -> None:
        if self.sig.into:
            self.emit(f"call void @Py_IncRef(ptr {root})")
        for thing in (*self.held, *([self.state] if self.state else [])):
            self.emit(f"call void @Py_DecRef(ptr {thing})")
        self.emit(f"ret ptr {root}")

    # ---- the ways out ----

    def leave(self) -> None:
        """Blocks that calls leave through when they do not match or fail."""
        status, made = self.failed
        self.block("mismatch")
        following = self.value(f"load ptr, ptr @{NEXT}")
        passed = f"musttail call ptr {following}({CALL})"
        self.emit(f"ret ptr {self.value(passed)}")
        self.block("failed")
        if self.sig.changes:
            self.give_up(made)
        else:
            self.emit(f"call void @tapec.raise(i32 {status})")
            self.emit(f"br label %undo.{made}")
        if self.error:
            self.block("raised")
            (self.give_up if self.sig.changes else self.raise_error)(made)
        for count in range(len(self.owned), 0, -1):
            self.block(f"undo.{count}")
            self.emit(f"call void @Py_DecRef(ptr {self.owned[count - 1]})")
            self.emit(f"br label %undo.{count - 1}")
        self.block("undo.0")
        self.emit("ret ptr null")

    def give_up(self, made: int) -> None:
        """Go on to the next entry: the function runs again, up to where it fails."""
        for thing in reversed(self.owned[:made]):
            self.emit(f"call void @Py_DecRef(ptr {thing})")
        self.emit("br label %mismatch")

    def raise_error(self, made: int) -> None:
        number = self.value(f"call ptr @PyLong_FromLongLong(i64 {self.error})")
        self.expect(self.value(f"icmp ne ptr {number}, null"), f"undo.{made}")
        spilled = self.local("ptr")
        self.emit(f"store ptr {number}, ptr {spilled}")
        self.value(f"call ptr @PyObject_Vectorcall(ptr @{RAISER}, ptr {spilled}, i64 1, ptr null)")
        self.emit(f"call void @Py_DecRef(ptr {number})")
        self.emit(f"br label %undo.{made}")
