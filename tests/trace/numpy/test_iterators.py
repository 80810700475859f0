"""``np.nditer``, ``np.vectorize`` with signatures, ``np.r_`` with directives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

X = np.random.default_rng(3).random((3, 4))


def by_places(x: Any) -> Any:
    out = np.empty_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        out[it.multi_index] = it[0] ** 2 + it.multi_index[0]
        it.iternext()
    return out


def in_a_context(x: Any) -> Any:
    y = x.copy()
    with np.nditer(y, op_flags=[["readwrite"]]) as it:
        for element in it:
            element[...] = 2.0 * element + 1.0
    return y


def allocated(x: Any) -> Any:
    with np.nditer([x, None]) as it:  # type: ignore[arg-type]
        for a, b in it:
            b[...] = a * a
        return it.operands[1]


def in_one_piece(x: Any) -> Any:
    return sum(np.sum(part**3) for part in np.nditer(x, flags=["external_loop"], order="C"))


def numbered(x: Any) -> Any:
    z = np.zeros(3)
    with np.nditer(z, flags=["c_index"], op_flags=[["readwrite"]]) as it:
        for element in it:
            element[...] = x[0, it.index]
    return z


def of_signatures(x: Any) -> Any:
    scaled = np.vectorize(lambda v, w, p=2.0: np.dot(v, w) * p, signature="(n),(n)->()")
    product = np.vectorize(lambda v, m: m @ v, signature="(n),(m,n)->(m)")
    excluded = np.vectorize(lambda a, c: a * c[0], excluded={1})
    named = np.vectorize(lambda a, n=1: a**n, excluded=["n"])
    return scaled(x, x[0]), product(x, x), excluded(x, [3.0]), named(x, n=2)


def with_directives(x: Any) -> Any:
    a, b = x[0], x[1]
    return np.r_["-1", a, b], np.r_["1,2,0", a, b], np.r_["0,3", a, b], np.r_["0,2,-1", x, x]


def meshed(x: Any) -> Any:
    return x[np.ix_([True, False, True], [0, 2])]


@pytest.mark.parametrize(
    "f",
    [by_places, in_a_context, allocated, in_one_piece, numbered, of_signatures, with_directives,
     meshed],
)  # fmt: skip
def test_results(f: Any) -> None:
    got, want = tapec.compile(f, backend="numpy")(X), f(X)
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)


def test_methods_of_rare_modules_are_found_first() -> None:
    code = "import numpy as np, tapec; print(tapec.compile(lambda x: x.tolist())(np.ones(2)))"
    import subprocess
    import sys

    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "[1.0, 1.0]\n"
