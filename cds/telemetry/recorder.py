"""Steps as spans of OpenTelemetry's SDK; which are kept is for its sampler to say."""

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.span import format_span_id, format_trace_id
from opentelemetry.trace.status import StatusCode

import cds
from cds.trace import Fact, Kind, Trace

_KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "internal": SpanKind.INTERNAL}


class OtelRecorder:
    """Records with one provider, which nobody else knows: what libraries record by themselves may hold patient data."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("osteocds", cds.__version__)

    def begin(self, name: str, parent: Trace | None, kind: Kind) -> "RecordedSpan":
        """Begins now."""
        context = Context()
        if parent is not None:
            context = set_span_in_context(NonRecordingSpan(_as_context(parent, remote=kind != "internal")), context)
        # The text of an error may quote a patient: spans hold its kind alone.
        span = self._tracer.start_span(
            name, context, _KINDS[kind], record_exception=False, set_status_on_exception=False
        )
        return RecordedSpan(span)


class RecordedSpan:
    """One span."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self._failed = False
        named = span.get_span_context()
        self.trace = Trace(format_trace_id(named.trace_id), format_span_id(named.span_id), f"{named.trace_flags:02x}")

    def rename(self, name: str) -> None:
        """Before it ends."""
        self._span.update_name(name)

    def note(self, facts: Mapping[str, Fact]) -> None:
        """As attributes."""
        self._span.set_attributes(facts)

    def fail(self, kind: str) -> None:
        """The first kind counts."""
        if not self._failed:
            self._failed = True
            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """Handed over, to be sent."""
        self._span.end()


def _as_context(trace: Trace, *, remote: bool) -> SpanContext:
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), remote, TraceFlags(int(trace.flags, 16)))
