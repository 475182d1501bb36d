"""What can go wrong, in words an analyst can act on, with an exit code each. Never a value from the data."""

from __future__ import annotations

__all__ = ["SendwaitsError", "Refused", "SomeFailed", "CannotWrite", "Locked", "Unsafe"]


class SendwaitsError(Exception):
    """A failure with an exit code; ``str(error)`` is what the analyst reads (at most six plain lines)."""

    exit_code = 1


class Refused(SendwaitsError):
    """Input refused (exit 2): the message names file, heading or row, and what to do.

    ``code`` is the rule's code (``F-COLMISSING`` ...) when a rule refused a file, else empty.
    """

    exit_code = 2

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class SomeFailed(SendwaitsError):
    """Some reports failed, the others are there (exit 3)."""

    exit_code = 3


class CannotWrite(SendwaitsError):
    """The folder cannot be written, nothing was changed (exit 4)."""

    exit_code = 4


class Locked(SendwaitsError):
    """Another run holds the lock (exit 5)."""

    exit_code = 5


class Unsafe(SendwaitsError):
    """The disclosure check failed, nothing was released (exit 6)."""

    exit_code = 6
