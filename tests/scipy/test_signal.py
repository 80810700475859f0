"""Filters, systems and images of scipy.signal, of traced samples, coefficients and frequencies."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.signal as ss
from support.sampling import sampled
from support.scipy_cases import check

import tapec

R = np.random.default_rng(1)
X, Y = R.standard_normal(14), R.standard_normal(5)
IMAGE, KERNEL = R.standard_normal((5, 4)), R.standard_normal((3, 2))
B, A = np.array([0.3, 0.2, 0.1]), np.array([1.0, -0.5, 0.2])
NUM, DEN = np.array([1.0, 0.3, -0.2]), np.array([1.0, 0.7, 0.3, 0.05])
SOS = np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2], [0.4, 0.1, 0.2, 1.0, -0.3, 0.1]])
SS_A, SS_B = np.array([[-0.5, 1.0], [-1.0, -0.3]]), np.array([[0.3], [1.0]])
SS_C, SS_D = np.array([[1.0, 0.2]]), np.array([[0.0]])
TIMES = np.linspace(0.0, 3.0, 8)
U = np.sin(TIMES)
W = np.linspace(0.1, 3.0, 5)
Z, P = np.array([0.2, 0.5]), np.array([-0.5, -0.9])


def flat(*parts: Any) -> Any:
    """Real and imaginary parts of several results in one vector."""
    rows = [f(np.atleast_1d(p)).ravel() for p in parts for f in (np.real, np.imag)]
    return np.concatenate(rows)


def sections(s: Any) -> Any:
    """Sections of second order, whose fourth coefficient is 1."""
    return np.concatenate([s[:, :3], np.ones((2, 1)), s[:, 4:]], axis=1)


Case = tuple[Callable[[Any], Any], Any]
IMAGES: dict[str, Case] = {
    f"{f.__name__} {mode} {boundary} {part}": (
        (lambda k, f=f, m=mode, b=boundary: f(IMAGE, k, m, b, 0.7), KERNEL)
        if part == "kernel"
        else (lambda a, f=f, m=mode, b=boundary: f(a, KERNEL, m, b, 0.7), IMAGE)
    )
    for f, mode, boundary, part in product(
        (ss.convolve2d, ss.correlate2d),
        ("full", "same", "valid"),
        ("fill", "wrap", "symm"),
        ("kernel", "image"),
    )
}
CASES: dict[str, Case] = {
    **IMAGES,
    "correlate2d of a smaller image": (lambda k: ss.correlate2d(k, IMAGE, "valid"), KERNEL),
    "correlate2d of complex images": (
        lambda a: flat(ss.correlate2d(a + 1j * a**2, KERNEL * (1 + 2j))), IMAGE),
    "sepfir2d": (lambda x: ss.sepfir2d(x, B, Y), IMAGE),
    "medfilt": (lambda x: ss.medfilt(x, 5), X),
    "medfilt2d": (lambda x: ss.medfilt2d(x, [3, 1]), IMAGE),
    "order_filter": (lambda x: ss.order_filter(x, np.eye(3), 1), IMAGE),
    "sawtooth": (lambda t: ss.sawtooth(t, 0.3), TIMES + 0.1),
    "sawtooth widths": (lambda w: ss.sawtooth(TIMES[1:5], w), np.linspace(0.21, 0.77, 4)),
    "square": (lambda t: ss.square(3.0 * t, 0.3), TIMES + 0.1),
    "normalize": (lambda a: flat(*ss.normalize(NUM, a)), DEN),
    "bilinear": (lambda b: flat(*ss.bilinear(b, DEN, 2.0)), NUM),
    "lp2bp": (lambda w: flat(*ss.lp2bp(NUM, DEN, w[0], w[1])), np.array([1.4, 0.6])),
    "lp2hp": (lambda a: flat(*ss.lp2hp(NUM, a, 1.3)), DEN),
    "tf2ss": (lambda a: flat(*ss.tf2ss(NUM, a)), DEN),
    "zpk2ss": (lambda p: flat(*ss.zpk2ss(Z[:1], p, 1.2)), P),
    "ss2zpk": (lambda a: flat(*ss.ss2zpk(a, SS_B, SS_C, SS_D)), SS_A),
    "zpk2tf of a pair": (
        lambda r: flat(*ss.zpk2tf([r[0] + 1j * r[1], r[0] - 1j * r[1]], P, 2.0)), Z),
    "sos2tf": (lambda s: flat(*ss.sos2tf(s)), SOS),
    "residue": (lambda b: flat(*ss.residue(b, [1.0, 3.0, 2.0])), B[:2]),
    "invres": (lambda r: flat(*ss.invres(r, P, [0.2])), Z),
    "impulse": (lambda a: ss.impulse((NUM[:2], a), T=TIMES)[1], DEN[:3]),
    "step": (lambda a: ss.step((a, SS_B, SS_C, SS_D), T=TIMES)[1], SS_A),
    "StateSpace": (lambda a: ss.StateSpace(a, SS_B, SS_C, SS_D).step(T=TIMES)[1], SS_A),
    "lti": (lambda b: ss.lti(b, DEN).impulse(T=TIMES)[1], NUM),
    "lsim": (lambda u: flat(*ss.lsim((SS_A, SS_B, SS_C, SS_D), u, TIMES)[1:]), U),
    "lsim of zeros and poles": (lambda p: ss.lsim((Z[:1], p, 1.2), U, TIMES)[1], P),
    "dlsim": (lambda a: flat(*ss.dlsim((a, SS_B, SS_C, SS_D, 0.1), U)), SS_A),
    "dlti": (lambda b: ss.dlti(b, DEN, dt=0.1).step(n=6)[1][0], NUM),
    "cont2discrete": (
        lambda a: flat(*ss.cont2discrete((a, SS_B, SS_C, SS_D), 0.2)[:4]), SS_A),
    "to_tf": (lambda a: flat(ss.StateSpace(a, SS_B, SS_C, SS_D).to_tf().num), SS_A),
    "bode": (lambda a: flat(*ss.bode((NUM[:2], a), W)[1:]), DEN[:3]),
    "freqresp": (lambda a: flat(ss.freqresp((a, SS_B, SS_C, SS_D), W)[1]), SS_A),
    "freqz": (lambda a: flat(ss.freqz(B, a, 8)[1]), A),
    "freqz at frequencies": (lambda w: flat(ss.freqz(B, A, w)[1]), W),
    "freqz_sos": (lambda s: flat(ss.freqz_sos(sections(s), 6)[1]), SOS),
    "freqz_zpk": (lambda p: flat(ss.freqz_zpk(Z, p, 1.2, 6)[1]), P),
    "group_delay": (lambda a: ss.group_delay((B, a), W)[1], A),
    "butter": (lambda w: flat(*ss.butter(3, w)), np.array(0.3)),
    "butter, bandpass": (lambda w: flat(*ss.butter(2, w, "bandpass")), np.array([0.2, 0.45])),
    "cheby1": (lambda w: flat(*ss.cheby1(3, 1.0, w)), np.array(0.3)),
    "bessel": (lambda w: flat(*ss.bessel(3, w, analog=True)), np.array(0.3)),
    "designed and filtered": (lambda w: ss.lfilter(*ss.butter(2, w), X), np.array(0.3)),
    "kaiser": (lambda b: ss.get_window(("kaiser", b), 9), np.array(5.0)),
    "savgol_filter": (lambda x: ss.savgol_filter(x, 7, 3), X),
    "savgol_filter, slopes": (lambda x: ss.savgol_filter(x, 5, 2, 1, 0.1, mode="wrap"), X),
    "lfilter": (lambda a: ss.lfilter(B, a, X), A),
    "lfilter without poles": (lambda b: ss.lfilter(b, 1.0, X), B),
    "lfilter with a state": (
        lambda z: flat(*ss.lfilter(B, A, X, zi=z)), ss.lfilter_zi(B, A)),
    "lfilter of complex numbers": (lambda x: flat(ss.lfilter(B, [1.0, -0.5j], x + 1j * x**2)), X),
    "lfiltic": (lambda a: ss.lfiltic(B, a, [0.3, 0.2], [0.1, 0.4]), A),
    "sosfilt with a state": (lambda z: flat(*ss.sosfilt(SOS, X, zi=z)), ss.sosfilt_zi(SOS)),
    "sosfiltfilt": (lambda x: ss.sosfiltfilt(SOS, x), R.standard_normal(20)),
    "upfirdn": (lambda h: ss.upfirdn(h, X, 3, 2, mode="antireflect"), Y),
    "resample_poly": (lambda x: ss.resample_poly(x, 3, 2, padtype="line"), X),
    "decimate": (lambda x: ss.decimate(x, 2), R.standard_normal(40)),
    "cspline1d_eval": (lambda x: ss.cspline1d_eval(ss.cspline1d(x), [0.3, -1.3, 12.9, 15.2]), X),
    "qspline1d_eval": (lambda q: ss.qspline1d_eval(X, q), np.array([0.3, -1.2, 6.1, 14.9])),
    "peak_prominences": (lambda x: ss.peak_prominences(x, [2, 8])[0], np.sin(np.arange(14.0))),
    "peak_widths": (lambda x: flat(*ss.peak_widths(x, [8])), np.sin(np.arange(14.0))),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(CASES, 60))
def test_values_and_derivatives(name: str) -> None:
    f, x = CASES[name]
    check(f, x, step=1e-4, tolerance=1e-5, second=False)


@pytest.mark.parametrize("mode", ["edge", "wrap", "symmetric", "reflect", "antisymmetric",
                                  "antireflect", "smooth", "line", "constant"])  # fmt: skip
def test_signals_beyond_their_ends(mode: str) -> None:
    for up, down in ((1, 1), (3, 2), (2, 3)):
        made = tapec.compile(lambda x, u=up, d=down: ss.upfirdn(Y, x, u, d, mode=mode),
                             backend="numpy")(X)  # fmt: skip
        np.testing.assert_allclose(made, ss.upfirdn(Y, X, up, down, mode=mode), atol=1e-13)


@pytest.mark.parametrize(
    ("f", "args", "error"),
    [
        (np.trim_zeros, (np.array([0.0, 1.0]),), r"np\.trim_zeros leaves zeros"),
        (ss.normalize, (np.array([0.0, 1.0]), A), r"leaves leading coefficients"),
        (
            lambda a: ss.unique_roots(np.roots(a))[0],
            (np.array([1.0, -2.0, 1.0]),),
            r"so near to each other",
        ),
        (lambda z: ss.zpk2tf([1.0 + 1j * z, 1.0 - 2j * z], P, 1.0), (0.3,), r"no conjugate pairs"),
    ],
)
def test_lengths_that_depend_on_values(f: Any, args: Any, error: str) -> None:
    with pytest.raises(tapec.errors.TapecError, match=error):
        tapec.compile(f, backend="numpy")(*args)


def test_a_numerator_whose_first_coefficient_is_always_zero() -> None:
    found = tapec.compile(lambda a: ss.ss2zpk(a, SS_B, SS_C, SS_D)[0], backend="numpy")(SS_A)
    assert found.shape == ss.ss2zpk(SS_A, SS_B, SS_C, SS_D)[0].shape


def test_element_types_are_found_among_classes() -> None:
    f = lambda x: x * 2.0 if x.dtype in (np.float32, np.float64) else x  # noqa: E731
    assert tapec.compile(f, backend="numpy")(np.ones(2))[0] == 2.0
