"""The references are right: closed forms against complex steps and extrapolated differences."""

from __future__ import annotations

import numpy as np
import pytest

from tapec.bench.case import Case, Task
from tapec.bench.cases import CASES, dynamic_programming, select
from tapec.bench.reference import ComplexStep, Directional, Exact
from tapec.tools.differences import leaves, relative_error, ridders

# A second or more per value in plain Python: checked on a part of the input below.
TABLES = ("dp_table", "edit_distance")
SCALARS = [
    case
    for case in CASES
    if not case.batch
    and not case.extended
    and case.name not in TABLES
    and isinstance(case.references.get(Task.GRADIENT), Exact)
]
SYSTEMS = [case for case in CASES if not case.batch and Task.JACOBIAN in case.references]


def closed_form(case: Case, task: Task) -> object:
    """The reference derivative at the case's arguments."""
    reference = case.references[task]
    assert isinstance(reference, Exact)
    return reference.derivative(*case.draw())


def test_the_suite_names_every_workload_once() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 17


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inputs_repeat_and_differ_by_seed(case: Case) -> None:
    first, second, other = case.draw(), case.draw(), case.draw(seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_functional_variant_is_the_same_function(case: Case) -> None:
    if case.functional is not None:
        args = case.draw()
        assert relative_error(case.functional(*args), case.plain(*args)) < 1e-14


@pytest.mark.parametrize("case", SCALARS, ids=lambda case: case.name)
def test_gradients_along_random_directions(case: Case) -> None:
    gradient = closed_form(case, Task.GRADIENT)
    # The k-means objective has kinks within reach of most steps: check it by complex steps.
    check = ComplexStep() if case.name == "kmeans" else Directional(2)
    assert check.error(gradient, case, case.draw()) < 1e-8


@pytest.mark.parametrize("case", SYSTEMS, ids=lambda case: case.name)
def test_jacobians_along_random_directions(case: Case) -> None:
    assert Directional(2).error(closed_form(case, Task.JACOBIAN), case, case.draw()) < 1e-9


@pytest.mark.parametrize("name", ["rosen3", "rosen100", "logistic"])
def test_hessians_are_complex_steps_of_gradients(name: str) -> None:
    (case,) = select((name,))
    gradient = case.references[Task.GRADIENT]
    assert isinstance(gradient, Exact)
    check = ComplexStep(gradient.derivative)
    if name == "logistic":  # scipy's expit takes no complex numbers
        gradient_case = Case(
            name="g", about="", f=gradient.derivative, inputs=case.inputs, references={}
        )
        error = Directional(2).error(closed_form(case, Task.HESSIAN), gradient_case, case.draw())
    else:
        error = check.error(closed_form(case, Task.HESSIAN), case, case.draw())
    assert error < 1e-9


def test_greeks_by_complex_step_of_each_input() -> None:
    (case,) = select(("black_scholes",))
    args = tuple(a[:50] for a in case.draw())
    want = closed_form_at(case, args)
    for k, greek in enumerate(want):
        moved = list(args)
        moved[k] = args[k] + 1j * 1e-30
        assert relative_error(greek, np.imag(case.f(*moved)) / 1e-30) < 1e-12


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_short_sequences(name: str) -> None:
    (case,) = select((name,))
    args = tuple(a[:12] if a.shape == (dynamic_programming.LENGTH,) else a for a in case.draw())
    want = closed_form_at(case, args)
    # Costs change the cheapest way: small steps stay on one piece.
    steps = [1e-6 * np.random.default_rng(3).normal(size=w.shape) for w in want]
    ahead, behind = (
        case.f(*(a + s * d for a, d in zip(args[:2], steps, strict=True)), *args[2:])
        for s in (1, -1)
    )
    got = sum(np.sum(w * d) for w, d in zip(want, steps, strict=True))
    assert got == pytest.approx(0.5 * (ahead - behind), rel=1e-6)


def closed_form_at(case: Case, args: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """The closed form at other arguments."""
    reference = case.references[Task.GRADIENT]
    assert isinstance(reference, Exact)
    return leaves(reference.derivative(*args))


def test_directional_check_refuses_a_wrong_derivative() -> None:
    (case,) = select(("rosen100",))
    gradient = np.array(closed_form(case, Task.GRADIENT))
    gradient[3] *= 1.001
    assert Directional().error(gradient, case, case.draw()) > 1e-6


def test_wrong_shapes_and_nans_are_infinitely_wrong() -> None:
    assert relative_error(np.zeros(3), np.zeros(4)) == np.inf
    assert relative_error(np.array([np.nan]), np.zeros(1)) == np.inf
    assert relative_error((np.zeros(1),), (np.zeros(1), np.zeros(1))) == np.inf


def test_ridders_leaves_domains_gracefully() -> None:
    with np.errstate(invalid="ignore"):
        slope, noise = ridders(lambda t: np.sqrt(1e-3 + np.float64(t)), step=0.02)
    assert abs(slope - 0.5 / np.sqrt(1e-3)) <= 4.0 * noise < 1e-4 * slope


def test_long_cases_run_only_when_named() -> None:
    assert "rk4_100_long" not in [case.name for case in select(())]
    assert [case.name for case in select(("rk4_100*",))] == ["rk4_100", "rk4_100_long"]


def test_select_by_glob() -> None:
    assert [case.name for case in select(("rosen*",))] == ["rosen3", "rosen100", "rosen10000"]
    assert select(("nothing",)) == ()
