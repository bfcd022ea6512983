"""Whether spans are to be sent, as OpenTelemetry's own environment variables say.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from collections.abc import Mapping

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


def asked_for(environment: Mapping[str, str]) -> bool:
    """A collector is named, and nothing switches traces off."""
    exporters = _text(environment, "OTEL_TRACES_EXPORTER").lower() or "otlp"
    return (
        any(_text(environment, each) for each in _ENDPOINTS)
        and "otlp" in (each.strip() for each in exporters.split(","))
        and _text(environment, "OTEL_SDK_DISABLED").lower() != "true"
    )


def obstacle(environment: Mapping[str, str]) -> str | None:
    """Why they cannot be sent though they are asked for; in words for an operator."""
    name = next((each for each in _PROTOCOLS if _text(environment, each)), None)
    if name is None or _text(environment, name).lower() == _SPOKEN:
        return None
    return f"{name}: only {_SPOKEN} is spoken; name a collector's HTTP endpoint, usually port 4318"


def _text(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip()
