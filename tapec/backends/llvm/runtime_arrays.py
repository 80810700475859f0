"""LLVM text of the functions that all entries share for arrays: checks, copies, new ones."""

from __future__ import annotations

from tapec.backends.llvm import capi
from tapec.backends.llvm.loop_text import each

_FLAGS = capi.C_CONTIGUOUS | capi.ALIGNED
_ORDER_OF_AXES = 2  # NPY_KEEPORDER: a copy without gaps whose axes lie in the same order

_SAME_EXTENT = """\
  %pits = getelementptr i64, ptr %dims, i64 %axes.i
  %its = load i64, ptr %pits
  %pwanted = getelementptr i64, ptr %extents, i64 %axes.i
  %wanted = load i64, ptr %pwanted
  %same = icmp eq i64 %its, %wanted
"""
# Axes of one element have any stride.
_SAME_STEP = """\
  %pextent = getelementptr i64, ptr %extents, i64 %axes.i
  %extent = load i64, ptr %pextent
  %pits = getelementptr i64, ptr %strides, i64 %axes.i
  %its = load i64, ptr %pits
  %pstep = getelementptr i64, ptr %steps, i64 %axes.i
  %step = load i64, ptr %pstep
  %same = icmp eq i64 %its, %step
  %one = icmp eq i64 %extent, 1
  %right = or i1 %same, %one
"""
# From the innermost axis on: a step is as wide as all that lies further inside, or wider.
_BEHIND_OTHERS = """\
  %further = add i64 %axes.i, 1
  %k = sub i64 %rank, %further
  %paxis = getelementptr i64, ptr %order, i64 %k
  %axis = load i64, ptr %paxis
  %pextent = getelementptr i64, ptr %extents, i64 %axis
  %extent = load i64, ptr %pextent
  %pits = getelementptr i64, ptr %strides, i64 %axis
  %its = load i64, ptr %pits
  %backwards = icmp slt i64 %its, 0
  %negated = sub i64 0, %its
  %step = select i1 %backwards, i64 %negated, i64 %its
  %before = load i64, ptr %span
  %one = icmp eq i64 %extent, 1
  %behind = icmp uge i64 %step, %before
  %right = or i1 %one, %behind
  %wider = mul i64 %step, %extent
  %after = select i1 %one, i64 %before, i64 %wider
  store i64 %after, ptr %span
"""


def _by_strides(flags: str, body: str) -> str:
    """Blocks after `start` that go on with `yes` for an array of the given descriptor, flags and
    extents whose axes make `%right` true."""
    return f"""\
  %data = call ptr @tapec.array(ptr %thing, ptr %descr, i32 %ndim, i32 {flags}, ptr %extents)
  %fits = icmp ne ptr %data, null
  br i1 %fits, label %compare, label %no
compare:
  %pstrides = getelementptr i8, ptr %thing, i64 {capi.STRIDES}
  %strides = load ptr, ptr %pstrides
  %rank = zext i32 %ndim to i64
  br label %axes
{each("axes", "compare", "%rank", "yes", body, "%right")}"""


# The end of functions that hand out the data of a copy, and the copy itself.
_COPIED = f"""\
  store ptr %made, ptr %copied
  %fine = icmp ne ptr %made, null
  br i1 %fine, label %done, label %failed
done:
  %pdata = getelementptr i8, ptr %made, i64 {capi.DATA}
  %its = load ptr, ptr %pdata
  ret ptr %its
failed:
  ret ptr null
"""


# `tapec.array`: the data of an exact ndarray of the given descriptor, flags and extents, else null.
# `tapec.number`: the data of a scalar of this type, else null.
# `tapec.ordered`: as `tapec.array`, for arrays with these strides. `tapec.gapped`: whether an array
# has the given descriptor and extents, and axes in this order, with any gaps. `tapec.gather`: the
# data, or that of a copy without gaps where there is none; null where no copy could be made.
# `tapec.widen`: the data of a copy as int64, or null.
# `tapec.new`: a fresh array, in C order where no strides are given. `tapec.view`: a view of an
# array, writeable where that is and the flags say so.
ARRAYS = f"""\
define ptr @tapec.array(ptr %thing, ptr %descr, i32 %ndim, i32 %flags, ptr %extents) nounwind {{
start:
  %ptype = getelementptr i8, ptr %thing, i64 {capi.TYPE}
  %type = load ptr, ptr %ptype
  %exact = icmp eq ptr %type, @np.ndarray
  br i1 %exact, label %array, label %no
array:
  %pdescr = getelementptr i8, ptr %thing, i64 {capi.DESCR}
  %itsdescr = load ptr, ptr %pdescr
  %pndim = getelementptr i8, ptr %thing, i64 {capi.NDIM}
  %itsndim = load i32, ptr %pndim
  %pflags = getelementptr i8, ptr %thing, i64 {capi.FLAGS}
  %itsflags = load i32, ptr %pflags
  %hasflags = and i32 %itsflags, %flags
  %samendim = icmp eq i32 %itsndim, %ndim
  %sameflags = icmp eq i32 %hasflags, %flags
  %both = and i1 %samendim, %sameflags
  br i1 %both, label %elements, label %no
elements:
  %samedescr = icmp eq ptr %itsdescr, %descr
  br i1 %samedescr, label %shape, label %equal
equal:
  %pelement = getelementptr i8, ptr %itsdescr, i64 {capi.ELEMENT}
  %element = load i64, ptr %pelement
  %pexpected = getelementptr i8, ptr %descr, i64 {capi.ELEMENT}
  %expected = load i64, ptr %pexpected
  %sameelement = icmp eq i64 %element, %expected
  br i1 %sameelement, label %shape, label %no
shape:
  %pdims = getelementptr i8, ptr %thing, i64 {capi.DIMS}
  %dims = load ptr, ptr %pdims
  %rank = zext i32 %ndim to i64
  br label %axes
{each("axes", "shape", "%rank", "yes", _SAME_EXTENT, "%same")}\
yes:
  %pdata = getelementptr i8, ptr %thing, i64 {capi.DATA}
  %data = load ptr, ptr %pdata
  ret ptr %data
no:
  ret ptr null
}}
define ptr @tapec.new(ptr %descr, i32 %ndim, ptr %extents, ptr %strides) nounwind {{
  call void @Py_IncRef(ptr %descr) ; the new array keeps this reference
  %made = call ptr @PyArray_NewFromDescr(ptr @np.ndarray, ptr %descr, i32 %ndim, ptr %extents,
                                         ptr %strides, ptr null, i32 0, ptr null)
  ret ptr %made
}}
define ptr @tapec.view(ptr %base, i64 %offset, ptr %descr, i32 %ndim, ptr %extents, ptr %strides,
                       i32 %flags) nounwind {{
  %pdata = getelementptr i8, ptr %base, i64 {capi.DATA}
  %data = load ptr, ptr %pdata
  %first = getelementptr i8, ptr %data, i64 %offset
  %pflags = getelementptr i8, ptr %base, i64 {capi.FLAGS}
  %itsflags = load i32, ptr %pflags
  %both = and i32 %flags, %itsflags
  call void @Py_IncRef(ptr %descr)
  %made = call ptr @PyArray_NewFromDescr(ptr @np.ndarray, ptr %descr, i32 %ndim, ptr %extents,
                                         ptr %strides, ptr %first, i32 %both, ptr null)
  %failed = icmp eq ptr %made, null
  br i1 %failed, label %done, label %based
based:
  call void @Py_IncRef(ptr %base) ; the view keeps this reference
  %status = call i32 @PyArray_SetBaseObject(ptr %made, ptr %base)
  %fine = icmp eq i32 %status, 0
  br i1 %fine, label %done, label %undo
undo:
  call void @Py_DecRef(ptr %made)
  ret ptr null
done:
  ret ptr %made
}}
define ptr @tapec.number(ptr %thing, ptr %scalar) nounwind {{
  %ptype = getelementptr i8, ptr %thing, i64 {capi.TYPE}
  %type = load ptr, ptr %ptype
  %exact = icmp eq ptr %type, %scalar
  %inside = getelementptr i8, ptr %thing, i64 {capi.HEAD}
  %data = select i1 %exact, ptr %inside, ptr null
  ret ptr %data
}}
define ptr @tapec.ordered(ptr %thing, ptr %descr, i32 %ndim, i32 %flags, ptr %extents,
                          ptr %steps) nounwind {{
start:
{_by_strides("%flags", _SAME_STEP)}\
yes:
  ret ptr %data
no:
  ret ptr null
}}
define i1 @tapec.gapped(ptr %thing, ptr %descr, i32 %ndim, ptr %extents, ptr %order) nounwind {{
start:
  %span = alloca i64
  store i64 1, ptr %span
{_by_strides("0", _BEHIND_OTHERS)}\
yes:
  ret i1 true
no:
  ret i1 false
}}
define ptr @tapec.gather(ptr %thing, ptr %data, ptr %copied) nounwind {{
start:
  store ptr null, ptr %copied
  %there = icmp ne ptr %data, null
  br i1 %there, label %asis, label %copy
asis:
  ret ptr %data
copy:
  %made = call ptr @PyArray_NewCopy(ptr %thing, i32 {_ORDER_OF_AXES})
{_COPIED}}}
define ptr @tapec.widen(ptr %thing, ptr %unused, ptr %copied) nounwind {{
start:
  call void @Py_IncRef(ptr @np.descr.int64) ; the call below takes this reference
  %made = call ptr @PyArray_FromArray(ptr %thing, ptr @np.descr.int64, i32 {_FLAGS})
{_COPIED}}}
"""
