"""What rewritten source calls by name, given to the globals of every clone."""

from __future__ import annotations

import functools

from tapec.trace.python import operators
from tapec.trace.python.callees import callee
from tapec.trace.python.classes import original
from tapec.trace.python.namespaces import RUNTIME
from tapec.trace.source import Variables

RUNTIME.update(
    __tapec__=lambda session: operators,
    __tapec_callee__=lambda session: functools.partial(callee, session),
    __tapec_class__=lambda session: original,
    __tapec_state__=lambda session: Variables,
)
