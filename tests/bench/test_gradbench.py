"""The programs of GradBench against independent references, through the suite's protocol."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import softmax
from support import gradbench_references as reference
from support.sampling import sampled

import tapec
from tapec.bench.gradbench import ba, det, protocol
from tapec.tools.differences import ridders

Array = Any
RNG = np.random.default_rng(31)


def ask(module: str, function: str, given: Any) -> Any:
    """The output of one message; falling back to the interpreter is an error."""
    message = {
        "id": 4, "kind": "evaluate", "module": module, "function": function, "input": given
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", tapec.BackendWarning)
        (line,) = protocol.serve([json.dumps(message)])
    response = json.loads(line)
    assert response.get("error") is None, response["error"]
    assert response["success"]
    assert response["id"] == 4
    return response["output"]


def random(*shape: int) -> Any:
    return RNG.normal(size=shape).tolist()


def close(got: Any, want: Any, tolerance: float = 1e-11) -> None:
    want = np.asarray(want)
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max())


def moved(given: dict[str, Any], name: str, by: Array) -> dict[str, Any]:
    return {**given, name: (np.array(given[name]) + by).tolist()}


# --- the protocol ---------------------------------------------------------------------------------


def test_every_eval_of_the_suite_is_there() -> None:
    names = {name: {*protocol.functions(name)} for name in protocol.EVALS}
    assert len(names) == 12
    assert names["kmeans"] == {"cost", "dir"}
    assert names["particle"] == names["saddle"] == {"ff", "fr", "rf", "rr"}
    assert all(len(found) in (2, 4) for found in names.values())


def test_a_session_by_its_own_process() -> None:
    messages: list[dict[str, Any]] = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "double", "input": 21.0},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "define", "module": "poisson"},
    ]
    sent = "".join(json.dumps(m) + "\n" for m in messages)
    command = [sys.executable, "-m", "tapec.bench.gradbench"]
    out = subprocess.run(command, input=sent, capture_output=True, text=True, check=True).stdout
    start, defined, evaluated, analysed, unknown = map(json.loads, io.StringIO(out))
    assert start == {"id": 0, "tool": "tapec"}
    assert defined["success"]
    assert defined["id"] == 1
    assert evaluated["output"] == 42.0
    assert [t["name"] for t in evaluated["timings"]] == ["compile", "evaluate"]
    assert analysed == {"id": 3}
    assert not unknown["success"]
    assert "poisson" in unknown["error"]


def test_runs_until_both_bounds_are_reached() -> None:
    def runs(**bounds: float) -> list[int]:
        found = protocol.functions("lse")["primal"].evaluate({"x": [1.0, 2.0], **bounds})
        return [t["nanoseconds"] for t in found["timings"] if t["name"] == "evaluate"]

    assert len(runs(min_runs=5, min_seconds=0)) == 5
    assert sum(runs(min_runs=1, min_seconds=0.01)) >= 0.01e9


def test_what_a_function_raises_is_in_the_response() -> None:
    message = {"id": 9, "kind": "evaluate", "module": "det", "function": "primal"}
    response = protocol.respond({**message, "input": {"A": [1.0], "ell": 2}})
    assert (response["id"], response["success"]) == (9, False)
    assert "reshape" in response["error"]


# --- the evals ------------------------------------------------------------------------------------


def test_hello() -> None:
    assert ask("hello", "square", 1.5) == 2.25
    assert ask("hello", "double", 1.5) == 3.0


@pytest.mark.parametrize("sizes", sampled([(3, 4, 20, 2), (1, 2, 7, 0), (2, 1, 5, 3)], 2))
def test_gmm(sizes: tuple[int, int, int, int]) -> None:
    d, k, n, m = sizes
    given = {
        "d": d, "k": k, "n": n, "m": m, "gamma": 1.3, "x": random(n, d), "alpha": random(k),
        "mu": random(k, d), "q": random(k, d), "l": random(k, d * (d - 1) // 2),
    }  # fmt: skip
    close(ask("gmm", "objective", given), reference.mixture(given))
    gradient = ask("gmm", "jacobian", given)
    assert [*gradient] == ["alpha", "mu", "q", "l"]
    for name, part in gradient.items():
        along = RNG.normal(size=np.shape(given[name]))
        want, noise = ridders(lambda t: reference.mixture(moved(given, name, t * along)))  # noqa: B023
        assert np.sum(part * along) == pytest.approx(want, abs=1e-7 * abs(want) + 4 * noise)


def test_ba_of_cameras_and_points_that_differ() -> None:
    cameras, points, w = RNG.normal(size=(3, 11)), RNG.normal(size=(4, 3)), RNG.normal(size=6)
    cameras[1, :3] = 0.0  # no rotation: the other branch, whose derivative is not zero
    obs, features = RNG.integers(0, 3, size=(6, 2)), RNG.normal(size=(6, 2))
    found, weights = ba.objective(cameras, points, w, obs, features)
    close(np.append(found, weights), reference.misfits(cameras, points, w, obs, features))

    rows, columns, values = ba.jacobian(cameras, points, w, obs, features)
    got = csr_array((values, columns, rows), shape=(18, 33 + 12 + 6)).toarray()
    point = np.concatenate([cameras.ravel(), points.ravel(), w])

    def at(x: Array) -> Array:
        parts = x[:33].reshape(3, 11), x[33:45].reshape(4, 3), x[45:]
        return reference.misfits(*parts, obs, features)

    want = np.stack([ridders(lambda t, e=e: at(point + t * e))[0] for e in np.eye(51)], axis=1)  # type: ignore[misc]
    close(got, want, 1e-7)


def test_ba_in_the_form_of_the_suite() -> None:
    given = {
        "n": 2, "m": 3, "p": 31, "cam": random(11), "x": random(3), "w": 0.7, "feat": random(2)
    }  # fmt: skip
    objective, jacobian = ask("ba", "objective", given), ask("ba", "jacobian", given)
    assert objective["reproj_error"]["repeated"] == objective["w_err"]["repeated"] == 31
    assert objective["w_err"]["element"] == pytest.approx(0.51)
    want = 0.7 * (reference.image(np.array(given["cam"]), np.array(given["x"])) - given["feat"])
    close(objective["reproj_error"]["elements"], want)
    assert [len(jacobian[name]) for name in ("rows", "cols", "vals")] == [31, 31, 31]
    assert jacobian["rows"] == [*range(0, 450, 15), 31 * 31]
    assert jacobian["cols"] == 2 * [*range(11), 22, 23, 24, 31] + [31 + 30]
    assert jacobian["vals"][-1] == -1.4


def hand_input(complicated: bool, mirrored: bool, turn: float) -> dict[str, Any]:
    bones, vertices, points = 22, 9, 5
    model = {
        "bone_names": [*map(str, range(bones))],
        "parents": [-1, *(int(RNG.integers(-1, b)) for b in range(1, bones))],
        "base_relatives": random(bones, 4, 4),
        "inverse_base_absolutes": random(bones, 4, 4),
        "base_positions": np.hstack([RNG.normal(size=(vertices, 3)), np.ones((vertices, 1))]).tolist(),
        "weights": RNG.dirichlet(np.ones(bones), vertices).tolist(),
        "triangles": RNG.integers(0, vertices, (4, 3)).tolist(),
        "is_mirrored": mirrored,
    }  # fmt: skip
    for b in range(bones):  # homogeneous transforms: the last row says so
        model["base_relatives"][b][3] = [0.0, 0.0, 0.0, 1.0]
        model["inverse_base_absolutes"][b][3] = [0.0, 0.0, 0.0, 1.0]
    chosen = RNG.integers(0, 4 if complicated else vertices, points).tolist()
    data = {"model": model, "correspondences": chosen, "points": random(points, 3)}
    theta = 0.5 * RNG.normal(size=26)
    theta[:3] *= turn
    us = random(points, 2) if complicated else []
    return {"theta": theta.tolist(), "us": us, "data": data}


HANDS = [(True, False, 1.0), (False, True, 1.0), (False, False, 1e-5), (True, True, 1e-5)]


@pytest.mark.parametrize("kind", sampled(HANDS, 2))
def test_ht(kind: tuple[bool, bool, float]) -> None:
    complicated, mirrored, turn = kind
    given = hand_input(complicated, mirrored, turn)
    theta, us = np.array(given["theta"]), np.array(given["us"]).reshape(-1, 2)
    close(ask("ht", "objective", given), reference.hand(theta, us, given["data"]), 1e-11)
    jacobian = np.array(ask("ht", "jacobian", given))
    assert jacobian.shape == (15, 28 if complicated else 26)
    for _ in range(2):
        along = RNG.normal(size=jacobian.shape[1])
        own, pose = along[:-26], along[-26:]
        # Below the angle that counts as none the rotation stays as it is.
        pose[:3] *= turn == 1.0

        def line(t: float, own: Array = own, pose: Array = pose) -> Array:
            return reference.hand(
                theta + t * pose, us + t * own if complicated else us, given["data"]
            )

        close(jacobian @ along, ridders(line, levels=8)[0], 1e-7)


def test_lstm() -> None:
    layers, bits, length = 2, 3, 5
    given = {
        "main_params": random(2 * layers, 4 * bits), "extra_params": random(3, bits),
        "state": random(2 * layers, bits), "sequence": RNG.integers(0, 2, (length, bits)).tolist(),
    }  # fmt: skip
    params = np.concatenate([np.ravel(given["main_params"]), np.ravel(given["extra_params"])])
    close(ask("lstm", "objective", given), reference.language_loss(params, given))
    want = reference.complex_gradient(lambda p: reference.language_loss(p, given), params)
    close(ask("lstm", "jacobian", given), want)


def test_kmeans() -> None:
    points = RNG.normal(size=(60, 3))
    centroids = points[:5] + 0.1
    given = {"points": points.tolist(), "centroids": centroids.tolist()}
    distances = ((points[:, None] - centroids) ** 2).sum(2)
    nearest = distances.argmin(1)
    close(ask("kmeans", "cost", given), distances.min(1).sum())
    step = [centroids[j] - points[nearest == j].mean(0) for j in range(5)]
    close(ask("kmeans", "dir", given), step)


@pytest.mark.parametrize("sizes", sampled([(17, 5), (2, 1), (40, 9)], 2))
def test_llsq(sizes: tuple[int, int]) -> None:
    n, m = sizes
    x = RNG.normal(size=m)
    t = np.linspace(-1, 1, n)
    powers = np.vander(t, m, increasing=True)
    misfit = np.sign(t) - powers @ x
    given = {"x": x.tolist(), "n": n}
    close(ask("llsq", "primal", given), 0.5 * misfit @ misfit)
    close(ask("llsq", "gradient", given), -misfit @ powers)


def test_lse() -> None:
    x = 800.0 * RNG.normal(size=50)
    x[3] = x.max() - 0.5
    given = {"x": x.tolist()}
    close(ask("lse", "primal", given), np.logaddexp.reduce(x))
    close(ask("lse", "gradient", given), softmax(x))


@pytest.mark.parametrize("n", sampled([1, 4, 2, 3, 5], 2))
def test_det(n: int) -> None:
    a = RNG.normal(size=(n, n))
    given = {"A": a.ravel().tolist(), "ell": n}
    close(ask("det", "primal", given), np.linalg.det(a), 1e-12)
    cofactors = np.linalg.det(a) * np.linalg.inv(a).T
    close(ask("det", "gradient", given), cofactors.ravel(), 1e-12)


def test_det_of_a_singular_matrix() -> None:
    a = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]) + np.diag([1.0, 0.0, 0.0])
    minors = [[np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)]  # fmt: skip
    signs = (-1.0) ** np.add.outer(range(3), range(3))
    np.testing.assert_allclose(det.primal.grad(a), signs * minors, atol=1e-14)


@pytest.mark.parametrize("sizes", sampled([(9, 3), (4, 1), (30, 50)], 2))
def test_ode(sizes: tuple[int, int]) -> None:
    """The coefficients are such that no component of the solution is small."""
    n, steps = sizes
    x = np.arange(1.0, n + 1.0) / 2 * RNG.uniform(0.9, 1.1, n)
    given = {"x": x.tolist(), "s": steps}
    want = reference.runge_kutta(x, steps)
    assert np.abs(want[-1]) > 1e-5
    np.testing.assert_allclose(ask("ode", "primal", given), want, rtol=1e-11)
    slopes = reference.complex_gradient(lambda x: reference.runge_kutta(x, steps)[-1], x)
    np.testing.assert_allclose(ask("ode", "gradient", given), slopes, rtol=1e-11)


MODES = sampled(["fr", "ff", "rr", "rf"], 2)


@pytest.mark.parametrize("modes", MODES)
def test_particle(modes: str) -> None:
    found = ask("particle", modes, {"w": 0.0})
    assert found == pytest.approx(reference.particle(0.0), abs=1e-12)
    assert reference.crossing(np.array([found])) < 1e-7  # it hits the origin


@pytest.mark.parametrize("modes", MODES)
def test_saddle(modes: str) -> None:
    """Where the descent stops is far above rounding and below the suite's tolerance."""
    want = reference.saddle(np.ones(2))
    assert np.all(np.abs(want) > 1e-6)
    np.testing.assert_allclose(ask("saddle", modes, {"start": [1.0, 1.0]}), want, rtol=1e-9)
