import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.chart import ChartFacts
from cds.cli.demo_order import order_sign_request
from cds.hooks.chart_reading import missing_keys, read_facts
from cds.hooks.discovery import SERVICES
from cds.hooks.identity import IdentityRules
from cds.hooks.messages import HookCall
from cds.hooks.orders import asked_of
from cds.hooks.prefetch import Inquiry, access_of, identify
from cds.hooks.prefetch_templates import prefetch_for, queries_for
from cds.hooks.problems import Problem
from cds.ports import ChartAccess, ChartUnreadable
from tests.support.charts import ICD10, a_concept, a_condition, a_t_score, an_encounter, an_order
from tests.support.fakes import FakeChart
from tests.support.hook_calls import (
    FHIR_ID,
    FHIR_SERVER,
    SYSTEM,
    a_bundle,
    a_fhir_patient,
    a_prefetch,
    an_order_sign,
)

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RULES = IdentityRules("default", SYSTEM, "HOSPITAL")
WITH_SERVER = {"fhirServer": FHIR_SERVER, "fhirAuthorization": {"access_token": "t0ken", "token_type": "Bearer"}}
OSTEOPOROSIS = a_condition(a_concept("M81.0", ICD10))
SOMEBODY_ELSE = {"subject": {"reference": "Patient/somebody-else"}}
FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
REMARK = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "not-supported"}]}
KEYS = set(prefetch_for("order-sign")) - {"patient"}


def inquire(call, chart=None, origins=None):
    """A call as the desk takes it."""
    parsed = HookCall.model_validate(call)
    asked = asked_of(parsed, SERVICES["osteocds-order-sign"])
    return Inquiry(parsed, asked, chart or FakeChart(), access_of(parsed, origins))


async def facts(call, chart=None, **how):
    """What is read for a call."""
    inquiry = inquire(call, chart)
    return await read_facts(inquiry, await identify(inquiry, RULES, AT), AT, **how)


def prefetched(without=(), **answers):
    """A prefetch with these answers, null for every other key but those left out."""
    prefetch = a_prefetch("order-sign", **answers)
    return {key: answer for key, answer in prefetch.items() if key not in without}


def named_in(problem):
    """The keys that a 412 names."""
    assert problem.value.status == 412
    return set(problem.value.text.removeprefix("Missing prefetch keys: ").partition(".")[0].split(", "))


async def test_a_whole_prefetch_is_used_and_nothing_is_read():
    """Resources, Bundles and null are answers; the EHR is left alone."""
    chart = FakeChart()
    prefetch = prefetched(conditions=a_bundle(OSTEOPOROSIS), encounter=an_encounter("EMER"), orders=a_bundle())

    told = await facts(an_order_sign(prefetch=prefetch, **WITH_SERVER), chart)

    assert (told.osteoporosis_known, told.emergency, told.unread) == (True, True, ())
    assert chart.reads == []


async def test_nothing_on_record_is_no_fact():
    """Every key null: the queries had no result."""
    assert await facts(an_order_sign(prefetch=prefetched())) == ChartFacts(birth_date=date(1951, 4, 3))


def test_the_demonstration_and_the_readme_send_every_key():
    """Whoever copies them gets a card, not a 412."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    copied = json.loads(readme.partition("-d '")[2].partition("}}'")[0] + "}}")

    for call in (order_sign_request(), copied):
        assert missing_keys(inquire(call)) == ()


@pytest.mark.parametrize("key", sorted(KEYS))
async def test_null_and_absent_differ(key):
    """A null is "nothing on record"; an absent key is read, and refused where it cannot be."""
    assert missing_keys(inquire(an_order_sign(prefetch=prefetched()))) == ()
    with pytest.raises(Problem) as problem:
        await facts(an_order_sign(prefetch=prefetched(without=[key])))

    assert named_in(problem) == {key}


@pytest.mark.parametrize(
    "answer",
    [
        FAILED,
        a_bundle(FAILED),
        a_bundle(OSTEOPOROSIS, FAILED),
        "x",
        1,
        [],
        {},
        {"resourceType": "Bundle", "entry": "x"},
    ],
)
async def test_what_is_no_answer_is_read_from_the_chart(answer):
    """OperationOutcomes, alone or among the entries, and nonsense."""
    chart = FakeChart(answers={"Condition?": a_bundle(OSTEOPOROSIS)})

    told = await facts(an_order_sign(prefetch=prefetched(conditions=answer), **WITH_SERVER), chart)

    assert told.osteoporosis_known
    query = queries_for("order-sign", {"patientId": FHIR_ID})["conditions"]
    assert chart.reads == [(ChartAccess(FHIR_SERVER, "t0ken"), query)]


async def test_a_remark_beside_the_matches_is_no_failure():
    """Servers add what they ignored as an OperationOutcome of severity warning."""
    told = await facts(an_order_sign(prefetch=prefetched(conditions=a_bundle(REMARK, OSTEOPOROSIS))))

    assert told.osteoporosis_known


async def test_further_pages_of_a_prefetched_bundle_are_read():
    """A paged Bundle is not the whole answer."""
    page = f"{FHIR_SERVER}?page=2"
    prefetch = prefetched(conditions=a_bundle(link=[{"relation": "next", "url": page}]))
    chart = FakeChart(answers={page: a_bundle(OSTEOPOROSIS)})

    assert (await facts(an_order_sign(prefetch=prefetch, **WITH_SERVER), chart)).osteoporosis_known
    with pytest.raises(Problem) as problem:
        await facts(an_order_sign(prefetch=prefetch))

    assert named_in(problem) == {"conditions"}


async def test_all_pages_that_the_server_gives_are_used():
    """A fetched search is as long as its pages."""
    chart = FakeChart(answers={"Condition?": (a_bundle(), a_bundle(OSTEOPOROSIS))})

    assert (
        await facts(an_order_sign(prefetch=prefetched(without=["conditions"]), **WITH_SERVER), chart)
    ).osteoporosis_known


@pytest.mark.parametrize("fault", [403, 404, 401, 500])
async def test_all_keys_that_cannot_be_had_are_named(fault):
    """One 412 for all of them, with the reason once; what was read in vain leaves no fact."""
    refused = ChartUnreadable(f"fhirServer answered {fault}")
    chart = FakeChart(answers={"Condition?": refused, "Procedure?": refused, "ServiceRequest?": FAILED})
    call = an_order_sign(prefetch=prefetched(without=KEYS), **WITH_SERVER)

    with pytest.raises(Problem) as problem:
        await facts(call, chart)

    assert named_in(problem) == {"conditions", "procedures", "orders"}
    assert problem.value.text.count(str(fault)) == 1


async def test_a_site_may_do_without_the_chart():
    """With require_chart false the rest is judged, and what is unknown is named, not taken for absent."""
    chart = FakeChart(
        answers={"Condition?": ChartUnreadable("fhirServer answered 403"), "Encounter/": an_encounter("EMER")}
    )
    call = an_order_sign(prefetch=prefetched(without=["conditions", "encounter"]), **WITH_SERVER)

    told = await facts(call, chart, require_chart=False)

    assert (told.unread, told.emergency, told.osteoporosis_known) == (("conditions",), True, False)
    alone = await facts(an_order_sign(prefetch=prefetched(without=KEYS)), require_chart=False)
    assert set(alone.unread) == KEYS


async def test_an_encounter_is_needed_only_where_the_call_has_one():
    """Without encounterId nobody could fill in the template."""
    call = an_order_sign(prefetch=prefetched(without=["encounter"]))
    del call["context"]["encounterId"]

    assert not (await facts(call)).emergency


@pytest.mark.parametrize(
    "resource",
    [
        OSTEOPOROSIS | SOMEBODY_ELSE,
        OSTEOPOROSIS | {"subject": {"reference": "https://elsewhere.example.org/fhir/Patient/somebody-else"}},
        a_t_score(-2.6, **SOMEBODY_ELSE),
        a_fhir_patient(id="somebody-else"),
        {"resourceType": "Unheard", "patient": {"reference": "Patient/somebody-else"}},
    ],
)
async def test_a_prefetched_resource_of_another_patient_is_refused(resource):
    """400, as a Patient of another id is; which of them it was is not repeated."""
    for answer in (resource, a_bundle(OSTEOPOROSIS, resource)):
        with pytest.raises(Problem) as problem:
            await facts(an_order_sign(prefetch=prefetched(conditions=answer)))

        assert problem.value.status == 400
        assert "somebody-else" not in problem.value.text


async def test_a_server_that_answers_with_another_patient_is_not_believed():
    """What was asked for one patient and came for another is missing."""
    chart = FakeChart(answers={"Condition?": a_bundle(OSTEOPOROSIS | SOMEBODY_ELSE)})

    with pytest.raises(Problem) as problem:
        await facts(an_order_sign(prefetch=prefetched(without=["conditions"]), **WITH_SERVER), chart)

    assert named_in(problem) == {"conditions"}


@pytest.mark.parametrize(
    ("subject", "counts"),
    [
        ({"reference": f"Patient/{FHIR_ID}"}, True),
        ({"reference": f"{FHIR_SERVER}/Patient/{FHIR_ID}/_history/3"}, True),
        (None, True),
        ({"display": "somebody"}, True),
        ({"reference": "Group/1"}, False),
        ({"reference": "urn:uuid:1b"}, False),
        ("Patient/1", False),
    ],
)
async def test_a_resource_that_is_not_clearly_somebody_s(subject, counts):
    """Without a reference it is the patient's who was asked for; a group's or an unknown one's is left out."""
    told = await facts(an_order_sign(prefetch=prefetched(conditions=OSTEOPOROSIS | {"subject": subject})))

    assert told.osteoporosis_known == counts


async def test_resources_of_the_record_that_replaced_the_patient_s_are_the_patient_s():
    """After a merge the server may answer with the surviving id."""
    replaced = a_fhir_patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/survivor"}}])
    chart = FakeChart({"survivor": a_fhir_patient(id="survivor", deceasedBoolean=True)})
    prefetch = prefetched(patient=replaced, conditions=OSTEOPOROSIS | {"subject": {"reference": "Patient/survivor"}})

    told = await facts(an_order_sign(prefetch=prefetch, **WITH_SERVER), chart)

    assert (told.osteoporosis_known, told.deceased) == (True, True)


async def test_the_client_s_origins_go_with_every_read():
    """Whoever reads knows what this client may name."""
    chart = FakeChart()
    inquiry = inquire(
        an_order_sign(prefetch=prefetched(without=KEYS), **WITH_SERVER), chart, ("https://ehr.example.org",)
    )

    await read_facts(inquiry, await identify(inquiry, RULES, AT), AT)

    assert {access.allowed_origins for access, _ in chart.reads} == {("https://ehr.example.org",)}
    assert len(chart.reads) == len(KEYS)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
words = st.sampled_from(
    ["active", "M81.0", "EMER", "2025-01-10", "0000", "9999-12-31T23:59:60Z", f"Patient/{FHIR_ID}", "denosumab", "next"]
)
names = st.sampled_from(
    [
        *(
            "resourceType",
            "entry",
            "resource",
            "link",
            "relation",
            "url",
            "issue",
            "severity",
            "status",
            "intent",
            "id",
        ),
        *(
            "subject",
            "reference",
            "code",
            "coding",
            "system",
            "text",
            "display",
            "clinicalStatus",
            "verificationStatus",
        ),
        *(
            "onsetDateTime",
            "onsetPeriod",
            "start",
            "end",
            "effectiveDateTime",
            "effectivePeriod",
            "issued",
            "authoredOn",
        ),
        *("valueQuantity", "value", "component", "identifier", "contained", "medicationReference", "class", "bodySite"),
        *(
            "medicationCodeableConcept",
            "hospitalization",
            "dischargeDisposition",
            "performedPeriod",
            "category",
            "type",
        ),
    ]
)
garbage = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)
kinds = st.sampled_from(
    [
        *("Condition", "MedicationRequest", "MedicationStatement", "MedicationAdministration", "Medication", "Bundle"),
        *("Observation", "DiagnosticReport", "ServiceRequest", "Procedure", "Encounter", "Patient", "OperationOutcome"),
    ]
)
resources = st.builds(
    lambda kind, fields: fields | {"resourceType": kind}, kinds, st.dictionaries(names, garbage, max_size=8)
)
answers = garbage | resources | st.lists(resources, max_size=3).map(lambda held: a_bundle(*held))


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), answers), st.booleans(), answers)
@settings(max_examples=60, deadline=None)
async def test_whatever_comes_is_facts_or_a_problem(given_answers, require_chart, fetched):
    """Any mixture in the prefetch, and from the server: facts, 400 or 412, never anything else."""
    prefetch = {"patient": a_fhir_patient()} | given_answers
    chart = FakeChart(answers={"": fetched if isinstance(fetched, dict) else FAILED})
    call = an_order_sign(prefetch=prefetch, **WITH_SERVER)

    told = await outcome(facts(call, chart, require_chart=require_chart))

    if isinstance(told, ChartFacts):
        assert not (require_chart and told.unread)
    else:
        assert told in ({400, 412} if require_chart else {400})


async def outcome(reading):
    """The facts, or the status of the refusal."""
    try:
        return await reading
    except Problem as problem:
        return problem.status


@given(st.sets(st.sampled_from(sorted(KEYS))), st.sets(st.sampled_from(sorted(KEYS))))
async def test_exactly_the_absent_keys_are_missing(absent, failed):
    """null, empty and full keys are never asked for again; absent and failed ones always are."""
    prefetch = prefetched(without=absent, **dict.fromkeys(failed - absent, FAILED))

    assert set(missing_keys(inquire(an_order_sign(prefetch=prefetch)))) == absent | failed


@given(st.permutations([OSTEOPOROSIS, a_t_score(-2.6), a_t_score(-1.0, "38264-8"), an_order(a_concept(text="DXA"))]))
async def test_the_order_of_resources_and_the_key_do_not_matter(shuffled):
    """One Bundle with everything says what a Bundle for each key says."""
    told = await facts(an_order_sign(prefetch=prefetched(procedures=a_bundle(*shuffled))))

    assert (told.osteoporosis_known, told.dxa_ordered) == (True, True)
    assert told.latest_dxa is not None
    assert told.latest_dxa.lowest_t_score == -2.6
