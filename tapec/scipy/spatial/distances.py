"""Distances of pairs of points: `cdist`, `pdist`, `squareform`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import spatial
from scipy.spatial import distance

from tapec.scipy.registry import floats, raises_unless, refused, solves, translates
from tapec.trace.arrays.tracer import is_symbolic

# A distance of points along the last axes of two arrays that are broadcast; weights may be None.
Metric = Callable[..., Any]


def _weighted(terms: Any, w: Any) -> Any:
    return terms if w is None else terms * w


def _norm(d: Any) -> Any:
    """The length of vectors, with a derivative of 0 at 0."""
    return np.linalg.norm(d, axis=-1)


def _minkowski(x: Any, y: Any, p: Any = 2.0, w: Any = None) -> Any:
    size = np.abs(x - y)
    if not is_symbolic(p):
        if p == np.inf:
            kept = size if w is None else np.where(floats(w) > 0.0, size, 0.0)
            return np.max(kept, axis=-1)
        if p == 2:
            return _norm(size if w is None else size * np.sqrt(w))
        if p == 1:
            return np.sum(_weighted(size, w), axis=-1)
    apart = np.any(size > 0.0, axis=-1)
    safe = np.where(apart[..., None], size, 1.0)
    return np.where(apart, np.sum(_weighted(safe**p, w), axis=-1) ** (1.0 / p), 0.0)


def _canberra(x: Any, y: Any, w: Any = None) -> Any:
    total = np.abs(x) + np.abs(y)
    shares = np.where(total > 0.0, np.abs(x - y) / np.where(total > 0.0, total, 1.0), 0.0)
    return np.sum(_weighted(shares, w), axis=-1)


def _cosine(x: Any, y: Any, w: Any = None) -> Any:
    products = [np.sum(_weighted(a * b, w), axis=-1) for a, b in ((x, y), (x, x), (y, y))]
    return 1.0 - products[0] / np.sqrt(products[1] * products[2])


def _correlation(x: Any, y: Any, w: Any = None) -> Any:
    share = 1.0 / x.shape[-1] if w is None else floats(w) / np.sum(floats(w))
    first, last = (a - np.sum(a * share, axis=-1)[..., None] for a in (x, y))
    return _cosine(first, last, w)


def _jensen_shannon(x: Any, y: Any, base: Any = None) -> Any:
    p, q = (a / np.sum(a, axis=-1)[..., None] for a in (x, y))
    m = 0.5 * (p + q)
    total = np.sum(_divergence(p, m) + _divergence(q, m), axis=-1)
    scale = 1.0 if base is None else np.log(base)
    apart = total > 0.0
    return np.where(apart, np.sqrt(np.where(apart, total, 1.0) / scale / 2.0), 0.0)


def _divergence(p: Any, m: Any) -> Any:
    some = p > 0.0
    return np.where(some, p * np.log(np.where(some, p, 1.0) / np.where(some, m, 1.0)), 0.0)


def _euclidean(x: Any, y: Any, w: Any = None) -> Any:
    return _minkowski(x, y, 2, w)


def _cityblock(x: Any, y: Any, w: Any = None) -> Any:
    return _minkowski(x, y, 1, w)


def _chebyshev(x: Any, y: Any, w: Any = None) -> Any:
    return _minkowski(x, y, np.inf, w)


def _squared(x: Any, y: Any, w: Any = None) -> Any:
    return np.sum(_weighted((x - y) ** 2, w), axis=-1)


def _bray_curtis(x: Any, y: Any, w: Any = None) -> Any:
    parts = [np.sum(_weighted(np.abs(a), w), axis=-1) for a in (x - y, x + y)]
    return parts[0] / parts[1]


def _hamming(x: Any, y: Any, w: Any = None) -> Any:
    share = 1.0 / x.shape[-1] if w is None else floats(w) / np.sum(floats(w))
    return np.sum((x != y) * share, axis=-1)


def _standardised(x: Any, y: Any, V: Any) -> Any:
    return _norm((x - y) / np.sqrt(V))


def _mahalanobis(x: Any, y: Any, VI: Any) -> Any:
    d = x - y
    total = np.sum((d @ VI) * d, axis=-1)
    apart = total > 0.0
    return np.where(apart, np.sqrt(np.where(apart, total, 1.0)), 0.0)


METRICS: dict[str, Metric] = {
    "euclidean": _euclidean, "sqeuclidean": _squared, "cityblock": _cityblock,
    "chebyshev": _chebyshev, "minkowski": _minkowski, "seuclidean": _standardised,
    "mahalanobis": _mahalanobis, "cosine": _cosine, "correlation": _correlation,
    "braycurtis": _bray_curtis, "canberra": _canberra, "hamming": _hamming,
    "jensenshannon": _jensen_shannon,
}  # fmt: skip
_OTHER_NAMES = {
    "manhattan": "cityblock", "l1": "cityblock", "l2": "euclidean", "linf": "chebyshev",
    "cheb": "chebyshev", "euclid": "euclidean", "sqe": "sqeuclidean", "mahal": "mahalanobis",
}  # fmt: skip


def _metric(metric: Any, points: list[Any], options: dict[str, Any]) -> Metric:
    """The metric with what it needs of all points."""
    name = _OTHER_NAMES.get(metric, metric)
    if name not in METRICS:
        listed = ", ".join(METRICS)
        raise refused(f"scipy.spatial.distance with metric {metric!r}", f"translated are {listed}")
    given = {key: floats(v) if key in ("w", "V", "VI") else v for key, v in options.items()}
    if name == "seuclidean" and given.get("V") is None:
        given["V"] = np.var(np.concatenate(points), axis=0, ddof=1)
    if name == "mahalanobis" and given.get("VI") is None:
        given["VI"] = np.linalg.inv(np.cov(np.concatenate(points).T)).T
    rule = METRICS[name]
    return lambda x, y: rule(x, y, **given)


def _points(x: Any) -> Any:
    made = floats(x)
    if made.ndim != 2:
        raise ValueError("XA and XB must be 2-dimensional arrays.")
    return made


@solves(distance.cdist)
def _cdist(real: Any, XA: Any, XB: Any, metric: Any = "euclidean", **options: Any) -> Any:
    x, y = _points(XA), _points(XB)
    if x.shape[1] != y.shape[1]:
        raise ValueError("XA and XB must have the same number of columns "
                         "(i.e. feature dimension.)")  # fmt: skip
    _no_out(options)
    if callable(metric):
        rows = [[metric(a, b, **options) for b in y] for a in x]
        return np.stack([np.stack(row) for row in rows])
    return _metric(metric, [x, y], options)(x[:, None, :], y[None, :, :])


@solves(distance.pdist)
def _pdist(real: Any, X: Any, metric: Any = "euclidean", **options: Any) -> Any:
    x = _points(X)
    _no_out(options)
    first, second = np.triu_indices(x.shape[0], 1)
    if callable(metric):
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        return np.stack([metric(x[i], x[j], **options) for i, j in pairs])
    return _metric(metric, [x], options)(x[first], x[second])


def _no_out(options: dict[str, Any]) -> None:
    if options.pop("out", None) is not None:
        raise refused("scipy.spatial.distance with out=", "use what is returned")


@translates(distance.squareform)
def _squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = floats(X)
    if x.ndim == 1:
        n = int(np.ceil(np.sqrt(x.shape[0] * 2)))
        if n * (n - 1) != x.shape[0] * 2:
            raise ValueError("Incompatible vector size. It must be a binomial coefficient n "
                             "choose 2 for some integer n >= 2.")  # fmt: skip
        places = np.zeros((n, n), int)
        places[np.triu_indices(n, 1)] = np.arange(1, x.shape[0] + 1)
        return np.concatenate([np.zeros(1), x])[places + places.T]
    if checks:
        error = ValueError("Distance matrix 'X' must be symmetric.")
        raises_unless(np.all(np.abs(x - x.T) <= 1e-8), error)
    return x[np.triu_indices(x.shape[0], 1)]


@translates(spatial.distance_matrix)
def _distance_matrix(x: Any, y: Any, p: Any = 2, threshold: int = 1000000) -> Any:
    return _minkowski(_points(x)[:, None, :], _points(y)[None, :, :], p)


@translates(distance.directed_hausdorff)
def _directed_hausdorff(u: Any, v: Any) -> Any:
    """The largest distance from a point of u to its nearest of v, and their numbers."""
    apart = _norm(_points(u)[:, None, :] - _points(v)[None, :, :])
    nearest = np.argmin(apart, axis=1)
    least = np.min(apart, axis=1)
    first = np.argmax(least)
    return least[first], first, nearest[first]


@translates(distance.num_obs_dm)
def _num_obs_dm(d: Any) -> Any:
    return floats(d).shape[0]
