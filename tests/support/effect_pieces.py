"""Pieces of random programs that change what is outside of their function, at every call."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Piece:
    """Source: before the function, inside it, and the changes that may come between calls.

    `declared` are names that the function assigns outside, with `global` or `nonlocal`; `shown` are
    expressions for the state in variables of the enclosing function.
    """

    lines: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    setters: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


class EffectPieces:
    """Makes random pieces with effects."""

    rng: random.Random

    def number(self) -> str:
        """A number of some type."""
        raise NotImplementedError

    def array(self) -> str:
        """An array that broadcasts with the argument."""
        raise NotImplementedError

    def use(self, what: str) -> list[str]:
        """A line that reads a number or an array."""
        raise NotImplementedError

    # -- what is stored, and where ---------------------------------------------------------

    def stored(self) -> str:
        """A value of the call, or a constant."""
        r = self.rng
        return r.choice([
            "np.sum(y)", "x[0]", "y * 2", "x", "y", "x.copy()", "float(y[1])", self.number(),
            self.array(), "(x[0], [y[1], 2.0])", "{'a': x[1]}", "[np.sum(x), 1.0]", "None",
            "x[1:]", "x[1:].copy()", "int(3)", "'text'", "y[:2] + 1",
        ])  # fmt: skip

    def where(self, line: str) -> str:
        """A statement as it is, in a branch, in a loop, or in one of the two on Python's values."""
        return self.rng.choice([
            line, line, line, f"if np.sum(x) > {self.rng.choice(['-9.0', '0.9', '9.0'])}: {line}",
            f"for _ in range(3): {line}", f"for _ in range(40): {line}",
            f"if np.ndim(x) == 1: {line}",
        ])  # fmt: skip

    def maybe_read(self, what: str, numeric: bool = True) -> list[str]:
        """Lines that read a changed place, or none."""
        return self.use(what) if numeric and self.rng.random() < 0.6 else []

    # -- kinds -----------------------------------------------------------------------------

    def a_counter(self, n: int) -> Piece:
        name = f"N{n}"
        step = self.rng.choice([f"{name} += 1", f"{name} = {name} + 0.5", f"{name} -= 2",
                                f"{name} = {name} * 0.5 + x[0]", f"{name} += np.sum(y)"])  # fmt: skip
        lines = [self.where(step), *self.maybe_read(name)]
        self.rng.shuffle(lines)
        return Piece(lines, [f"{name} = {self.number()}"], changes=[f"{name} = {self.number()}"],
                     declared=[f"global {name}"])  # fmt: skip

    def a_stored_global(self, n: int) -> Piece:
        name = f"S{n}"
        return Piece([self.where(f"{name} = {self.stored()}")], [f"{name} = None"],
                     changes=[f"{name} = 1.0"], declared=[f"global {name}"])  # fmt: skip

    def a_nonlocal(self, n: int) -> Piece:
        name = f"k{n}"
        step = self.rng.choice([f"{name} += 1", f"{name} = {name} + np.sum(x)", f"{name} *= -1"])
        lines = [self.where(step), *self.maybe_read(name)]
        setter = f"def set_{name}(v):\n    nonlocal {name}\n    {name} = v"
        return Piece(
            lines, cells=[f"{name} = {self.number()}", f"def get_{name}(): return {name}",
                          f"SET['get {name}'] = get_{name}"],
            setters=[setter], changes=[f"SET['{name}']({self.number()})"],
            declared=[f"nonlocal {name}"], shown=[f"SET['get {name}']()"],
        )  # fmt: skip

    def a_log(self, n: int) -> Piece:
        name = f"log{n}"
        step = self.rng.choice([
            f"{name}.append({self.stored()})", f"{name}.append(np.sum(y))",
            f"{name}.extend([x[0], {self.number()}])", f"{name}.insert(0, {self.stored()})",
            f"{name}[:] = [np.sum(x)]", f"{name}.clear()",
            f"{name}.append(len({name}))", f"{name}.append({name}[-1])" , f"{name}.pop()",
            f"{name}[0] = {self.stored()}", f"{name}[-1] = {name}[0]", f"{name}.reverse()",
        ])  # fmt: skip
        read = self.rng.choice([[], [], [f"y = y * len({name})"], [f"y = y + len({name}) * x"]])
        start = ", ".join(
            self.number()
            for _ in range(self.rng.choice([0, 1, 3] if "append(n" in step else [1, 3]))
        )
        return Piece([self.where(step), *read], [f"{name} = [{start}]"], changes=[
            f"{name}.append({self.number()})", f"{name} = [1.0]", f"{name}.clear()",
        ])  # fmt: skip

    def a_stored_item(self, n: int) -> Piece:
        name = f"d{n}"
        step = self.rng.choice([
            f"{name}['n'] += 1", f"{name}['n'] = {name}['n'] * 0.5 + x[0]",
            f"{name}['new'] = {self.stored()}", f"{name}.update(n=x[0], m={self.number()})",
            f"{name}.setdefault('s', {self.stored()})", f"{name}.pop('n')",
            f"{name}['in']['b'] = {self.stored()}", f"{name}['in'].clear()",
            f"{name}['n'], {name}['z'] = {name}['z'], {name}['n']", f"{name}['l'].append(np.sum(y))",
            f"del {name}['z']", f"{name}['in'] = {{'b': x[0]}}", f"{name}[len({name})] = x[1]",
        ])  # fmt: skip
        read = self.maybe_read(f"{name}['n']") if "pop" not in step else []
        setup = f"{{'n': {self.number()}, 'in': {{'b': 1.5}}, 'z': {self.number()}, 'l': []}}"
        kind = self.rng.choice(["", "", "collections.OrderedDict", "collections.Counter"])
        return Piece([self.where(step), *read], [f"{name} = {kind}({setup})"], changes=[
            f"{name}['n'] = {self.number()}", f"{name}['z'] = 0.5", f"{name} = {setup}",
        ])  # fmt: skip

    def a_deque(self, n: int) -> Piece:
        name = f"q{n}"
        step = self.rng.choice([f"{name}.append(x[0])", f"{name}.appendleft({self.stored()})",
                                f"{name}.append(np.sum(y))", f"{name}.rotate(1)"])  # fmt: skip
        read = self.maybe_read(f"{name}[0]", numeric="stored" not in step)
        return Piece([*read, self.where(step)],
                     [f"{name} = collections.deque([1.0, 2.0], maxlen={self.rng.choice([2, 4])})"],
                     changes=[f"{name}.append({self.number()})"])  # fmt: skip

    def a_set(self, n: int) -> Piece:
        name = f"s{n}"
        step = self.rng.choice([f"{name}.add(3)", f"{name}.add(len({name}))", f"{name}.discard(1)"])
        read = self.rng.choice([[], [f"y = y * len({name})"], [f"if 3 in {name}: y = y + x"]])
        return Piece([self.where(step), *read], [f"{name} = {{1, 2}}"],
                     changes=[f"{name}.add(7)", f"{name}.clear()"])  # fmt: skip

    def a_stored_attribute(self, n: int) -> Piece:
        name, r = f"b{n}", self.rng
        classes = {
            "plain": f"class B{n}:\n    c = 0",
            "slots": f"class B{n}:\n    __slots__ = ('v', 'w', 'h')\n    c = 0",
            "methods": f"class B{n}:\n    c = 0\n    def bump(self, z):\n        self.v = self.v + 1\n"
            "        self.h.append(np.sum(z))\n        return z * 1.5\n    def up(self):\n"
            "        type(self).c += 1\n        return self.c",
            "dataclass": f"@dataclasses.dataclass\nclass B{n}:\n    v: object = 0.0\n"
            "    w: object = None\n    c = 0\n    def bump(self, z):\n        self.v = self.v + 1\n"
            "        return z * self.v",
        }
        kind = r.choice([*classes])
        steps = [f"{name}.v = {name}.v + 1", f"{name}.w = {self.stored()}", f"{name}.v += np.sum(x)",
                 f"{name}.h.append({self.stored()})", f"B{n}.c += 1", f"{name}.w = {name}.v",
                 f"{name}.w = {name}.w + y", f"{name}.v, {name}.w = np.sum(y), {name}.v"]  # fmt: skip
        if kind in ("methods", "dataclass"):
            steps += [f"y = {name}.bump(y)", f"y = y + {name}.bump(x)"]
        if kind == "methods":
            steps += [f"y = y * {name}.up()"]
        step = r.choice(steps)
        setup = [classes[kind], f"{name} = B{n}()", f"{name}.v = {self.number()}",
                 f"{name}.w = {r.choice([self.number(), self.array()])}", f"{name}.h = []"]  # fmt: skip
        shown = [f"[getattr({name}, k, None) for k in ('v', 'w', 'h', 'c')]"]
        read = self.maybe_read(f"{name}.v", numeric="stored" not in step)
        return Piece([self.where(step), *read], setup, changes=[
            f"{name}.v = {self.number()}", f"B{n}.c = 5", f"{name}.w = np.ones(3)",
        ], shown=shown)  # fmt: skip

    def a_memo(self, n: int) -> Piece:
        name, r = f"memo{n}", self.rng
        made = f"{{}}\ndef table{n}(k):\n    if k not in {name}:\n        {name}[k] = np.linspace(0, k, 3)\n    return {name}[k]"
        cached = f"None\n@functools.lru_cache\ndef table{n}(k): return np.linspace(0.0, k, 3)"
        lazy = (
            f"None\nclass Lazy{n}:\n    @functools.cached_property\n    def t(self): return np.linspace(0, 1, 3)\n"
            f"lazy{n} = Lazy{n}()\ndef table{n}(k): return lazy{n}.t * k"
        )
        return Piece([self.where(f"y = y + table{n}({r.choice(['1', '2'])}) * x")],
                     [f"{name} = {r.choice([made, cached, lazy])}"],
                     changes=[f"{name} = {{}}" if "{}" in made else "pass"])  # fmt: skip

    def a_changing_helper(self, n: int) -> Piece:
        name = f"calls{n}"
        helper = self.rng.choice([
            f"def help{n}(z):\n    {name}.append(np.sum(z))\n    return z * 1.5",
            f"def help{n}(z):\n    help{n}.n += 1\n    return z * help{n}.n",
            f"def help{n}(z, seen=[]):\n    seen.append(1)\n    return z * len(seen)",
            f"def help{n}(z):\n    global {name}\n    {name} = z * 2\n    return z + 1",
        ])  # fmt: skip
        again = f"def help{n}(z): return z * 2"
        return Piece([self.where(f"y = help{n}(y)")],
                     [f"{name} = []", helper, f"help{n}.n = 0"],
                     changes=[f"{again}\nhelp{n}.n = 3"])  # fmt: skip

    def a_draw(self, n: int) -> Piece:
        name, r = f"rng{n}", self.rng
        line = r.choice([
            f"y = y * {name}.normal()", f"y = y + {name}.uniform(size=3) * x",
            f"y = y * draw{n}()", "y = y * np.random.rand()", f"y = y * clock{n}()",
            "made = np.random.default_rng(7); y = y * made.normal()",
        ])  # fmt: skip
        setup = [f"{name} = np.random.default_rng({n})", f"draw{n} = {name}.normal",
                 f"import time\nclock{n} = time.perf_counter"]  # fmt: skip
        return Piece([self.where(line)], setup)


EFFECTS: list[Callable[[Any, int], Piece]] = [
    v for k, v in vars(EffectPieces).items() if k.startswith(("a_", "an_"))
]
