"""Filters and interpolation of images, against SciPy's own code and differences of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from support.kernel_support import close
from support.sampling import sampled
from support.scipy_cases import check

import tapec

RNG = np.random.default_rng(3)
IMAGE, LINE, CUBE = RNG.normal(size=(6, 5)), RNG.normal(size=9), RNG.normal(size=(3, 4, 5))
LARGE = RNG.normal(size=(14, 13))
KERNEL, EVEN = RNG.normal(size=(3, 3)), RNG.normal(size=(2, 4))
MODES = ["reflect", "mirror", "nearest", "wrap", "constant"]
GRID_MODES = ["grid-mirror", "grid-wrap", "grid-constant"]

FILTERS: dict[str, Callable[[Any, str], Any]] = {
    "convolve": lambda x, m: ndimage.convolve(x, KERNEL, mode=m, cval=0.3),
    "convolve even": lambda x, m: ndimage.convolve(x, EVEN, mode=m),
    "convolve origin": lambda x, m: ndimage.convolve(x, KERNEL, mode=m, origin=(1, -1)),
    "correlate": lambda x, m: ndimage.correlate(x, KERNEL, mode=m, cval=-1.0),
    "correlate even": lambda x, m: ndimage.correlate(x, EVEN, mode=m, origin=-1),
    "convolve1d": lambda x, m: ndimage.convolve1d(x, EVEN[0], axis=0, mode=m),
    "correlate1d": lambda x, m: ndimage.correlate1d(x, EVEN[0], mode=m, origin=1),
    "gaussian": lambda x, m: ndimage.gaussian_filter(x, (0.7, 1.2), mode=m),
    "gaussian order": lambda x, m: ndimage.gaussian_filter(x, 0.8, order=(1, 2), mode=m),
    "gaussian1d": lambda x, m: ndimage.gaussian_filter1d(x, 1.1, axis=0, order=3, mode=m),
    "gaussian axes": lambda x, m: ndimage.gaussian_filter(x, 1.0, mode=m, axes=(1,)),
    "uniform": lambda x, m: ndimage.uniform_filter(x, (3, 4), mode=m),
    "sobel": lambda x, m: ndimage.sobel(x, axis=0, mode=m),
    "prewitt": lambda x, m: ndimage.prewitt(x, mode=m),
    "laplace": lambda x, m: ndimage.laplace(x, mode=m),
    "gaussian laplace": lambda x, m: ndimage.gaussian_laplace(x, 1.0, mode=m),
    "gradient": lambda x, m: ndimage.gaussian_gradient_magnitude(x, 1.0, mode=m),
    "minimum": lambda x, m: ndimage.minimum_filter(x, 3, mode=m),
    "maximum": lambda x, m: ndimage.maximum_filter(x, footprint=[[0, 1, 0], [1, 1, 1]], mode=m),
    "median": lambda x, m: ndimage.median_filter(x, 3, mode=m),
}


@pytest.mark.parametrize("mode", sampled(MODES, 5))
@pytest.mark.parametrize("name", sampled(FILTERS, 10))
def test_filters(name: str, mode: str) -> None:
    check(lambda x: FILTERS[name](x, mode), IMAGE, step=1e-5, tolerance=1e-6, second=False)


def test_weights_and_widths_are_traced() -> None:
    check(lambda w: ndimage.convolve(IMAGE, w), KERNEL, second=False)
    check(lambda s: ndimage.gaussian_filter(IMAGE, s, radius=4), 1.3)
    with pytest.raises(tapec.TapecError, match=r"traced sigma[\s\S]*radius"):
        tapec.compile(lambda s: ndimage.gaussian_filter(IMAGE, s))(1.3)


INSIDE = np.array([[0.2, 1.7, 3.4, 4.9], [0.4, 3.6, 2.2, 0.7]])
BEYOND = np.array([[-3.3, -0.3, 5.2, 9.4], [0.4, 4.3, -1.7, 12.2]])


@pytest.mark.parametrize("order", sampled([3, 0, 1, 2, 4, 5], 6))
@pytest.mark.parametrize("mode", sampled([*MODES, *GRID_MODES], 8))
def test_coordinates(order: int, mode: str) -> None:
    f = lambda p: ndimage.map_coordinates(IMAGE, p, order=order, mode=mode, cval=0.4)  # noqa: E731
    check(f, INSIDE, values=1e-8, step=1e-4, second=False)
    close(tapec.compile(f)(BEYOND), f(BEYOND), 1e-8)
    g = lambda x: ndimage.map_coordinates(x, BEYOND, order=order, mode=mode, cval=0.4)  # noqa: E731
    # SciPy's own filters are off by some z^(2 n) for n pixels, z = 0.27 to 0.43.
    check(g, LARGE, values=1e-6, tolerance=1e-6, step=1e-4, second=False)


@pytest.mark.parametrize("order", sampled([1, 3], 2))
def test_coordinates_in_one_and_three_dimensions(order: int) -> None:
    check(
        lambda p: ndimage.map_coordinates(LINE, p[None], order=order, mode="nearest"),
        np.array([0.3, 4.4, 7.7]), second=False,
    )  # fmt: skip
    points = np.array([[0.3, 1.6], [1.2, 2.7], [0.4, 3.3]])
    check(lambda p: ndimage.map_coordinates(CUBE, p, order=order), points, second=False)


MAPS: dict[str, Callable[[Any], Any]] = {
    "shift": lambda x: ndimage.shift(x, (0.4, -1.3)),
    "shift reflect": lambda x: ndimage.shift(x, 0.6, order=1, mode="reflect"),
    "zoom": lambda x: ndimage.zoom(x, 1.7),
    "zoom axes": lambda x: ndimage.zoom(x, (2.0, 0.7), order=1),
    "zoom grid": lambda x: ndimage.zoom(x, 2, order=1, mode="grid-constant", grid_mode=True),
    "rotate": lambda x: ndimage.rotate(x, 20.0),
    "rotate inside": lambda x: ndimage.rotate(x, -35.0, reshape=False, order=1, mode="nearest"),
    "affine": lambda x: ndimage.affine_transform(x, [[0.9, 0.2], [-0.1, 1.1]], [0.3, 0.1]),
    "affine diagonal": lambda x: ndimage.affine_transform(x, [0.8, 0.9], 0.2, order=1),
    "homogeneous": lambda x: ndimage.affine_transform(
        x, [[0.9, 0.2, 0.3], [-0.1, 1.1, 0.1], [0, 0, 1]], output_shape=(4, 7), order=2
    ),
    "spline": lambda x: ndimage.spline_filter(x, 4),
    "center": lambda x: np.array(ndimage.center_of_mass(x + 3.0)),
}


@pytest.mark.parametrize("name", sampled(MAPS, 12))
def test_maps_of_images(name: str) -> None:
    check(MAPS[name], IMAGE, values=1e-8, step=1e-4, second=False)


@pytest.mark.slow
def test_parameters_of_maps_are_traced() -> None:
    check(lambda s: ndimage.shift(IMAGE, s, mode="nearest"), np.array([0.3, -0.4]), values=1e-8)
    check(lambda a: ndimage.rotate(IMAGE, a, reshape=False, mode="mirror"), 11.0, values=1e-8)
    check(
        lambda m: ndimage.affine_transform(IMAGE, m, mode="reflect", order=3),
        np.array([[0.92, 0.13], [-0.11, 1.07]]), values=1e-8, step=1e-5, tolerance=1e-6, second=False,
    )  # fmt: skip


def test_types_and_refusals() -> None:
    whole = np.arange(30).reshape(6, 5)
    got = tapec.compile(lambda x: ndimage.convolve(x, np.ones((3, 3), int)))(whole)
    want = ndimage.convolve(whole, np.ones((3, 3), int))
    assert got.dtype == want.dtype
    close(got, want, 0.0)
    with pytest.raises(tapec.TapecError, match=r"scipy\.ndimage\.\w*label"):
        tapec.compile(lambda x: ndimage.label(x > 0.0)[0])(IMAGE)
