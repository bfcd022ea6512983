"""What a check found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]
"""warning: the service works, or will once it was started; failed: something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `osteocds doctor`."""

    check: str
    state: State
    found: str
    advice: str = ""
    """What to do, naming the setting; empty where all is well."""

    def __post_init__(self) -> None:
        """Trouble without advice helps nobody."""
        if (self.state == "ok") != (not self.advice):
            raise ValueError("advice goes with a warning or a failure, and with nothing else")


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, advice: str) -> Finding:
    """Worth a look."""
    return Finding(check, "warning", found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    """Does not work."""
    return Finding(check, "failed", found, advice)
