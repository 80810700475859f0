"""What a derivative is to a user: transforms, rules of their own, checkpoints, solvers."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING, Any

from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.derive import bundles
else:
    bundles = deferred("tapec.derive.bundles")


class CallablePackage(types.ModuleType):
    """This package, which is the function `tapec.derive` as well."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return bundles.derive(*args, **kwargs)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return bundles.derive.__doc__


derive = sys.modules[__name__]
derive.__class__ = CallablePackage
