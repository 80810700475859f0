"""Functions that all kernels share for memory: blocks kept between calls, tapes that grow."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tapec.backends.llvm.tuning import KEPT_BYTES


@dataclass(frozen=True)
class Allocator:
    """The functions that give memory, by name."""

    malloc: str
    realloc: str
    free: str


PYTHON = Allocator("PyMem_RawMalloc", "PyMem_RawRealloc", "PyMem_RawFree")
C = Allocator("malloc", "realloc", "free")

# `tapec.large`: ask for large pages where a block is large, as NumPy does for its arrays; otherwise
# touching fresh memory for the first time costs more than most of what is done with it.
_LARGE = f"""\
define internal void @tapec.large(ptr %block, i64 %size) nounwind {{
start:
  %wanted = icmp uge i64 %size, {2**22}
  br i1 %wanted, label %advise, label %done
advise:
  %address = ptrtoint ptr %block to i64
  %raised = add i64 %address, 4095
  %first = and i64 %raised, -4096
  %skipped = sub i64 %first, %address
  %rest = sub i64 %size, %skipped
  %page = inttoptr i64 %first to ptr
  %ignored = call i32 @madvise(ptr %page, i64 %rest, i32 14) ; MADV_HUGEPAGE
  br label %done
done:
  ret void
}}
declare i32 @madvise(ptr, i64, i32)
"""
NO_LARGE = "define internal void @tapec.large(ptr, i64) nounwind {\n  ret void\n}\n"

# `tapec.take`, `tapec.give`: work memory too large for the stack. One block is kept for the next
# call in a variable of the kernel's. `take` exchanges it for null, so a call that finds null
# (another thread or an outer call has the block) gets a block of its own; `give` leaves one and
# frees the other.
_ARENA = """\
define ptr @tapec.take(ptr %cell, i64 %size) nounwind {
  %kept = atomicrmw xchg ptr %cell, ptr null acquire
  %usable = icmp ne ptr %kept, null
  br i1 %usable, label %found, label %grow
found:
  ret ptr %kept
grow:
  %fresh = call ptr @PyMem_RawMalloc(i64 %size)
  %made = icmp ne ptr %fresh, null
  br i1 %made, label %done, label %starved
done:
  call void @tapec.large(ptr %fresh, i64 %size)
  ret ptr %fresh
starved:
  %none = call ptr @PyErr_NoMemory()
  ret ptr null
}
define void @tapec.give(ptr %cell, ptr %block) nounwind {
  %other = atomicrmw xchg ptr %cell, ptr %block acq_rel
  call void @PyMem_RawFree(ptr %other)
  ret void
}
"""

# `tapec.grow`, `tapec.shed`: memory of a tape, whose record is (slots, how many there are, how many
# are in use, first slots on the stack). A block starts with a head that says how many slots follow.
# `grow` makes room for `needed` slots, false if there is no memory: from the stack it moves to the
# block kept in `cell` if that suffices, from a block to one of at least double the size. `shed`
# leaves the block in `cell` if it is not too large.
_HEAD = 64


def tapes_text(names: Allocator, kept_bytes: int) -> str:
    """LLVM text of `tapec.grow` and `tapec.shed`, which keep blocks of up to so many bytes."""
    return f"""\
define i1 @tapec.grow(ptr %tape, i64 %needed, ptr %cell) nounwind {{
start:
  %pcap = getelementptr i8, ptr %tape, i64 8
  %pfirst = getelementptr i8, ptr %tape, i64 24
  %base = load ptr, ptr %tape
  %cap = load i64, ptr %pcap
  %first = load ptr, ptr %pfirst
  %used = shl i64 %cap, 3
  %onstack = icmp eq ptr %base, %first
  %twice = shl i64 %cap, 1
  %more = call i64 @llvm.umax.i64(i64 %twice, i64 %needed)
  %room = shl i64 %more, 3
  %bytes = add i64 %room, {_HEAD}
  br i1 %onstack, label %leave, label %enlarge
leave:
  %kept = atomicrmw xchg ptr %cell, ptr null acquire
  %found = icmp ne ptr %kept, null
  br i1 %found, label %measure, label %allocate
measure:
  %keptcap = load i64, ptr %kept
  %suffices = icmp uge i64 %keptcap, %needed
  br i1 %suffices, label %copy, label %discard
discard:
  call void @{names.free}(ptr %kept)
  br label %allocate
allocate:
  %fresh = call ptr @{names.malloc}(i64 %bytes)
  %made = icmp ne ptr %fresh, null
  br i1 %made, label %copy, label %starved
copy:
  %block = phi ptr [ %kept, %measure ], [ %fresh, %allocate ]
  %blockcap = phi i64 [ %keptcap, %measure ], [ %more, %allocate ]
  %target = getelementptr i8, ptr %block, i64 {_HEAD}
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %base, i64 %used, i1 false)
  br label %done
enlarge:
  %old = getelementptr i8, ptr %base, i64 -{_HEAD}
  %larger = call ptr @{names.realloc}(ptr %old, i64 %bytes)
  %enlarged = icmp ne ptr %larger, null
  br i1 %enlarged, label %done, label %starved
done:
  %result = phi ptr [ %block, %copy ], [ %larger, %enlarge ]
  %newcap = phi i64 [ %blockcap, %copy ], [ %more, %enlarge ]
  call void @tapec.large(ptr %result, i64 %bytes)
  store i64 %newcap, ptr %result
  %slots = getelementptr i8, ptr %result, i64 {_HEAD}
  store ptr %slots, ptr %tape
  store i64 %newcap, ptr %pcap
  ret i1 true
starved:
  ret i1 false
}}
define void @tapec.shed(ptr %tape, ptr %cell) nounwind {{
  %pcap = getelementptr i8, ptr %tape, i64 8
  %pfirst = getelementptr i8, ptr %tape, i64 24
  %base = load ptr, ptr %tape
  %cap = load i64, ptr %pcap
  %first = load ptr, ptr %pfirst
  %onstack = icmp eq ptr %base, %first
  br i1 %onstack, label %done, label %heap
heap:
  %block = getelementptr i8, ptr %base, i64 -{_HEAD}
  %small = icmp ule i64 %cap, {kept_bytes // 8}
  br i1 %small, label %keep, label %free
keep:
  %other = atomicrmw xchg ptr %cell, ptr %block acq_rel
  br label %free
free:
  %unwanted = phi ptr [ %other, %keep ], [ %block, %heap ]
  call void @{names.free}(ptr %unwanted)
  br label %done
done:
  ret void
}}
declare i64 @llvm.umax.i64(i64, i64)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def memory_text() -> str:
    """LLVM text of these functions; the allocator of Python is declared elsewhere."""
    large = _LARGE if sys.platform == "linux" else NO_LARGE
    return "\n".join((large, _ARENA, tapes_text(PYTHON, KEPT_BYTES)))
