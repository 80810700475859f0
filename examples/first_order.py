"""f(x + e) = f(x) + e . grad f(x) + O(|e|^2): halve e, and the linear model errs 4 times less."""

from __future__ import annotations

import numpy as np

import tapec


@tapec.compile
def f(x):
    """A smooth function of four variables, written with item assignment."""
    y = np.zeros(3)
    y[0] = np.exp(-x @ x)
    y[1:] = np.sin(x[:2]) * x[2:]
    return np.sum(y**2)


def main() -> None:
    """Halve the step and fit the order of the error, for the linear and the quadratic model."""
    rng = np.random.default_rng(0)
    x, direction = rng.uniform(-1, 1, 4), rng.standard_normal(4)
    value, gradient = f.value_and_grad(x)
    hessian = f.hessian(x)
    steps = 2.0 ** -np.arange(5, 12)
    linear, quadratic = [], []
    for t in steps:
        e = t * direction
        remainder = f(x + e) - value - e @ gradient
        linear.append(abs(remainder))
        quadratic.append(abs(remainder - 0.5 * e @ hessian @ e))
        print(
            f"|e| = {np.linalg.norm(e):.1e}  linear {linear[-1]:.2e}  quadratic {quadratic[-1]:.2e}"
        )
    for errors, order in ((linear, 2), (quadratic, 3)):
        fitted = np.polyfit(np.log(steps), np.log(errors), 1)[0]
        print(f"order {fitted:.2f}, expected {order}")
        assert abs(fitted - order) < 0.2


if __name__ == "__main__":
    main()
