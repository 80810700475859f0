"""Text to programs. Result types are inferred afresh and compared with the annotations."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tapec.errors import ParseError, TapecError
from tapec.ir.core import Block, Dense, Func, Loc, Op, Value
from tapec.ir.lexer import Token, position, tokens
from tapec.ir.ops.const import const
from tapec.ir.patterns import Layers, Mask, Pattern, Progression
from tapec.ir.places import RUN
from tapec.ir.primitive import PRIMITIVES, Primitive, lookup
from tapec.ir.types import NUMPY_DTYPES, Type
from tapec.ir.verify import infer_types

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORDS: Mapping[str, Any] = {
    "true": True, "false": False, "none": None, "nan": math.nan, "inf": math.inf,
}  # fmt: skip
_PATTERNS: Mapping[str, Callable[..., Pattern]] = {
    kind.__name__.lower(): kind for kind in (Progression, Mask, Layers)
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Data:
    """A `dense(...)` literal whose type may only be known from the op's annotation."""

    data: Any
    type: Type | None

    def dense(self, annotated: Type | None) -> Dense:
        type = self.type or annotated
        if type is None:
            raise ValueError("this dense(...) needs its type: dense(data, type)")
        if isinstance(self.data, Pattern):
            return Dense(self.data.array(type.shape, type.numpy))
        if isinstance(self.data, str):
            flat = np.frombuffer(base64.b64decode(self.data, validate=True), type.numpy)
        else:
            flat = np.array(self.data, type.numpy)
        return Dense(flat.reshape(type.shape))


def parse(text: str, file: str = "") -> Func:
    """The program in `text`; raises ParseError with the line.

    With `file`, the name of where the text is from, messages and ops say so.
    """
    parser = _Parser(tokens(text, file), file)
    func = parser.func()
    parser.expect("end")
    return func


class _Parser:
    """Recursive descent over the tokens, one method per rule of the grammar."""

    def __init__(self, tokens: list[Token], file: str) -> None:
        self.tokens, self.at, self.file = tokens, 0, file
        self.values: dict[str, Value] = {}

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def fail(self, message: str, line: int = 0) -> ParseError:
        return ParseError(f"{position(self.file, line or self.next.line)}: {message}")

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.next.text != text or self.next.kind == "string":
            return False
        self.at += 1
        return True

    def mark(self, text: str) -> None:
        if not self.accept(text):
            raise self.fail(f"expected {text!r}, found {self.next.text!r}")

    def expect(self, kind: str) -> str:
        if self.next.kind != kind:
            raise self.fail(f"expected a {kind}, found {self.next.text!r}")
        return self.take().text if kind != "end" else ""

    def listed(self, item: Callable[[], T], close: str) -> tuple[T, ...]:
        """Comma separated items up to and including `close`."""
        items: list[T] = []
        while not self.accept(close):
            if items:
                self.mark(",")
            items.append(item())
        return tuple(items)

    # --- functions and blocks -------------------------------------------------------------

    def func(self) -> Func:
        self.mark("func")
        name = self.expect("name")[1:]
        self.mark("(")
        params = self.listed(self.param, ")")
        self.mark("->")
        self.mark("(")
        types = self.listed(self.type, ")")
        self.mark("{")
        block = self.block(params, "return")
        found = tuple(v.type for v in block.results)
        if found != types:
            raise self.fail(f"returns ({_join(found)}), the header says ({_join(types)})")
        return Func(name, block)

    def block(self, params: tuple[Value, ...], last: str) -> Block:
        ops: list[Op] = []
        while not (self.next.text in (last, "}") and self.next.kind != "string"):
            ops.append(self.op())
        results: tuple[Value, ...] = ()
        if self.accept(last):
            results = tuple(self.operands())
        self.mark("}")
        return Block(params, tuple(ops), results)

    def param(self) -> Value:
        token = self.take()
        if token.kind != "value":
            raise self.fail(f"expected a parameter, found {token.text!r}", token.line)
        self.mark(":")
        return self.define(token, self.type())

    def define(self, token: Token, type: Type) -> Value:
        if token.text in self.values:
            raise self.fail(f"{token.text} is defined twice", token.line)
        value = self.values[token.text] = Value(type, token.text[1:])
        return value

    def use(self) -> Value:
        token = self.take()
        if token.text not in self.values:
            raise self.fail(f"{token.text} is not defined", token.line)
        return self.values[token.text]

    def operands(self) -> list[Value]:
        values: list[Value] = []
        while self.next.kind == "value":
            values.append(self.use())
            if not self.accept(","):
                break
        return values

    # --- ops ------------------------------------------------------------------------------

    def op(self) -> Op:
        results: list[Token] = []
        while self.next.kind == "value":
            results.append(self.take())
            self.accept(",")
        if results:
            self.mark("=")
        line = self.next.line
        primitive = self.primitive()
        operands = self.operands()
        attrs = self.attrs() if self.accept("{") else {}
        regions = []
        while self.accept("("):
            params = self.listed(self.param, ")")
            self.mark("{")
            regions.append(self.block(params, "yield"))
        types = self.types() if self.accept(":") else ()
        if len(results) != len(types):
            raise self.fail(f"{len(results)} results but {len(types)} types", line)
        try:
            attrs = _resolved_attrs(primitive, attrs, types)
        except (ValueError, binascii.Error) as error:
            raise self.fail(str(error), line) from None
        inferred = self.infer(primitive, operands, attrs, tuple(regions), line)
        if inferred != types:
            raise self.fail(
                f"{primitive.name} gives ({_join(inferred)}), the text says ({_join(types)})", line
            )
        values = tuple(self.define(t, type) for t, type in zip(results, types, strict=True))
        loc = Loc(self.file, line) if self.file else None
        return Op(primitive, tuple(operands), attrs, values, tuple(regions), loc)

    def primitive(self) -> Primitive:
        name = self.expect("word")
        if name not in PRIMITIVES:
            raise self.fail(f"there is no primitive {name!r}")
        return lookup(name)

    def infer(
        self,
        primitive: Primitive,
        operands: list[Value],
        attrs: Mapping[str, Any],
        regions: tuple[Block, ...],
        line: int,
    ) -> tuple[Type, ...]:
        try:
            types = infer_types(primitive, operands, attrs, regions)
        except TapecError as error:
            raise self.fail(str(error), line) from None
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise self.fail(f"{primitive.name} does not accept this: {error}", line) from None
        return types

    def attrs(self) -> dict[str, Any]:
        def item() -> tuple[str, Any]:
            key = self.expect("word")
            self.mark("=")
            return key, self.literal()

        return dict(self.listed(item, "}"))

    # --- types and literals ---------------------------------------------------------------

    def types(self) -> tuple[Type, ...]:
        types = [self.type()]
        while self.accept(","):
            types.append(self.type())
        return tuple(types)

    def type(self) -> Type:
        buffer = self.accept("buf")
        dtype = self.expect("word")
        if dtype not in NUMPY_DTYPES:
            raise self.fail(f"{dtype!r} is not a type")
        shape = self.listed(lambda: int(self.expect("int")), "]") if self.accept("[") else ()
        return Type(dtype, shape, buffer)

    def literal(self) -> Any:
        token = self.next
        if token.text == "buf" or token.text in NUMPY_DTYPES:
            return self.type()
        self.take()
        if token.kind == "mark" and token.text == "[":
            return self.listed(self.literal, "]")
        if token.kind == "int" or token.text == "?":
            return self.colons(RUN if token.text == "?" else int(token.text))
        if token.kind == "float":
            return float(token.text)
        if token.kind == "string":
            return _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], token.text[1:-1])
        if token.text == "dense":
            return self.dense()
        if token.text in _PATTERNS:
            self.mark("(")
            return _PATTERNS[token.text](*self.listed(self.literal, ")"))
        if token.text not in _WORDS:
            raise self.fail(f"{token.text!r} is not a literal", token.line)
        return _WORDS[token.text]

    def colons(self, first: int) -> int | tuple[int, ...]:
        """An integer, or the ``start:count:step`` of a view."""
        numbers = [first]
        while self.accept(":"):
            numbers.append(int(self.expect("int")))
        return first if len(numbers) == 1 else tuple(numbers)

    def dense(self) -> _Data:
        self.mark("(")
        data = self.literal()
        type = self.type() if self.accept(",") else None
        self.mark(")")
        return _Data(data, type)


def _resolved_attrs(
    primitive: Primitive, attrs: dict[str, Any], types: tuple[Type, ...]
) -> dict[str, Any]:
    """Attributes with array literals made and, for `const`, the annotated type put in."""
    annotated = types[0] if types else None
    typed = {k: v.dense(annotated) if isinstance(v, _Data) else v for k, v in attrs.items()}
    if primitive is const and annotated is not None:
        typed["type"] = annotated
    return typed


def _join(types: tuple[Type, ...]) -> str:
    return ", ".join(map(str, types))
