"""Primitives: each operation declared once, as data plus small formulas.

From the declaration follow type inference, tangent, adjoint, batching, interpretation, lowering,
documentation and tests. Three families:

- `elementwise` declares `evaluate` and `partials`, one formula per operand;
- `linear` (in some operands) declares `infer`, `evaluate` and `transpose`;
- `structured` declares its `jvp` and `vjp` outright.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

from tapec.errors import DTypeError, UnsupportedOperation
from tapec.ir.incidence import Meet
from tapec.ir.types import Type, broadcast_shapes

Infer = Callable[..., Any]  # infer(*types, **attrs) -> Type | tuple[Type, ...]
Work = Callable[..., int]  # work(op)
Evaluate = Callable[..., Any]  # evaluate(*arrays, **attrs) -> array | tuple
# partial(y, *xs) -> Expr, or a float where it is constant: 1.0 and -1.0 cost nothing, 0.0 is "none"
Partial = Callable[..., Any]
# rule(k, ct, *operands, **attrs) -> cotangent of operand k; only the type of operand k may be used
Transpose = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How the operands and results of an op with regions stand to those of its regions.

    `lead` operands (predicate, index, count) come first; operand `lead + j` is parameter
    `skip + j` of every region. The regions from `first` on return the op's results, those before
    it decide whether to go on. Operands of a loop are `consts`, then `carry` (attributes of the
    op), which come back as the first results, then arrays read slice by slice.
    """

    lead: int = 0
    skip: int = 0
    first: int = 0
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What the tests try an op with: attributes, and shapes of operands that are no numbers."""

    shapes: tuple[tuple[int, ...], ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Primitive:
    """One operation of the language; the object is callable on `Expr`s to build the op."""

    name: str
    kind: Literal["elementwise", "linear", "structured", "region", "loop"]
    infer: Infer
    evaluate: Evaluate | None = None
    # Elementwise: per operand, dy/dx_k; None for an operand without a tangent.
    partials: Sequence[Partial | None] = ()
    # Linear: one rule for all operands, told which by its first argument k (see `Transpose`).
    # It returns None for operands without a cotangent (integer indices).
    transpose: Sequence[Transpose | None] = ()
    # Structured, and linear in several operands: jvp(operands, tangents, result, **attrs) ->
    # Expr | None, from tuples of Expr and of Expr | None; None is a tangent known to be zero.
    # Where an op has several results, `result` and what is returned are tuples.
    # It says whether the op is linear in all operands together (concatenate, update, scatter,
    # ...) or in each separately (dot). Linear in its only operand, it is its own tangent.
    jvp: Callable[..., Any] | None = None
    # Structured: vjp(ct, result, operands, **attrs) -> tuple of Expr | None, one per operand.
    # Where an op has several results, `ct` is a tuple of Expr | None and `result` one of Expr.
    vjp: Callable[..., Any] | None = None
    strong: Mapping[str, Any] = field(default_factory=dict)  # rules by name, `ops/unread.py`
    taylor: Any = None  # how Taylor coefficients follow from those of operands, `ir/series.py`
    # batch(operands, batched: tuple[bool, ...], size, **attrs) -> Expr with a leading axis, or a
    # tuple of them; operands flagged False have none.
    batch: Callable[..., Any] | None = None
    commutative: bool = False
    effect: bool = False
    results: int | None = 1  # how many; None where attributes or regions say it
    # Index of a result -> index of the operand it is a view of: elements moved or left out.
    view: Mapping[int, int] = field(default_factory=dict)
    # The operand that the op changes a part of: where it dies, the result takes over its memory.
    writes: int | None = None
    # The operand whose memory holds the result: reading it afterwards is an error.
    ends: int | None = None
    # For an op that writes a part of an array: the name of the op that reads that part.
    reader: str = ""
    places: int | None = None  # where operands begin that are places known at run time only
    # The name of the same op with places known in advance.
    static: str = ""
    # It can fail while it runs, as an index out of bounds does: then it is not executed where the
    # program might not have. `harmless(type)` is a first operand with which it does not fail.
    raises: bool = False
    harmless: Callable[[Type], Any] | None = None
    # A zero cotangent stays zero: no partial, of whatever order, is infinite at finite operands.
    bounded: bool | Callable[..., bool] = False
    # Whether results may be rounded; by default, whether the op is not linear.
    rounds: bool | None = None
    # A rounding error of its operands may change the result entirely: equality, truncation.
    decides: bool = False
    # Bilinear, as a product: linear in each operand while the others are fixed.
    separate: bool = False
    divides: bool = False  # Python raises ZeroDivisionError where this gives inf, NaN or 0
    twin: str = ""  # the op that shares most of its native code, of the same operands
    # A reduction, over `axes` or the contracted axes.
    reduces: bool = False
    sparsity: Meet | None = None  # which operand elements a result element depends on; None: all
    # Ops with regions: how these stand to operands and results. None for rules of the user's.
    form: Form | None = None
    isolated: bool = False  # of the loop vocabulary, with a region that reads nothing around it
    # Rough cost of one element in additions, deciding between recomputing and storing.
    cost: int = 1
    # work(op) -> how many elements it goes through; by default the most that it reads or makes.
    work: Work | None = None
    # What native code computes it with. "llvm.NAME" is an intrinsic, "libm.NAME" a function of the
    # C library, "scipy.NAME" one that SciPy exports to Cython code (the attributes are its first
    # arguments), "vmath.NAME" one of our vector mathematics (of the C library where numbers come
    # one by one), "rule" a rule of the emitter or of lowering. "loops" is a rule of lowering that
    # shares loops with other ops, "own loops" one that does not: the result has memory then.
    # "lapack" is a routine that is declared with its call (`ops/lapack.py`).
    # Empty: `expand`, or else a call of `evaluate` for this op alone.
    lower: str = ""
    # expand(*operands, **attrs) -> Expr, or a tuple of them: the op as a formula in others, which
    # is its native code.
    expand: Callable[..., Any] | None = None
    # What NumPy and SciPy call it: "linalg.qr", or "jv" for what is in scipy.special. For None the
    # operands are the arguments. Else the function is called with the op on traced values, then
    # the arguments, and may use NumPy's functions: `lambda op, n, x: op(x, n=n)`.
    public: Mapping[str, Callable[..., Any] | None] = field(default_factory=dict)
    # Operands and attributes to test it with, if it has attributes or is not elementwise.
    samples: tuple[Sample, ...] = ()
    # Sampling interval of the operands for tests, and where the derivative jumps.
    domain: tuple[tuple[float, float], ...] = ()
    kinks: str = ""
    analytic: bool = True  # complex step may check it
    doc: str = ""

    def __call__(self, *operands: Any, **attrs: Any) -> Any:
        """Build the op on expressions of one builder (numbers become constants)."""
        from tapec.ir.build import apply

        return apply(self, operands, attrs)

    @functools.cached_property
    def arity(self) -> int | None:
        """How many operands an elementwise op has; None where its type inference says it."""
        if self.partials or self.kind != "elementwise":
            return len(self.partials) or None
        return getattr(inspect.unwrap(self.evaluate), "nin", None) if self.evaluate else None

    @property
    def closed(self) -> bool:
        """Whether its regions read nothing but their parameters."""
        return self.kind == "region" or self.isolated

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return lookup, (self.name,)

    @property
    def loop(self) -> bool:
        """Whether its regions run many times."""
        return self.form is not None and self.form.loop

    @property
    def conditional(self) -> bool:
        """Whether it is a loop that a region decides to go on with, or not."""
        return self.form is not None and self.form.first > 0

    @property
    def branch(self) -> bool:
        """Whether one of its regions runs, chosen by the first operand."""
        return self.form is not None and not self.form.loop and self.form.lead == 1

    @property
    def function(self) -> str:
        """The name of the mathematical function that native code calls; empty for others."""
        where, _, name = self.lower.partition(".")
        return name if where in ("vmath", "libm", "scipy") else ""

    @property
    def own_loops(self) -> bool:
        """Whether it shares its loops with no other op."""
        return self.lower == "own loops"

    @property
    def rounding(self) -> bool:
        """Whether results may be rounded."""
        return self.kind != "linear" if self.rounds is None else self.rounds

    def keeps_zero(self, attrs: Mapping[str, Any]) -> bool:
        """Whether a cotangent of zero stays zero, whatever the finite operands are."""
        if callable(self.bounded):
            return bool(self.bounded(**attrs))
        return self.kind == "linear" or self.bounded or not self.rounding


PRIMITIVES: dict[str, Primitive] = {}
# The module each was declared in: the family it is documented under.
FAMILIES: dict[str, str] = {}


def register(primitive: Primitive) -> Primitive:
    """Add to the table; names are unique."""
    if primitive.name in PRIMITIVES:
        raise ValueError(f"primitive {primitive.name} is declared twice")
    PRIMITIVES[primitive.name] = primitive
    FAMILIES[primitive.name] = _declaring_module()
    return primitive


def _declaring_module() -> str:
    """The module being imported: the nearest frame that is no function's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return str(frame.f_globals["__name__"]).rpartition(".")[2] if frame else ""


def lookup(name: str) -> Primitive:
    """The primitive of this name."""
    if name not in PRIMITIVES:
        raise UnsupportedOperation(f"there is no primitive {name!r}")
    return PRIMITIVES[name]


def same_type(*types: Type, **attrs: Any) -> Type:
    """Result type of arithmetic: the operands' dtype in their common shape."""
    dtype = types[0].dtype
    for t in types:
        if t.dtype != dtype:
            listed = ", ".join(str(t) for t in types)
            raise DTypeError(f"operands of different element types: {listed}")
    return Type(dtype, broadcast_shapes(*(t.shape for t in types)))


def predicate(*types: Type, **attrs: Any) -> Type:
    """Result type of comparisons: bool in the operands' common shape."""
    return same_type(*types).with_dtype("bool")


def elementwise(
    name: str,
    evaluate: Evaluate,
    partials: Sequence[Partial | None] = (),
    *,
    infer: Infer = same_type,
    **options: Any,
) -> Primitive:
    """Declare an elementwise primitive: operands broadcast as in NumPy."""
    return register(
        Primitive(
            name=name,
            kind="elementwise",
            infer=infer,
            evaluate=evaluate,
            partials=tuple(partials),
            **options,
        )
    )


def linear(
    name: str,
    infer: Infer,
    evaluate: Evaluate,
    transpose: Sequence[Transpose | None],
    **options: Any,
) -> Primitive:
    """Declare a primitive linear in its float operands; `transpose` is one rule for all of them."""
    return register(
        Primitive(
            name=name,
            kind="linear",
            infer=infer,
            evaluate=evaluate,
            transpose=tuple(transpose),
            **options,
        )
    )


def structured(name: str, infer: Infer, evaluate: Evaluate, **options: Any) -> Primitive:
    """Declare a primitive with explicit `jvp` and `vjp`."""
    return register(
        Primitive(name=name, kind="structured", infer=infer, evaluate=evaluate, **options)
    )


Attrs = Mapping[str, Any]
