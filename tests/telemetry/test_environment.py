"""Mirrors cds/telemetry/environment.py: OpenTelemetry's own variables decide."""

import pytest

from cds.telemetry.environment import asked_for, obstacle

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        (COLLECTOR, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        (COLLECTOR | {"OTEL_SDK_DISABLED": "True"}, False),
        (COLLECTOR | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (COLLECTOR | {"OTEL_TRACES_EXPORTER": "console, otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318/v1/metrics"}, False),
    ],
)
def test_spans_are_sent_only_where_a_collector_of_traces_is_named(environment, asked):
    """And nothing switches traces, or all of it, off."""
    assert asked_for(environment) is asked


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_a_protocol_that_is_not_spoken_is_told_with_its_variable(name):
    """GRPC is another port and another package."""
    assert name in obstacle(COLLECTOR | {name: "grpc"})
    assert obstacle(COLLECTOR | {name: "http/protobuf"}) is None
    assert obstacle(COLLECTOR) is None
