"""Mirrors cds/wiring/telemetry.py: nothing is imported unless it is asked for, and nothing in its way stops anybody."""

import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from cds.trace import following, outgoing
from cds.wiring.telemetry import sending_spans
from tests.support.span_collector import a_collector

UNASKED = """
import sys
import cds.app, cds.cli.serve
from cds.wiring.telemetry import sending_spans
with sending_spans("web", {}):
    pass
print(sorted(name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))))
"""


def test_unless_asked_for_nothing_of_it_is_imported():
    """The web process stays as small as it was."""
    done = subprocess.run([sys.executable, "-c", UNASKED], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "[]"


def test_spans_are_sent_where_a_collector_is_named(monkeypatch):
    """The environment variable is all it takes."""
    with a_collector() as collector:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with sending_spans("web"), following(None, "call"):
            pass

    assert list(collector.spans()) == ["call"]


def test_without_the_packages_the_log_says_what_to_install(monkeypatch):
    """The service works all the same."""
    monkeypatch.setitem(sys.modules, "cds.telemetry.sending", None)
    logs = told({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"})

    assert "osteocds[otel]" in logs[0]["why"]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "PROTOCOL"), ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "OTEL_")],
)
def test_a_variable_that_cannot_be_used_is_told(monkeypatch, name, value, word):
    """And keeps nobody from working."""
    monkeypatch.setenv(name, value)
    logs = told({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", name: value})

    assert word in logs[0]["why"]


def told(environment):
    """What the log says; the work is done."""
    with capture_logs() as logs, sending_spans("worker", environment), following(None, "call"):
        assert outgoing()
    return [line for line in logs if line["event"] == "spans-not-sent"]
