"""What is known of a solution whose steps are chosen at run time: its two ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import TapecError
from tapec.scipy.registry import refused

TIMES = "how many steps there are is known at run time only: give t_eval, or read y[:, -1]"


class Ends:
    """What is known of all steps of a solution without t_eval: its two ends."""

    def __init__(self, first: Any, last: Any) -> None:
        self._first, self._last = first, last

    def __getitem__(self, key: Any) -> Any:
        *rows, step = key if isinstance(key, tuple) else (key,)
        if not rows and np.ndim(self._last):
            return Ends(self._first[step], self._last[step])
        if step not in (0, -1) or not isinstance(step, int):
            raise self._unknown()
        end = self._first if step == 0 else self._last
        return end[tuple(rows)] if rows else end

    @property
    def T(self) -> Any:
        """The steps in front."""
        return _Rows(self._first, self._last)

    def _unknown(self) -> TapecError:
        return refused("scipy.integrate.solve_ivp without t_eval", TIMES)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._unknown()

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._unknown()

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._unknown()

    def __len__(self) -> int:
        raise self._unknown()


class _Rows(Ends):
    """The same with the steps in front."""

    def __getitem__(self, key: Any) -> Any:
        step, *rows = key if isinstance(key, tuple) else (key,)
        if step not in (0, -1) or not isinstance(step, int):
            raise self._unknown()
        end = self._first if step == 0 else self._last
        return end[tuple(rows)] if rows else end
