"""Texts in traced code: shown as they are, never decided on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.tracing import check, traced

from tapec import rolled
from tapec.errors import ControlFlowError

V = np.array([0.3, 0.7, 0.2, 0.9])


def test_keys_made_of_a_counter() -> None:
    def f(x: Any) -> Any:
        weights = {f"W{i}": x[i % 4] * i for i in range(100)} | {"b3": x[0]}
        s = 0.0
        for i in range(100):
            s = np.tanh(s * 0.5 + weights[f"W{i}"])
            for k in range(3):
                s = np.tanh(s + 0.01 * np.sin(s) * k)
            if f"b{i}" in weights:
                s += weights["b" + str(i)]
            if str(i) == "7":
                s += 1.0
        return s

    check(f, V)


def test_texts_without_traced_values() -> None:
    def f(x: Any) -> Any:
        n = 3
        assert f"{n:02d}{x.shape}{'a'!r}{n=}" == "03(4,)'a'n=3"
        assert isinstance(str(n), str)
        assert type(str(n)) is str
        return x * len(str(12)) + len(",".join(map(str, [1, 2])))

    check(f, V)


def test_texts_to_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        log = []
        for i in rolled(range(9)):
            x = x + i
            print(f"step {i}: {x[0]:.3f}")
        log.append(f"{x[0]:.2e}" + str(x[1]))
        return x

    traced(f, V)
    assert "step traced i64: traced f64" in capsys.readouterr().out


@pytest.mark.parametrize("ask", [
    lambda t: t == "3", lambda t: t in {"3": 1.0}, lambda t: t.startswith("3"), lambda t: t[0],
    lambda t: ("a" + t)[1:], len,
])  # fmt: skip
def test_texts_of_counters_cannot_be_looked_at(ask: Any) -> None:
    def f(x: Any) -> Any:
        for i in rolled(range(9)):
            if ask(f"{i}"):
                x = x + 1.0
        return x

    with pytest.raises(ControlFlowError, match="text"):
        traced(f, V)
