"""Steps of a trace as OpenTelemetry spans, sent to a collector where the site names one.

Imported by `cds.wiring.telemetry` alone, and only where `asked_for` says so: the packages are an extra.
"""
