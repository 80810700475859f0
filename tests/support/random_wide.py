"""Random programs over what else Python and NumPy have, in the manner of `random_memory`.

Containers in containers, properties, closures with state, generators, starred arguments, `try`,
contexts, matching, views of views, masks, functions that write where they are told to.
"""

from __future__ import annotations

from support import random_memory
from support.random_memory import Statement, Writer, forms

V = forms("""{v}|{v}|{v}|{v}[::-1]|{v}.copy()|{v} * 0.7|{v}.reshape(2, 2).T.ravel()|{m}[{r}]|{m}.T[:, {r}][:3].repeat(2)[:4]|{m}[:, {i}][[0, 1, 2, 0]]|
box[{k}]|tree['p'][0]|tree['p'][1][{k}]|tree['q']['r']|p.a|p.half.repeat(2)|p.double|p[:]|p(0.5)|p.m[{r}]|p.make({v}, {m}).a|p.twice({v})|(p * 0.5).a|rec.a|rec.m[{r}]|
star({v}, {v})|star(*box)|star({v}, z={v})|star(*box[:1], **{'b': {v}})|keyed({v}, b={v})|keyed({v}, {v}, c=0.1)|recur({v}, 3)|kind([{v}, {v}])|kind({'k': {v}})|kind(rec)|kind({v})|
next(iter(box))|next(rows({m}))|list(rows({m}))[{r}]|np.array([*halves({v})])|np.array(list(halves({v})))|np.fromiter([0.1, 0.2, 0.3, 0.4], float)|functools.reduce(operator.add, box)|functools.reduce(np.maximum, [{v}, {v}])|
max(box, key=lambda a: a[0])|min({v}, {v}, key=np.sum)|sorted(box, key=lambda a: a[1])[0]|[a for a in box if a[0] > {f}][0] if any(a[0] > {f} for a in box) else {v}|[a for a in box][{k}]|{j: a for j, a in enumerate(box)}[{k}]|
(lambda a: a[::-1])({v})|(lambda a, z={f}: a * z)({v})|step({v})|(z := {v})|dict(zip('ab', ({v}, {v})))['b']|tuple(box)[{k}]|reversed(box).__next__()|operator.itemgetter({k})(box)|getattr(rec, 'a')|getattr(rec, 'none', {v})|
{v}[None, ..., ::-1][0]|{m}[{r}, ...]|{m}[..., {i}][[0, 0, 1, 2]]|{m}[{r}:, :][0]|{m}[::-1, ::-1][{r}]|{m}[[2, 0], 1:][0].repeat([2, 1, 1])|{m}[np.ix_([0, 2], [3, 1])].ravel()|{m}[{m} > 9.0].sum() + {v}|{v}[np.array([True, False, True, True])].sum() * {v}|
{v}[np.argsort({v}, kind='stable')]|{v}[::-1][1:][::-1].tolist()[0] * {v}|np.moveaxis({m}[None], 2, 0)[:, 0, {r}]|{m}.swapaxes(0, 1)[:, {r}]|np.r_[{v}[:2], {v}[2:]]|np.c_[{v}, {v}][:, {k}]|np.lib.stride_tricks.as_strided({v}.copy(), (4,), (8,))|np.vectorize(lambda e: e * 0.5)({v})|np.apply_along_axis(np.sum, 1, {m})[[0, 1, 2, 0]]|
np.select([{v} > {f}, {v} < 0], [{v}, 0.5 * {v}], 0.1)|np.piecewise({v}, [{v} > {f}], [lambda a: a * 2, 0.3])|np.choose([0, 1, 0, 1], [{v}, {v}])|np.interp({v}, [-1.0, 1.0], [0.0, 1.0])|np.trapezoid({m}, axis=0)|np.diff({v}, append={S})|np.gradient({v})|np.convolve({v}, [0.5, 0.5], 'same')|np.pad({v}, 1)[1:-1]|np.pad({v}[1:-1], 1, mode='edge')|np.cross({v}[:3], {v}[1:]).repeat(2)[:4]|np.take_along_axis({m}, np.argsort({m}, 1, 'stable'), 1)[{r}]|np.linspace({S}, {S}, 4)|np.full(4, {S})|np.full_like({v}, {S})|np.zeros_like({v})|np.ones(4)|np.eye(4)[{i}]|np.tri(4)[{i}] * {S}|np.array([{S}, {S}, {S}, {S}])|np.stack(box)[{k}]|np.array(box)[{k}]|np.split({v}, 2)[{k}].repeat(2)|np.divmod({v}, 0.3)[1]|np.modf({v})[0]|np.frexp({v})[0] * 1.0|np.clip({v}, None, {S})|np.nan_to_num({v})|np.round({v} * 0.1)|np.fmod({v}, 0.4)|{v} % 0.4|{v} // 0.3 + {v}|np.where({v} > {f})[0].sum() * {v}|np.nonzero({v} > {f})[0][:1].sum() + {v}|np.unique({v}).sum() + {v}|np.searchsorted([-0.5, 0.0, 0.5], {v}) * {v}|np.digitize({v}, [-0.5, 0.5]) + {v}|np.bincount([0, 1, 1, 3], {v})|np.histogram([0.1, 0.5], 4, (0, 1), weights={v}[:2])[0]|np.cumprod({v})|np.maximum.accumulate({v})|np.add.reduce({m})|np.multiply.outer({v}, {v})[{r}]|np.add.reduceat({v}, [0, 1, 2, 3])|{v}.clip(-0.5, 0.5)|{v}.round(1) + {v}|{v}.mean() + {v}|{m}.mean(0)|{m}.sum(axis=0, keepdims=True)[0]|{m}.max(0)|{m}.cumsum(1)[{r}]|{m}.trace() * {v}|{m}.dot({v}).repeat(2)[:4]|({m} @ {v})[[0, 1, 2, 2]]|({v} @ {m}.T)[[0, 1, 2, 2]]|{m}.T.dot({v}[:3])""")
M = forms(
    """{m}|{m}|{m}[::-1]|{m}.T.copy().T|{m}[:, ::-1]|np.array([{v}, {v}, {v}])|np.array([*rows({m})])|p.m|rec.m|{m} * 0.9|{m}.reshape(2, 6).reshape(3, 4)|np.stack([{v}, *{m}[1:]])|np.array([[{S}] * 4, {v}, {v}])|np.concatenate([{m}[1:], {m}[:1]])|{m}[[0, 0, 2]]|np.block([[{m}[:, :2], {m}[:, 2:]]])|np.where({m} > {f}, {m}, {f})|np.pad({m}[1:], ((1, 0), (0, 0)))|np.broadcast_to({v}, (3, 4)) + 0.0|np.fromfunction(lambda i, j: i * 0.1 + j, (3, 4))|np.indices((3, 4))[0] * {S}|np.meshgrid({v}, {v}[:3])[0]|np.tile({v}, (3, 1))|np.kron(np.ones((3, 1)), {v})|np.sort({m}, axis=0)|np.triu({m})|np.roll({m}, 1)|{m}.take([2, 1, 0], axis=0)|np.einsum('i,j->ij', {v}[:3], {v})"""
)
S = forms(
    """{f}|s|s|{v}[{i}]|{m}[{r}, {i}]|p[{i}]|rec.z|sum(halves({v}))|early({v}, {f})|len(box) * 0.1|float({v}[{i}])|{v}.sum()|{v}[{i}:].sum()|{v}[:{i}].sum()|sum({v})|sum(a[0] for a in box)|max({v}[0], {v}[1])|min({v})|abs({v}[{i}])|{v}[{i}].item()|round({f}, 1)|(z := {v}[{i}])|{m}[{r}].dot({v})|kind({S})|count['n'] * 0.1|Prop.scale|p.scale|np.linalg.norm({v} + 2.0)|np.prod({v})|np.var({v})|np.std({v} + np.arange(4))|np.median({v})|np.ptp({v})|np.vdot({v}, {v})|np.inner({v}, {v})|np.argmax({v}) * 0.1|np.count_nonzero({v} > {f}) * 0.1|{v}.argmin() * {S}|int({v}[{i}] > {f}) * 0.5|bool({v}[{i}] > {f}) + 0.5|({v} > {f}).sum() * 0.1|{v}[{v} > {f}].sum()|np.dot({v}[::2], {v}[1::2])"""
)
C = forms(
    """{v}[{i}] > {f}|s > {f}|{v}[{i}] < {v}[{i}]|{f} < {v}[{i}] < 0.5|len(box) > 1|(z0 := {v}[{i}]) > {f}|any(a[0] > {f} for a in box)|all(a[{i}] < 0.9 for a in box)|not {v}[{i}] > {f}|{v}[{i}] > {f} or s > {f}|isinstance(box, list) and s > {f}|box[0] is box[1]|{v} is {v}|box[{k}] is {v}|{v}.sum() > {f}|({v} > {f}).any()|({v} < 0.9).all()|count['n'] > 1|bool({v}[{i}] > {f})|np.array_equal({v}, {v})|np.isfinite({v}).all()|{v}.size > 3|p.a is {v}|'z' in d"""
)
W = forms("""{V}|{V}|{m}[{r}]|np.tanh({V})|0.5 * {V} + {S}|{V} - 0.5 * {V}|{S}""")
STATEMENTS = forms("""{n} = {V}|{n} = {V}|{n} = {V}|{n} = {V}|{n} = {V}|{n} = {V}|{N} = {M}|{N} = {M}|s = {S}|s += {S}|s = np.tanh(s)|s = {S} if {C} else {S}|{n} = {V} if {C} else {V}|{n}, {q} = {q}, {n}|
{v}[{i}] = {S}|{v}[{i}] += {S}|{v}[:] = {W}|{v}[1:] = {v}[:-1]|{v} += {W}|{v} *= 0.75|{m} *= 0.5|{m}[{r}] = {W}|{m}[{r}, {i}] = {S}|{m}[..., {i}] = {S}|{m}[..., None][{r}] = 0.5|{m}[1:, ::-2] = {S}|{m}[::-1, {i}] += {v}[:3]|{v}[None][:, 1:] *= 0.5|{v}[..., 0] = {S}|{v}[()][2] = {S}|
tree['p'][0] += {W}|tree['p'][1][0][{i}] = {S}|tree['q']['r'] = {V}|tree['q']['r'] *= 0.5|tree['p'][0] = {V}|tree = {**tree}|tree = copy.copy(tree)|tree = copy.deepcopy(tree)|tree['p'] = [{V}, ({V}, {V})]|tree['q'].update(r={V})|tree['q'].setdefault('r', {V})|tree['q']['r'] = tree['p'][0]|{n}, ({q}, z) = tree['p']|[{n}, (z, {q})] = tree['p']|
for key, val in tree['q'].items(): val *= 0.5|for val in tree['p'][1]: val[{i}] += {S}|for val in {v}, {v}: val += 0.1|
p.a = {V}|p.a += {W}|p.a[{i}] = {S}|p.half[:] = {S}|p.half[0] += {S}|p[{i}] = {S}|p[{i}] += {S}|p[1:] *= 0.5|p += {S}|p.m[{r}] = {W}|p.m *= 0.5|p = Prop({V}, {M})|p = Sub({V}, {M})|p = p * 0.5|p.make({V}, {m}).a[0] = {S}|setattr(p, 'a', {V})|{n}, z = p|p.m = {M}|
rec.a = {V}|rec.a *= 0.5|rec.m[{r}, {i}] = {S}|rec.z = {S}|rec.z *= 0.5|rec.k += 1|rec.more.append({V})|rec = Rec({V}, {M})|rec = dataclasses.replace(rec, a={V})|rec = copy.copy(rec)|rec.a, rec.m = {V}, {M}|
box.append({V})|box.append({V})|box.pop() if len(box) > 2 else None|box.insert(0, {V})|box.extend([{V}])|box += [{V}]|box = box + [{V}]|box = [a * 0.5 for a in box]|box = [*box]|box = list(map(np.sin, box))|box[{k}] = {V}|box[{k}][{i}] = {S}|box[{k}] *= 0.5|box[:1] = [{V}]|box[::2] = box[::2]|del box[2:]|box.reverse()|box.sort(key=lambda a: a[0])|box = [{V}, {V}]|
d['a'] = {V}|d['b'] -= {W}|d = {k: a * 0.5 for k, a in d.items()}|d = {k: a for k, a in sorted(d.items(), reverse=True)}|d = operator.or_(d, dict(a={V}))|d['c'] = {V}|d.pop('c', None)|z = d.pop('a', {v}); d['a'] = z|d.setdefault('c', {V})|d.update(b={V})|
step({v})|step2({S})|{n} = step({V})|count['n'] += 1|{n} = early({v}, {f}) + {v}|recur({v}, 2)|z = early(box[{k}], {f}); s += 0.1 * z|early({m}[{r}], {f})|
first, *rest = {m}|first, *rest = {m}; rest[0] += 0.1; {n} = first|{n}, *rest = box|*rest, {n} = {v}, {v}, {v}|(a0, a1), (a2, a3) = {v}.reshape(2, 2); s += a0 * a3|a0, a1, a2, a3 = {v}; s += a1|
np.copyto({v}, {W}, where={v} > {f})|np.putmask({m}, {m} > {f}, {S})|np.put({v}, [0, 2], [{S}, {S}])|np.place({v}, {v} > {f}, [{S}, {S}])|np.add.at({v}, [0, 0, 1], {S})|np.multiply.at({v}, [1, 1], 0.5)|np.subtract.at({m}, (0, [0, 1]), {S})|np.add.at({m}, [0, 0], {v})|np.maximum.at({v}, [0, 1], {S})|
np.add({v}, {S}, out={v}, where={v} > {f})|np.sin({v}, out={v}, where=[True, False, True, False])|np.multiply({m}, {v}, out={m})|np.exp({V} * 0.1, {v})|np.add({v}, {v}[::-1], out={v})|np.divide({v}, 2.0, out={v}[::-1])|np.cumsum({v}, out={v})|np.cumsum({m}, axis=0, out={m})|np.take({v}, [1, 0, 3, 2], out={v})|np.clip({v}, -0.5, 0.5, out={v})|np.mean({m}, axis=0, out={v})|np.maximum({m}, 0.1, out={m})|np.round({v}, 1, out={v})|np.concatenate([{v}[:2], {v}[:2]], out={v})|np.stack([{v}, {v}, {v}], out={m})|np.power({v}, 2, out={v})|np.negative({v}, {v})|np.negative({v}, out=({v},))|np.where({v} > 0, {v}, 0.1, )|np.matmul({m}.T, {v}[:3], out={v})|np.einsum('ij->j', {m}, out={v})|np.sqrt({v} ** 2 + 1, out={v})|
{v}.sort()|{m}.sort()|{m}.sort(axis=0)|{m}[{r}].sort()|{v}[::-1].sort()|{m}[:, ::2].sort(axis=1)|{v}[1:].sort()|{v}.partition(1); {v}.sort()|{n} = {v} * 0.9; {n}.shape = (2, 2); {n}[0, 1] = {S}; {n}.shape = (4,)|{v}.shape = 4|{n} = {v}.view(); {n}.shape = (2, 2); {n}[1] = {S}; {n} = {n}.ravel()|{n} = {v}.copy(); {n}.resize(4)|{v}.real[{i}] = {S}|{v}.real[...] = {S}|{v}.real *= 0.5|{v}.real = {V}|{m}.real[{r}] = {W}|{v}.T[{i}] = {S}|{v}.flat[1:3] = {S}|{v}.flat[[0, 3]] = {S}|{m}.flat[{v} > {f}] = {S}|{m}.flat = {m}.T.flat|for e in {v}.flat: s += 0.1 * e|for j, e in enumerate({v}.flat): {v}.flat[j] = 0.5 * e|for j, e in np.ndenumerate({m}): s += 0.01 * j[1] * e|for j in np.ndindex(2, 2): {m}[j] += 0.1|{m}.swapaxes(0, 1)[{i}] = {S}|np.moveaxis({m}, 0, 1)[{i}, {r}] = {S}|np.moveaxis({m}, 0, -1)[{i}] *= 0.5|{m}.transpose()[{i}] += {S}|np.swapaxes({m}[None], 1, 2)[0, {i}] = {S}|{m}.diagonal()[0] + 1|np.fill_diagonal({m}, {S})|{m}[np.diag_indices(3)] = {S}|{m}[np.tril_indices(3)] *= 0.5|{m}[np.ix_([0, 2], [1, 3])] = {S}|{m}[[0, 1]][0] = 5.0|{m}[[0, 1], :][1, 0] = 3.0|{m}[:2][[0, 1], [1, 2]] = {S}|{m}[1:][{m}[1:] > {f}] = {S}|{m}[{v}[:3] > {f}] = {v}|{m}[:, {v} > {f}] = {S}|{m}[{m}[:, 0] > {f}, 1:] *= 0.5|{v}[[True, False, True, False]] = {S}|{v}[np.array([], int)] = {S}|{v}[4:] = {S}|{v}[:0] += {S}|{v}[np.flatnonzero({v} > {f})] = {S}|{v}[{v}.argmax()] = {S}|{v}[np.argsort({v}, kind='stable')] = {v}|{v}[int(s > {f})] = {S}|{v}[abs(int({v}[0] * 2)) % 4] += {S}|{v}[slice(1, None)] += {S}|{m}[(0, {i})] = {S}|{m}[slice(None), {i}] = {S}|{v}[-1:-5:-1] = {v}|{v}[2:0:-1] = {S}|{v}[::-2] += {v}[::2]|{m}[{r}][::-1][1:] = {S}|np.lib.stride_tricks.as_strided({v}, (3, 2), (8, 8)).sum()|np.nditer({v}).__next__()|np.array({v}, copy=False)[0] if False else 0|np.frompyfunc(lambda e: e * 0.5, 1, 1)({v})|
u = u.copy(); u.flags.writeable = False; u = u * 1.0|del z; z = {V}|z = {V}|{n} = z if z is not None else {n}|z = z0 = {V}; z[0] = {S}|global_like = {V}; {n} = global_like|assert len(box) > 0|{n} = z|{n} = matched(box)""")
LOOPS = forms(
    """for {c} in range(3):|for {c} in rolled(range(3)):|for {c} in range(30):|for {c} in range(3, 0, -1):|for {c}, e in enumerate({v}):|for {c}, row in enumerate({m}):|for row in {m}:|for a0, a1 in zip({v}, {v}):|for row in rows({m}):|for e in halves({v}):|for a0 in box[:]:|for key, a0 in list(d.items()):|for {c}, (a0, a1) in enumerate(zip({m}, {m}[1:])):|for a0, a1 in itertools.product({v}[:2], {v}[2:]):|for a0, a1 in itertools.pairwise({v}):|for row in reversed({m}):|for row in {m}[::-1]:|for e in {v}[1:]:|for e in sorted({v}):|for {c} in (0, 2, 1):|for {c} in itertools.takewhile(lambda k: k < 3, itertools.count()):"""
)
BLOCKS = forms(
    """with scaled({v}, 0.5) as z:|with p:|with p as z:|with np.errstate(all='ignore'):|with contextlib.suppress(ZeroDivisionError):|try:|try:|if {C}:|if {C}:|if {C}:|if (z0 := {v}[{i}]) > {f}:"""
)
START = forms(
    """{n} = x|{n} = x[::-1]|{n} = x.copy()|{n} = x * 0.7|{n} = y[1]|{n} = np.sin(x)|{n} = y[0] * 1.0"""
)
RESULT = """parts = ravelled([u, v, w, x, m, q, y, s, count['n'], z, box, tree, d, p.a, p.m, p.log, rec.a, rec.m, rec.z, rec.more])
flat = np.concatenate(parts)[:200]
return flat @ WEIGHTS[: len(flat)]"""
STEP = """def step(a):
    nonlocal s, u
    s = s + 0.1 * a[0]
    a[1] *= 0.9
    if s > 0.2:
        u = u * 0.5
    return a[::-1]
def step2(e):
    nonlocal s
    s += e
    count['n'] += 1
    box[0] = box[0] * 0.75"""

HANDLERS = ("finally", "except", "except ZeroDivisionError", "except (ValueError, KeyError)")


class WideWriter(Writer):
    """Writes one program; the seed decides everything."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.narrow = False
        self.budget = self.rng.randint(2, 9)
        self.table = dict(V=V, M=M, S=S, C=C, W=W)
        self.statements, self.looping = STATEMENTS, LOOPS

    def statement(self, depth: int) -> Statement:
        if depth >= 3 or self.budget <= 0 or self.rng.random() >= 0.08:
            return super().statement(depth)
        self.budget -= 1
        text = self.fill(self.rng.choice(BLOCKS))
        if text == "try:":
            return Attempted(
                self.several(depth + 1), self.rng.choice(HANDLERS), self.several(depth + 1)
            )
        return Statement(text, self.several(depth + 1))

    def loop(self, depth: int) -> Statement:
        made = super().loop(depth)
        if self.rng.random() < 0.1 and not made.text.startswith("i"):
            made.otherwise = self.several(depth + 1)
        return made

    def program(self) -> list[Statement]:
        made = [Statement(self.fill(self.rng.choice(START).replace("{n}", n))) for n in "uvw"]
        made += [
            Statement(t)
            for t in (
                "m = " + self.rng.choice(["y", "y[::-1]", "y.copy()", "y * 0.9"]),
                "q = np.cos(y)",
                "s = 0.4 * x[1]",
                "i0 = i1 = i2 = i3 = 0",
                "count = {'n': 0}",
                self.fill("z = {v}"),
                self.fill("box = [{v}, {v}]"),
                self.fill("tree = {'p': [{v}, ({v}, {v})], 'q': {'r': {v}}}"),
                self.fill("d = dict(a={v}, b={v})"),
                self.fill("p = " + self.rng.choice(["Prop", "Sub"]) + "({v}, {m})"),
                self.fill("rec = Rec({v}, {m})"),
                STEP,
            )
        ]
        return [*made, *self.rest(RESULT)]


class Attempted(Statement):
    """A `try` with one handler, or `finally`."""

    def __init__(self, body: list[Statement], kind: str, after: list[Statement]) -> None:
        super().__init__("try:", body, [])
        self.kind, self.after = kind, after

    def lines(self, depth: int) -> list[str]:
        pad = "    " * depth
        return [
            pad + "try:",
            *random_memory.block(self.body, depth + 1),
            pad + self.kind + ":",
            *random_memory.block(self.after, depth + 1),
        ]
