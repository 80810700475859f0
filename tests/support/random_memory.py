"""Random programs over arrays that have several names: views, writes, branches, loops, containers.

A program is a tree of statements, so that one that fails can be shrunk. It takes a vector `x` and a
matrix `y` and returns a number that every array enters with other weights. All arithmetic is
analytic and bounded: complex steps give its derivatives.
"""

from __future__ import annotations

import linecache
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tapec
from support import memory_helpers, wide_helpers


@dataclass
class Statement:
    """A line, with blocks of statements below it: ``if``, ``else``, loops."""

    text: str
    body: list[Statement] = field(default_factory=list)
    otherwise: list[Statement] = field(default_factory=list)

    def lines(self, depth: int) -> list[str]:
        """The source."""
        made = ["    " * depth + line for line in self.text.splitlines()]
        if not self.text.endswith(":"):
            return made
        made += block(self.body, depth + 1)
        return made + (
            ["    " * depth + "else:", *block(self.otherwise, depth + 1)] if self.otherwise else []
        )


def block(statements: list[Statement], depth: int) -> list[str]:
    """The lines of statements; `pass` where there are none."""
    return [line for s in statements for line in s.lines(depth)] or ["    " * depth + "pass"]


# Holes: {v} a vector's name, {m} a matrix's, {V} an expression that is a vector, {M} a matrix, {S} a
# number, {C} a condition, {i} an index of a vector, {r} of a row, {f} a small number.
VECTORS = """{v}|{v}|{v}[:]|{v}[::-1]|{v}.copy()|np.array({v})|np.asarray({v})|{v}.view()|{v} + 0.0|{v}.ravel()|
{v}.flatten()|{v}.reshape(4)|{v}.reshape(2, 2).T.ravel()|{v}.reshape(2, 2).T.reshape(-1)|np.roll({v}, 0)|{v}.T|
np.ascontiguousarray({v})|np.ascontiguousarray({v}[::-1])|np.squeeze({m}[:1])|{m}[{r}]|{m}[{r}][::-1]|
{m}.T[:, {r}]|{m}.ravel()[:4]|{m}.ravel()[4:8]|{m}.T.ravel()[2:6]|{m}.reshape(-1)[::3]|{m}.flat[2:6]|{m}[:2].reshape(-1)[:4]|
{m}[:, ::2].ravel()[:4]|np.diag(np.outer({v}, {v}))|np.diagonal({m}[:, :3]).repeat(2)[:4]|{v}[None, :][0]|
np.expand_dims({v}, 0)[0]|np.atleast_1d({v})|np.take({v}, [3, 1, 0, 2])|{v}[[0, 1, 2, 3]]|{v}[{v} == {v}]|
np.broadcast_to({v}, (2, 4))[1]|np.broadcast_arrays({v}, {m})[0][{r}]|np.split({m}, 3)[{r}][0]|np.swapaxes({m}, 0, 1)[:, {r}]|
np.tile({v}, 1)|np.einsum('i->i', {v})|np.einsum('ii->i', np.outer({v}, {v}))|np.concatenate([{v}[2:], {v}[:2]])|np.hstack([{v}[:1], {v}[1:]])|
np.where({v} > {f}, {v}, {v})|{v}.astype({v}.dtype, copy=False)|np.array({v}, copy=None)|np.flip({v})|np.sort({v})|np.cumsum({v})|
box[{k}]|box[-1]|d['a']|d['b']|o.a|o.b|t[0]|pick({v}, {v}, {S})|same({v})|turned({v})|fresh({v})|({v} if {C} else {v})|
np.lib.stride_tricks.sliding_window_view({m}.ravel(), 4)[{i}]|np.repeat({v}, 1)|np.moveaxis({m}, 0, 1)[:, {r}]|np.atleast_2d({v})[0]|
np.resize({v}, 4)|np.compress([True] * 4, {v})|np.delete({m}[{r}], [])|np.insert({v}[1:], 0, {S})|np.append({v}[:3], {S})"""
MATRICES = """{m}|{m}|{m}[:]|{m}[::-1]|{m}[:, ::-1]|{m}.T.T|{m}.copy()|{m}.copy(order='F')|np.asfortranarray({m})|np.array({m}, order='F')|
np.ascontiguousarray({m})|{m}.reshape(3, 4)|{m}.T.reshape(3, 4)|{m}.T.reshape(3, 4, order='F')|{m}.reshape(4, 3).T|{m}.ravel().reshape(3, 4)|
{m}.ravel(order='K').reshape(3, 4)|{m}.ravel(order='F').reshape(3, 4)|np.stack([{v}, {v}, {v}])|np.array([{v}, {v}, {v}])|np.vstack([{m}[:1], {m}[1:]])|
np.roll({m}, 1, 0)|np.flip({m}, 1)|np.rot90({m}, 2)|{m} + 0.0|np.tanh({m})|{m}[[2, 0, 1]]|{m}.swapaxes(0, 1).T|np.squeeze({m}[None])|
{m}[None][0]|np.broadcast_to({v}, (3, 4)).copy()|box2[0]|d['m']|o.m|same({m})|fresh({m})|{m}[...]|np.asarray({m})|({m} if {C} else {m}.copy())|
np.einsum('ij->ij', {m})|np.einsum('ij->ji', {m}.T)|np.atleast_2d({m})|np.moveaxis({m}.T, 0, 1)|np.outer({v}[:3], {v})|{m}.astype({m}.dtype, order='F')"""
NUMBERS = """{f}|{f}|s|s|{v}[{i}]|{v}[{i}]|{m}[{r}, {i}]|{m}[{r}][{i}]|{v}.flat[{i}]|np.sum({v})|np.mean({m})|{v}.dot({v})|np.sin({v}[{i}])|
np.tanh(s + {v}[{i}])|{v}[{i}] * s|{m}.T[{i}, {r}]|np.sin({v}.item({i}))|np.max({v})|{v}.reshape(2, 2)[1, 0]|({v}[{i}] if {C} else {f})|box[{k}][{i}]|o.a[{i}]"""
CONDITIONS = """{v}[{i}] > {f}|{v}[{i}] < {v}[{i}]|s > {f}|np.sum({m}) > {f}|{m}[{r}, {i}] < {f}|not {v}[{i}] > {f}|
{v}[{i}] > {f} and s < 2.0|{v}[{i}] > 90.0|{v}[{i}] < 90.0|np.all({v} > -0.9)|np.any({m} > 0.8)"""
VALUES = """{V}|{V}|{M}[{r}]|np.tanh({V})|0.5 * {V} + {S}|{V} - 0.5 * {V}|np.sin({V})|{V} * {V}|{V} / (2.0 + {V} ** 2)|{S}"""
PLAIN = """{n} = {V}|{n} = {V}|{n} = {V}|{N} = {M}|{N} = {M}|{n} = 0.7 * {V}|{n} = np.tanh({V} + {S})|{N} = np.sin({M} + {V})|{n} = {V} - 0.25 * {V}|s = 0.5 * {S}|s += {S}|
s = np.tanh(s)|{n}, {q} = {q}, {n}|{n}, {q} = {V}, {V}|{n} = {q} = {V}|t = ({V}, {V})|{n}, {q} = t|{n}, {q} = swapped({v}, {v})|{N}, {n} = {M}, {M}[{r}]|
{v}[{i}] = {S}|{v}[{i}] += {S}|{v}[{i}] *= 0.5|{m}[{r}, {i}] = {S}|{m}[{r}][{i}] -= {S}|{m}[{r}] = {W}|{m}[{r}] += {W}|{m}[:, {i}] = {S}|{m}[:, {i}] = {m}[:, {i}]|
{m}.T[{i}] *= 0.75|{m}.T[{i}, {r}] = {S}|{v}[1:] = {v}[:-1]|{v}[1:] += {v}[:-1]|{v}[:-1] -= 0.5 * {v}[1:]|{v}[::-1] = {W}|{v}[:] = {W}|{v}[...] = {W}|{v}[::2] = {v}[1::2]|{v}[::2] *= {v}[1::2]|
{v} += {W}|{v} *= 0.75|{v} -= {W}|{v} /= 1.5|{v} **= 2|{m} += {W}|{m} *= 0.5|{m} -= {M}|{m}[:] = {M}|{m}[...] = {m}[::-1]|{m}[:] = {m}[:, ::-1]|{m}[1:] += {m}[:-1]|{m}[:, 1:] = {m}[:, :-1]|
{v}[{v} > {f}] = {S}|{v}[{v} > {f}] *= 0.5|{m}[{m} < {f}] = {S}|{v}[[0, 2]] = {S}|{v}[[0, 2]] += {v}[[1, 3]]|{v}[[0, 0]] += {S}|{m}[[0, 2]] = {W}|{m}[[0, 1], [1, 2]] *= 0.5|
{v}[0], {v}[1] = {v}[1], {v}[0]|{v}[{i}], {v}[{i}] = {S}, {S}|{v}[:2], {v}[2:] = {v}[2:], {v}[:2]|{v}.fill({S})|{v}[1:].fill({S})|{v}.sort()|{v}[::-1].sort()|{m}.sort(axis=0)|{m}.T.sort(axis=0)|
{v}.flat[{i}] = {S}|{m}.flat[{i}] = {S}|{m}.flat[::5] = {S}|{m}.T.flat[{i}] = {S}|{v}.flat = {S}|{m}.flat = {v}|{v}[::-1].flat[{i}] += {S}|
np.copyto({v}, {W})|np.copyto({v}, {W}, where={v} > {f})|np.copyto({m}, {V})|np.copyto({m}[{r}], {V})|np.put({v}, [{i}, {i}], {S})|{v}.put([{i}], {S})|np.put({m}, [1, 6], {S})|np.putmask({v}, {v} > {f}, {V})|np.place({v}, {v} > {f}, [{S}])|
np.put_along_axis({m}, np.array([[1], [0], [2]]), {S}, 1)|np.fill_diagonal({m}, {S})|
np.add({V}, {V}, out={v})|np.add({v}[1:], {v}[:-1], out={v}[1:])|np.multiply({v}, {v}[::-1], out={v})|np.subtract({v}, {V}, out={v}[::-1])|np.sin({V}, out={v})|np.negative({v}[::-1], out={v})|np.add({m}, {V}, out={m})|np.multiply({m}, 0.5, {m}[::-1])|
np.cumsum({V}, out={v})|np.clip({v}, -0.8, 0.8, out={v})|np.add.at({v}, [0, 0], {S})|np.add({V}, {S}, out={v}, where={v} > {f})|np.sum({m}, axis=0, out={v})|np.matmul({m}, {V}, out={v}[1:])|np.maximum({v}, {V}, out={v})|
box[{k}] = {V}|box[{k}] += {W}|box[{k}][{i}] = {S}|box[0], box[1] = box[1], box[0]|box = [{V}, {V}]|box2[0] = {M}|box2[0] *= 0.5|box.reverse()|d['a'] = {V}|d['a'] -= {W}|d['b'][{i}] *= 0.5|d['a'], d['b'] = d['b'], d['a']|d['m'] += {S}|d['m'][{r}] = {W}|d = dict(d)|d = dict(a={V}, b={V}, m={M})|
o.a = {V}|o.a *= 0.5|o.b[{i}] = {S}|o.a, o.b = o.b, o.a|o.m[{r}] = {W}|o.m = {M}|o = Box({V}, {V}, {M})|bump({v}, {S})|{n} = bump({v}, {S})|{n} = bump({v}[::-1], {S})|bump({m}[{r}], {S})|bump(box[{k}], {S})|moved({v}, {v})|moved({v}, {v}[::-1])|moved({m}[{r}], {m}[{r}])|moved({m}[:, 0], {m}[:, 1])|{n} = pick({v}, {v}, {S})|
for e in box: e *= 0.5|for e in (t[0], t[1]): e[{i}] += {S}|[e.fill({S}) for e in box2]|for key in ('a', 'b'): d[key][{i}] += 0.1|applied(np.sin, {v})"""
LOOPS = """for {c} in range(2):|for {c} in range(3):|for {c} in range(4):|for {c} in rolled(range(3)):|for {c} in rolled(range(3)):|for {c} in rolled(range(1, 4)):|for {c} in range(30):|for row in {m}:|for {n} in {m}:|for {c}, row in enumerate({m}):|
for row in (t[0], t[1]):|for row in box:|for a1, a2 in zip({m}, {m}[::-1]):|for row in {m}.T[:, :3].T:|for e in {v}:|for {n} in (t[0], t[1]):|for {n}, {q} in zip({m}, {m}[::-1]):"""
STARTS = """{n} = x|{n} = x[::-1]|{n} = x.copy()|{n} = x * 0.7|{n} = y[1]|{n} = np.sin(x)|{n} = y[0] * 1.0"""
# Every array enters the result with other weights.
NARROW_RESULT = """parts = [u, v, w, x, box[0], box[1], m, q, y, s]
flat = np.concatenate([np.ravel(a) for a in parts])
return flat @ WEIGHTS[: len(flat)]"""
RESULT = """parts = [u, v, w, x, box[0], box[1], d['a'], t[1], o.a, o.b, m, q, y, box2[0], d['m'], o.m, s]
flat = np.concatenate([np.ravel(a) for a in parts])
return flat @ WEIGHTS[: len(flat)]"""
WEIGHTS = np.random.default_rng(0).uniform(0.3, 1.7, 200)
HELPERS = {
    name: getattr(module, name)
    for module in (memory_helpers, wide_helpers)
    for name in module.__all__
}
NAMES, WIDE = ("u", "v", "w", "x"), ("m", "q", "y")
HOLE = re.compile(r"\{(\w)\}")


def forms(text: str) -> list[str]:
    return [t.strip() for t in text.replace("\n", "").split("|")]


TABLE = {
    "V": forms(VECTORS),
    "M": forms(MATRICES),
    "S": forms(NUMBERS),
    "C": forms(CONDITIONS),
    "W": forms(VALUES),
}
STATEMENTS, LOOPING, STARTING = forms(PLAIN), forms(LOOPS), forms(STARTS)
# Few forms, so that names of one array meet often.
NARROW = {
    "V": forms(
        "{v}|{v}|{v}[::-1]|({v} if {C} else {v})|({v} if {C} else {v})|({v} if {C} else {v} * 0.8)|{v} * 0.7|{v} * 0.6|pick({v}, {v}, s)|box[{k}]"
    ),
    "M": forms("{m}|{m}[::-1]|({m} if {C} else {m})|np.cos({m})"),
    "S": forms("{f}|s|{v}[{i}]"),
    "C": forms("x[{i}] > {f}|x[{i}] < {f}|s > {f}|{v}[{i}] < 90.0"),
    "W": forms("{V}|0.5 * {v} + {S}|{S}"),
}
NARROW_STATEMENTS = forms("""{n} = {V}|{n} = {V}|{n} = {V}|{n} = {V}|{n} = {V}|{n} = np.sin({v})|{n}, {q} = {q}, {n}|{n} = {q} = {V}|{N} = {M}|{n} = {m}[{r}]|
{n}[{i}] = {S}|{n}[{i}] += {S}|{n} += {W}|{n} *= 0.5|{n}[:] = {V}|{m}[{r}] = {V}|{m} *= 0.5|box[{k}] = {V}|box[{k}][{i}] = {S}|bump({n}, {S})|np.sin({v}, out={n})""")
NARROW_START = (
    "m = y * 1.0",
    "q = np.cos(y)",
    "s = 0.4 * x[1]",
    "i0 = i1 = i2 = 0",
    "box = [x * 0.3, x * 0.2]",
)
NARROW_LOOPS = forms(
    "for {c} in range(3):|for {c} in rolled(range(3)):|for {c} in range(30):|for {n} in {m}:"
)


class Writer:
    """Writes one program; the seed decides everything."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.counters: list[str] = []
        self.loops = 0
        self.narrow = narrow = seed % 3 == 0
        self.budget = self.rng.randint(6, 16) if narrow else self.rng.randint(3, 12)
        self.table = NARROW if narrow else TABLE
        self.statements = NARROW_STATEMENTS if narrow else STATEMENTS
        self.looping = NARROW_LOOPS if narrow else LOOPING

    def fill(self, form: str, depth: int = 0) -> str:
        """A form with its holes filled."""
        return HOLE.sub(lambda hole: self.hole(hole[1], depth), form)

    def hole(self, kind: str, depth: int) -> str:
        r = self.rng
        if kind in self.table:
            some = self.table[kind]
            form = (
                some[0]
                if depth > 1 and kind in "VM"
                else "{f}"
                if depth > 1 and kind == "S"
                else r.choice(some)
            )
            return self.fill(form, depth + 1)
        if kind in "ir" and self.counters and r.random() < 0.5:
            return f"{r.choice(self.counters)} % {4 if kind == 'i' else 3}"
        simple: dict[str, Callable[[], str]] = {
            "v": lambda: r.choice(NAMES), "n": lambda: r.choice(NAMES[:3]), "q": lambda: r.choice(NAMES[:3]),
            "m": lambda: r.choice(WIDE), "N": lambda: r.choice(WIDE[:2]), "i": lambda: str(r.randint(-4, 3)),
            "r": lambda: str(r.randint(-3, 2)), "k": lambda: str(r.randint(0, 1)), "f": lambda: f"{r.uniform(-0.8, 0.8):.3f}",
        }  # fmt: skip
        return simple[kind]()

    def statement(self, depth: int) -> Statement:
        self.budget -= 1
        r = self.rng.random()
        if depth < 3 and self.budget > 0 and r < 0.12:
            return self.branch(depth)
        if depth < 3 and self.budget > 0 and r < 0.26:
            return self.loop(depth)
        if depth and self.loops and r > 0.97:
            return Statement(
                f"if {self.fill('{C}')}:", [Statement(self.rng.choice(["break", "continue"]))]
            )
        return Statement(self.fill(self.rng.choice(self.statements)))

    def several(self, depth: int) -> list[Statement]:
        return [self.statement(depth) for _ in range(self.rng.randint(1, 3))]

    def branch(self, depth: int) -> Statement:
        test = (
            f"{self.counters[-1]} % 2"
            if self.counters and self.rng.random() < 0.2
            else self.fill("{C}")
        )
        made = Statement(f"if {test}:", self.several(depth + 1))
        if self.rng.random() < 0.6:
            made.otherwise = self.several(depth + 1)
        return made

    def loop(self, depth: int) -> Statement:
        name = f"i{depth}"
        self.loops += 1
        if self.rng.random() < 0.2:
            made = Statement(
                f"{name} = 0\nwhile {name} < 4 and ({self.fill('{C}')}):",
                [Statement(f"{name} += 1")],
            )
        else:
            form = self.rng.choice(self.looping).replace("{c}", name)
            made = Statement(self.fill(form))
        counted = name in made.text
        self.counters += [name] * counted
        made.body += self.several(depth + 1)
        del self.counters[len(self.counters) - counted :]
        self.loops -= 1
        return made

    def program(self) -> list[Statement]:
        """The statements of the function."""
        made = [
            Statement(self.fill(self.rng.choice(STARTING).replace("{n}", n))) for n in NAMES[:3]
        ]
        if self.narrow:
            return [*made, *map(Statement, NARROW_START), *self.rest(NARROW_RESULT)]
        made += [Statement(f"m = {self.rng.choice(['y', 'y[::-1]', 'y.copy()', 'y * 0.9', 'y.copy(order=' + repr('F') + ')'])}"),
                 Statement("q = np.cos(y)"), Statement("s = 0.4 * x[1]"), Statement("i0 = i1 = i2 = 0"),
                 Statement(self.fill("box = [{v}, {v}]")), Statement(self.fill("box2 = [{m}]")),
                 Statement(self.fill("d = dict(a={v}, b={v}, m={m})")), Statement(self.fill("t = ({v}, {v})")),
                 Statement(self.fill("o = Box({v}, {v}, {m})"))]  # fmt: skip
        return [*made, *self.rest(RESULT)]

    def rest(self, result: str) -> list[Statement]:
        """Statements until there are enough of them, and the result."""
        made = []
        while self.budget > 0:
            made.append(self.statement(0))
        return [*made, *map(Statement, result.splitlines())]


def source(statements: list[Statement]) -> str:
    """The text of a program."""
    return "\n".join(["def program(x, y):", *block(statements, 1), ""])


def function(text: str, name: str) -> Callable[..., Any]:
    """The function of a program's text."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope: dict[str, Any] = {**HELPERS, "WEIGHTS": WEIGHTS, "rolled": tapec.rolled}
    exec(compile(text, name, "exec"), scope)
    found: Callable[..., Any] = scope["program"]
    return found
