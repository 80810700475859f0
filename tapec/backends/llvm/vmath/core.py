"""Values of a fixed vector width, their operators, bit tricks and double-double steps.

`Kit` writes LLVM instructions for one width; `Val` is an SSA name with its kind ("d" double, "i"
64-bit integer, "b" mask) and Python operators, so that the families read as formulas. No
contraction is ever left to LLVM: an fma is written where one is meant. Error-free steps: Muller et
al., Handbook of Floating-Point Arithmetic, ch. 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tapec.backends.llvm.vmath import coefficients as co
from tapec.backends.llvm.vmath.formats import DOUBLE, Format
from tapec.backends.llvm.vmath.lines import Sink

LN2_HI = float.fromhex(
    "0x1.62e42fefa0000p-1"
)  # few bits, so that n * LN2_HI is exact for |n| < 2**17
LN2_LO = float.fromhex("0x1.cf79abc9e3b3ap-40")
LOG2E = co.LOG2E[0]
INF = float("inf")
NAN = float("nan")


@dataclass(frozen=True)
class Val:
    """An SSA value: its kit, name and kind."""

    kit: Kit
    name: str
    kind: str

    def _op(self, op: str, other: Val | float | int, swap: bool = False) -> Val:
        rhs = self.kit.lift(other, self.kind)
        a, b = (rhs, self) if swap else (self, rhs)
        prefix = "f" if self.kind == "d" else ""
        text = f"{prefix}{op} {self.kit.type(self.kind)} {a.name}, {b.name}"
        return self.kit.new(text, self.kind)

    def __add__(self, o: Val | float) -> Val:
        return self._op("add", o)

    def __radd__(self, o: float) -> Val:
        return self._op("add", o)

    def __sub__(self, o: Val | float) -> Val:
        return self._op("sub", o)

    def __rsub__(self, o: float) -> Val:
        return self._op("sub", o, swap=True)

    def __mul__(self, o: Val | float) -> Val:
        return self._op("mul", o)

    def __rmul__(self, o: float) -> Val:
        return self._op("mul", o)

    def __truediv__(self, o: Val | float) -> Val:
        return self._op("div", o)

    def __rtruediv__(self, o: float) -> Val:
        return self._op("div", o, swap=True)

    def __neg__(self) -> Val:
        return self.kit.new(f"fneg {self.kit.D} {self.name}", "d")

    def __and__(self, o: Val | int) -> Val:
        return self._op("and", o)

    def __or__(self, o: Val | int) -> Val:
        return self._op("or", o)

    def __xor__(self, o: Val | int) -> Val:
        return self._op("xor", o)

    def __invert__(self) -> Val:
        return self._op("xor", 1)

    def __lshift__(self, o: int) -> Val:
        return self._op("shl", o)

    def __rshift__(self, o: int) -> Val:
        return self._op("lshr", o)

    def _cmp(self, predicate: str, o: Val | float) -> Val:
        rhs = self.kit.lift(o, self.kind)
        op = "fcmp" if self.kind == "d" else "icmp"
        types = f"{self.kit.type(self.kind)} {self.name}, {rhs.name}"
        return self.kit.new(f"{op} {predicate} {types}", "b")

    def _order(self, relation: str, o: Val | float) -> Val:
        """Ordered comparison of doubles (false for NaN), signed comparison of integers."""
        return self._cmp(("o" if self.kind == "d" else "s") + relation, o)

    def __lt__(self, o: Val | float) -> Val:
        return self._order("lt", o)

    def __gt__(self, o: Val | float) -> Val:
        return self._order("gt", o)

    def __le__(self, o: Val | float) -> Val:
        return self._order("le", o)

    def __ge__(self, o: Val | float) -> Val:
        return self._order("ge", o)

    def eq(self, o: Val | float) -> Val:
        """Equal (false for NaN)."""
        return self._cmp("oeq" if self.kind == "d" else "eq", o)

    def ne(self, o: Val | float) -> Val:
        """Not equal (true for NaN)."""
        return self._cmp("une" if self.kind == "d" else "ne", o)

    def unordered(self, o: Val | float) -> Val:
        """Either is NaN."""
        return self._cmp("uno", o)


Pair = tuple[Val, Val]


class Kit:
    """Writes instructions on `width` numbers of a format into `lines`; width 1 means scalars."""

    def __init__(self, lines: Sink, width: int, format: Format = DOUBLE) -> None:
        self.lines = lines
        self.width = width
        self.format = format
        self.D = self.vector(format.element)
        self.I = self.vector(format.integer)
        self.B = self.vector("i1")
        self.suffix = f"v{width}{format.suffix}" if width > 1 else format.suffix

    def vector(self, scalar: str) -> str:
        """The type of `width` scalars."""
        return f"<{self.width} x {scalar}>" if self.width > 1 else scalar

    def type(self, kind: str) -> str:
        """The LLVM type of a kind."""
        return {"d": self.D, "i": self.I, "b": self.B}[kind]

    def new(self, rhs: str, kind: str) -> Val:
        """Append an instruction."""
        return Val(self, self.lines.emit(rhs), kind)

    def lift(self, value: Val | float | int, kind: str) -> Val:
        """A number as a splat constant; a value as it is."""
        if isinstance(value, Val):
            return value
        scalar = {"d": self.format.element, "i": self.format.integer, "b": "i1"}[kind]
        text = self.format.literal(float(value)) if kind == "d" else str(int(value))
        if self.width == 1:
            return Val(self, text, kind)
        return Val(self, "<" + ", ".join([f"{scalar} {text}"] * self.width) + ">", kind)

    def const(self, value: float) -> Val:
        """A splat number."""
        return self.lift(value, "d")

    def intrinsic(self, name: str, *args: Val | float) -> Val:
        """Call `llvm.<name>` on doubles."""
        full = f"@llvm.{name}.{self.suffix}"
        self.lines.declare(f"declare {self.D} {full}({', '.join([self.D] * len(args))})")
        operands = ", ".join(f"{self.D} {self.lift(a, 'd').name}" for a in args)
        return self.new(f"call {self.D} {full}({operands})", "d")

    def fma(self, a: Val | float, b: Val | float, c: Val | float) -> Val:
        """a * b + c rounded once."""
        return self.intrinsic("fma", a, b, c)

    def abs(self, a: Val) -> Val:
        """Absolute value."""
        return self.intrinsic("fabs", a)

    def sqrt(self, a: Val) -> Val:
        """Square root, correctly rounded."""
        return self.intrinsic("sqrt", a)

    def copysign(self, a: Val | float, b: Val) -> Val:
        """|a| with the sign of b."""
        return self.intrinsic("copysign", a, b)

    def select(self, mask: Val, a: Val | float, b: Val | float, kind: str = "d") -> Val:
        """a where mask else b."""
        x, y, t = self.lift(a, kind), self.lift(b, kind), self.type(kind)
        return self.new(f"select {self.B} {mask.name}, {t} {x.name}, {t} {y.name}", kind)

    def bits(self, a: Val) -> Val:
        """Doubles as integers."""
        return self.new(f"bitcast {self.D} {a.name} to {self.I}", "i")

    def double(self, a: Val) -> Val:
        """Integers as doubles (same bits)."""
        return self.new(f"bitcast {self.I} {a.name} to {self.D}", "d")

    def small_int(self, a: Val) -> Val:
        """An integer |a| < 2**51 as a double of the same value."""
        return self.double(a + self.format.bits(self.format.magic)) - self.format.magic

    def nearest(self, a: Val, factor: float) -> Pair:
        """Nearest integer of a * factor, as a double and as an integer."""
        magic = self.format.magic
        t = self.fma(a, factor, magic)
        return t - magic, self.bits(t) - self.format.bits(magic)

    def negative(self, a: Val) -> Val:
        """Mask of the sign bit, -0.0 included."""
        return self.bits(a) < 0

    def min_int(self, a: Val, high: int) -> Val:
        """Signed minimum with a constant."""
        return self.select(a > high, high, a, "i")

    def clamp(self, a: Val, low: float, high: float) -> Val:
        """Limit to [low, high]; NaN passes."""
        a = self.select(a > high, high, a)
        return self.select(a < low, low, a)

    def poly(self, x: Val, coefs: Sequence[float]) -> Val:
        """Polynomial, constant term first, by Estrin's scheme."""
        terms: list[Val] = [self.const(c) for c in coefs]
        while len(terms) > 1:
            paired = [self.fma(terms[i + 1], x, terms[i]) for i in range(0, len(terms) - 1, 2)]
            terms = paired + ([terms[-1]] if len(terms) % 2 else [])
            x = x * x if len(terms) > 1 else x
        return terms[0]

    def two_sum(self, a: Val | float, b: Val) -> Pair:
        """a + b exactly, as rounded sum and error (Knuth)."""
        s = b + a
        t = s - a
        return s, (self.lift(a, "d") - (s - t)) + (b - t)

    def fast_two_sum(self, a: Val | float, b: Val) -> Pair:
        """a + b exactly when |a| >= |b| or a = 0 (Dekker)."""
        s = b + a
        return s, b - (s - a)

    def two_prod(self, a: Val, b: Val | float) -> Pair:
        """a * b exactly."""
        p = a * b
        return p, self.fma(a, b, -p)

    def div_pair(self, num: Pair, den: Pair) -> Pair:
        """Quotient of double-doubles, to about 2**-100."""
        r = 1.0 / den[0]
        q = num[0] * r
        rest = self.fma(-q, den[0], num[0]) + self.fma(-q, den[1], num[1])
        return self.fast_two_sum(q, rest * r)

    def sqrt_pair(self, a: Pair) -> Pair:
        """Square root of a double-double; a zero gives zero."""
        s = self.sqrt(a[0])
        rest = self.fma(-s, s, a[0]) + a[1]
        return s, self.select(s > 0.0, rest / (s + s), 0.0)

    def scale(self, a: Val, n: Val) -> Val:
        """a * 2**n in two steps, right into the subnormals and to infinity, |n| < 2 bias."""
        bias = self.format.bias + 1
        half = ((n + 2 * bias) >> 1) - bias
        return a * self.power_of_two(half) * self.power_of_two(n - half)

    def power_of_two(self, n: Val) -> Val:
        """2**n within the range of normal numbers."""
        return self.double((n + self.format.bias) << self.format.fraction)

    def split(self, x: Val) -> Pair:
        """x = m * 2**k, m in [sqrt(1/2), sqrt(2)); k as an integer. For positive finite x."""
        fraction, bias = self.format.fraction, self.format.bias + 1
        sub = x < 2.0 ** (2 - bias)
        raw = self.bits(self.select(sub, x * 2.0 ** (fraction + 2), x))
        m, k = self.split_normal(raw)
        return m, k - self.select(sub, fraction + 2, 0, "i")

    def split_normal(self, raw: Val) -> Pair:
        """`split` of the number with these bits, which is normal."""
        fraction, bias = self.format.fraction, self.format.bias + 1
        low = 2 ** (fraction - 20) - 1
        top = raw - (self.format.bits(0.5**0.5) & ~low)
        high = top & -(1 << fraction)
        k = ((top + (2 * bias << fraction)) >> fraction) - 2 * bias
        return self.double(raw - high), k
