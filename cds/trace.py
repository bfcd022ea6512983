"""Which call a line of the log belongs to, and which step of it: W3C Trace Context, from the hook to the result.

A call that carries `traceparent` is part of that trace; others begin one. The trace goes with the order through
the queue to the worker, and with every request to the archive, a chart or an EHR. Ids are random: they tell
nothing of a patient. https://www.w3.org/TR/trace-context/

Where a recorder is at work (`cds.telemetry`), steps become its spans; else nothing is kept of them. What is noted
of a step may say no more than the log does: no patient, no identifier, no text that somebody wrote.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import structlog

HEADER = "traceparent"
_FORM = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
_VERSION_0 = re.compile(r"00-[^-]+-[^-]+-[0-9a-f]{2}")

Kind = Literal["server", "consumer", "internal"]
"""How a step came to be: called, taken from the queue, or part of another step."""
Fact = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace, and the step of it that is being done here."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @classmethod
    def read(cls, header: str | None) -> "Trace | None":
        """The caller's; None where there is no header, or one that is not to the letter."""
        text = (header or "").strip()
        found = _FORM.match(text)
        # Later versions may add fields at the end; version 00 may not.
        if found is None or (text.startswith("00") and _VERSION_0.fullmatch(text) is None):
            return None
        return cls(found["trace"], found["span"], found["flags"])

    @classmethod
    def begin(cls, header: str | None = None) -> "Trace":
        """A step of the caller's trace; of a new one where `read` finds none."""
        caller = cls.read(header)
        own = secrets.token_hex(8)
        return cls(caller.trace_id, own, caller.flags) if caller else cls(secrets.token_hex(16), own)

    @property
    def header(self) -> str:
        """As it is passed on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


class Span(Protocol):
    """A step while it is being done."""

    @property
    def trace(self) -> Trace:
        """What is passed on from here."""

    def rename(self, name: str) -> None:
        """Where what it is turns out later."""

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Say more of it."""

    def fail(self, kind: str) -> None:
        """It went wrong; the first kind counts."""

    def end(self) -> None:
        """It is done."""


class Recorder(Protocol):
    """Keeps what steps there were, and how long each took."""

    def begin(self, name: str, parent: Trace | None, kind: Kind) -> Span:
        """A step of the parent's trace, or of a new one."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A step that nothing is kept of."""

    trace: Trace

    def rename(self, name: str) -> None:
        """Not kept."""

    def note(self, facts: Mapping[str, Fact]) -> None:
        """Not kept."""

    def fail(self, kind: str) -> None:
        """Not kept."""

    def end(self) -> None:
        """Not kept."""


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_recorders: Final[list[Recorder]] = []
"""Of this process, for all its threads; the last one is at work."""


@contextmanager
def recorded_by(recorder: Recorder) -> Iterator[None]:
    """Within the block, the steps of all threads of this process are recorded."""
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.remove(recorder)


def outgoing() -> dict[str, str]:
    """Headers for a request to others; none outside a trace."""
    span = _current.get()
    return {} if span is None else {HEADER: span.trace.header}


@contextmanager
def following(header: str | None, name: str | None = None, kind: Kind = "internal") -> Iterator[Span]:
    """Within the block, requests and log lines carry the trace; recorded under its name, if it has one."""
    if name is None or not _recorders:
        span: Span = Unrecorded(Trace.begin(header))
    else:
        span = _recorders[-1].begin(name, Trace.read(header), kind)
    with _doing(span):
        yield span


@contextmanager
def step(name: str) -> Iterator[None]:
    """A part of the step that is being done; outside of one that is recorded, nothing."""
    around = _current.get()
    if around is None or isinstance(around, Unrecorded) or not _recorders:
        yield
        return
    with _doing(_recorders[-1].begin(name, around.trace, "internal")):
        yield


def note(facts: Mapping[str, Fact]) -> None:
    """Say more of the step that is being done."""
    span = _current.get()
    if span is not None:
        span.note(facts)


def failed(kind: str) -> None:
    """The step that is being done went wrong; `kind` is a code or the name of an error, never its text."""
    span = _current.get()
    if span is not None:
        span.fail(kind)


@contextmanager
def _doing(span: Span) -> Iterator[None]:
    before = _current.set(span)
    trace = span.trace
    try:
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id, span_id=trace.span_id):
            yield
    except BaseException as error:
        span.fail(type(error).__name__)
        raise
    finally:
        _current.reset(before)
        span.end()
