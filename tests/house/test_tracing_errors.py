"""No error of tapec's own making chooses how a loop or branch is traced; class names are unique."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tapec
from tapec.trace.staging.for_loop import For

ROOT = Path(__file__).parents[2] / "tapec"
BROAD = {"Exception", "BaseException"}


def swallowing(text: str) -> Iterator[int]:
    """The lines of handlers that catch everything, and raise nothing again."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in BROAD
            if broad and not any(isinstance(n, ast.Raise) for n in ast.walk(node)):
                yield node.lineno


def test_no_handler_swallows_every_error() -> None:
    found = [f"{p.name}:{line}" for p in (ROOT / "trace").rglob("*.py")
             for line in swallowing(p.read_text())]  # fmt: skip
    assert not found


def test_a_planted_handler_is_found() -> None:
    assert [*swallowing("try:\n    f()\nexcept Exception:\n    pass\n")] == [3]
    assert not [
        *swallowing("try:\n    f()\nexcept Exception as e:\n    if bad(e):\n        raise\n")
    ]


@pytest.mark.parametrize("mistake", [AttributeError, AssertionError, TypeError])
def test_mistakes_of_ours_are_not_unrolled(
    mistake: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        if mistake is AttributeError:
            object().missing  # type: ignore[attr-defined] # noqa: B018
        if mistake is TypeError:
            len(3)  # type: ignore[arg-type]
        raise AssertionError

    code = broken.__code__.replace(co_filename=str(ROOT / "trace" / "staging" / "planted.py"))
    broken.__code__ = code
    monkeypatch.setattr(For, "stage", broken)

    def total(x):
        y = x * 1.0
        for _ in range(1000):
            y = y * 0.5 + x
        return np.sum(y)

    with pytest.raises(mistake):
        tapec.compile(total)(np.ones(3))


def test_errors_of_the_users_code_choose_another_route() -> None:
    def total(x):
        seen = {}
        for k in range(400):
            seen[k] = x * k
            x = x * 0.5 + seen[k]
        return np.sum(x)

    kernel = tapec.compile(total)
    np.testing.assert_allclose(kernel(np.full(2, 1e-3)), total(np.full(2, 1e-3)), rtol=1e-12)


def classes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    return found


def test_class_names_of_tracing_are_unique() -> None:
    twice = {n: at for n, at in classes().items() if len(at) > 1}
    assert not {n: at for n, at in twice.items() if any(p.startswith("trace/") for p in at)}
