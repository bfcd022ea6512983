"""Mirrors cds/telemetry/recorder.py: steps of the service as spans, from the hook to the result."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from cds.bone.assessment import Software
from cds.bone.record import to_record
from cds.durable.orders import order_to_json
from cds.errors import ArchiveUnavailable
from cds.measurement import Instruments, measure_first_assessable
from cds.metrics.steps import MeteredSteps
from cds.metrics.tally import Tally
from cds.screening import Known, Pending
from cds.telemetry.recorder import OtelRecorder
from cds.trace import HEADER, failed, following, note, outgoing, recorded_by, step
from tests.support.assessments import a_patient, a_refusal, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site
from tests.support.metric_fakes import MemoryMetrics
from tests.support.screening_fakes import FakeArchive, FakeCalibrator, FakeSegmenter, a_series

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
HOOK = "POST /cds-services/{service_id}"


@pytest.fixture
def spans():
    """Everything recorded while the test runs, in the order in which it ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with recorded_by(OtelRecorder(provider)):
        yield exporter.get_finished_spans
    provider.shutdown()


def by_name(spans):
    """{name: span}."""
    return {span.name: span for span in spans()}


def is_within(inner, outer):
    """Whether one span is directly part of another, in one trace."""
    same_trace = inner.context.trace_id == outer.context.trace_id
    return same_trace and inner.parent is not None and inner.parent.span_id == outer.context.span_id


def test_a_step_is_part_of_the_step_around_it(spans):
    """One trace, the caller's; what is sent from within a step names that step."""
    with following(PARENT, "outer", "server"), step("inner"):
        sent = outgoing()[HEADER]
    found = by_name(spans)

    assert f"{found['outer'].context.trace_id:032x}" == TRACE
    assert f"{found['outer'].parent.span_id:016x}" == "00f067aa0ba902b7"
    assert is_within(found["inner"], found["outer"])
    assert sent == f"00-{TRACE}-{found['inner'].context.span_id:016x}-01"


def test_an_error_leaves_its_kind_and_not_its_text(spans):
    """The text may quote a patient; a kind that was given before counts, and steps around the error failed too."""

    def inner():
        with step("inner"):
            failed("archive-away")
            raise KeyError("Doe^Jane")

    with pytest.raises(KeyError), following(None, "outer"):
        inner()
    found = by_name(spans)

    assert found["inner"].attributes["error.type"] == "archive-away"
    assert found["outer"].attributes["error.type"] == "KeyError"
    assert {each.status.status_code for each in found.values()} == {StatusCode.ERROR}
    assert "Doe" not in "".join(each.to_json() for each in found.values())


def test_a_caller_who_does_not_sample_is_followed_without_a_record(spans):
    """As the sampler says by default; the trace goes on all the same."""
    with following(PARENT[:-2] + "00", "outer"), step("inner"):
        note({"never": "kept"})
        sent = outgoing()[HEADER]

    assert spans() == ()
    assert sent.startswith(f"00-{TRACE}-")
    assert sent.endswith("-00")


async def test_a_hook_call_is_a_span_with_its_wait(spans):
    """Named by its route, with what the log says of it; the wait is a part of it."""
    site = a_site(Pending(a_result().measured_at), Known(a_result()))
    answer = await site.order_sign(an_order_sign(), headers={HEADER: PARENT})
    found = by_name(spans)

    assert answer.headers["X-Trace-Id"] == TRACE
    assert f"{found[HOOK].context.trace_id:032x}" == TRACE
    assert is_within(found["wait"], found[HOOK])
    assert found[HOOK].attributes["http.response.status_code"] == 200
    assert found[HOOK].attributes["osteocds.hook"] == "order-sign"
    assert found[HOOK].attributes["osteocds.answer"] == "known"


async def test_no_wait_no_span_of_it(spans):
    """What is known is told at once."""
    await a_site(Known(a_result())).order_sign(an_order_sign())

    assert list(by_name(spans)) == [HOOK]


async def test_paths_and_probes_leave_nothing(spans):
    """Whatever a path or a query says stays out of spans: they carry tokens and identifiers; probes leave none."""
    async with a_site(Known(a_result())).client() as client:
        await client.get("/healthz")
        await client.get("/readyz")
        await client.get("/reports/secret-token?patient=PAT-0001")
        await client.get("/secret-token/nowhere?patient=PAT-0001")
        await client.request("SECRET-METHOD", "/secret-token")
    written = "".join(each.to_json() for each in spans())

    assert len(spans()) == 3
    assert "secret" not in written.lower()
    assert "PAT-0001" not in written


async def test_our_own_fault_fails_the_span(spans):
    """A call that is answered with 500 can be found; the fault's text is not in it."""
    site = a_site()

    class Broken:
        def answer(self, order):
            raise ZeroDivisionError(order.patient.key.patient_id)

    site.answering = Broken()
    answer = await site.order_sign(an_order_sign())
    span = by_name(spans)[HOOK]

    assert answer.status_code == 500
    assert span.attributes["error.type"] == "500"
    assert a_patient().key.patient_id not in span.to_json()


class Steps:
    """The three steps, for one assessment."""

    def __init__(self, assessment):
        self.record = to_record(assessment)

    def choose(self, order):
        """Something to measure."""
        del order
        return {"patient_id": "PAT-0001"}

    def measure(self, choice):
        """The record, measured with fake instruments in between."""
        del choice
        archive = FakeArchive([a_series()])
        tools = Instruments(archive, FakeSegmenter(), FakeCalibrator(), SettableClock(), Software("0", "fake", "00"))
        measure_first_assessable(tools, a_patient(), archive.series)
        return self.record

    def publish(self, choice, record):
        """Nothing: the patient has opted out."""
        del choice, record


def screen(assessment, header=None):
    """The steps as a worker takes them."""
    steps = MeteredSteps(Steps(assessment), Tally(MemoryMetrics(), "one"))
    with following(header, "screening", "consumer"):
        choice = steps.choose({})
        steps.publish(choice, steps.measure(choice))


def test_each_step_of_a_screening_is_a_span(spans):
    """Choose, measure with retrieve, segment and calibrate, publish; without a word about the patient."""
    screen(an_assessment())
    found = by_name(spans)

    assert [each.name for each in spans()] == [
        *("choose", "retrieve", "segment", "calibrate", "measure", "publish", "screening"),
    ]
    assert all(is_within(found[name], found["screening"]) for name in ("choose", "measure", "publish"))
    assert all(is_within(found[name], found["measure"]) for name in ("retrieve", "segment", "calibrate"))
    assert found["publish"].attributes["osteocds.nothing"] is True
    assert "PAT-0001" not in "".join(each.to_json() for each in spans())


def test_why_a_ct_was_not_assessable_is_in_its_span(spans):
    """Codes, as in the metrics."""
    screen(a_refusal())
    measured = by_name(spans)["measure"]

    assert measured.attributes["osteocds.status"] == "not-assessable"
    assert measured.attributes["osteocds.reasons"] == tuple(each.code for each in a_refusal().reasons)


async def test_hook_and_screening_are_one_trace(spans):
    """The order carries the hook's span through the queue, and the screening hangs on it."""
    orders = []

    class Answering:
        def answer(self, order):
            orders.append(order_to_json(order))
            return Known(a_result())

    site = a_site()
    site.answering = Answering()
    await site.order_sign(an_order_sign())
    screen(an_assessment(), orders[0][HEADER])
    found = by_name(spans)

    assert is_within(found["screening"], found[HOOK])


def test_an_attempt_that_fails_says_why(spans):
    """The kind of trouble in the span of its step; steps that never ran have none."""
    steps = MeteredSteps(Steps(an_assessment()), Tally(MemoryMetrics(), "one"))
    steps._steps.choose = _away
    with pytest.raises(ArchiveUnavailable), following(None, "screening"):
        steps.choose({})
    found = by_name(spans)

    assert found["choose"].attributes["error.type"] == "ArchiveUnavailable"
    assert set(found) == {"choose", "screening"}


def _away(order):
    del order
    raise ArchiveUnavailable("of PAT-0001")
