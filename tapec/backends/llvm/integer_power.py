"""Powers of integers, by repeated squaring; they wrap around as NumPy's do."""

from __future__ import annotations

from tapec.backends.llvm.emit_scalar import REGISTER, Emit
from tapec.ir.ops.loop import NEGATIVE_POWER

_TEXT = """define internal i64 @integer_power(i64 %x, i64 %n) nounwind memory(none) {
start:
  br label %head
head:
  %product = phi i64 [ 1, %start ], [ %grown, %body ]
  %square = phi i64 [ %x, %start ], [ %next, %body ]
  %left = phi i64 [ %n, %start ], [ %rest, %body ]
  %more = icmp sgt i64 %left, 0
  br i1 %more, label %body, label %done
body:
  %odd = trunc i64 %left to i1
  %times = mul i64 %product, %square
  %grown = select i1 %odd, i64 %times, i64 %product
  %next = mul i64 %square, %square
  %rest = lshr i64 %left, 1
  br label %head
done:
  ret i64 %product
}"""


def integer_power(e: Emit, base: str, exponent: str) -> str:
    """The power in every lane; a negative exponent ends the kernel, as it is an error in NumPy."""
    e.lines.define("integer_power", _TEXT)
    if e.width == 1:
        return _one(e, base, exponent)
    result = "poison"
    for k in range(e.width):
        found = _one(e, e.lane(base, k), e.lane(exponent, k))
        element = f"{REGISTER[e.dtype]} {found}"
        result = e.lines.emit(f"insertelement {e.type} {result}, {element}, i32 {k}")
    return result


def _one(e: Emit, base: str, exponent: str) -> str:
    small = e.dtype == "i32"
    if small:
        base, exponent = (e.lines.emit(f"sext i32 {x} to i64") for x in (base, exponent))
    e.lines.expect(e.lines.emit(f"icmp sge i64 {exponent}, 0"), NEGATIVE_POWER)
    found = str(e.lines.emit(f"call i64 @integer_power(i64 {base}, i64 {exponent})"))
    return str(e.lines.emit(f"trunc i64 {found} to i32")) if small else found
