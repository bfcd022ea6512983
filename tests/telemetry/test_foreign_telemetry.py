"""What FastAPI records by itself holds paths, queries and errors' texts: it records nothing here."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.hook_site import a_site


async def test_a_provider_of_the_whole_process_hears_nothing_of_calls(monkeypatch):
    """Such as one that an agent beside the service installs; the same provider records what is recorded elsewhere."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    async with a_site(Known(a_result())).client() as client:
        await client.get("/reports/secret-token?patient=PAT-0001")
    with provider.get_tracer("elsewhere").start_as_current_span("elsewhere"):
        pass

    assert [each.name for each in exporter.get_finished_spans()] == ["elsewhere"]
