"""Values without axes are 0-d arrays or numbers as in NumPy: type tests, writes, results."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled_tuples

import tapec
from tapec.errors import (
    ControlFlowError,
    DTypeError,
    MutationError,
    TapecError,
    UnsupportedOperation,
)
from tests.trace.arrays.test_arguments import CASES, SAMPLES, A, numpy_function, sample

# What stands for the arrays and floats of a sample.
FORMS: dict[str, Callable[[Any], Any]] = {
    "array": lambda v: np.array(v),
    "scalar": lambda v: np.asarray(v)[()],
    "python": lambda v: np.asarray(v).item(),
}


def classes(made: Any) -> Any:
    if isinstance(made, tuple | list):
        return [classes(part) for part in made]
    return isinstance(made, np.ndarray), type(made) is np.ndarray, bool(np.isscalar(made))


def in_form(argument: Any, form: str) -> Any:
    if isinstance(argument, np.ndarray) and argument.size:
        return FORMS[form](argument.flat[0])
    return FORMS[form](argument) if type(argument) is float else argument


def methods() -> list[str]:
    found = [n for n in dir(np.ndarray) if n[0] != "_" and n not in ("device", "dump")]
    return [f".{n}" for n in found]


def member(name: str) -> Callable[..., Any]:
    if callable(getattr(np.ndarray, name[1:])):
        return lambda a, *rest: getattr(a, name[1:])(*rest)
    return lambda a: getattr(a, name[1:])


NAMES = [n for n in CASES if not n.startswith("scipy.")] + methods()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "form"), sampled_tuples([(n, f) for n in NAMES for f in FORMS], 14)
)
def test_results_have_the_class_of_numpys(name: str, form: str) -> None:
    function = member(name) if name[0] == "." else numpy_function(name)
    given = sample(name) if name[0] != "." else SAMPLES.get(name[1:], (A,))
    arguments = [in_form(a, form) for a in given]

    def asked(*given: Any) -> Any:
        made = function(*given)
        assert made is not None
        return classes(made)

    try:
        wanted = asked(*arguments)
    except (Exception, RecursionError):
        pytest.skip("NumPy takes no such arguments")
    try:
        found = tapec.compile(asked, backend="numpy")(*arguments)
    except TapecError:
        return  # refused
    assert found == wanted


def itself(x: Any) -> Any:
    return np.sqrt(x), x


def added_in_place(x: Any) -> Any:
    x += 1
    return x * 2


def under_another_name(x: Any) -> Any:
    y = x
    y *= 2
    return x + y


def chosen(x: Any) -> Any:
    return np.where(np.abs(x) > 1, x, 0.0)


def converted(x: Any) -> Any:
    return np.asarray(x), np.array(x), x * 2, np.copy(x)


def chosen_in_a_loop(x: Any) -> Any:
    before = x
    for _ in range(3):
        x = np.where(np.abs(x) > 1, x * 0.5, x)
        before = x
        x += 1.0
    return before


def summed(x: Any) -> Any:
    total = 0.0
    for _ in range(4):
        total = total * 0.5 + x
    return total


def questions(x: Any) -> Any:
    return isinstance(x, np.ndarray), np.isscalar(x), type(x).__name__, type(x * 2).__name__


def scaled(x: Any) -> Any:
    return x * 3 if isinstance(x, np.ndarray) else x * 5


def branching(x: Any) -> Any:
    return np.sin(x) if isinstance(x, np.ndarray) else np.cos(x)


def in_a_dictionary(x: Any) -> Any:
    return {"a": np.squeeze(np.array([x])), "b": np.full((), x), "c": np.zeros(())}


def filled(x: Any) -> Any:
    made = np.zeros((), np.asarray(x).dtype)
    made[...] = x
    made += 1
    return made


PROGRAMS = (itself, added_in_place, under_another_name, chosen, converted, chosen_in_a_loop,
            summed, questions, scaled, in_a_dictionary, filled)  # fmt: skip
VALUES = (2.0, 3, True, 1 + 2j, np.float32(1.5), np.int32(4))


def described(value: Any) -> Any:
    if isinstance(value, tuple):
        return [described(v) for v in value]
    if isinstance(value, dict):
        return {k: described(v) for k, v in value.items()}
    return type(value), str(getattr(value, "dtype", "")), repr(value)


def outcome(f: Any, x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return described(f(x)), described(x)
        except (DTypeError, UnsupportedOperation):
            return "refused"
        except TypeError:
            return TypeError


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program: Any, form: str) -> None:
    backend = "llvm" if form == "array" else "numpy"
    compiled = tapec.compile(program, backend=backend)
    for value in VALUES:
        given = FORMS[form](value)
        wanted = outcome(program, FORMS[form](value))
        assert outcome(compiled, given) in (wanted, "refused"), (form, value)


def test_each_class_has_a_program_of_its_own() -> None:
    f = tapec.compile(branching)
    for _ in range(2):
        assert f(np.array(1.0)) == np.sin(1.0)
        assert f(np.float64(1.0)) == f(1.0) == np.cos(1.0)


def test_derivatives_take_the_branch_of_the_class() -> None:
    derivative = tapec.grad(branching)
    assert derivative(np.array(1.0)) == np.cos(1.0)
    assert derivative(np.float64(1.0)) == derivative(1.0) == -np.sin(1.0)
    value, slope = tapec.jvp(branching, (np.array(1.0),), (np.array(1.0),))
    assert value == np.sin(1.0)
    assert slope == np.cos(1.0)


def test_the_argument_itself_comes_back() -> None:
    x = np.array(2.0)
    assert tapec.compile(itself)(x)[1] is x


def test_where_paths_differ_the_question_is_refused() -> None:
    def on_two_paths(x: Any) -> Any:
        made = np.asarray(x) if x > 1 else x * 2
        return isinstance(made, np.ndarray)

    with pytest.raises(ControlFlowError, match="number or an array"):
        tapec.compile(on_two_paths)(2.0)


def test_a_write_to_what_one_path_shares_is_refused() -> None:
    def rebound(x: Any) -> Any:
        if x > 1:
            x = x * 2
        x += 1
        return x

    with pytest.raises(MutationError):
        tapec.compile(rebound)(np.array(2.0))
    assert tapec.compile(rebound)(np.float64(2.0)) == 5.0
