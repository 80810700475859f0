"""`tapec.parallel(run, data, parts, threads)`: `run(data, k, t)` for each part k in a thread t.

Threads take the next part until there is none, or one has failed; the status of a part that has
failed is returned, 0 otherwise. In Python's process they wait for the next call in a pool (see
`runtime_pool`). Where another call has that, and in libraries, which may be unloaded, they are
started for the call and joined before it returns. Where a thread cannot be started, the others do
its work. The calling thread looks for signals between its parts.
"""

from __future__ import annotations

import sys

from tapec.backends.llvm.runtime_pool import POOL
from tapec.backends.llvm.tuning import STARTED_PARTS

# What threads share: run, data, parts, the next part, a status, how many threads there are.
_STATE = "{ ptr, ptr, i64, i64, i32, i64 }"

_TAKE = f"""\
define internal i1 @tapec.part(ptr %state, i64 %thread) nounwind {{
start:
  %pnext = getelementptr {_STATE}, ptr %state, i32 0, i32 3
  %pstatus = getelementptr {_STATE}, ptr %state, i32 0, i32 4
  %pparts = getelementptr {_STATE}, ptr %state, i32 0, i32 2
  %pdata = getelementptr {_STATE}, ptr %state, i32 0, i32 1
  %failed = load atomic i32, ptr %pstatus acquire, align 4
  %fine = icmp eq i32 %failed, 0
  br i1 %fine, label %take, label %none
take:
  %k = atomicrmw add ptr %pnext, i64 1 acq_rel
  %parts = load i64, ptr %pparts
  %some = icmp slt i64 %k, %parts
  br i1 %some, label %work, label %none
work:
  %run = load ptr, ptr %state
  %data = load ptr, ptr %pdata
  %status = call i32 %run(ptr %data, i64 %k, i64 %thread)
  %bad = icmp ne i32 %status, 0
  br i1 %bad, label %report, label %more
report:
  store atomic i32 %status, ptr %pstatus release, align 4
  ret i1 false
more:
  ret i1 true
none:
  ret i1 false
}}
"""

_WORKER = f"""\
define internal ptr @tapec.worker(ptr %state) nounwind {{
start:
  %pthreads = getelementptr {_STATE}, ptr %state, i32 0, i32 5
  %thread = atomicrmw add ptr %pthreads, i64 1 monotonic
  br label %next
next:
  %more = call i1 @tapec.part(ptr %state, i64 %thread)
  br i1 %more, label %next, label %done
done:
  ret ptr null
}}
"""

_OWN = f"""\
define internal void @tapec.own(ptr %state) nounwind {{
start:
  %pstatus = getelementptr {_STATE}, ptr %state, i32 0, i32 4
  %clock = alloca i64
  store i64 0, ptr %clock
  br label %own
own:
  %more = call i1 @tapec.part(ptr %state, i64 0)
  br i1 %more, label %look, label %done
look:
  %signalled = call i32 @tapec.poll(ptr %clock)
  %calm = icmp eq i32 %signalled, 0
  br i1 %calm, label %own, label %stop
stop:
  store atomic i32 %signalled, ptr %pstatus release, align 4
  br label %done
done:
  ret void
}}
"""

_STARTED = f"""\
define internal void @tapec.started(ptr %state, i64 %threads) nounwind {{
start:
  %handles = alloca i64, i64 %threads
  %pparts = getelementptr {_STATE}, ptr %state, i32 0, i32 2
  %parts = load i64, ptr %pparts
  %little = icmp slt i64 %parts, {STARTED_PARTS}
  %most = select i1 %little, i64 0, i64 %threads
  br label %test
test:
  %i = phi i64 [ 1, %start ], [ %after, %made ]
  %wanted = icmp slt i64 %i, %most
  br i1 %wanted, label %begin, label %own
begin:
  %handle = getelementptr i64, ptr %handles, i64 %i
  %refused = call i32 @pthread_create(ptr %handle, ptr null, ptr @tapec.worker, ptr %state)
  %started = icmp eq i32 %refused, 0
  br i1 %started, label %made, label %own
made:
  %after = add i64 %i, 1
  br label %test
own:
  call void @tapec.own(ptr %state)
  br label %join
join:
  %j = phi i64 [ 1, %own ], [ %following, %wait ]
  %left = icmp slt i64 %j, %i
  br i1 %left, label %wait, label %done
wait:
  %pthread = getelementptr i64, ptr %handles, i64 %j
  %thread = load i64, ptr %pthread
  call i32 @pthread_join(i64 %thread, ptr null)
  %following = add i64 %j, 1
  br label %join
done:
  ret void
}}
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
"""

# What runs the parts: nothing but the caller on Windows, which has no such threads.
_ALONE = "  call void @tapec.own(ptr %state)\n  br label %done\n"
_STARTING = "  call void @tapec.started(ptr %state, i64 %most)\n  br label %done\n"
_WAITING = f"""\
  %pooled = call i1 @tapec.pooled(ptr %state, i64 %most)
  br i1 %pooled, label %done, label %start_them
start_them:
{_STARTING}"""


def _parallel(ways: str) -> str:
    return f"""\
define i32 @tapec.parallel(ptr %run, ptr %data, i64 %parts, i64 %threads) nounwind {{
start:
  %state = alloca {_STATE}
  %pdata = getelementptr {_STATE}, ptr %state, i32 0, i32 1
  %pparts = getelementptr {_STATE}, ptr %state, i32 0, i32 2
  %pnext = getelementptr {_STATE}, ptr %state, i32 0, i32 3
  %pstatus = getelementptr {_STATE}, ptr %state, i32 0, i32 4
  %pthreads = getelementptr {_STATE}, ptr %state, i32 0, i32 5
  store ptr %run, ptr %state
  store ptr %data, ptr %pdata
  store i64 %parts, ptr %pparts
  store i64 0, ptr %pnext
  store i32 0, ptr %pstatus
  store i64 1, ptr %pthreads
  %few = icmp slt i64 %threads, %parts
  %most = select i1 %few, i64 %threads, i64 %parts
  br label %shared
shared:
{ways}done:
  %status = load atomic i32, ptr %pstatus acquire, align 4
  ret i32 %status
}}
"""


def threads_text(pool: bool, alone: bool = sys.platform == "win32") -> str:
    """LLVM text of the function: with threads that wait, or are started; `alone`, with none."""
    if alone:
        return _TAKE + _OWN + _parallel(_ALONE)
    if pool:
        return _TAKE + _WORKER + _OWN + _STARTED + POOL + _parallel(_WAITING)
    return _TAKE + _WORKER + _OWN + _STARTED + _parallel(_STARTING)
