"""What a user writes: argument specifications and function targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tapec.bench.spec import SpecError, load_function, parse_argument


def parse(text: str) -> Any:
    """One argument from a fixed generator."""
    return parse_argument(text, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("text", "dtype", "shape"),
    [
        ("float64[100]", "float64", (100,)),
        ("float32[3, 4]", "float32", (3, 4)),
        ("float64[]", "float64", ()),
        ("float64[0]", "float64", (0,)),
        ("int64[5]", "int64", (5,)),
        ("int32[2,2]", "int32", (2, 2)),
        ("bool[7]", "bool", (7,)),
    ],
)
def test_arrays(text: str, dtype: str, shape: tuple[int, ...]) -> None:
    array = parse(text)
    assert isinstance(array, np.ndarray)
    assert (array.dtype, array.shape) == (np.dtype(dtype), shape)


def test_ranges_hold() -> None:
    x = parse("float64[1000]:0.5..2")
    assert 0.5 <= x.min() < 0.6
    assert 1.9 < x.max() <= 2.0
    assert parse("float64[500]:-3..-1.5").max() <= -1.5
    assert set(parse("int64[200]:1..3")) == {1, 2, 3}


@pytest.mark.parametrize(("text", "value"), [("2.5", 2.5), ("3", 3), ("True", True), ("'a'", "a")])
def test_literals(text: str, value: object) -> None:
    assert parse(text) == value
    assert type(parse(text)) is type(value)


def test_a_saved_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(4.0))
    assert parse(str(tmp_path / "x.npy")).tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "text",
    [
        "float64[abc]",
        "float65[3]",
        "complex128[3]",
        "float64[3]:2..1",
        "int64[3]:0.5..2",
        "a b",
        "no.npy",
    ],
)
def test_mistakes_are_refused(text: str) -> None:
    with pytest.raises(SpecError):
        parse(text)


def test_functions_of_modules_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here_model.py").write_text(
        "class A:\n    @staticmethod\n    def f(x): return x + 1\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("unrelated")
    assert load_function("here_model:A.f")(1) == 2
    assert load_function("here_model.py:A.f")(1) == 2
    assert load_function(f"{tmp_path}/here_model.py:A.f")(1) == 2


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nosuchmodule:f", "no module named 'nosuchmodule'"),
        ("math", "not of the form"),
        (":f", "not of the form"),
        ("math:nothing", "has no 'nothing'"),
        ("math:pi", "not callable"),
        ("no/such/file.py:f", "no file"),
    ],
)
def test_targets_that_do_not_exist(target: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        load_function(target)


def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ny = x / 0\n")
    with pytest.raises(SpecError, match=r"ZeroDivisionError.*broken\.py:2"):
        load_function(f"{tmp_path}/broken.py:f")
