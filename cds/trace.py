"""Which call a line of the log belongs to: W3C Trace Context, from the hook to the result.

A call that carries `traceparent` is part of that trace; others begin one. The trace goes with the order through
the queue to the worker, and with every request to the archive, a chart or an EHR. Ids are random: they tell
nothing of a patient. https://www.w3.org/TR/trace-context/
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog

HEADER = "traceparent"
_FORM = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
_VERSION_0 = re.compile(r"00-[^-]+-[^-]+-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace, and the step of it that is being done here."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @classmethod
    def begin(cls, header: str | None = None) -> "Trace":
        """A step of the caller's trace; of a new one where there is no header, or one that is not to the letter."""
        caller = _parsed(header)
        return cls(caller[0] if caller else secrets.token_hex(16), secrets.token_hex(8), caller[1] if caller else "00")

    @property
    def header(self) -> str:
        """As it is passed on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def outgoing() -> dict[str, str]:
    """Headers for a request to others; none outside a trace."""
    trace = _current.get()
    return {} if trace is None else {HEADER: trace.header}


@contextmanager
def following(header: str | None) -> Iterator[Trace]:
    """Within the block, requests and log lines carry the trace."""
    trace = Trace.begin(header)
    before = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id, span_id=trace.span_id):
            yield trace
    finally:
        _current.reset(before)


def _parsed(header: str | None) -> tuple[str, str] | None:
    """Trace id and flags. Later versions may add fields at the end; version 00 may not."""
    text = (header or "").strip()
    found = _FORM.match(text)
    if found is None or (text.startswith("00") and _VERSION_0.fullmatch(text) is None):
        return None
    return found["trace"], found["flags"]
