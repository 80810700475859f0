"""Random programs over captured state: what a function reads, and what changes it between calls.

A program is a list of pieces. A piece sets something up around the function (globals, variables of
the enclosing function, attributes, defaults, helpers), reads it in a line or two of the function,
and knows what may change it later. Everything is source text: a failure prints its program.
"""

from __future__ import annotations

import itertools
import linecache
import random
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from support.effect_pieces import EFFECTS, EffectPieces, Piece

HEAD = """\
import collections, dataclasses, functools, types
import numpy as np
"""
_NUMBERS = itertools.count()
Kind = Callable[[Any, int], "Piece"]


class Pieces(EffectPieces):
    """Makes random pieces."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = 0

    def piece(self, kinds: Sequence[Kind]) -> Piece:
        """A piece of one of these kinds."""
        self.count += 1
        return self.rng.choice(kinds)(self, self.count)

    # -- values ----------------------------------------------------------------------------

    def number(self) -> str:
        """A number of some type."""
        v = self.rng.choice(["0.0", "-0.0", "1.0", "2.5", "-1.25", "0.1"])
        return self.rng.choice([v, v, v, "2", "3", "True", f"np.float64({v})", "np.int64(2)"])

    def array(self, n: int = 3) -> str:
        """An array that broadcasts with the argument, small or large."""
        made = f"np.linspace({self.rng.uniform(-1, 1):.2f}, {self.rng.uniform(1, 2):.2f}, {n})"
        wide = f"np.ones((20, {n})) * {self.rng.uniform(-1, 1):.2f}"
        return self.rng.choice([made, made, wide, f"{made}[::-1]", f"np.asfortranarray({wide})"])

    def value(self) -> str:
        """A number or an array."""
        return self.number() if self.rng.random() < 0.6 else self.array()

    def use(self, what: str) -> list[str]:
        """A line that reads a number or an array."""
        return [
            self.rng.choice(
                [
                    f"y = y * {what}",
                    f"y = y + {what} * x",
                    f"y = y - np.sum({what}) * x",
                    f"y = y + np.sin(x) * ({what} + 1)",
                    f"if np.ndim({what}) == 0 and {what} > 0.5: y = y + x\nelse: y = y - 2 * x",
                    f"for _ in range(int(np.size({what}))): y = y + 0.5 * x * x",
                ]
            )
        ]

    def rebound(self, what: str) -> list[str]:
        """Changes of a place that can be assigned to."""
        new = [f"{what} = {self.value()}" for _ in range(3)]
        return [*new, f"{what} = {what} * 1.0", f"{what} = {what} + 1.0", *self.written(what)]

    def written(self, what: str) -> list[str]:
        """Changes of the content of an array."""
        is_array = f"if isinstance({what}, np.ndarray): {what}"
        return [f"{is_array}[...] = {self.rng.uniform(-1, 1):.2f}", f"{is_array}[..., 0] += 1.0"]

    # -- kinds -----------------------------------------------------------------------------

    def a_global(self, n: int) -> Piece:
        name = f"G{n}"
        return Piece(self.use(name), [f"{name} = {self.value()}"], changes=self.rebound(name))

    def a_cell(self, n: int) -> Piece:
        name, new = f"c{n}", self.value()
        setter = f"def set_{name}(v):\n    nonlocal {name}\n    {name} = v"
        values = [f"SET['{name}']({v})" for v in (new, self.value(), new)]
        return Piece(self.use(name), cells=[f"{name} = {self.value()}"], setters=[setter],
                     changes=values)  # fmt: skip

    def a_default(self, n: int) -> Piece:
        name = f"d{n}"
        return Piece(
            self.use(name), [f"D{n} = {self.value()}"], parameters=[f"{name}=D{n}"],
            changes=[*self.written(f"D{n}"), f"SET['f'].__defaults__ = SET['f'].__defaults__[:-1] + "
                     f"({self.number()},)"],
        )  # fmt: skip

    def a_dictionary(self, n: int) -> Piece:
        name = f"T{n}"
        use = self.rng.choice([
            self.use(f"{name}['a']"), self.use(f"{name}.get('z', 1.0)"),
            [f"for v in {name}.values(): y = y + v * x"],
            [f"for k, v in {name}.items(): y = y * 0.5 + v * x"],
            [f"if 'z' in {name}: y = y + x"],
            self.use(f"{name}['in']['b']"), [f"y = y * len({name})"],
        ])  # fmt: skip
        first = f"{name} = {{'a': {self.value()}, 'in': {{'b': {self.value()}}}, 'k': 1.5}}"
        if any("values" in u or "items" in u for u in use):
            first = f"{name} = {{'a': {self.value()}, 'k': 1.5}}"
        changes = [*self.rebound(f"{name}['a']"), f"{name}['z'] = {self.number()}",
                   f"{name}.pop('z', None)", f"{name} = dict({name})",
                   f"{name}['k'] = {self.number()}"]  # fmt: skip
        if "'in'" in first:
            changes += [f"{name}['in']['b'] = {self.value()}", f"{name}['in'] = {{'b': 2.0}}"]
        return Piece(use, [first], changes=changes)

    def a_list(self, n: int) -> Piece:
        name = f"L{n}"
        use = self.rng.choice([
            [f"for v in {name}: y = y + v * x"], self.use(f"{name}[0]"), self.use(f"{name}[-1]"),
            [f"y = y * len({name})"], [f"y = y * sum({name})"],
            [f"a, *b = {name}", "y = y * a + len(b)"],
        ])  # fmt: skip
        items = ", ".join(self.number() for _ in range(self.rng.choice([2, 3, 12])))
        return Piece(use, [f"{name} = [{items}]"], changes=[
            f"{name}[0] = {self.number()}", f"{name}.append({self.number()})",
            f"if len({name}) > 2: {name}.pop()", f"{name} = list({name})",
            f"{name}.reverse()",
        ])  # fmt: skip

    def a_list_of_arrays(self, n: int) -> Piece:
        name = f"A{n}"
        use = [f"for v in {name}: y = y + np.sum(v) * x"]
        return Piece(use, [f"{name} = [{self.array()}, {self.array()}]"], changes=[
            *self.rebound(f"{name}[0]")[2:], f"{name}.append({self.array()})",
            *self.written(f"{name}[1]"),
        ])  # fmt: skip

    def an_object(self, n: int) -> Piece:
        name = f"o{n}"
        kind = self.rng.choice(["plain", "slots", "dataclass", "namespace", "methods"])
        classes = {
            "plain": f"class K{n}:\n    w = {self.number()}",
            "slots": f"class K{n}:\n    __slots__ = ('v',)\n    w = {self.number()}",
            "dataclass": f"@dataclasses.dataclass\nclass K{n}:\n    v: float = 1.0\n    w = 2.0",
            "namespace": f"K{n} = types.SimpleNamespace",
            "methods": f"class K{n}:\n    w = {self.number()}\n    def get(self): return self.v * 2\n"
            "    @property\n    def p(self): return self.v + 1",
        }
        extra = {"namespace": ["v"], "methods": ["v", "w", "get()", "p"]}.get(kind, ["v", "w"])
        use = self.use(f"{name}.{self.rng.choice(extra)}")
        changes = self.rebound(f"{name}.v")
        if kind != "namespace":
            changes += [f"K{n}.w = {self.number()}"]
        if kind in ("plain", "methods", "dataclass"):
            changes += [f"{name}.w = {self.number()}",
                        f"if 'w' in vars({name}): del {name}.w"]  # fmt: skip
        setup = [classes[kind], f"{name} = K{n}()", f"{name}.v = {self.value()}"]
        return Piece(
            use, setup, changes=[*changes, f"{name}.other = 1" if kind != "slots" else "pass"]
        )

    def a_module(self, n: int) -> Piece:
        name = f"m{n}"
        setup = [f"{name} = types.ModuleType('{name}')", f"{name}.v = {self.value()}"]
        return Piece(self.use(f"{name}.v"), setup, changes=self.rebound(f"{name}.v"))

    def a_helper(self, n: int) -> Piece:
        name = f"h{n}"

        def body() -> str:
            return f"def {name}(z, k={self.number()}): return z * k + B{n}"

        return Piece([f"y = {name}(y)"], [f"B{n} = {self.value()}", body()], changes=[
            body(), body(), f"B{n} = {self.number()}", f"{name}.__defaults__ = ({self.number()},)",
            f"{name} = functools.partial(lambda z, k: z * k, k={self.value()})",
        ])  # fmt: skip

    def a_partial(self, n: int) -> Piece:
        name = f"p{n}"
        setup = [
            f"P{n} = {self.array()}",
            f"{name} = functools.partial(lambda z, a: z + a, a=P{n})",
        ]
        return Piece([f"y = {name}(y)"], setup, changes=[
            *self.written(f"P{n}"), f"{name}.keywords['a'] = {self.value()}",
        ])  # fmt: skip

    def a_mode(self, n: int) -> Piece:
        name = f"M{n}"
        use = [f"if {name} == 'twice': y = 2 * y\nelif {name} is None: y = y + x\nelse: y = -y"]
        new = [f"{name} = {v}" for v in ("'twice'", "'other'", "None", "('a', 1.0)")]
        return Piece(use, [new[0]], changes=new)

    def an_index(self, n: int) -> Piece:
        name = f"I{n}"
        kind = self.rng.choice(["np.array([0, 2, 1])", "np.array([True, False, True])", "[0, 1]"])
        use = [f"y = y + np.sum(x[{name}])"]
        return Piece(use, [f"{name} = {kind}"], changes=[
            f"{name}[0] = 1", f"{name}[1] = 0", f"{name} = np.array([1, 1, 0])",
        ])  # fmt: skip

    def a_class(self, n: int) -> Piece:
        name = f"C{n}"
        setup = [f"class {name}:\n    w = {self.value()}\n    s = [1.0, {self.number()}]"]
        use = self.rng.choice([self.use(f"{name}.w"), [f"for v in {name}.s: y = y + v * x"]])
        return Piece(
            use, setup, changes=[*self.rebound(f"{name}.w"), f"{name}.s[1] = {self.number()}"]
        )


READS: list[Kind] = [v for k, v in vars(Pieces).items() if k.startswith(("a_", "an_"))]


@dataclass
class Program:
    """Pieces, what kind of function reads them, and the changes in order."""

    pieces: list[Piece]
    root: str
    changes: list[str]

    def source(self) -> str:
        """The text that makes `f`, `kernel functions` and setters."""
        text = [HEAD, "SET = {}"]
        for p in self.pieces:
            text += p.setup
        text.append("class Root:\n    scale = 1.5\n    def __init__(self): self.v = 0.5")
        text.append("def make():")
        inner = [line for p in self.pieces for line in p.cells]
        parameters = ", ".join(["x", *(q for p in self.pieces for q in p.parameters)])
        first = f"self, {parameters}" if self.root in ("method", "object") else parameters
        inner.append(f"def f({first}):")
        body = [line for p in self.pieces for line in p.declared]
        body.append("y = x * 1.0")
        if self.root in ("method", "object"):
            body[-1] = "y = x * self.v * self.scale"
        body += [line for p in self.pieces for line in p.lines]
        inner += _indented([*body, "return np.sum(y)"])
        inner.append("SET['f'] = f")
        for p in self.pieces:
            for setter in p.setters:
                inner.append(setter)
                inner.append(
                    f"SET['{setter[8 : setter.index('(')]}'] = set_{setter[8 : setter.index('(')]}"
                )
        text += _indented([*inner, "return f"])
        text += ["f = make()", *_ROOTS[self.root]]
        return "\n".join(text) + "\n"

    def text(self) -> str:
        """All of it, to be read."""
        return self.source() + "".join(f"# then: {c}\n" for c in self.changes)

    def space(self) -> dict[str, Any]:
        """Run the source."""
        name = f"<captured {next(_NUMBERS)}>"
        source = self.source()
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        module = sys.modules["captured_program"] = types.ModuleType("captured_program")
        space = vars(module)
        exec(compile(source, name, "exec"), space)
        return space

    def smaller(self) -> Iterator[Program]:
        """Programs with one piece or change less."""
        for k in range(len(self.changes)):
            yield Program(self.pieces, self.root, self.changes[:k] + self.changes[k + 1 :])
        for k in range(len(self.pieces)):
            rest = self.pieces[:k] + self.pieces[k + 1 :]
            gone = set(self.pieces[k].changes)
            yield Program(rest, self.root, [c for c in self.changes if c not in gone])
        if self.root != "function":
            yield Program(self.pieces, "function", [c for c in self.changes if "root" not in c])


_ROOTS = {
    "function": [],
    "method": ["Root.run = f", "root = Root()", "f = root.run"],
    "object": ["Root.__call__ = f", "root = Root()", "f = root"],
    "partial": ["f = functools.partial(f)"],
}
_ROOT_CHANGES = ["root.v = 0.75", "Root.scale = 2.5", "root.scale = 0.25", "root.v = np.ones(3)"]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + part for line in lines for part in line.split("\n")]


def program(seed: int, effects: bool = False) -> Program:
    """A random program, with effects where asked for."""
    rng = random.Random(seed)
    pieces = Pieces(rng)
    made = [
        pieces.piece(READS) for _ in range(rng.choice([0, 0, 1, 2] if effects else [1, 1, 2, 3]))
    ]
    made += [pieces.piece(EFFECTS) for _ in range(rng.choice([1, 1, 2, 3]) if effects else 0)]
    rng.shuffle(made)
    root = rng.choice(["function", "function", *_ROOTS])
    known = [c for p in made for c in p.changes]
    known += _ROOT_CHANGES if root in ("method", "object") else []
    known = known or ["pass"]
    changes = [rng.choice(known) for _ in range(rng.randint(2, 5))]
    return Program(made, root, changes)


X = np.array([0.3, -0.7, 1.1])


def outcome(call: Callable[[], Any]) -> Any:
    """A result, or the type of the exception."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(call(), float)
    except Exception as error:
        return type(error).__name__
