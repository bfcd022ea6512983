"""Mirrors cds/telemetry/sending.py: spans reach a collector over real HTTP, and nobody waits for one that is away."""

import socket
import time

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

import cds
from cds.telemetry.sending import SparingExporter, sending_to_collector
from cds.trace import following, note, step
from tests.support.span_collector import a_collector, facts_of


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Nothing of the machine's own."""
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_HEADERS", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return monkeypatch


def test_spans_reach_a_collector(environment):
    """By OTLP over HTTP, when the process ends at the latest: names, parents, attributes, and who sent them."""
    with a_collector() as collector:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with sending_to_collector("worker"), following(None, "screening") as span, step("choose"):
            note({"osteocds.nothing": True, "osteocds.reasons": ("a", "b")})
        found = collector.spans()

    screening, about = found["screening"]
    choose, _ = found["choose"]
    assert set(collector.paths) == {"/v1/traces"}
    assert choose.parent_span_id == screening.span_id
    assert screening.trace_id.hex() == span.trace.trace_id
    assert facts_of(choose) == {"osteocds.nothing": True, "osteocds.reasons": ("a", "b")}
    assert about["service.name"] == "osteocds"
    assert about["service.version"] == cds.__version__
    assert about["osteocds.process"] == "worker"
    assert about["telemetry.sdk.name"] == "opentelemetry"


def test_a_site_names_the_service_itself(environment):
    """OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    environment.setenv("OTEL_SERVICE_NAME", "bones")
    environment.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with a_collector() as collector:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with sending_to_collector("web"), following(None, "call"):
            pass
        _, about = collector.spans()["call"]

    assert (about["service.name"], about["deployment.environment.name"]) == ("bones", "test")


def test_a_sampler_of_the_site_decides_what_is_sent(environment):
    """OTEL_TRACES_SAMPLER, as everywhere."""
    environment.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with a_collector() as collector:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with sending_to_collector("web"), following(None, "call"):
            pass

    assert collector.requests == []


@pytest.mark.parametrize("how", ["refuses", "says nothing"])
def test_a_collector_that_is_away_holds_nobody_up(environment, how):
    """3,000 steps and the end of the process take no longer than without it, and the log tells of it once."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if how == "says nothing":
            listener.listen(16)
        environment.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # or it would still try while later tests run
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.thread_time()
        with capture_logs() as logs, sending_to_collector("web"):
            for _ in range(3_000):
                with following(None, "call"):
                    pass
            worked_s, ending = time.thread_time() - began, time.monotonic()
        ended_s = time.monotonic() - ending

    assert worked_s < 3_000 * 0.002
    assert ended_s < 8
    assert len([line for line in logs if line["event"] == "spans-not-delivered"]) <= 1


class Moody(SpanExporter):
    """Takes spans, or not, as it is told."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def export(self, spans):
        """The next outcome."""
        del spans
        return self.outcomes.pop(0)

    def shutdown(self):
        """Nothing to end."""


def test_the_log_tells_of_a_change_and_not_of_every_try():
    """Once that the collector is away, once that it is back."""
    taken, refused = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    exporter = SparingExporter(Moody(taken, refused, refused, refused, taken, taken, refused))
    with capture_logs() as logs:
        for _ in range(7):
            exporter.export([])

    assert [line["event"] for line in logs] == ["spans-not-delivered", "spans-delivered-again", "spans-not-delivered"]
