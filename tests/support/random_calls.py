"""Random calls of NumPy's functions, made from their signatures.

A table says for each name of a parameter what an argument looks like; most calls are ones that
NumPy takes, some are not.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Rng = np.random.Generator

DTYPES = ("f8", "f8", "f8", "f4", "i8", "i4", "?")


class Maker:
    """Arguments of one call: arrays that broadcast, and options that fit them most of the time."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        rank = int(rng.choice([0, 1, 1, 2, 2, 3, 4]))
        low = 0 if rng.random() < 0.12 else 1
        self.full = tuple(rng.integers(low, 4, rank).tolist())
        if rng.random() < 0.25:
            self.full = (int(rng.integers(low, 4)),) * rank
        self.first: Any = None

    def pick(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]

    def shape(self) -> tuple[int, ...]:
        """A shape that broadcasts to the full one."""
        if self.first is None or self.rng.random() < 0.5:
            return self.full
        shape = tuple(n if self.rng.random() < 0.75 else 1 for n in self.full)
        return shape[self.rng.integers(0, len(shape) + 1) :] if self.rng.random() < 0.4 else shape

    def numbers(self, shape: tuple[int, ...], kind: str) -> np.ndarray:
        x = (
            self.rng.uniform(-0.9, 1.9, shape)
            if self.rng.random() < 0.6
            else self.rng.uniform(0.2, 0.9, shape)
        )
        if kind == "?":
            return x > 0.5
        if kind[0] == "i":
            return np.asarray(x * 4).astype(kind)
        if self.rng.random() < 0.15 and x.size:
            x = np.where(self.rng.random(shape) < 0.3, self.pick(np.nan, np.inf, -np.inf, 0.0), x)
        if self.rng.random() < 0.2:
            x = np.round(x * 2) / 2
        return np.asarray(x).astype(kind)

    def array(self) -> Any:
        """An array, now and then a Python number, a NumPy scalar or a list."""
        chance = self.rng.random()
        if self.first is not None and chance < 0.2:
            return self.scalar()
        made = self.numbers(self.shape(), self.pick(*DTYPES))
        if self.first is None:
            self.first = made
        elif chance > 0.95:
            return made.tolist()
        return made

    def scalar(self) -> Any:
        return self.pick(
            2, -1, 0, 0.5, 1.5, True, np.float32(0.5), np.int32(2), np.float64(0.75), 3
        )

    def axis(self) -> Any:
        n = max(len(self.full), 1)
        return int(self.rng.integers(-n, n)) if self.rng.random() < 0.95 else n + 1

    def axes(self) -> Any:
        chance = self.rng.random()
        if chance < 0.6:
            return self.axis()
        if chance < 0.75:
            return None
        count = int(self.rng.integers(0, len(self.full) + 1))
        found = self.rng.permutation(len(self.full))[:count].tolist()
        return tuple(k - len(self.full) if self.rng.random() < 0.4 else k for k in found)

    def dtype(self) -> Any:
        return self.pick("f8", "f4", np.float64, float, int, "i4", bool, np.dtype("f4"))

    def mask(self) -> Any:
        return self.rng.random(self.shape()) < 0.6

    def index(self) -> Any:
        n = self.full[0] if self.full else 2
        low = -max(n, 1)
        kind = self.rng.random()
        if kind < 0.3:
            return int(self.rng.integers(low, max(n, 1)))
        if kind < 0.6:
            return self.rng.integers(low, max(n, 1), self.rng.integers(0, 4)).tolist()
        return self.rng.integers(low, max(n, 1), self.shape())

    def sections(self) -> Any:
        return self.pick(1, 2, 3, [1], [1, 2], [0, 2, 5], [], [-1])

    def newshape(self) -> Any:
        size = math.prod(self.full)
        return self.pick(
            -1,
            size,
            (size, 1),
            (1, -1),
            (-1, 1, size),
            (2, -1),
            (size, 0),
            self.full[::-1],
            (3, 2, -1),
        )

    def small(self) -> int:
        return int(self.rng.integers(-2, 4))

    def sequence(self) -> Any:
        return self.pick(tuple, list)([self.array() for _ in range(self.rng.integers(1, 4))])

    def same(self) -> Any:
        x = self.array()
        return [x] + [
            self.numbers(np.shape(x), self.pick(*DTYPES)) for _ in range(self.rng.integers(0, 3))
        ]

    def matrix(self) -> Any:
        n = int(self.rng.integers(1, 4))
        lead = self.pick((), (), (), (2,), (0,))
        kind = self.pick("f8", "f8", "f4", "i8")
        a = self.rng.uniform(-1, 1, (*lead, n, n))
        a = a @ np.swapaxes(a, -1, -2) + 0.5 * np.eye(n)
        if kind == "i8":
            a = np.eye(n) * 2 + np.zeros(a.shape)
        self.full = a.shape
        self.first = a
        return a.astype(kind)


def _probability(m: Maker) -> Any:
    return m.pick(
        0.5,
        0.25,
        0.0,
        1.0,
        [0.1, 0.9],
        np.array([0.3, 0.6], "f4"),
        np.array(0.3),
        [[0.2, 0.5]],
        1,
        0,
        True,
    )


MAKERS: dict[str, Callable[[Maker], Any]] = {
    **dict.fromkeys(
        ["x", "x1", "x2", "a", "b", "z", "val", "v", "arr", "m", "f", "y", "array", "object", "p", "A", "element", "ary", "a1", "a2",
         "values", "test_elements", "start", "stop", "fill_value", "condition", "bins"], Maker.array),
    "axis": Maker.axes,
    "keepdims": lambda m: m.pick(True, False),
    "where": Maker.mask,
    "initial": Maker.scalar,
    "dtype": Maker.dtype,
    "ddof": lambda m: m.pick(0, 1, 2, 0.5),
    "correction": lambda m: m.pick(0, 1, 2),
    "decimals": lambda m: m.pick(0, 1, 2, -1),
    "n": lambda m: m.pick(0, 1, 2, 3),
    "k": Maker.small,
    "offset": Maker.small,
    "axis1": Maker.axis, "axis2": Maker.axis, "axisa": Maker.axis, "axisb": Maker.axis, "axisc": Maker.axis,
    "source": Maker.axes, "destination": Maker.axes,
    "q": _probability,
    "method": lambda m: m.pick("linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull", "median_unbiased", "inverted_cdf"),
    "indices": Maker.index,
    "obj": Maker.index,
    "indices_or_sections": Maker.sections,
    "shape": lambda m: m.pick(Maker.newshape(m), (2, *m.full), m.full),
    "new_shape": Maker.newshape,
    "reps": lambda m: m.pick(2, (2, 1), (1, 2, 2), 0, (3,)),
    "repeats": lambda m: m.pick(2, 0, [1, 2], m.rng.integers(0, 3, m.full[0] if m.full else 1)),
    "shift": lambda m: m.pick(0, 1, -2, (1, 2), 7),
    "tup": Maker.sequence, "arrays": Maker.same,
    "axes": Maker.axes,
    "num": lambda m: m.pick(0, 1, 2, 5, 7),
    "endpoint": lambda m: m.pick(True, False),
    "retstep": lambda m: m.pick(True, False),
    "base": lambda m: m.pick(2.0, 10, np.e),
    "edge_order": lambda m: m.pick(1, 2),
    "side": lambda m: m.pick("left", "right"),
    "right": lambda m: m.pick(True, False),
    "mode": lambda m: m.pick("full", "same", "valid", "raise", "wrap", "clip", "constant", "edge", "reflect", "symmetric", "linear_ramp", "mean", "maximum"),
    "pad_width": lambda m: m.pick(0, 1, (1, 2), [(1, 0)] * max(len(m.full), 1), ((0, 2),)),
    "kth": lambda m: m.pick(0, 1, -1, [0, 1]),
    "equal_nan": lambda m: m.pick(True, False),
    "rtol": lambda m: m.pick(0.0, 0.5), "atol": lambda m: m.pick(0.0, 0.5),
    "nan": lambda m: m.pick(0.0, 1.5, 7), "posinf": lambda m: m.pick(None, 5.0, 9), "neginf": lambda m: m.pick(None, -3.0, -8),
    "min": Maker.array, "max": Maker.array, "a_min": lambda m: m.pick(None, m.array(), 0.2), "a_max": lambda m: m.pick(None, m.array(), 0.7),
    "prepend": lambda m: m.pick(0, 1.5, m.array()), "append": lambda m: m.pick(0, m.array()),
    "to_end": lambda m: m.pick(0, [1, 2.5]), "to_begin": lambda m: m.pick(1, [0.5]),
    "weights": lambda m: m.pick(m.array(), m.numbers(m.full, "f8"), m.numbers(m.full[-1:], "f8")),
    "returned": lambda m: m.pick(True, False), "rowvar": lambda m: m.pick(True, False), "bias": lambda m: m.pick(True, False),
    "deg": lambda m: m.pick(True, False), "increasing": lambda m: m.pick(True, False), "invert": lambda m: m.pick(True, False),
    "include_initial": lambda m: m.pick(True, False), "sparse": lambda m: m.pick(True, False), "indexing": lambda m: m.pick("xy", "ij"),
    "N": lambda m: m.pick(None, 0, 1, 4),
    "dx": lambda m: m.pick(0.5, 2, m.array()),
    "choices": Maker.same,
    "xp": lambda m: np.sort(m.rng.uniform(0, 1, 4)).astype(m.pick("f8", "f4")), "fp": lambda m: m.rng.uniform(-1, 1, 4).astype(m.pick("f8", "f4")),
    "left": Maker.scalar, "period": lambda m: m.pick(1.0, 2.5),
    "discont": lambda m: m.pick(None, 4.0),
    "ord": lambda m: m.pick(None, 1, 2, -1, -2, np.inf, -np.inf, 0, 3, "fro", "nuc", 0.5),
    "upper": lambda m: m.pick(True, False),
    "minlength": lambda m: m.pick(0, 5),
    "range": lambda m: m.pick(None, (0.0, 1.0)), "density": lambda m: m.pick(True, False),
    "stable": lambda m: m.pick(True, None), "kind": lambda m: m.pick("stable", None, "quicksort"),
    "copy": lambda m: m.pick(True, False), "order": lambda m: m.pick("C", "K"), "ndmin": lambda m: m.pick(0, 1, 3),
    "condlist": lambda m: [m.mask(), m.mask()], "choicelist": lambda m: [m.array(), m.array()], "default": Maker.scalar,
    "multi_index": lambda m: (np.array([0, 1]), np.array([1, 0])), "dims": lambda m: (2, 3),
    "iter": lambda m: m.numbers((3,), "f8").tolist(), "count": lambda m: m.pick(-1, 2, 3),
    "keys": Maker.same,
    "ind": lambda m: m.pick(1, 2),
}  # fmt: skip

SPECIAL: dict[str, dict[str, Callable[[Maker], Any]]] = {
    **{f"linalg.{n}": {"a": Maker.matrix} for n in ("cholesky", "det", "inv", "matrix_power", "slogdet", "solve", "tensorinv", "tensorsolve")},
    "rollaxis": {"start": Maker.small, "axis": Maker.axis},
    "searchsorted": {"a": lambda m: np.sort(m.numbers((4,), "f8"))},
    "digitize": {"bins": lambda m: np.sort(m.numbers((4,), m.pick("f8", "f4")))},
    "histogram": {"weights": lambda m: m.numbers(m.full, m.pick("f8", "f4", "i8")), "bins": lambda m: m.pick(3, [0.0, 0.5, 1.0], 1)},
    "bincount": {"x": lambda m: m.rng.integers(0, 4, m.full)},
    "choose": {"a": lambda m: m.rng.integers(0, 2, m.full)},
    "compress": {"condition": lambda m: (m.rng.random(m.full[-1:] or 2) < 0.5).tolist()},
    "trapezoid": {"axis": Maker.axis},
    "unravel_index": {"indices": lambda m: m.rng.integers(0, 6, m.pick((), (3,))), "shape": lambda m: (2, 3)},
    "full": {"shape": lambda m: m.pick(3, (2, 3), ()), "order": lambda m: "C"},
    "reshape": {"order": lambda m: m.pick("C", "F"), "copy": lambda m: True},
    "isin": {"kind": lambda m: None},
    **{n: {"kind": lambda m: "stable", "stable": lambda m: None} for n in ("sort", "argsort")},
    **{n: {"kind": lambda m: "introselect"} for n in ("partition", "argpartition")},
    "broadcast_to": {"shape": lambda m: (m.pick(2, 1), *m.full)},
    "take_along_axis": {"indices": lambda m: m.rng.integers(-1, 1, m.shape())},
    "percentile": {"q": lambda m: m.pick(50, 12.5, [10, 90], np.array([20.0, 30.0], "f4"), 0, 100, True)},
    "nanpercentile": {"q": lambda m: m.pick(50, 12.5, [10, 90], np.array([20.0, 30.0], "f4"), 0, 100, True)},
    "ldexp": {"x2": lambda m: m.pick(2, np.array([1, 2, 3]), m.rng.integers(-3, 4, m.full))},
    "linalg.matrix_power": {"a": Maker.matrix, "n": lambda m: m.pick(0, 1, 2, 3, -1)},
    "polyint": {"m": lambda m: m.pick(0, 1, 2), "k": lambda m: m.pick(None, 0, 1.5)},
    "polyder": {"m": lambda m: m.pick(0, 1, 2, 5), "p": lambda m: m.numbers((m.rng.integers(0, 5),), m.pick(*DTYPES))},
    "cov": {"ddof": lambda m: m.pick(0, 1, 2)},
    "convolve": {"mode": lambda m: m.pick("full", "same", "valid")},
    "correlate": {"mode": lambda m: m.pick("full", "same", "valid")},
    "take": {"mode": lambda m: m.pick("raise", "wrap", "clip")},
    "linalg.qr": {"mode": lambda m: m.pick("reduced", "r", "complete")},
    "block": {"arrays": lambda m: m.pick([m.array(), m.array()], [[m.array()], [m.array()]])},
    "astype": {"copy": lambda m: True},
    "unwrap": {"axis": Maker.axis},
}  # fmt: skip


def einsum(m: Maker) -> tuple[Any, ...]:
    """Operands of `np.einsum`, whose signature says nothing."""

    def x(*shape: int) -> np.ndarray:
        return m.numbers(shape, m.pick(*DTYPES))

    return m.pick(
        ("ij,jk", x(2, 3), x(3, 2)), ("ii", x(3, 3)), ("...i,...i->...", m.array(), m.array()),
        ("ij->ji", x(2, 3)), ("i,i", x(3), x(3)), ("i,j,k->kji", x(3), x(2), x(2)), ("ij->", x(2, 3)),
        (x(2, 3), [0, 1], x(3), [1]), ("ij,ij->j", x(2, 3), x(1, 3)), ("iij->j", x(2, 2, 3)),
    )  # fmt: skip


# Options that most calls leave out.
RARE = frozenset(["order", "copy", "kind", "stable", "method", "where", "initial", "dtype"])
Arguments = tuple[list[Any], dict[str, Any]]


def call(name: str, f: Callable[..., Any], rng: Rng) -> Arguments:
    """Arguments of one call of the function of this name."""
    m = Maker(rng)
    if name == "einsum":
        return list(einsum(m)), {}
    table = MAKERS | SPECIAL.get(name, {})
    args: list[Any] = []
    options: dict[str, Any] = {}
    in_order = True
    for p in inspect.signature(f).parameters.values():
        needed = p.default is p.empty
        if p.kind is p.VAR_POSITIONAL:
            args += _spacings(m) if p.name == "varargs" else m.same()
        if (
            p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
            or p.name not in table
            or (not needed and rng.random() > (0.15 if p.name in RARE else 0.35))
        ):
            in_order = False
        elif in_order and p.kind is not p.KEYWORD_ONLY and (needed or rng.random() < 0.5):
            args.append(table[p.name](m))
        elif p.kind is not p.POSITIONAL_ONLY:
            in_order = False
            options[p.name] = table[p.name](m)
    return args, options


def _spacings(m: Maker) -> list[Any]:
    step = m.pick(0.5, 2)
    places = [m.numbers((n,), "f8").cumsum() + 2.0 * np.arange(n) for n in m.full]
    return m.pick([], [step], [step] * len(m.full), places)
