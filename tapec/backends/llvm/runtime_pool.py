"""`tapec.pooled(state, most)`: parts run by threads that wait for them from call to call.

One call at a time has the pool; it says so, or false where another one has it. Threads that wake
late find no job any more, and nobody waits for them. Before they sleep they look out for 50 us, as
waking takes that long. They take no signals, which are Python's main thread's. A forked process
has none of its parent's threads: the first call there makes its own.
"""

from __future__ import annotations

import platform
import sys

from tapec.backends.llvm.tuning import SPINS

# The number that makes a mask of signals the only one, and more bytes than locks and masks have.
_SET_MASK = 3 if sys.platform == "darwin" else 2
_OPAQUE = "[256 x i8]"
_PAUSES = {
    "x86_64": "call void @llvm.x86.sse2.pause()",
    "AMD64": "call void @llvm.x86.sse2.pause()",
    "arm64": 'call void asm sideeffect "yield", ""()',
    "aarch64": 'call void asm sideeffect "yield", ""()',
}
_PAUSE = _PAUSES.get(platform.machine(), "fence acquire")

_GLOBALS = "".join(
    f"@tapec.pool.{name} = internal global {kind}\n"
    for name, kind in {
        "lock": f"{_OPAQUE} zeroinitializer, align 16",
        "wake": f"{_OPAQUE} zeroinitializer, align 16",
        "done": f"{_OPAQUE} zeroinitializer, align 16",
        "process": "i32 0",  # whose threads these are
        "busy": "i32 0",  # whether a call has the pool
        "job": "ptr null",
        "open": "i64 0",  # how many threads may still join the job
        "running": "i64 0",
        "size": "i64 0",
    }.items()
)

_DECLARATIONS = """\
declare i32 @getpid()
declare i32 @pthread_detach(i64)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @sigfillset(ptr)
"""


def _look_out(name: str, met: str) -> str:
    """A function that returns once a condition holds, or after a while."""
    return f"""\
define internal void @tapec.pool.{name}() nounwind {{
start:
  br label %look
look:
  %k = phi i64 [ 0, %start ], [ %next, %again ]
{met}\
  %tired = icmp sge i64 %k, {SPINS}
  %over = or i1 %met, %tired
  br i1 %over, label %done, label %again
again:
  {_PAUSE}
  %next = add i64 %k, 1
  br label %look
done:
  ret void
}}
"""


_LOOKING = _look_out("await_job", """\
  %open = load atomic i64, ptr @tapec.pool.open monotonic, align 8
  %met = icmp sgt i64 %open, 0
""") + _look_out("await_end", """\
  %running = load atomic i64, ptr @tapec.pool.running monotonic, align 8
  %met = icmp eq i64 %running, 0
""")  # fmt: skip

_WAITING = """\
define internal ptr @tapec.pool.wait(ptr %unused) nounwind {
start:
  br label %first
first:
  call void @tapec.pool.await_job()
  call i32 @pthread_mutex_lock(ptr @tapec.pool.lock)
  br label %look
look:
  %job = load ptr, ptr @tapec.pool.job
  %open = load i64, ptr @tapec.pool.open
  %posted = icmp ne ptr %job, null
  %free = icmp sgt i64 %open, 0
  %wanted = and i1 %posted, %free
  br i1 %wanted, label %join, label %sleep
sleep:
  call i32 @pthread_cond_wait(ptr @tapec.pool.wake, ptr @tapec.pool.lock)
  br label %look
join:
  %fewer = sub i64 %open, 1
  store atomic i64 %fewer, ptr @tapec.pool.open monotonic, align 8
  %before = load i64, ptr @tapec.pool.running
  %more = add i64 %before, 1
  store atomic i64 %more, ptr @tapec.pool.running monotonic, align 8
  call i32 @pthread_mutex_unlock(ptr @tapec.pool.lock)
  call ptr @tapec.worker(ptr %job)
  call i32 @pthread_mutex_lock(ptr @tapec.pool.lock)
  %now = load i64, ptr @tapec.pool.running
  %left = sub i64 %now, 1
  store atomic i64 %left, ptr @tapec.pool.running monotonic, align 8
  %last = icmp eq i64 %left, 0
  br i1 %last, label %tell, label %leave
tell:
  call i32 @pthread_cond_signal(ptr @tapec.pool.done)
  br label %leave
leave:
  call i32 @pthread_mutex_unlock(ptr @tapec.pool.lock)
  br label %first
}
"""

_TAKING = """\
define internal i1 @tapec.pool.take() nounwind {
start:
  %own = call i32 @getpid()
  %of = load atomic i32, ptr @tapec.pool.process acquire, align 4
  %same = icmp eq i32 %own, %of
  br i1 %same, label %ask, label %begin
begin:
  %begun = cmpxchg ptr @tapec.pool.process, i32 %of, i32 -1 acq_rel acquire
  %first = extractvalue { i32, i1 } %begun, 1
  %other = icmp ne i32 %of, -1
  %mine = and i1 %first, %other
  br i1 %mine, label %make, label %no
make:
  call i32 @pthread_mutex_init(ptr @tapec.pool.lock, ptr null)
  call i32 @pthread_cond_init(ptr @tapec.pool.wake, ptr null)
  call i32 @pthread_cond_init(ptr @tapec.pool.done, ptr null)
  store ptr null, ptr @tapec.pool.job
  store i64 0, ptr @tapec.pool.open
  store i64 0, ptr @tapec.pool.running
  store i64 0, ptr @tapec.pool.size
  store atomic i32 0, ptr @tapec.pool.busy release, align 4
  store atomic i32 %own, ptr @tapec.pool.process release, align 4
  br label %ask
ask:
  %asked = cmpxchg ptr @tapec.pool.busy, i32 0, i32 1 acq_rel acquire
  %given = extractvalue { i32, i1 } %asked, 1
  ret i1 %given
no:
  ret i1 false
}
"""

_GROWING = f"""\
define internal void @tapec.pool.grow(i64 %wanted) nounwind {{
start:
  %handle = alloca i64
  %all = alloca {_OPAQUE}, align 16
  %old = alloca {_OPAQUE}, align 16
  %size = load i64, ptr @tapec.pool.size
  %enough = icmp sge i64 %size, %wanted
  br i1 %enough, label %done, label %mask
mask:
  call i32 @sigfillset(ptr %all)
  call i32 @pthread_sigmask(i32 {_SET_MASK}, ptr %all, ptr %old)
  br label %begin
begin:
  %k = phi i64 [ %size, %mask ], [ %after, %made ]
  %few = icmp slt i64 %k, %wanted
  br i1 %few, label %make, label %unmask
make:
  %refused = call i32 @pthread_create(ptr %handle, ptr null, ptr @tapec.pool.wait, ptr null)
  %started = icmp eq i32 %refused, 0
  br i1 %started, label %made, label %unmask
made:
  %thread = load i64, ptr %handle
  call i32 @pthread_detach(i64 %thread)
  %after = add i64 %k, 1
  store i64 %after, ptr @tapec.pool.size
  br label %begin
unmask:
  call i32 @pthread_sigmask(i32 {_SET_MASK}, ptr %old, ptr null)
  br label %done
done:
  ret void
}}
"""

_POOLED = """\
define internal i1 @tapec.pooled(ptr %state, i64 %most) nounwind {
start:
  %mine = call i1 @tapec.pool.take()
  br i1 %mine, label %post, label %no
post:
  %others = sub i64 %most, 1
  call void @tapec.pool.grow(i64 %others)
  call i32 @pthread_mutex_lock(ptr @tapec.pool.lock)
  store ptr %state, ptr @tapec.pool.job
  store atomic i64 %others, ptr @tapec.pool.open monotonic, align 8
  call i32 @pthread_mutex_unlock(ptr @tapec.pool.lock)
  %single = icmp eq i64 %others, 1
  br i1 %single, label %one, label %many
one:
  call i32 @pthread_cond_signal(ptr @tapec.pool.wake)
  br label %own
many:
  call i32 @pthread_cond_broadcast(ptr @tapec.pool.wake)
  br label %own
own:
  call void @tapec.own(ptr %state)
  call i32 @pthread_mutex_lock(ptr @tapec.pool.lock)
  store ptr null, ptr @tapec.pool.job
  store atomic i64 0, ptr @tapec.pool.open monotonic, align 8
  call i32 @pthread_mutex_unlock(ptr @tapec.pool.lock)
  call void @tapec.pool.await_end()
  call i32 @pthread_mutex_lock(ptr @tapec.pool.lock)
  br label %look
look:
  %running = load i64, ptr @tapec.pool.running
  %over = icmp eq i64 %running, 0
  br i1 %over, label %end, label %sleep
sleep:
  call i32 @pthread_cond_wait(ptr @tapec.pool.done, ptr @tapec.pool.lock)
  br label %look
end:
  call i32 @pthread_mutex_unlock(ptr @tapec.pool.lock)
  store atomic i32 0, ptr @tapec.pool.busy release, align 4
  ret i1 true
no:
  ret i1 false
}
"""

POOL = _GLOBALS + _DECLARATIONS + _LOOKING + _WAITING + _TAKING + _GROWING + _POOLED
