"""Assignments between parts of an array that overlap: as NumPy copies them, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.random_memory import function
from support.sampling import sampled

import tapec
from tapec.errors import MutationError

LAYOUTS: list[Callable[[Any], Any]] = [
    lambda m: m[:12],
    lambda m: m[11::-1],
    lambda m: m[:24:2],
    lambda m: m[23::-2],
    lambda m: m[:12].reshape(3, 4),
    lambda m: m[:12].reshape(4, 3).T[::-1],
    lambda m: m[15::-1].reshape(4, 4),
    lambda m: m[:25].reshape(5, 5)[:4, :4],
]
FORMS = [
    "y{a} = y{b}",
    "np.copyto(y{a}, y{b})",
    "np.copyto(y{a}, y{b}, where=np.arange(y{a}.size) % 2 == 0)",
    "v = y{a}; v[...] = y{b}",
    "y{a} = y{b}[None]",
    "y{a} += y{b}",
    "np.multiply(y{b}, 2.0, out=y{a})",
    "y.flat[: y{a}.size] = y{b}",
    "m = np.zeros(y.shape, bool); m{a} = True; y[m] = y{b}",
    "m = np.zeros(y.shape, bool); m{a} = True; np.place(y, m, y{b})",
    "y = y + 0.0; y{a} = y{b}",
]


class Parts:
    """Two overlapping rows of an array with different strides, as text."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.layout = LAYOUTS[self.rng.integers(len(LAYOUTS))]
        self.numbers = self.rng.uniform(1, 2, 25)
        y = self.layout(self.numbers)
        fits = False
        while not fits:
            self.texts = self.row(y.shape), self.row(y.shape)
            a, b = (eval(f"y{t}", {"y": y}) for t in self.texts)
            fits = a.shape == b.shape and a.size > 1 and a.strides != b.strides
            fits = fits and np.shares_memory(a, b)

    def row(self, shape: tuple[int, ...]) -> str:
        axis = self.rng.integers(len(shape))
        entries = [str(self.rng.integers(n)) for n in shape]
        low, high = sorted(self.rng.integers(0, shape[axis] + 1, 2))
        step = int(self.rng.choice([1, 2, 3, -1, -2]))
        last = "" if low == 0 else low - 1
        entries[axis] = f"{low}:{high}:{step}" if step > 0 else f"{max(high - 1, 0)}:{last}:{step}"
        return f"[{', '.join(entries)}]"

    def function(self) -> Any:
        form = FORMS[self.rng.integers(len(FORMS))].format(a=self.texts[0], b=self.texts[1])
        weights = "np.sqrt(1.0 + np.arange(y.size)).reshape(y.shape)"
        text = f"def program(y):\n    {form}\n    return np.sum(y * {weights})\n"
        return function(text, f"<overwriting {self.texts} {form}>")


@pytest.mark.parametrize("seed", sampled(range(400), 16))
def test_values_and_gradients_are_numpys(seed: int) -> None:
    parts = Parts(seed)
    f = parts.function()
    plain, own = parts.numbers.copy(), parts.numbers.copy()
    want = f(parts.layout(plain))
    backend = "numpy" if seed % 8 else "llvm"
    assert tapec.compile(f, backend=backend)(parts.layout(own)) == pytest.approx(want, rel=1e-12)
    np.testing.assert_allclose(own, plain, rtol=1e-12)
    along = parts.rng.uniform(-1, 1, 25)
    slope = np.imag(f(parts.layout(parts.numbers + 1e-30j * along))) / 1e-30
    found = tapec.grad(tapec.compile(f, backend=backend))(parts.layout(parts.numbers))
    assert np.sum(found * parts.layout(along)) == pytest.approx(slope, rel=1e-10)


def test_pieces_that_are_overwritten_are_refused() -> None:
    def f(y: Any) -> Any:
        np.concatenate([y[2:4], y[:2]], out=y[:4])
        return y

    with pytest.raises(MutationError, match="copies"):
        tapec.compile(f)(np.arange(5.0))


def test_traced_places_are_refused() -> None:
    def f(y: Any, k: int) -> Any:
        y[k : k + 6 : 2] = y[k : k + 3]
        return y

    with pytest.raises(tapec.TapecError):
        tapec.compile(f)(np.arange(9.0), 1)


def test_rows_of_equal_strides_may_lie_at_traced_places() -> None:
    def f(y: Any, k: int) -> Any:
        y[k : k + 3] = y[k + 1 : k + 4]
        return y

    want = f(np.arange(9.0), 2)
    np.testing.assert_array_equal(tapec.compile(f)(np.arange(9.0), 2), want)
