"""Spans on their way to a collector by OTLP over HTTP, in a thread of their own.

Whoever works never waits for it: spans queue up in memory (OTEL_BSP_*), and are dropped where the collector stays
away. Endpoint, headers, certificates, sampler and service name come from OTEL_*, read by the SDK.
"""

import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

import cds
from cds.telemetry.recorder import OtelRecorder
from cds.trace import recorded_by

_LAST_SPANS_WITHIN_S = 1.0
"""When the process ends; a shutdown has 30 s for everything."""
_SAY_EVERY_TRY = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")


@contextmanager
def sending_to_collector(process: str) -> Iterator[None]:
    """Record and send while the block runs; raises ValueError for a variable that cannot be read."""
    for name in _SAY_EVERY_TRY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    provider = TracerProvider(resource=_about(process), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(SparingExporter(OTLPSpanExporter())))
    try:
        with recorded_by(OtelRecorder(provider)):
            yield
    finally:
        # The SDK would wait half a minute for a collector that is away.
        closing = threading.Thread(target=provider.shutdown, name="last-spans", daemon=True)
        closing.start()
        closing.join(_LAST_SPANS_WITHIN_S)


class SparingExporter(SpanExporter):
    """Tells the log once that the collector is away, and once that it is back."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._away = False
        self._log = structlog.get_logger("osteocds.telemetry")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """In the sending thread."""
        outcome = self._exporter.export(spans)
        away = outcome is not SpanExportResult.SUCCESS
        if away and not self._away:
            self._log.warning("spans-not-delivered", why="the collector does not take them; see OTEL_EXPORTER_OTLP_*")
        elif self._away and not away:
            self._log.info("spans-delivered-again")
        self._away = away
        return outcome

    def shutdown(self) -> None:
        """Gives up what is being tried again."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Keeps nothing itself."""
        return self._exporter.force_flush(timeout_millis)


def _about(process: str) -> Resource:
    """What sends; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = {
        "service.name": "osteocds",
        "service.version": cds.__version__,
        "service.instance.id": str(uuid.uuid4()),
        "osteocds.process": process,
    }
    return Resource.create().merge(Resource(ours)).merge(OTELResourceDetector().detect())
