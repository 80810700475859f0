"""Distances of points and rotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import spatial
from scipy.spatial import distance
from scipy.spatial.transform import Rotation
from support.kernel_support import close
from support.sampling import sampled
from support.scipy_cases import check

import tapec

RNG = np.random.default_rng(8)
P, Q = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3))
POSITIVE = np.abs(P) + 0.1
WEIGHTS = np.array([0.5, 1.5, 2.0])

METRICS: dict[str, dict[str, Any]] = {
    "euclidean": {}, "sqeuclidean": {}, "cityblock": {}, "chebyshev": {}, "minkowski": {},
    "seuclidean": {"V": WEIGHTS}, "mahalanobis": {"VI": np.diag(WEIGHTS) + 0.1}, "cosine": {},
    "correlation": {}, "braycurtis": {}, "canberra": {}, "jensenshannon": {},
}  # fmt: skip
WITH_WEIGHTS = {
    name: {"w": WEIGHTS}
    for name in ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine", "correlation",
                 "braycurtis", "canberra")
}  # fmt: skip
CASES = [*METRICS.items(), *WITH_WEIGHTS.items(), ("minkowski", {"p": 3.0, "w": WEIGHTS}),
         ("seuclidean", {}), ("mahalanobis", {})]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES)
def test_values_of_metrics(name: str, options: dict[str, Any]) -> None:
    x = np.concatenate([POSITIVE, 2.0 * POSITIVE + P])
    x = np.abs(x) if name == "jensenshannon" else x
    f = lambda x: distance.pdist(x, name, **options)  # noqa: E731
    close(tapec.compile(f)(x), f(x), 1e-10)


@pytest.mark.parametrize("case", sampled(CASES, 12))
def test_derivatives_of_metrics(case: Any) -> None:
    name, options = case
    other = np.abs(Q) + 0.2
    check(lambda x: distance.cdist(x, other, name, **options), POSITIVE, step=1e-4, second=False)


def test_pairs() -> None:
    check(lambda x: distance.squareform(distance.pdist(x)), P, second=False)
    check(lambda d: distance.squareform(d), np.arange(1.0, 7.0), second=False)
    check(lambda x: spatial.distance_matrix(x, Q, 3), P)
    check(lambda x: distance.cdist(x, Q, lambda a, b: np.sum((a - b) ** 4)), P[:2], second=False)
    check(lambda x: distance.euclidean(x, Q[0]) + distance.mahalanobis(x, Q[0], np.eye(3)), P[0])


def test_points_at_no_distance() -> None:
    slope = tapec.grad(lambda x: np.sum(distance.cdist(x, x)))(P)
    assert np.isfinite(slope).all()
    kernel = tapec.grad(lambda x: np.sum(np.exp(-distance.cdist(x, P, "sqeuclidean"))))(P)
    assert np.isfinite(kernel).all()


def test_a_metric_of_truths_is_refused() -> None:
    with pytest.raises(tapec.TapecError, match=r"jaccard[\s\S]*euclidean"):
        tapec.compile(lambda x: distance.pdist(x, "jaccard"))(P)
    with pytest.raises(tapec.TapecError, match=r"KDTree"):
        tapec.compile(lambda x: spatial.KDTree(x).query(Q)[0])(P)


V, W = np.array([0.4, -0.8, 1.1]), np.array([[0.3, 0.1, -0.6], [1.0, 0.2, 0.5]])
FIXED = Rotation.from_euler("xyz", [0.3, -0.5, 0.9])
ROTATIONS: dict[str, Callable[[Any], Any]] = {
    "rotvec": lambda v: Rotation.from_rotvec(v).as_matrix(),
    "there and back": lambda v: Rotation.from_rotvec(v).as_rotvec(),
    "quat": lambda v: Rotation.from_quat(np.concatenate([v, [0.7]])).as_rotvec(),
    "scalar first": lambda v: Rotation.from_rotvec(v).as_quat(scalar_first=True),
    "mrp": lambda v: Rotation.from_mrp(v).as_mrp(),
    "euler": lambda v: Rotation.from_euler("zyx", v).as_euler("xyz"),
    "degrees": lambda v: Rotation.from_euler("XYZ", 20.0 * v, degrees=True).as_euler("ZXZ", True),
    "matrix": lambda v: Rotation.from_matrix(Rotation.from_rotvec(v).as_matrix()).as_quat(True),
    "apply": lambda v: Rotation.from_rotvec(v).apply(W),
    "inverse": lambda v: Rotation.from_rotvec(v).inv().apply(W[0]) + v,
    "product": lambda v: (Rotation.from_rotvec(v) * FIXED).as_matrix(),
    "fixed first": lambda v: (FIXED * Rotation.from_rotvec(v)).magnitude(),
    "fixed": lambda v: FIXED.apply(v) + FIXED.inv().apply(v),
    "stacked": lambda v: Rotation.from_rotvec(np.stack([v, 2.0 * v])).apply(W),
    "one axis": lambda v: Rotation.from_euler("y", v[0]).as_matrix(),
}


@pytest.mark.parametrize("name", sampled(ROTATIONS, 9))
def test_rotations(name: str) -> None:
    check(ROTATIONS[name], V)


def test_no_rotation_is_smooth() -> None:
    skew = tapec.jacobian(lambda v: Rotation.from_rotvec(v).as_matrix())(np.zeros(3))
    close(skew[2, 1], np.array([1.0, 0.0, 0.0]), 1e-14)
    close(
        tapec.jacobian(lambda v: Rotation.from_rotvec(v).as_rotvec())(np.zeros(3)), np.eye(3), 1e-12
    )
