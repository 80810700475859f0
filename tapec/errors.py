"""The errors users meet: what happened, where in their file, why, and one cure."""

from __future__ import annotations


class TapecError(Exception):
    """Base of all errors raised by tapec.

    `message` says what is wrong, `where` is the user's source position (anything whose `str` is
    ``file:line: text``), `hint` one suggested cure; the last two become lines of the text. Errors
    that NumPy or Python would raise as well are of their kinds too: ShapeError is a ValueError,
    DTypeError a TypeError.

    >>> try:
    ...     tapec.grad(lambda x: x)(np.ones(2))
    ... except tapec.TapecError as error:
    ...     print(error.hint)
    use tapec.jacobian, or sum the result
    """

    def __init__(self, message: str, *, where: object = None, hint: str = "") -> None:
        self.message, self.where, self.hint = message, where, hint
        lines = [message]
        if where is not None and str(where):
            lines.append(f"  at {where}")
        if hint:
            lines.append(f"  {hint}")
        super().__init__("\n".join(lines))


class TraceError(TapecError):
    """A Python function could not be turned into a program."""


class ControlFlowError(TraceError):
    """A Python branch or loop depends on a traced value."""


class UnsupportedOperation(TraceError):
    """A NumPy function or argument that has no translation."""


class EscapedTracerError(TraceError):
    """A traced value was used outside the call that traced it."""


class MutationError(TraceError):
    """A write that cannot be carried out as NumPy would."""


class EffectError(TraceError):
    """Something done outside a function that compiled code cannot do again at every call."""


class ReadOnlyError(MutationError, ValueError):
    """A write into an array that may not be written, as NumPy refuses it."""


class ShapeError(TapecError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(TapecError, TypeError):
    """An element type that is not supported here."""


class NonDifferentiableError(TapecError):
    """A derivative that does not exist or has no rule."""


class SparsityError(TapecError):
    """A sparse derivative that cannot be made as asked for."""


class VerifyError(TapecError):
    """An ill-formed program: a bug in a pass, or in text given to the parser."""


class ParseError(TapecError):
    """Text that is not a program."""


class CompileError(TapecError):
    """Native code could not be generated."""


class BackendError(CompileError):
    """A backend is missing, or cannot do what was asked of it."""


class UnsupportedLowering(BackendError):
    """An op that native code generation does not know: the interpreter serves instead."""


class ExportError(CompileError):
    """A program that has no form in C, or files of it that could not be made."""


class DerivativeError(TapecError):
    """Two routes to the same derivative disagree."""


class MissingDependency(TapecError, ImportError):
    """A part of tapec that needs packages which are not installed with the rest."""


class BackendWarning(UserWarning):
    """A fallback from native code to the interpreter, with its reason.

    It is given once for each program. Ask for `backend="llvm"` to have a BackendError instead, for
    `backend="numpy"` to have neither.

    >>> issubclass(tapec.BackendWarning, UserWarning)
    True
    """
